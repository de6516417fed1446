import type { AnyActorRef, InspectionEvent } from 'xstate';

import type { ConnectionFacts } from '../machines/connection-facts.js';
import { RequestRecord } from '../machines/request-record.js';
import type { RequestSpec } from '../machines/request-record.js';
import type { TapEvent } from '../machines/tap.js';
import { healthScore } from '../protocol/health-score.js';
import { Budget } from './budget.js';
import { detail, named, short } from './disclosure.js';
import type { Disclosure } from './disclosure.js';
import { chartOf, hasMore, kindOf, leavesOf } from './looks.js';
import type { Happening } from './records.js';
import { rounded, Traffic } from './traffic.js';

/** Requests that are shown from their beginning: so many a second, and so many at once after a quiet time. */
const REQUESTS = { perSecond: 40, most: 60 };

/** Other requests that are shown because of how they ended, for each way to end. */
const ENDINGS = { perSecond: 5, most: 10 };

/** Steps that lead nowhere, and messages that belong to no request. */
const OTHERS = { perSecond: 60, most: 120 };

/** Requests that are shown at the same time. */
const MOST_TOLD = 400;

/** Events on their way to one actor of which it is remembered who sent them. */
const MOST_SENDERS = 100;

/** What an observer needs of the server. */
export interface ObserverPorts {
  readonly disclosure: Disclosure;
  now(): number;
  /** Numbers for actors, different for all clients. */
  nextActor(): number;
  tell(happening: Happening): void;
}

/** What is known of one actor while it lives. */
interface Entry {
  readonly a: number;
  readonly ref: AnyActorRef;
  readonly parent: Entry | undefined;
  readonly chart: string | undefined;
  readonly since: number;
  /** Whether the page knows of it. */
  told: boolean;
  states: string;
  tag: string | undefined;
  edges: string[];
  senders: { readonly event: unknown; readonly from: Entry }[];
  request: RequestTrace | undefined;
}

interface RequestTrace {
  readonly record: RequestRecord;
  spec: RequestSpec | undefined;
  state: string | undefined;
  sentAt: number;
  /** The id of the attempt whose answer is waited for. */
  sentAs: unknown;
}

/** The snapshot of any actor, as far as it is looked at. */
interface Look {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly value?: unknown;
  readonly context?: unknown;
  readonly tags?: unknown;
}

/**
 * Watches one client and tells what happens in it, in short. Everything is told while little happens. When much does, a sample of the
 * requests is, and the rest is only counted: a request that is not told costs a few reads and writes at each of its steps.
 */
export class Observer {
  readonly #ports: ObserverPorts;
  readonly #entries = new Map<AnyActorRef, Entry>();
  /** Requests that were sent, by the id of the attempt. */
  readonly #sent = new Map<unknown, Entry>();
  readonly #traffic: Traffic;
  readonly #requests = new Budget(REQUESTS.perSecond, REQUESTS.most);
  readonly #others = new Budget(OTHERS.perSecond, OTHERS.most);
  readonly #endings = new Map<string, Budget>();
  #told = 0;
  /** The request that is being told something: what is written meanwhile is its doing. */
  #current: Entry | undefined;
  #session: unknown;
  #checks: unknown;

  constructor(ports: ObserverPorts) {
    this.#ports = ports;
    this.#traffic = new Traffic(ports.now());
  }

  inspect(event: InspectionEvent): void {
    switch (event.type) {
      case '@xstate.actor':
        this.#begin(event.actorRef as AnyActorRef);
        break;
      case '@xstate.event':
        this.#sending(event.actorRef as AnyActorRef, event.sourceRef as AnyActorRef | undefined, event.event);
        break;
      case '@xstate.microstep':
        this.#microstep(event.actorRef as AnyActorRef, event._transitions);
        break;
      case '@xstate.snapshot': {
        const entry = this.#entries.get(event.actorRef as AnyActorRef);
        if (entry === undefined) break;
        const look = event.snapshot as Look;
        if (entry.request === undefined && look.context instanceof RequestRecord) {
          entry.request = { record: look.context, spec: undefined, state: undefined, sentAt: 0, sentAs: undefined };
        }
        if (entry.request === undefined) this.#step(entry, event.event, look);
        else this.#requestStep(entry, entry.request, event.event, look);
        break;
      }
      case '@xstate.action':
      case '@xstate.transition':
        break;
    }
  }

  tap(event: TapEvent): void {
    switch (event.type) {
      case 'message.out':
        this.#traffic.out += 1;
        this.#messageOut(event);
        break;
      case 'message.in':
        this.#traffic.in += 1;
        this.#messageIn(event);
        break;
      case 'message.settled':
        if (event.failure !== undefined) this.#link(event, 'message.not-sent', event.failure);
        break;
      default:
        this.#link(event, event.type, 'failure' in event ? event.failure : undefined);
    }
  }

  /** Whether there is something to say at the end of the stretch of time. */
  get busy(): boolean {
    return this.#traffic.busy;
  }

