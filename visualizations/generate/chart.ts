import type { AnyStateMachine, StateNode } from 'xstate';
import { nameOfAction, nameOfActor, nameOfEvent, nameOfGuard, type EventKind } from './names.js';

/** The definition of a machine as plain data, without types of XState. */
export interface Chart {
  readonly root: ChartState;
  /** In document order: the transitions of a state before those of its children. */
  readonly edges: readonly ChartEdge[];
}

/** One state node. */
export interface ChartState {
  /** The id that XState gives it, e.g. `connection.established.ready`. */
  readonly id: string;
  /** The last part of its path. */
  readonly key: string;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'history' | 'deep history';
  readonly description: string | undefined;
  readonly tags: readonly string[];
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  readonly invokes: readonly string[];
  /** The initial state of a compound state. */
  readonly initial: { readonly target: string; readonly actions: readonly string[] } | undefined;
  readonly states: readonly ChartState[];
}

/** One transition. */
export interface ChartEdge {
  readonly source: string;
  /** The ids of the target states. Empty for a transition without a target. */
  readonly targets: readonly string[];
  readonly kind: EventKind;
  /** A readable name of the event: `after backoff` for `xstate.after.backoff.connection.reconnecting`. */
  readonly event: string;
  /** `else` for a transition that is taken when all guards before it are false. */
  readonly guard: string | undefined;
  readonly actions: readonly string[];
  /** Whether the source is left and entered again, although it is the target or contains it. */
  readonly reenters: boolean;
}

/** Reads a machine's definition. Pure: the machine is not started. */
export function readChart(machine: AnyStateMachine): Chart {
  const root = machine.root as StateNode;
  const actors = actorNames(root);
  return { root: readState(root), edges: nodesOf(root).flatMap((node) => readEdges(node, actors)) };
}

/** A state and all its descendants, in document order. */
export function statesOf(state: ChartState): ChartState[] {
  return [state, ...state.states.flatMap(statesOf)];
}

function nodesOf(node: StateNode): StateNode[] {
  return [node, ...Object.values(node.states).flatMap(nodesOf)];
}

function readState(node: StateNode): ChartState {
  return {
    id: node.id,
    key: node.key,
    kind: node.type === 'history' && node.history === 'deep' ? 'deep history' : node.type,
    description: node.description,
    tags: [...node.tags],
    // Not `node.entry` and `node.exit`: XState adds to them what starts and stops the timers of `after`.
    entry: listed(node.config.entry).map(nameOfAction),
    exit: listed(node.config.exit).map(nameOfAction),
    invokes: node.invoke.map((invoke, index) => {
      const name = nameOfActor(invoke.src);
      return isGivenId(invoke.id, node, index) && invoke.id !== name ? `${name} as ${invoke.id}` : name;
    }),
    initial: node.type === 'compound' ? readInitial(node) : undefined,
    states: Object.values(node.states).map(readState),
  };
}

function readInitial(node: StateNode): ChartState['initial'] {
  const [target] = node.initial.target;
  return target && { target: target.id, actions: node.initial.actions.map(nameOfAction) };
}

function readEdges(node: StateNode, actors: ReadonlyMap<string, string>): ChartEdge[] {
  const candidates = [...node.transitions.values(), node.always ?? []];
  const inside = new Set(nodesOf(node).map(({ id }) => id));
  return candidates.flatMap((transitions) =>
    transitions.map((transition, index): ChartEdge => {
      const targets = transition.target?.map(({ id }) => id) ?? [];
      const guard = transition.guard === undefined ? undefined : nameOfGuard(transition.guard);
      return {
        source: node.id,
        targets,
        ...nameOfEvent(transition.eventType, node.id, actors),
        guard: guard ?? (index > 0 ? 'else' : undefined),
        actions: transition.actions.map(nameOfAction),
        reenters: transition.reenter && targets.some((id) => inside.has(id)),
      };
    }),
  );
}

/** The name of each invoked actor in `done(…)`: its explicit id, or the name of its source. */
function actorNames(root: StateNode): Map<string, string> {
  return new Map(
    nodesOf(root).flatMap((node) =>
      node.invoke.map((invoke, index): [string, string] => [
        invoke.id,
        isGivenId(invoke.id, node, index) ? invoke.id : nameOfActor(invoke.src),
      ]),
    ),
  );
}

/** Without an explicit id, XState makes one of the index and the id of the state. */
function isGivenId(id: string, node: StateNode, index: number): boolean {
  return id !== `${index}.${node.id}`;
}

function listed<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
