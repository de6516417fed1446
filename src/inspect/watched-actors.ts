import type { AnyActorRef, InspectionEvent } from 'xstate';

import type { ConnectionFacts } from '../machines/connection/connection-context.js';
import { healthScore } from '../diagnostics/health-score.js';
import { detail, short } from './disclosure.js';
import { chartOf, hasMore, leavesOf } from './looks.js';
import type { Look } from './looks.js';
import type { ObserverShared } from './observer-ports.js';
import { rounded } from './traffic.js';

/** Events on their way to one actor of which it is remembered who sent them. */
const MOST_SENDERS = 100;

/** Transitions that are noted of one step. */
const MOST_EDGES = 8;

type Transitions = Extract<InspectionEvent, { type: '@xstate.microstep' }>['_transitions'];

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
}

/** The actors of one client but those of its requests: which chart each runs, who tells whom what, and where that leads. */
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
      told: false,
      states: '',
      tag: undefined,
      edges: [],
      senders: [],
    });
  }

  /** The number of an actor that lives. */
  numberOf(ref: AnyActorRef | undefined): number | undefined {
    return ref === undefined ? undefined : this.#entries.get(ref)?.a;
  }

  /** Notes who sends an event. */
  sending(ref: AnyActorRef, source: AnyActorRef | undefined, event: unknown): void {
    const from = source === undefined || source === ref ? undefined : this.#entries.get(source);
    if (from?.told !== true) return;
    const senders = this.#entries.get(ref)?.senders;
    if (senders === undefined) return;
    senders.push({ event, from });
    // An actor that has ended takes nothing any more.
    if (senders.length > MOST_SENDERS) senders.shift();
  }

  /** Notes the transitions that lead somewhere. */
  microstep(ref: AnyActorRef, transitions: Transitions): void {
    const entry = this.#entries.get(ref);
    if (entry === undefined) return;
    for (const { source, target } of transitions) {
      if (target !== undefined && target.length > 0 && entry.edges.length < MOST_EDGES) {
        entry.edges.push(`${source.id}->${target.map((one: { id: string }) => one.id).join('+')}`);
      }
    }
  }

  step(ref: AnyActorRef, event: { readonly type: string }, look: Look): void {
    const entry = this.#entries.get(ref);
    if (entry === undefined) return;
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
      if (event.type.startsWith('xstate.') || !this.#shared.mayTell()) return;
    }
    if (first) this.#tell(entry);
    entry.states = states;
    entry.edges = [];
    const { disclosure } = this.#shared;
    const note = 'failure' in event ? disclosure.failure(event.failure) : undefined;
    this.#shared.tell({
      k: 'step',
      a: entry.a,
      e: short(event.type),
      ...(from !== undefined && { from: from.a }),
      ...(changed && { v: leaves }),
      ...(edges.length > 0 && { edges }),
      ...(look.status !== 'active' && { end: look.status }),
      ...(tag !== undefined && tag !== entry.tag && { tag }),
      ...(note !== undefined && { note }),
      ...(hasMore(event) && { detail: detail(disclosure.internal(event)) }),
    });
    entry.tag = tag;
    if (entry.parent === undefined) this.#facts(look.context as Partial<ConnectionFacts> | undefined);
    if (ended) this.#entries.delete(ref);
  }

  #tell(entry: Entry): void {
    const { a, parent, ref, chart, since } = entry;
    entry.told = true;
    this.#shared.tell({
      k: 'actor',
      a,
      ...(parent !== undefined && { parent: parent.a }),
      id: parent === undefined ? (chart ?? ref.id) : ref.id,
      ...(chart !== undefined && { chart }),
      since,
    });
  }

  /** What the connection found out. */
  #facts(facts: Partial<ConnectionFacts> | undefined): void {
    const { session, checks } = facts ?? {};
    if (session !== undefined && session !== this.#session) {
      const { era, protocolVersion, serverInfo } = session;
      const { name = '', version = '' } = (serverInfo ?? {}) as { name?: string; version?: string };
      this.#shared.tell({ k: 'session', server: short(`${name} ${version}`.trim()), revision: protocolVersion, era });
    }
    this.#session = session;
    const newest = checks?.at(-1);
    if (checks !== undefined && newest !== undefined && checks !== this.#checks) {
      const { ok, latency } = newest;
      this.#shared.tell({
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
  // Those before it were dropped.
  return entry.senders.splice(0, at + 1).at(-1)?.from;
}
