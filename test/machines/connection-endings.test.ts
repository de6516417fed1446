import { createActor, fromCallback, fromPromise } from 'xstate';

import { createConnectionMachine } from '../../src/machines/connection.js';
import type { ConnectionEvent } from '../../src/machines/connection-facts.js';
import { healthMachine } from '../../src/machines/health.js';
import type { RequestsEvent } from '../../src/machines/requests.js';
import { serverStreamMachine } from '../../src/machines/server-stream.js';
import { subscriptionMachine } from '../../src/machines/subscription.js';
import { acceptable } from '../../src/protocol/negotiation.js';
import { initializeResult } from '../support/scripted-server.js';
import { SimulatedEnvironment } from '../support/simulated-environment.js';

const CONNECT_TIMEOUT = 1_000;
const nothing = (): void => undefined;

/** The chart of a connection to a legacy server that has a session, and what it tells the requests. */
function standing() {
  const clock = new SimulatedEnvironment();
  const told: RequestsEvent[] = [];
  const machine = createConnectionMachine({
    now: clock.now,
    random: () => 1,
    link: fromCallback(nothing),
    release: fromPromise(() => Promise.resolve()),
    requests: fromCallback(nothing),
    health: healthMachine,
    subscription: subscriptionMachine,
    serverStream: serverStreamMachine,
    tellRequests: (event) => told.push(event),
    askDiscover: nothing,
    askHandshake: nothing,
    withdrawQuestions: nothing,
    announce: nothing,
    restore: nothing,
    applyDesired: nothing,
    settle: nothing,
    drained: nothing,
    report: nothing,
  });
  const actor = createActor(machine, {
    input: {
      policy: {
        autoReconnect: false,
        maxReconnectAttempts: 0,
        backoff: { delay: 1, maxDelay: 1 },
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
  }).start();
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

describe('requests that a lost link takes with it', () => {
  it('hear of the deadline when a new session did not come in time', async () => {
    const { clock, actor, told } = standing();
    actor.send({ type: 'session.lost' });
    await clock.advance(CONNECT_TIMEOUT);
    expect(actor.getSnapshot().hasTag('closed')).toBe(true);
    expect(told[1]).toMatchObject({
      type: 'lose',
      failure: { code: 'MCP_TIMEOUT', message: `Connecting took longer than ${CONNECT_TIMEOUT} ms` },
    });
  });

  it('hear of reconnect() when that is the reason', () => {
    const { actor, told } = standing();
    actor.send({ type: 'reconnect' });
    expect(told[0]).toMatchObject({
      type: 'lose',
      failure: { message: 'The connection was renewed by reconnect()' },
    });
    actor.stop();
  });
});
