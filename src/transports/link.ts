import type { Authorizer } from '../auth/authorizer.js';
import type { Environment } from '../util/environment.js';
import type { Budget } from '../util/budget.js';
import type { Failure } from '../util/failure.js';
import type { JSONRPCMessage, RequestId } from '../protocol/messages/json-rpc.js';

/** The result of the negotiation, as far as a transport needs it: over HTTP it determines headers and streams. */
export interface EstablishedSession {
  readonly era: 'modern' | 'legacy';
  readonly protocolVersion: string;
}

/** The origin of a message. With per-request framing it has the id of the request on whose exchange the message arrived. */
export interface MessageOrigin {
  readonly requestId?: RequestId;
}

/** The callbacks of a link. The base class keeps events until `open` has resolved, and ignores events after the link was closed. */
export interface LinkEvents {
  /** The clock, timers and random numbers that the link must use. */
  readonly environment: Environment;
  /**
   * The rest of the memory that the connection may hold. A link that collects bytes or queues messages takes them from it first. Undefined
   * without limits. A custom link may ignore it.
   */
  readonly budget?: Budget | undefined;
  /**
   * The source of credentials, if the transport has an `OAuth`: all links of a connection share one authorization.
   * @internal
   */
  readonly authorizer?: Authorizer | undefined;
  /** Passes on one parsed JSON value. It may have any shape: the receiver checks it. */
  message(message: unknown, about?: MessageOrigin): void;
  /** Reports a problem that does not end the link, such as a line that is not JSON. */
  problem(failure: Failure): void;
  /** The link ended. Without a failure the server closed it cleanly. */
  closed(failure?: Failure): void;
  /**
   * The server lost the session. The link stays open; later requests need a new session. Call it before the promises of the affected sends
   * reject with code `MCP_SESSION_LOST`. Only for HTTP before 2026-07-28.
   */
  sessionLost(): void;
  /** The response stream of a request broke off, and the link is resuming it. */
  interrupted(requestId: RequestId): void;
  /** The response stream of a request is resumed. */
  resumed(requestId: RequestId): void;
  /**
   * A person is asked to sign in, or a request waits for that. Only with an `OAuth`.
   * @internal
   */
  signIn(news: SignInNews): void;
}

/** What happens to a link while a person is asked to sign in. */
export type SignInNews =
  /** No request can be sent until the person has signed in. */
  | { readonly type: 'signIn.began' }
  /** The person has signed in, or is not asked any more. */
  | { readonly type: 'signIn.ended' }
  /** The request waits for the person, so its `timeout` stands still. */
  | { readonly type: 'request.parked'; readonly requestId: RequestId }
  | { readonly type: 'request.unparked'; readonly requestId: RequestId };

/** The callbacks of the server stream: the optional GET stream of a server. 2025-11-25 basic/transports, "Listening for Messages". */
export interface ServerStreamEvents {
  /**
   * The stream is open. `resumed` means that it continues after the last event of the previous stream, so no message was missed. Default
   * false.
   */
  opened(resumed?: boolean): void;
  /** The server does not support the stream. */
  unsupported(): void;
  /** The stream ended. `retry` is the delay that the server requests before it is opened again, in ms. */
  ended(retry: number | undefined, failure: Failure | undefined): void;
}

/** Options of {@link Link.send}. */
export interface SendOptions {
  /** Further headers, for transports with headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The data that another link needs to continue a session, perhaps in another process. It is plain data and a secret, because it gives
 * access to the session.
 */
export interface LinkMemory {
  /** The id of the session; undefined if the server has no sessions. */
  readonly sessionId?: string | undefined;
  /** Whether the server had a server stream. */
  readonly streamed: boolean;
  /** The id of the last event on that stream; undefined if no event had an id. */
  readonly lastEventId?: string | undefined;
}

/** One live connection that a transport opened. */
export interface Link {
  /**
   * Sends a message. Returns undefined if the kernel, or the peer, has the message already. Returns a promise if the message is queued
   * (`shared` framing) or the exchange continues (`per-request` framing); it rejects with a `Failure` with the `delivery` of the message.
   * Never throws synchronously.
   */
  send(message: JSONRPCMessage, options?: SendOptions): Promise<void> | undefined;
  /** Overrides the framing of the transport, if that is known only after the link is open. */
  readonly framing?: 'shared' | 'per-request';
  /** Called after the negotiation. */
  established?(session: EstablishedSession): void;
  /**
   * Cancels a request of which no byte was sent. Returns true if the request will not be sent; false if it may have arrived, or is unknown.
   */
  cancelUnsent?(requestId: RequestId): boolean;
  /** Closes the exchange of a request, because no caller waits for its response any more. */
  abandon?(requestId: RequestId): void;
  /**
   * Opens the server stream. Its messages are passed to `LinkEvents.message`. Returns a function that closes the stream; after that no
   * callback is called. A later stream resumes after the last received event.
   */
  serverStream?(events: ServerStreamEvents): () => void;
  /**
   * Exports the data that another link needs to continue the session; undefined if that is impossible. After this, `close()` must not
   * terminate the session.
   */
  suspend?(): LinkMemory | undefined;
  /**
   * Continues the session of another link, in place of a negotiation. Called before anything is sent. Returns false if that is impossible;
   * then a session is negotiated.
   */
  resume?(session: EstablishedSession, memory: LinkMemory): boolean;
  /** Closes the link. Resolves when its processes, sockets and timers are released. Never rejects. May be called twice. */
  close(): Promise<void>;
}

/** A promise that rejects with a failure. Inside the library failures are data, not errors. */
export function rejectedWith(reason: Failure): Promise<never> {
  const thrown: Error = reason as unknown as Error;
  return Promise.reject(thrown);
}
