import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';

import { allNodes } from './recorded-actions.js';

function nameOf(node: AnyStateNode): string {
  return node.path.length === 0 ? '(root)' : node.path.join('.');
}

function describe(source: AnyStateNode, event: string, index: number): string {
  return `${nameOf(source)}: ${event === '' ? 'always' : event} ${index}`;
}

/** All transitions of a chart, each as the path of its state, its event and its place among the candidates for that event. */
export function declaredTransitions(machine: AnyStateMachine): string[] {
  return allNodes(machine.root).flatMap((node) => [
    ...[...node.transitions].flatMap(([event, candidates]) => candidates.map((_, at) => describe(node, event, at))),
    ...(node.always ?? []).map((_, at) => describe(node, '', at)),
  ]);
}

/** The name that {@link declaredTransitions} has for a transition. */
export function transitionName(transition: AnyTransitionDefinition): string {
  const source = transition.source as AnyStateNode;
  const eventType = transition.eventType as string;
  const candidates = eventType === '' ? (source.always ?? []) : (source.transitions.get(eventType) ?? []);
  return describe(source, eventType, candidates.indexOf(transition as never));
}

/** From now on adds the name of each transition that is taken on an event to `taken`; `always` is not among them. */
export function watchTransitions(machine: AnyStateMachine, taken: Set<string>): void {
  const select = machine.getTransitionData.bind(machine);
  machine.getTransitionData = (snapshot, event) => {
    const transitions = select(snapshot, event);
    for (const transition of transitions) taken.add(transitionName(transition as AnyTransitionDefinition));
    return transitions;
  };
}