  /** Tells of requests that turn out to take long. */
  promote(): void {
    if (this.#told >= MOST_TOLD) return;
    const before = this.#ports.now() - 1_000;
    for (const entry of this.#entries.values()) {
      if (entry.told || entry.request?.spec === undefined || entry.since > before) continue;
      this.#tell(entry);
      this.#ports.tell({ k: 'step', a: entry.a, e: '…', v: leavesOf(entry.request.state, entry.chart) });
      if (this.#told >= MOST_TOLD) break;
    }
  }

  /** Tells how much happened since the last time. */
  tellRates(): void {
    const rates = this.#traffic.take(this.#ports.now());
    if (rates !== undefined) this.#ports.tell({ k: 'rates', ...rates });
  }

  #begin(ref: AnyActorRef): void {
    const parent = ref._parent === undefined ? undefined : this.#entries.get(ref._parent);
    const entry: Entry = {
      a: this.#ports.nextActor(),
      ref,
      parent,
      chart: chartOf(ref),
      since: this.#ports.now(),
      told: false,
      states: '',
      tag: undefined,
      edges: [],
      senders: [],
      request: undefined,
    };
    this.#entries.set(ref, entry);
  }

  #tell(entry: Entry): void {
    const { a, parent, ref, chart, since, request } = entry;
    entry.told = true;
    if (request !== undefined) this.#told += 1;
    const { spec } = request ?? {};
    this.#ports.tell({
      k: 'actor',
      a,
      ...(parent !== undefined && { parent: parent.a }),
      id: spec === undefined ? (parent === undefined ? (chart ?? ref.id) : ref.id) : 'request',
      ...(chart !== undefined && { chart }),
      since,
      ...(spec !== undefined && { request: this.#ports.disclosure.label(spec.method, spec.params, spec.direct) }),
    });
  }

