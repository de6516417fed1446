import type { AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';

/** What can be seen of a machine between two events. */
export interface Seen<Facts> {
  readonly value: unknown;
  readonly context: Facts;
  readonly status: string;
  readonly tags: ReadonlySet<string>;
  readonly children: Readonly<Record<string, unknown>>;
}

/** One state of a machine, with the facts that decide what happens next, and everything that may happen in it. */
export interface Vertex<Facts> {
  readonly scene: string;
  /** The name of the state, the inner ones after the outer ones. */
  readonly path: string;
  readonly snapshot: Seen<Facts>;
  readonly next: readonly { readonly event: AnyEventObject; readonly to: Vertex<Facts> }[];
  /** Tells vertices of one scene apart. */
  readonly identity: string;
}

/** A part of the life of a machine that is small enough to be looked at completely. */
export interface Scene<Facts> {
  readonly name: string;
  readonly input: unknown;
  /** Everything that may happen in a state, besides the passing of time. */
  readonly events: (seen: Seen<Facts>, path: string) => readonly AnyEventObject[];
  /** What of the facts decides what happens next. What only grows has to be left out. */
  readonly deciding: (facts: Facts, path: string) => unknown;
}

/** The path of a state from the value that XState has for it; of parallel states all paths. */
export function pathOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return Object.entries(value as object)
    .map(([name, inner]) => `${name}.${pathOf(inner)}`)
    .join(' & ');
}

/** The events of the timers that run in this state. */
function timers(snapshot: AnyMachineSnapshot): AnyEventObject[] {
  return snapshot._nodes.flatMap((node) => node.after.map(({ eventType }) => ({ type: eventType as string })));
}

/** Everything that a machine can do in some scenes, found without running any of its effects. */
export class Exploration<Facts> {
  readonly vertices: readonly Vertex<Facts>[];

  constructor(machine: AnyStateMachine, scenes: readonly Scene<Facts>[]) {
    this.vertices = scenes.flatMap((scene) => explore(machine, scene));
  }

  /** The paths of all states that were reached. */
  get paths(): string[] {
    return [...new Set(this.vertices.map(({ path }) => path))].sort();
  }

  /** Some of the vertices for which something does not hold. */
  violations(holds: (vertex: Vertex<Facts>) => boolean): string[] {
    const found = this.vertices.filter((vertex) => !holds(vertex));
    const some = found.slice(0, 3).map(({ scene, identity }) => `${scene}: ${identity}`);
    return found.length > some.length ? [...some, `and ${found.length - some.length} more`] : some;
  }

  /** The vertices from which one of the targets is reached by events that count. */
  reaching(
    isTarget: (vertex: Vertex<Facts>) => boolean,
    counts: (event: AnyEventObject) => boolean = () => true,
  ): Set<Vertex<Facts>> {
    const before = new Map<Vertex<Facts>, Vertex<Facts>[]>();
    for (const vertex of this.vertices) {
      for (const { event, to } of vertex.next) {
        if (counts(event)) before.set(to, [...(before.get(to) ?? []), vertex]);
      }
    }
    const found = new Set(this.vertices.filter(isTarget));
    for (const vertex of found) for (const one of before.get(vertex) ?? []) found.add(one);
    return found;
  }
}

function explore<Facts>(machine: AnyStateMachine, scene: Scene<Facts>): Vertex<Facts>[] {
  const identity = ({ value, context }: Seen<Facts>): string =>
    JSON.stringify([value, scene.deciding(context, pathOf(value))]);
  const map = getAdjacencyMap(machine, {
    input: scene.input,
    limit: 200_000,
    serializeState: identity,
    events: (snapshot: AnyMachineSnapshot) => [
      ...scene.events(snapshot as Seen<Facts>, pathOf(snapshot.value)),
      ...timers(snapshot),
    ],
  } as never);
  const found = new Map<string, Vertex<Facts> & { next: { event: AnyEventObject; to: Vertex<Facts> }[] }>();
  for (const [name, value] of Object.entries(map)) {
    const snapshot = (value as { state: Seen<Facts> }).state;
    found.set(name, { scene: scene.name, path: pathOf(snapshot.value), snapshot, next: [], identity: name });
  }
  for (const [name, value] of Object.entries(map)) {
    const { transitions } = value as { transitions: Record<string, { event: AnyEventObject; state: Seen<Facts> }> };
    for (const { event, state } of Object.values(transitions)) {
      const to = found.get(identity(state));
      if (to === undefined) throw new Error(`${scene.name}: ${event.type} leads out of what was explored`);
      found.get(name)?.next.push({ event, to });
    }
  }
  return [...found.values()];
}
