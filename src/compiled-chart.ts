import { assign } from 'xstate';
import type { AnyStateMachine, AnyStateNode } from 'xstate';

/** A transition of a compiled chart. It is also the place of an actor that took it last, because it leads to the next transitions. */
export interface Step<Subject, Event> {
  /** The type of the event that the step is for. */
  readonly event: string;
  /** The step is taken if it has no guard, or if its guard returns true. */
  readonly guard: ((subject: Subject, event: Event) => boolean) | undefined;
  /** The state to which it leads: its path below the root, as in `inFlight.waiting`. */
  readonly target: string;
  /** Whether the target is a final state. */
  readonly final: boolean;
  /** Exit, transition and entry actions, in that order. */
  readonly actions: readonly ((subject: Subject, event: Event) => void)[];
  /** The steps from the target, those of inner states first. */
  readonly next: readonly Step<Subject, Event>[];
}

/** The functions that a compiled chart runs for the names of guards and actions in a chart. */
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
 * Compiles a chart into steps. The chart remains the only place where transitions are written; the steps run them without the costs of a
 * general interpreter. It supports nested states, and guards and actions that are referenced by name, and throws for charts with anything else.
 * @returns a step to the initial state, without the entry actions of that state
 */
export function compileChart<Subject, Event>(
  machine: AnyStateMachine,
  implementations: Implementations<Subject, Event>,
): Step<Subject, Event> {
  const leaves = leavesOf(machine.root);
  const rows = new Map(leaves.map((leaf) => [leaf, [] as Step<Subject, Event>[]]));
  for (const [leaf, row] of rows) {
    for (let node: AnyStateNode | undefined = leaf; node !== undefined; node = node.parent) {
      for (const [event, candidates] of node.transitions) {
        for (const candidate of candidates) row.push(stepOf(event, leaf, node, candidate, implementations, rows));
      }
    }
  }
  const initial = enter(machine.root).at(-1) ?? machine.root;
  return stepTo(initial, rows, { event: '', guard: undefined, actions: [] });
}

/** The step that an event takes from the target of another one: the first whose guard returns true. */
export function stepFor<Subject, Event extends { readonly type: string }>(
  { next }: Step<Subject, Event>,
  subject: Subject,
  event: Event,
): Step<Subject, Event> | undefined {
  const { type } = event;
  // A row is short, so a search is faster than a look-up by a name. Indexes, because iterators are slow until code is optimized.
  for (let at = 0; at < next.length; at += 1) {
    const step = next[at] as Step<Subject, Event>;
    if (step.event === type && (step.guard === undefined || step.guard(subject, event))) return step;
  }
  return undefined;
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

/** The place of an actor whose chart has thrown. It takes no events. */
const CRASHED: Step<unknown, unknown> = {
  event: '',
  guard: undefined,
  target: 'crashed',
  final: true,
  actions: [],
  next: [],
};

/**
 * The base of an object that runs a compiled chart, with itself as the subject. XState takes an event that an action sends after all actions
 * of the transition; this actor takes it at once. So an action that sends an event to its own actor has to be the last one of its transitions.
 */
export abstract class CompiledActor<Subject, Event extends { readonly type: string }> {
  #at: Step<Subject, EventData<Event>>;

  /** @param start see {@link compileChart} */
  constructor(start: Step<Subject, EventData<Event>>) {
    this.#at = start;
  }

  /** The current state: its path below the root. */
  get state(): string {
    return this.#at.target;
  }

  /** Whether the chart is in a final state. */
  get over(): boolean {
    return this.#at.final;
  }

  /** Takes an event. Events that the current state does not take are ignored. */
  protected send(event: Event): void {
    const subject = this as unknown as Subject;
    const data = event as unknown as EventData<Event>;
    try {
      const step = stepFor(this.#at, subject, data);
      if (step === undefined) return;
      this.#at = step;
      const { actions } = step;
      for (let at = 0; at < actions.length; at += 1) actions[at]?.(subject, data);
    } catch (thrown) {
      const { state } = this;
      this.#at = CRASHED;
      if (state !== CRASHED.target) this.crashed(thrown, state);
    }
  }

  /**
   * A guard or an action has thrown; the actor takes no more events. Releases everything that the actor holds, and reports a failure.
   * @param state the state of the actor when it was thrown
   */
  protected abstract crashed(thrown: unknown, state: string): void;
}

function leavesOf(node: AnyStateNode): AnyStateNode[] {
  const unsupported = unsupportedPart(node);
  if (unsupported !== undefined) throw new Error(`${node.id}: a compiled chart cannot have ${unsupported}`);
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

/** The steps from each state. */
type Rows<Subject, Event> = ReadonlyMap<AnyStateNode, readonly Step<Subject, Event>[]>;

/** All steps are made here, so that they have the same hidden class. */
function stepTo<Subject, Event>(
  target: AnyStateNode,
  rows: Rows<Subject, Event>,
  { event, guard, actions }: Pick<Step<Subject, Event>, 'event' | 'guard' | 'actions'>,
): Step<Subject, Event> {
  const name = target.path.join('.');
  return { event, guard, target: name, final: target.type === 'final', actions, next: rows.get(target) ?? [] };
}

function stepOf<Subject, Event>(
  event: string,
  leaf: AnyStateNode,
  source: AnyStateNode,
  candidate: Candidate,
  implementations: Implementations<Subject, Event>,
  rows: Rows<Subject, Event>,
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
  const actions = names.map((name) => lookUp(implementations.actions, name, source));
  return stepTo(reached, rows, { event, guard, actions });
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
    throw new Error(`${source.id}: a compiled chart cannot have functions in line, nor parameters`);
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
