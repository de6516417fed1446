import type { Dispatcher, Pool } from 'undici';
import type { Authorizer } from '../../auth/authorizer.js';
import type { Environment } from '../../util/environment.js';
import type { Budget } from '../../util/budget.js';
import type { ConnectionShares } from './connection-shares.js';
import { HttpCall } from './http-call.js';
import type { CallEndpoint, HttpReceiver, HttpRequest, Route } from './http-call.js';
import type { Secrets } from '../secrets.js';
import type { EndpointOptions } from '../endpoint-options.js';

/** The URL of a server, with the headers, credentials, limits and connections of all requests to it. */
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
    // The options were checked: the dispatcher has the one method that is called.
    this.#given = options.dispatcher as Dispatcher | undefined;
    this.#makePool = makePool;
  }

  /** Loads what is needed for requests; makes none. */
  static async open(options: EndpointOptions): Promise<HttpEndpoint> {
    const Pool = await loadPool();
    const { timeout, shares } = options;
    // One pool for all purposes has the sum of their limits: a call that waits for a person must not block the reply of that person. If responses
    // do not end after their result, the next request may wait in the pool until their connections are aborted.
    const connections = shares.all === Infinity ? null : shares.all;
    return new HttpEndpoint(
      options,
      (origin) => new Pool(origin, { connections, headersTimeout: 0, bodyTimeout: 0, connect: { timeout } }),
    );
  }

  /** Whether the endpoint is closed: it makes no more requests. */
  get closed(): boolean {
    return this.#closed;
  }

  /** How a request to a URL is dispatched. Splitting a URL is expensive, so the route of the endpoint's own URL is cached. */
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

  /** Creates a call, which is sent when it is started. */
  call(request: HttpRequest, receiver: HttpReceiver): HttpCall {
    return new HttpCall(this, request, receiver);
  }

  /** Ends all connections, and the requests on them. A dispatcher from the user is not closed. */
  async close(): Promise<void> {
    this.#closed = true;
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }
}

/**
 * Loads only the class `Pool` of undici, because the main file of the package sets the dispatcher for every `fetch` of the process, if none is
 * set. If another version of undici has no such file, the main file is loaded.
 */
export async function loadPool(): Promise<typeof Pool> {
  try {
    return (await import('undici/lib/dispatcher/pool.js')).default;
  } catch {
    return (await import('undici')).Pool;
  }
}
