import type { JSONRPCRequest, RequestId } from '../protocol/messages/json-rpc.js';
import type { Way } from './fault-plan.js';

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

/** The name of a fault of a proxy; `refuse` happens to a connection, the others to a request or to bytes. */
export type ProxyFaultName = keyof ProxyFaultRates;

export type ExchangeFault = (typeof EXCHANGE_FAULTS)[number];
export type ByteFault = (typeof BYTE_FAULTS)[number];

/**
 * Faults with their rates: the probability in [0, 1] for each HTTP request and, after a connection has switched to WebSocket, for each
 * piece of bytes in either direction. At most one fault hits each of them: the rates add up to 1 at most. Default 0.
 */
export interface ProxyFaultRates {
  /** A connection is reset as soon as it is made; the rate is for each connection. */
  readonly refuse?: number;
  /** Request and response arrive a few bytes at a time. */
  readonly split?: number;
  /** The response arrives `slowTime` later. */
  readonly slow?: number;
  /** The connection is closed in the middle of the response. */
  readonly truncate?: number;
  /** Some bytes of the response are NUL. */
  readonly corrupt?: number;
  /** The connection is reset before the server gets the request. */
  readonly resetBefore?: number;
  /** The connection is reset after the server got the request: at once, or when the response arrives. */
  readonly resetAfter?: number;
  /** A request with a session is answered with 404, and so is each later one of that session. None of them reaches the server. */
  readonly forget?: number;
  /** A request is answered with 503, and does not reach the server. */
  readonly unavailable?: number;
  /** The same with `Retry-After: retryAfter`. */
  readonly busy?: number;
}

/** A fault, and the request, connection or piece that it hits. */
export interface ProxyHit {
  readonly fault: ProxyFaultName;
  /** The number of the connection, from 0. */
  readonly connection: number;
  /** The number of the request, or of the piece in its direction, from 0 over all connections; undefined for a connection. */
  readonly index: number | undefined;
  /** The direction of the bytes, after a connection has switched to another protocol. */
  readonly way: Way | undefined;
  /** The HTTP method. */
  readonly httpMethod?: string;
  /** The posted JSON-RPC request, if it is one. */
  readonly message?: JSONRPCRequest;
}

/** A fault that happened. */
export interface ProxyFault extends Omit<ProxyHit, 'message'> {
  /** The time, by the environment of the proxy. */
  readonly at: number;
  /** The JSON-RPC method. */
  readonly method?: string;
  readonly id?: RequestId;
  /**
   * Whether all of the request or piece reached its destination, so that the server may have run it. It becomes true when the kernel of
   * the destination has the last byte.
   */
  readonly reached: boolean;
}
