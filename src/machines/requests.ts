import { createActor } from 'xstate';
import type { ActorRefFrom } from 'xstate';

import type { Environment } from '../environment.js';
import type { BackoffPolicy } from '../protocol/backoff.js';
import { failure, toTransportFailure, withDelivery } from '../protocol/failure.js';
import type { Failure } from '../protocol/failure.js';
import { FrameLog } from '../protocol/frame-log.js';
import { LatencyWindow } from '../protocol/latency-window.js';
import { refusalOf, resultFailure } from '../protocol/methods.js';
import { asksForInput, inputOfAnotherEra, neededInput, neededPages, withInput } from '../protocol/input-required.js';
import type { NeededInput } from '../protocol/input-required.js';
import { rpcFailure } from '../protocol/json-rpc.js';
import type {
  JSONRPCErrorResponse,
  JSONRPCRequest,
  JSONRPCResultResponse,
  Params,
  RequestId,
} from '../protocol/json-rpc.js';
import { withMeta } from '../protocol/request-meta.js';
import type { SessionMeta } from '../protocol/request-meta.js';
import type { CancelledNotificationParams, ProgressNotificationParams } from '../protocol/schema/index.js';
import type { Session } from '../protocol/session.js';
import type { Link } from '../transports/link.js';
import type { Framing } from '../transports/transport.js';
import { AbortWatch } from './abort-watch.js';
import { Deadlines } from './deadlines.js';
import { IdRing } from './id-ring.js';
import { InputRounds } from './input-rounds.js';
import type { InputSource } from './input-rounds.js';
import { sendOver } from './link.js';
import { fateOf, timedOut } from './request-failures.js';
import { createRequestLogic } from './request-logic.js';
import type { RequestEffects, RequestLogic } from './request-logic.js';
import type { Gate, RequestsEvent, RequestsLogic, RequestsPorts } from './requests-logic.js';
import { ProgressGate } from './progress-gate.js';
import { RequestQueue } from './request-queue.js';
import { judgeSendFailure } from './send-failure.js';
import { NOTHING, RequestRecord, Unsuccessful } from './request-record.js';
import type { Outcome, RequestSpec } from './request-record.js';

/** What a notification is to the stream that it belongs to: `late` when that is over. */
export type Notice = 'wanted' | 'unwanted' | 'late';

/** What the registry needs from its surroundings. */
export interface RequestsSurroundings {
  readonly environment: Environment;
  readonly maxQueued: number;
  /** The highest id that was used in this session before. Default 0. */
  readonly lastId?: number;
  /** Reuse actors. Off when somebody inspects them who takes each for a request. */
  readonly pooled: boolean;
  /** Calls a function of the user; what it throws is reported and goes no further. */
  readonly callUser: (fn: () => unknown) => void;
  /** How messages share the link that is open. */
  readonly framing: () => Framing;
  /** How long a request waits for a server that cannot be reached for a moment; undefined when it does not. */
  readonly reconnect: BackoffPolicy | undefined;
  /** Who answers what the server has to know before it goes on with a request. */
  readonly input: InputSource;
  /** Hears that several exchanges in a row failed to reach the server. */
  readonly unreachable: (failure: Failure) => void;
}

/** Failed exchanges in a row after which the server is taken for unreachable. */
const UNREACHABLE_ALLOWED = 3;

/** How many idle actors are kept for reuse. */
const LARGEST_POOL = 1_024;

const IGNORE = (): void => undefined;

const SUBMIT = { type: 'submit' } as const;
const DISPATCH = { type: 'dispatch' } as const;
const UNSENT = { type: 'unsent' } as const;

/** The executor of every outcome promise: one function for all of them, so that a request costs no closure. */
let lastResolve: (outcome: Outcome) => void;
const captureResolve = (resolve: (outcome: Outcome) => void): void => {
  lastResolve = resolve;
};

/**
 * The requests of one connection: an actor for each, found by id when its answer comes, queued while there is no link, and given up
 * at its deadline. The actors decide by their chart; this class carries out what the chart names.
 */
