import { assign } from 'xstate';
import type { AnyStateMachine, AnyStateNode } from 'xstate';

/** A transition from a state. It is taken if it has no guard, or if its guard returns true. */
export interface Step<Subject, Event> {
  readonly guard: ((subject: Subject, event: Event) => boolean) | undefined;
  readonly target: string;
  /** Whether the target is a final state. */
  readonly final: boolean;
  /** Exit, transition and entry actions, in that order. */
  readonly actions: readonly ((subject: Subject, event: Event) => void)[];
}

/** The transitions of a state for each event, in order. */
export type ChartRow<Subject, Event> = Readonly<Record<string, readonly Step<Subject, Event>[]>>;

/** The row of each state. */
export type ChartTable<Subject, Event> = Readonly<Record<string, ChartRow<Subject, Event>>>;

/** The functions that a table runs for the names of guards and actions in a chart. */
export interface Implementations<Subject, Event> {
  readonly guards: Readonly<Record<string, (subject: Subject, event: Event) => boolean>>;
  readonly actions: Readonly<Record<string, (subject: Subject, event: Event) => void>>;
}

/** An event with the fields of all events of a chart: actions read the fields that their events have. */
export type EventData<Event extends { readonly type: string }> = { readonly type: Event['type'] } & {
  readonly [Field in Exclude<Event extends unknown ? keyof Event : never, 'type'>]?: Extract<
    Event,
    Readonly<Record<Field, unknown>>
  >[Field];
};

/**
 * Compiles a chart into a table of its states, events and transitions. The chart remains the only place where transitions are written; the
 * table runs them at the cost of two property reads. It supports nested states, and guards and actions that are referenced by name, and
 * throws for charts with anything else.
 */
export function compileChart<Subject, Event>(
  machine: AnyStateMachine,
  implementations: Implementations<Subject, Event>,
): ChartTable<Subject, Event> {
  const table: Record<string, Record<string, Step<Subject, Event>[]>> = {};
  for (const leaf of leavesOf(machine.root)) {
    const row: Record<string, Step<Subject, Event>[]> = {};
    for (let node: AnyStateNode | undefined = leaf; node !== undefined; node = node.parent) {
      for (const [event, candidates] of node.transitions) {
        for (const candidate of candidates) (row[event] ??= []).push(stepOf(leaf, node, candidate, implementations));
      }
    }
    table[stateName(leaf)] = row;
  }
  return table;
}

/**
 * The implementations with which XState runs a chart whose guards and changes are functions of facts, which are its context. Effects need no
 * implementation there.
 */
export function forXState<Facts extends object, Event>(
  guards: Readonly<Record<string, (facts: Facts, event: Event) => boolean>>,
  changes: Readonly<Record<string, (facts: Facts) => void>>,
): object {
  type Args = { readonly context: Facts; readonly event: Event };
  const guardOf = ([name, decide]: [string, (facts: Facts, event: Event) => boolean]) =>
    [name, ({ context, event }: Args) => decide(context, event)] as const;
  const actionOf = ([name, apply]: [string, (facts: Facts) => void]) => {
    const changed = ({ context }: { readonly context: Facts }): Facts => {
      const facts = { ...context };
      apply(facts);
      return facts;
    };
    return [name, assign(changed as never)] as const;
  };
  return {
    guards: Object.fromEntries(Object.entries(guards).map(guardOf)),
    actions: Object.fromEntries(Object.entries(changes).map(actionOf)),
  };
}

/** The place of an actor: the step that it took last, with the row of its target, so that the actor does not have to look it up. */
interface Place<Subject, Event> extends Pick<Step<Subject, Event>, 'target' | 'final'> {
  readonly row: Readonly<Record<string, readonly (Step<Subject, Event> & Place<Subject, Event>)[]>>;
}

/**
 * Runs a table over one subject. XState takes an event that an action sends after all actions of the transition; this actor takes it at once.
 * So an action that sends an event to its own actor has to be the last one of its transitions.
 */
export class CompiledActor<Subject, Event extends { readonly type: string }> {
  readonly #subject: Subject;
  #at: Place<Subject, EventData<Event>>;

  /** @param start the state to start in, whose entry actions are not run */
  constructor(start: Place<Subject, EventData<Event>>, subject: Subject) {
    this.#at = start;
    this.#subject = subject;
  }

  /** The name of the current state: see {@link stateName}. */
  get state(): string {
    return this.#at.target;
  }

  /** Whether the chart is in a final state. */
  get over(): boolean {
    return this.#at.final;
  }

  /** Takes an event. Events that the current state does not take are ignored. */
  send(event: Event): void {
    const candidates = this.#at.row[event.type];
    if (candidates === undefined) return;
    const subject = this.#subject;
    const data = event as unknown as EventData<Event>;
    for (const step of candidates) {
      const { guard, actions } = step;
      if (guard !== undefined && !guard(subject, data)) continue;
      this.#at = step;
      for (const action of actions) action(subject, data);
      return;
    }
  }
}

