import { MCPClient, MCPConnection, MCPConnectionError, MCPTimeoutError } from '../../src/index.js';
import type { ConnectionStatus, MCPConnectionOptions } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { errorFrom, isSettled } from '../support/outcomes.js';
import { answer, initializeResult, inTurn, legacyScript, scriptedServer, silence } from '../support/servers/scripts.js';
import type { Script, ScriptedServer } from '../support/servers/scripts.js';
import { SimulatedEnvironment } from '../support/simulated-environment.js';

const START = 1_000_000;

let environment: SimulatedEnvironment;
let server: ScriptedServer;
let connection: MCPConnection;

async function make(options: MCPConnectionOptions = {}, script: Script = {}): Promise<void> {
  environment = new SimulatedEnvironment({ start: START });
  server = await scriptedServer(legacyScript('2025-11-25', script), environment);
  connection = new MCPConnection('files', server.transport, { environment, reconnectDelay: 100, ...options });
}

afterEach(async () => {
  await connection.disconnect();
  await server[Symbol.asyncDispose]();
  expect(environment.pending).toEqual([]);
});

function pings(): number {
  return server.methods.filter((method) => method === 'ping').length;
}

test('a connection can be listened to before it has a client', async () => {
  await make();
  const states: string[] = [];
  connection.on('state', (state) => states.push(state));
  await connection.connect();
  await connection.disconnect();
  expect(states).toEqual(['connecting', 'initializing', 'ready', 'closed']);
});

test('a connection has the skills of its client, which need a connection', async () => {
  await make({ autoReconnect: false });
  expect(await errorFrom(connection.skills.list())).toMatchObject({ code: 'MCP_NOT_CONNECTED' });
  const client = await connection.connect();
  expect(connection.skills).toBe(client.skills);
});

describe('the client of a connection', () => {
  test('is null before the first connect, and from then on one object, also while there is no connection', async () => {
    await make();
    expect(connection.client).toBeNull();
    const client = await connection.connect();
    expect(client).toBeInstanceOf(MCPClient);
    expect(connection.client).toBe(client);
    expect(connection.getClient()).toBe(client);
    server.hangUp();
    await environment.advance(0);
    expect(connection.status).toBe('reconnecting');
    expect(connection.client).toBe(client);
    await environment.advance(1_000);
    expect(connection.status).toBe('connected');
    await connection.disconnect();
    expect(connection.client).toBe(client);
    expect(await connection.connect()).toBe(client);
    await client.ping();
  });

  test('cannot be had while there is no connection, and the error says why', async () => {
    await make({ autoReconnect: false });
    const before = thrownBy(() => connection.getClient());
    expect(before).toMatchObject({
      code: 'MCP_NOT_CONNECTED',
      delivery: 'not-sent',
      message: 'The connection "files" is not connected (its status is disconnected)',
    });
    expect(before.cause).toBeUndefined();
    await connection.connect();
    server.hangUp();
    await environment.settle();
    const after = thrownBy(() => connection.getClient());
    expect(after.message).toContain('(its status is error)');
    expect(after.cause).toMatchObject({ code: 'MCP_CONNECTION_LOST' });
  });

  test('and the connection are views on one thing: disconnecting one is disconnecting the other', async () => {
    await make();
    const client = await connection.connect();
    await client.disconnect();
    expect(connection).toMatchObject({ status: 'disconnected' });
    await connection.connect();
    expect(client.state).toBe('ready');
    await connection.disconnect();
    expect(client.state).toBe('closed');
  });

  function thrownBy(action: () => unknown): MCPConnectionError {
    try {
      action();
    } catch (thrown) {
      if (thrown instanceof MCPConnectionError) return thrown;
    }
    throw new Error('Expected an MCPConnectionError');
  }
});

