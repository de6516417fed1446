import type { MCPCapability } from './methods.js';
import { hasCapability } from './methods.js';
import type { Session } from './session.js';

/** The longest time for which a list is cached, in ms: one day. */
const LONGEST_TTL = 86_400_000;

/** The lists that a client caches, with the notifications of their changes. */
export const LISTS = {
  tools: {
    method: 'tools/list',
    items: 'tools',
    capability: 'tools.listChanged',
    changed: 'notifications/tools/list_changed',
  },
  prompts: {
    method: 'prompts/list',
    items: 'prompts',
    capability: 'prompts.listChanged',
    changed: 'notifications/prompts/list_changed',
  },
  resources: {
    method: 'resources/list',
    items: 'resources',
    capability: 'resources.listChanged',
    changed: 'notifications/resources/list_changed',
  },
  resourceTemplates: {
    method: 'resources/templates/list',
    items: 'resourceTemplates',
    capability: 'resources.listChanged',
    changed: 'notifications/resources/list_changed',
  },
  // No notification is specified for skills. Servers announce changes of skills as changes of resources, but need not.
  skills: {
    method: 'skills/list',
    items: 'skills',
    capability: undefined,
    changed: 'notifications/resources/list_changed',
  },
} as const satisfies Record<
  string,
  { method: string; items: string; capability: MCPCapability | undefined; changed: string }
>;

/** The name of a list. */
export type ListName = keyof typeof LISTS;

/**
 * The time for which a page of a list may be reused after it was received, in ms. A modern server sends it with each page. For a legacy server
 * with `listChanged` the list is valid until a change notification, while notifications can be received.
 * 2026-07-28 server/utilities/caching.
 *
 * @param ttl the `ttlMs` of the page
 */
export function pageLifetime(name: ListName, session: Session, ttl: unknown): number {
  if (session.era === 'legacy') {
    const { capability } = LISTS[name];
    return capability !== undefined && hasCapability(session.capabilities, capability) ? Infinity : 0;
  }
  return typeof ttl === 'number' && ttl > 0 ? Math.min(ttl, LONGEST_TTL) : 0;
}

/**
 * The time for which a list may still be reused in a resumed session, in ms. `freshFor` is the remaining time at the export, or null for "until
 * a change notification"; `elapsed` is the time since then.
 */
export function remainingLifetime(name: ListName, session: Session, freshFor: number | null, elapsed: number): number {
  if (session.era === 'legacy') return freshFor === null ? pageLifetime(name, session, undefined) : 0;
  return Math.min(freshFor ?? 0, LONGEST_TTL) - elapsed;
}

/** The lists that a change notification is about. */
export function listsChangedBy(method: string): readonly ListName[] {
  return (Object.keys(LISTS) as ListName[]).filter((name) => LISTS[name].changed === method);
}
