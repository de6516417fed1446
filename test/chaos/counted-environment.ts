import { systemEnvironment } from '../../src/util/environment.js';
import type { Environment, TimerHandle } from '../../src/util/environment.js';
import { seededRandom } from '../../src/testing/random.js';

/** The real clock and seeded randomness, with the timers that are set, and their times in milliseconds. */
export function countedEnvironment(seed: number): {
  environment: Environment;
  pending: ReadonlyMap<TimerHandle, number>;
} {
  const pending = new Map<TimerHandle, number>();
  const environment: Environment = {
    ...systemEnvironment,
    random: seededRandom(seed),
    setTimeout: (callback, delay) => {
      const handle = systemEnvironment.setTimeout(() => {
        pending.delete(handle);
        callback();
      }, delay);
      pending.set(handle, delay);
      return handle;
    },
    clearTimeout: (handle) => {
      pending.delete(handle);
      systemEnvironment.clearTimeout(handle);
    },
  };
  return { environment, pending };
}