describe('the status', () => {
  test('goes from disconnected over connecting to connected and back', async () => {
    await make({}, { initialize: [{ wait: 100 }, ...answer(initializeResult())] });
    expect(connection.status).toBe('disconnected');
    const connecting = connection.connect();
    const seen: ConnectionStatus[] = [connection.status];
    await environment.advance(50);
    seen.push(connection.status);
    await environment.advance(50);
    await connecting;
    seen.push(connection.status);
    await connection.disconnect();
    seen.push(connection.status);
    expect(seen).toEqual(['connecting', 'connecting', 'connected', 'disconnected']);
  });

  test('is reconnecting while a lost connection is brought back, and error when it is given up', async () => {
    await make(
      { maxReconnectAttempts: 2, reconnectDelay: 0 },
      { initialize: inTurn(answer(initializeResult()), [{ end: 1 }]) },
    );
    const client = await connection.connect();
    const { state } = new ClientRecorder(client);
    server.hangUp();
    await environment.settle();
    expect(connection.status).toBe('reconnecting');
    await environment.advance(10_000);
    expect(connection.status).toBe('error');
    expect(state.filter((one) => one === 'reconnecting')).toHaveLength(2);
    expect(connection.lastError).toMatchObject({ code: 'MCP_CONNECTION_LOST' });
    await connection.disconnect();
    expect(connection).toMatchObject({ status: 'disconnected', lastError: undefined });
  });

  test('has one last error for each loss, which describes the state at that time', async () => {
    await make({ reconnectDelay: 3_600_000, maxReconnectDelay: 3_600_000 });
    await connection.connect();
    server.hangUp();
    await environment.settle();
    expect(connection.status).toBe('reconnecting');
    await environment.advance(1_000);
    const { lastError } = connection;
    const told = lastError?.explain();
    expect(told).toMatch(/ready → reconnecting, 0 ms before/);
    await connection.client?.healthCheck();
    await environment.advance(1_000);
    expect(connection.lastError).toBe(lastError);
    expect(connection.lastError?.explain()).toBe(told);
  });

  test('is error after a connect that failed, and connect() may be called again', async () => {
    await make({ connectionTimeout: 200 }, { initialize: inTurn(silence, answer(initializeResult())) });
    const failed = errorFrom(connection.connect());
    await environment.advance(200);
    const error = await failed;
    expect(error).toBeInstanceOf(MCPTimeoutError);
    expect(error.details).toMatchObject({ timeout: 200, phase: 'connecting' });
    expect(connection.status).toBe('error');
    expect(connection.lastError).toMatchObject({ code: 'MCP_TIMEOUT', message: error.message });
    expect(connection).toMatchObject({ errorCount: 1, connectionCount: 0, client: null });
    await connection.connect();
    expect(connection).toMatchObject({ status: 'connected', lastError: undefined, connectionCount: 1, errorCount: 1 });
  });

  test('connect(timeout) has that timeout', async () => {
    await make({}, { initialize: silence });
    const failed = errorFrom(connection.connect(70));
    await environment.advance(70);
    expect((await failed).details).toMatchObject({ timeout: 70 });
  });
});

