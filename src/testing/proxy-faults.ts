import type { JSONRPCRequest, RequestId } from '../protocol/messages/json-rpc.js';
import type { Direction } from './fault-plan.js';

/** The faults of an HTTP request and its response. */
export const EXCHANGE_FAULTS = [
  'split',
  'slow',
  'truncate',
  'corrupt',
  'resetBefore',
  'resetAfter',
  'forget',
  'unavailable',
  'busy',
] as const satisfies readonly ProxyFaultName[];

/** The faults of bytes of another protocol, such as WebSocket. */
export const BYTE_FAULTS = [
  'split',
  'slow',
  'truncate',
  'corrupt',
  'resetBefore',
  'resetAfter',
] as const satisfies readonly ProxyFaultName[];

/** The name of a fault of a proxy. `refuse` hits a connection, all others hit a request or bytes. */
export type ProxyFaultName = keyof ProxyFaultRates;

export type ExchangeFault = (typeof EXCHANGE_FAULTS)[number];
export type ByteFault = (typeof BYTE_FAULTS)[number];

/**
 * Faults with their rates: the probability in [0, 1] for each HTTP request, and for each chunk of bytes in either direction over a
 * WebSocket. At most one fault hits each of them, so the sum of the rates is at most 1. Default 0.
 */
export interface ProxyFaultRates {
  /** A connection is reset as soon as it is accepted. The rate is for each connection. */
  readonly refuse?: number;
  /** Request and response arrive a few bytes at a time. */
  readonly split?: number;
  /** The response is delayed by `slowTime`. */
  readonly slow?: number;
  /** The connection is closed in the middle of the response. */
  readonly truncate?: number;
  /** Some bytes of the response become NUL. */
  readonly corrupt?: number;
  /** The connection is reset, and the server never receives the request. */
  readonly resetBefore?: number;
  /** The connection is reset after the server received the request: at once, or when the response begins. */
  readonly resetAfter?: number;
  /** A request with a session id, and all later ones with this id, get status 404. None of them reaches the server. */
  readonly forget?: number;
  /** The request gets status 503 and does not reach the server. */
  readonly unavailable?: number;
  /** The same as `unavailable`, with `Retry-After: retryAfter`. */
  readonly busy?: number;
}

/** The connection, request or chunk of bytes that a fault hits. */
export interface ProxyHit {
  readonly fault: ProxyFaultName;
  /** The index of the connection, from 0. */
  readonly connection: number;
  /** The index of the request, or of the chunk in its direction, from 0 over all connections. Undefined for `refuse`. */
  readonly index: number | undefined;
  /** The direction of the bytes after a switch to another protocol. */
  readonly direction: Direction | undefined;
  /** The HTTP method. */
  readonly httpMethod?: string;
  /** The JSON-RPC request in the body, if there is one. */
  readonly message?: JSONRPCRequest;
}

/** A fault that happened. */
export interface ProxyFault extends Omit<ProxyHit, 'message'> {
  /** The time in the environment of the proxy. */
  readonly at: number;
  /** The JSON-RPC method. */
  readonly method?: string;
  readonly id?: RequestId;
  /**
   * Whether the request or chunk was passed on completely, so that a server may have run it. It becomes true when the kernel has the last
   * byte.
   */
  readonly reached: boolean;
}
