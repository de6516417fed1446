import type { RequestPurpose } from '../../auth/authorizer.js';
import type { Failure } from '../../util/failure.js';
import type { JSONRPCRequest, RequestId } from '../../protocol/messages/json-rpc.js';
import type { Link, LinkEvents } from '../link.js';
import type { UnorderedSetMember } from '../unordered-set.js';
import type { Admittable } from './http-admission.js';
import type { HttpCall } from './http-call.js';
import type { HttpEndpoint } from './http-endpoint.js';
import type { HttpSession } from './http-session.js';
import type { SessionRefusals } from './session-refusals.js';

/** An exchange, as its link knows it. */
export interface OwnedExchange extends UnorderedSetMember, Admittable {
  /** The id of the request. */
  readonly id: RequestId;
  /** The bytes that the link took from the budget for the exchange. */
  readonly held: number;
  /** Whether a byte of the request may have reached the server. */
  readonly sent: boolean;
  /** Aborts the exchange: its promise rejects. */
  abort(): void;
}

/** The link that an exchange belongs to. */
export interface ExchangeOwner {
  readonly endpoint: HttpEndpoint;
  readonly events: LinkEvents;
  readonly refusals: SessionRefusals;
  /** Marks a session as lost, and reports it. */
  loseSession(session: HttpSession): void;
  /** The exchange needs no more of a response that has not ended. */
  drain(call: HttpCall): void;
  /** The exchange waits for a person. */
  park(exchange: OwnedExchange): void;
  /** The exchange does not wait for a person any more. */
  unpark(exchange: OwnedExchange): void;
  /** The exchange has ended. */
  ended(exchange: OwnedExchange): void;
  /**
   * Finds out whether the server speaks HTTP+SSE. If so, all messages go over that link from then on. Returns a failure if the client must not
   * connect in this way.
   */
  findOlder(): Promise<Link | Failure | undefined>;
  /** Finds out whether the server still knows a session, and loses it if not. Never rejects. */
  verify(session: HttpSession): Promise<void>;
}

/** The request of an exchange. */
export interface ExchangeRequest {
  readonly message: JSONRPCRequest;
  /** Whether the request belongs to the modern era, which has neither sessions nor resumption. */
  readonly modern: boolean;
  readonly session: HttpSession;
  /** See {@link SessionRefusals.doubtful}. */
  readonly doubtful: boolean;
  readonly headers: readonly string[];
  readonly body: string;
}

/**
 * Only calls of the user and the negotiation may ask a person to sign in.
 * @param negotiated whether there is a session: then `server/discover` is a health check
 */
export function purposeOf(method: string, negotiated: boolean): RequestPurpose {
  if (!negotiated && (method === 'initialize' || method === 'server/discover')) return 'probe';
  return method === 'server/discover' || method === 'ping' || method === 'subscriptions/listen' ? 'background' : 'call';
}