describe('health', () => {
  test('is full before the first check, but a connection that never stood is not healthy', async () => {
    await make();
    expect(connection.healthScore).toBe(1);
    expect([connection.isConnected(), connection.isHealthy()]).toEqual([false, false]);
    await connection.connect();
    expect([connection.isConnected(), connection.isHealthy()]).toEqual([true, true]);
  });

  test('is asked for only when nothing else was answered since the last look', async () => {
    await make({ healthCheckInterval: 1_000 }, { 'x/y': answer({}) });
    const client = await connection.connect();
    for (let time = 0; time < 10; time += 1) {
      await environment.advance(500);
      await client.request('x/y');
      await environment.advance(500);
    }
    expect(pings()).toBe(0);
    await environment.advance(4_000);
    expect(pings()).toBeGreaterThanOrEqual(2);
    expect(connection.healthScore).toBe(1);
  });

  test('counts the newest checks most, and a miss makes the connection degraded until an answer comes', async () => {
    await make({ healthCheckInterval: 1_000 }, { ping: silence, 'x/y': answer({}) });
    const client = await connection.connect();
    const recorder = new ClientRecorder(client);
    await environment.advance(500);
    await client.request('x/y');
    // The first check is good, since something was answered. The second asks, and waits in vain.
    await environment.advance(2_500);
    expect(pings()).toBe(1);
    expect(recorder.state).toEqual(['degraded']);
    expect(connection).toMatchObject({ status: 'connected' });
    expect(connection.isConnected()).toBe(true);
    expect(connection.healthScore).toBeCloseTo(1 / 2 / (1 + 1 / 2), 10);
    expect([connection.isHealthy(), connection.isHealthy(0.3)]).toEqual([false, true]);
    await client.request('x/y');
    await environment.advance(1_000);
    expect(recorder.state).toEqual(['degraded', 'ready']);
    expect(connection.healthScore).toBeCloseTo((1 + 1 / 4) / (1 + 1 / 2 + 1 / 4), 10);
    expect(connection.isHealthy()).toBe(true);
  });

  test('misses in a row make the connection reconnect', async () => {
    await make({ healthCheckInterval: 1_000, reconnectDelay: 0 }, { ping: silence });
    const client = await connection.connect();
    const recorder = new ClientRecorder(client);
    await environment.advance(20_000);
    expect(recorder.state.slice(0, 3)).toEqual(['degraded', 'reconnecting', 'connecting']);
    expect(connection.connectionCount).toBeGreaterThan(1);
    expect(client.explain()).toContain('reconnecting');
  });

  test('misses in a row close a connection that does not reconnect', async () => {
    await make({ healthCheckInterval: 1_000, autoReconnect: false }, { ping: silence });
    await connection.connect();
    await environment.advance(20_000);
    expect(connection.status).toBe('error');
    expect(connection.lastError?.message).toMatch(/missed 3 health checks in a row, 1000 ms apart/);
  });

  test('healthCheck() sends a request and returns all figures', async () => {
    await make({ monitor: false });
    await connection.connect();
    await environment.advance(5_000);
    const asked = pings();
    const health = await connection.healthCheck();
    expect(pings()).toBe(asked + 1);
    expect(health).toEqual({
      name: 'files',
      status: 'connected',
      connected: true,
      healthScore: 1,
      lastConnected: new Date(START),
      lastError: undefined,
      reconnectAttempts: 0,
      connectionCount: 1,
      errorCount: 0,
      uptime: 5_000,
      transportType: 'MemoryTransport',
      latency: 0,
      latencies: { count: 3, p50: 0, p90: 0, p99: 0 },
      reasons: [],
    });
  });

  test('knows how long the server takes from ordinary calls, without asking anything', async () => {
    await make(
      { monitor: false },
      { 'x/slow': [{ wait: 300 }, ...answer({})], 'x/quick': [{ wait: 10 }, ...answer({})] },
    );
    const client = await connection.connect();
    for (let call = 0; call < 7; call += 1) {
      const calling = client.request('x/quick');
      await environment.advance(10);
      await calling;
    }
    const slow = client.request('x/slow');
    await environment.advance(300);
    await slow;
    // Two more took no time: those of the negotiation.
    const latencies = { count: 10, p50: 10, p90: 10, p99: 300 };
    expect(connection.getInfo().metadata).toMatchObject({ latencies, reasons: [] });
    expect(pings()).toBe(0);
  });

  test('does not take the time in the queue for that of the server', async () => {
    await make({ monitor: false, reconnectDelay: 0 }, { 'x/y': answer({}) });
    const client = await connection.connect();
    server.hangUp();
    await environment.settle();
    connection.reconnect().catch(() => undefined);
    const waiting = client.request('x/y');
    await environment.advance(5_000);
    await waiting;
    expect((await client.healthCheck()).latencies?.p99).toBe(0);
  });

  test('says what speaks against it', async () => {
    await make(
      { healthCheckInterval: 10_000 },
      { ping: inTurn([{ wait: 2_500 }, ...answer({})], silence), 'tools/call': silence },
    );
    const client = await connection.connect();
    await environment.advance(12_500);
    expect(connection.getInfo().metadata).toMatchObject({ reasons: ['1 of 1 check over 2.0 s'] });
    expect(client.state).toBe('ready');
    const calls = [1, 2].map(() => errorFrom(client.callTool('x', {}, { timeout: 60_000 })));
    await environment.advance(22_000);
    expect(client.state).toBe('degraded');
    const reasons = [
      '1 of 2 checks missed',
      '1 of 2 checks over 2.0 s',
      'no response for 22.0 s with 2 requests in flight',
    ];
    expect(connection.getInfo().metadata).toMatchObject({ reasons });
    const asked = client.healthCheck({ timeout: 1_000 });
    await environment.advance(1_000);
    expect(await asked).toMatchObject({ healthScore: connection.healthScore, latency: undefined });
    await connection.disconnect();
    await Promise.all(calls);
  });

  test('healthCheck() does not reject without a connection', async () => {
    await make();
    expect(await connection.healthCheck()).toMatchObject({
      connected: false,
      status: 'disconnected',
      uptime: 0,
      latency: undefined,
    });
  });
});

