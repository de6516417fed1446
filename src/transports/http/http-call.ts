import type { Dispatcher } from 'undici';
import type { Applicant, Authorizer, Credentials, RefusedAttempt, RequestPurpose } from '../../auth/authorizer.js';
import { compileChart, CompiledActor } from '../../compiled-chart.js';
import type { EventData } from '../../compiled-chart.js';
import type { Environment, TimerHandle } from '../../util/environment.js';
import { internalFailure, toTransportFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { judgeRedirect } from '../../protocol/redirects.js';
import { HttpAttempt } from './http-attempt.js';
import type { AttemptOwner } from './http-attempt.js';
import { callMachine, CHANGES, GUARDS } from './http-call-machine.js';
import type { CallEvent, CallFacts } from './http-call-machine.js';
import { exchangeFailed, hasAuthorization, isAboutAuthentication, linkClosed } from './http-failures.js';
import { contentKind, headerOf } from './http-head.js';
import type { ResponseHead } from './http-head.js';
import { Pacer, pushBytes } from '../pacer.js';
import type { PacedStream } from '../pacer.js';
import type { Secrets } from '../secrets.js';
import type { UnorderedSet, UnorderedSetMember } from '../unordered-set.js';

/** The address of a request, and the dispatcher that sends it. */
export interface Route {
  readonly origin: string;
  /** The path with the query. */
  readonly path: string;
  readonly dispatcher: Dispatcher;
}

/** The endpoint that a call is made to. */
export interface CallEndpoint {
  readonly url: URL;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly environment: Environment;
  readonly authorizer: Authorizer | undefined;
  readonly secrets: Secrets;
  /** Whether the endpoint is closed: it makes no more requests. */
  readonly closed: boolean;
  /** How a request to a URL is dispatched. */
  route(url: URL): Route;
}

/** An HTTP request. */
export interface HttpRequest {
  readonly method: 'POST' | 'GET' | 'DELETE';
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body?: string | undefined;
  /** Default: `call`. */
  readonly purpose?: RequestPurpose | undefined;
}

/** The receiver of the response to a request. Its methods must not throw. */
export interface HttpReceiver {
  /** The response begins. Redirects have been followed. */
  head(head: ResponseHead): void;
  chunk(bytes: Buffer): void;
  /** The response is complete. */
  end(): void;
  /** There is no response, or it broke off. The delivery is `not-sent` if no byte of the request reached a socket. */
  failed(reason: Failure): void;
  /** The request waits, because a person is asked to sign in. */
  parked?(): void;
  /** The request does not wait for a person any more. */
  unparked?(): void;
}

/** How long a response of no further interest may take to end, in ms, so that its connection can be used again. */
export const DRAIN_TIMEOUT = 250;

/** Chunks of a stream are paced after a chunk of more than so many bytes, or after so many chunks. Fewer cannot block the event loop. */
const FEW_BYTES = 2 * 1024;
const FEW_CHUNKS = 100;

const START = { type: 'start' } as const;
const TOKEN = { type: 'token' } as const;
const PARK = { type: 'park' } as const;
const UNPARK = { type: 'unpark' } as const;
const END = { type: 'end' } as const;
const DRAIN = { type: 'drain' } as const;
const OVERDUE = { type: 'overdue' } as const;
const ABORT = { type: 'abort' } as const;

/**
 * One HTTP request over undici's `dispatch`. Its chart, `http-call-machine.ts`, decides about tokens, redirects and the end; this class has the
 * effects of the chart. After `abort()` the receiver is not called.
 */
export class HttpCall
  extends CompiledActor<HttpCall, CallEvent>
  implements Applicant, AttemptOwner, CallFacts, UnorderedSetMember, PacedStream<Buffer>
{
  static readonly #start = compileChart<HttpCall, EventData<CallEvent>>(callMachine, {
    guards: GUARDS,
    actions: {
      ...CHANGES,
      requestToken: (call) => call.#requestCredentials(),
      renewToken: (call, { head }) => void call.#renewCredentials(head as ResponseHead),
      reportParked: (call) => call.#receiver.parked?.(),
      reportUnparked: (call) => call.#receiver.unparked?.(),
      dispatch: (call) => call.#dispatch(),
      leaveAttempt: (call) => call.#leaveAttempt(),
      dropLeftAttempt: (call) => call.#dropLeftAttempt(),
      judgeRedirect: (call, { head }) => call.#judgeRedirect(head as ResponseHead),
      follow: (call, { url }) => call.#follow(url as URL),
      passHead: (call, { head }) => call.#passHead(head as ResponseHead),
      stopPassing: (call) => (call.#passing = false),
      joinDraining: (call) => call.#draining?.add(call),
      quitDraining: (call) => call.#draining?.remove(call),
      abortAttempt: (call) => call.#abortAttempt(),
      reportEnd: (call) => call.#receiver.end(),
      reportFailure: (call, { failure: reason }) => call.#receiver.failed(reason as Failure),
    },
  });

  place = -1;
  readonly needsToken: boolean;
  renewals: number;
  readonly #endpoint: CallEndpoint;
  readonly #request: HttpRequest;
  readonly #receiver: HttpReceiver;
  #url: URL;
  #credentials: Credentials | undefined;
  /** The refusals of credentials, once there are any. */
  #refusals: readonly RefusedAttempt[] | undefined;
  #redirects = 0;
  #attempt: HttpAttempt | undefined;
  /** The attempt before, while its response may still end by itself. */
  #leftAttempt: HttpAttempt | undefined;
  #leftTimer: TimerHandle;
  /** The head of the response that the receiver got. */
  #head: ResponseHead | undefined;
  /** Whether the receiver gets the body. */
  #passing = false;
  /** For an event stream, in which a server can send any number of events at once: from the first chunk that may contain many of them. */
  #pacer: Pacer<Buffer> | undefined;
  #chunks = 0;
  #isStream: boolean | undefined;
  /** The set of draining calls that this call joins. */
  #draining: UnorderedSet<HttpCall> | undefined;

  constructor(endpoint: CallEndpoint, request: HttpRequest, receiver: HttpReceiver) {
    super(HttpCall.#start);
    this.#endpoint = endpoint;
    this.#request = request;
    this.#receiver = receiver;
    this.#url = endpoint.url;
    this.needsToken = endpoint.authorizer !== undefined;
    this.renewals = endpoint.authorizer?.mostRenewals ?? 0;
  }

  /** Sends the request. Some dispatchers, such as mocks, respond before this returns, so the receiver must be ready. */
  start(): void {
    this.send(START);
  }

  /** Whether a byte of the request may have reached a server that has not refused or redirected it. */
  get sent(): boolean {
    return this.#attempt?.started === true;
  }

  /** The URL of the request, after redirects. */
  get url(): URL {
    return this.#url;
  }

  /** The clock and timers to use. */
  get environment(): Environment {
    return this.#endpoint.environment;
  }

  /** Whether the request has a header `Authorization`. */
  get authorized(): boolean {
    return this.#credentials?.authorization !== undefined || hasAuthorization(this.#endpoint.headers);
  }

  get #authorizer(): Authorizer {
    return this.#endpoint.authorizer as Authorizer;
  }

  get purpose(): RequestPurpose {
    return this.#request.purpose ?? 'call';
  }

  park(): void {
    this.send(PARK);
  }

  unpark(): void {
    this.send(UNPARK);
  }

  /** Credentials that are at hand cost no turn of the event loop. */
  #requestCredentials(): void {
    if (this.#endpoint.closed) {
      this.#fail(linkClosed('not-sent'));
      return;
    }
    const credentials = this.#authorizer.credentials(this);
    if ('then' in credentials)
      credentials.then(
        (received) => {
          this.#useCredentials(received);
        },
        (thrown: unknown) => {
          this.#failUnsent(thrown);
        },
      );
    else this.#useCredentials(credentials);
  }

  #useCredentials(credentials: Credentials): void {
    this.#credentials = credentials;
    this.send(TOKEN);
  }

  #failUnsent(thrown: unknown): void {
    this.#fail(toTransportFailure(thrown, 'not-sent'));
  }

  /** @param head the response that refused the credentials */
  async #renewCredentials(head: ResponseHead): Promise<void> {
    const { status, headers } = head;
    const earlier = this.#refusals ?? [];
    const refused = { sent: this.#credentials as Credentials, status, challenge: headers['www-authenticate'] };
    this.#refusals = [...earlier, refused];
    try {
      const renewed = await this.#authorizer.renew(this, { ...refused, earlier });
      if (renewed !== undefined) {
        this.#useCredentials(renewed);
        return;
      }
    } catch (thrown) {
      this.#failUnsent(thrown);
      return;
    }
    this.send({ type: 'sameToken', head });
    this.send(END);
  }

  #dispatch(): void {
    if (this.#endpoint.closed) {
      this.#fail(linkClosed('not-sent'));
      return;
    }
    const { method, headers, body } = this.#request;
    const all = [...this.#endpoint.headers, ...headers];
    const { authorization, prover } = this.#credentials ?? {};
    if (authorization !== undefined) all.push('authorization', authorization);
    if (prover !== undefined) all.push('dpop', prover.prove(method, this.#url));
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
    const nonce = this.#credentials?.prover && headerOf(head, 'dpop-nonce');
    if (nonce !== undefined) this.#credentials?.prover?.noteNonce(this.#url, nonce);
    if (this.#credentials !== undefined && !isAboutAuthentication(head))
      this.#endpoint.authorizer?.accepted(this.#credentials);
    this.send({ type: 'response', head });
  }

  #judgeRedirect(head: ResponseHead): void {
    const { status } = head;
    const { method } = this.#request;
    const location = headerOf(head, 'location');
    const verdict = judgeRedirect({ method, status, location, from: this.#url, followed: this.#redirects });
    if (verdict instanceof URL) this.send({ type: 'redirect', url: verdict });
    else this.send({ type: 'refuseRedirect', failure: verdict });
  }

  #follow(url: URL): void {
    this.#url = url;
    this.#redirects += 1;
  }

  #passHead(head: ResponseHead): void {
    this.#head = head;
    this.#passing = true;
    this.#receiver.head(head);
  }

  #abortAttempt(): void {
    this.#pacer?.stop();
    this.#attempt?.abort();
  }

  /** Ignores the rest of the response. The next attempt may wait for its connection, so the response may not take long. */
  #leaveAttempt(): void {
    const left = this.#attempt;
    this.#leftAttempt = left;
    this.#attempt = undefined;
    left?.leave(() => {
      if (this.#leftAttempt === left) this.#dropLeftAttempt();
    });
    this.#leftTimer = this.#endpoint.environment.setTimeout(() => {
      this.#dropLeftAttempt();
    }, DRAIN_TIMEOUT);
  }

  /** Aborts the attempt that was left, unless its response has ended. */
  #dropLeftAttempt(): void {
    if (this.#leftAttempt === undefined) return;
    this.#leftAttempt.abort();
    this.#leftAttempt = undefined;
    this.#endpoint.environment.clearTimeout(this.#leftTimer);
  }

  received(bytes: Buffer): void {
    this.#chunks += 1;
    if ((bytes.length > FEW_BYTES || this.#chunks > FEW_CHUNKS) && this.#streams()) this.#pacer ??= new Pacer(this);
    if (this.#pacer === undefined) this.take(bytes);
    else pushBytes(this.#pacer, bytes);
  }

  #streams(): boolean {
    return (this.#isStream ??= this.#head !== undefined && contentKind(this.#head) === 'events');
  }

  /** Passes the next bytes to the receiver: see {@link PacedStream}. */
  take(bytes: Buffer): void {
    if (this.#passing) this.#receiver.chunk(bytes);
  }

  hold(): void {
    this.#attempt?.pause();
  }

  release(): void {
    this.#attempt?.resume();
  }

  ended(): void {
    this.#afterBytes(END);
  }

  broke(error: Error, sent: boolean): void {
    this.#afterBytes({ type: 'fail', failure: exchangeFailed(this.#url, error, sent, this.#head !== undefined) });
  }

  /** The end of a response is handled after the bytes before it. */
  #afterBytes(event: CallEvent): void {
    if (this.#pacer === undefined) this.send(event);
    else
      this.#pacer.afterwards(() => {
        this.send(event);
      });
  }

  #fail(reason: Failure): void {
    this.send({ type: 'fail', failure: reason });
  }

  protected override crashed(thrown: unknown, state: string): void {
    const delivery = this.sent ? 'unknown' : 'not-sent';
    this.#passing = false;
    this.#abortAttempt();
    this.#dropLeftAttempt();
    this.#draining?.remove(this);
    if (state !== 'aborted')
      this.#receiver.failed(internalFailure(thrown, 'transport', 'The request failed', { delivery }));
  }

  /** Aborts the request and its connection. */
  abort(): void {
    this.send(ABORT);
  }

  /** Lets the response end by itself. The call is in the set until then. */
  drain(set: UnorderedSet<HttpCall>): void {
    this.#draining = set;
    this.send(DRAIN);
  }

  /** Reminds a draining call of its end. Aborts it the second time. */
  remind(): void {
    this.send(OVERDUE);
  }
}
