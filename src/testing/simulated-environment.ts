import type { Environment, TimerHandle } from '../util/environment.js';
import { seededRandom } from './random.js';

/** A timer that has not fired yet. */
export interface PendingTimer {
  /** The simulated time at which it fires. */
  readonly at: number;
  /** The delay with which it was set, in milliseconds. */
  readonly delay: number;
}

interface Timer extends PendingTimer {
  readonly order: number;
  readonly callback: () => void;
}

/** Options of {@link SimulatedEnvironment}. */
export interface SimulationOptions {
  /** The seed of the random numbers. Default 1. */
  readonly seed?: number;
  /** The time at the start, in milliseconds since the Unix epoch. Default 1 000 000. */
  readonly start?: number;
}

/**
 * An environment with simulated time and seeded randomness, so that tests of long waits are quick and repeatable. Time passes only in
 * {@link SimulatedEnvironment.advance}. Its methods are bound: `const { now } = environment` works.
 *
 * @example
 * const environment = new SimulatedEnvironment();
 * const client = new MCPClient(transport, { environment });
 * await environment.advance(60_000);
 */
export class SimulatedEnvironment implements Environment {
  readonly #timers = new Set<Timer>();
  /** The next random number, in [0, 1). */
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
    // Node would use 1 ms in place of these values, which no caller means.
    if (Number.isNaN(delay) || delay === Infinity) throw new RangeError(`A timer was set for ${delay} ms`);
    const timer: Timer = { at: this.#now + Math.max(delay, 0), delay, order: (this.#order += 1), callback };
    this.#timers.add(timer);
    return timer;
  };

  readonly clearTimeout = (handle: TimerHandle): void => {
    this.#timers.delete(handle as Timer);
  };

  readonly newId = (): string => `id-${(this.#ids += 1)}`;

  /** The pending timers, in the order in which they will fire. */
  get pending(): readonly PendingTimer[] {
    return this.#sorted();
  }

  /** Runs microtasks, ticks and one turn of the event loop, without advancing the time. */
  readonly settle = (): Promise<void> =>
    new Promise((resolve) => {
      setImmediate(resolve);
    });

  /**
   * Advances the time. Timers that become due, also new ones, run in the order of their time, each after `settle()`.
   * @throws the error of a timer's callback.
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