describe('monitoring', () => {
  test('begins with connect() and ends with disconnect()', async () => {
    await make({ healthCheckInterval: 1_000 });
    await connection.connect();
    expect(environment.pending.map(({ delay }) => delay)).toContain(1_000);
    await connection.disconnect();
    expect(environment.pending).toEqual([]);
    await environment.advance(10_000);
    expect(pings()).toBe(0);
  });

  test('does not begin by itself with monitor: false, or without an interval', async () => {
    for (const options of [{ monitor: false, healthCheckInterval: 1_000 }, { healthCheckInterval: 0 }]) {
      await make(options);
      await connection.connect();
      await environment.advance(10_000);
      expect(pings()).toBe(0);
      await connection.disconnect();
      await server[Symbol.asyncDispose]();
    }
  });

  test('can be begun and ended by hand', async () => {
    await make({ monitor: false, healthCheckInterval: 1_000 });
    await connection.connect();
    connection.startMonitoring();
    connection.startMonitoring();
    await environment.advance(3_500);
    const asked = pings();
    expect(asked).toBeGreaterThanOrEqual(2);
    expect(asked).toBeLessThanOrEqual(3);
    connection.stopMonitoring();
    connection.stopMonitoring();
    await environment.advance(10_000);
    expect(pings()).toBe(asked);
    expect(connection.status).toBe('connected');
  });

  test('of a connection that is not connected connects it', async () => {
    await make({ healthCheckInterval: 1_000 });
    connection.startMonitoring();
    expect(connection.status).toBe('connecting');
    await environment.advance(3_000);
    expect(connection.status).toBe('connected');
    expect(pings()).toBeGreaterThan(0);
  });

  test('that cannot connect leaves the reason behind and throws nothing', async () => {
    await make({ healthCheckInterval: 1_000, connectionTimeout: 100 }, { initialize: silence });
    const heard: unknown[] = [];
    const stop = connection.on('error', (problem) => heard.push(problem));
    connection.startMonitoring();
    await environment.advance(100);
    expect(connection.status).toBe('error');
    expect(connection.lastError).toBeInstanceOf(MCPTimeoutError);
    expect(heard).toEqual([expect.any(MCPTimeoutError)]);
    stop();
    connection.startMonitoring();
    await environment.advance(100);
    expect(heard).toHaveLength(1);
  });

  test('that is ended while connect() is under way does not begin', async () => {
    await make({ healthCheckInterval: 1_000 }, { initialize: [{ wait: 500 }, ...answer(initializeResult())] });
    const connecting = connection.connect();
    connection.stopMonitoring();
    await environment.advance(500);
    await connecting;
    await environment.advance(5_000);
    expect(pings()).toBe(0);
  });

  test('begun while the connection is lost begins when it is back', async () => {
    await make({ monitor: false, healthCheckInterval: 1_000, reconnectDelay: 500 });
    await connection.connect();
    server.hangUp();
    await environment.settle();
    expect(connection.status).toBe('reconnecting');
    connection.startMonitoring();
    await environment.advance(5_000);
    expect(connection.status).toBe('connected');
    expect(pings()).toBeGreaterThan(0);
    connection.stopMonitoring();
    const asked = pings();
    server.hangUp();
    await environment.advance(5_000);
    expect(connection.status).toBe('connected');
    expect(pings()).toBe(asked);
  });

  test('ended in the middle of a check ends it', async () => {
    await make({ healthCheckInterval: 1_000 }, { ping: silence });
    await connection.connect();
    await environment.advance(1_500);
    expect(pings()).toBe(1);
    connection.stopMonitoring();
    await environment.advance(10_000);
    expect(connection.healthScore).toBe(1);
    expect(connection.status).toBe('connected');
    connection.startMonitoring();
    await environment.advance(2_000);
    expect(connection.healthScore).toBe(0);
  });

  test('goes on over reconnects', async () => {
    await make({ healthCheckInterval: 1_000, reconnectDelay: 0 });
    await connection.connect();
    server.hangUp();
    await environment.advance(100);
    expect(connection.status).toBe('connected');
    const asked = pings();
    await environment.advance(3_000);
    expect(pings()).toBeGreaterThan(asked);
  });
});

