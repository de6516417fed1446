import {
  askedDelay,
  isTemporaryStatus,
  mayReopen,
  reopeningDelay,
  RESUMPTION_BACKOFF,
} from '../../util/retry-policy.js';
import { compileChart, CompiledActor } from '../../compiled-chart.js';
import type { EventData } from '../../compiled-chart.js';
import { isIdOf, readAnswer, rpcErrorOf } from '../../protocol/messages/exchange-response.js';
import { internalFailure, isFailure, toTransportFailure, withDelivery } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { JSONRPCErrorObject, RequestId } from '../../protocol/messages/json-rpc.js';
import { isModernError } from '../../protocol/negotiation.js';
import { EventStream, STREAM_HEADERS } from './event-stream.js';
import type { EventReader, StreamEvent } from './event-stream.js';
import { HttpBody, parseJson } from './http-body.js';
import type { HttpCall, HttpReceiver } from './http-call.js';
import { CHANGES, exchangeMachine, GUARDS } from './http-exchange-machine.js';
import type { ExchangeEvent, ExchangeFacts, Refusal } from './http-exchange-machine.js';
import { purposeOf } from './http-exchange-owner.js';
import type { ExchangeOwner, ExchangeRequest, OwnedExchange } from './http-exchange-owner.js';
import {
  authenticationFailure,
  bodyTooLarge,
  endedWithoutAnswer,
  isAboutAuthentication,
  linkClosed,
  resumptionFailed,
  sessionLost,
  statusFailure,
  wrongContent,
} from './http-failures.js';
import { contentKind, headerOf } from './http-head.js';
import type { ResponseHead } from './http-head.js';
import { isRefusalText, LONGEST_REASON, readRefusal, refusalReason } from './http-refusal.js';
import { invalidSessionId } from './http-session.js';
import type { HttpSession } from './http-session.js';
import type { Link } from '../link.js';

const NO_HEAD: ResponseHead = { status: 0, headers: {} };

const START = { type: 'start' } as const;
const REASON = { type: 'reason' } as const;
const END = { type: 'end' } as const;
const SUCCEED = { type: 'succeed' } as const;

