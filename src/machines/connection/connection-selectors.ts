import type { ActorRefFrom, SnapshotFrom } from 'xstate';

import type { Session } from '../../protocol/session.js';
import type { Framing } from '../../transports/transport.js';
import type { serverStreamMachine } from '../server-stream/server-stream-machine.js';
import type { subscriptionMachine } from '../subscription/subscription-machine.js';
import type { connectionMachine } from './connection-machine.js';

type ConnectionSnapshot = SnapshotFrom<typeof connectionMachine>;

/** The innermost state, as in `linked.initializing.negotiating.discovering`. */
export function pathOf({ value }: Pick<ConnectionSnapshot, 'value'>): string {
  const parts: string[] = [];
  let rest: unknown = value;
  while (typeof rest === 'object' && rest !== null) {
    const [[name, inner]] = Object.entries(rest) as [[string, unknown]];
    parts.push(name);
    rest = inner;
  }
  return [...parts, String(rest)].join('.');
}

/** The session, once it is established: not while it is being restored. */
export function establishedSession({ context: { establishedAt, session } }: ConnectionSnapshot): Session | undefined {
  return establishedAt === undefined ? undefined : session;
}

/** The actor of the subscription, while a session is established. */
export function subscriptionOf({ children }: ConnectionSnapshot): ActorRefFrom<typeof subscriptionMachine> | undefined {
  return children.subscription as ActorRefFrom<typeof subscriptionMachine> | undefined;
}

/**
 * Whether every change notification that the user relies on reaches the client. A legacy server over HTTP needs a stream for them; the
 * lists of a modern server have a TTL, whether or not the server sends notifications.
 */
export function receivesNotifications({ context, children }: ConnectionSnapshot, framing: Framing): boolean {
  if (framing === 'shared' || context.session?.era === 'modern') return true;
  const stream = children.serverStream as ActorRefFrom<typeof serverStreamMachine> | undefined;
  return stream?.getSnapshot().hasTag('receiving') === true;
}
