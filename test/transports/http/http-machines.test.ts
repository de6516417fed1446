import type { AnyStateMachine } from 'xstate';

import { compileChart } from '../../../src/compiled-chart.js';
import * as call from '../../../src/transports/http/http-call-machine.js';
import * as exchange from '../../../src/transports/http/http-exchange-machine.js';
import { CALL_EVENTS, CALL_STARTS } from '../../models/charts/http-call.js';
import { EXCHANGE_EVENTS, EXCHANGE_STARTS } from '../../models/charts/http-exchange.js';
import { declaredTransitions } from '../../support/charts/chart-coverage.js';
import { rowsOf } from '../../support/charts/compiled-rows.js';
import {
  difference,
  mutants,
  randomWalks,
  shortWalks,
  tableRunner,
  xstateRunner,
} from '../../support/charts/compared-runs.js';
import type { ChartParts } from '../../support/charts/compared-runs.js';
import { actionNames, allNodes } from '../../support/charts/recorded-actions.js';
import { sample } from '../../support/long-form.js';

interface AnyEvent {
  readonly type: string;
}

interface Case {
  readonly machine: AnyStateMachine;
  readonly parts: ChartParts<object, AnyEvent>;
  readonly starts: readonly object[];
  readonly events: readonly AnyEvent[];
  readonly ends: readonly [string, string];
  /** Effects that may send the next event to the actor before they return. */
  readonly sending: readonly string[];
}

const CASES: Readonly<Record<string, Case>> = {
  call: {
    machine: call.callMachine,
    parts: { guards: call.GUARDS as never, changes: call.CHANGES as never },
    starts: CALL_STARTS,
    events: CALL_EVENTS,
    ends: ['completed', 'failed'],
    sending: ['requestToken', 'renewToken', 'dispatch', 'judgeRedirect', 'passHead'],
  },
  exchange: {
    machine: exchange.exchangeMachine,
    parts: { guards: exchange.GUARDS as never, changes: exchange.CHANGES as never },
    starts: EXCHANGE_STARTS,
    events: EXCHANGE_EVENTS,
    ends: ['succeeded', 'failed'],
    sending: [
      ...['post', 'refuseSessionId', 'refuseContent', 'readRefusedHead', 'openBody', 'readBody', 'readRefusal'],
      ...['readMessage', 'judgeStatus', 'breakOff', 'verifySession', 'findOlder', 'sendOlder', 'conclude'],
      ...['reopen', 'judgeReopening', 'reportInterrupted', 'reportResumed'],
    ],
  },
};

describe.each(Object.entries(CASES))('the compiled chart of an HTTP %s', (_name, { machine, parts, ...given }) => {
  const { starts, events, ends, sending } = given;
  const changes = Object.keys(parts.changes);
  const byTable = tableRunner(machine, parts);
  const walks = shortWalks(byTable, starts, events);

  test('does what XState does with the chart, in every state', () => {
    const taken = new Set<string>();
    expect(difference(xstateRunner(machine, changes, taken), byTable, walks)).toBeUndefined();
    expect([...taken].sort()).toEqual(declaredTransitions(machine).sort());
  });

  test('does what XState does with the chart, on long random walks', () => {
    const isEnd = ({ type }: AnyEvent): boolean =>
      ['abort', 'fail', 'sessionLost', 'succeed', 'refuseRedirect'].includes(type);
    const random = randomWalks(starts, events, isEnd, 500);
    expect(difference(xstateRunner(machine, changes), byTable, random)).toBeUndefined();
  });

  test('reaches every state on these walks', () => {
    const leaves = allNodes(machine.root).filter(({ states }) => Object.keys(states).length === 0);
    const reached = new Set(walks.map((walk) => byTable(walk).at(-1)?.state));
    expect([...reached].sort()).toEqual(leaves.map(({ path }) => path.join('.')).sort());
  });

  test('differs from the chart after each single mistake in it', () => {
    const all = mutants(machine, changes, ends);
    const unnoticed = sample(all, 40).filter(
      ([, mutant]) => difference(xstateRunner(mutant, changes), byTable, walks) === undefined,
    );
    expect(unnoticed.map(([what]) => what)).toEqual([]);
    expect(all.length).toBeGreaterThan(2 * declaredTransitions(machine).length);
  });

  test('runs actions that send the next event after all others, since the actor takes it at once', () => {
    const names = [...actionNames(machine)];
    const start = compileChart<string[], unknown>(machine, {
      guards: parts.guards as never,
      actions: Object.fromEntries(names.map((name) => [name, (log: string[]) => log.push(name)])),
    });
    const early = [...rowsOf(start).values()]
      .flat()
      .filter(({ final }) => !final)
      .flatMap(({ actions }) => {
        const log: string[] = [];
        for (const action of actions) action(log, undefined);
        return log.slice(0, -1).filter((name) => sending.includes(name));
      });
    expect(early).toEqual([]);
    expect(sending.filter((name) => !names.includes(name))).toEqual([]);
  });
});
