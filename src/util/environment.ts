// Imported, because the global is a getter that doubles the cost of reading the clock.
import { performance } from 'node:perf_hooks';

import type { Failure } from './failure.js';
import { handlerFailed } from './user-function.js';

/** A timer of {@link Environment.setTimeout}, to pass to {@link Environment.clearTimeout}. Opaque on purpose. */
export type TimerHandle = unknown;

/**
 * The sources of nondeterminism: clock, timers, randomness and new ids. Machines, links, deadlines, backoff and caches use nothing else, so that
 * a test can run an hour in a millisecond and a seed repeats a run exactly.
 */
export interface Environment {
  /** The time in ms since the Unix epoch. It never runs backwards, even if the system clock is set. */
  now(): number;
  /** Calls `callback` once, after `delay` milliseconds. */
  setTimeout(callback: () => void, delay: number): TimerHandle;
  /** Cancels a timer. A handle that fired already, or was cleared, is ignored. */
  clearTimeout(handle: TimerHandle): void;
  /**
   * Sets whether a timer keeps the process alive; a new timer does. Optional: without it the client clears a timer that it does not need at the
   * moment, and sets it again later.
   */
  hold?(handle: TimerHandle, held: boolean): void;
  /** A number in [0, 1). */
  random(): number;
  /** A unique identifier. */
  newId(): string;
}

/** The longest delay that Node accepts, in ms. It fires at once for longer ones. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** How early a timer may fire, in ms, because timers have a lower resolution than the clock. */
const EARLY = 10;

/** Read once: it is constant, and reading it is as expensive as reading the clock. */
const { timeOrigin } = performance;

/** The real clock, timers and randomness of this process. The default everywhere. */
export const systemEnvironment: Environment = {
  now: () => timeOrigin + performance.now(),
  setTimeout: (callback, delay) => setTimeout(callback, Math.min(delay, LONGEST_DELAY)),
  clearTimeout: (handle) => {
    clearTimeout(handle as NodeJS.Timeout);
  },
  hold: (handle, held) => {
    // An environment that copies this one may have its own timers, with other handles.
    const timer = handle as Partial<NodeJS.Timeout> | undefined;
    if (held) timer?.ref?.();
    else timer?.unref?.();
  },
  random: Math.random,
  // The global is loaded on first use. An import would cost every program 5 ms at startup.
  newId: () => crypto.randomUUID(),
};

/** A timer in an environment from the user. */
interface SteadyTimer {
  handle: TimerHandle;
  /** The environment that set it. */
  from: Environment;
  over: boolean;
}

/**
 * Wraps an environment from the user so that its clock never runs backwards. After a jump back the clock continues from its last value; when a
 * timer fires, the clock advances by its delay.
 *
 * If a function of the environment throws or returns an invalid value, the problem is reported once. The system's function, or the last value of
 * the clock, is used instead.
 */
export function steady(environment: Environment, report: (problem: Failure) => void = () => undefined): Environment {
  if (environment === systemEnvironment) return environment;
  const reported = new Set<string>();
  const ask = <Value>(
    name: keyof Environment,
    call: () => Value,
    good: (value: Value) => boolean,
  ): Value | undefined => {
    try {
      const value = call();
      if (good(value)) return value;
      throw new TypeError('It returned an invalid value');
    } catch (thrown) {
      if (reported.has(name)) return undefined;
      reported.add(name);
      report(handlerFailed(`environment.${name}`, thrown));
      return undefined;
    }
  };
  let ahead = 0;
  let latest = -Infinity;
  const read = (): number => environment.now();
  const now = (): number => {
    const given = ask('now', read, Number.isFinite);
    if (given === undefined) return latest === -Infinity ? (latest = systemEnvironment.now()) : latest;
    const reading = given + ahead;
    ahead += Math.max(latest - reading, 0);
    return (latest = Math.max(latest, reading));
  };
  const hold = ({ from, handle }: SteadyTimer, held: boolean): void => {
    const setHeld = (): boolean => {
      from.hold?.(handle, held);
      return true;
    };
    ask('hold', setHeld, Boolean);
  };
  return {
    now,
    setTimeout: (callback, delay) => {
      const due = now() + delay;
      const timer: SteadyTimer = { handle: undefined, from: environment, over: false };
      const fire = (): void => {
        if (timer.over) return;
        timer.over = true;
        const late = now() - due;
        if (late < -EARLY) latest = due;
        callback();
      };
      const set = (): boolean => {
        timer.handle = environment.setTimeout(fire, delay);
        return true;
      };
      if (ask('setTimeout', set, Boolean) !== true) {
        timer.from = systemEnvironment;
        timer.handle = systemEnvironment.setTimeout(fire, delay);
      }
      return timer;
    },
    clearTimeout: (given) => {
      const timer = given as SteadyTimer | undefined;
      if (timer === undefined || timer.over) return;
      timer.over = true;
      const { from, handle } = timer;
      const clear = (): boolean => {
        from.clearTimeout(handle);
        return true;
      };
      // The timer has no effect any more, but would keep the process alive until it fires.
      if (ask('clearTimeout', clear, Boolean) !== true) hold(timer, false);
    },
    ...(environment.hold !== undefined && {
      hold: (given, held) => {
        if (given !== undefined) hold(given as SteadyTimer, held);
      },
    }),
    random: () => ask('random', () => environment.random(), isFraction) ?? systemEnvironment.random(),
    newId: () => ask('newId', () => environment.newId(), isText) ?? systemEnvironment.newId(),
  };
}

/**
 * Calls a function in the next turn of the event loop, after pending I/O: for work on bytes that is split into pieces. It is not part of {@link
 * Environment}, because recordings and simulations do not depend on it.
 */
export function nextTurn(callback: () => void): void {
  setImmediate(callback);
}

function isFraction(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value < 1;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
