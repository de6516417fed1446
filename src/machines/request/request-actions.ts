import type { Environment } from '../../util/environment.js';
import type { BackoffPolicy } from '../../util/retry-policy.js';
import { failure, toTransportFailure, withDelivery } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { FrameLog } from '../../diagnostics/frame-log.js';
import type { JSONRPCRequest } from '../../protocol/messages/json-rpc.js';
import { refusalOf } from '../../protocol/methods.js';
import { withMeta } from '../../protocol/request-meta.js';
import type { SessionMeta } from '../../protocol/request-meta.js';
import type { ProgressNotificationParams } from '../../protocol/schema/index.js';
import { inputOfAnotherEra, withInput } from '../../protocol/server-requests/input-required.js';
import type { NeededInput } from '../../protocol/server-requests/input-required.js';
import type { Session } from '../../protocol/session.js';
import type { Link } from '../../transports/link.js';
import type { Framing } from '../../transports/transport.js';
import { notConnected } from '../connection/connection-failures.js';
import { sendOver } from '../connection/link-actor.js';
import { AbortWatch } from './abort-watch.js';
import { Deadlines } from './deadlines.js';
import { IdRing } from './id-ring.js';
import { InputRounds } from './input-rounds.js';
import type { InputSource } from './input-rounds.js';
import { RequestFailure } from './outcome.js';
import type { Outcome } from './outcome.js';
import { ProgressThrottle } from './progress-throttle.js';
import { failureOf, failureOfRejected, timedOut } from './request-failures.js';
import type { Gate } from './request-gate.js';
import type { RequestEffectName, RequestEventData } from './request-machine.js';
import { RequestQueue } from './request-queue.js';
import type { RequestRecord } from './request-record.js';
import { carriesProgressToken } from './request-spec.js';
import { decideRetry } from './retry-decision.js';
import { detached, endTogether, SharedRequests } from './shared-requests.js';

/** The effects of the request chart. */
export type RequestEffects = Readonly<
  Record<RequestEffectName, (record: RequestRecord, event: RequestEventData) => void>
>;

/** What requests need from their connection. */
export interface RequestPorts {
  readonly environment: Environment;
  /** How many requests may wait in the queue. */
  readonly maxQueued: number;
  /** The highest id that was used in this session before. Default 0. */
  readonly lastId?: number;
  /** Calls a function of the user, or of a link, and reports its exceptions. */
  readonly callUser: (purpose: string, fn: () => unknown) => void;
  /** How messages share the link that is open. */
  readonly framing: () => Framing;
  /** The backoff of requests to a server that cannot be reached; undefined when they fail at once. */
  readonly reconnect: BackoffPolicy | undefined;
  /** The handlers for input that servers need before they continue with a request. */
  readonly input: InputSource;
  /** Called when several exchanges in a row got no response at all. */
  readonly unreachable: (failure: Failure) => void;
}

/** Exchanges without a response in a row after which the server counts as unreachable. */
const MOST_UNREACHABLE = 3;

const DISPATCH = { type: 'dispatch' } as const;
const UNSENT = { type: 'unsent' } as const;

/** Carries out the effects of the request chart: queues requests, writes them to the link, watches their deadlines, and settles them. */
export abstract class RequestActions implements RequestEffects {
  readonly #ports: RequestPorts;
  readonly #shared: SharedRequests;
  #link: Link | undefined;
  /** The time at which requests are being sent: read once for all that are sent together. */
  #now = 0;
  /** Exchanges in a row that got no response. */
  #unreachable = 0;
  /** The last id that was used before the last of them failed: requests that were in flight then failed for the same reason. */
  #sentBefore = 0;
  protected readonly ring: IdRing;
  protected readonly queue = new RequestQueue();
  protected readonly deadlines: Deadlines;
  protected readonly aborts = new AbortWatch((record, reason) => {
    this.abort(record, reason);
  });
  /** The requests that wait until a delay is over. */
  protected readonly sleeping = new Set<RequestRecord>();
  /** The requests that wait for input. */
  protected readonly rounds: InputRounds;
  protected gate: Gate = 'closed';
  /** Why the gate is closed. */
  protected closedBecause = notConnected();
  protected session: Session | undefined;
  /** The metadata of all requests except negotiation requests. */
  meta: SessionMeta;
  /** The last messages in both directions. */
  readonly frames = new FrameLog();

