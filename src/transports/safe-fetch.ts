import { lookup } from 'node:dns';
import type { LookupAddress, LookupOptions } from 'node:dns';
import type { Dispatcher } from 'undici';

import { forbiddenUrl } from '../auth/network/url-rules.js';
import type { UrlRules } from '../auth/network/url-rules.js';
import { unreachable } from '../auth/auth-failures.js';
import type { AuthRequest, AuthResponse, GuardedFetch } from '../auth/network/guarded-fetch.js';
import { isRedirect, judgeRedirect } from '../protocol/redirects.js';
import type { Environment, TimerHandle } from '../util/environment.js';
import { failure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import { HttpAttempt } from './http/http-attempt.js';
import type { HttpDispatcher } from './http/http-options.js';
import { loadPool } from './http/http-endpoint.js';
import { compressionOf, headerOf } from './http/http-head.js';
import type { ResponseHead } from './http/http-head.js';

/** What limits the requests of the authorization flow. */
export interface SafeFetchOptions {
  readonly rules: UrlRules;
  readonly environment: Environment;
  /** Milliseconds for one request with its redirects. */
  readonly timeout: number;
  /** The longest body, in bytes. */
  readonly maxBytes: number;
  /** Sends the requests in place of connections of our own; then it is responsible for the addresses of names. */
  readonly dispatcher: HttpDispatcher | undefined;
  /** Resolves names. Default: `dns.lookup`. */
  readonly resolve?: ((name: string) => Promise<readonly LookupAddress[]>) | undefined;
}

/** How many redirects of a GET are followed. */
const MOST_REDIRECTS = 3;

/**
 * Makes the requests of the authorization flow over undici: see {@link GuardedFetch}. The addresses of a name are checked when the connection is
 * made, and the connection is made to the address that was checked, so a name that changes its address gains nothing. Each request has a
 * connection of its own, which ends with it.
 */
export class SafeFetch implements GuardedFetch {
  readonly #options: SafeFetchOptions;

  constructor(options: SafeFetchOptions) {
    this.#options = options;
  }

  refusal(url: string, purpose: string): Failure | undefined {
    return this.#options.rules.refusal(url, purpose);
  }

  async fetch(request: AuthRequest): Promise<AuthResponse> {
    const { environment, timeout } = this.#options;
    const expiry = new AbortController();
    const stop = (): void => {
      expiry.abort(ended(request.url));
    };
    request.signal.addEventListener('abort', stop, { once: true });
    if (request.signal.aborted) stop();
    const timer: TimerHandle = environment.setTimeout(() => {
      expiry.abort(unreachable(`${shown(request.url)} did not answer within ${timeout} ms`, about(request.url)));
    }, timeout);
    try {
      return await this.#follow(request, expiry.signal);
    } finally {
      environment.clearTimeout(timer);
      request.signal.removeEventListener('abort', stop);
    }
  }

  async #follow(request: AuthRequest, signal: AbortSignal): Promise<AuthResponse> {
    let { url } = request;
    for (let followed = 0; ; followed++) {
      const refusal = this.refusal(url, 'URL');
      if (refusal !== undefined) throw refusal;
      const from = new URL(url);
      const response = await this.#send(from, request, signal);
      const { status } = response;
      // A POST has credentials in its body: it goes to the one URL for which it was made.
      if (!isRedirect(status) || request.method === 'POST') return response;
      const location = response.header('location');
      const target = judgeRedirect({ method: 'GET', status, location, from, followed });
      if (!(target instanceof URL)) throw target;
      if (followed >= MOST_REDIRECTS) throw tooManyRedirects(from, status);
      url = target.href;
    }
  }

  async #send(url: URL, request: AuthRequest, signal: AbortSignal): Promise<AuthResponse> {
    const { dispatcher: given } = this.#options;
    const own = given === undefined ? await this.#connectionTo(url) : undefined;
    try {
      signal.throwIfAborted();
      return await this.#exchange((own ?? given) as Dispatcher, url, request, signal);
    } finally {
      await own?.destroy();
    }
  }

  async #connectionTo(url: URL): Promise<Dispatcher> {
    const Pool = await loadPool();
    const { timeout } = this.#options;
    return new Pool(url.origin, {
      connections: 1,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout, lookup: this.#lookup(url) } as object,
    });
  }

  /** What the socket calls for the addresses of a name: it gets the allowed ones only. */
  #lookup(url: URL) {
    const { rules, resolve = resolveName } = this.#options;
    return (name: string, options: LookupOptions, done: LookupCallback): void => {
      resolve(name).then(
        (found) => {
          const broken = found.map(({ address }) => rules.brokenByAddress(address, url.protocol));
          const allowed = found.filter((_one, index) => broken[index] === undefined);
          const [first] = allowed;
          if (first === undefined)
            done(new ForbiddenAddress(forbiddenUrl(url, 'URL', broken[0] ?? 'it has no address')));
          else if (options.all === true) done(null, [...allowed]);
          else done(null, first.address, first.family);
        },
        (thrown: unknown) => {
          done(thrown as Error);
        },
      );
    };
  }

  #exchange(dispatcher: Dispatcher, url: URL, request: AuthRequest, signal: AbortSignal): Promise<AuthResponse> {
    const { maxBytes } = this.#options;
    return new Promise((resolve, reject: (reason: unknown) => void) => {
      let head: ResponseHead | undefined;
      let size = 0;
      let over = false;
      const chunks: Buffer[] = [];
      const abandon = (): void => {
        end();
        attempt.abort();
        reject(signal.reason as Error);
      };
      const end = (): void => {
        over = true;
        signal.removeEventListener('abort', abandon);
      };
      const attempt = new HttpAttempt({
        get over() {
          return over;
        },
        responded: (received) => {
          head = received;
        },
        received: (bytes) => {
          size += bytes.length;
          if (size <= maxBytes) {
            chunks.push(bytes);
            return;
          }
          end();
          attempt.abort();
          reject(unreachable(`The response of ${shown(url.href)} has more than ${maxBytes} bytes`, about(url.href)));
        },
        ended: () => {
          end();
          resolve(responseOf(head, chunks));
        },
        broke: (error) => {
          end();
          reject(reasonOf(url, error));
        },
      });
      signal.addEventListener('abort', abandon, { once: true });
      const headers = { 'accept-encoding': 'identity', ...request.headers };
      const { origin, pathname, search } = url;
      try {
        dispatcher.dispatch(
          {
            origin,
            path: `${pathname}${search}`,
            method: request.method,
            headers: Object.entries(headers).flat(),
            body: request.body ?? null,
            headersTimeout: 0,
            bodyTimeout: 0,
          },
          attempt,
        );
      } catch (thrown) {
        end();
        reject(reasonOf(url, thrown as Error));
      }
    });
  }
}