describe('reconnecting', () => {
  test('by hand drops the link, makes another at once and gives the client back', async () => {
    await make();
    const client = await connection.connect();
    const { state } = new ClientRecorder(client);
    expect(await connection.reconnect()).toBe(client);
    expect(state).toEqual(['connecting', 'initializing', 'ready']);
    expect(connection).toMatchObject({ connectionCount: 2, errorCount: 0, status: 'connected' });
  });

  test('by hand replays what only reads and fails the rest as unknown', async () => {
    await make({}, { 'tools/call': silence, 'resources/read': inTurn(silence, answer({ contents: [] })) });
    const client = await connection.connect();
    const call = errorFrom(client.callTool('x'));
    const reading = client.readResource('x:1');
    await server.receive('resources/read');
    await connection.reconnect();
    expect(await call).toMatchObject({ code: 'MCP_CONNECTION_LOST', delivery: 'unknown' });
    expect(await reading).toEqual({ contents: [] });
  });

  test('by hand connects what was not connected', async () => {
    await make();
    expect(await connection.reconnect()).toBe(connection.client);
    await connection.disconnect();
    expect(await connection.reconnect()).toBe(connection.client);
    expect(connection.connectionCount).toBe(2);
  });

  test('by hand gives null when that fails, and lastError says why', async () => {
    await make(
      { autoReconnect: false, connectionTimeout: 100 },
      { initialize: inTurn(answer(initializeResult()), silence) },
    );
    await connection.connect();
    const again = connection.reconnect();
    await environment.advance(100);
    expect(await again).toBeNull();
    expect(connection.status).toBe('error');
    expect(connection.lastError).toMatchObject({ code: 'MCP_TIMEOUT' });
  });

  test('by hand twice at once ends in one connection', async () => {
    await make();
    const client = await connection.connect();
    expect(await Promise.all([connection.reconnect(), connection.reconnect()])).toEqual([client, client]);
    expect(connection).toMatchObject({ status: 'connected', connectionCount: 2 });
  });

  test('by hand gives null when the connection is ended meanwhile', async () => {
    await make();
    await connection.connect();
    const again = connection.reconnect();
    await connection.disconnect();
    expect(await again).toBeNull();
    expect(connection).toMatchObject({ status: 'disconnected', lastError: undefined });
  });

  test('by hand does not wait for the delay of an attempt', async () => {
    await make({ reconnectDelay: 3_600_000, maxReconnectDelay: 3_600_000 });
    await connection.connect();
    server.hangUp();
    await environment.settle();
    expect(connection.status).toBe('reconnecting');
    const again = connection.reconnect();
    await environment.settle();
    expect(await isSettled(again)).toBe(true);
    expect(connection.status).toBe('connected');
  });

  test('by itself waits longer before each attempt, with full jitter, up to the longest', async () => {
    await make(
      { maxReconnectAttempts: 6, reconnectDelay: 100, maxReconnectDelay: 500, monitor: false },
      { initialize: inTurn(answer(initializeResult()), [{ end: 1 }]) },
    );
    const client = await connection.connect();
    const waits: number[] = [];
    client.on('state', (state) => {
      if (state !== 'reconnecting') return;
      queueMicrotask(() => waits.push(...environment.pending.map(({ delay }) => delay)));
    });
    server.hangUp();
    await environment.advance(10_000);
    expect(connection.status).toBe('error');
    expect(connection.reconnectAttempts).toBe(6);
    expect(waits).toHaveLength(6);
    waits.forEach((wait, attempt) => {
      expect(wait).toBeLessThanOrEqual(Math.min(100 * 2 ** attempt, 500));
    });
    expect(new Set(waits).size).toBeGreaterThan(3);
  });

  test('attempts are forgotten once a session stood for a while', async () => {
    await make(
      { reconnectDelay: 10, monitor: false },
      { initialize: inTurn(answer(initializeResult()), [{ end: 1 }], answer(initializeResult())) },
    );
    await connection.connect();
    server.hangUp();
    await environment.advance(1_000);
    expect(connection).toMatchObject({ status: 'connected', reconnectAttempts: 2 });
    await environment.advance(60_000);
    expect(connection.reconnectAttempts).toBe(0);
  });
});

