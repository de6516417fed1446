import { systemEnvironment } from '../../src/util/environment.js';
import type { Environment, TimerHandle } from '../../src/util/environment.js';
import { seededRandom } from '../../src/testing/random.js';

/** The real clock and seeded randomness, with the timers that are set. */
export function countedEnvironment(seed: number): { environment: Environment; pending: ReadonlySet<TimerHandle> } {
  const pending = new Set<TimerHandle>();
  const environment: Environment = {
    ...systemEnvironment,
    random: seededRandom(seed),
    setTimeout: (callback, delay) => {
      const handle = systemEnvironment.setTimeout(() => {
        pending.delete(handle);
        callback();
      }, delay);
      pending.add(handle);
      return handle;
    },
    clearTimeout: (handle) => {
      pending.delete(handle);
      systemEnvironment.clearTimeout(handle);
    },
  };
  return { environment, pending };
}
