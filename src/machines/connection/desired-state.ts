import { hasCapability } from '../../protocol/methods.js';
import type { SubscriptionFilter } from '../../protocol/schema/index.js';
import type { ConnectionFacts } from './connection-context.js';

/** Whether there is nothing to restore in a new session. Only legacy sessions are restored, as far as the server has the capabilities. */
export function nothingToRestore({ session, desired }: ConnectionFacts): boolean {
  if (session?.era !== 'legacy') return true;
  const { capabilities } = session;
  const level = desired.logLevel !== undefined && hasCapability(capabilities, 'logging');
  return !level && (desired.resources.length === 0 || !hasCapability(capabilities, 'resources.subscribe'));
}

/** The changes to watch in a session of the modern era, as far as the server announces them; undefined for none. */
export function wantedChanges({ session, desired }: ConnectionFacts): SubscriptionFilter | undefined {
  if (session?.era !== 'modern') return undefined;
  const { capabilities } = session;
  const filter: SubscriptionFilter = {};
  for (const list of desired.lists) {
    if (hasCapability(capabilities, `${list}.listChanged`)) filter[`${list}ListChanged`] = true;
  }
  if (desired.resources.length > 0 && hasCapability(capabilities, 'resources.subscribe')) {
    filter.resourceSubscriptions = [...desired.resources];
  }
  return Object.keys(filter).length === 0 ? undefined : filter;
}