type LookupCallback = (error: Error | null, address?: string | LookupAddress[], family?: number) => void;

/** Carries the failure through the socket. */
class ForbiddenAddress extends Error {
  readonly failure: Failure;

  constructor(why: Failure) {
    super(why.message);
    this.failure = why;
  }
}

function resolveName(name: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookup(name, { all: true }, (error, addresses) => {
      if (error === null) resolve(addresses);
      else reject(error);
    });
  });
}

function responseOf(head: ResponseHead = { status: 0, headers: {} }, chunks: readonly Buffer[]): AuthResponse {
  return {
    status: head.status,
    header: (name) => headerOf(head, name),
    text: compressionOf(head) === undefined ? Buffer.concat(chunks).toString('utf8') : '',
  };
}

/** The failure of a request without a response. The error itself is not kept: it may contain the request. */
function reasonOf(url: URL, error: Error): Failure {
  if (error instanceof ForbiddenAddress) return error.failure;
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  const { message, name } = error.message === '' && first instanceof Error ? first : error;
  const code = (error as NodeJS.ErrnoException).code ?? name;
  return unreachable(`Cannot reach ${shown(url.href)}: ${message || name}`, { ...about(url.href), reason: code });
}

function ended(url: string): Failure {
  return unreachable(`The request to ${shown(url)} was given up`, about(url));
}

function tooManyRedirects({ origin }: URL, status: number): Failure {
  const message = `${origin} redirects more than ${MOST_REDIRECTS} times in a row`;
  return failure('transport', 'MCP_REDIRECT_REFUSED', message, {
    errorCode: status,
    delivery: 'answered',
    details: { status, from: origin },
  });
}

function about(url: string): { readonly url: string } {
  return { url: shown(url) };
}

/** A URL without its query. */
function shown(url: string): string {
  return url.replace(/[?#].*$/s, '');
}
