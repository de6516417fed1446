import type { Environment } from '../environment.js';
import type { Failure } from '../protocol/failure.js';
import type { JSONRPCMessage, RequestId } from '../protocol/json-rpc.js';

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
  /** One parsed JSON value; it may be any shape, the receiver checks it. */
  message(message: unknown, about?: MessageOrigin): void;
  /** Something was wrong but the link goes on: junk between messages, a line that is not JSON. */
  problem(failure: Failure): void;
  /** The link is over. Without a failure the server ended it in good order. */
  closed(failure?: Failure): void;
}

/** What a link may need to know about a message besides the message. */
export interface SendOptions {
  /** Aborted when nobody waits for the exchange any longer. Only for `per-request` framing. */
  readonly signal?: AbortSignal;
  /** Extra headers, where the transport has headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** One live connection that a transport opened. */
export interface Link {
  /**
   * Hands a message over. Nothing is returned when the kernel, or the peer, has it already. A promise is returned when the message
   * waits its turn (`shared` framing) or when the exchange goes on (`per-request` framing); it rejects with a `Failure` whose
   * `delivery` says whether the message may have arrived. It never throws synchronously.
   */
  send(message: JSONRPCMessage, options?: SendOptions): Promise<void> | undefined;
  /** Called once when negotiation is over. */
  established?(session: EstablishedSession): void;
  /** Ends the link and resolves when nothing of it is left: process, socket, timer. It never rejects and may be called twice. */
  close(): Promise<void>;
}

/** What {@link Link.send} returns for a message that cannot go: failures, not errors, travel inside. */
export function rejectedWith(reason: Failure): Promise<never> {
  const thrown: Error = reason as unknown as Error;
  return Promise.reject(thrown);
}
