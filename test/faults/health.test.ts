import { MCPConnection } from '../../src/index.js';
import { ClientAndServer } from '../support/scripted-clients.js';
import {
  answer,
  discoverResult,
  inTurn,
  legacyScript,
  modernScript,
  scriptedServer,
  silence,
} from '../support/servers/scripts.js';
import type { ScriptedServer } from '../support/servers/scripts.js';
import { SimulatedEnvironment } from '../support/simulated-environment.js';

const INTERVAL = 1_000;
/** Time for three checks to be missed: each waits an interval, and another for its answer. */
const THREE_MISSES = 6 * INTERVAL;

/** Answers the negotiation, then says nothing to the probes, until it is asked over another link. */
const hangs = modernScript({
  'server/discover': inTurn(answer(discoverResult()), silence, silence, silence, answer(discoverResult())),
  'subscriptions/listen': silence,
});

describe('a check', () => {
  const script = legacyScript('2025-11-25', { 'tools/call': answer({ content: [] }) });
  const pings = (methods: string[]): number => methods.filter((method) => method === 'ping').length;

  test('asks a server from which nothing came in its interval, every time', async () => {
    await using pair = await ClientAndServer.connect(script, { healthCheckInterval: INTERVAL });
    await pair.clock.advance(5 * INTERVAL);
    expect(pings(pair.server.methods)).toBe(5);
  });

  test('does not ask one that has answered a call in its interval', async () => {
    await using pair = await ClientAndServer.connect(script, { healthCheckInterval: INTERVAL });
    for (let call = 0; call < 5; call += 1) {
      await pair.clock.advance(INTERVAL / 2);
      await pair.client.callTool('quick');
      await pair.clock.advance(INTERVAL / 2);
    }
    expect(pings(pair.server.methods)).toBe(0);
  });
});

describe('a server that has stopped to answer', () => {
  test('is detected, and the client reconnects', async () => {
    await using pair = await ClientAndServer.connect(hangs, { healthCheckInterval: INTERVAL, autoReconnect: true });
    const { client, clock, announced } = pair;
    await clock.advance(2 * INTERVAL);
    expect(client.state).toBe('degraded');
    await clock.advance(THREE_MISSES);
    expect(announced.state).toEqual(
      expect.arrayContaining(['connecting', 'initializing', 'ready', 'degraded', 'reconnecting', 'ready']),
    );
  });

  test('is noticed also while changes are watched, since a subscription is no work that it could be busy with', async () => {
    await using pair = await ClientAndServer.connect(hangs, { healthCheckInterval: INTERVAL });
    const { client, server, clock } = pair;
    client.addNotificationHandler('tools/list_changed', () => undefined);
    await server.receive('subscriptions/listen');
    await clock.advance(2 * THREE_MISSES);
    expect(client.state).toBe('closed');
    expect(client.explain()).toMatch('missed 3 health checks in a row');
  });

  test('is given time while a call is in flight', async () => {
    const script = legacyScript('2025-11-25', { ping: silence, 'tools/call': silence });
    await using pair = await ClientAndServer.connect(script, { healthCheckInterval: INTERVAL });
    const { client, server, clock } = pair;
    const call = client.callTool('slow', {}, { timeout: 20 * INTERVAL });
    const question = await server.receive('tools/call');
    await clock.advance(3 * THREE_MISSES - INTERVAL);
    expect(client.state).toBe('degraded');
    server.respond(question, { content: [] });
    await call;
    await clock.advance(INTERVAL);
    expect(client.state).toBe('ready');
  });
});

describe('monitoring', () => {
  const monitored = ({ transport }: ScriptedServer, environment: SimulatedEnvironment): MCPConnection =>
    new MCPConnection('slow', transport, { environment, healthCheckInterval: INTERVAL });

  test('that is stopped leaves no doubt behind that nothing would ever clear up', async () => {
    const clock = new SimulatedEnvironment();
    await using server = await scriptedServer(legacyScript('2025-11-25', { ping: silence }), clock);
    await using connection = monitored(server, clock);
    const client = await connection.connect();
    await clock.advance(2 * INTERVAL);
    expect(client.state).toBe('degraded');
    connection.stopMonitoring();
    expect(client.state).toBe('ready');
    await clock.advance(10 * INTERVAL);
    expect(client.state).toBe('ready');
  });

  test('that is stopped during a check does not wait for its outcome', async () => {
    const clock = new SimulatedEnvironment();
    await using server = await scriptedServer(legacyScript('2025-11-25', { ping: silence }), clock);
    await using connection = monitored(server, clock);
    const client = await connection.connect();
    await clock.advance(INTERVAL);
    await server.receive('ping');
    connection.stopMonitoring();
    await clock.advance(10 * INTERVAL);
    expect(client.state).toBe('ready');
    expect(connection.healthScore).toBe(1);
  });
});

test('healthCheck() says nothing to a server with which the negotiation is not over', async () => {
  await using pair = await ClientAndServer.create(modernScript({ 'server/discover': silence }));
  const { client, server, clock, announced } = pair;
  const connecting = client.connect().catch(() => undefined);
  await announced.until(() => client.state === 'initializing');
  await server.receive('server/discover');
  expect(await client.healthCheck()).toMatchObject({
    connected: false,
    state: 'initializing',
    error: { code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' },
  });
  await clock.settle();
  expect(server.methods).toEqual(['server/discover']);
  await client.disconnect();
  await connecting;
});
