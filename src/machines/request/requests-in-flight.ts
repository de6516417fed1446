import type { Environment } from '../../util/environment.js';
import type { Failure } from '../../util/failure.js';
import type { FrameLog } from '../../diagnostics/frame-log.js';
import { asksForInput, neededInput, neededPages } from '../../protocol/server-requests/input-required.js';
import type { NeededInput } from '../../protocol/server-requests/input-required.js';
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

/** What a notification is to its stream: `late` when the stream has ended. */
export type Notice = 'wanted' | 'unwanted' | 'late';

/** What {@link RequestsInFlight} needs from the requests. */
export interface InFlightPorts {
  readonly environment: Environment;
  readonly ring: IdRing;
  readonly frames: FrameLog;
  readonly rounds: InputRounds;
  readonly session: () => Session | undefined;
  /** Reports a fault in a response that is used all the same. */
  readonly tolerate: (fault: Failure) => void;
  /** Sends queued requests, if the gate is open. */
  readonly flush: () => void;
}

/** The requests that were sent and have no response yet. Finds the request of a received message by its id, and sends its actor an event. */
export class RequestsInFlight {
  readonly #ports: InFlightPorts;
  /** When the last response was received, in milliseconds since the Unix epoch. */
  lastAnswerAt: number | undefined;

  /** How long the last responses took. */
  readonly latencies = new LatencyWindow();

  constructor(ports: InFlightPorts) {
    this.#ports = ports;
  }

  /** The requests that the server may be working on. An open stream is no work. */
  #work(): RequestRecord[] {
    return this.#ports.ring.all().filter(({ spec }) => spec.onNotice === undefined);
  }

  /** Whether the server may be working on a request, or waiting for the client to continue with one. */
  get working(): boolean {
    return this.#work().length > 0;
  }

  /** How many requests the server may be working on without waiting for the client, and for how many milliseconds it has not responded. */
  get silence(): { readonly inFlight: number; readonly silence: number | undefined } {
    const work = this.#work().filter(({ holds }) => holds === 0);
    if (work.length === 0) return { inFlight: 0, silence: undefined };
    const oldest = work.reduce((earliest, { sentAt }) => Math.min(earliest, sentAt), Infinity);
    const since = Math.max(oldest, this.lastAnswerAt ?? 0);
    return { inFlight: work.length, silence: this.#ports.environment.now() - since };
  }

  /** Handles a response. Returns false when its id belongs to no request in flight. */
  answered(message: JSONRPCResultResponse | JSONRPCErrorResponse): boolean {
    const { environment, ring, frames, session, tolerate } = this.#ports;
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
      this.#beginRound(record, pages ?? refusal);
      return true;
    }
    frames.answered(method, record.id, now);
    const { result } = message;
    const read = readResult(method, entry, session()?.era ?? 'legacy', result);
    if (read !== undefined && isFailure(read)) {
      this.#beginRound(record, asksForInput(entry, session(), result) ? neededInput(method, result) : read);
      return true;
    }
    const event: RequestEvent = { type: 'answer', result: read === undefined ? result : read.value };
    if (record.followers === undefined) record.actor.send(event);
    else endTogether(record, event);
    for (const fault of read?.warnings ?? []) tolerate(fault);
    return true;
  }

  /**
   * Begins a round of a request whose server needs input, or ends the request with a failure. Requests that shared the response are sent again,
   * because they have rounds of their own.
   */
  #beginRound(record: RequestRecord, needs: NeededInput | Failure): void {
    const event = isFailure(needs) ? needs : this.#ports.rounds.eventFor(record, needs);
    if (isFailure(event)) {
      endTogether(record, { type: 'error', failure: event });
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
   * Handles an error response whose id belongs to no request. When only one request is in flight, and there is no session yet, the error is
   * about that request: servers that do not know `server/discover` answer it with all kinds of ids. Any other request gets only an error
   * without an id. Returns false when the error may be about something else.
   */
  answeredWithUnknownId(message: JSONRPCErrorResponse): boolean {
    const { ring } = this.#ports;
    const [only, ...others] = ring.all();
    if (only === undefined || others.length > 0) return false;
    const { id } = message;
    const hasId = id !== undefined && id !== null;
    if (hasId && (only.spec.method !== 'server/discover' || ring.wasGiven(id))) return false;
    return this.answered({ ...message, id: only.id });
  }

  /** Rejects the request whose response the link had to discard. Returns false when the id is unknown or belongs to no request in flight. */
  failed(problem: Failure): boolean {
    const { environment, ring, frames } = this.#ports;
    const record = ring.get(problem.details?.requestId);
    if (record === undefined) return false;
    const now = environment.now();
    this.lastAnswerAt = now;
    frames.add('error', record.spec.method, now, record.id);
    endTogether(record, { type: 'error', failure: problem });
    return true;
  }

  /** Handles a progress notification. Returns false when its token belongs to no request in flight. */
  progressed(params: ProgressNotificationParams): boolean {
    const record = this.#ports.ring.get(params.progressToken);
    if (record === undefined || !carriesProgressToken(record.spec)) return false;
    for (const { actor } of together(record)) actor.send({ type: 'progress', params });
    return true;
  }

  /** The server reports that the user has completed a page. 2025-11-25 client/elicitation. */
  visited(page: string): void {
    this.#ports.rounds.visited(page);
  }

  /**
   * The server waits for the client before it continues with the request of this id, or with any request in flight if the id is unknown.
   * Returns the ids of these requests: their `timeout` is paused until they are released.
   */
  hold(id: RequestId | undefined): RequestId[] {
    const held = id === undefined ? this.#work() : this.#exchange(id);
    for (const { actor } of held) actor.send({ type: 'hold' });
    return held.map((record) => record.id);
  }

  /** The server does not wait any more for the client before it continues with these requests. */
  release(ids: readonly RequestId[]): void {
    for (const id of ids) this.#ports.ring.get(id)?.actor.send({ type: 'release' });
  }

  /** The requests that wait for the response with this id. */
  #exchange(id: unknown): readonly RequestRecord[] {
    const record = this.#ports.ring.get(id);
    return record === undefined ? [] : together(record);
  }

  /** The stream of a response broke off, and the link resumes it. */
  interrupted(id: unknown): void {
    for (const { actor } of this.#exchange(id)) actor.send({ type: 'interrupt' });
  }

  /** The stream of a response is open again. */
  resumed(id: unknown): void {
    for (const { actor } of this.#exchange(id)) actor.send({ type: 'resume' });
  }

  /** The request waits for a person to sign in, and was not sent. */
  parked(id: unknown): void {
    for (const { actor } of this.#exchange(id)) actor.send({ type: 'park' });
  }

  /** The request does not wait for a person any more. */
  unparked(id: unknown): void {
    for (const { actor } of this.#exchange(id)) actor.send({ type: 'unpark' });
  }

  /** Passes a notification to the request that opened its stream. 2026-07-28 basic/patterns/subscriptions. */
  noticed(id: unknown, method: string, params: Params | undefined): Notice {
    const record = this.#ports.ring.get(id);
    if (record === undefined) return this.#ports.ring.wasGiven(id) ? 'late' : 'unwanted';
    return record.spec.onNotice?.(method, params) === true ? 'wanted' : 'unwanted';
  }

  /** Ends a subscription cleanly. The server cannot cancel any other request of the client. */
  cancelledByPeer({ requestId }: CancelledNotificationParams): void {
    const record = this.#ports.ring.get(requestId);
    if (record?.spec.onNotice !== undefined) record.actor.send({ type: 'answer', result: {} });
  }
}
