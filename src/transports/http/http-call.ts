import type { Dispatcher } from 'undici';
import type { TokenSource } from '../../auth/token-source.js';
import type { TimerHandle } from '../../util/environment.js';
import type { Environment } from '../../util/environment.js';
import { describeThrown, failure, lookable } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { isHeaderValue } from '../../protocol/http-headers.js';
import { isRedirect, judgeRedirect } from '../../protocol/redirects.js';
import { HttpAttempt } from './http-attempt.js';
import type { AttemptOwner } from './http-attempt.js';
import { exchangeFailed, hasAuthorization, isAboutAuthentication, linkClosed, tokenRefusal } from './http-failures.js';
import { contentKind, headerOf } from './http-head.js';
import type { ResponseHead } from './http-head.js';
import { Pacer, pushBytes } from '../pacer.js';
import type { PacedStream } from '../pacer.js';
import type { Secrets } from '../secrets.js';
import type { UnorderedSet, UnorderedSetMember } from '../unordered-set.js';

/** Where a request goes, and what sends it there. */
export interface Route {
  readonly origin: string;
  /** With its query. */
  readonly path: string;
  readonly dispatcher: Dispatcher;
}

/** The endpoint that a call is made to. */
export interface CallEndpoint {
  readonly url: URL;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly environment: Environment;
  readonly auth: TokenSource | undefined;
  readonly secrets: Secrets;
  /** Whether it makes requests no longer. */
  readonly closed: boolean;
  /** How a request to a URL is dispatched. */
  route(url: URL): Route;
}

/** One request of HTTP. */
export interface HttpRequest {
  readonly method: 'POST' | 'GET' | 'DELETE';
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body?: string | undefined;
}

/** The receiver of the response to a request. Its methods must not throw. */
export interface HttpReceiver {
  /** The answer begins; redirects have been followed. */
  head(head: ResponseHead): void;
  chunk(bytes: Buffer): void;
  /** The answer is complete. */
  end(): void;
  /** There is no answer, or no more of it. The delivery is `not-sent` when no byte of the request reached a socket. */
  failed(reason: Failure): void;
}

/** What an answer that is not of interest is given to come to its end, at most; its connection can then be used again. Milliseconds. */
const DRAIN_TIMEOUT = 250;

/** Bytes, and chunks of so many, in which there cannot be so many events that they block anybody. */
const FEW = 2 * 1024;
const MANY = 100;

/**
 * One request over undici's `dispatch`, with its token and its redirects. After `abort()` the receiver is not called.
 */
export class HttpCall implements AttemptOwner, UnorderedSetMember, PacedStream<Buffer> {
  place = -1;
  readonly #endpoint: CallEndpoint;
  readonly #request: HttpRequest;
  readonly #receiver: HttpReceiver;
  #url: URL;
  #token: string | undefined;
  /** Whether a token was refused already; a second refusal is final. */
  #renewed = false;
  #attempt: HttpAttempt | undefined;
  /** The attempt before, while its answer may still come to its end. */
  #left: HttpAttempt | undefined;
  #patience: TimerHandle;
  #followed = 0;
  /** The receiver has the head of its answer. */
  #begun = false;
  #over = false;
  /** For a stream of events, of which a server can send any number at once: from the first chunk on that can have many. */
  #pacer: Pacer<Buffer> | undefined;
  #chunks = 0;
  #head: ResponseHead | undefined;
  #streams: boolean | undefined;
  /** The set of calls that should end soon, once this call is in it, and whether it was notified before. */
  #ending: UnorderedSet<HttpCall> | undefined;
  #overdue = false;

  constructor(endpoint: CallEndpoint, request: HttpRequest, receiver: HttpReceiver) {
    this.#endpoint = endpoint;
    this.#request = request;
    this.#receiver = receiver;
    this.#url = endpoint.url;
  }

  /** Sends it. Some dispatchers, such as mocks, answer before this returns, so the receiver must be ready for it. */
  start(): void {
    const { auth } = this.#endpoint;
    if (auth === undefined) this.#dispatch();
    else void this.#authorize(auth, undefined);
  }

  /** Whether a byte of it may have reached a server that has not turned it away. */
  get sent(): boolean {
    return this.#attempt?.started === true;
  }

  /** Where the answer comes from. */
  get url(): URL {
    return this.#url;
  }

  /** The clock and timers to use. */
  get environment(): Environment {
    return this.#endpoint.environment;
  }

  /** Whether it has a header `Authorization`. */
  get authorized(): boolean {
    return this.#token !== undefined || hasAuthorization(this.#endpoint.headers);
  }

