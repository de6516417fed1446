import type { Environment, TimerHandle } from '../../util/environment.js';

/** What waits until it may start. */
export interface Admittable {
  /** In which place it was started: a `call` counts for the ceiling, one of the connection's `own` does not. Only the admission sets it. */
  admitted: 'call' | 'own' | undefined;
  /** Whether it came to its end meanwhile. */
  readonly over: boolean;
  start(): void;
}

/** Exchanges that may go on at the same time whatever the server is like, and how many more each time that these are too few. */
const STEP = 64;

// Milliseconds.
/** How often waiting exchanges are checked, in ms. */
const LOOK = 25;
/** How long they are to wait at most, as far as the pace of the server lets that be foretold. */
const PATIENCE = 100;

/** How much the pace has to grow by a step for the next one to be made at once. */
const HELPED = 1.2;
/** By how much the expectation shrinks at each check after a step without effect. */
const HUMBLER = 0.97;

/**
 * Decides when exchanges start, since each that goes on needs a connection of its own. Of many that are begun at once most would be served
 * sooner over a connection that another has just left than over one that has yet to be made, and a thousand connections made in one moment
 * are more than many servers take. So beyond a number of them an exchange waits its turn, for as long as the pace at which others end
 * promises one within {@link PATIENCE}. Where it does not, because the server is slow or calls wait for people, more may go on, step by
 * step, up to a ceiling: none waits for the end of any other. The steps are slower where one did not help, because the server is as busy as
 * it can be. A few places beyond the ceiling are for exchanges that must not wait behind calls that hang.
 */
export class HttpAdmission<One extends Admittable> {
  readonly #environment: Environment;
  readonly #ceiling: number;
  readonly #reserved: number;
  #allowed: number;
  #active = 0;
  /** How many go on in a place that is reserved. */
  #ownActive = 0;
  /** An upper bound for the number of waiting exchanges that have ended. */
  #gone = 0;
  /** The waiting exchanges in order, including ones that have ended. */
  #waiting: One[] = [];
  #next = 0;
  /** How many exchanges ended since the last check. */
  #ended = 0;
  /** How many have to end between two looks for another step. */
  #hoped = 0;
  #timer: TimerHandle;
  #turning = false;

  /**
   * @param ceiling the most that go on at the same time
   * @param reserved how many of the connection's own may go on besides
   */
  constructor(environment: Environment, ceiling = Infinity, reserved = 0) {
    this.#environment = environment;
    this.#ceiling = ceiling;
    this.#reserved = reserved;
    this.#allowed = Math.min(STEP, ceiling);
  }

  /**
   * Starts it when its turn comes, which mostly is now.
   * @param own the connection depends on it: it takes a place that is reserved, if one is free
   */
  admit(one: One, own = false): void {
    if (one.over) return;
    if (this.#active < this.#allowed && this.#next === this.#waiting.length) {
      this.#start(one);
      return;
    }
    if (own && this.#ownActive < this.#reserved) {
      one.admitted = 'own';
      this.#ownActive += 1;
      one.start();
      return;
    }
    this.#waiting.push(one);
    if (this.#timer === undefined) this.#lookLater();
  }

  /** It came to its end, whether it was started or not. */
  left(one: One): void {
    if (one.admitted === 'own') {
      this.#ownActive -= 1;
      return;
    }
    if (one.admitted === undefined) {
      this.#gone += 1;
      // Where no place becomes free, they would be kept for ever.
      if (this.#gone > STEP && this.#gone * 2 > this.#waiting.length - this.#next) this.#dropGone();
      return;
    }
    this.#active -= 1;
    this.#ended += 1;
    if (this.#waiting.length === 0) {
      if (this.#active < STEP) this.#calmDown();
    } else if (!this.#turning) {
      this.#turning = true;
      // The connection is free only after the callback that reported the end has returned.
      queueMicrotask(this.#turn);
    }
  }

  /** Forgets the exchanges that wait. Their owner has to end them. */
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

  #calmDown(): void {
    this.#allowed = Math.min(STEP, this.#ceiling);
    this.#hoped = 0;
  }

  #start(one: One): void {
    one.admitted = 'call';
    this.#active += 1;
    one.start();
  }

  readonly #turn = (): void => {
    this.#turning = false;
    while (this.#active < this.#allowed && this.#next < this.#waiting.length) {
      const one = this.#waiting[this.#next] as One;
      this.#next += 1;
      if (!one.over) this.#start(one);
    }
    if (this.#next < this.#waiting.length) this.#dropStarted();
    else this.#forget();
  };

  /** In bulk, so that none costs more than a move. */
  #dropStarted(): void {
    if (this.#next * 2 < this.#waiting.length) return;
    this.#waiting.splice(0, this.#next);
    this.#next = 0;
  }

  #lookLater(): void {
    this.#ended = 0;
    this.#timer = this.#environment.setTimeout(this.#look, LOOK);
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const waiting = this.#waiting.length - this.#next;
    // At the ceiling each that ends makes room for the next, and nothing else does.
    if (waiting === 0 || this.#allowed === this.#ceiling) return;
    if ((waiting / this.#ended) * LOOK > PATIENCE) this.#grow();
    this.#lookLater();
    this.#turn();
  };

  #grow(): void {
    if (this.#ended === 0 || this.#ended >= this.#hoped) {
      this.#allowed = Math.min(this.#allowed + STEP, this.#ceiling);
      this.#hoped = this.#ended * HELPED;
    } else {
      this.#hoped *= HUMBLER;
    }
  }
}
