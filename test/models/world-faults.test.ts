import type { AnyStateMachine } from 'xstate';

import { connectionMachine } from '../../src/machines/connection/connection-machine.js';
import { healthMachine } from '../../src/machines/health/health-machine.js';
import { allNodes, nameOf } from '../support/charts/recorded-actions.js';
import { memoryStage } from './world/memory-stage.js';
import type { View } from './world/model.js';
import { commonPaths } from './world/paths.js';
import { Traveller } from './world/traveller.js';

/** Milliseconds in which everything happens that does happen. */
const PATIENCE = 500;

/** An effect that a state forgets when it is entered or left, or on its transitions, which only a real client shows. */
const FORGOTTEN: readonly (readonly [chart: string, machine: AnyStateMachine, state: string, effect: string])[] = [
  ['connection', connectionMachine, 'linked.established', 'loseInFlight'],
  ['connection', connectionMachine, 'linked.connecting', 'pauseRequests'],
  ['connection', connectionMachine, 'linked.initializing.negotiating.discovering', 'sendDiscover'],
  ['connection', connectionMachine, 'linked.initializing.negotiating.handshaking', 'sendInitialize'],
  ['connection', connectionMachine, 'linked.established', 'settleWithSession'],
  ['connection', connectionMachine, 'closed', 'settleWithFailure'],
  ['health', healthMachine, 'cadence.checking', 'check'],
  ['health', healthMachine, 'verdict.degraded', 'reportDegraded'],
];

/** Takes an effect away from a machine at work. Returns what gives it back. */
function forget(machine: AnyStateMachine, state: string, effect: string): () => void {
  const node = allNodes(machine.root).find(({ path }) => path.join('.') === state);
  if (node === undefined) throw new Error(`There is no state ${state}`);
  const { entry, exit } = node;
  const ways = [...node.transitions.values()].flat().map((way) => ({ way, actions: way.actions }));
  const rest = <Action>(actions: readonly Action[]): Action[] => actions.filter((action) => nameOf(action) !== effect);
  const all = [entry, exit, ...ways.map(({ actions }) => actions)].flat();
  if (rest(all).length === all.length) throw new Error(`There is no ${effect}`);
  [node.entry, node.exit] = [rest(entry), rest(exit)];
  for (const { way, actions } of ways) way.actions = rest(actions);
  return () => {
    [node.entry, node.exit] = [entry, exit];
    for (const { way, actions } of ways) way.actions = actions;
  };
}

/** Goes all paths with a server of either era until something is wrong. */
async function firstComplaint(): Promise<string | undefined> {
  for (const era of ['modern', 'legacy'] as const) {
    const view: View = { framing: 'shared', era, autoReconnect: true };
    for (const path of commonPaths(true)) {
      const [first] = await Traveller.go(view, path, memoryStage, { patience: PATIENCE });
      if (first !== undefined) return first;
    }
  }
  return undefined;
}

describe('an effect that is left out shows on the paths through the world', () => {
  it.each(FORGOTTEN.map(([chart, machine, state, effect]) => [chart, state, effect, machine] as const))(
    '%s: %s without %s',
    async (_chart, state, effect, machine) => {
      const restore = forget(machine, state, effect);
      try {
        expect(await firstComplaint()).toBeDefined();
      } finally {
        restore();
      }
    },
  );
});
