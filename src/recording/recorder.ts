import type { Environment } from '../util/environment.js';
import type { RecordedEvent, RecordedEntry, RecordingSink } from './recorded-events.js';

interface Timer {
  readonly number: number;
  handle: unknown;
  set: boolean;
}

/**
 * Writes the entries of a recording in order. Marks show which entries begin a turn of the event loop (`turn`) and which happen inside of
 * a listener or a call of the transport (`in`); so a replay can repeat them exactly. The clock stands still between two inputs, so that
 * the times of the inputs determine all times that the connection reads.
 */
export class Recorder {
  /** The environment of the connection. */
  readonly environment: Environment;
  readonly #sink: RecordingSink;
  readonly #real: Environment;
  #depth = 0;
  #timers = 0;
  #written = 0;
  /** The time of the last input; undefined once all microtasks and ticks after it have run. */
  #at: number | undefined;
  readonly #checkSettled = (): void => {
    const written = this.#written;
    // Ticks run after all microtasks. An entry that was written meanwhile may have caused new ones.
    process.nextTick(() => {
      if (this.#written === written) this.#at = undefined;
      else queueMicrotask(this.#checkSettled);
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

  /** How many calls to code outside of the connection are running. */
  get depth(): number {
    return this.#depth;
  }

  /** Writes an input. It sets the clock. */
  input(event: RecordedEvent): void {
    const turn = this.#at === undefined;
    this.#at = this.#real.now();
    this.#write(event, turn);
  }

  /** Writes an output, or a value that the environment returned. */
  output(event: RecordedEvent): void {
    const turn = this.#at === undefined;
    this.#at ??= this.#real.now();
    this.#write(event, turn);
  }

  /** Runs code outside of the connection, which may call the connection. */
  outside<Result>(call: () => Result): Result {
    this.#depth += 1;
    try {
      return call();
    } finally {
      this.#depth -= 1;
    }
  }

  #write(event: RecordedEvent, turn: boolean): void {
    this.#written += 1;
    if (turn) this.#beginTurn();
    const entry: RecordedEntry = {
      at: this.#at as number,
      ...(turn && { turn }),
      ...(this.#depth > 0 && { in: this.#depth }),
      ...event,
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
      this.#checkSettled();
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
