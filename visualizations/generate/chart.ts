import type { AnyStateMachine, StateNode } from 'xstate';
import { nameOfAction, nameOfActor, nameOfEvent, nameOfGuard, type EventKind } from './names.js';

/** A machine's definition as plain data: all that a drawing needs and nothing of XState. */
export interface Chart {
  readonly root: ChartState;
  /** In document order: a state's own before those of its children. */
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
  /** Where a compound state begins. */
  readonly initial: { readonly target: string; readonly actions: readonly string[] } | undefined;
  readonly states: readonly ChartState[];
}

/** One transition. */
export interface ChartEdge {
  readonly source: string;
  /** Ids of states. Empty when the transition stays where it is. */
  readonly targets: readonly string[];
  readonly kind: EventKind;
  /** The event as people say it: `after backoff` for `xstate.after.backoff.connection.reconnecting`. */
  readonly event: string;
  /** `else` for what is taken when every guard before it says no. */
  readonly guard: string | undefined;
  readonly actions: readonly string[];
  /** The source is left and entered again, although it is the target or holds it. */
  readonly reenters: boolean;
}

/** Reads a machine's definition. Pure: the machine is not started. */
export function readChart(machine: AnyStateMachine): Chart {
  const root = machine.root as StateNode;
  const actors = actorNames(root);
  return { root: readState(root), edges: nodesOf(root).flatMap((node) => readEdges(node, actors)) };
}

/** The state and all below it, in document order. */
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

/** What to call each invoked actor in `done(…)`: the id it was given, else its source's name. */
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

/** XState makes an id of the index and the state's id when none is given. */
function isGivenId(id: string, node: StateNode, index: number): boolean {
  return id !== `${index}.${node.id}`;
}

function listed<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
