// The global of that name is a getter, which takes as long again as reading the clock.
import { performance } from 'node:perf_hooks';

import type { Failure } from './failure.js';
import { handlerFailed } from './user-function.js';

/** What {@link Environment.setTimeout} gives back and {@link Environment.clearTimeout} takes. Opaque on purpose. */
export type TimerHandle = unknown;

/**
 * Everything that is not determined by input: the clock, timers, randomness and fresh identifiers. Machines, links, deadlines,
 * backoff and caches use nothing else, so that a test can run an hour in a millisecond and a seed repeats a run exactly.
 */
export interface Environment {
  /** Milliseconds since the Unix epoch that never run backwards, also when the wall clock is set. */
  now(): number;
  /** Calls `callback` once, after `delay` milliseconds. */
  setTimeout(callback: () => void, delay: number): TimerHandle;
  /** Forgets a timer. A handle that fired already, or was cleared, is ignored. */
  clearTimeout(handle: TimerHandle): void;
  /**
   * Says whether a timer that is set keeps the process alive, which it does at first. Optional: without it, a timer that is not needed for
   * the moment is cleared, and set anew when it is.
   */
  hold?(handle: TimerHandle, held: boolean): void;
  /** A number in [0, 1). */
  random(): number;
  /** An identifier that no other call returns. */
  newId(): string;
}

/** Node refuses longer delays by firing at once, which would turn "never" into "now". */
const LONGEST_DELAY = 2 ** 31 - 1;

/** Milliseconds by which a timer may come too early without anything being wrong: they are not as fine as the clock. */
const EARLY = 10;

/** Read once: it never changes, and reading it takes as long as reading the clock. */
const { timeOrigin } = performance;

/** The real clock, timers and randomness of this process. The default everywhere. */
export const systemEnvironment: Environment = {
  now: () => timeOrigin + performance.now(),
  setTimeout: (callback, delay) => setTimeout(callback, Math.min(delay, LONGEST_DELAY)),
  clearTimeout: (handle) => {
    clearTimeout(handle as NodeJS.Timeout);
  },
  hold: (handle, held) => {
    // In an environment that is made of this one, but has timers of its own, the handle is theirs.
    const timer = handle as Partial<NodeJS.Timeout> | undefined;
    if (held) timer?.ref?.();
    else timer?.unref?.();
  },
  random: Math.random,
  // The global is loaded when it is first read; an import would cost 5 ms at the start of every program.
  newId: () => crypto.randomUUID(),
};

/** A timer in an environment of a user. */
interface SteadyTimer {
  handle: TimerHandle;
  /** The environment that set it. */
  from: Environment;
  over: boolean;
}

/**
 * An environment whose clock never runs backwards, as deadlines need it, although that of a user may: after a jump back it goes on from
 * where it was. Of the time that passed unseen meanwhile it knows what timers say: when one fires, its delay has passed.
 *
 * A function of the user that throws, or returns something else than it should, is reported once and is no trouble: the system's own is
 * used in its place, and for a clock its last reading.
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
      throw new TypeError('It returned something else than it should');
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
    const tell = (): boolean => {
      from.hold?.(handle, held);
      return true;
    };
    ask('hold', tell, Boolean);
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
      // The timer does nothing any more, but it would keep the process alive until it fires.
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
 * Calls a function in the next turn of the event loop, after whatever else has come meanwhile: for work on real bytes that is cut into pieces.
 * It is not part of {@link Environment}, since nothing that is recorded or simulated depends on it.
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
