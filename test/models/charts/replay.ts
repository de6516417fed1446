import { createActor, transition } from 'xstate';
import type { AnyActor, AnyEventObject, AnyMachineSnapshot, AnyStateMachine, InspectionEvent } from 'xstate';

import { pathOf } from '../../support/charts/explorer.js';
import type { Seen, Vertex } from '../../support/charts/explorer.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';
import type { ChartModel, Examination } from './chart-model.js';

type ChartPorts = NonNullable<ChartModel<unknown>['ports']>;

/** How a replay went. */
export interface Replay {
  readonly edges: number;
  /** How many of them were taken because the time had come. The others come only before or after another timer. */
  readonly byClock: number;
  /** Ports through which nothing was done. */
  readonly unused: readonly string[];
  /** Where real actors did something else than was explored. */
  readonly differences: readonly string[];
}

/** What can be seen of an actor after an event. */
interface Sight {
  readonly path: string;
  readonly tags: string;
  readonly status: string;
  readonly children: string;
  readonly deciding: string;
  readonly actions: string;
}

type Edge<Facts> = Vertex<Facts>['next'][number];
/** Edges that were not taken yet. */
type Missing<Facts> = ReadonlyMap<Vertex<Facts>, Set<Edge<Facts>>>;

/** Timers that fire for something else before the one that is waited for, at most. */
const MOST_TIMERS = 20;

/** The states whose edges are replayed: all for 1, every second one for 2, and so on, and always those in which the scenes begin. */
export function chosenOf<Facts>({ model, vertices }: Examination<Facts>, every: number): Vertex<Facts>[] {
  return model.scenes.flatMap(({ name }) =>
    vertices.filter(({ scene }) => scene === name).filter((_, index) => index % every === 0),
  );
}

/** Leads real actors along the edges of the chosen states, by a shortest way, and compares what they do with what was found. */
export async function replay<Facts>(
  examination: Examination<Facts>,
  chosen: readonly Vertex<Facts>[] = chosenOf(examination, 1),
): Promise<Replay> {
  const replayer = new Replayer(examination);
  for (const { name } of examination.model.scenes) {
    const [first, ...others] = chosen.filter(({ scene }) => scene === name);
    if (first === undefined) throw new Error(`Nothing was explored of ${name}`);
    await replayer.replay([first, ...others]);
  }
  return replayer.outcome;
}

class Replayer<Facts> {
  readonly #model: ChartModel<Facts>;
  readonly #machine: AnyStateMachine;
  readonly #log: string[];
  readonly #differences: string[] = [];
  readonly #called = new Set<string>();
  #edges = 0;
  #byClock = 0;

  constructor({ model, machine, log }: Examination<Facts>) {
    this.#model = model;
    this.#machine = machine;
    this.#log = log;
  }

  get outcome(): Replay {
    const all = Object.keys(this.#model.ports?.idle ?? {});
    return {
      edges: this.#edges,
      byClock: this.#byClock,
      unused: all.filter((name) => !this.#called.has(name)),
      differences: this.#differences,
    };
  }

  /** All edges of states of one scene, of which the first is where it begins. */
  async replay(chosen: readonly [Vertex<Facts>, ...Vertex<Facts>[]]): Promise<void> {
    const [start] = chosen;
    const arrivals = arrivalsFrom(start, () => false);
    const missing: Missing<Facts> = new Map(chosen.map((vertex) => [vertex, new Set(vertex.next)]));
    for (const vertex of chosen) {
      if (!vertex.next.some(({ event }) => isTime(event))) continue;
      const passed = await this.#passTime(vertex, wayTo(arrivals, vertex));
      if (passed !== undefined) missing.get(vertex)?.delete(passed);
    }
    // An actor goes on for as long as there is something new within its reach.
    for (let more = true; more;) {
      const journey = this.#journey(start, []);
      more = this.#tour(journey, start, missing);
      journey.end();
    }
  }

  /** Takes edges that were not taken, wherever it gets to. False when it has found none. */
  #tour(journey: Journey<Facts>, start: Vertex<Facts>, missing: Missing<Facts>): boolean {
    const isNew = (vertex: Vertex<Facts>): boolean => (missing.get(vertex)?.size ?? 0) > 0;
    // What leads back here costs no way, and what leads to a dead end is left for last.
    const next = (vertex: Vertex<Facts>): Edge<Facts> | undefined => {
      const edges = [...(missing.get(vertex) ?? [])];
      return edges.find(({ to }) => to === vertex) ?? edges.find(({ to }) => isNew(to)) ?? edges[0];
    };
    let at = start;
    let any = false;
    for (;;) {
      for (let edge = next(at); edge !== undefined; edge = next(at)) {
        missing.get(at)?.delete(edge);
        this.#take(journey, at, edge);
        at = edge.to;
        any = true;
      }
      const arrivals = arrivalsFrom(at, isNew);
      const last = [...arrivals.keys()].at(-1);
      if (last === undefined || !isNew(last)) return any;
      for (const event of wayTo(arrivals, last)) journey.send(event);
      at = last;
    }
  }

  #take(journey: Journey<Facts>, from: Vertex<Facts>, { event, to }: Edge<Facts>): void {
    this.#edges += 1;
    const expected = this.#expected(from, event, to);
    this.#log.length = 0;
    journey.send(event);
    this.#compare(from, event, expected, journey.look(this.#log));
  }

  #journey({ scene }: Vertex<Facts>, way: readonly AnyEventObject[], heard?: (type: string) => void): Journey<Facts> {
    const journey = new Journey(this.#model, this.#machine, scene, this.#called, heard);
    for (const event of way) journey.send(event);
    return journey;
  }

