import { isTemporaryStatus, askedDelay, reopeningDelay, RESUMPTION_BACKOFF } from '../../util/retry-policy.js';
import { isIdOf, readAnswer, rpcErrorOf } from '../../protocol/messages/exchange-response.js';
import { failure, isFailure, toTransportFailure, withDelivery } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { isSessionId } from '../../protocol/http-headers.js';
import type { JSONRPCErrorObject, JSONRPCRequest, RequestId } from '../../protocol/messages/json-rpc.js';
import { isModernError } from '../../protocol/negotiation.js';
import type { Admittable } from './http-admission.js';
import { EventStream } from './event-stream.js';
import type { StreamEvent } from './event-stream.js';
import { HttpBody, parseJson } from './http-body.js';
import type { HttpCall, HttpReceiver } from './http-call.js';
import type { HttpEndpoint } from './http-endpoint.js';
import {
  authenticationFailure,
  bodyTooLarge,
  endedWithoutAnswer,
  isAboutAuthentication,
  linkClosed,
  sessionLost,
  statusFailure,
  wrongContent,
} from './http-failures.js';
import { contentKind, headerOf } from './http-head.js';
import type { ResponseHead } from './http-head.js';
import { isRefusalText, LONGEST_REASON, refusalReason } from './http-refusal.js';
import type { HttpSession } from './http-session.js';
import type { Link, LinkEvents } from '../link.js';
import type { UnorderedSetMember } from '../unordered-set.js';
import type { SessionRefusals } from './session-refusals.js';

/** What an exchange needs from the link that it belongs to. */
export interface ExchangeOwner {
  readonly endpoint: HttpEndpoint;
  readonly events: LinkEvents;
  readonly refusals: SessionRefusals;
  /** The server does not know the session any more. */
  lose(session: HttpSession): void;
  /** The answer is here and its stream is not at its end yet. */
  drain(call: HttpCall): void;
  /** Nothing more comes of this exchange. */
  ended(exchange: HttpExchange): void;
  /**
   * Looks whether the server speaks HTTP+SSE, which is older; from then on everything goes over that link. A failure says that it must not
   * be spoken to in this way.
   */
  findOlder(): Promise<Link | Failure | undefined>;
  /** Finds out whether the server still knows a session, and loses it when it does not. Never rejects. */
  verify(session: HttpSession): Promise<void>;
}

/** What is sent, and what has to be known about it. */
export interface ExchangeRequest {
  readonly message: JSONRPCRequest;
  /** A modern request: sessions and resumption do not exist. */
  readonly modern: boolean;
  readonly session: HttpSession;
  /** Sent while words could not cost the session. */
  readonly doubtful: boolean;
  readonly headers: readonly string[];
  readonly body: string;
}

/**
 * Where an exchange is: it reads the response; it waits until it is known what a refusal means, for instance that the server speaks HTTP+SSE, and
 * ignores the rest of the response; it resumes its stream; or it is over.
 */
type Stage = 'asking' | 'deciding' | 'resuming' | 'over';

/** What is being read. */
type Reader = EventStream | HttpBody | undefined;

const NO_HEAD: ResponseHead = { status: 0, headers: {} };
/** Attempts in a row that may fail before a stream is given up. */
const MOST_FAILURES = 6;

/** Refusals of the handshake after which a server may still turn out to be one of HTTP+SSE. */
const MAYBE_OLDER: ReadonlySet<number> = new Set([400, 404, 405]);

/** One request and its answer, which comes as JSON or on a stream of events. Modern streams end with what breaks them; legacy streams go on. */
export class HttpExchange implements HttpReceiver, UnorderedSetMember, Admittable {
  place = -1;
  admitted: 'call' | 'own' | undefined = undefined;
  /** How many bytes its owner took from the budget for it. */
  held = 0;
  readonly id: RequestId;
  /** Settles with the exchange; rejects with a failure. */
  readonly done: Promise<void>;
  readonly #owner: ExchangeOwner;
  readonly #request: ExchangeRequest;
  #resolve!: () => void;
  #reject!: (reason: Error) => void;
  #call: HttpCall | undefined;
  #head: ResponseHead | undefined;
  #reader: Reader;
  #stage: Stage = 'asking';
  /** Where the stream is, once the server has said so. */
  #lastEventId: string | undefined;
  #retry: number | undefined;
  /** Attempts to resume that failed in a row. */
  #failures = 0;
  #timer: unknown;

