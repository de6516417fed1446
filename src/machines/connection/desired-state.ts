import type { Params } from '../../protocol/messages/json-rpc.js';
import { hasCapability } from '../../protocol/methods.js';
import type { SubscriptionFilter } from '../../protocol/schema/index.js';
import type { ConnectionFacts } from './connection-context.js';

/** The method and the parameters of a request. */
export type RestoringRequest = readonly [method: string, params: Params];

/** The requests that restore the settings of the user in a new session. Only legacy sessions need them, if the server has the capabilities. */
export function restoringRequests({ session, desired }: ConnectionFacts): readonly RestoringRequest[] {
  if (session?.era !== 'legacy') return [];
  const { logLevel, resources } = desired;
  const requests: RestoringRequest[] = [];
  if (logLevel !== undefined && hasCapability(session.capabilities, 'logging'))
    requests.push(['logging/setLevel', { level: logLevel }]);
  if (hasCapability(session.capabilities, 'resources.subscribe'))
    for (const uri of resources) requests.push(['resources/subscribe', { uri }]);
  return requests;
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