  #sending(ref: AnyActorRef, source: AnyActorRef | undefined, event: unknown): void {
    const entry = this.#entries.get(ref);
    if (entry === undefined) return;
    if (entry.request !== undefined) {
      this.#current = entry;
      return;
    }
    const from = source === undefined || source === ref ? undefined : this.#entries.get(source);
    if (from?.told !== true) return;
    entry.senders.push({ event, from });
    // An actor that has ended takes nothing any more.
    if (entry.senders.length > MOST_SENDERS) entry.senders.shift();
  }

  /** Notes the transitions that lead somewhere. */
  #microstep(
    ref: AnyActorRef,
    transitions: Extract<InspectionEvent, { type: '@xstate.microstep' }>['_transitions'],
  ): void {
    const entry = this.#entries.get(ref);
    if (entry === undefined) return;
    for (const { source, target } of transitions) {
      if (target !== undefined && target.length > 0 && entry.edges.length < 8) {
        entry.edges.push(`${source.id}->${target.map((one: { id: string }) => one.id).join('+')}`);
      }
    }
  }

  #step(entry: Entry, event: { readonly type: string }, look: Look): void {
    const from = senderOf(entry, event);
    const leaves = leavesOf(look.value, entry.chart);
    const states = leaves.join();
    const tag = look.tags === undefined ? undefined : [...(look.tags as Iterable<string>)][0];
    const changed = states !== entry.states;
    const { edges } = entry;
    const ended = look.status !== 'active';
    const first = !entry.told;
    // Of children that come and go by the thousand, only the parent's own business counts.
    if (!changed && !ended && !first && edges.length === 0) {
      if (event.type.startsWith('xstate.')) return;
      if (!this.#others.take(this.#ports.now())) {
        this.#traffic.unseen += 1;
        return;
      }
    }
    if (first) this.#tell(entry);
    entry.states = states;
    entry.edges = [];
    const note = 'failure' in event ? this.#ports.disclosure.failure(event.failure) : undefined;
    this.#ports.tell({
      k: 'step',
      a: entry.a,
      e: short(event.type),
      ...(from !== undefined && { from: from.a }),
      ...(changed && { v: leaves }),
      ...(edges.length > 0 && { edges }),
      ...(look.status !== 'active' && { end: look.status }),
      ...(tag !== undefined && tag !== entry.tag && { tag }),
      ...(note !== undefined && { note }),
      ...(hasMore(event) && { detail: detail(this.#ports.disclosure.internal(event)) }),
    });
    entry.tag = tag;
    if (entry.parent === undefined) this.#facts(look.context as Partial<ConnectionFacts> | undefined);
    if (ended) this.#entries.delete(entry.ref);
  }

  /** What the connection found out. */
  #facts(facts: Partial<ConnectionFacts> | undefined): void {
    const { session, checks } = facts ?? {};
    if (session !== undefined && session !== this.#session) {
      const { era, protocolVersion, serverInfo } = session;
      const { name = '', version = '' } = (serverInfo ?? {}) as { name?: string; version?: string };
      this.#ports.tell({ k: 'session', server: short(`${name} ${version}`.trim()), revision: protocolVersion, era });
    }
    this.#session = session;
    const newest = checks?.at(-1);
    if (checks !== undefined && newest !== undefined && checks !== this.#checks) {
      const { ok, latency } = newest;
      this.#ports.tell({
        k: 'health',
        score: rounded(healthScore(checks)),
        ok,
        ...(latency !== undefined && { latency: rounded(latency) }),
      });
    }
    this.#checks = checks;
  }

  #requestStep(entry: Entry, request: RequestTrace, event: { readonly type: string }, look: Look): void {
    const state = look.value as string;
    const before = request.state;
    if (event.type === 'xstate.init') return;
    if (request.spec === undefined) {
      request.spec = request.record.spec;
      this.#traffic.started += 1;
      if (this.#told < MOST_TOLD && this.#requests.take(this.#ports.now())) this.#tell(entry);
    }
    const ended = look.status !== 'active';
    request.state = state;
    if (ended) this.#traffic.ended(state);
    if (state !== before) this.#traffic.moved(before, ended ? undefined : state);
    if (entry.told) this.#tellRequestStep(entry, event, look, state !== before);
    else if (ended) this.#endUnseen(entry, event, look);
    if (!ended) return;
    if (entry.told) this.#told -= 1;
    this.#entries.delete(entry.ref);
    this.#sent.delete(request.sentAs);
    if (this.#current === entry) this.#current = undefined;
  }

  /** One that nobody saw may have ended in a way that deserves to be seen. */
  #endUnseen(entry: Entry, event: { readonly type: string }, look: Look): void {
    const state = look.value as string;
    const budget = this.#endings.get(state) ?? new Budget(ENDINGS.perSecond, ENDINGS.most);
    this.#endings.set(state, budget);
    if (budget.take(this.#ports.now())) {
      this.#tell(entry);
      this.#tellRequestStep(entry, event, look, true);
    } else this.#traffic.unseen += 1;
  }

  #tellRequestStep(entry: Entry, event: { readonly type: string }, look: Look, moved: boolean): void {
    if (!moved && look.status === 'active' && !this.#others.take(this.#ports.now())) {
      this.#traffic.unseen += 1;
      return;
    }
    const failure = 'failure' in event ? this.#ports.disclosure.failure(event.failure) : undefined;
    this.#ports.tell({
      k: 'step',
      a: entry.a,
      e: event.type,
      ...(moved && { v: leavesOf(look.value, entry.chart) }),
      ...(look.status !== 'active' && { end: look.status }),
      ...(failure !== undefined && { note: failure }),
    });
  }

  #messageOut({ epoch, message }: Extract<TapEvent, { type: 'message.out' }>): void {
    const id = 'id' in message ? message.id : undefined;
    const current = this.#current;
    const entry = id !== undefined && 'method' in message && current?.request?.record.id === id ? current : undefined;
    if (entry?.request !== undefined) {
      // An earlier attempt is not answered any more: the link took its answer along.
      this.#sent.delete(entry.request.sentAs);
      entry.request.sentAs = id;
      entry.request.sentAt = this.#ports.now();
      this.#sent.set(id, entry);
    }
    this.#message('out', epoch, message, entry, undefined);
  }

  #messageIn({ epoch, message }: Extract<TapEvent, { type: 'message.in' }>): void {
    const { id, method } = (message ?? {}) as { id?: unknown; method?: unknown };
    const entry = method === undefined ? this.#sent.get(id) : undefined;
    let took: number | undefined;
    if (entry?.request !== undefined) {
      took = rounded(this.#ports.now() - entry.request.sentAt);
      this.#traffic.answered(took);
      this.#sent.delete(id);
    }
    this.#message('in', epoch, message, entry, took);
  }

  #message(
    way: 'out' | 'in',
    epoch: number,
    message: unknown,
    entry: Entry | undefined,
    took: number | undefined,
  ): void {
    if (entry !== undefined && !entry.told) return;
    if (entry === undefined && !this.#others.take(this.#ports.now())) {
      this.#traffic.unseen += 1;
      return;
    }
    const shown = this.#ports.disclosure.message(message);
    const { id } = (shown ?? {}) as { id?: unknown };
    const what = kindOf(shown);
    this.#ports.tell({
      k: 'message',
      way,
      epoch,
      what,
      ...((what === 'request' || what === 'notification') && named(shown)),
      ...((typeof id === 'string' || typeof id === 'number') && { id }),
      ...(entry !== undefined && { a: entry.a }),
      ...(took !== undefined && { took }),
      detail: detail(shown),
    });
  }

  #link({ epoch }: TapEvent, what: string, failure: unknown): void {
    if (!this.#others.take(this.#ports.now())) {
      this.#traffic.unseen += 1;
      return;
    }
    const note = failure === undefined ? undefined : this.#ports.disclosure.failure(failure);
    this.#ports.tell({ k: 'link', epoch, what, ...(note !== undefined && { note }) });
  }
}

function senderOf(entry: Entry, event: unknown): Entry | undefined {
  const at = entry.senders.findIndex((one) => one.event === event);
  if (at === -1) return undefined;
  // Those before it were dropped.
  return entry.senders.splice(0, at + 1).at(-1)?.from;
}