  constructor(owner: ExchangeOwner, request: ExchangeRequest) {
    this.#owner = owner;
    this.#request = request;
    this.id = request.message.id;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Whether a byte may have left already. A call that takes the stream up again says nothing about that. */
  get sent(): boolean {
    return this.#lastEventId !== undefined || this.#call?.sent === true;
  }

  get over(): boolean {
    return this.#stage === 'over';
  }

  start(): void {
    const { headers, body, session } = this.#request;
    // It may have been lost while this one waited for its turn.
    if (session.lost) {
      this.#fail(sessionLost(this.#url, 404));
      return;
    }
    this.#call = this.#owner.endpoint.call({ method: 'POST', headers, body }, this);
    this.#call.start();
  }

  /** Ends the exchange from this side: its promise rejects with this failure. */
  abort(): void {
    if (this.over) return;
    const { sent } = this;
    this.#call?.abort();
    this.#fail(linkClosed(sent ? 'unknown' : 'not-sent'));
  }

  head(head: ResponseHead): void {
    this.#head = head;
    if (this.#stage === 'resuming') this.#resumed(head);
    else if (head.status >= 400) this.#refused(head);
    else this.#accepted(head);
  }

  #accepted(head: ResponseHead): void {
    const { message, session } = this.#request;
    if (message.method === 'initialize') {
      // An empty one is none.
      const id = headerOf(head, 'mcp-session-id') || undefined;
      if (id !== undefined && !isSessionId(id)) {
        this.#give(
          failure('protocol', 'MCP_INVALID_MESSAGE', 'The session id of the server is not visible ASCII', {
            delivery: 'answered',
            details: { field: 'mcp-session-id' },
          }),
        );
        return;
      }
      session.id = id;
      if (id !== undefined) this.#owner.endpoint.secrets.add(id);
    }
    const kind = contentKind(head);
    if (kind === 'events') this.#openStream();
    else if (kind === 'json') this.#openBody(head);
    else this.#give(wrongContent(this.#url, head));
  }