  /** Lets time pass until something comes, and says which of the events of time that was. */
  async #passTime(vertex: Vertex<Facts>, way: readonly AnyEventObject[]): Promise<Edge<Facts> | undefined> {
    const came: string[] = [];
    const journey = this.#journey(vertex, way, (type) => came.push(type));
    came.length = 0;
    this.#log.length = 0;
    for (let fired = 0; fired < MOST_TIMERS && came.length === 0 && (await journey.fireNext()); fired += 1);
    const sight = journey.look(this.#log);
    journey.end();
    const taken = vertex.next.find(({ event }) => came.length === 1 && isTime(event) && event.type === came[0]);
    if (taken === undefined) return undefined;
    this.#edges += 1;
    this.#byClock += 1;
    this.#compare(vertex, taken.event, this.#expected(vertex, taken.event, taken.to), sight);
    return taken;
  }

  #expected(vertex: Vertex<Facts>, event: AnyEventObject, to: Vertex<Facts>): Sight {
    this.#log.length = 0;
    transition(this.#machine, vertex.snapshot as unknown as AnyMachineSnapshot, event);
    return sightOf(this.#model, vertex.scene, to.snapshot, this.#log);
  }

  #compare(vertex: Vertex<Facts>, event: AnyEventObject, expected: Sight, seen: Sight): void {
    for (const what of Object.keys(expected) as (keyof Sight)[]) {
      if (seen[what] === expected[what]) continue;
      this.#differences.push(
        `${vertex.scene}: ${vertex.identity}, ${event.type}: ${what}: ${seen[what]} instead of ${expected[what]}`,
      );
    }
  }
}

/** A real actor on its way, in simulated time, whose ports do nothing but to note that they were used. */
class Journey<Facts> {
  readonly #model: ChartModel<Facts>;
  readonly #scene: string;
  readonly #clock = new SimulatedEnvironment();
  readonly #actor: AnyActor;

  /** `heard` is called with the type of each event that comes. */
  constructor(
    model: ChartModel<Facts>,
    machine: AnyStateMachine,
    scene: string,
    called: Set<string>,
    heard?: (type: string) => void,
  ) {
    this.#model = model;
    this.#scene = scene;
    const { setTimeout, clearTimeout } = this.#clock;
    this.#actor = createActor(machine, {
      input: model.scenes.find(({ name }) => name === scene)?.input,
      clock: { setTimeout, clearTimeout },
      ...(heard && {
        inspect: (event: InspectionEvent) => {
          if (event.type === '@xstate.event' && event.actorRef === this.#actor) heard(event.event.type);
        },
      }),
    });
    if (model.ports !== undefined) notePorts(model.ports, this.#actor.system, called);
    this.#actor.start();
  }

  send(event: AnyEventObject): void {
    this.#actor.send(event);
  }

  /** Lets time pass until the next timer has fired. False when there is none. */
  async fireNext(): Promise<boolean> {
    const [next] = this.#clock.pending;
    if (next === undefined) return false;
    await this.#clock.advance(next.at - this.#clock.now());
    return true;
  }

  look(log: readonly string[]): Sight {
    return sightOf(this.#model, this.#scene, this.#actor.getSnapshot() as Seen<Facts>, log);
  }

  end(): void {
    this.#actor.stop();
  }
}

function sightOf<Facts>(model: ChartModel<Facts>, scene: string, seen: Seen<Facts>, log: readonly string[]): Sight {
  const path = pathOf(seen.value);
  const facts = model.scenes.find(({ name }) => name === scene)?.deciding(seen.context, path);
  return {
    path,
    tags: [...seen.tags].sort().join(),
    status: seen.status,
    children: Object.keys(seen.children).sort().join(),
    deciding: JSON.stringify(facts),
    actions: log.join(', '),
  };
}

function notePorts(ports: ChartPorts, system: object, called: Set<string>): void {
  const idle = Object.entries(ports.idle) as [string, (...args: unknown[]) => unknown][];
  const noting = idle.map(([name, act]) => [
    name,
    (...args: unknown[]) => {
      called.add(name);
      return act(...args);
    },
  ]);
  ports.of.provide(system, Object.fromEntries(noting) as object);
}

function isTime({ type }: AnyEventObject): boolean {
  return type === 'deadline' || type.startsWith('xstate.after.');
}

/** How everything was reached first that can be reached, in breadth; the first that is sought ends the search, and comes last. */
type Arrivals<Facts> = Map<Vertex<Facts>, { readonly from: Vertex<Facts>; readonly event: AnyEventObject } | undefined>;

function arrivalsFrom<Facts>(start: Vertex<Facts>, isSought: (vertex: Vertex<Facts>) => boolean): Arrivals<Facts> {
  const arrivals: Arrivals<Facts> = new Map([[start, undefined]]);
  for (const from of arrivals.keys()) {
    for (const { event, to } of from.next) {
      if (arrivals.has(to)) continue;
      arrivals.set(to, { from, event });
      if (isSought(to)) return arrivals;
    }
  }
  return arrivals;
}

/** A shortest way to what was reached. */
function wayTo<Facts>(arrivals: Arrivals<Facts>, vertex: Vertex<Facts>): AnyEventObject[] {
  const way: AnyEventObject[] = [];
  for (let last = arrivals.get(vertex); last !== undefined; last = arrivals.get(last.from)) way.push(last.event);
  return way.reverse();
}
