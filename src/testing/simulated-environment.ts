import type { Environment, TimerHandle } from '../util/environment.js';
import { seededRandom } from './random.js';

/** A timer that has not fired yet. */
export interface PendingTimer {
  /** The simulated time at which it fires. */
  readonly at: number;
  /** Its delay, in milliseconds. */
  readonly delay: number;
}

interface Timer extends PendingTimer {
  readonly order: number;
  readonly callback: () => void;
}

/** Options of a {@link SimulatedEnvironment}. */
export interface SimulationOptions {
  /** Determines all random numbers. Default 1. */
  readonly seed?: number;
  /** The time at the start, in milliseconds since the Unix epoch. Default 1 000 000. */
  readonly start?: number;
}

/**
 * An environment in which time passes only in {@link SimulatedEnvironment.advance}, and random numbers come from a seed: an hour takes a
 * moment, and each run is the same. Its functions do not use `this`, so they can be copied to another object.
 */
export class SimulatedEnvironment implements Environment {
  readonly #timers = new Set<Timer>();
  /** Returns random numbers that the seed determines. */
  readonly random: () => number;
  #now: number;
  #order = 0;
  #ids = 0;

  constructor({ seed = 1, start = 1_000_000 }: SimulationOptions = {}) {
    this.random = seededRandom(seed);
    this.#now = start;
  }

  readonly now = (): number => this.#now;

  readonly setTimeout = (callback: () => void, delay: number): TimerHandle => {
    // Real timers treat these as 1 ms, which no caller intends.
    if (Number.isNaN(delay) || delay === Infinity) throw new RangeError(`A timer was set for ${delay} ms`);
    const timer: Timer = { at: this.#now + Math.max(delay, 0), delay, order: (this.#order += 1), callback };
    this.#timers.add(timer);
    return timer;
  };

  readonly clearTimeout = (handle: TimerHandle): void => {
    this.#timers.delete(handle as Timer);
  };

  readonly newId = (): string => `id-${(this.#ids += 1)}`;

  /** The timers that have not fired, in the order in which they will fire. */
  get pending(): readonly PendingTimer[] {
    return this.#sorted();
  }

  /** Resolves after everything that needs no time: microtasks, ticks and one turn of the event loop. */
  readonly settle = (): Promise<void> =>
    new Promise((resolve) => {
      setImmediate(resolve);
    });

  /**
   * Advances the time. Due timers run in the order of their times, each after everything before it has settled; timers that are set
   * meanwhile are included. Rejects with the error of a timer callback that throws.
   */
  readonly advance = async (milliseconds: number): Promise<void> => {
    const until = this.#now + milliseconds;
    for (;;) {
      await this.settle();
      const [next] = this.#sorted();
      if (next === undefined || next.at > until) break;
      this.#now = next.at;
      this.#timers.delete(next);
      next.callback();
    }
    this.#now = until;
  };

  #sorted(): Timer[] {
    return [...this.#timers].sort((one, other) => one.at - other.at || one.order - other.order);
  }
}
