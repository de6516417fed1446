import type { AnyActorRef, InspectionEvent } from 'xstate';

import type { ConnectionFacts } from '../machines/connection/connection-context.js';
import { healthScore } from '../diagnostics/health-score.js';
import { detail, short } from './disclosure.js';
import { chartOf, hasMore, leavesOf } from './snapshots.js';
import type { ObservedSnapshot } from './snapshots.js';
import type { ObserverShared } from './observer-ports.js';
import { rounded } from './traffic.js';

/** Maximum number of pending events of an actor whose senders are remembered. */
const MAX_SENDERS = 100;

/** Maximum number of transitions in the record of a step. */
const MAX_EDGES = 8;

type Transitions = Extract<InspectionEvent, { type: '@xstate.microstep' }>['_transitions'];

/** A running actor. */
interface Entry {
  readonly a: number;
  readonly ref: AnyActorRef;
  readonly parent: Entry | undefined;
  readonly chart: string | undefined;
  readonly since: number;
  /** Whether it has a record. */
  shown: boolean;
  states: string;
  tag: string | undefined;
  edges: string[];
  senders: { readonly event: unknown; readonly from: Entry }[];
}

/** Observes the actors of one client, except those of its requests: their charts, events and state changes. */
export class WatchedActors {
  readonly #shared: ObserverShared;
  readonly #entries = new Map<AnyActorRef, Entry>();
  #session: unknown;
  #checks: unknown;

  constructor(shared: ObserverShared) {
    this.#shared = shared;
  }

  begin(ref: AnyActorRef): void {
    this.#entries.set(ref, {
      a: this.#shared.nextActor(),
      ref,
      parent: ref._parent === undefined ? undefined : this.#entries.get(ref._parent),
      chart: chartOf(ref),
      since: this.#shared.now(),
      shown: false,
      states: '',
      tag: undefined,
      edges: [],
      senders: [],
    });
  }

  /** The number of a running actor. */
  numberOf(ref: AnyActorRef | undefined): number | undefined {
    return ref === undefined ? undefined : this.#entries.get(ref)?.a;
  }

  /** Remembers the sender of an event. */
  sending(ref: AnyActorRef, source: AnyActorRef | undefined, event: unknown): void {
    const from = source === undefined || source === ref ? undefined : this.#entries.get(source);
    if (from?.shown !== true) return;
    const senders = this.#entries.get(ref)?.senders;
    if (senders === undefined) return;
    senders.push({ event, from });
    // A stopped actor never handles its events.
    if (senders.length > MAX_SENDERS) senders.shift();
  }

  /** Remembers the transitions that have a target. */
  microstep(ref: AnyActorRef, transitions: Transitions): void {
    const entry = this.#entries.get(ref);
    if (entry === undefined) return;
    for (const { source, target } of transitions) {
      if (target !== undefined && target.length > 0 && entry.edges.length < MAX_EDGES) {
        entry.edges.push(`${source.id}->${target.map((one: { id: string }) => one.id).join('+')}`);
      }
    }
  }

  step(ref: AnyActorRef, event: { readonly type: string }, snapshot: ObservedSnapshot): void {
    const entry = this.#entries.get(ref);
    if (entry === undefined) return;
    const from = senderOf(entry, event);
    const leaves = leavesOf(snapshot.value, entry.chart);
    const states = leaves.join();
    const tag = snapshot.tags === undefined ? undefined : [...(snapshot.tags as Iterable<string>)][0];
    const changed = states !== entry.states;
    const { edges } = entry;
    const ended = snapshot.status !== 'active';
    const first = !entry.shown;
    // Events of child actors are frequent and change no state of the parent.
    if (!changed && !ended && !first && edges.length === 0) {
      if (event.type.startsWith('xstate.') || !this.#shared.mayEmit()) return;
    }
    if (first) this.#emit(entry);
    entry.states = states;
    entry.edges = [];
    const { disclosure } = this.#shared;
    const note = 'failure' in event ? disclosure.failure(event.failure) : undefined;
    this.#shared.emit({
      k: 'step',
      a: entry.a,
      e: short(event.type),
      ...(from !== undefined && { from: from.a }),
      ...(changed && { v: leaves }),
      ...(edges.length > 0 && { edges }),
      ...(snapshot.status !== 'active' && { end: snapshot.status }),
      ...(tag !== undefined && tag !== entry.tag && { tag }),
      ...(note !== undefined && { note }),
      ...(hasMore(event) && { detail: detail(disclosure.internal(event)) }),
    });
    entry.tag = tag;
    if (entry.parent === undefined) this.#facts(snapshot.context as Partial<ConnectionFacts> | undefined);
    if (ended) this.#entries.delete(ref);
  }

  #emit(entry: Entry): void {
    const { a, parent, ref, chart, since } = entry;
    entry.shown = true;
    this.#shared.emit({
      k: 'actor',
      a,
      ...(parent !== undefined && { parent: parent.a }),
      id: parent === undefined ? (chart ?? ref.id) : ref.id,
      ...(chart !== undefined && { chart }),
      since,
    });
  }

  /** Emits the session and the health checks of the connection when they change. */
  #facts(facts: Partial<ConnectionFacts> | undefined): void {
    const { session, checks } = facts ?? {};
    if (session !== undefined && session !== this.#session) {
      const { era, protocolVersion, serverInfo } = session;
      const { name = '', version = '' } = (serverInfo ?? {}) as { name?: string; version?: string };
      this.#shared.emit({ k: 'session', server: short(`${name} ${version}`.trim()), revision: protocolVersion, era });
    }
    this.#session = session;
    const newest = checks?.at(-1);
    if (checks !== undefined && newest !== undefined && checks !== this.#checks) {
      const { ok, latency } = newest;
      this.#shared.emit({
        k: 'health',
        score: rounded(healthScore(checks)),
        ok,
        ...(latency !== undefined && { latency: rounded(latency) }),
      });
    }
    this.#checks = checks;
  }
}

function senderOf(entry: Entry, event: unknown): Entry | undefined {
  const at = entry.senders.findIndex((one) => one.event === event);
  if (at === -1) return undefined;
  // The events before it were dropped.
  return entry.senders.splice(0, at + 1).at(-1)?.from;
}
