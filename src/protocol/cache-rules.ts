import type { MCPCapability } from './methods.js';
import { hasCapability } from './methods.js';
import type { Session } from './session.js';

/** A server may not make the client keep a list for longer than this, in milliseconds: one day. */
export const LONGEST_TTL = 86_400_000;

/** The lists a client keeps, with what says that they changed. */
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
} as const satisfies Record<string, { method: string; items: string; capability: MCPCapability; changed: string }>;

/** The name of a list. */
export type ListName = keyof typeof LISTS;

/**
 * How long a page of a list may be reused after it was received, in milliseconds. Modern servers say so for each page; legacy servers say
 * nothing, but one that promises to announce changes lets the list stand until it does, for as long as it is heard.
 * 2026-07-28 server/utilities/caching.
 *
 * @param ttl the `ttlMs` of the page
 */
export function pageLifetime(name: ListName, session: Session, ttl: unknown): number {
  if (session.era === 'legacy') return hasCapability(session.capabilities, LISTS[name].capability) ? Infinity : 0;
  return typeof ttl === 'number' && ttl > 0 ? Math.min(ttl, LONGEST_TTL) : 0;
}

/**
 * How long a list may still be reused in a session that another client began, in milliseconds. `freshFor` is what was left when it was
 * put away, null for "until the server announces a change", and `elapsed` the time since then.
 */
export function remainingLifetime(name: ListName, session: Session, freshFor: number | null, elapsed: number): number {
  if (session.era === 'legacy') return freshFor === null ? pageLifetime(name, session, undefined) : 0;
  return Math.min(freshFor ?? 0, LONGEST_TTL) - elapsed;
}

/** The lists that a notification says have changed. */
export function listsChangedBy(method: string): readonly ListName[] {
  return (Object.keys(LISTS) as ListName[]).filter((name) => LISTS[name].changed === method);
}