/** One request over Streamable HTTP and its response. Its chart is `http-exchange-machine.ts`; this class has the effects of the chart. */
export class HttpExchange
  extends CompiledActor<HttpExchange, ExchangeEvent>
  implements HttpReceiver, EventReader, ExchangeFacts, OwnedExchange
{
  static readonly #start = compileChart<HttpExchange, EventData<ExchangeEvent>>(exchangeMachine, {
    guards: GUARDS,
    actions: {
      ...CHANGES,
      post: (exchange) => exchange.#post(),
      refuseSessionId: (exchange) => exchange.#fail(invalidSessionId()),
      readSessionId: (exchange, { head }) => exchange.#readSessionId(head as ResponseHead),
      refuseContent: (exchange, { head }) => exchange.#fail(wrongContent(exchange.#url, head as ResponseHead)),
      readRefusedHead: (exchange, { head }) => exchange.#readRefusedHead(head as ResponseHead),
      openBody: (exchange) => exchange.#openBody(),
      openStream: (exchange) => exchange.#openStream(),
      closeReader: (exchange) => exchange.#closeReader(),
      readBody: (exchange) => exchange.#readBody(),
      readRefusal: (exchange) => exchange.#readRefusal(),
      readMessage: (exchange, { data }) => exchange.#readMessage(data as string),
      judgeStatus: (exchange) => exchange.#judgeStatus(),
      breakOff: (exchange) => exchange.#broken(exchange.#endedEarly('The stream')),
      verifySession: (exchange, event) => exchange.#verifySession(event),
      loseSession: (exchange) => exchange.#owner.loseSession(exchange.session),
      findOlder: (exchange, { refusal }) => exchange.#findOlder(refusal as Refusal),
      sendOlder: (exchange, { link }) => exchange.#sendOlder(link as Link),
      conclude: (exchange, { refusal }) => exchange.#conclude(refusal as Refusal),
      setTimer: (exchange, { delay }) => exchange.#setTimer(delay),
      clearTimer: (exchange) => exchange.#owner.events.environment.clearTimeout(exchange.#timer),
      reportInterrupted: (exchange) => exchange.#owner.events.interrupted(exchange.id),
      reopen: (exchange) => exchange.#reopen(),
      judgeReopening: (exchange, { head }) => exchange.#judgeReopening(head as ResponseHead),
      reportResumed: (exchange) => exchange.#owner.events.resumed(exchange.id),
      abortCall: (exchange) => exchange.#call?.abort(),
      releaseCall: (exchange, event) => exchange.#releaseCall(event.failure),
      resolve: (exchange) => exchange.#settle(),
      reject: (exchange, event) => exchange.#settle(event.failure),
    },
  });

  place = -1;
  admitted: 'call' | 'own' | 'parked' | undefined = undefined;
  held = 0;
  readonly id: RequestId;
  /** Settles with the exchange; rejects with a failure. */
  readonly done: Promise<void>;
  readonly modern: boolean;
  readonly handshake: boolean;
  readonly session: HttpSession;
  lastEventId: string | undefined;
  failures = 0;
  readonly #owner: ExchangeOwner;
  readonly #request: ExchangeRequest;
  #resolve!: () => void;
  #reject!: (reason: Error) => void;
  #call: HttpCall | undefined;
  #head: ResponseHead | undefined;
  #reader: EventStream | HttpBody | undefined;
  /** The delay until the stream is resumed that the server sent with an event, in ms. */
  #retry: number | undefined;
  #timer: unknown;

  constructor(owner: ExchangeOwner, request: ExchangeRequest) {
    super(HttpExchange.#start);
    const { message, modern, session } = request;
    this.#owner = owner;
    this.#request = request;
    this.id = message.id;
    this.modern = modern;
    this.handshake = message.method === 'initialize';
    this.session = session;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  #fail(reason: Failure): void {
    this.send({ type: 'fail', failure: reason });
  }

  /** If the stream has event ids, the server has got the request, although the call may be a GET that is not sent yet. */
  get sent(): boolean {
    return this.lastEventId !== undefined || this.#call?.sent === true;
  }

  get #url(): URL {
    return this.#call?.url ?? this.#owner.endpoint.url;
  }

  get #status(): number {
    return this.#head?.status ?? 0;
  }

  /** Starts the exchange, unless its session was lost while it waited. */
  start(): void {
    this.send(this.session.lost ? { type: 'sessionLost', failure: sessionLost(this.#url) } : START);
  }

  abort(): void {
    this.send({ type: 'abort', failure: linkClosed(this.sent ? 'unknown' : 'not-sent') });
  }

  #post(): void {
    const { headers, body, message } = this.#request;
    const purpose = purposeOf(message.method, this.session.version !== undefined);
    this.#call = this.#owner.endpoint.call({ method: 'POST', headers, body, purpose }, this);
    this.#call.start();
  }

  head(head: ResponseHead): void {
    this.#head = head;
    this.send({ type: headKind(head), head });
  }

  #readSessionId(head: ResponseHead): void {
    if (this.handshake) this.session.readId(head, this.#owner.endpoint.secrets);
  }

  #readRefusedHead(head: ResponseHead): void {
    const readable = contentKind(head) === 'json' || isRefusalText(head);
    // Some servers send 401 without a challenge for an unknown session.
    const challenged = headerOf(head, 'www-authenticate') !== undefined || !this.#namesSession;
    if (isAboutAuthentication(head) && (challenged || !readable)) this.#fail(this.#statusFailure());
    else if (readable) this.send(REASON);
    else this.#judgeStatus();
  }

  /** Whether the request has a session id, so that 404 means that the server does not know the session. */
  get #namesSession(): boolean {
    return this.session.id !== undefined && !this.modern;
  }

  #openBody(): void {
    const { maxMessageBytes, budget } = this.#owner.endpoint;
    const head = this.#head as ResponseHead;
    const limit = isRefusalText(head) ? LONGEST_REASON : maxMessageBytes;
    const length = Number(headerOf(head, 'content-length'));
    if (length > limit) this.#judgeStatus(bodyTooLarge(limit, length));
    else this.#reader = new HttpBody(limit, budget);
  }

  #openStream(): void {
    const { maxMessageBytes, budget } = this.#owner.endpoint;
    this.#reader = new EventStream(this, maxMessageBytes, budget);
  }

  event({ type, data }: StreamEvent): void {
    if (type === 'message') this.send({ type, data });
  }

  tooLarge(problem: Failure): void {
    this.#unreadable(problem);
  }

  #closeReader(): void {
    this.#reader?.end();
    this.#reader = undefined;
  }

  chunk(bytes: Buffer): void {
    const reader = this.#reader;
    if (reader instanceof HttpBody) {
      const excess = reader.push(bytes);
      if (excess !== undefined) this.#tooLong(reader, excess);
    } else if (reader !== undefined) {
      reader.feed(bytes);
      this.lastEventId = reader.lastEventId ?? this.lastEventId;
      this.#retry = reader.retry ?? this.#retry;
    }
  }

  /** The beginning of a text is enough as the reason for a refusal. */
  #tooLong(body: HttpBody, excess: Failure): void {
    if (this.#head === undefined || !isRefusalText(this.#head)) this.#judgeStatus(excess);
    else this.#judgeStatus(this.#statusFailure(refusalReason(body.text())));
  }

  end(): void {
    this.send(END);
  }

  failed(reason: Failure): void {
    const resumes = this.lastEventId !== undefined && reason.code !== 'MCP_STREAM_BROKEN';
    this.#broken(resumes ? resumptionFailed(reason) : reason);
  }

  /** Other exchanges may use the place of this one meanwhile. */
  parked(): void {
    this.#owner.park(this);
    this.#owner.events.signIn({ type: 'request.parked', requestId: this.id });
  }

  unparked(): void {
    this.#owner.unpark(this);
    this.#owner.events.signIn({ type: 'request.unparked', requestId: this.id });
  }

  #readBody(): void {
    const body = this.#reader as HttpBody;
    const parsed = parseJson(body.text());
    if (!isFailure(parsed)) this.#received(parsed.value, true);
    else this.#fail(body.empty ? this.#endedEarly('The body') : parsed);
  }

  #readMessage(data: string): void {
    const parsed = parseJson(data);
    if (isFailure(parsed)) this.#unreadable(parsed);
    else this.#received(parsed.value, false);
  }

  /** An invalid event counts as the response, unless it is clearly another message, because the stream belongs to this request. */
  #unreadable(problem: Failure): void {
    const { method, requestId = this.id } = problem.details ?? {};
    if (method === undefined && isIdOf(this.#request.message, requestId)) this.#fail(withDelivery(problem, 'answered'));
    else this.#owner.events.problem(problem);
  }

  /** @param alone whether the value is the whole body, so that no other message follows */
  #received(value: unknown, alone: boolean): void {
    const error = rpcErrorOf(value);
    if (error === undefined) this.#owner.refusals.accepted(this.session);
    else if (this.#mayBeLost(value, error, { value })) return;
    if (!this.#deliver(value, alone) && alone) this.#fail(this.#endedEarly('The body'));
  }

  /** Passes a message to the owner. Returns false if it is not the response. */
  #deliver(value: unknown, alone: boolean): boolean {
    const reading = readAnswer(value, this.#request.message, alone, this.modern);
    if (reading.kind === 'spoiled') this.#fail(reading.failure);
    else this.#owner.events.message(reading.kind === 'answer' ? reading.value : value, { requestId: this.id });
    if (reading.kind === 'answer') this.send(SUCCEED);
    return reading.kind !== 'other';
  }

  #readRefusal(): void {
    const { value, error, why } = readRefusal((this.#reader as HttpBody).text());
    const isResponse = error !== undefined && !isAboutAuthentication(this.#head ?? NO_HEAD);
    // A server of HTTP+SSE does not send the errors of the modern era.
    const isModern = isResponse && isModernError(error);
    const isFinal = isModern || (isResponse && !isTemporaryStatus(this.#status));
    const refusal = isFinal ? { value } : { failure: this.#statusFailure(why) };
    if (this.#mayBeLost(value, why ?? '', refusal)) return;
    if (isModern) this.#conclude(refusal);
    else this.send({ type: 'refused', status: this.#status, refusal });
  }

  /** The body is not read: it is a page, has another content type or encoding, is too long, or broke off. */
  #judgeStatus(why = this.#statusFailure()): void {
    const refusal = { failure: why };
    const isUnknown = this.#status === 404 && this.#namesSession;
    if (!isUnknown || !this.#mayBeLost(undefined, '', refusal))
      this.send({ type: 'refused', status: this.#status, refusal });
  }

  /**
   * Whether an error or a text means that the server does not know the session, or may mean it: see `session-refusals.ts`.
   * @param why the reason from the server: a JSON-RPC error, or text
   * @param refusal the end of the exchange if the server does know the session
   */
  #mayBeLost(value: unknown, why: JSONRPCErrorObject | string, refusal: Refusal): boolean {
    const status = this.#status;
    const own = isIdOf(this.#request.message, (value as { id?: unknown } | undefined)?.id);
    const reason = typeof why === 'string' ? { message: why } : { ...why, own };
    const verdict = this.#owner.refusals.judge(status, reason, this.#request);
    if (verdict === 'unrelated') return false;
    const lost = sessionLost(this.#url, status, why);
    this.send(
      verdict === 'lost' ? { type: 'sessionLost', failure: lost } : { type: 'doubt', status, refusal, failure: lost },
    );
    return true;
  }

  #verifySession({ status = 0, refusal = {}, failure: lost }: EventData<ExchangeEvent>): void {
    void this.#owner.verify(this.session).then(() => {
      this.send(
        this.session.lost ? { type: 'sessionLost', failure: lost as Failure } : { type: 'refused', status, refusal },
      );
    });
  }

  #findOlder(refusal: Refusal): void {
    void this.#owner.findOlder().then((found) => {
      if (found === undefined) this.send({ type: 'notOlder', refusal });
      else if (isFailure(found)) this.#fail(found);
      else this.send({ type: 'older', link: found });
    });
  }

  #sendOlder(link: Link): void {
    Promise.resolve(link.send(this.#request.message)).then(
      () => this.send(SUCCEED),
      (thrown: unknown) => this.#fail(toTransportFailure(thrown)),
    );
  }

  #conclude({ value, failure: reason = this.#endedEarly('The body') }: Refusal): void {
    if (value === undefined || !this.#deliver(value, true)) this.#fail(reason);
  }

  #statusFailure(why?: JSONRPCErrorObject | string): Failure {
    const head = this.#head ?? NO_HEAD;
    if (isAboutAuthentication(head)) return authenticationFailure(this.#url, head, this.#call?.authorized === true);
    return statusFailure(this.#url, head, this.#owner.events.environment.now(), why);
  }

  #endedEarly(what: 'The stream' | 'The body'): Failure {
    return endedWithoutAnswer(this.#url, this.#head, what);
  }

  #broken(reason: Failure, delay?: number): void {
    this.send({ type: 'broken', failure: reason, delay });
  }

  #setTimer(delay = this.#retry): void {
    const { environment } = this.#owner.events;
    const pause = reopeningDelay(RESUMPTION_BACKOFF, this.failures, environment.random(), delay);
    this.#timer = environment.setTimeout(() => {
      this.send({ type: 'elapse' });
    }, pause);
  }

  #reopen(): void {
    const headers = [...STREAM_HEADERS, ...this.session.headers()];
    headers.push('last-event-id', this.lastEventId ?? '');
    this.#head = undefined;
    this.#call = this.#owner.endpoint.call({ method: 'GET', headers }, this);
    this.#call.start();
  }

  /** Decides what it means that the response to a GET is not the stream. */
  #judgeReopening({ status }: ResponseHead): void {
    const refusal = this.#statusFailure();
    const reason = resumptionFailed(refusal);
    if (mayReopen(status)) {
      this.#call?.abort();
      this.#broken(reason, askedDelay(refusal));
    } else if (status === 404 && this.session.id !== undefined) this.send({ type: 'sessionLost', failure: reason });
    else this.#fail(reason);
  }

  /** Lets the response end by itself, so that its connection can be used again; aborts it if it is too large. Most responses have ended. */
  #releaseCall(reason: Failure | undefined): void {
    const call = this.#call;
    if (call === undefined || call.over) return;
    if (reason?.code === 'MCP_MESSAGE_TOO_LARGE' || reason?.code === 'MCP_MEMORY_LIMIT') call.abort();
    else this.#owner.drain(call);
  }

  protected override crashed(thrown: unknown): void {
    const delivery = this.sent ? 'unknown' : 'not-sent';
    this.#call?.abort();
    this.#owner.events.environment.clearTimeout(this.#timer);
    this.#closeReader();
    this.#settle(internalFailure(thrown, 'transport', 'The request failed', { delivery }));
  }

  #settle(reason?: Failure): void {
    // The actor may have thrown after this.
    if (this.place !== -1) this.#owner.ended(this);
    if (reason === undefined) this.#resolve();
    else this.#reject(this.#owner.endpoint.secrets.failure(reason) as unknown as Error);
  }
}

/** The event with which the head of a response begins. */
function headKind(head: ResponseHead): 'json' | 'stream' | 'otherContent' | 'refusal' {
  if (head.status >= 400) return 'refusal';
  const kind = contentKind(head);
  if (kind === 'other') return 'otherContent';
  return kind === 'json' ? 'json' : 'stream';
}
