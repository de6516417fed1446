import { createHash } from 'node:crypto';

import { isObject } from '../../protocol/checks/problem.js';
import type { Era } from '../../protocol/revisions.js';
import type { MCPPrompt, MCPResource, MCPResourceTemplate, MCPTool } from '../../protocol/schema/index.js';

/** The lists of a server. A list that is missing is unknown. */
export interface ServerLists {
  readonly tools?: readonly MCPTool[] | undefined;
  readonly resources?: readonly MCPResource[] | undefined;
  readonly resourceTemplates?: readonly MCPResourceTemplate[] | undefined;
  readonly prompts?: readonly MCPPrompt[] | undefined;
}

/** The lists of a server in a {@link ListCache}. */
export interface CachedLists extends ServerLists {
  /** When they were written, in ms since the Unix epoch. */
  readonly at: number;
  readonly era: Era | undefined;
}

/**
 * Keeps the lists of servers, so that a group knows the tools of a server that it has not started. {@link fileListCache} keeps them on disk,
 * {@link memoryListCache} in this process.
 *
 * @example
 * const cache: ListCache = {
 *   read: async (key) => JSON.parse((await redis.get(key)) ?? 'null') ?? undefined,
 *   keep: async (key, lists) => redis.set(key, JSON.stringify({ ...lists, at: Date.now() })),
 * };
 */
export interface ListCache {
  /** The lists of a server; undefined if they are unknown. If it rejects, the group emits `warning`, and goes on without them. */
  read(key: string): Promise<CachedLists | undefined>;
  /** Keeps lists. Kinds of lists that are missing stay as they were. If it rejects, the group emits `warning`. */
  keep(key: string, lists: ServerLists & Pick<CachedLists, 'era'>): Promise<void>;
}

/**
 * The lists in what a cache has returned. Items that cannot be used are left out, and a list that is none is unknown: a cache may be of another
 * program.
 */
export function listsIn(read: Readonly<Record<keyof ServerLists, unknown>>): ServerLists {
  return {
    tools: itemsIn<MCPTool>(read.tools, 'name')?.filter(({ inputSchema }) => isObject(inputSchema)),
    resources: itemsIn<MCPResource>(read.resources, 'uri'),
    resourceTemplates: itemsIn<MCPResourceTemplate>(read.resourceTemplates, 'uriTemplate'),
    prompts: itemsIn<MCPPrompt>(read.prompts, 'name'),
  };
}

/** The items of a list that have a key; undefined if there is no list. */
function itemsIn<Item>(list: unknown, key: keyof Item): readonly Item[] | undefined {
  if (!Array.isArray(list)) return undefined;
  return list.filter((item) => typeof (item as Item | null)?.[key] === 'string') as Item[];
}

/** Changes with the format, so that no other version is read. */
export const LIST_CACHE_VERSION = 1;

/** The account of lists that belong to no other account. */
const DEFAULT_ACCOUNT = 'default';

/**
 * The key of a server in a list cache: a hash.
 * @param identity the parts that make it the same server as before, without secrets. The order of keys does not matter.
 * @param account the account whose lists they are
 */
export function listCacheKey(identity: unknown, account = DEFAULT_ACCOUNT): string {
  const text = JSON.stringify([LIST_CACHE_VERSION, sorted(identity), account]);
  return createHash('sha256').update(text).digest('hex');
}

/** With the keys of objects in order, so that equal identities have equal hashes. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(
    entries.sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, one]) => [key, sorted(one)]),
  );
}
