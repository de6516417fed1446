import type { Environment } from '../util/environment.js';
import type { Budget } from '../util/budget.js';
import type { Failure } from '../util/failure.js';
import type { JSONRPCMessage, RequestId } from '../protocol/messages/json-rpc.js';

/** What negotiation found that a transport has to know: it decides headers and stream rules on HTTP. */
export interface EstablishedSession {
  readonly era: 'modern' | 'legacy';
  readonly protocolVersion: string;
}

/** What is known about where a message came from, on transports where each request has an exchange of its own. */
export interface MessageOrigin {
  readonly requestId?: RequestId;
}

/** What a link tells its owner. The base class drops whatever comes before `open` resolved or after the link was closed. */
export interface LinkEvents {
  /** The clock, timers and randomness to use. */
  readonly environment: Environment;
  /**
   * What is left of the bytes that the connection may hold. A link that collects bytes, or queues messages, takes them from it first. Undefined
   * where nobody set limits; a link need not look at it.
   */
  readonly budget?: Budget | undefined;
  /** One parsed JSON value; it may be any shape, the receiver checks it. */
  message(message: unknown, about?: MessageOrigin): void;
  /** Something was wrong but the link goes on: junk between messages, a line that is not JSON. */
  problem(failure: Failure): void;
  /** The link is over. Without a failure the server ended it in good order. */
  closed(failure?: Failure): void;
  /**
   * The server has forgotten the session, and the link goes on: what is sent from now on needs a new one. Told before the promises of
   * the sends that found it out reject with code `MCP_SESSION_LOST`. HTTP before 2026-07-28 only.
   */
  sessionLost(): void;
  /** The stream that was to carry the answer to a request broke, and is being taken up where it broke. */
  interrupted(requestId: RequestId): void;
  /** That stream is open again. */
  resumed(requestId: RequestId): void;
}

/** What the stream on which a server speaks unasked tells its owner. 2025-11-25 basic/transports, "Listening for Messages". */
export interface ServerStreamEvents {
  /**
   * The stream is open. `resumed`: it goes on after the last event of the one before, so that nothing the server said meanwhile is missed.
   * Default false.
   */
  opened(resumed?: boolean): void;
  /** The server offers no such stream. */
  unsupported(): void;
  /** The stream is over. `retry`: the milliseconds after which the server wants it to be opened again. */
  ended(retry: number | undefined, failure: Failure | undefined): void;
}

/** What a link may need to know about a message besides the message. */
export interface SendOptions {
  /** Extra headers, where the transport has headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * What a link knows of a session that another link can go on with, in another process if need be. Plain data. A secret: whoever has it can
 * take part in the session.
 */
export interface LinkMemory {
  /** What the server calls the session; undefined when it keeps none. */
  readonly sessionId?: string | undefined;
  /** Whether the server had a stream on which it speaks unasked. */
  readonly streamed: boolean;
  /** The last event on that stream; undefined when none had an id. */
  readonly lastEventId?: string | undefined;
}

/** One live connection that a transport opened. */
export interface Link {
  /**
   * Hands a message over. Nothing is returned when the kernel, or the peer, has it already. A promise is returned when the message
   * waits its turn (`shared` framing) or when the exchange goes on (`per-request` framing); it rejects with a `Failure` whose
   * `delivery` says whether the message may have arrived. It never throws synchronously.
   */
  send(message: JSONRPCMessage, options?: SendOptions): Promise<void> | undefined;
  /** Overrides the framing of the transport, for one that found out which it is only when it was open. */
  readonly framing?: 'shared' | 'per-request';
  /** Called when negotiation is over. */
  established?(session: EstablishedSession): void;
  /**
   * Takes a request back of which no byte has left. True when that could be done: it will not be sent. False when it may have arrived, or
   * nothing is known of it.
   */
  cancelUnsent?(requestId: RequestId): boolean;
  /** Nobody waits for the answer to this request any longer: its exchange is to be closed. */
  abandon?(requestId: RequestId): void;
  /**
   * Opens the stream on which the server speaks unasked; its messages come through `LinkEvents.message`. Returns what closes it, after
   * which nothing more is told. Opened again, it goes on after the last event that was seen.
   */
  serverStream?(events: ServerStreamEvents): () => void;
  /**
   * Says what another link needs to go on with the session; undefined when none can. Closing the link must not end the session after
   * this.
   */
  suspend?(): LinkMemory | undefined;
  /**
   * Goes on with a session that another link left, in place of a negotiation. Called before anything is sent. False when that cannot be;
   * then a session is negotiated.
   */
  resume?(session: EstablishedSession, memory: LinkMemory): boolean;
  /** Ends the link and resolves when nothing of it is left: process, socket, timer. It never rejects and may be called twice. */
  close(): Promise<void>;
}

/** What {@link Link.send} returns for a message that cannot go: failures, not errors, travel inside. */
export function rejectedWith(reason: Failure): Promise<never> {
  const thrown: Error = reason as unknown as Error;
  return Promise.reject(thrown);
}
