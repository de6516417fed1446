import type { ActorLogic, ActorRefFrom, ActorSystem, ActorSystemInfo, EventObject, Snapshot } from 'xstate';

import type { Failure } from '../../util/failure.js';
import type { Session } from '../../protocol/session.js';
import { SystemPorts } from '../system-ports.js';

/** What becomes of requests: they are sent, they wait for a link, or they are refused. */
export type Gate = 'flowing' | 'holding' | 'refusing';

/** What the connection tells its requests. */
export type RequestsEvent =
  /** A session is established: send what waits. */
  | { readonly type: 'flow'; readonly session: Session }
  /** There is no session now, but there may be one soon: keep what comes. */
  | { readonly type: 'hold' }
  /** There will be none: end what waits, and what is in flight, with this failure; the peer is told. */
  | { readonly type: 'refuse'; readonly failure: Failure }
  /** The link is gone and has taken with it what was in flight. */
  | { readonly type: 'lose'; readonly failure: Failure };

interface RequestsSnapshot extends Record<string, unknown> {
  readonly status: Snapshot<unknown>['status'];
  readonly output: undefined;
  readonly error: undefined;
  readonly value: Gate;
}

/** The parent of all request actors, a child of the connection. */
export type RequestsLogic = ActorLogic<
  RequestsSnapshot,
  RequestsEvent,
  undefined,
  ActorSystem<ActorSystemInfo>,
  EventObject
>;

/** The registry behind the actor. */
export interface RequestsPorts {
  /** The actor lives: it can be the parent of others. */
  begin(self: ActorRefFrom<RequestsLogic>): void;
  receive(event: RequestsEvent): void;
  readonly gate: Gate;
}

export const requestsPorts = new SystemPorts<RequestsPorts>({
  begin: () => undefined,
  receive: () => undefined,
  gate: 'refusing',
});

/** Hands what it is told to the registry, and shows where its gate stands. */
export const requestsLogic: RequestsLogic = {
  getInitialSnapshot: () => ({ status: 'active', output: undefined, error: undefined, value: 'refusing' }),
  start: (_snapshot, { self, system }) => {
    requestsPorts.of(system).begin(self);
  },
  transition: (snapshot, event, { system }) => {
    // A request threw. XState tells only its parent, and its caller still waits: the connection has to end.
    if (isErrorOfChild(event)) throw event.error;
    const registry = requestsPorts.of(system);
    registry.receive(event);
    return snapshot.value === registry.gate ? snapshot : { ...snapshot, value: registry.gate };
  },
  getPersistedSnapshot: (snapshot) => snapshot,
};

/** What XState tells the parent of an actor that threw. */
function isErrorOfChild(event: EventObject): event is EventObject & { readonly error: unknown } {
  return event.type.startsWith('xstate.error.');
}
