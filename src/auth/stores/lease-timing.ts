import { systemEnvironment } from '../../util/environment.js';
import { onAbort } from '../../util/on-abort.js';

/** The times of leases between processes, in ms. */
export interface LeaseTiming {
  /** The holder shows that it is alive this often. */
  readonly touch: number;
  /** A lease is dead when its holder has not shown that for this time. */
  readonly dead: number;
  /** The longest time between two looks of a process that waits for a lease. The first ones follow each other faster. */
  readonly look: number;
}

/** The times of the leases of tokens. */
export const LEASE_TIMING: LeaseTiming = { touch: 3_000, dead: 15_000, look: 500 };

/** The first time between two looks, in ms: a refresh takes about as long. */
const FIRST_LOOK = 25;

/** The times between looks, in ms: each is twice the one before. */
export function* looks(timing: LeaseTiming): Generator<number, never> {
  for (let pause = FIRST_LOOK; ; pause *= 2) yield Math.min(pause, timing.look);
}

/** Waits some ms. Rejects with the reason of the signal when that is aborted. */
export function pause(duration: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject: (reason: unknown) => void) => {
    const timer = systemEnvironment.setTimeout(() => {
      forget();
      resolve();
    }, duration);
    const forget = onAbort(signal, (reason) => {
      forget();
      systemEnvironment.clearTimeout(timer);
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the caller chooses the reason
      reject(reason);
    });
  });
}

/**
 * Calls a function again and again, after pauses of some ms, until the returned function is called. It keeps no process alive. What the function
 * rejects with is ignored: it may call a function of the user.
 */
export function every(duration: number, call: () => Promise<void>): () => void {
  let isOver = false;
  let timer: unknown;
  const next = (): void => {
    timer = systemEnvironment.setTimeout(() => {
      const again = (): void => {
        if (!isOver) next();
      };
      void call().then(again, again);
    }, duration);
    systemEnvironment.hold?.(timer, false);
  };
  next();
  return () => {
    isOver = true;
    systemEnvironment.clearTimeout(timer);
  };
}
