import type { Failure } from '../../util/failure.js';
import type { Session } from '../../protocol/session.js';
import type { SilentServer } from '../../transports/transport.js';
import type { ConnectionEvent, NegotiationStep, DesiredState } from './connection-context.js';
import type { RestoringRequest } from './desired-state.js';
import type { RequestsEvent } from '../request/request-gate.js';
import { SystemPorts } from '../system-ports.js';

/** The effects of the connection chart. None of them may throw. */
export interface ConnectionPorts {
  now(): number;
  random(): number;
  /** Opens a link and sends its events. Returns the function that closes it. */
  openLink(epoch: number, send: (event: ConnectionEvent) => void): () => void;
  /** Resolves when the last link has released everything. */
  release(): Promise<void>;
  /** Data about a server that does not respond, while there is a link to it. */
  describeSilence(): SilentServer | undefined;
  /** Sends an event to the actor of the requests. */
  sendToRequests(event: RequestsEvent): void;
  /** Rejects callers that wait until a resource of a modern server is watched. */
  failWatches(why: Failure): void;
  /** Aborts the handlers of server requests. No response is sent. */
  abortServerRequests(): void;
  sendDiscover(step: NegotiationStep): void;
  sendInitialize(step: NegotiationStep): void;
  /** Cancels the requests of `negotiating` and `restoring`. */
  cancelNegotiation(): void;
  /** Notifies the link that there is a session. */
  announce(session: Session): void;
  /** Sends the notification that ends a handshake. */
  sendInitialized(): void;
  restore(requests: readonly RestoringRequest[]): void;
  /** Lets the link continue a session that another client exported. The result is an event. */
  resume(inherited: Session): void;
  /** Exports the session for the callers of `suspend()`. The link does not terminate it. */
  exportSession(session: Session, desired: DesiredState): void;
  /** Rejects the callers of `suspend()`. */
  refuseExport(why: Failure): void;
  /** Sets the metadata of requests, which depends on the session and the settings of the user. */
  applyDesired(session: Session, desired: DesiredState): void;
  /** Settles these callers of `connect()`. */
  settle(waiters: readonly number[], outcome: Session | Failure): void;
  /** Resolves the callers of `disconnect()` and `suspend()`: the last link has released everything. */
  drained(): void;
  /** Lets other clients use the transport. */
  unclaim(): void;
  report(problem: Failure): void;
}

export const connectionPorts = new SystemPorts<ConnectionPorts>('connection');
