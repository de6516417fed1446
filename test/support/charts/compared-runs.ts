import { createActor, createMachine } from 'xstate';
import type { AnyStateMachine } from 'xstate';

import { compileChart, CompiledActor } from '../../../src/compiled-chart.js';
import type { EventData, Implementations } from '../../../src/compiled-chart.js';
import { SimulatedEnvironment } from '../simulated-environment.js';
import { watchTransitions } from './chart-coverage.js';
import { pathOf } from './explorer.js';
import { actionNames, recordActions } from './recorded-actions.js';

/** The facts of an actor at its start, and the events that it gets. */
export interface Walk<Facts, Event> {
  readonly start: Facts;
  readonly events: readonly Event[];
}

/** An actor after an event: its state, the effects that it ran, and its facts. */
export interface Sight {
  readonly state: string;
  readonly effects: readonly string[];
  readonly facts: unknown;
}

/** Runs a walk, and returns what was seen at the start and after each event. */
export type Runner<Facts, Event> = (walk: Walk<Facts, Event>) => Sight[];

/** The guards of a chart, and its actions that change facts and do nothing else. */
export interface ChartParts<Facts, Event extends { readonly type: string }> {
  readonly guards: Implementations<Facts, EventData<Event>>['guards'];
  readonly changes: Readonly<Record<string, (facts: Facts) => void>>;
}

/** Runs walks with XState. Adds the transitions that are taken to `taken`. */
export function xstateRunner<Facts, Event extends { readonly type: string }>(
  machine: AnyStateMachine,
  changes: readonly string[],
  taken = new Set<string>(),
): Runner<Facts, Event> {
  const log: string[] = [];
  const recorded = recordActions(machine, log);
  watchTransitions(recorded, taken);
  return ({ start, events }) => {
    log.length = 0;
    const actor = createActor(recorded, { input: { ...start } }).start();
    const look = (): Sight => {
      const snapshot = actor.getSnapshot() as { readonly value: unknown; readonly context: object };
      const effects = log.splice(0).filter((name) => !changes.includes(name));
      return { state: pathOf(snapshot.value), effects, facts: { ...snapshot.context } };
    };
    const sights = [look()];
    for (const event of events) {
      actor.send(event);
      sights.push(look());
    }
    actor.stop();
    return sights;
  };
}

/** Runs walks with the table of the chart, whose effects do nothing. */
export function tableRunner<Facts extends object, Event extends { readonly type: string }>(
  machine: AnyStateMachine,
  { guards, changes }: ChartParts<Facts, Event>,
): Runner<Facts, Event> {
  const log: string[] = [];
  const effects = [...actionNames(machine)].map((name) => [name, () => log.push(name)] as const);
  const place = compileChart<Facts, EventData<Event>>(machine, {
    guards,
    actions: { ...Object.fromEntries(effects), ...changes },
  });
  class Actor extends CompiledActor<Facts, Event> {
    override send(event: Event): void {
      super.send(event);
    }
    protected override crashed(thrown: unknown): void {
      throw thrown;
    }
  }
  return ({ start, events }) => {
    log.length = 0;
    const actor = Object.assign(new Actor(place), start);
    const look = (): Sight => ({ state: actor.state, effects: log.splice(0), facts: { ...actor } });
    const sights = [look()];
    for (const event of events) {
      actor.send(event);
      sights.push(look());
    }
    return sights;
  };
}

/** Walks to each state with each set of facts, by a shortest way, followed by each of the events. */
export function shortWalks<Facts extends object, Event extends { readonly type: string }>(
  run: Runner<Facts, Event>,
  starts: readonly Facts[],
  events: readonly Event[],
): Walk<Facts, Event>[] {
  return starts.flatMap((start) => {
    const known = new Set<string>();
    const walks: Walk<Facts, Event>[] = [{ start, events: [] }];
    for (const walk of walks) {
      const { state, facts } = run(walk).at(-1) as Sight;
      const place = JSON.stringify([state, facts]);
      if (known.has(place)) continue;
      known.add(place);
      walks.push(...events.map((event) => ({ start, events: [...walk.events, event] })));
    }
    return walks;
  });
}

