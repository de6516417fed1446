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

/** An effect that a state forgets when it is entered or left, which only a real client shows. */
const FORGOTTEN: readonly (readonly [chart: string, machine: AnyStateMachine, state: string, effect: string])[] = [
  ['connection', connectionMachine, 'linked', 'endInFlight'],
  ['connection', connectionMachine, 'linked.connecting', 'holdRequests'],
  ['connection', connectionMachine, 'linked.initializing.negotiating.discovering', 'sendDiscover'],
  ['connection', connectionMachine, 'linked.initializing.negotiating.handshaking', 'sendInitialize'],
  ['connection', connectionMachine, 'linked.established', 'settleWithSession'],
  ['connection', connectionMachine, 'closed', 'settleWithFailure'],
  ['health', healthMachine, 'cadence.checking', 'check'],
  ['health', healthMachine, 'verdict.suspect', 'reportSuspect'],
];

/** Takes an effect away from a machine at work. Returns what gives it back. */
function forget(machine: AnyStateMachine, state: string, effect: string): () => void {
  const node = allNodes(machine.root).find(({ path }) => path.join('.') === state);
  if (node === undefined) throw new Error(`There is no state ${state}`);
  const { entry, exit } = node;
  const rest = (actions: typeof entry): typeof entry => actions.filter((action) => nameOf(action) !== effect);
  [node.entry, node.exit] = [rest(entry), rest(exit)];
  if (node.entry.length + node.exit.length === entry.length + exit.length) throw new Error(`There is no ${effect}`);
  return () => {
    [node.entry, node.exit] = [entry, exit];
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