  get #url(): URL {
    return this.#call?.url ?? this.#owner.endpoint.url;
  }

  #openStream(): void {
    const { maxMessageBytes, budget } = this.#owner.endpoint;
    const tooLarge = (problem: Failure): void => {
      this.#unreadable(problem);
    };
    const event = (one: StreamEvent): void => {
      this.#event(one);
    };
    this.#reader = new EventStream({ event, tooLarge }, maxMessageBytes, budget);
  }

  #openBody(head: ResponseHead): void {
    const { endpoint } = this.#owner;
    const maxMessageBytes = isRefusalText(head) ? LONGEST_REASON : endpoint.maxMessageBytes;
    const length = Number(headerOf(head, 'content-length'));
    if (length > maxMessageBytes) this.#unread(bodyTooLarge(maxMessageBytes, length));
    else this.#reader = new HttpBody(maxMessageBytes, endpoint.budget);
  }

  /** The server turned the request away. Why may stand in the body. */
  #refused(head: ResponseHead): void {
    const readable = contentKind(head) === 'json' || isRefusalText(head);
    // Some servers answer 401 without a challenge when they do not know the session.
    const challenged = headerOf(head, 'www-authenticate') !== undefined || !this.#namesSession;
    if (isAboutAuthentication(head) && (challenged || !readable)) this.#give(this.#statusFailure());
    else if (readable) this.#openBody(head);
    else this.#unread();
  }

  /** Whether the request named a session, so that 404 means that the server does not know it. */
  get #namesSession(): boolean {
    const { session, modern } = this.#request;
    return session.id !== undefined && !modern;
  }

  /** The response has only a status, or a body that is not read: a page, another content type or encoding, or one that is too long. */
  #unread(why = this.#statusFailure()): void {
    const refuse = (): void => {
      this.#unlessOlder(() => {
        this.#give(why);
      });
    };
    if (this.#head?.status !== 404 || !this.#namesSession || !this.#mayLoseSession(undefined, '', refuse)) refuse();
  }

  /**
   * A server that does not take the handshake may be one of HTTP+SSE. Only when it is not, the refusal counts. 2025-11-25
   * basic/transports, "Backwards Compatibility".
   */
  #unlessOlder(refuse: () => void): void {
    const { message } = this.#request;
    if (message.method !== 'initialize' || !MAYBE_OLDER.has(this.#head?.status ?? 0)) {
      refuse();
      return;
    }
    this.#stage = 'deciding';
    void this.#owner.findOlder().then((found) => {
      if (this.over) return;
      if (found === undefined) refuse();
      else if (isFailure(found)) this.#give(found);
      else
        Promise.resolve(found.send(message)).then(
          () => {
            this.#succeed();
          },
          (thrown: unknown) => {
            this.#fail(toTransportFailure(thrown));
          },
        );
    });
  }

  /** @param why the reason from the server: a JSON-RPC error, or text */
  #loseSession(why?: JSONRPCErrorObject | string): void {
    const { session } = this.#request;
    this.#owner.lose(session);
    this.#give(sessionLost(this.#url, this.#head?.status ?? 404, why));
  }

  /**
   * Whether an error or a text means that the server does not know the session, or may mean it.
   * @param otherwise what is to be done when it turns out to mean something else
   */
  #mayLoseSession(value: unknown, why: JSONRPCErrorObject | string, otherwise: () => void): boolean {
    const { refusals } = this.#owner;
    const { session } = this.#request;
    const own = isIdOf(this.#request.message, (value as { id?: unknown } | undefined)?.id);
    const refusal = typeof why === 'string' ? { message: why } : { ...why, own };
    const verdict = refusals.judge(this.#head?.status ?? 0, refusal, this.#request);
    if (verdict === 'lost') this.#loseSession(why);
    if (verdict !== 'unclear') return verdict === 'lost';
    this.#stage = 'deciding';
    this.#readNoMore();
    this.#release(false);
    void this.#owner.verify(session).then(() => {
      if (this.over) return;
      if (session.lost) this.#loseSession(why);
      else otherwise();
    });
    return true;
  }

  #statusFailure(why?: JSONRPCErrorObject | string): Failure {
    const head = this.#head ?? NO_HEAD;
    if (isAboutAuthentication(head)) return authenticationFailure(this.#url, head, this.#call?.authorized === true);
    return statusFailure(this.#url, head, this.#owner.events.environment.now(), why);
  }

  chunk(bytes: Buffer): void {
    if (this.over) return;
    if (this.#reader instanceof HttpBody) {
      const excess = this.#reader.push(bytes);
      if (excess !== undefined) this.#tooMuch(this.#reader, excess);
      return;
    }
    const stream = this.#reader;
    stream?.feed(bytes);
    if (stream?.lastEventId !== undefined) this.#lastEventId = stream.lastEventId;
    if (stream?.retry !== undefined) this.#retry = stream.retry;
  }

  /** Of a text that says why something was refused the beginning is enough. */
  #tooMuch(body: HttpBody, excess: Failure): void {
    if (this.#head === undefined || !isRefusalText(this.#head)) {
      this.#unread(excess);
      return;
    }
    const reason = refusalReason(body.text());
    this.#readNoMore();
    this.#unread(this.#statusFailure(reason));
  }

  #event({ type, data }: StreamEvent): void {
    if (this.#stage !== 'asking' || type !== 'message') return;
    const parsed = parseJson(data);
    if (isFailure(parsed)) this.#unreadable(parsed);
    else this.#received(parsed.value, false);
  }

  /** An invalid event counts as the response, unless it is clearly another message, because the stream belongs to this request. */
  #unreadable(problem: Failure): void {
    const { method, requestId = this.id } = problem.details ?? {};
    if (method === undefined && isIdOf(this.#request.message, requestId)) this.#give(withDelivery(problem, 'answered'));
    else this.#owner.events.problem(problem);
  }

  /** @param alone nothing else will come: it is the whole body */
  #received(value: unknown, alone: boolean): void {
    const { refusals } = this.#owner;
    const error = rpcErrorOf(value);
    if (error === undefined) refusals.accepted(this.#request.session);
    else if (
      this.#mayLoseSession(value, error, () => {
        this.#deliver(value, alone);
      })
    )
      return;
    this.#deliver(value, alone);
  }

  #deliver(value: unknown, alone: boolean): void {
    const { id } = this;
    const { message, modern } = this.#request;
    const reading = readAnswer(value, message, alone, modern);
    if (reading.kind === 'spoiled') {
      this.#give(reading.failure);
      return;
    }
    this.#owner.events.message(reading.kind === 'answer' ? reading.value : value, { requestId: id });
    if (reading.kind === 'answer') this.#succeed();
  }

  end(): void {
    if (this.over || this.#stage === 'deciding') return;
    const reader = this.#reader;
    if (reader instanceof HttpBody) this.#readBody(reader);
    this.#readNoMore();
    if (!(reader instanceof HttpBody)) this.#broke(endedWithoutAnswer(this.#url, this.#head, 'The stream'));
  }

  #readBody(body: HttpBody): void {
    const status = this.#head?.status ?? 0;
    const text = body.text();
    const parsed = parseJson(text);
    if (status >= 400) {
      this.#readRefusal(isFailure(parsed) ? undefined : parsed.value, text);
      return;
    }
    if (!isFailure(parsed)) this.#received(parsed.value, true);
    else if (!body.empty) this.#fail(parsed);
    if (this.#stage === 'asking') this.#fail(endedWithoutAnswer(this.#url, this.#head, 'The body'));
  }

  #readRefusal(value: unknown, text: string): void {
    const error = rpcErrorOf(value);
    const why = error ?? refusalReason(text);
    const refuse = (): void => {
      this.#refuse(value, why);
    };
    if (!this.#mayLoseSession(value, why ?? '', refuse)) refuse();
  }

  /** @param why the reason from the server: a JSON-RPC error, or text */
  #refuse(value: unknown, why: JSONRPCErrorObject | string | undefined): void {
    const { status } = this.#head ?? NO_HEAD;
    const isError = typeof why === 'object' && !(this.#head && isAboutAuthentication(this.#head));
    if (isError && isModernError(why)) {
      this.#deliver(value, true);
      return;
    }
    this.#unlessOlder(() => {
      if (isError && !isTemporaryStatus(status)) this.#deliver(value, true);
      else this.#fail(this.#statusFailure(why));
    });
  }

  failed(reason: Failure): void {
    if (this.#stage === 'deciding') return;
    this.#readNoMore();
    const status = this.#head?.status ?? 0;
    if (this.#stage === 'resuming') this.#broke(reason);
    else if (status >= 400) this.#unread();
    else if (this.#head === undefined || reason.code !== 'MCP_STREAM_BROKEN') this.#fail(reason);
    else this.#broke(reason);
  }

  /** The stream is over and the answer has not come. A legacy server that gave its events ids sends the rest when it is asked. */
  #broke(why: Failure, asked = this.#retry): void {
    const { modern, session } = this.#request;
    if (this.over) return;
    if (modern || this.#lastEventId === undefined || session.lost || this.#failures >= MOST_FAILURES) {
      this.#fail(why.code === 'MCP_STREAM_BROKEN' ? why : this.#unresumed(why));
      return;
    }
    const { events } = this.#owner;
    const { environment } = events;
    events.interrupted(this.id);
    if (this.over) return;
    this.#failures += 1;
    const delay = reopeningDelay(RESUMPTION_BACKOFF, this.#failures, environment.random(), asked);
    this.#timer = environment.setTimeout(() => {
      this.#resume();
    }, delay);
  }

  #resume(): void {
    const headers = ['accept', 'text/event-stream', 'accept-encoding', 'identity', ...this.#request.session.headers()];
    headers.push('last-event-id', this.#lastEventId ?? '');
    this.#stage = 'resuming';
    this.#head = undefined;
    this.#call = this.#owner.endpoint.call({ method: 'GET', headers }, this);
    this.#call.start();
  }

  #resumed(head: ResponseHead): void {
    const { status } = head;
    if (status >= 500 || status === 429) {
      this.#call?.abort();
      const refusal = this.#statusFailure();
      this.#broke(this.#unresumed(refusal), askedDelay(refusal));
      return;
    }
    if (status < 400 && contentKind(head) === 'events') {
      this.#stage = 'asking';
      this.#failures = 0;
      this.#openStream();
      this.#owner.events.resumed(this.id);
      return;
    }
    const { session } = this.#request;
    if (status === 404 && session.id !== undefined) this.#owner.lose(session);
    this.#give(this.#unresumed(this.#statusFailure()));
  }

  /** The request did reach the server: whatever the resumption met says nothing about that. */
  #unresumed(cause: Failure): Failure {
    const message = `The stream of the answer broke and could not be resumed: ${cause.message}`;
    return failure('transport', 'MCP_STREAM_BROKEN', message, { delivery: 'unknown', cause });
  }

  /** Lets go of what was read. */
  #readNoMore(): void {
    this.#reader?.end();
    this.#reader = undefined;
  }

  /** Fails while there is more to read. */
  #give(reason: Failure): void {
    if (this.over) return;
    this.#release(reason.code === 'MCP_MESSAGE_TOO_LARGE' || reason.code === 'MCP_MEMORY_LIMIT');
    this.#fail(reason);
  }

  #succeed(): void {
    if (this.over) return;
    this.#release(false);
    this.#end();
    this.#resolve();
  }

  #fail(reason: Failure): void {
    if (this.over) return;
    this.#end();
    const thrown: Error = this.#owner.endpoint.secrets.failure(reason) as unknown as Error;
    this.#reject(thrown);
  }

  /** What still comes is of no interest. Most answers are at their end by then, and their connection can be used again. */
  #release(atOnce: boolean): void {
    const call = this.#call;
    if (call === undefined || call.over) return;
    if (atOnce) call.abort();
    else this.#owner.drain(call);
  }

  #end(): void {
    this.#stage = 'over';
    this.#readNoMore();
    this.#owner.events.environment.clearTimeout(this.#timer);
    this.#owner.ended(this);
  }
}