/** Random walks, of which few end soon: an event of `ends` is as likely as all of them together. */
export function randomWalks<Facts, Event>(
  starts: readonly Facts[],
  events: readonly Event[],
  isEnd: (event: Event) => boolean,
  count: number,
): Walk<Facts, Event>[] {
  const { random } = new SimulatedEnvironment({ seed: 11 });
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const goesOn = (): Event => {
    const event = pick(events);
    return isEnd(event) && random() < 0.9 ? goesOn() : event;
  };
  return Array.from({ length: count }, () => ({ start: pick(starts), events: Array.from({ length: 40 }, goesOn) }));
}

/** The first walk on which two runners differ, and how. */
export function difference<Facts, Event extends { readonly type: string }>(
  one: Runner<Facts, Event>,
  other: Runner<Facts, Event>,
  walks: readonly Walk<Facts, Event>[],
): unknown {
  for (const walk of walks) {
    const [ours, theirs] = [one(walk), other(walk)];
    const at = ours.findIndex((sight, step) => JSON.stringify(sight) !== JSON.stringify(theirs[step]));
    if (at === -1) continue;
    return {
      walk: walk.events.slice(0, at).map(({ type }) => type),
      start: walk.start,
      one: ours[at],
      other: theirs[at],
    };
  }
  return undefined;
}

type Candidate = { target?: string; guard?: string; actions?: string | string[]; reenter?: boolean };
type Node = { on?: Record<string, unknown>; states?: Record<string, Node>; entry?: unknown; exit?: unknown };

/**
 * A chart with one mistake, for every mistake of some kinds. The order of actions is a mistake only where two of them are effects: changes
 * of facts are compared when all of them were made.
 * @param changes the actions that change facts and do nothing else
 * @param ends two final states of the chart, for transitions that lead elsewhere
 */
export function mutants(
  machine: AnyStateMachine,
  changes: readonly string[],
  ends: readonly [string, string],
): [string, AnyStateMachine][] {
  const found: [string, AnyStateMachine][] = [];
  const { config, implementations } = machine;
  const mutate = (what: string, path: readonly string[], change: (node: Node) => void): void => {
    const root = structuredClone({ on: config.on, states: config.states }) as Node;
    change(path.reduce((node, name) => node.states?.[name] as Node, root));
    found.push([what, createMachine({ ...config, ...root } as never, implementations as never) as AnyStateMachine]);
  };
  const visit = (node: Node, path: readonly string[]): void => {
    const name = path.join('.') || '(root)';
    for (const part of ['entry', 'exit'] as const) {
      if (node[part] !== undefined && path.length > 0)
        mutate(`${name} without its ${part}`, path, (copy) => delete copy[part]);
    }
    for (const [event, ways] of Object.entries(node.on ?? {})) {
      const candidates = (Array.isArray(ways) ? ways : [ways]).map((way: unknown) =>
        typeof way === 'string' ? { target: way } : (way as Candidate),
      );
      for (const [index, candidate] of candidates.entries()) {
        const change = (what: string, changed: Candidate | undefined): void => {
          mutate(`${name}, ${event} ${index}: ${what}`, path, (copy) => {
            const rest = candidates.with(index, changed as Candidate).filter((one) => one !== undefined);
            (copy.on as Record<string, unknown>)[event] = rest;
          });
        };
        const without = (part: keyof Candidate): Candidate => {
          const { [part]: _dropped, ...rest } = candidate;
          return rest;
        };
        const { target, guard, actions } = candidate;
        change('dropped', undefined);
        const elsewhere = target?.endsWith(ends[0]) === true ? ends[1] : ends[0];
        if (target !== undefined)
          change('leads elsewhere', { ...without('target'), target: `#${machine.id}.${elsewhere}` });
        if (guard !== undefined) change('without its guard', without('guard'));
        if (actions !== undefined) change('without its actions', without('actions'));
        if (Array.isArray(actions) && actions.filter((action) => !changes.includes(action)).length > 1)
          change('actions in another order', { ...candidate, actions: [...actions].reverse() });
      }
    }
    for (const [child, inner] of Object.entries(node.states ?? {})) visit(inner, [...path, child]);
  };
  visit({ on: config.on, states: config.states } as Node, []);
  return found;
}
