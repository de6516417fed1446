import type { TimerHandle } from '../../util/environment.js';
import { isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { modernHeaders, statedVersion } from '../../protocol/http-headers.js';
import type { JSONRPCMessage, JSONRPCRequest, RequestId } from '../../protocol/messages/json-rpc.js';
import { messageText } from '../../protocol/messages/message-text.js';
import { HttpAdmission } from './http-admission.js';
import { DRAIN_TIMEOUT } from './http-call.js';
import type { HttpCall } from './http-call.js';
import { HttpEndpoint } from './http-endpoint.js';
import type { EndpointOptions } from '../endpoint-options.js';
import { HttpExchange } from './http-exchange.js';
import type { ExchangeOwner, OwnedExchange } from './http-exchange-owner.js';
import { INITIALIZED_TIMEOUT, initializedUnanswered, linkClosed, sessionLost } from './http-failures.js';
import { HttpPosts, postOf } from './http-posts.js';
import { HttpServerStream } from './http-server-stream.js';
import { HttpSession } from './http-session.js';
import { rejectedWith } from '../link.js';
import type { EstablishedSession, Link, LinkEvents, LinkMemory, SendOptions, ServerStreamEvents } from '../link.js';
import { UnorderedSet } from '../unordered-set.js';
import { SessionRefusals } from './session-refusals.js';
import { SseLink } from '../sse/sse-link.js';
import type { Framing } from '../transport.js';

/** The headers of every POST. Compression is declined, because a compressed response could expand to any size. */
const POSTED = [
  'accept',
  'application/json, text/event-stream',
  'accept-encoding',
  'identity',
  'content-type',
  'application/json',
];

// Milliseconds.
/** The longest wait for the response to the DELETE that terminates a session. */
const TERMINATE_TIMEOUT = 2_000;
/** The longest wait for the `endpoint` event of an HTTP+SSE server. */
const FIRST_EVENT = 5_000;
/** The longest wait for the response to the request that checks a session. */
const SESSION_CHECK = 5_000;

/** Up to this many exchanges are searched one by one, without a map. */
const SEARCHED_ONE_BY_ONE = 64;

/** Requests that the connection depends on: they do not wait behind calls that hang. */
const NOT_BEHIND_CALLS: ReadonlySet<string> = new Set([
  'initialize',
  'server/discover',
  'ping',
  'subscriptions/listen',
]);

/** A link over Streamable HTTP of any revision: one exchange for each request, and a session if the server creates one. */
export class HttpLink implements Link, ExchangeOwner {
  readonly endpoint: HttpEndpoint;
  readonly events: LinkEvents;
  readonly refusals: SessionRefusals;
  readonly #terminateTimeout: number;
  readonly #exchanges = new UnorderedSet<OwnedExchange>();
  /** Built when an exchange is searched among many. Keeping it up to date would cost each call a tenth of its time. */
  #byId: Map<RequestId, OwnedExchange> | undefined;
  readonly #admission: HttpAdmission<OwnedExchange>;
  readonly #posts: HttpPosts;
  #session = new HttpSession();
  /** Whether another client resumes the session. */
  #leftOpen = false;
  #serverStream: HttpServerStream | undefined;
  /** Calls whose response has arrived, but not ended. */
  readonly #draining = new UnorderedSet<HttpCall>();
  #sweep: TimerHandle;
  /** The link for all messages if the server speaks HTTP+SSE. */
  #older: SseLink | undefined;
  readonly #options: EndpointOptions;
  readonly #stop = new AbortController();
  #closing: Promise<void> | undefined;

  private constructor(endpoint: HttpEndpoint, options: EndpointOptions, events: LinkEvents) {
    this.endpoint = endpoint;
    this.#options = options;
    this.events = events;
    this.refusals = new SessionRefusals(events.environment);
    const { calls, own } = endpoint.shares;
    this.#admission = new HttpAdmission(events.environment, calls, own);
    this.#posts = new HttpPosts(this, endpoint.shares.posts);
    this.#terminateTimeout = Math.min(TERMINATE_TIMEOUT, options.timeout);
  }

  /** Prepares the link; sends nothing. */
  static async open(options: EndpointOptions, events: LinkEvents): Promise<HttpLink> {
    const endpoint = await HttpEndpoint.open(options);
    return new HttpLink(endpoint, options, events);
  }

  /** The id of the current session, if it has one. */
  get sessionId(): string | undefined {
    return this.#session.lost ? undefined : this.#session.id;
  }

  /** With a server of HTTP+SSE all messages share a stream. */
  get framing(): Framing {
    return this.#older === undefined ? 'per-request' : 'shared';
  }

  /** Requests the stream of a server of HTTP+SSE, which begins with the `endpoint` event. 2024-11-05 basic/transports. */
  async findOlder(): Promise<Link | Failure | undefined> {
    const { environment } = this.events;
    const expiry = new AbortController();
    const stop = (): void => {
      expiry.abort(linkClosed('not-sent'));
    };
    const timer = environment.setTimeout(stop, Math.min(FIRST_EVENT, this.#options.timeout));
    this.#stop.signal.addEventListener('abort', stop);
    try {
      this.#older = await SseLink.open({ stream: this.#options }, this.events, expiry.signal);
    } catch (thrown) {
      // Otherwise it is not an HTTP+SSE server, and its refusal of the handshake counts.
      if (isFailure(thrown) && forbidsConnecting(thrown)) return thrown;
    } finally {
      environment.clearTimeout(timer);
      this.#stop.signal.removeEventListener('abort', stop);
    }
    return this.#older;
  }

  send(message: JSONRPCMessage, options?: SendOptions): Promise<void> {
    if (this.#older !== undefined) return this.#older.send(message);
    if (this.#closing !== undefined) return rejectedWith(linkClosed('not-sent'));
    const body = messageText(message);
    if (typeof body !== 'string') return rejectedWith(body);
    const isRequest = 'method' in message && 'id' in message;
    if (isRequest && this.#beginsSession(message)) this.#session = new HttpSession();
    const session = this.#session;
    if (session.lost) {
      // Reported again, because the connection ignored the first report during a handshake.
      if (isRequest) this.events.sessionLost();
      return rejectedWith(sessionLost(this.endpoint.url));
    }
    if (isRequest) return this.#request(message, session, body, options);
    const isReply = !('method' in message);
    const post = (): Promise<void> => this.#post(session, this.#headers(message, session, options), body, isReply);
    if (session.ready !== undefined) return session.ready.then(post);
    if (!('method' in message) || message.method !== 'notifications/initialized') return post();
    const done = this.#accepted(post());
    const over = (): void => {
      session.ready = undefined;
    };
    session.ready = done.then(over, over);
    return done;
  }

  /** Resolves when the server has accepted `notifications/initialized`, or after a timeout; rejects if the server refuses it before. */
  #accepted(post: Promise<void>): Promise<void> {
    const { environment } = this.events;
    return new Promise((resolve, reject) => {
      const timer = environment.setTimeout(() => {
        this.events.problem(initializedUnanswered(this.endpoint.url));
        resolve();
      }, INITIALIZED_TIMEOUT);
      const settled = (): void => {
        environment.clearTimeout(timer);
      };
      post.finally(settled).then(resolve, reject);
    });
  }

  /** Whether a request begins a new session. A modern server has no session, unless it has replaced a legacy server. */
  #beginsSession({ method }: JSONRPCRequest): boolean {
    return method === 'initialize' || (method === 'server/discover' && this.#session.lost);
  }

  #request(
    message: JSONRPCRequest,
    session: HttpSession,
    body: string,
    options: SendOptions | undefined,
  ): Promise<void> {
    const headers = this.#headers(message, session, options);
    const modern = session.modern || statedVersion(message) !== undefined;
    const { doubtful } = this.refusals;
    const { budget } = this.endpoint;
    if (budget?.take(body.length) === false) return rejectedWith(budget.exhausted(postOf(body), 'not-sent'));
    const exchange = new HttpExchange(this, { message, modern, session, doubtful, headers, body });
    exchange.held = body.length;
    this.#byId = undefined;
    this.#exchanges.add(exchange);
    const own = NOT_BEHIND_CALLS.has(message.method);
    if (session.ready === undefined || modern) this.#admission.admit(exchange, own);
    else
      void session.ready.then(() => {
        this.#admission.admit(exchange, own);
      });
    return exchange.done;
  }

  #headers(message: JSONRPCMessage, session: HttpSession, options: SendOptions | undefined): string[] {
    const version = statedVersion(message) ?? (session.modern ? session.version : undefined);
    const headers = [...POSTED, ...(version === undefined ? session.headers() : modernHeaders(message, version))];
    return options?.headers === undefined ? headers : headers.concat(Object.entries(options.headers).flat());
  }

  #post(session: HttpSession, headers: readonly string[], body: string, isReply: boolean): Promise<void> {
    if (this.endpoint.closed) return rejectedWith(linkClosed('not-sent'));
    return this.#posts.send(session, headers, body, isReply);
  }

  established(established: EstablishedSession): void {
    const { era, protocolVersion } = established;
    this.#older?.established(established);
    const session = this.#session;
    session.modern = era === 'modern';
    session.version = protocolVersion;
    // Some servers of both eras send a session id to every client. It has no meaning in the modern era.
    if (session.modern) session.id = undefined;
  }

  /** A session of HTTP+SSE ends with its stream, so it cannot be exported. */
  suspend(): LinkMemory | undefined {
    if (this.#older !== undefined) return undefined;
    this.#leftOpen = true;
    const { streamed, lastEventId } = this.#session;
    return { sessionId: this.sessionId, streamed, lastEventId };
  }

  resume({ era, protocolVersion }: EstablishedSession, memory: LinkMemory): boolean {
    if (memory.sessionId !== undefined) this.endpoint.secrets.add(memory.sessionId);
    this.#session = Object.assign(new HttpSession(), {
      id: memory.sessionId,
      version: protocolVersion,
      modern: era === 'modern',
      streamed: memory.streamed,
      lastEventId: memory.lastEventId,
    });
    return true;
  }

  cancelUnsent(requestId: RequestId): boolean {
    if (this.#older !== undefined) return this.#older.cancelUnsent(requestId);
    const exchange = this.#exchangeOf(requestId);
    if (exchange === undefined || exchange.sent) return false;
    exchange.abort();
    return true;
  }

  abandon(requestId: RequestId): void {
    this.#exchangeOf(requestId)?.abort();
  }

  #exchangeOf(requestId: RequestId): OwnedExchange | undefined {
    if (this.#exchanges.size <= SEARCHED_ONE_BY_ONE) return this.#exchanges.find(({ id }) => id === requestId);
    this.#byId ??= new Map(this.#exchanges.all().map((exchange) => [exchange.id, exchange]));
    return this.#byId.get(requestId);
  }

  serverStream(events: ServerStreamEvents): () => void {
    const session = this.#session;
    if (this.#closing !== undefined || this.#older !== undefined || session.modern || session.lost) {
      events.unsupported();
      return () => undefined;
    }
    let stream: HttpServerStream | undefined;
    let dropped = false;
    const open = (): void => {
      if (!dropped && this.#closing === undefined)
        stream = this.#serverStream = new HttpServerStream(this, session, events);
    };
    if (session.ready === undefined) open();
    else void session.ready.then(open);
    return () => {
      dropped = true;
      stream?.close();
    };
  }

  loseSession(session: HttpSession): void {
    if (session.lost) return;
    session.lost = true;
    if (session === this.#session) this.events.sessionLost();
  }

  verify(session: HttpSession): Promise<void> {
    return (session.verification ??= this.#verify(session).finally(() => {
      session.verification = undefined;
    }));
  }

  /** Sends `tools/list`: every server with tools accepts it, so a refusal can only be about the session. */
  async #verify(session: HttpSession): Promise<void> {
    const { environment } = this.events;
    const ignore = (): void => undefined;
    const owner: ExchangeOwner = {
      endpoint: this.endpoint,
      events: { ...this.events, message: ignore, problem: ignore },
      refusals: this.refusals,
      loseSession: (lost) => {
        this.loseSession(lost);
      },
      drain: (call) => {
        this.drain(call);
      },
      park: (exchange) => {
        this.park(exchange);
      },
      unpark: (exchange) => {
        this.unpark(exchange);
      },
      ended: (exchange) => {
        this.ended(exchange);
      },
      findOlder: () => Promise.resolve(undefined),
      verify: () => Promise.resolve(),
    };
    const message = { jsonrpc: '2.0', id: 'session-check', method: 'tools/list' } as const;
    const headers = this.#headers(message, session, undefined);
    const request = { message, modern: false, session, doubtful: this.refusals.doubtful, headers };
    const exchange = new HttpExchange(owner, { ...request, body: JSON.stringify(message) });
    this.#exchanges.add(exchange);
    const timer = environment.setTimeout(() => {
      exchange.abort();
    }, SESSION_CHECK);
    this.#admission.admit(exchange, true);
    await exchange.done.then(
      () => {
        this.refusals.verified();
      },
      () => undefined,
    );
    environment.clearTimeout(timer);
  }

  park(exchange: OwnedExchange): void {
    this.#admission.park(exchange);
  }

  unpark(exchange: OwnedExchange): void {
    this.#admission.unpark(exchange);
  }

  ended(exchange: OwnedExchange): void {
    this.#exchanges.remove(exchange);
    if (this.#exchanges.size === 0) this.#byId = undefined;
    else this.#byId?.delete(exchange.id);
    this.endpoint.budget?.give(exchange.held);
    this.#admission.left(exchange);
  }

  drain(call: HttpCall): void {
    call.drain(this.#draining);
    this.#sweep ??= this.events.environment.setTimeout(this.#sweepUp, DRAIN_TIMEOUT);
  }

  readonly #sweepUp = (): void => {
    for (const call of this.#draining.all()) call.remind();
    this.#sweep =
      this.#draining.size > 0 ? this.events.environment.setTimeout(this.#sweepUp, DRAIN_TIMEOUT) : undefined;
  };

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#stop.abort();
    this.#admission.close();
    for (const exchange of this.#exchanges.all()) exchange.abort();
    this.#serverStream?.close();
    await this.#terminate();
    this.#posts.abort();
    this.events.environment.clearTimeout(this.#sweep);
    for (const call of this.#draining.all()) call.abort();
    await Promise.all([this.endpoint.close(), this.#older?.close()]);
  }

  /** Waits for the posts under way, then terminates the session, within a timeout. 2025-11-25 basic/transports. */
  async #terminate(): Promise<void> {
    const session = this.#session;
    if (this.#posts.size === 0 && this.sessionId === undefined) return;
    const { environment } = this.events;
    let timer: TimerHandle;
    let call: HttpCall | undefined;
    const expiry = new Promise<void>((resolve) => {
      timer = environment.setTimeout(resolve, this.#terminateTimeout);
    });
    const terminate = async (): Promise<void> => {
      await this.#posts.settled();
      // The timeout may have passed while the posts were awaited.
      if (this.sessionId === undefined || this.#leftOpen || this.endpoint.closed) return;
      await new Promise<void>((resolve) => {
        const received = (): void => {
          resolve();
        };
        const receiver = { head: received, chunk: received, end: received, failed: received };
        call = this.endpoint.call({ method: 'DELETE', headers: session.headers(), purpose: 'terminate' }, receiver);
        call.start();
      });
    };
    await Promise.race([terminate(), expiry]);
    environment.clearTimeout(timer);
    call?.abort();
  }
}

/** Whether a failure forbids another connection to the server, so that it is no evidence about HTTP+SSE. */
function forbidsConnecting({ kind, code, details }: Failure): boolean {
  // A redirect by status says nothing about HTTP+SSE.
  return kind === 'authentication' || (code === 'MCP_REDIRECT_REFUSED' && details?.status === undefined);
}
