import type { ActorLogic, ActorRefFrom, ActorSystem, ActorSystemInfo, EventObject, Snapshot } from 'xstate';

import type { Failure } from '../../util/failure.js';
import type { Session } from '../../protocol/session.js';
import { SystemPorts } from '../system-ports.js';

/**
 * The gate of the queue: queued requests are sent (open), wait for a session (paused), wait for a person to sign in, with timeouts that stand
 * still (held), or are rejected (closed).
 */
export type Gate = 'open' | 'paused' | 'held' | 'closed';

/** The events that the connection sends to its requests. */
export type RequestsEvent =
  /** A session is established: the queued requests are sent. */
  | { readonly type: 'open'; readonly session: Session }
  /** There is no session now, but there may be one soon: requests wait in the queue. */
  | { readonly type: 'pause' }
  /** There will be no session: all requests reject with this failure, and those in flight are cancelled at the server. */
  | { readonly type: 'close'; readonly failure: Failure }
  /** The link is gone, and the requests in flight with it. */
  | { readonly type: 'lose'; readonly failure: Failure }
  /** A person is asked to sign in before there can be a session: the timeouts of queued requests stand still. */
  | { readonly type: 'hold' }
  | { readonly type: 'release' };

interface RequestsSnapshot extends Record<string, unknown> {
  readonly status: Snapshot<unknown>['status'];
  readonly output: undefined;
  readonly error: undefined;
  readonly value: Gate;
}

/** The parent of all request actors, a child of the connection. Its state is that of the gate. */
export type RequestsLogic = ActorLogic<
  RequestsSnapshot,
  RequestsEvent,
  undefined,
  ActorSystem<ActorSystemInfo>,
  EventObject
>;

/** The registry behind the actor. */
export interface RequestsPorts {
  /** The actor has started: it can be the parent of request actors. */
  begin(self: ActorRefFrom<RequestsLogic>): void;
  /** The gate is in this state now. */
  gateMoved(gate: Gate): void;
  /** Sends the queued requests. */
  open(session: Session): void;
  /** Takes back the requests in flight that were not sent. */
  pause(): void;
  /** Rejects all requests, and cancels those in flight at the server. */
  close(why: Failure): void;
  /** Decides for each request in flight whether it is sent again. */
  lose(why: Failure): void;
  /** Has the timeouts of queued requests stand still. */
  holdQueued(): void;
  releaseQueued(): void;
}

/** The transitions of the gate, which are the same in all its states. Without a target the gate stays where it is. */
const TRANSITIONS: {
  readonly [Type in RequestsEvent['type']]: {
    readonly target?: Gate;
    readonly effect: (ports: RequestsPorts, event: Extract<RequestsEvent, { type: Type }>) => void;
  };
} = {
  open: {
    target: 'open',
    effect: (ports, { session }) => {
      ports.open(session);
    },
  },
  pause: {
    target: 'paused',
    effect: (ports) => {
      ports.pause();
    },
  },
  close: {
    target: 'closed',
    effect: (ports, event) => {
      ports.close(event.failure);
    },
  },
  lose: {
    effect: (ports, event) => {
      ports.lose(event.failure);
    },
  },
  hold: {
    target: 'held',
    effect: (ports) => {
      ports.holdQueued();
    },
  },
  release: {
    target: 'paused',
    effect: (ports) => {
      ports.releaseQueued();
    },
  },
};

export const requestsPorts = new SystemPorts<RequestsPorts>('requests');

export const requestsLogic: RequestsLogic = {
  getInitialSnapshot: () => ({ status: 'active', output: undefined, error: undefined, value: 'closed' }),
  start: (_snapshot, { self, system }) => {
    requestsPorts.of(system).begin(self);
  },
  transition: (snapshot, event, { system }) => {
    // A request threw. Only its parent gets this event, and its caller still waits, so the connection has to end.
    if (isErrorOfChild(event)) throw event.error;
    const transition = (TRANSITIONS as Partial<typeof TRANSITIONS>)[event.type];
    // XState reports ended requests to their parent, unless their actors are reused.
    if (transition === undefined) return snapshot;
    const { target: value = snapshot.value, effect } = transition;
    const ports = requestsPorts.of(system);
    ports.gateMoved(value);
    effect(ports, event as never);
    return value === snapshot.value ? snapshot : { ...snapshot, value };
  },
  getPersistedSnapshot: (snapshot) => snapshot,
};

/** The event that XState sends to the parent of an actor that threw. */
function isErrorOfChild(event: EventObject): event is EventObject & { readonly error: unknown } {
  return event.type.startsWith('xstate.error.');
}
