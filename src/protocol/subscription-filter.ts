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
 * Whether a notification may come on a subscription with this filter. The resource is not compared, because it may be below a subscribed one.
 * Notifications of other kinds are allowed. 2026-07-28 basic/patterns/subscriptions.
 */
export function isAskedFor(filter: SubscriptionFilter, method: string): boolean {
  if (method === 'notifications/resources/updated') return (filter.resourceSubscriptions ?? []).length > 0;
  const kind = BY_NOTIFICATION.get(method);
  return kind === undefined || filter[kind] === true;
}

/** The requested changes that the server did not acknowledge: kinds of changes, and the URIs of resources. */
export function missingFrom(honoured: SubscriptionFilter, wanted: SubscriptionFilter): string[] {
  const missing: string[] = [...BY_NOTIFICATION.values()].filter(
    (kind) => wanted[kind] === true && honoured[kind] !== true,
  );
  const uris = honoured.resourceSubscriptions ?? [];
  return [...missing, ...(wanted.resourceSubscriptions ?? []).filter((uri) => !uris.includes(uri))];
}
