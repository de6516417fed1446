import type { AnyActorRef } from 'xstate';

import type { RequestRecord } from '../machines/request/request-record.js';
import type { RequestSpec } from '../machines/request/request-spec.js';
import type { TapEvent } from '../machines/connection/link-tap.js';
import { RateLimit } from './rate-limit.js';
import { ById } from './by-id.js';
import { chartOf, leavesOf } from './snapshots.js';
import type { ObservedSnapshot } from './snapshots.js';
import { messageOf } from './messages.js';
import type { ObserverShared } from './observer-ports.js';
import { rounded } from './traffic.js';

/** The rate limit of requests that are shown from their beginning. */
const REQUESTS = { perSecond: 40, most: 60 };

/** The rate limit of further requests that are shown when they end, for each final state. */
const ENDINGS = { perSecond: 5, most: 10 };

/** Maximum number of pending requests that are shown. */
const MAX_SHOWN = 400;

/** A request that was only counted is shown after this time, in ms. */
const LONG = 1_000;

/** A request from its beginning to its end. Its actor and record may be reused for another request afterwards. */
class TrackedRequest {
  readonly record: RequestRecord;
  readonly ref: AnyActorRef;
  readonly spec: RequestSpec;
  readonly since: number;
  /** Its number, once it is shown. */
  a: number | undefined = undefined;
  state: string | undefined = undefined;
  sentAt = 0;
  /** The id of the current attempt. */
  sentAs: unknown = undefined;
  /** The number of the request among all requests that use the record. */
  readonly #number: number;

  constructor(ref: AnyActorRef, record: RequestRecord, since: number) {
    this.record = record;
    this.ref = ref;
    this.spec = record.spec;
    this.since = since;
    this.#number = record.life;
  }

  get over(): boolean {
    return this.record.life !== this.#number;
  }
}

/**
 * The current request of a record. It is stored in the record, because a map with many insertions and deletions leaves long-lived garbage.
 */
function trackedRequest({ notes }: RequestRecord): TrackedRequest | undefined {
  return notes instanceof TrackedRequest ? notes : undefined;
}

/** The requests of one client: all are counted, and a sample is shown. */
export class WatchedRequests {
  readonly #shared: ObserverShared;
  readonly #parentOf: (ref: AnyActorRef | undefined) => number | undefined;
  /** The pending requests, in the order of their beginning, and some settled ones. */
  #requests: TrackedRequest[] = [];
  /** Requests that were sent, by the id of the attempt. */
  readonly #sent = new ById<TrackedRequest>();
  readonly #beginnings = new RateLimit(REQUESTS.perSecond, REQUESTS.most);
  readonly #endings = new Map<string, RateLimit>();
  #shown = 0;
  /** The request that is handling an event: it sends the messages that are written meanwhile. */
  #current: TrackedRequest | undefined;

  /** @param parentOf the number of the actor that has the requests as its children */
  constructor(shared: ObserverShared, parentOf: (ref: AnyActorRef | undefined) => number | undefined) {
    this.#shared = shared;
    this.#parentOf = parentOf;
  }

  /** An event is sent to a request. The first one begins the request. */
  sending(ref: AnyActorRef, record: RequestRecord, event: { readonly type: string }): void {
    this.#current = trackedRequest(record) ?? (event.type === 'submit' ? this.#begin(ref, record) : undefined);
  }

  /** A request handled an event. */
  step(record: RequestRecord, event: { readonly type: string }, snapshot: ObservedSnapshot): void {
    const request = trackedRequest(record);
    if (request === undefined) return;
    const state = snapshot.value as string;
    const before = request.state;
    const ended = request.over;
    const moved = state !== before;
    request.state = state;
    const { traffic } = this.#shared;
    if (ended) traffic.ended(state);
    if (moved) traffic.moved(before, ended ? undefined : state);
    if (request.a !== undefined) this.#emitStep(request.a, request, event, ended, moved);
    else if (ended) this.#endUnseen(request, event);
    if (ended) this.#end(request);
  }

