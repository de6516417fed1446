import { createActor, createMachine } from 'xstate';
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { getShortestPaths, getSimplePaths } from 'xstate/graph';

import { CHANGES, requestMachine } from '../../../src/machines/request/request-machine.js';
import type { RequestEvent, RequestFacts } from '../../../src/machines/request/request-machine.js';
import { createRequestLogic, requestTable } from '../../../src/machines/request/request-logic.js';
import { RequestRecord } from '../../../src/machines/request/request-record.js';
import type { RequestEffects } from '../../../src/machines/request/request-actions.js';
import { REQUEST_EVENTS } from '../../models/charts/request.js';
import { actionNames, recordActions } from '../../support/charts/recorded-actions.js';
import { LONG, sample } from '../../support/long-form.js';
import { declaredTransitions, watchTransitions } from '../../support/charts/chart-coverage.js';
import { requestSpec } from '../../../src/machines/request/request-spec.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';

const EVENTS = REQUEST_EVENTS;
const ALL = Object.values(EVENTS);
const FINAL = ['succeeded', 'failed', 'cancelled', 'timedOut', 'responseLost'];

/** Actions that only change facts, which are compared themselves. */
const FACTS_ONLY = new Set(Object.keys(CHANGES));
const EFFECTS = [...actionNames(requestMachine)].filter((name) => !FACTS_ONLY.has(name));

interface Walk {
  readonly repeatable: boolean;
  readonly events: readonly RequestEvent[];
}

/** What can be seen of a request after an event: where it is, what it did, and what it decides on from now on. */
interface Sight {
  readonly state: string;
  readonly actions: readonly string[];
  readonly attempts: number;
  readonly sessionLosses: number;
  readonly rounds: number;
}

/** Something that lives the life of a request. */
type Liver = (walk: Walk) => Sight[];

function pathOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[name, inner]] = Object.entries(value as object) as [[string, unknown]];
  return `${name}.${pathOf(inner)}`;
}