export class Requests implements RequestsPorts {
  readonly #ports: RequestsSurroundings;
  readonly #requestLogic: RequestLogic;
  readonly #ring: IdRing;
  readonly #deadlines: Deadlines;
  readonly #aborts = new AbortWatch((record, signal) => {
    this.#abort(record, signal);
  });
  readonly #pool: RequestRecord[] = [];
  readonly #queue = new RequestQueue();
  /** Those that wait for a time at which to be sent again. */
  readonly #sleeping = new Set<RequestRecord>();
  /** Those of which the server has to know something first. */
  readonly #rounds: InputRounds;
  #unreachable = 0;
  #gate: Gate = 'refusing';
  #refusal: Failure = failure('connection', 'MCP_NOT_CONNECTED', 'Not connected', { delivery: 'not-sent' });
  #self: ActorRefFrom<RequestsLogic> | undefined;
  #link: Link | undefined;
  #session: Session | undefined;
  #meta: SessionMeta;

  /** When the last answer came, in milliseconds since the Unix epoch. */
  lastAnswerAt: number | undefined;
  /** The time at which requests are being sent: read once for all that are sent together. */
  #sendingAt = 0;

  /** How long the last answers took. */
  readonly latencies = new LatencyWindow();
  /** The last messages that went by, in both directions. */
  readonly frames = new FrameLog();

  constructor(ports: RequestsSurroundings) {
    this.#ports = ports;
    this.#ring = new IdRing(ports.lastId);
    this.#deadlines = new Deadlines(ports.environment, (record) => {
      this.#recall(record);
      record.actor.send({ type: 'expire', failure: timedOut(record) });
    });
    this.#rounds = new InputRounds({
      source: ports.input,
      session: () => this.#session,
      random: () => ports.environment.random(),
      proceed: (record) => {
        if (this.#gate === 'flowing') this.#flush();
        else this.#keepOrRefuse(record);
      },
    });
    this.#requestLogic = createRequestLogic(this.#effects(), ports.pooled, (record) => this.#recycle(record));
  }

  /** Takes the link that requests are written to; undefined when there is none any more. */
  useLink(link: Link | undefined): void {
    this.#link = link;
    this.#unreachable = 0;
  }

  /** Takes the metadata that goes with every request from now on. */
  useMeta(meta: SessionMeta): void {
    this.#meta = meta;
  }

  /** The metadata that goes with every request but those of the connection itself. */
  get meta(): SessionMeta {
    return this.#meta;
  }

  /** How many requests are in flight, how many wait for a link, and for how many somebody is asked what the server has to know. */
  get counts(): { readonly inFlight: number; readonly queued: number; readonly asking: number } {
    return { inFlight: this.#ring.size, queued: this.#queue.size, asking: this.#rounds.size };
  }

  /** The highest id that was used. */
  get lastId(): number {
    return this.#ring.last;
  }

  /** The requests that the server may be at work on. A stream that it keeps open is no work. */
  #work(): RequestRecord[] {
    return this.#ring.all().filter(({ spec }) => spec.onNotice === undefined);
  }

  /** Whether the server may be at work on a request, or wait for this side before it goes on with one. */
  get working(): boolean {
    return this.#work().length > 0;
  }

  /** On how many requests the server may be at work without waiting for this side, and for how many milliseconds it has not answered any. */
  get silence(): { readonly inFlight: number; readonly silence: number | undefined } {
    const work = this.#work().filter(({ holds }) => holds === 0);
    if (work.length === 0) return { inFlight: 0, silence: undefined };
    const oldest = work.reduce((earliest, { sentAt }) => Math.min(earliest, sentAt), Infinity);
    const since = Math.max(oldest, this.lastAnswerAt ?? 0);
    return { inFlight: work.length, silence: this.#ports.environment.now() - since };
  }

  /** Makes a request and promises its outcome. Never rejects. */
  submit(spec: RequestSpec): Promise<Outcome> {
    const record = this.#acquire();
    const outcome = new Promise(captureResolve);
    record.start(spec, lastResolve);
    const now = this.#ports.environment.now();
    record.idleDeadline = now + spec.timeout;
    this.#deadlines.add(record, now);
    const { signal, direct } = spec;
    record.actor.send(SUBMIT);
    if (signal !== undefined) {
      if (signal.aborted) this.#abort(record, signal);
      else this.#aborts.add(signal, record);
    }
    if (direct) this.#dispatchDirectly(record, now);
    else if (this.#gate === 'flowing') this.#flush(now);
    else this.#keepOrRefuse(record);
    return outcome;
  }

  /** The caller gave up. */
  #abort(record: RequestRecord, signal: AbortSignal): void {
    this.#recall(record);
    record.actor.send({ type: 'abort', reason: signal.reason });
  }

  /** Before a request is given up: one in flight of which no byte has left becomes one that waits to be sent. Whether it was such a one. */
  #recall(record: RequestRecord): boolean {
    const { id } = record;
    if (this.#ring.get(id) !== record || this.#link?.recall?.(id) !== true) return false;
    record.actor.send(UNSENT);
    return true;
  }

  #dispatchDirectly(record: RequestRecord, now: number): void {
    this.#sendingAt = now;
    record.actor.send(this.#link === undefined ? { type: 'refuse', failure: this.#refusal } : DISPATCH);
  }

  #keepOrRefuse(record: RequestRecord): void {
    if (this.#gate === 'refusing') {
      record.actor.send({ type: 'refuse', failure: this.#refusal });
    } else if (record.spec.failFast) {
      const message = 'Not connected at the moment, and `whenDisconnected` is "fail"';
      record.actor.send({ type: 'refuse', failure: failure('connection', 'MCP_NOT_CONNECTED', message) });
    } else if (this.#queue.size > this.#ports.maxQueued) {
      const limit = this.#ports.maxQueued;
      const message = `${limit} requests wait for the connection already, which is the limit \`maxQueued\``;
      record.actor.send({
        type: 'refuse',
        failure: failure('connection', 'MCP_QUEUE_FULL', message, { details: { limit } }),
      });
    }
  }

  /** Takes an answer in. False when no request waits for it. */
  answered(message: JSONRPCResultResponse | JSONRPCErrorResponse): boolean {
    const record = this.#ring.get(message.id);
    if (record === undefined) return false;
    const now = this.#ports.environment.now();
    this.lastAnswerAt = now;
    this.#unreachable = 0;
    const { method, params, entry, onNotice } = record.spec;
    if (onNotice === undefined) this.latencies.add(now - record.sentAt);
    if ('error' in message) {
      this.frames.add('error', method, now, record.id, message.error.code);
      const refusal = rpcFailure(method, message.error, params);
      const pages = neededPages(message.error, this.#session, refusal);
      record.actor.send(pages === undefined ? { type: 'error', failure: refusal } : this.#rounds.judge(record, pages));
      return true;
    }
    this.frames.answered(method, record.id, now);
    const { result } = message;
    const wrong = resultFailure(method, entry, this.#session?.era ?? 'legacy', result);
    if (wrong === undefined) record.actor.send({ type: 'answer', result });
    else if (!asksForInput(entry, this.#session, result)) record.actor.send({ type: 'error', failure: wrong });
    else record.actor.send(this.#rounds.judge(record, neededInput(method, result)));
    return true;
  }

  /**
   * Takes in an error that does not say what it is about. Where only one request is in flight, and nothing else is being said, it is about
   * that. False when it may be about anything.
   */
  complained(message: JSONRPCErrorResponse): boolean {
    const [only, ...others] = this.#ring.all();
    return only !== undefined && others.length === 0 && this.answered({ ...message, id: only.id });
  }

  /** Takes in that an answer came which the link had to throw away. False when it is not known whose, or no request waits for it. */
  spoiled(problem: Failure): boolean {
    const record = this.#ring.get(problem.details?.requestId);
    if (record === undefined) return false;
    const now = this.#ports.environment.now();
    this.lastAnswerAt = now;
    this.frames.add('error', record.spec.method, now, record.id);
    record.actor.send({ type: 'error', failure: problem });
    return true;
  }

  /** Takes a progress notification in. False when no request waits for it. */
  progressed(params: ProgressNotificationParams): boolean {
    const record = this.#ring.get(params.progressToken);
    if (record?.spec.onProgress === undefined) return false;
    record.actor.send({ type: 'progress', params });
    return true;
  }

  /** The server says that the user has done what a page was for. 2025-11-25 client/elicitation. */
  visited(page: string): void {
    this.#rounds.visited(page);
  }

  /**
   * The server waits for this side before it goes on with the request of this id, or, when it is not known with which, with any of those in
   * flight. Returns their ids: `timeout` does not count for them until they are released.
   */
  hold(id: RequestId | undefined): RequestId[] {
    const held = id === undefined ? this.#work() : [this.#ring.get(id)].filter((record) => record !== undefined);
    for (const { actor } of held) actor.send({ type: 'hold' });
    return held.map((record) => record.id);
  }

  /** The server waits no longer for what these were held for. */
  release(ids: readonly RequestId[]): void {
    for (const id of ids) this.#ring.get(id)?.actor.send({ type: 'release' });
  }

  /** The stream of an answer broke, and is being taken up again. */
  interrupted(id: unknown): void {
    this.#ring.get(id)?.actor.send({ type: 'interrupt' });
  }

  /** The stream of an answer is open again. */
  resumed(id: unknown): void {
    this.#ring.get(id)?.actor.send({ type: 'resume' });
  }

  /** Takes in a notification of a stream that a request opened, and says what it is to that. 2026-07-28 basic/patterns/subscriptions. */
  noticed(id: unknown, method: string, params: Params | undefined): Notice {
    const record = this.#ring.get(id);
    if (record === undefined) return this.#ring.wasGiven(id) ? 'late' : 'unwanted';
    return record.spec.onNotice?.(method, params) === true ? 'wanted' : 'unwanted';
  }

  /** The server may end only a subscription this way, in good order; any other cancellation is of a request of its own. */
  cancelledByPeer({ requestId }: CancelledNotificationParams): void {
    const record = this.#ring.get(requestId);
    if (record?.spec.onNotice !== undefined) record.actor.send({ type: 'answer', result: {} });
  }

  begin(self: ActorRefFrom<RequestsLogic>): void {
    this.#self = self;
  }

  get gate(): Gate {
    return this.#gate;
  }

  receive(event: RequestsEvent): void {
    switch (event.type) {
      case 'flow':
        this.#gate = 'flowing';
        this.#session = event.session;
        this.#flush();
        break;
      case 'hold':
        this.#gate = 'holding';
        this.#session = undefined;
        // Where the session is lost and not the link, they would only be refused.
        for (const record of this.#ring.all()) if (!record.spec.direct) this.#recall(record);
        break;
      case 'refuse': {
        this.#gate = 'refusing';
        this.#refusal = event.failure;
        const waiting = this.#queue.takeAll();
        const all = [...this.#ring.all(), ...this.#sleeping, ...this.#rounds.records, ...waiting];
        for (const record of all) {
          this.#recall(record);
          record.actor.send(event);
        }
        // Not before: how the peer is told depends on its era.
        this.#session = undefined;
        this.#deadlines.stop();
        break;
      }
      case 'lose':
        for (const record of this.#ring.all()) {
          if (!this.#recall(record)) record.actor.send(event);
          else if (record.spec.failFast) record.actor.send({ type: 'refuse', failure: event.failure });
        }
        break;
    }
  }

  /** Sends what waits, for as long as there is a link and a session: sending may be what ends them. */
  #flush(now = this.#ports.environment.now()): void {
    this.#sendingAt = now;
    this.#queue.drain(this.#dispatchNext);
  }

  readonly #dispatchNext = (record: RequestRecord): boolean => {
    if (this.#link === undefined || this.#gate !== 'flowing') return false;
    this.#dispatch(record);
    return true;
  };

  #dispatch(record: RequestRecord): void {
    const { method, entry } = record.spec;
    const session = this.#session;
    let refusal = session === undefined ? undefined : refusalOf(method, entry, session);
    if (record.input !== undefined && session?.era === 'legacy') refusal = inputOfAnotherEra(method, session);
    record.actor.send(refusal === undefined ? DISPATCH : { type: 'refuse', failure: refusal });
  }

  #acquire(): RequestRecord {
    const record = this.#pool.pop();
    if (record !== undefined) return record;
    const fresh = new RequestRecord();
    if (this.#self === undefined) throw new Error('Requests are made before the connection was started');
    fresh.actor = createActor(this.#requestLogic, {
      parent: this.#self,
      input: fresh,
    });
    fresh.actor.start();
    return fresh;
  }

  #settle(record: RequestRecord, outcome: Outcome): void {
    const { signal } = record.spec;
    if (signal !== undefined) this.#aborts.remove(signal, record);
    if (record.progress !== undefined) {
      record.progress.stop();
      record.progress = undefined;
    }
    this.#deadlines.remove(record);
    record.resolve(outcome);
  }

  /** Empties a record, and keeps it for reuse while there is room. */
  #recycle(record: RequestRecord): boolean {
    record.resolve = IGNORE;
    record.life += 1;
    // Who inspects it wants to see what it was also when it is over.
    if (!this.#ports.pooled) return false;
    record.spec = NOTHING;
    record.input = undefined;
    const kept = this.#pool.length < LARGEST_POOL;
    if (kept) this.#pool.push(record);
    return kept;
  }

  /** What the chart names. */
  #effects(): RequestEffects {
    return {
      enqueue: (record) => {
        this.#queue.add(record);
      },
      dequeue: (record) => {
        this.#queue.remove(record);
      },
      write: (record) => {
        this.#write(record);
      },
      withdraw: (record) => {
        this.#ring.remove(record);
        if (record.holds > 0) this.#endHolds(record);
      },
      extendDeadline: (record) => {
        // While it is held its clock stands where it stood then.
        const now = this.#ports.environment.now();
        record.idleDeadline = (record.holds > 0 ? record.heldSince : now) + record.spec.timeout;
        this.#deadlines.moved(record, now);
      },
      holdDeadline: (record) => {
        if (record.holds === 0) record.heldSince = this.#ports.environment.now();
        record.holds += 1;
      },
      releaseDeadline: (record) => {
        if (record.holds > 1) record.holds -= 1;
        else this.#endHolds(record);
      },
      reportProgress: (record, event) => {
        this.#reportProgress(record, event.params as ProgressNotificationParams);
      },
      setWake: (record, event) => {
        this.#sleeping.add(record);
        record.wake = this.#ports.environment.setTimeout(() => {
          record.actor.send({ type: 'elapse' });
          if (this.#gate === 'flowing') this.#flush();
        }, event.delay ?? 0);
      },
      clearWake: (record) => {
        this.#sleeping.delete(record);
        this.#ports.environment.clearTimeout(record.wake);
      },
      ask: (record, event) => {
        // A person may take any time. What counts is how long the whole may take.
        record.idleDeadline = Infinity;
        this.#rounds.ask(record, event.needs as NeededInput);
      },
      dismiss: (record) => {
        this.#rounds.dismiss(record);
      },
      takeInput: (record, { input }) => {
        record.input = input;
      },
      tellPeer: (record, event) => {
        this.#tellPeer(record, event.failure?.message ?? 'The caller gave up');
      },
      succeed: (record, event) => {
        record.progress?.finish();
        this.#settle(record, event.result as Outcome);
      },
      fail: (record, event) => {
        this.#settle(record, Unsuccessful.failed(fateOf(record, event)));
      },
      cancel: (record, event) => {
        this.#settle(record, Unsuccessful.aborted(event.reason));
      },
      timeOut: (record, event) => {
        this.#settle(record, Unsuccessful.failed(event.failure as Failure));
      },
      loseAnswer: (record, event) => {
        this.#settle(record, Unsuccessful.failed(withDelivery(event.failure as Failure, 'unknown')));
      },
    };
  }

  #write(record: RequestRecord): void {
    const { method, params, onProgress, direct, headers } = record.spec;
    const id = this.#ring.add(record);
    record.sentAt = this.#sendingAt;
    this.frames.asked(method, id, this.#sendingAt);
    const { input } = record;
    const asked = input === undefined ? params : withInput(params, input);
    const sent = withMeta(asked, direct ? undefined : this.#meta, onProgress === undefined ? undefined : id);
    const message: JSONRPCRequest =
      sent === undefined ? { jsonrpc: '2.0', id, method } : { jsonrpc: '2.0', id, method, params: sent };
    const pending = sendOver(this.#link, message, headers === undefined ? undefined : { headers });
    if (pending !== undefined) this.#watchSending(record, pending);
  }

  #watchSending(record: RequestRecord, pending: Promise<void>): void {
    const { id } = record;
    const { method } = record.spec;
    const link = this.#link;
    pending.catch((thrown: unknown) => {
      const why = toTransportFailure(thrown);
      this.frames.add('undelivered', method, this.#ports.environment.now(), id, why.errorCode);
      if (this.#ring.get(id) === record) this.#sendFailed(record, why);
      // What becomes of the exchanges of an earlier link says nothing about the server now.
      if (this.#link === link) this.#countUnreachable(why);
    });
  }

  #sendFailed(record: RequestRecord, why: Failure): void {
    const { environment, framing, reconnect } = this.#ports;
    const { direct, repeatable } = record.spec;
    record.actor.send(
      judgeSendFailure(why, {
        framing: framing(),
        direct,
        repeatable,
        attempts: record.attempts,
        refusals: record.refusals,
        reconnect,
        timeLeft: record.deadline - environment.now(),
        random: environment.random(),
      }),
    );
    // Where each request has an exchange of its own, one that goes back to the queue does not have to wait for a link.
    if (this.#gate === 'flowing' && framing() === 'per-request') this.#flush();
  }

  /** One exchange that fails is bad luck; several in a row, and the server cannot be reached. */
  #countUnreachable(why: Failure): void {
    if (this.#gate !== 'flowing' || this.#ports.framing() === 'shared' || why.kind !== 'transport') return;
    // A server that has forgotten the session has said so.
    if (why.delivery === 'answered' || why.code === 'MCP_SESSION_LOST') return;
    this.#unreachable += 1;
    if (this.#unreachable < UNREACHABLE_ALLOWED) return;
    this.#unreachable = 0;
    this.#ports.unreachable(why);
  }

  /** The present wait goes on where it was. */
  #endHolds(record: RequestRecord): void {
    const now = this.#ports.environment.now();
    const held = now - record.heldSince;
    record.holds = 0;
    record.idleDeadline += held;
    record.sentAt += held;
    this.#deadlines.moved(record, now);
  }

  #reportProgress(record: RequestRecord, { progress, total, message }: ProgressNotificationParams): void {
    const { onProgress } = record.spec;
    const attempt = record.earlierAttempts + record.attempts;
    record.progress ??= new ProgressGate(this.#ports.environment, (one) => {
      this.#ports.callUser(() => onProgress?.(one));
    });
    record.progress.pass({
      progress,
      attempt,
      ...(total != null && { total }),
      ...(message != null && { message }),
    });
  }

  #tellPeer(record: RequestRecord, reason: string): void {
    const link = this.#link;
    if (link === undefined) return;
    const { id, spec } = record;
    // In the modern era closing the exchange is how one cancels where each request has one. 2026-07-28 basic/patterns/cancellation.
    const closingTells = this.#session?.era === 'modern' && this.#ports.framing() === 'per-request';
    if (!spec.quiet && !closingTells) {
      const params = { requestId: id, reason };
      const method = 'notifications/cancelled';
      this.frames.add('notification', method, this.#ports.environment.now());
      const pending = sendOver(link, { jsonrpc: '2.0', method, params });
      // The caller has its outcome; a link that cannot carry the news is on its way out and says so itself.
      pending?.catch(() => undefined);
    }
    link.abandon?.(id);
  }
}
