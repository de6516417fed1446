import { createActor } from 'xstate';

import { connectionMachine } from '../../../src/machines/connection/connection-machine.js';
import type { ConnectionEvent } from '../../../src/machines/connection/connection-context.js';
import { connectionPorts } from '../../../src/machines/connection/connection-ports.js';
import type { RequestsEvent } from '../../../src/machines/request/request-gate.js';
import { acceptable } from '../../../src/protocol/negotiation.js';
import { allowMissingPorts, idlePorts } from '../../support/charts/idle-ports.js';
import { initializeResult } from '../../support/servers/scripts.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';

const CONNECT_TIMEOUT = 1_000;

allowMissingPorts();

/** The chart of a connection to a legacy server that has a session, and what it tells the requests. */
function standing(maxRestarts = Infinity) {
  const clock = new SimulatedEnvironment();
  const told: RequestsEvent[] = [];
  const actor = createActor(connectionMachine, {
    input: {
      policy: {
        autoReconnect: false,
        maxReconnectAttempts: 0,
        backoff: { delay: 1, maxDelay: 1 },
        restarts: { maxRestarts, window: 300_000 },
        retryInitialConnect: false,
        connectTimeout: CONNECT_TIMEOUT,
        probeTimeout: 50,
        acceptable: acceptable('legacy'),
      },
      perRequest: true,
      era: undefined,
      healthInterval: 0,
    },
    clock: { setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout },
  });
  connectionPorts.provide(actor.system, {
    ...idlePorts.connection,
    now: clock.now,
    sendToRequests: (event) => told.push(event),
  });
  actor.start();
  const events: ConnectionEvent[] = [
    { type: 'connect', waiter: { id: 1, deadline: Infinity, timeout: Infinity } },
    { type: 'link.opened' },
    { type: 'shook', answer: { kind: 'result', result: initializeResult() } },
  ];
  for (const event of events) actor.send(event);
  expect(actor.getSnapshot().hasTag('ready')).toBe(true);
  told.length = 0;
  return { clock, actor, told };
}

describe('requests in flight whose link or session is lost', () => {
  it('reject with the time-out of connecting when no new session is established in time', async () => {
    const { clock, actor, told } = standing();
    actor.send({ type: 'session.lost' });
    await clock.advance(CONNECT_TIMEOUT);
    expect(actor.getSnapshot().hasTag('closed')).toBe(true);
    expect(told[1]).toMatchObject({
      type: 'lose',
      failure: { code: 'MCP_TIMEOUT', message: `Connecting took longer than ${CONNECT_TIMEOUT} ms` },
    });
  });

  it('reject with MCP_SESSION_LOST when sessions are lost more often than the budget allows', () => {
    const { actor, told } = standing(0);
    actor.send({ type: 'session.lost' });
    expect(actor.getSnapshot().hasTag('closed')).toBe(true);
    expect(told).toMatchObject([
      { type: 'pause' },
      { type: 'lose', failure: { code: 'MCP_SESSION_LOST' } },
      { type: 'close', failure: { cause: { code: 'MCP_CRASH_LOOP', cause: { code: 'MCP_SESSION_LOST' } } } },
    ]);
  });

  it('reject with the reason reconnect() when the user calls it', () => {
    const { actor, told } = standing();
    actor.send({ type: 'reconnect' });
    expect(told[0]).toMatchObject({
      type: 'lose',
      failure: { message: 'The connection was renewed by reconnect()' },
    });
    actor.stop();
  });
});