/** Lives by the chart, run by XState. */
function byChart(machine: AnyStateMachine, taken = new Set<string>()): Liver {
  const log: string[] = [];
  const recorded = recordActions(machine, log);
  watchTransitions(recorded, taken);
  return ({ repeatable, events }) => {
    log.length = 0;
    const actor = createActor(recorded, { input: { repeatable } }).start();
    const look = (): Sight => {
      const snapshot = actor.getSnapshot() as AnyMachineSnapshot;
      const { attempts, sessionLosses, rounds } = snapshot.context as RequestFacts;
      const actions = log.splice(0).filter((name) => !FACTS_ONLY.has(name));
      return { state: pathOf(snapshot.value), actions, attempts, sessionLosses, rounds };
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

/** Lives by the compact logic. Pooled, one actor lives all lives. */
function byLogic(pooled: boolean, ends: string[] = []): Liver {
  const log: string[] = [];
  const effects = Object.fromEntries(EFFECTS.map((name) => [name, () => log.push(name)])) as unknown as RequestEffects;
  const ended = (record: RequestRecord): boolean => {
    // Everything was done by then.
    ends.push(`${record.snapshot.value} after ${log.at(-1) ?? 'nothing'}`);
    return pooled;
  };
  const logic = createRequestLogic(effects, pooled, ended, requestTable(effects));
  const make = (): RequestRecord => {
    const record = new RequestRecord();
    record.actor = createActor(logic, { input: record });
    record.actor.start();
    return record;
  };
  const one = make();
  return ({ repeatable, events }) => {
    log.length = 0;
    const record = pooled ? one : make();
    record.start(requestSpec('tools/call', undefined, { repeatable }), () => undefined);
    const look = (): Sight => {
      const { value } = record.actor.getSnapshot();
      const { attempts, sessionLosses, rounds } = record;
      return { state: value, actions: log.splice(0), attempts, sessionLosses, rounds };
    };
    const sights = [look()];
    for (const event of events) {
      record.actor.send(event);
      sights.push(look());
    }
    return sights;
  };
}

/** Every way through the chart with few attempts in one round, and from every state there is with any number of them, every event. */
function allWalks(): Walk[] {
  return [true, false].flatMap((repeatable) => {
    const explore = (mostAttempts: number, mostRounds: number) => ({
      input: { repeatable },
      events: ALL,
      limit: 100_000,
      serializeState: ({ value, context }: AnyMachineSnapshot) => JSON.stringify([value, context]),
      stopWhen: ({ context }: AnyMachineSnapshot) => {
        const { attempts, rounds } = context as RequestFacts;
        return attempts > mostAttempts || rounds > mostRounds;
      },
    });
    // The short form is content with a shortest way to each state.
    const simple = LONG ? getSimplePaths(requestMachine as AnyStateMachine, explore(1, 0) as never) : [];
    const shortest = getShortestPaths(requestMachine as AnyStateMachine, explore(5, 1) as never);
    const eventsOf = (steps: readonly { readonly event: { readonly type: string } }[]): RequestEvent[] =>
      steps.map(({ event }) => event as RequestEvent).filter(({ type }) => type in EVENTS);
    const ways = simple.map(({ steps }) => eventsOf(steps));
    // What is over takes nothing any more, whatever it is: one event shows that as well as all.
    const reaches = shortest.flatMap(({ steps, state }) =>
      (state.status === 'done' ? [EVENTS.answer] : ALL).map((event) => [...eventsOf(steps), event]),
    );
    return [...ways, ...reaches].map((events) => ({ repeatable, events }));
  });
}

function randomWalks(count: number): Walk[] {
  const { random } = new SimulatedEnvironment({ seed: 11 });
  const pick = (): RequestEvent => ALL[Math.floor(random() * ALL.length)] as RequestEvent;
  // Most walks would end at once if a final event were as likely as any other.
  const goesOn = (): RequestEvent => {
    const event = pick();
    return random() < 0.9 && ['answer', 'error', 'abort', 'expire', 'reject'].includes(event.type) ? goesOn() : event;
  };
  return Array.from({ length: count }, () => ({
    repeatable: random() < 0.5,
    events: [EVENTS.submit, ...Array.from({ length: 40 }, goesOn)],
  }));
}

/** The first walk on which the two differ, and how. */
function difference(one: Liver, other: Liver, walks: readonly Walk[]): unknown {
  for (const walk of walks) {
    const [mine, theirs] = [one(walk), other(walk)];
    const at = mine.findIndex((sight, step) => JSON.stringify(sight) !== JSON.stringify(theirs[step]));
    if (at !== -1) {
      return {
        walk: walk.events.slice(0, at).map(({ type }) => type),
        repeatable: walk.repeatable,
        mine: mine[at],
        theirs: theirs[at],
      };
    }
  }
  return undefined;
}

const walks = allWalks();

/** The states of a request, the final ones included. */
const STATES = 7 + FINAL.length;
/** A step through the walks that visits each of them. */
const PRIME = 7_919;

describe('the request logic', () => {
  it.each([
    ['reused', true],
    ['made for each request', false],
  ])('does in every state what the chart says, with actors %s', (_how, pooled) => {
    expect(difference(byChart(requestMachine), byLogic(pooled), sample(walks, 1_000))).toBeUndefined();
  });

  it.each([
    ['reused', true],
    ['made for each request', false],
  ])('does what the chart says on long random walks, with actors %s', (_how, pooled) => {
    expect(difference(byChart(requestMachine), byLogic(pooled), randomWalks(LONG ? 500 : 100))).toBeUndefined();
  });

  it('says once that a request is over, after the last action', () => {
    const ends: string[] = [];
    const live = byLogic(true, ends);
    const wrong: unknown[] = [];
    for (const walk of walks) {
      ends.length = 0;
      const sights = live(walk);
      const last = sights.at(-1)?.state ?? '';
      const lastAction = sights.flatMap(({ actions }) => actions).at(-1);
      const expected = FINAL.includes(last) ? [`${last} after ${lastAction ?? 'nothing'}`] : [];
      if (ends.join() !== expected.join()) wrong.push({ walk, ends: [...ends], expected });
    }
    expect(wrong.slice(0, 5)).toEqual([]);
  });
});

describe('the walks through the request chart', () => {
  it('know every event', () => {
    expect([...requestMachine.events].sort()).toEqual(Object.keys(EVENTS).sort());
  });

  it('take every transition and end in every final state', () => {
    const taken = new Set<string>();
    const live = byChart(requestMachine, taken);
    const states = new Set<string>();
    const declared = declaredTransitions(requestMachine).length;
    // In an order that mixes short and long walks, until everything was seen.
    for (let index = 0; index < walks.length && (taken.size < declared || states.size < STATES); index += 1)
      for (const { state } of live(walks[(index * PRIME) % walks.length] as Walk)) states.add(state);
    expect([...taken].sort()).toEqual(declaredTransitions(requestMachine).sort());
    expect([...states].sort()).toEqual(
      [
        ...['idle', 'queued', 'inFlight.waiting', 'inFlight.resuming', 'backingOff'],
        ...['asking.answering', 'asking.completing', ...FINAL],
      ].sort(),
    );
  });

  it('notice each single mistake in the chart', () => {
    const live = byLogic(true);
    const all = mutants();
    const unnoticed = sample(all, 20).filter(([, mutant]) => difference(byChart(mutant), live, walks) === undefined);
    expect(unnoticed.map(([what]) => what)).toEqual([]);
    expect(all.length).toBeGreaterThan(2 * declaredTransitions(requestMachine).length);
  });
});

type Candidate = { target?: string; guard?: string; actions?: string | string[] };
type Node = { on?: Record<string, unknown>; states?: Record<string, Node>; entry?: string; exit?: string };

/** The request chart with one mistake, for every mistake of some kinds. */
function mutants(): [string, AnyStateMachine][] {
  const found: [string, AnyStateMachine][] = [];
  const { config, implementations } = requestMachine as AnyStateMachine;
  const mutate = (what: string, change: (states: Record<string, Node>) => void): void => {
    const states = structuredClone(config.states) as Record<string, Node>;
    change(states);
    found.push([what, createMachine({ ...config, states } as never, implementations as never) as AnyStateMachine]);
  };
  const at = (states: Record<string, Node>, path: readonly string[]): Node => {
    let node: Node = { states };
    for (const name of path) node = node.states?.[name] as Node;
    return node;
  };
  const visit = (node: Node, path: readonly string[]): void => {
    const name = path.join('.');
    for (const part of ['entry', 'exit'] as const) {
      if (node[part] !== undefined) mutate(`${name} without its ${part}`, (states) => delete at(states, path)[part]);
    }
    for (const [event, ways] of Object.entries(node.on ?? {})) {
      const candidates = (Array.isArray(ways) ? ways : [ways]).map((way: unknown) =>
        typeof way === 'string' ? { target: way } : (way as Candidate),
      );
      candidates.forEach(({ target, guard, actions }, index) => {
        const change = (what: string, changed: Candidate | undefined): void => {
          mutate(`${name}, ${event} ${index}: ${what}`, (states) => {
            const rest: (Candidate | undefined)[] = [...candidates];
            rest[index] = changed;
            (at(states, path).on as Record<string, unknown>)[event] = rest.filter((one) => one !== undefined);
          });
        };
        change('dropped', undefined);
        if (target !== undefined) {
          const elsewhere = target === 'succeeded' ? 'failed' : 'succeeded';
          change('leads elsewhere', {
            target: path.length > 1 ? `#request.${elsewhere}` : elsewhere,
            ...(guard && { guard }),
            ...(actions && { actions }),
          });
        }
        if (guard !== undefined)
          change('without its guard', { ...(target && { target }), ...(actions && { actions }) });
        if (actions !== undefined)
          change('without its actions', { ...(target && { target }), ...(guard && { guard }) });
        if (Array.isArray(actions)) {
          change('actions in another order', { ...(target && { target }), actions: [...actions].reverse() });
        }
      });
    }
    for (const [child, inner] of Object.entries(node.states ?? {})) visit(inner, [...path, child]);
  };
  for (const [name, node] of Object.entries(config.states as Record<string, Node>)) visit(node, [name]);
  return found;
}