describe('what is known of a connection', () => {
  test('counts sessions, failures and the time of all sessions', async () => {
    await make({ reconnectDelay: 0, monitor: false });
    expect(connection).toMatchObject({ connectionCount: 0, errorCount: 0, totalUptime: 0, lastConnected: undefined });
    expect(connection.lastOperationTime).toBeUndefined();
    await connection.connect();
    expect(connection.lastOperationTime).toEqual(new Date(START));
    await environment.advance(1_000);
    expect(connection.totalUptime).toBe(1_000);
    server.hangUp();
    await environment.advance(500);
    const { lastConnected } = connection;
    expect(connection).toMatchObject({ connectionCount: 2, errorCount: 1, status: 'connected' });
    expect(lastConnected?.getTime()).toBeGreaterThanOrEqual(START + 1_000);
    await connection.disconnect();
    const { totalUptime } = connection;
    expect(totalUptime).toBeGreaterThanOrEqual(1_400);
    await environment.advance(10_000);
    expect(connection.totalUptime).toBe(totalUptime);
  });

  test('is in getInfo(), before and after connecting', async () => {
    await make();
    expect(connection.getInfo()).toEqual({
      name: 'files',
      transport: server.transport,
      client: null,
      status: 'disconnected',
      lastConnected: undefined,
      lastError: undefined,
      reconnectAttempts: 0,
      healthScore: 1,
      metadata: {
        state: 'idle',
        path: 'idle',
        transportType: 'MemoryTransport',
        latencies: undefined,
        reasons: [],
      },
    });
    const client = await connection.connect();
    expect(connection.getInfo()).toMatchObject({
      client,
      status: 'connected',
      lastConnected: new Date(START),
      metadata: { state: 'ready', path: 'linked.established.ready' },
    });
  });

  test('is shown by explain()', async () => {
    await make();
    await connection.connect();
    expect(connection.explain()).toMatch(/^Connection "files"\. The state is ready \(/);
  });
});

test('a connection is disposed of at the end of its block', async () => {
  await make();
  {
    await using other = await MCPConnection.connect('other', server.transport, { environment });
    expect(other.status).toBe('connected');
    connection = other;
  }
  expect(connection.status).toBe('disconnected');
});

test('two connects at once share one attempt', async () => {
  await make();
  const [one, other] = await Promise.all([connection.connect(), connection.connect()]);
  expect(one).toBe(other);
  expect(connection.connectionCount).toBe(1);
  expect(server.methods.filter((method) => method === 'initialize')).toHaveLength(1);
});