  /** Whether a sent message is an attempt of a request. Emits it if the request is shown. */
  sent(event: Extract<TapEvent, { type: 'message.out' }>): boolean {
    const { message } = event;
    const id = 'id' in message ? message.id : undefined;
    const request = this.#current;
    if (id === undefined || !('method' in message) || request?.record.id !== id) return false;
    // The link of an earlier attempt was lost, so its response will not arrive.
    this.#sent.delete(request.sentAs);
    request.sentAs = id;
    request.sentAt = this.#shared.now();
    this.#sent.set(id, request);
    if (request.a !== undefined)
      this.#shared.emit({ ...messageOf('out', event, this.#shared.disclosure), a: request.a });
    return true;
  }

  /** Whether a received message is the response to a request. Emits it if the request is shown. */
  received(event: Extract<TapEvent, { type: 'message.in' }>): boolean {
    const { id, method } = (event.message ?? {}) as { id?: unknown; method?: unknown };
    const request = method === undefined ? this.#sent.get(id) : undefined;
    if (request === undefined) return false;
    const took = rounded(this.#shared.now() - request.sentAt);
    this.#shared.traffic.responded(took);
    this.#sent.delete(id);
    if (request.a !== undefined) {
      this.#shared.emit({ ...messageOf('in', event, this.#shared.disclosure), a: request.a, took });
    }
    return true;
  }

  /** Shows the requests that take long. */
  promote(): void {
    this.#requests = this.#requests.filter(({ over }) => !over);
    if (this.#shown >= MAX_SHOWN) return;
    const before = this.#shared.now() - LONG;
    for (const request of this.#requests) {
      if (request.since > before) break;
      if (request.a !== undefined) continue;
      const a = this.#emit(request);
      this.#shared.emit({ k: 'step', a, e: '…', v: this.#leaves(request) });
      if (this.#shown >= MAX_SHOWN) break;
    }
  }

  #begin(ref: AnyActorRef, record: RequestRecord): TrackedRequest {
    const request = new TrackedRequest(ref, record, this.#shared.now());
    record.notes = request;
    this.#requests.push(request);
    this.#shared.traffic.started += 1;
    if (this.#shown < MAX_SHOWN && this.#beginnings.take(request.since, this.#shared.share())) this.#emit(request);
    return request;
  }

  #emit(request: TrackedRequest): number {
    const { ref, since, spec } = request;
    const a = (request.a = this.#shared.nextActor());
    this.#shown += 1;
    const parent = this.#parentOf(ref._parent);
    const chart = chartOf(ref);
    this.#shared.emit({
      k: 'actor',
      a,
      ...(parent !== undefined && { parent }),
      id: 'request',
      ...(chart !== undefined && { chart }),
      since,
      request: this.#shared.disclosure.label(spec.method, spec.params, spec.direct),
    });
    return a;
  }

  #emitStep(
    a: number,
    request: TrackedRequest,
    event: { readonly type: string },
    ended: boolean,
    moved: boolean,
  ): void {
    if (!moved && !ended && !this.#shared.mayEmit()) return;
    const failure = 'failure' in event ? this.#shared.disclosure.failure(event.failure) : undefined;
    this.#shared.emit({
      k: 'step',
      a,
      e: event.type,
      ...(moved && { v: this.#leaves(request) }),
      ...(ended && { end: 'done' }),
      ...(failure !== undefined && { note: failure }),
    });
  }

  /** Shows a request that was only counted when it ends, within the limit of its final state. */
  #endUnseen(request: TrackedRequest, event: { readonly type: string }): void {
    const { state = '' } = request;
    let budget = this.#endings.get(state);
    if (budget === undefined) this.#endings.set(state, (budget = new RateLimit(ENDINGS.perSecond, ENDINGS.most)));
    if (budget.take(this.#shared.now(), this.#shared.share()))
      this.#emitStep(this.#emit(request), request, event, true, true);
    else this.#shared.traffic.unseen += 1;
  }

  #end(request: TrackedRequest): void {
    if (request.a !== undefined) this.#shown -= 1;
    request.record.notes = undefined;
    this.#sent.delete(request.sentAs);
    if (this.#current === request) this.#current = undefined;
  }

  #leaves({ ref, state }: TrackedRequest): string[] {
    return leavesOf(state, chartOf(ref));
  }
}
