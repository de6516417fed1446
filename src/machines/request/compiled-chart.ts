import type { AnyStateMachine, AnyStateNode } from 'xstate';

/** One way on from a state: taken when there is no guard, or the guard agrees. */
export interface Step<Subject, Event> {
  readonly guard: ((subject: Subject, event: Event) => boolean) | undefined;
  readonly target: string;
  /** Whether the target is a final state. */
  readonly final: boolean;
  /** Exit, transition and entry actions, in that order. */
  readonly actions: readonly ((subject: Subject, event: Event) => void)[];
}

/** For each state the events it takes, and for each event the candidates in order. */
export type ChartTable<Subject, Event> = Readonly<
  Record<string, Readonly<Record<string, readonly Step<Subject, Event>[]>>>
>;

/** The functions for the names in a chart that a table runs. */
export interface Implementations<Subject, Event> {
  readonly guards: Readonly<Record<string, (subject: Subject, event: Event) => boolean>>;
  readonly actions: Readonly<Record<string, (subject: Subject, event: Event) => void>>;
}

/**
 * Turns a chart into a table that says for each state and event what to do. The chart stays the only place where transitions are
 * written down; the table runs them at the price of two property reads. It covers states inside of states, and transitions with guards
 * and actions that go by a plain name, and refuses charts with anything else.
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

/** The name of a state in a table: its path below the root, as in `inFlight.waiting`. */
export function stateName(node: AnyStateNode): string {
  return node.path.join('.');
}

/** Where a chart starts. */
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
