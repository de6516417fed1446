import type { Authorizer } from '../../auth/authorizer.js';
import type { Budget } from '../../util/budget.js';
import type { Environment } from '../../util/environment.js';
import type { Failure } from '../../util/failure.js';
import type { Params } from '../../protocol/messages/json-rpc.js';
import type { ClientIdentity } from '../../protocol/session.js';
import type { HandlerService } from '../server-requests/handler-slots.js';
import type { ConnectionInput, ConnectionState } from './connection-context.js';
import type { ConnectionTransport } from './link-actor.js';
import type { Observers } from './observers.js';
import type { Continuation } from './session-export.js';

/** What a connection is made of. */
export interface ConnectionOptions extends ConnectionInput, Observers {
  readonly transport: ConnectionTransport;
  readonly identity: ClientIdentity;
  readonly environment: Environment;
  /** The limits of what the connection holds, and of the messages that wait to be written. */
  readonly budget: Budget;
  /** The source of credentials of a transport that has an `OAuth`. */
  readonly authorizer?: Authorizer | undefined;
  readonly maxQueued: number;
  /** Calls the handlers of the user for server requests; undefined when the user gave none. */
  readonly handlers?: HandlerService | undefined;
  /** How many times a server may ask for input before it responds to a request. */
  readonly maxInputRounds: number;
  /** The part of an exported session that the chart does not need. */
  readonly continuation?: Continuation | undefined;
}

/** Receives the events of a connection. None of these functions may throw. */
export interface ConnectionListeners {
  /** The chart took an event. `path` is its state now, as in `Connection.path`. */
  moved?(path: string): void;
  /** A public state was entered. */
  entered(state: ConnectionState, from: ConnectionState): void;
  notified(method: string, params: Params | undefined): void;
  /** Change notifications may have been missed: cached lists may be stale. */
  missedChanges(): void;
  /** Reports a problem that does not end the connection. */
  report(problem: Failure): void;
  /** Reports a fault in a message that is used all the same. Such a server may repeat it all the time. */
  tolerated(fault: Failure): void;
}
