import { createActor } from 'xstate';
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { getShortestPaths, getSimplePaths } from 'xstate/graph';

import { CHANGES, requestMachine } from '../../../src/machines/request/request-machine.js';
import type { RequestEvent, RequestFacts } from '../../../src/machines/request/request-machine.js';
import { createRequestLogic, compileRequest } from '../../../src/machines/request/request-logic.js';
import { RequestRecord } from '../../../src/machines/request/request-record.js';
import type { RequestEffects } from '../../../src/machines/request/request-actions.js';
import { REQUEST_EVENTS } from '../../models/charts/request.js';
import { difference, mutants, randomWalks, xstateRunner } from '../../support/charts/compared-runs.js';
import type { Runner, Sight, Walk } from '../../support/charts/compared-runs.js';
import { actionNames } from '../../support/charts/recorded-actions.js';
import { LONG, sample } from '../../support/long-form.js';
import { declaredTransitions } from '../../support/charts/chart-coverage.js';
import { requestSpec } from '../../../src/machines/request/request-spec.js';

const EVENTS = REQUEST_EVENTS;
const ALL = Object.values(EVENTS);
const FINAL = ['succeeded', 'failed', 'cancelled', 'timedOut', 'responseLost'];

/** Actions that only change facts, which are compared themselves. */
const FACTS_ONLY = new Set(Object.keys(CHANGES));
const EFFECTS = [...actionNames(requestMachine)].filter((name) => !FACTS_ONLY.has(name));

type RequestWalk = Walk<Pick<RequestFacts, 'repeatable'>, RequestEvent>;
type RequestRunner = Runner<Pick<RequestFacts, 'repeatable'>, RequestEvent>;

/** Runs walks with XState. */
function byChart(machine: AnyStateMachine, taken?: Set<string>): RequestRunner {
  return xstateRunner(machine, [...FACTS_ONLY], taken);
}

/** Runs walks with the logic that requests have. Pooled, one actor runs all of them. */
function byLogic(pooled: boolean, ends: string[] = []): RequestRunner {
  const log: string[] = [];
  const effects = Object.fromEntries(EFFECTS.map((name) => [name, () => log.push(name)])) as unknown as RequestEffects;
  const ended = (record: RequestRecord): boolean => {
    // Everything was done by then.
    ends.push(`${record.snapshot.value} after ${log.at(-1) ?? 'nothing'}`);
    return pooled;
  };
  const logic = createRequestLogic(effects, pooled, ended, compileRequest(effects));
  const make = (): RequestRecord => {
    const record = new RequestRecord();
    record.actor = createActor(logic, { input: record });
    record.actor.start();
    return record;
  };
  const one = make();
  return ({ start: { repeatable }, events }) => {
    log.length = 0;
    const record = pooled ? one : make();
    record.start(requestSpec('tools/call', undefined, { repeatable }), () => undefined);
    const look = (): Sight => {
      const { value } = record.actor.getSnapshot();
      const { attempts, sessionLosses, rounds, earlierAttempts } = record;
      const facts = { repeatable, attempts, sessionLosses, rounds, earlierAttempts };
      return { state: value, effects: log.splice(0), facts };
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
function allWalks(): RequestWalk[] {
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
    return [...ways, ...reaches].map((events) => ({ start: { repeatable }, events }));
  });
}

/** Random walks of submitted requests. */
function randomRequests(count: number): RequestWalk[] {
  const isEnd = ({ type }: RequestEvent): boolean => ['answer', 'error', 'abort', 'expire', 'reject'].includes(type);
  return randomWalks([{ repeatable: true }, { repeatable: false }], ALL, isEnd, count).map(({ start, events }) => ({
    start,
    events: [EVENTS.submit, ...events],
  }));
}

/** A step through the walks that visits each of them. */
const PRIME = 7_919;
/** In an order that mixes short and long walks: neighbours find the same mistakes. */
const walks = allWalks().map((_, index, all) => all[(index * PRIME) % all.length] as RequestWalk);

/** The states of a request, the final ones included. */
const STATES = 8 + FINAL.length;

/** A runner that runs each walk once, however often it is asked. */
function remembering(run: RequestRunner): RequestRunner {
  const known = new Map<RequestWalk, Sight[]>();
  return (walk) => {
    const sights = known.get(walk) ?? run(walk);
    known.set(walk, sights);
    return sights;
  };
}

describe('the request logic', () => {
  const chart = remembering(byChart(requestMachine));

  it.each([
    ['reused', true],
    ['made for each request', false],
  ])('does in every state what the chart says, with actors %s', (_how, pooled) => {
    expect(difference(chart, byLogic(pooled), sample(walks, 1_000))).toBeUndefined();
  });

  it.each([
    ['reused', true],
    ['made for each request', false],
  ])('does what the chart says on long random walks, with actors %s', (_how, pooled) => {
    expect(difference(byChart(requestMachine), byLogic(pooled), randomRequests(LONG ? 500 : 100))).toBeUndefined();
  });

  it('says once that a request is over, after the last action', () => {
    const ends: string[] = [];
    const run = byLogic(true, ends);
    const wrong: unknown[] = [];
    for (const walk of walks) {
      ends.length = 0;
      const sights = run(walk);
      const last = sights.at(-1)?.state ?? '';
      const lastAction = sights.flatMap(({ effects }) => effects).at(-1);
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
    const run = byChart(requestMachine, taken);
    const states = new Set<string>();
    const declared = declaredTransitions(requestMachine).length;
    for (let index = 0; index < walks.length && (taken.size < declared || states.size < STATES); index += 1)
      for (const { state } of run(walks[index] as RequestWalk)) states.add(state);
    expect([...taken].sort()).toEqual(declaredTransitions(requestMachine).sort());
    expect([...states].sort()).toEqual(
      [
        ...['idle', 'queued', 'inFlight.waiting', 'inFlight.resuming', 'inFlight.parked', 'backingOff'],
        ...['asking.answering', 'asking.completing', ...FINAL],
      ].sort(),
    );
  });

  it('notice each single mistake in the chart', () => {
    const run = byLogic(true);
    const all = mutants(requestMachine as AnyStateMachine, [...FACTS_ONLY], ['succeeded', 'failed']);
    const unnoticed = sample(all, 20).filter(([, mutant]) => difference(byChart(mutant), run, walks) === undefined);
    expect(unnoticed.map(([what]) => what)).toEqual([]);
    expect(all.length).toBeGreaterThan(2 * declaredTransitions(requestMachine).length);
  });
});
