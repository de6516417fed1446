import { appendFileSync } from 'node:fs';
import { enqueueActions } from 'xstate';
import type { AnyStateMachine, AnyStateNode } from 'xstate';

import { rowsOf } from './compiled-rows.js';
import * as compiledChart from '../../../src/compiled-chart.js';
import type { Implementations, Step } from '../../../src/compiled-chart.js';
import { authorizationMachine } from '../../../src/machines/authorization/authorization-machine.js';
import { connectionMachine } from '../../../src/machines/connection/connection-machine.js';
import { healthMachine } from '../../../src/machines/health/health-machine.js';
import { memberMachine } from '../../../src/machines/member/member-machine.js';
import { requestMachine } from '../../../src/machines/request/request-machine.js';
import * as requestLogic from '../../../src/machines/request/request-logic.js';
import { serverRequestMachine } from '../../../src/machines/server-requests/server-request-machine.js';
import { serverStreamMachine } from '../../../src/machines/server-stream/server-stream-machine.js';
import { subscriptionMachine } from '../../../src/machines/subscription/subscription-machine.js';
import { callMachine } from '../../../src/transports/http/http-call-machine.js';
import { exchangeMachine } from '../../../src/transports/http/http-exchange-machine.js';
import { processMachine } from '../../../src/transports/stdio/process-machine.js';
import { declaredTransitions, watchTransitions } from './chart-coverage.js';
import { allNodes } from './recorded-actions.js';

/** What `npm run coverage:states` reads: one line for each machine and test file. */
interface Covered {
  readonly machine: string;
  readonly states: readonly string[];
  readonly entered: readonly string[];
  readonly transitions: readonly string[];
  readonly taken: readonly string[];
}

/** States that have none inside of them. */
function leavesOf(machine: AnyStateMachine): AnyStateNode[] {
  return allNodes(machine.root).filter((node) => Object.keys(node.states).length === 0);
}

const nameOf = ({ path }: AnyStateNode): string => path.join('.');

/** Watches everything that the actors of a machine do. */
function watch(machine: AnyStateMachine): () => Covered {
  const taken = new Set<string>();
  const entered = new Set<string>();
  watchTransitions(machine, taken);
  for (const leaf of leavesOf(machine)) {
    const note = enqueueActions(() => {
      entered.add(nameOf(leaf));
    });
    leaf.entry = [...leaf.entry, note];
  }
  return () => coverage(machine, entered, taken);
}

function coverage(machine: AnyStateMachine, entered: Set<string>, taken: Set<string>): Covered {
  return {
    machine: machine.id,
    states: leavesOf(machine).map(nameOf),
    entered: [...entered],
    transitions: declaredTransitions(machine),
    taken: [...taken],
  };
}

/** Where a request is after a transition that begins in this state. */
function leafOf(node: AnyStateNode): AnyStateNode {
  const [inner] = node.initial?.target ?? [];
  return inner === undefined ? node : leafOf(inner);
}

/** The names of the transitions of a chart by the state in which it is, the event, and the state in which it is then. */
function stepsOf(machine: AnyStateMachine): Map<string, string> {
  const steps = new Map<string, string>();
  for (const leaf of leavesOf(machine)) {
    for (let node: AnyStateNode | undefined = leaf; node !== undefined; node = node.parent) {
      for (const [event, candidates] of node.transitions) {
        candidates.forEach(({ target }, at) => {
          const [to] = target ?? [];
          const step = `${nameOf(leaf)} ${event} ${nameOf(to === undefined ? leaf : leafOf(to))}`;
          if (!steps.has(step)) steps.set(step, `${nameOf(node)}: ${event} ${at}`);
        });
      }
    }
  }
  return steps;
}

/** Requests run the table of their chart, so what they do is seen at the logic that runs it. */
function watchRequests(): () => Covered {
  const { createRequestLogic } = requestLogic;
  const taken = new Set<string>();
  const entered = new Set<string>();
  const steps = stepsOf(requestMachine);
  const watched: typeof createRequestLogic = (...given) => {
    const logic = createRequestLogic(...given);
    return {
      ...logic,
      getInitialSnapshot: (...start) => {
        const snapshot = logic.getInitialSnapshot(...start);
        entered.add(snapshot.value);
        return snapshot;
      },
      transition: (snapshot, event, scope) => {
        const from = snapshot.value;
        const next = logic.transition(snapshot, event, scope);
        const step = steps.get(`${from} ${event.type} ${next.value}`);
        if (step !== undefined) taken.add(step);
        entered.add(next.value);
        return next;
      },
    };
  };
  Object.assign(requestLogic, { createRequestLogic: watched });
  return () => coverage(requestMachine, entered, taken);
}

/** Watches the actors of compiled charts, which are compiled when the files are loaded that use them. */
function watchCompiled(machines: readonly AnyStateMachine[]): (() => Covered)[] {
  const { compileChart } = compiledChart;
  const seen = new Map(machines.map((machine) => [machine, { taken: new Set<string>(), entered: new Set<string>() }]));
  const watched = (machine: AnyStateMachine, implementations: Implementations<never, never>): Step<never, never> => {
    const { taken, entered } = seen.get(machine) ?? { taken: new Set(), entered: new Set() };
    const start = compileChart(machine, implementations);
    const rows = rowsOf(start);
    for (const leaf of leavesOf(machine)) {
      const row = rows.get(nameOf(leaf)) ?? [];
      let place = 0;
      for (let node: AnyStateNode | undefined = leaf; node !== undefined; node = node.parent) {
        for (const [event, candidates] of node.transitions) {
          for (const at of candidates.keys()) {
            const step = row[place];
            place += 1;
            if (step === undefined) continue;
            const name = `${node.path.join('.') || '(root)'}: ${event} ${at}`;
            const note = (): void => {
              taken.add(name);
              entered.add(step.target);
            };
            Object.assign(step, { actions: [note, ...step.actions] });
          }
        }
      }
    }
    entered.add(start.target);
    return start;
  };
  Object.assign(compiledChart, { compileChart: watched });
  return [...seen].map(
    ([machine, { taken, entered }]) =>
      () =>
        coverage(machine, entered, taken),
  );
}

const file = process.env['STATES_FILE'];
if (file === undefined) throw new Error('STATES_FILE is not set: this is for `npm run coverage:states`');

const watched = [
  ...[
    authorizationMachine,
    connectionMachine,
    healthMachine,
    subscriptionMachine,
    serverRequestMachine,
    serverStreamMachine,
    processMachine,
    memberMachine,
  ].map((machine) => watch(machine)),
  watchRequests(),
  ...watchCompiled([exchangeMachine, callMachine]),
];

afterAll(() => {
  for (const covered of watched) appendFileSync(file, `${JSON.stringify(covered())}\n`);
});
