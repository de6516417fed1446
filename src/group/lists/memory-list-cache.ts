import { systemEnvironment } from '../../util/environment.js';
import type { CachedLists, ListCache } from './list-cache.js';

/** The number of servers that are kept. */
const MOST_ENTRIES = 256;

/**
 * A list cache in the memory of this process, for several groups with the same servers. It keeps the lists of the 256 servers that were written
 * last.
 *
 * @example
 * const listCache = memoryListCache();
 * const group = new MCPClientGroup(servers, { lazy: true, listCache });
 */
export function memoryListCache(): ListCache {
  const entries = new Map<string, CachedLists>();
  return {
    read: async (key) => entries.get(key),
    keep: async (key, lists) => {
      const before = entries.get(key);
      entries.delete(key);
      entries.set(key, { ...before, ...lists, at: systemEnvironment.now() });
      const [oldest] = entries.keys();
      if (entries.size > MOST_ENTRIES && oldest !== undefined) entries.delete(oldest);
    },
  };
}
