import type { Environment, TimerHandle } from '../util/environment.js';
import { seededRandom } from './random.js';

/** A timer that is set and has not fired. */
export interface PendingTimer {
  /** The simulated time at which it fires. */
  readonly at: number;
  /** The delay that it was set with, in milliseconds. */
  readonly delay: number;
}

interface Timer extends PendingTimer {
  readonly order: number;
  readonly callback: () => void;
}

/** What a {@link SimulatedEnvironment} starts from. */
export interface SimulationOptions {
  /** Decides all random numbers. Default 1. */
  readonly seed?: number;
  /** The time at the start, in milliseconds since the Unix epoch. Default 1 000 000. */
  readonly start?: number;
}

/**
 * An environment in which time passes only when it is told to, and randomness comes from a seed, so that an hour takes a moment and a
 * run repeats exactly. Its members are functions of their own: they may be taken off and spread.
 */
export class SimulatedEnvironment implements Environment {
  readonly #timers = new Set<Timer>();
  /** The seed decides it. */
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
    // Real timers take these for 1 ms, which no caller means.
    if (Number.isNaN(delay) || delay === Infinity) throw new RangeError(`A timer was set for ${delay} ms`);
    const timer: Timer = { at: this.#now + Math.max(delay, 0), delay, order: (this.#order += 1), callback };
    this.#timers.add(timer);
    return timer;
  };

  readonly clearTimeout = (handle: TimerHandle): void => {
    this.#timers.delete(handle as Timer);
  };

  readonly newId = (): string => `id-${(this.#ids += 1)}`;

  /** The timers that are set, in the order in which they will fire. */
  get pending(): readonly PendingTimer[] {
    return this.#sorted();
  }

  /** Lets everything happen that needs no time: microtasks, ticks and one turn of the event loop. */
  readonly settle = (): Promise<void> =>
    new Promise((resolve) => {
      setImmediate(resolve);
    });

  /**
   * Lets time pass. Timers that fall due run in the order of their time, each when everything before it has settled, also those that
   * are set meanwhile. What a timer throws is thrown here.
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
