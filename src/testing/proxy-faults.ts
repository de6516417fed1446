import type { JSONRPCRequest, RequestId } from '../protocol/messages/json-rpc.js';
import type { Way } from './fault-plan.js';

/** What can happen to a request over HTTP and its answer. */
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

/** What can happen to bytes of another protocol, such as WebSocket: what has nothing to do with HTTP. */
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
 * Faults with their rates: the probability in [0, 1] for each request over HTTP, and where a connection has switched to WebSocket, for
 * each piece that comes of either way. One fault at most hits each of them: the rates add up to 1 at most. Default 0.
 */
export interface ProxyFaultRates {
  /** A connection is reset as soon as it was made; the rate is that for each connection. */
  readonly refuse?: number;
  /** Request and answer come a few bytes at a time. */
  readonly split?: number;
  /** The answer comes `slowTime` later. */
  readonly slow?: number;
  /** The connection is closed in the middle of the answer. */
  readonly truncate?: number;
  /** Some bytes of the answer are NUL. */
  readonly corrupt?: number;
  /** The connection is reset, and the server never hears of the request. */
  readonly resetBefore?: number;
  /** The connection is reset when the server has the request: at once, or when the answer comes. */
  readonly resetAfter?: number;
  /** A request with a session is answered with 404, as every other one of that session from then on. None of them reaches the server. */
  readonly forget?: number;
  /** A request is answered with 503, and does not reach the server. */
  readonly unavailable?: number;
  /** The same with `Retry-After: retryAfter`. */
  readonly busy?: number;
}

/** What a fault hits. */
export interface ProxyHit {
  readonly fault: ProxyFaultName;
  /** Which connection, counted from 0. */
  readonly connection: number;
  /** Which request, or which piece of its way, counted from 0 over all connections; undefined for a connection. */
  readonly index: number | undefined;
  /** The way of the bytes, once a connection has switched to another protocol. */
  readonly way: Way | undefined;
  /** The method of HTTP. */
  readonly httpMethod?: string;
  /** The request of JSON-RPC that was posted, if it was one. */
  readonly message?: JSONRPCRequest;
}

/** A fault that happened. */
export interface ProxyFault extends Omit<ProxyHit, 'message'> {
  /** The time, by the environment of the proxy. */
  readonly at: number;
  /** The method of JSON-RPC. */
  readonly method?: string;
  readonly id?: RequestId;
  /**
   * Whether what was hit went on to its destination in whole, so that a server may have run it. It becomes true when the kernel of the
   * destination has the last byte.
   */
  readonly reached: boolean;
}