  /** @param refusal what became of the token before */
  async #authorize(auth: TokenSource, refusal: ResponseHead | undefined): Promise<void> {
    const refused = this.#token;
    try {
      const why = refusal && refused !== undefined ? tokenRefusal(refused, refusal) : undefined;
      // A source that looks at its arguments must not see one where there is no refusal.
      const token: unknown = await (why === undefined ? auth.token() : auth.token(why));
      if (typeof token !== 'string' || token === '' || !isHeaderValue(token)) {
        throw new TypeError('it must give a string that can stand in a header');
      }
      this.#token = token;
      this.#endpoint.secrets.add(token);
    } catch (thrown) {
      this.#fail(
        failure('authentication', 'MCP_AUTHENTICATION_REQUIRED', `auth.token() failed: ${describeThrown(thrown)}`, {
          delivery: 'not-sent',
          cause: lookable(thrown),
        }),
      );
      return;
    }
    if (refusal === undefined || this.#token !== refused) this.#dispatch();
    else this.#deliver(refusal);
  }

  /** Hands on the refusal of a token when there is no other. */
  #deliver(refusal: ResponseHead): void {
    if (this.#over) return;
    this.#receiver.head(refusal);
    this.#complete();
  }

  #dispatch(): void {
    if (this.#over) return;
    if (this.#endpoint.closed) {
      this.#fail(linkClosed('not-sent'));
      return;
    }
    const { method, headers, body } = this.#request;
    const all = [...this.#endpoint.headers, ...headers];
    if (this.#token !== undefined) all.push('authorization', `Bearer ${this.#token}`);
    const { origin, path, dispatcher } = this.#endpoint.route(this.#url);
    const options = {
      origin,
      path,
      method,
      headers: all,
      body: body ?? null,
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    this.#attempt = new HttpAttempt(this);
    try {
      dispatcher.dispatch(options, this.#attempt);
    } catch (thrown) {
      this.#fail(exchangeFailed(this.#url, thrown as Error, false, false));
    }
  }

  responded(head: ResponseHead): void {
    if (this.#over) return;
    this.#drop();
    const { status } = head;
    const { auth } = this.#endpoint;
    if (auth !== undefined && !this.#renewed && isAboutAuthentication(head)) {
      this.#renewed = true;
      this.#leave();
      void this.#authorize(auth, head);
      return;
    }
    if (!isRedirect(status)) {
      this.#begun = true;
      this.#head = head;
      this.#receiver.head(head);
      return;
    }
    const verdict = judgeRedirect({
      method: this.#request.method,
      status,
      location: headerOf(head, 'location'),
      from: this.#url,
      followed: this.#followed,
    });
    if (verdict instanceof URL) {
      this.#leave();
      this.#url = verdict;
      this.#followed += 1;
      this.#dispatch();
    } else {
      this.#fail(verdict);
      this.#attempt?.abort();
    }
  }

  /** Whatever this answer says besides, and whether it comes to an end, is of no interest. */
  #leave(): void {
    const left = this.#attempt;
    left?.leave();
    this.#left = left;
    this.#attempt = undefined;
    // Where there is one connection, the next attempt waits for it.
    this.#patience = this.#endpoint.environment.setTimeout(() => {
      this.#drop();
    }, DRAIN_TIMEOUT);
  }

  /** Gives up the attempt that was left, unless it has come to its end. */
  #drop(): void {
    if (this.#left === undefined) return;
    this.#left.abort();
    this.#left = undefined;
    this.#endpoint.environment.clearTimeout(this.#patience);
  }

  received(bytes: Buffer): void {
    this.#chunks += 1;
    if ((bytes.length > FEW || this.#chunks > MANY) && this.#isStream()) this.#pacer ??= new Pacer(this);
    if (this.#pacer === undefined) this.take(bytes);
    else pushBytes(this.#pacer, bytes);
  }

  #isStream(): boolean {
    const head = this.#head;
    return (this.#streams ??= head !== undefined && contentKind(head) === 'events');
  }

  /** Hands the next bytes on: see {@link PacedStream}. */
  take(bytes: Buffer): void {
    if (!this.#over && this.#begun) this.#receiver.chunk(bytes);
  }

  hold(): void {
    this.#attempt?.pause();
  }

  release(): void {
    this.#attempt?.resume();
  }

  ended(): void {
    if (this.#pacer?.paused !== true) this.#complete();
    else
      this.#pacer.afterwards(() => {
        this.#complete();
      });
  }

  broke(error: Error, sent: boolean): void {
    const fail = (): void => {
      this.#fail(exchangeFailed(this.#url, error, sent, this.#begun));
    };
    if (this.#pacer === undefined) fail();
    else this.#pacer.afterwards(fail);
  }

  #complete(): void {
    if (this.#over) return;
    this.#finish();
    this.#receiver.end();
  }

  #fail(reason: Failure): void {
    if (this.#over) return;
    this.#finish();
    this.#receiver.failed(reason);
  }

  #finish(): void {
    this.#over = true;
    this.#drop();
    this.#ending?.remove(this);
  }

  /** Whether the receiver is not called any more. */
  get over(): boolean {
    return this.#over;
  }

  /** Gives the request up, and the connection that it is on. */
  abort(): void {
    if (this.#over) return;
    this.#finish();
    this.#pacer?.stop();
    this.#attempt?.abort();
  }

  /** What still comes is of no interest. It stands in the set until it has come to its end. */
  endSoon(ending: UnorderedSet<HttpCall>): void {
    if (this.#over) return;
    this.#ending = ending;
    ending.add(this);
  }

  /** Gives it up the second time. */
  remind(): void {
    if (this.#overdue) this.abort();
    this.#overdue = true;
  }
}
