import { LISTS } from './cache-rules.js';
import type { SubscriptionFilter } from './schema/index.js';

/** The part of a filter that is about lists, by the notification that it asks for. */
const BY_NOTIFICATION: ReadonlyMap<string, 'toolsListChanged' | 'promptsListChanged' | 'resourcesListChanged'> =
  new Map([
    [LISTS.tools.changed, 'toolsListChanged'],
    [LISTS.prompts.changed, 'promptsListChanged'],
    [LISTS.resources.changed, 'resourcesListChanged'],
  ]);

/**
 * Whether a notification may come on a subscription with this filter. Which resource it is about does not matter, since it may be a part
 * of one that was named; what the filter has no word for is let through. 2026-07-28 basic/patterns/subscriptions.
 */
export function isAskedFor(filter: SubscriptionFilter, method: string): boolean {
  if (method === 'notifications/resources/updated') return (filter.resourceSubscriptions ?? []).length > 0;
  const kind = BY_NOTIFICATION.get(method);
  return kind === undefined || filter[kind] === true;
}

/** What was asked for and is not honoured: kinds of changes, and the URIs of resources. */
export function missingFrom(honoured: SubscriptionFilter, wanted: SubscriptionFilter): string[] {
  const missing: string[] = [...BY_NOTIFICATION.values()].filter(
    (kind) => wanted[kind] === true && honoured[kind] !== true,
  );
  const uris = honoured.resourceSubscriptions ?? [];
  return [...missing, ...(wanted.resourceSubscriptions ?? []).filter((uri) => !uris.includes(uri))];
}
