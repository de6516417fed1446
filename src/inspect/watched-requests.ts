import type { AnyActorRef } from 'xstate';

import type { RequestRecord } from '../machines/request/request-record.js';
import type { RequestSpec } from '../machines/request/request-spec.js';
import type { TapEvent } from '../machines/connection/link-tap.js';
import { Budget } from './budget.js';
import { ById } from './by-id.js';
import { chartOf, leavesOf } from './looks.js';
import type { Look } from './looks.js';
import { messageOf } from './messages.js';
import type { ObserverShared } from './observer-ports.js';
import { rounded } from './traffic.js';

/** Requests that are shown from their beginning: so many a second, and so many at once after a quiet time. */
const REQUESTS = { perSecond: 40, most: 60 };

/** Other requests that are shown because of how they ended, for each way to end. */
const ENDINGS = { perSecond: 5, most: 10 };

/** Requests that are shown at the same time. */
const MOST_TOLD = 400;

/** Milliseconds after which a request that was only counted is shown. */
const LONG = 1_000;

/** One request from its beginning to its end. Its actor may be that of another request afterwards. */
class Life {
  readonly record: RequestRecord;
  readonly ref: AnyActorRef;
  readonly spec: RequestSpec;
  readonly since: number;
  /** Its number, once the page knows of it. */
  a: number | undefined = undefined;
  state: string | undefined = undefined;
  sentAt = 0;
  /** The id of the attempt whose answer is waited for. */
  sentAs: unknown = undefined;
  /** Which of the lives of the record it is. */
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

/** The request that a record is at present. It is kept there: a map in which thousands come and go would leave garbage that outlives them. */
function lifeOf({ notes }: RequestRecord): Life | undefined {
  return notes instanceof Life ? notes : undefined;
}

/** The requests of one client: all are counted, and a sample is told. */
export class WatchedRequests {
  readonly #shared: ObserverShared;
  readonly #parentOf: (ref: AnyActorRef | undefined) => number | undefined;
  /** Those that are not over, in the order in which they began, and some that are. */
  #lives: Life[] = [];
  /** Requests that were sent, by the id of the attempt. */
  readonly #sent = new ById<Life>();
  readonly #beginnings = new Budget(REQUESTS.perSecond, REQUESTS.most);
  readonly #endings = new Map<string, Budget>();
  #told = 0;
  /** The request that is being told something: what is written meanwhile is its doing. */
  #current: Life | undefined;

  /** @param parentOf the number of the actor that has the requests as its children */
  constructor(shared: ObserverShared, parentOf: (ref: AnyActorRef | undefined) => number | undefined) {
    this.#shared = shared;
    this.#parentOf = parentOf;
  }

  /** A request is sent an event; with the first of them it begins. */
  sending(ref: AnyActorRef, record: RequestRecord, event: { readonly type: string }): void {
    this.#current = lifeOf(record) ?? (event.type === 'submit' ? this.#begin(ref, record) : undefined);
  }

  /** A request took an event. */
  step(record: RequestRecord, event: { readonly type: string }, look: Look): void {
    const life = lifeOf(record);
    if (life === undefined) return;
    const state = look.value as string;
    const before = life.state;
    const ended = life.over;
    const moved = state !== before;
    life.state = state;
    const { traffic } = this.#shared;
    if (ended) traffic.ended(state);
    if (moved) traffic.moved(before, ended ? undefined : state);
    if (life.a !== undefined) this.#tellStep(life.a, life, event, ended, moved);
    else if (ended) this.#endUnseen(life, event);
    if (ended) this.#end(life);
  }

  /** Whether a message that goes out is an attempt of a request. It is told where the request is. */
  asked(event: Extract<TapEvent, { type: 'message.out' }>): boolean {
    const { message } = event;
    const id = 'id' in message ? message.id : undefined;
    const life = this.#current;
    if (id === undefined || !('method' in message) || life?.record.id !== id) return false;
    // An earlier attempt is not answered any more: the link took its answer along.
    this.#sent.delete(life.sentAs);
    life.sentAs = id;
    life.sentAt = this.#shared.now();
    this.#sent.set(id, life);
    if (life.a !== undefined) this.#shared.tell({ ...messageOf('out', event, this.#shared.disclosure), a: life.a });
    return true;
  }

  /** Whether a message that came in is the answer to a request. It is told where the request is. */
  answered(event: Extract<TapEvent, { type: 'message.in' }>): boolean {
    const { id, method } = (event.message ?? {}) as { id?: unknown; method?: unknown };
    const life = method === undefined ? this.#sent.get(id) : undefined;
    if (life === undefined) return false;
    const took = rounded(this.#shared.now() - life.sentAt);
    this.#shared.traffic.answered(took);
    this.#sent.delete(id);
    if (life.a !== undefined) {
      this.#shared.tell({ ...messageOf('in', event, this.#shared.disclosure), a: life.a, took });
    }
    return true;
  }

  /** Tells of requests that turn out to take long. */
  promote(): void {
    this.#lives = this.#lives.filter(({ over }) => !over);
    if (this.#told >= MOST_TOLD) return;
    const before = this.#shared.now() - LONG;
    for (const life of this.#lives) {
      if (life.since > before) break;
      if (life.a !== undefined) continue;
      const a = this.#tell(life);
      this.#shared.tell({ k: 'step', a, e: '…', v: this.#leaves(life) });
      if (this.#told >= MOST_TOLD) break;
    }
  }

  #begin(ref: AnyActorRef, record: RequestRecord): Life {
    const life = new Life(ref, record, this.#shared.now());
    record.notes = life;
    this.#lives.push(life);
    this.#shared.traffic.started += 1;
    if (this.#told < MOST_TOLD && this.#beginnings.take(life.since, this.#shared.share())) this.#tell(life);
    return life;
  }

  #tell(life: Life): number {
    const { ref, since, spec } = life;
    const a = (life.a = this.#shared.nextActor());
    this.#told += 1;
    const parent = this.#parentOf(ref._parent);
    const chart = chartOf(ref);
    this.#shared.tell({
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

  #tellStep(a: number, life: Life, event: { readonly type: string }, ended: boolean, moved: boolean): void {
    if (!moved && !ended && !this.#shared.mayTell()) return;
    const failure = 'failure' in event ? this.#shared.disclosure.failure(event.failure) : undefined;
    this.#shared.tell({
      k: 'step',
      a,
      e: event.type,
      ...(moved && { v: this.#leaves(life) }),
      ...(ended && { end: 'done' }),
      ...(failure !== undefined && { note: failure }),
    });
  }

  /** One that nobody saw may have ended in a way that deserves to be seen. */
  #endUnseen(life: Life, event: { readonly type: string }): void {
    const { state = '' } = life;
    let budget = this.#endings.get(state);
    if (budget === undefined) this.#endings.set(state, (budget = new Budget(ENDINGS.perSecond, ENDINGS.most)));
    if (budget.take(this.#shared.now(), this.#shared.share()))
      this.#tellStep(this.#tell(life), life, event, true, true);
    else this.#shared.traffic.unseen += 1;
  }

  #end(life: Life): void {
    if (life.a !== undefined) this.#told -= 1;
    life.record.notes = undefined;
    this.#sent.delete(life.sentAs);
    if (this.#current === life) this.#current = undefined;
  }

  #leaves({ ref, state }: Life): string[] {
    return leavesOf(state, chartOf(ref));
  }
}
