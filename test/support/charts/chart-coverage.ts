import { enqueueActions } from 'xstate';
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

import { allNodes } from './recorded-actions.js';

interface Declared {
  /** The path of its state, its event and its place among the candidates for that event. */
  readonly name: string;
  readonly transition: AnyTransitionDefinition;
}

function transitionsOf(node: AnyStateNode): Declared[] {
  const from = node.path.length === 0 ? '(root)' : node.path.join('.');
  const always = node.always === undefined ? [] : [['always', node.always] as const];
  return [...node.transitions, ...always].flatMap(([event, candidates]) =>
    candidates.map((transition, at) => ({ name: `${from}: ${event} ${at}`, transition })),
  );
}

/** The names of all transitions of a chart: the path of the state, the event, and the place among the candidates for it. */
export function declaredTransitions(machine: AnyStateMachine): string[] {
  return allNodes(machine.root).flatMap((node) => transitionsOf(node).map(({ name }) => name));
}

/** From now on adds the name of each transition that this very machine takes to `taken`. */
export function watchTransitions(machine: AnyStateMachine, taken: Set<string>): void {
  for (const { name, transition } of allNodes(machine.root).flatMap(transitionsOf)) {
    const note = enqueueActions(() => {
      taken.add(name);
    });
    // The array belongs to the configuration, which other machines may share.
    Object.assign(transition, { actions: [...transition.actions, note] });
  }
}
