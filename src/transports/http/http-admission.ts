import type { Environment, TimerHandle } from '../../util/environment.js';

/** An exchange that the admission starts. */
export interface Admittable {
  /**
   * The kind of its place; undefined until it is started. `own` and `parked` places do not count for the ceiling. Only the admission sets it.
   */
  admitted: 'call' | 'own' | 'parked' | undefined;
  /** Whether the exchange has ended, perhaps before it was started. */
  readonly over: boolean;
  start(): void;
}

/** The number of exchanges that may always be active at the same time, and the number that each step adds. */
const STEP = 64;

/** The interval between checks of waiting exchanges, in ms. */
const CHECK_INTERVAL = 25;
/** The longest expected wait at which no step is made, in ms. */
const LONGEST_WAIT = 100;

/** The growth of the pace after which the next step is made at once. */
const EFFECTIVE_GROWTH = 1.2;
/** The factor by which the expected pace shrinks at each check after a step without effect. */
const EXPECTATION_DECAY = 0.97;

/**
 * Decides when exchanges start. Each active exchange needs a connection of its own. A quick server responds sooner over a connection that
 * becomes free than over a new connection, and many servers refuse a thousand new connections at once. So, when many exchanges are active,
 * the next exchange waits, as long as the pace at which exchanges end promises a free connection within {@link LONGEST_WAIT}. If the server
 * is slow, or calls wait for people, more exchanges may be active, step by step, up to a ceiling. After a step that did not increase the pace
 * the next step is later, because the server is busy. A few places beyond the ceiling are reserved for exchanges that must not wait behind
 * calls that hang.
 */
export class HttpAdmission<Exchange extends Admittable> {
  readonly #environment: Environment;
  readonly #ceiling: number;
  readonly #reserved: number;
  #allowed: number;
  #active = 0;
  /** How many exchanges are active in reserved places. */
  #ownActive = 0;
  /** An upper bound for the number of waiting exchanges that have ended. */
  #gone = 0;
  /** The waiting exchanges in order, including ones that have ended. */
  #waiting: Exchange[] = [];
  /** The index of the next exchange in `#waiting`. */
  #next = 0;
  /** How many exchanges ended since the last check. */
  #ended = 0;
  /** How many exchanges have to end between two checks for the next step. */
  #expected = 0;
  #timer: TimerHandle;
  #turning = false;

  /**
   * @param ceiling the limit of active exchanges
   * @param reserved the number of places beyond the ceiling, for exchanges of the connection itself
   */
  constructor(environment: Environment, ceiling = Infinity, reserved = 0) {
    this.#environment = environment;
    this.#ceiling = ceiling;
    this.#reserved = reserved;
    this.#allowed = Math.min(STEP, ceiling);
  }

  /**
   * Starts an exchange: at once, if a place is free; otherwise when its turn comes.
   * @param own whether the connection depends on the exchange: then it may use a reserved place
   */
  admit(exchange: Exchange, own = false): void {
    if (exchange.over) return;
    if (this.#active < this.#allowed && this.#next === this.#waiting.length) {
      this.#start(exchange);
      return;
    }
    if (own && this.#ownActive < this.#reserved) {
      exchange.admitted = 'own';
      this.#ownActive += 1;
      exchange.start();
      return;
    }
    this.#waiting.push(exchange);
    if (this.#timer === undefined) this.#checkLater();
  }

  /** An exchange has ended. It may not have been started. */
  left(exchange: Exchange): void {
    if (exchange.admitted === 'parked') return;
    if (exchange.admitted === 'own') {
      this.#ownActive -= 1;
      return;
    }
    if (exchange.admitted === undefined) {
      this.#gone += 1;
      // If no place becomes free, no turn removes them.
      if (this.#gone > STEP && this.#gone * 2 > this.#waiting.length - this.#next) this.#dropGone();
      return;
    }
    this.#ended += 1;
    this.#leavePlace();
  }

  /** A started exchange waits for a person and needs no connection: another one may have its place. */
  park(exchange: Exchange): void {
    if (exchange.admitted !== 'call') return;
    exchange.admitted = 'parked';
    this.#leavePlace();
  }

  /** The exchange needs a connection again. It has been started, so it does not wait for a place. */
  unpark(exchange: Exchange): void {
    if (exchange.admitted !== 'parked') return;
    exchange.admitted = 'call';
    this.#active += 1;
  }

  #leavePlace(): void {
    this.#active -= 1;
    if (this.#waiting.length === 0) {
      if (this.#active < STEP) this.#reset();
    } else if (!this.#turning) {
      this.#turning = true;
      // The connection is free only after the callback that reported the end has returned.
      queueMicrotask(this.#turn);
    }
  }

  /** Forgets the waiting exchanges. Their owner has to end them. */
  close(): void {
    this.#forget();
    this.#environment.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #forget(): void {
    this.#waiting = [];
    this.#next = 0;
    this.#gone = 0;
  }

  #dropGone(): void {
    this.#waiting = this.#waiting.slice(this.#next).filter(({ over }) => !over);
    this.#next = 0;
    this.#gone = 0;
  }

  #reset(): void {
    this.#allowed = Math.min(STEP, this.#ceiling);
    this.#expected = 0;
  }

  #start(exchange: Exchange): void {
    exchange.admitted = 'call';
    this.#active += 1;
    exchange.start();
  }

  readonly #turn = (): void => {
    this.#turning = false;
    while (this.#active < this.#allowed && this.#next < this.#waiting.length) {
      const exchange = this.#waiting[this.#next] as Exchange;
      this.#next += 1;
      if (!exchange.over) this.#start(exchange);
    }
    if (this.#next < this.#waiting.length) this.#dropStarted();
    else this.#forget();
  };

  /** Removes the started exchanges from the list when they are half of it, so that each exchange is moved at most once. */
  #dropStarted(): void {
    if (this.#next * 2 < this.#waiting.length) return;
    this.#waiting.splice(0, this.#next);
    this.#next = 0;
  }

  #checkLater(): void {
    this.#ended = 0;
    this.#timer = this.#environment.setTimeout(this.#check, CHECK_INTERVAL);
  }

  readonly #check = (): void => {
    this.#timer = undefined;
    const waiting = this.#waiting.length - this.#next;
    // At the ceiling only the end of an exchange makes room for the next.
    if (waiting === 0 || this.#allowed === this.#ceiling) return;
    if ((waiting / this.#ended) * CHECK_INTERVAL > LONGEST_WAIT) this.#grow();
    this.#checkLater();
    this.#turn();
  };

  #grow(): void {
    if (this.#ended === 0 || this.#ended >= this.#expected) {
      this.#allowed = Math.min(this.#allowed + STEP, this.#ceiling);
      this.#expected = this.#ended * EFFECTIVE_GROWTH;
    } else {
      this.#expected *= EXPECTATION_DECAY;
    }
  }
}
