import { fromTransition } from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';

import { BEGINNING, DEEDS, step } from './model.js';
import type { Deed, View, World } from './model.js';

interface Place {
  readonly context: World;
}

/** What is known about a place after exploration. */
interface Surroundings {
  readonly state: Place;
  readonly transitions: Readonly<Record<string, { readonly event: { readonly type: Deed }; readonly state: Place }>>;
}

/** Everything that can happen in the world, as one kind of client sees it. */
export class WorldMap {
  readonly view: View;
  /** The states of the world by their names. */
  readonly worlds: ReadonlyMap<string, World>;
  /** For each of them the deeds that can be done in it, and the states to which they lead. */
  readonly edges: ReadonlyMap<string, ReadonlyMap<Deed, string>>;

  constructor(view: View) {
    this.view = view;
    const logic = fromTransition(
      (world: World, { type }: { readonly type: Deed }) => step(view, world, type)?.world ?? world,
      BEGINNING,
    );
    const possible = (world: World): Deed[] => DEEDS.filter((deed) => step(view, world, deed) !== undefined);
    const map = getAdjacencyMap(logic, {
      events: ({ context }) => possible(context).map((type) => ({ type })),
      serializeState: ({ context }) => nameOf(context),
      limit: 100_000,
    }) as unknown as Readonly<Record<string, Surroundings>>;
    const all = Object.entries(map);
    this.worlds = new Map(all.map(([name, { state }]) => [name, state.context]));
    this.edges = new Map(
      all.map(([name, { transitions }]) => [
        name,
        new Map(Object.values(transitions).map(({ event, state }) => [event.type, nameOf(state.context)])),
      ]),
    );
  }

  get edgeCount(): number {
    return [...this.edges.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** How many edges somebody takes who goes these paths. */
  edgesTaken(paths: readonly (readonly Deed[])[]): number {
    const taken = new Set<string>();
    for (const path of paths) {
      let place = nameOf(BEGINNING);
      for (const deed of path) {
        const to = this.edges.get(place)?.get(deed);
        if (to !== undefined) taken.add(`${place} ${deed}`);
        place = to ?? place;
      }
    }
    return taken.size;
  }
}

/** A name for a state of the world; no two have the same. */
function nameOf(world: World): string {
  return JSON.stringify(world);
}

/** Where somebody who goes one path is on all maps. A deed that cannot be done in a world leaves it as it is. */
class Tour {
  readonly #maps: readonly WorldMap[];
  /** What was not done yet, by the place where it can be done. */
  readonly #missing: readonly Map<string, Set<Deed>>[];
  #places: readonly string[] = [];

  constructor(maps: readonly WorldMap[]) {
    this.#maps = maps;
    this.#missing = maps.map(({ edges }) => new Map([...edges].map(([name, deeds]) => [name, new Set(deeds.keys())])));
    this.begin();
  }

  begin(): void {
    this.#places = this.#maps.map(() => nameOf(BEGINNING));
  }

  go(deed: Deed): void {
    this.#places = this.#maps.map(({ edges }, at) => {
      const place = this.#places[at] as string;
      const missing = this.#missing[at]?.get(place);
      missing?.delete(deed);
      if (missing?.size === 0) this.#missing[at]?.delete(place);
      return edges.get(place)?.get(deed) ?? place;
    });
  }

  /** The shortest way to something new, on the map on which it is shortest; undefined when all are longer than that. */
  wayToNew(longest: number): Deed[] | undefined {
    const ways = this.#maps.map((_, at) => this.#wayOn(at, longest)).filter((way) => way !== undefined);
    return ways.sort((one, other) => one.length - other.length)[0];
  }

  #wayOn(at: number, longest: number): Deed[] | undefined {
    const missing = this.#missing[at] as Map<string, Set<Deed>>;
    const start = this.#places[at] as string;
    const seen = new Set([start]);
    let front: { readonly place: string; readonly way: readonly Deed[] }[] = [{ place: start, way: [] }];
    for (let length = 1; length <= longest; length += 1) {
      const next: typeof front = [];
      for (const { place, way } of front) {
        const [fresh] = missing.get(place) ?? [];
        if (fresh !== undefined) return [...way, fresh];
        for (const [deed, to] of this.#maps[at]?.edges.get(place) ?? []) {
          if (seen.has(to)) continue;
          seen.add(to);
          next.push({ place: to, way: [...way, deed] });
        }
      }
      front = next;
    }
    return undefined;
  }
}

/** Deeds on one path, at most. */
const LONGEST = 40;

/** Paths that together take every edge of every map. */
export function coveringPaths(maps: readonly WorldMap[]): Deed[][] {
  const tour = new Tour(maps);
  const paths: Deed[][] = [];
  for (;;) {
    const path: Deed[] = [];
    tour.begin();
    for (;;) {
      const way = tour.wayToNew(LONGEST - path.length);
      if (way === undefined) break;
      for (const deed of way) tour.go(deed);
      path.push(...way);
    }
    if (path.length === 0) return paths;
    paths.push(path);
  }
}

/** The paths that all clients go, over whatever transport: everything that can happen over a link that is shared. */
export function commonPaths(autoReconnect: boolean): Deed[][] {
  const eras = ['modern', 'legacy'] as const;
  return coveringPaths(eras.map((era) => new WorldMap({ framing: 'shared', era, autoReconnect })));
}
