import type { Dispatcher, Pool } from 'undici';
import type { Authorizer } from '../../auth/authorizer.js';
import type { Environment } from '../../util/environment.js';
import type { Budget } from '../../util/budget.js';
import type { ConnectionShares } from './connection-shares.js';
import { HttpCall } from './http-call.js';
import type { CallEndpoint, HttpReceiver, HttpRequest, Route } from './http-call.js';
import type { Secrets } from '../secrets.js';
import type { HttpDispatcher } from './http-options.js';

/** How to reach a server over HTTP. */
export interface EndpointOptions {
  readonly url: URL;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** Milliseconds that making a connection may take. */
  readonly timeout: number;
  readonly maxMessageBytes: number;
  /** How many connections there may be, and for what. */
  readonly shares: ConnectionShares;
  /** What bodies and messages are taken from; undefined for none. */
  readonly budget?: Budget | undefined;
  readonly environment: Environment;
  readonly authorizer?: Authorizer | undefined;
  /** Collects the tokens, and removes secrets from failures before they are reported. */
  readonly secrets: Secrets;
  /** Used instead of pools of our own, and left alone when we are done. */
  readonly dispatcher?: HttpDispatcher | undefined;
}

/** A URL, and all that goes with each request to it: headers, tokens, limits and connections. */
export class HttpEndpoint implements CallEndpoint {
  readonly url: URL;
  readonly headers: readonly string[];
  readonly maxMessageBytes: number;
  readonly shares: ConnectionShares;
  readonly budget: Budget | undefined;
  readonly environment: Environment;
  readonly authorizer: Authorizer | undefined;
  readonly secrets: Secrets;
  readonly #given: Dispatcher | undefined;
  readonly #makePool: (origin: string) => Dispatcher;
  readonly #pools = new Map<string, Dispatcher>();
  #own: Route | undefined;
  #closed = false;

  private constructor(options: EndpointOptions, makePool: (origin: string) => Dispatcher) {
    this.url = options.url;
    this.headers = options.headers;
    this.maxMessageBytes = options.maxMessageBytes;
    this.shares = options.shares;
    this.budget = options.budget;
    this.environment = options.environment;
    this.authorizer = options.authorizer;
    this.secrets = options.secrets;
    // The options were checked: it has the one method that is used.
    this.#given = options.dispatcher as Dispatcher | undefined;
    this.#makePool = makePool;
  }

  /** Loads what is needed for requests; makes none. */
  static async open(options: EndpointOptions): Promise<HttpEndpoint> {
    const Pool = await loadPool();
    const { timeout, shares } = options;
    // All that are shared out: a call that waits for a person must not keep the answer of that person waiting. Where responses do not end after
    // the answer, what is to be sent next may wait in the pool until their connections are given up.
    const connections = shares.all === Infinity ? null : shares.all;
    return new HttpEndpoint(
      options,
      (origin) => new Pool(origin, { connections, headersTimeout: 0, bodyTimeout: 0, connect: { timeout } }),
    );
  }

  /** Whether it makes requests no longer. */
  get closed(): boolean {
    return this.#closed;
  }

  /** How a request to a URL is dispatched. To take a URL apart costs more than the rest of this, so that of the endpoint is remembered. */
  route(url: URL): Route {
    return url === this.url ? (this.#own ??= this.#routeTo(url)) : this.#routeTo(url);
  }

  #routeTo({ origin, pathname, search }: URL): Route {
    return { origin, path: `${pathname}${search}`, dispatcher: this.#dispatcher(origin) };
  }

  #dispatcher(origin: string): Dispatcher {
    if (this.#given !== undefined) return this.#given;
    let pool = this.#pools.get(origin);
    if (pool === undefined) {
      pool = this.#makePool(origin);
      this.#pools.set(origin, pool);
    }
    return pool;
  }

  /** Makes a request, which goes out when it is started. */
  call(request: HttpRequest, receiver: HttpReceiver): HttpCall {
    return new HttpCall(this, request, receiver);
  }

  /** Ends all connections, and what is still going on over them. A dispatcher that was given is left alone. */
  async close(): Promise<void> {
    this.#closed = true;
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }
}

/**
 * The class of undici alone. The package as a whole sets the dispatcher that every `fetch` of the process uses, if none is set yet. Should the
 * file be elsewhere in another version, it is the package after all.
 */
export async function loadPool(): Promise<typeof Pool> {
  try {
    return (await import('undici/lib/dispatcher/pool.js')).default;
  } catch {
    return (await import('undici')).Pool;
  }
}