/** Returns a function that makes an actor for a subject. */
export function actorsOf<Subject, Event extends { readonly type: string }>(
  table: ChartTable<Subject, EventData<Event>>,
  start: string,
): (subject: Subject) => CompiledActor<Subject, Event> {
  for (const step of Object.values(table).flatMap((row) => Object.values(row).flat()))
    Object.assign(step, { row: table[step.target] });
  const first = { target: start, final: false, row: table[start] } as Place<Subject, EventData<Event>>;
  return (subject) => new CompiledActor(first, subject);
}

/** Compiles a chart, and returns a function that makes an actor for a subject. */
export function compileActor<Subject, Event extends { readonly type: string }>(
  machine: AnyStateMachine,
  implementations: Implementations<Subject, EventData<Event>>,
): (subject: Subject) => CompiledActor<Subject, Event> {
  return actorsOf(compileChart(machine, implementations), initialState(machine));
}

/** The name of a state in a table: its path below the root, as in `inFlight.waiting`. */
export function stateName(node: AnyStateNode): string {
  return node.path.join('.');
}

/** The name of the state in which a chart starts. */
export function initialState(machine: AnyStateMachine): string {
  return stateName(enter(machine.root).at(-1) ?? machine.root);
}

function leavesOf(node: AnyStateNode): AnyStateNode[] {
  const unsupported = unsupportedPart(node);
  if (unsupported !== undefined) throw new Error(`${node.id}: a table cannot run ${unsupported}`);
  const children = Object.values(node.states);
  return children.length === 0 ? [node] : children.flatMap(leavesOf);
}

function unsupportedPart(node: AnyStateNode): string | undefined {
  const { always, type } = node;
  if (type === 'parallel' || type === 'history') return `${type} states`;
  if (always !== undefined && always.length > 0) return 'always';
  if (node.invoke.length > 0) return 'invoke';
  if (node.after.length > 0) return 'after';
  if (type === 'compound' && node.initial.actions.length > 0) return 'actions on the way to an initial state';
  for (const event of node.transitions.keys()) {
    if (event.includes('*')) return 'wildcards';
    if (event.startsWith('xstate.')) return 'transitions of XState itself';
  }
  return undefined;
}

type Candidate = AnyStateNode['transitions'] extends Map<string, (infer One)[]> ? One : never;

function stepOf<Subject, Event>(
  leaf: AnyStateNode,
  source: AnyStateNode,
  candidate: Candidate,
  implementations: Implementations<Subject, Event>,
): Step<Subject, Event> {
  const guard = candidate.guard === undefined ? undefined : lookUp(implementations.guards, candidate.guard, source);
  const [target] = candidate.target ?? [];
  const exited: AnyStateNode[] = [];
  let entered: AnyStateNode[] = [];
  if (target !== undefined) {
    const domain = domainOf(source, target, candidate.reenter);
    for (let node: AnyStateNode | undefined = leaf; node !== undefined && node !== domain; node = node.parent)
      exited.push(node);
    const above: AnyStateNode[] = [];
    for (let node: AnyStateNode | undefined = target; node !== undefined && node !== domain; node = node.parent)
      above.unshift(node);
    entered = [...above, ...enter(target).slice(1)];
  }
  const names = [
    ...exited.flatMap((node) => node.exit as unknown[]),
    ...(candidate.actions as unknown[]),
    ...entered.flatMap((node) => node.entry as unknown[]),
  ];
  const reached = entered.at(-1) ?? target ?? leaf;
  return {
    guard,
    target: stateName(reached),
    final: reached.type === 'final',
    actions: names.map((name) => lookUp(implementations.actions, name, source)),
  };
}

/** The innermost state that is neither left nor entered. */
function domainOf(source: AnyStateNode, target: AnyStateNode, reenter: boolean): AnyStateNode | undefined {
  if (!reenter && (source === target || isBelow(target, source))) return source;
  let domain = source.parent;
  while (domain !== undefined && !isBelow(target, domain)) domain = domain.parent;
  return domain;
}

function isBelow(node: AnyStateNode, ancestor: AnyStateNode): boolean {
  for (let parent = node.parent; parent !== undefined; parent = parent.parent) {
    if (parent === ancestor) return true;
  }
  return false;
}

/** A state and the initial states below it. */
function enter(node: AnyStateNode): AnyStateNode[] {
  const nodes = [node];
  for (let next = node; Object.keys(next.states).length > 0; nodes.push(next)) {
    const [first] = next.initial.target;
    if (first === undefined) throw new Error(`${next.id} has no initial state`);
    next = first;
  }
  return nodes;
}

function lookUp<Value>(values: Readonly<Record<string, Value>>, reference: unknown, source: AnyStateNode): Value {
  const { type: name, params } = typeof reference === 'string' ? { type: reference } : (reference as Reference);
  if (typeof reference === 'function' || typeof name !== 'string' || params !== undefined) {
    throw new Error(`${source.id}: a table cannot run functions in line, nor parameters`);
  }
  const value = values[name];
  if (value === undefined) throw new Error(`${source.id}: nothing is known by the name ${name}`);
  return value;
}

/** How a chart names an action or a guard, unless by a mere string. */
interface Reference {
  readonly type?: unknown;
  readonly params?: unknown;
}
