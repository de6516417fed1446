import type { Environment } from '../util/environment.js';
import type { RecordedEvent, RecordedEntry, RecordingSink } from './recorded-events.js';

interface Timer {
  readonly number: number;
  handle: unknown;
  set: boolean;
}

/**
 * Writes down what happens to a connection, in an order and with marks that let it be repeated exactly: what came out of the event
 * loop by itself, and what was asked for from inside a listener. Time stands still between two inputs, so that the time of an input
 * is all there is to know about the clock.
 */
export class Recorder {
  /** What the connection uses instead of the real environment. */
  readonly environment: Environment;
  readonly #sink: RecordingSink;
  readonly #real: Environment;
  #depth = 0;
  #timers = 0;
  #written = 0;
  /** The time of the last input, until everything has settled. */
  #at: number | undefined;
  readonly #look = (): void => {
    const written = this.#written;
    // Ticks run when no microtask is left. If something was written meanwhile there may be new ones.
    process.nextTick(() => {
      if (this.#written === written) this.#at = undefined;
      else queueMicrotask(this.#look);
    });
  };

  constructor(real: Environment, sink: RecordingSink) {
    this.#real = real;
    this.#sink = sink;
    this.environment = {
      now: () => {
        if (this.#at === undefined) this.input({ type: 'clock' });
        return this.#at as unknown as number;
      },
      setTimeout: (callback, delay) => this.#setTimeout(callback, delay),
      clearTimeout: (handle) => {
        this.#clearTimeout(handle as Timer | undefined);
      },
      random: () => {
        const value = real.random();
        this.output({ type: 'random', value });
        return value;
      },
      newId: () => real.newId(),
    };
  }

  /** How many calls to the outside are going on. */
  get depth(): number {
    return this.#depth;
  }

  /** Something came from outside. */
  input(happening: RecordedEvent): void {
    const turn = this.#at === undefined;
    this.#at = this.#real.now();
    this.#write(happening, turn);
  }

  /** Something was done, or drawn. */
  output(happening: RecordedEvent): void {
    const turn = this.#at === undefined;
    this.#at ??= this.#real.now();
    this.#write(happening, turn);
  }

  /** Calls something that is not the connection, and may call back. */
  outside<Result>(call: () => Result): Result {
    this.#depth += 1;
    try {
      return call();
    } finally {
      this.#depth -= 1;
    }
  }

  #write(happening: RecordedEvent, turn: boolean): void {
    this.#written += 1;
    if (turn) this.#beginTurn();
    const entry: RecordedEntry = {
      at: this.#at as number,
      ...(turn && { turn }),
      ...(this.#depth > 0 && { in: this.#depth }),
      ...happening,
    };
    this.#sink.write(entry);
  }

  #beginTurn(): void {
    let ticksFirst = true;
    process.nextTick(() => {
      if (ticksFirst) this.output({ type: 'ticked' });
    });
    queueMicrotask(() => {
      ticksFirst = false;
      this.#look();
    });
  }

  #setTimeout(callback: () => void, delay: number): Timer {
    const timer: Timer = { number: (this.#timers += 1), handle: undefined, set: true };
    this.output({ type: 'timer.set', timer: timer.number, delay });
    timer.handle = this.#real.setTimeout(() => {
      timer.set = false;
      this.input({ type: 'timer.fired', timer: timer.number });
      callback();
    }, delay);
    return timer;
  }

  #clearTimeout(timer: Timer | undefined): void {
    if (timer?.set !== true) return;
    timer.set = false;
    this.output({ type: 'timer.cleared', timer: timer.number });
    this.#real.clearTimeout(timer.handle);
  }
}
