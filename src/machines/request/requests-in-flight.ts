import type { Environment } from '../../util/environment.js';
import type { Failure } from '../../util/failure.js';
import type { FrameLog } from '../../diagnostics/frame-log.js';
import { asksForInput, neededInput, neededPages } from '../../protocol/server-requests/input-required.js';
import { isFailure } from '../../util/failure.js';
import { rpcFailure } from '../../protocol/messages/json-rpc.js';
import type {
  JSONRPCErrorResponse,
  JSONRPCResultResponse,
  Params,
  RequestId,
} from '../../protocol/messages/json-rpc.js';
import { LatencyWindow } from '../../diagnostics/latency-window.js';
import { readResult } from '../../protocol/messages/message-reading.js';
import type { CancelledNotificationParams, ProgressNotificationParams } from '../../protocol/schema/index.js';
import type { Session } from '../../protocol/session.js';
import type { IdRing } from './id-ring.js';
import type { InputRounds } from './input-rounds.js';
import { carriesProgressToken } from './request-spec.js';
import type { RequestEvent } from './request-machine.js';
import type { RequestRecord } from './request-record.js';
import { detached, endTogether, together } from './shared-requests.js';

/** What a notification is to the stream that it belongs to: `late` when that is over. */
export type Notice = 'wanted' | 'unwanted' | 'late';

/** What is needed to find out what concerns which request. */
export interface InFlightPorts {
  readonly environment: Environment;
  readonly ring: IdRing;
  readonly frames: FrameLog;
  readonly rounds: InputRounds;
  readonly session: () => Session | undefined;
  /** Reports a fault in an answer that is handed out all the same. */
  readonly tolerate: (fault: Failure) => void;
  /** Sends queued requests, if the gate is open. */
  readonly flush: () => void;
}

/** The requests that were sent and not answered yet: what comes in finds the one that it concerns by its id, and tells its actor. */
export class RequestsInFlight {
  readonly #ports: InFlightPorts;
  /** When the last answer came, in milliseconds since the Unix epoch. */
  lastAnswerAt: number | undefined;

  /** How long the last answers took. */
  readonly latencies = new LatencyWindow();

  constructor(ports: InFlightPorts) {
    this.#ports = ports;
  }

  /** The requests that the server may be at work on. A stream that it keeps open is no work. */
  #work(): RequestRecord[] {
    return this.#ports.ring.all().filter(({ spec }) => spec.onNotice === undefined);
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

  /** Takes an answer in. False when no request waits for it. */
  answered(message: JSONRPCResultResponse | JSONRPCErrorResponse): boolean {
    const { environment, ring, frames, rounds, session, tolerate } = this.#ports;
    const record = ring.get(message.id);
    if (record === undefined) return false;
    const now = environment.now();
    this.lastAnswerAt = now;
    const { method, params, entry, onNotice } = record.spec;
    if (onNotice === undefined) this.latencies.add(now - record.sentAt);
    if ('error' in message) {
      frames.add('error', method, now, record.id, message.error.code);
      const refusal = rpcFailure(method, message.error, params);
      const pages = neededPages(message.error, session(), refusal);
      if (pages !== undefined) this.#beginRound(record, rounds.judge(record, pages));
      else endTogether(record, { type: 'error', failure: refusal });
      return true;
    }
    frames.answered(method, record.id, now);
    const { result } = message;
    const read = readResult(method, entry, session()?.era ?? 'legacy', result);
    if (read !== undefined && isFailure(read)) {
      if (asksForInput(entry, session(), result))
        this.#beginRound(record, rounds.judge(record, neededInput(method, result)));
      else endTogether(record, { type: 'error', failure: read });
      return true;
    }
    const event: RequestEvent = { type: 'answer', result: read === undefined ? result : read.value };
    if (record.followers === undefined) record.actor.send(event);
    else endTogether(record, event);
    for (const fault of read?.warnings ?? []) tolerate(fault);
    return true;
  }