  constructor(ports: RequestPorts) {
    this.#ports = ports;
    this.ring = new IdRing(ports.lastId);
    this.#shared = new SharedRequests(this.ring);
    this.deadlines = new Deadlines(ports.environment, (record) => {
      this.cancelUnsent(record);
      record.actor.send({ type: 'expire', failure: timedOut(record) });
      this.flush();
    });
    this.rounds = new InputRounds({
      source: ports.input,
      session: () => this.session,
      random: () => ports.environment.random(),
      proceed: (record) => {
        this.admit(record);
      },
    });
  }

  /** Sets the link that requests are written to; undefined when there is none any more. */
  useLink(link: Link | undefined): void {
    this.#link = link;
    this.#unreachable = 0;
  }

  /** A message was received: the server can be reached. */
  received(): void {
    this.#unreachable = 0;
  }

  /** Sends a queued request, keeps it in the queue, or rejects it. */
  protected admit(record: RequestRecord, now?: number): void {
    const { maxQueued } = this.#ports;
    let why: Failure | undefined;
    if (this.gate === 'open') {
      this.flush(now);
    } else if (this.gate === 'closed') {
      why = this.closedBecause;
    } else if (record.spec.failFast) {
      why = failure('connection', 'MCP_NOT_CONNECTED', 'Not connected at the moment, and `whenDisconnected` is "fail"');
    } else if (this.queue.size > maxQueued) {
      const message = `${maxQueued} requests wait for the connection already, which is the limit \`maxQueued\``;
      why = failure('connection', 'MCP_QUEUE_FULL', message, { details: { limit: maxQueued } });
    }
    if (why !== undefined) record.actor.send({ type: 'reject', failure: why });
  }

  /** Sends a queued request of the connection itself, which does not wait for a session. */
  protected admitDirectly(record: RequestRecord, now: number): void {
    this.#now = now;
    record.actor.send(this.#link === undefined ? { type: 'reject', failure: this.closedBecause } : DISPATCH);
  }

  /** Sends the queued requests while there are a link and a session: sending may end them. */
  protected flush(now = this.#ports.environment.now()): void {
    this.#now = now;
    while (this.#link !== undefined && this.gate === 'open') {
      const record = this.queue.next();
      if (record === undefined) break;
      const problem = this.#unsupported(record);
      record.actor.send(problem === undefined ? DISPATCH : { type: 'reject', failure: problem });
    }
  }

  /** Why the server cannot handle a request, or undefined. */
  #unsupported({ input, spec: { method, entry } }: RequestRecord): Failure | undefined {
    const { session } = this;
    if (session === undefined) return undefined;
    if (input !== undefined && session.era === 'legacy') return inputOfAnotherEra(method, session);
    return refusalOf(method, entry, session);
  }

  /** Ends a request whose caller aborted it. */
  protected abort(record: RequestRecord, reason: unknown): void {
    this.cancelUnsent(record);
    record.actor.send({ type: 'abort', reason });
    this.flush();
  }

