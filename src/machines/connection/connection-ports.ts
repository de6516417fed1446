import type { Failure } from '../../util/failure.js';
import type { Session } from '../../protocol/session.js';
import type { SilentServer } from '../../transports/transport.js';
import type { ConnectionEvent, NegotiationStep, DesiredState } from './connection-context.js';
import type { RequestsEvent } from '../request/request-gate.js';
import { SystemPorts } from '../system-ports.js';

/** What the connection does to the world. None of these may throw. */
export interface ConnectionPorts {
  now(): number;
  random(): number;
  /** Opens a link and says what happens to it. Returns what closes it. */
  openLink(epoch: number, tell: (event: ConnectionEvent) => void): () => void;
  /** Resolves when nothing is left of the last link. */
  release(): Promise<void>;
  /** What is known about a server that does not answer, while there is a link to it. */
  describeSilence(): SilentServer | undefined;
  /** Opens, holds or shuts the way for requests. */
  tellRequests(event: RequestsEvent): void;
  /** Rejects callers that wait until a resource of a modern server is watched. */
  failWatches(why: Failure): void;
  /** Nobody need answer what the server asked any more. */
  abortServerRequests(): void;
  sendDiscover(question: NegotiationStep): void;
  sendInitialize(question: NegotiationStep): void;
  /** Stops waiting for the answers to the questions of negotiating and restoring. */
  cancelNegotiation(): void;
  /** Tells the link that there is a session. */
  announce(session: Session): void;
  /** Sends the notification that ends a handshake. */
  sendInitialized(): void;
  restore(session: Session, desired: DesiredState): void;
  /** Has the link go on with a session that another client left behind; says whether it does. */
  takeUp(inherited: Session): void;
  /** Gives a session, which the link is not to end, to those who asked for that. */
  exportSession(session: Session, desired: DesiredState): void;
  /** Tells those who asked for a session that there is none. */
  refuseHandOver(why: Failure): void;
  /** What is desired decides the metadata of requests in a session that stands. */
  applyDesired(session: Session, desired: DesiredState): void;
  /** Ends the wait of these callers of `connect()`. */
  settle(waiters: readonly number[], outcome: Session | Failure): void;
  /** Nothing is left of the last link. */
  drained(): void;
  /** Lets others use the transport. */
  unclaim(): void;
  report(problem: Failure): void;
}

export const connectionPorts = new SystemPorts<ConnectionPorts>('connection');
