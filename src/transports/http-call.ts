import type { Dispatcher } from 'undici';
import type { TokenSource } from '../auth/token-source.js';
import { describeThrown, failure } from '../protocol/failure.js';
import type { Failure } from '../protocol/failure.js';
import { isHeaderValue } from '../protocol/http-headers.js';
import { isRedirect, judgeRedirect } from '../protocol/redirects.js';
import type { HttpEndpoint } from './http-endpoint.js';
import { exchangeFailed, isAboutAuthentication, tokenRefusal } from './http-failures.js';
import { headerOf } from './http-head.js';
import type { ResponseHead } from './http-head.js';
import type { Roster, RosterMember } from './roster.js';

/** One request of HTTP. */
export interface HttpRequest {
  readonly method: 'POST' | 'GET' | 'DELETE';
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body?: string | undefined;
}

/** Who hears what becomes of a request. None of these may throw. */
export interface HttpReceiver {
  /** The answer begins; redirects have been followed. */
  head(head: ResponseHead): void;
  chunk(bytes: Buffer): void;
  /** The answer is complete. */
  end(): void;
  /** There is no answer, or no more of it. The delivery is `not-sent` when no byte of the request reached a socket. */
  failed(reason: Failure): void;
}

const CLOSED = new Error('closed by the client');

/**
 * One request over undici's `dispatch`, with its token and its redirects. Nothing is told after `abort()`.
 */
export class HttpCall implements Dispatcher.DispatchHandler, RosterMember {
  place = -1;
  readonly #endpoint: HttpEndpoint;
  readonly #request: HttpRequest;
  readonly #receiver: HttpReceiver;
  #url: URL;
  #token: string | undefined;
  /** The refusal of the first token, while it is not known whether there is another. */
  #refusal: ResponseHead | undefined;
  #renewed = false;
  #controller: Dispatcher.DispatchController | undefined;
  #followed = 0;
  /** What is being read: an answer for the receiver, or one that is thrown away because it redirects. */
  #begun = false;
  #target: URL | undefined;
  #over = false;
  /** Those that should end soon, once it is one of them, and whether it was told so before. */
  #ending: Roster<HttpCall> | undefined;
  #overdue = false;

  constructor(endpoint: HttpEndpoint, request: HttpRequest, receiver: HttpReceiver) {
    this.#endpoint = endpoint;
    this.#request = request;
    this.#receiver = receiver;
    this.#url = endpoint.url;
  }

  /** Sends it. Some dispatchers, such as mocks, answer before this returns, so the receiver must be ready for it. */
  start(): void {
    const { auth } = this.#endpoint;
    if (auth === undefined) this.#dispatch();
    else void this.#authorize(auth);
  }

  /** Where the answer comes from. */
  get url(): URL {
    return this.#url;
  }

  async #authorize(auth: TokenSource): Promise<void> {
    const refusal = this.#refusal;
    const refused = this.#token;
    try {
      const why = refusal && refused !== undefined ? tokenRefusal(refused, refusal) : undefined;
      // A source that looks at its arguments must not see one where there is no refusal.
      const token: unknown = await (why === undefined ? auth.token() : auth.token(why));
      if (typeof token !== 'string' || token === '' || !isHeaderValue(token)) {
        throw new TypeError('it must give a string that can stand in a header');
      }
      this.#token = token;
    } catch (thrown) {
      this.#fail(
        failure('authentication', 'MCP_AUTHENTICATION_REQUIRED', `auth.token() failed: ${describeThrown(thrown)}`, {
          delivery: 'not-sent',
          cause: thrown,
        }),
      );
      return;
    }
    this.#refusal = undefined;
    if (refusal === undefined || this.#token !== refused) this.#dispatch();
    else this.#deliver(refusal);
  }

  /** Hands on the refusal of a token when there is no other. */
  #deliver(refusal: ResponseHead): void {
    if (this.#over) return;
    this.#begun = true;
    this.#receiver.head(refusal);
    this.onResponseEnd();
  }

  #dispatch(): void {
    if (this.#over) return;
    const { method, headers, body } = this.#request;
    const all = [...this.#endpoint.headers, ...headers];
    if (this.#token !== undefined) all.push('authorization', `Bearer ${this.#token}`);
    this.#controller = undefined;
    const { origin, pathname, search } = this.#url;
    const options = {
      origin,
      path: `${pathname}${search}`,
      method,
      headers: all,
      body: body ?? null,
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    try {
      this.#endpoint.dispatcher(origin).dispatch(options, this);
    } catch (thrown) {
      this.#fail(exchangeFailed(this.#url, thrown as Error, false, false));
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(CLOSED);
  }

  onRequestUpgrade(controller: Dispatcher.DispatchController): void {
    // Nobody asked for one.
    controller.abort(CLOSED);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: ResponseHead['headers']): void {
    if (this.#over || status < 200) return;
    const head = { status, headers };
    if (this.#token !== undefined && !this.#renewed && isAboutAuthentication(head)) {
      this.#renewed = true;
      this.#refusal = head;
      return;
    }
    if (!isRedirect(status)) {
      this.#begun = true;
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
    if (verdict instanceof URL) this.#target = verdict;
    else {
      this.#fail(verdict);
      this.#controller?.abort(CLOSED);
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over && this.#begun) this.#receiver.chunk(chunk);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    if (this.#refusal !== undefined) {
      const { auth } = this.#endpoint;
      if (auth !== undefined) void this.#authorize(auth);
      return;
    }
    if (this.#target === undefined) {
      this.#finish();
      this.#receiver.end();
      return;
    }
    this.#url = this.#target;
    this.#target = undefined;
    this.#followed += 1;
    this.#dispatch();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const refusal = this.#refusal;
    if (refusal !== undefined) {
      this.#deliver(refusal);
      return;
    }
    this.#fail(exchangeFailed(this.#url, error, this.#controller !== undefined, this.#begun));
  }

  #fail(reason: Failure): void {
    if (this.#over) return;
    this.#finish();
    this.#receiver.failed(reason);
  }

  #finish(): void {
    this.#over = true;
    this.#ending?.remove(this);
  }

  /** Whether nothing more will be told. */
  get over(): boolean {
    return this.#over;
  }

  /** Gives the request up, and the connection that it is on. */
  abort(): void {
    if (this.#over) return;
    this.#finish();
    this.#controller?.abort(CLOSED);
  }

  /** What still comes is of no interest. It stands in the roster until it has come to its end. */
  endSoon(ending: Roster<HttpCall>): void {
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