  /** Moves a request in flight of which no byte has left back to the queue, before it ends. Returns false for any other request. */
  protected cancelUnsent(record: RequestRecord): boolean {
    const link = this.#link;
    const { id } = record;
    if (link?.cancelUnsent === undefined || this.ring.get(id) !== record) return false;
    let cancelled: unknown;
    this.#ports.callUser('cancelUnsent', () => {
      cancelled = link.cancelUnsent?.(id);
    });
    if (cancelled !== true) return false;
    endTogether(record, UNSENT);
    return true;
  }

  /** Forgets all requests, in any state. */
  protected forgetAll(): RequestRecord[] {
    this.queue.clear();
    this.ring.clear();
    this.#shared.clear();
    this.rounds.clear();
    for (const { wake } of this.sleeping) this.#ports.environment.clearTimeout(wake);
    this.sleeping.clear();
    return this.deadlines.takeAll();
  }

  /** Ends the life of a request with its outcome. */
  protected settle(record: RequestRecord, outcome: Outcome): void {
    this.#release(record);
    record.resolve(outcome);
  }

  #release(record: RequestRecord): void {
    const { signal } = record.spec;
    if (signal !== undefined) this.aborts.remove(signal, record);
    if (record.progress !== undefined) {
      record.progress.stop();
      record.progress = undefined;
    }
    this.deadlines.remove(record);
  }

  enqueue(record: RequestRecord): void {
    this.queue.add(record);
    if (this.gate === 'held') this.deadlines.hold(record);
  }

  dequeue(record: RequestRecord): void {
    this.queue.remove(record);
  }

  write(record: RequestRecord): void {
    const { method, params, direct, headers, sharing } = record.spec;
    if (sharing !== undefined && this.#shared.join(record)) return;
    const id = this.ring.add(record);
    record.sentAt = this.#now;
    this.frames.asked(method, id, this.#now);
    const asked = record.input === undefined ? params : withInput(params, record.input);
    const sent = withMeta(asked, direct ? undefined : this.meta, carriesProgressToken(record.spec) ? id : undefined);
    const message: JSONRPCRequest =
      sent === undefined ? { jsonrpc: '2.0', id, method } : { jsonrpc: '2.0', id, method, params: sent };
    const pending = sendOver(this.#link, message, headers === undefined ? undefined : { headers });
    if (pending !== undefined) this.#watch(record, pending);
  }

  #watch({ id, spec: { method, onNotice } }: RequestRecord, pending: Promise<void>): void {
    const link = this.#link;
    pending.catch((thrown: unknown) => {
      const why = toTransportFailure(thrown);
      const { last } = this.ring;
      this.frames.add('undelivered', method, this.#ports.environment.now(), id, why.errorCode);
      const waiting = this.ring.get(id);
      if (waiting !== undefined) this.#sendFailed(waiting, why);
      // Exchanges of an earlier link do not count, and a background stream has a chart of its own.
      if (this.#link === link && onNotice === undefined) this.#countUnreachable(why, id, last);
    });
  }

  #sendFailed(record: RequestRecord, why: Failure): void {
    const { environment, framing, reconnect } = this.#ports;
    for (const one of detached(record)) {
      const { spec, attempts, sessionLosses, deadline } = one;
      const { direct, repeatable } = spec;
      one.actor.send(
        decideRetry(why, {
          ...{ framing: framing(), direct, repeatable, attempts, sessionLosses, reconnect },
          timeLeft: deadline - environment.now(),
          random: environment.random(),
        }),
      );
    }
    // With exchanges, a request that goes back to the queue does not wait for a link.
    if (framing() === 'per-request') this.flush();
  }

  /**
   * Counts exchanges that got no response. Any other failure belongs to its request.
   * @param last the id of the last request that was sent before this one failed
   */
  #countUnreachable(why: Failure, id: number, last: number): void {
    if (this.gate !== 'open' || this.#ports.framing() === 'shared') return;
    if (why.code === 'MCP_HTTP_STATUS') this.#unreachable = 0;
    if (why.code !== 'MCP_TRANSPORT_FAILED' || id <= this.#sentBefore) return;
    this.#sentBefore = last;
    this.#unreachable += 1;
    if (this.#unreachable < MOST_UNREACHABLE) return;
    this.#unreachable = 0;
    this.#ports.unreachable(why);
  }

  freeId(record: RequestRecord): void {
    if (record.spec.sharing === undefined) this.ring.remove(record);
    else this.#shared.leave(record);
    this.deadlines.releaseAll(record);
  }

  extendDeadline(record: RequestRecord): void {
    this.deadlines.extend(record);
  }

  holdDeadline(record: RequestRecord): void {
    this.deadlines.hold(record);
  }

  releaseDeadline(record: RequestRecord): void {
    this.deadlines.release(record);
  }

  reportProgress(record: RequestRecord, event: RequestEventData): void {
    const { onProgress } = record.spec;
    if (onProgress === undefined) return;
    const { progress, total, message } = event.params as ProgressNotificationParams;
    record.progress ??= new ProgressThrottle(this.#ports.environment, (one) => {
      this.#ports.callUser('onProgress', () => onProgress(one));
    });
    record.progress.pass({
      progress,
      attempt: record.earlierAttempts + record.attempts,
      ...(total != null && { total }),
      ...(message != null && { message }),
    });
  }

  setWake(record: RequestRecord, { delay = 0 }: RequestEventData): void {
    this.sleeping.add(record);
    record.wake = this.#ports.environment.setTimeout(() => {
      record.actor.send({ type: 'elapse' });
      this.flush();
    }, delay);
  }

  clearWake(record: RequestRecord): void {
    this.sleeping.delete(record);
    this.#ports.environment.clearTimeout(record.wake);
  }

  ask(record: RequestRecord, event: RequestEventData): void {
    // The user may take any time: only `maxTotalTimeout` continues.
    record.idleDeadline = Infinity;
    this.rounds.ask(record, event.needs as NeededInput);
  }

  dismiss(record: RequestRecord): void {
    this.rounds.dismiss(record);
  }

  takeInput(record: RequestRecord, { input }: RequestEventData): void {
    record.input = input;
  }

  cancelAtPeer({ id, spec, leader }: RequestRecord, event: RequestEventData): void {
    const link = this.#link;
    const { environment, framing, callUser } = this.#ports;
    // Other requests still wait for the response.
    if (link === undefined || leader !== undefined || this.ring.get(id) !== undefined) return;
    // In the modern era closing the exchange of a request cancels it. 2026-07-28 basic/patterns/cancellation.
    const closingCancels = this.session?.era === 'modern' && framing() === 'per-request';
    if (!spec.quiet && !closingCancels) {
      const method = 'notifications/cancelled';
      const params = { requestId: id, reason: event.failure?.message ?? 'The caller aborted the request' };
      this.frames.add('notification', method, environment.now());
      // The caller has its outcome; a link that cannot send the notification is ending, and reports that itself.
      sendOver(link, { jsonrpc: '2.0', method, params })?.catch(() => undefined);
    }
    if (link.abandon !== undefined) callUser('abandon', () => link.abandon?.(id));
  }

  succeed(record: RequestRecord, { result }: RequestEventData): void {
    record.progress?.finish();
    this.#release(record);
    record.resolve(result as Outcome);
  }

  fail(record: RequestRecord, event: RequestEventData): void {
    this.settle(record, RequestFailure.failed(failureOf(record, event.failure as Failure)));
  }

  failRejected(record: RequestRecord, event: RequestEventData): void {
    this.settle(record, RequestFailure.failed(failureOfRejected(record, event.failure as Failure)));
  }

  cancel(record: RequestRecord, { reason }: RequestEventData): void {
    this.settle(record, RequestFailure.aborted(reason));
  }

  timeOut(record: RequestRecord, event: RequestEventData): void {
    this.settle(record, RequestFailure.failed(event.failure as Failure));
  }

  loseResponse(record: RequestRecord, event: RequestEventData): void {
    this.settle(record, RequestFailure.failed(withDelivery(event.failure as Failure, 'unknown')));
  }
}
