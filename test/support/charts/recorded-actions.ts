import { enqueueActions } from 'xstate';
import type { AnyStateMachine, AnyStateNode } from 'xstate';

/** The name of an action or guard as a chart refers to it. */
export function nameOf(reference: unknown): string {
  return typeof reference === 'string' ? reference : String((reference as { type?: unknown }).type);
}

/** All states of a chart, the root first. */
export function allNodes(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(allNodes)];
}

/** The names of all actions in a chart. */
export function actionNames(machine: AnyStateMachine): Set<string> {
  const names = new Set<string>();
  for (const { entry, exit, transitions } of allNodes(machine.root)) {
    const ways = [...transitions.values()].flat().flatMap(({ actions }) => actions as unknown[]);
    for (const reference of [...entry, ...exit, ...ways]) names.add(nameOf(reference));
  }
  return names;
}

/**
 * The same chart, each of whose actions writes its name into `log` and then does what it did. XState resolves them in the order in
 * which it would run them, also in its pure functions.
 */
export function recordActions<Machine extends AnyStateMachine>(machine: Machine, log: string[]): Machine {
  const known = machine.implementations.actions as Readonly<Record<string, unknown>>;
  const recorded = [...actionNames(machine)].map((name) => {
    const original = known[name];
    const action = enqueueActions(({ enqueue }) => {
      log.push(name);
      if (original !== undefined) enqueue(original as never);
    });
    return [name, action];
  });
  return machine.provide({ actions: Object.fromEntries(recorded) as never }) as Machine;
}