  /** Asks for input on behalf of one request. Requests that shared its response are sent again, since they have rounds of their own. */
  #beginRound(record: RequestRecord, event: RequestEvent): void {
    if (event.type === 'error') {
      endTogether(record, event);
      return;
    }
    const [, ...followers] = detached(record);
    record.actor.send(event);
    for (const { actor } of followers) actor.send({ type: 'unsent' });
    if (followers.length > 0) this.#ports.flush();
  }

  /** The method of the request in flight with this id. */
  methodOf(id: unknown): string | undefined {
    return this.#ports.ring.get(id)?.spec.method;
  }

  /**
   * Takes in an error response whose id belongs to no request. When only one request is in flight, and there is no session yet, the error is
   * about that request: servers that do not know `server/discover` answer it with all kinds of ids. Any other request gets only an error
   * without an id. Returns false when the error may be about something else.
   */
  complained(message: JSONRPCErrorResponse): boolean {
    const { ring } = this.#ports;
    const [only, ...others] = ring.all();
    if (only === undefined || others.length > 0) return false;
    const { id } = message;
    const hasId = id !== undefined && id !== null;
    if (hasId && (only.spec.method !== 'server/discover' || ring.wasGiven(id))) return false;
    return this.answered({ ...message, id: only.id });
  }

  /** Takes in that an answer came which the link had to throw away. False when it is not known whose, or no request waits for it. */
  spoiled(problem: Failure): boolean {
    const { environment, ring, frames } = this.#ports;
    const record = ring.get(problem.details?.requestId);
    if (record === undefined) return false;
    const now = environment.now();
    this.lastAnswerAt = now;
    frames.add('error', record.spec.method, now, record.id);
    endTogether(record, { type: 'error', failure: problem });
    return true;
  }

  /** Takes a progress notification in. False when no request waits for it. */
  progressed(params: ProgressNotificationParams): boolean {
    const record = this.#ports.ring.get(params.progressToken);
    if (record === undefined || !carriesProgressToken(record.spec)) return false;
    for (const { actor } of together(record)) actor.send({ type: 'progress', params });
    return true;
  }

  /** The server says that the user has done what a page was for. 2025-11-25 client/elicitation. */
  visited(page: string): void {
    this.#ports.rounds.visited(page);
  }

  /**
   * The server waits for this side before it goes on with the request of this id, or, when it is not known with which, with any of those in
   * flight. Returns their ids: `timeout` does not count for them until they are released.
   */
  hold(id: RequestId | undefined): RequestId[] {
    const held = id === undefined ? this.#work() : this.#exchange(id);
    for (const { actor } of held) actor.send({ type: 'hold' });
    return held.map((record) => record.id);
  }

  /** The server waits no longer for what these were held for. */
  release(ids: readonly RequestId[]): void {
    for (const id of ids) this.#ports.ring.get(id)?.actor.send({ type: 'release' });
  }

  /** The requests that wait for the response with this id. */
  #exchange(id: unknown): readonly RequestRecord[] {
    const record = this.#ports.ring.get(id);
    return record === undefined ? [] : together(record);
  }

  /** The stream of an answer broke, and is being taken up again. */
  interrupted(id: unknown): void {
    for (const { actor } of this.#exchange(id)) actor.send({ type: 'interrupt' });
  }

  /** The stream of an answer is open again. */
  resumed(id: unknown): void {
    for (const { actor } of this.#exchange(id)) actor.send({ type: 'resume' });
  }

  /** Takes in a notification of a stream that a request opened, and says what it is to that. 2026-07-28 basic/patterns/subscriptions. */
  noticed(id: unknown, method: string, params: Params | undefined): Notice {
    const record = this.#ports.ring.get(id);
    if (record === undefined) return this.#ports.ring.wasGiven(id) ? 'late' : 'unwanted';
    return record.spec.onNotice?.(method, params) === true ? 'wanted' : 'unwanted';
  }

  /** The server may end only a subscription this way, in good order; any other cancellation is of a request of its own. */
  cancelledByPeer({ requestId }: CancelledNotificationParams): void {
    const record = this.#ports.ring.get(requestId);
    if (record?.spec.onNotice !== undefined) record.actor.send({ type: 'answer', result: {} });
  }
}
