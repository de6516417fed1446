import { getEventListeners } from 'node:events';
import { readFileSync } from 'node:fs';

import { MCPClient, MCPConnectionError, MCPTimeoutError, StdioTransport } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { scratchDirectory, textOf, toolsServer } from '../support/servers/fixture-servers.js';
import { errorFrom, isSettled, rejection, turns } from '../support/outcomes.js';
import { isAlive, processFixture } from '../support/servers/processes.js';
import { answer, initializeResult, legacyScript, scriptedServer, silence } from '../support/servers/scripts.js';
import { SimulatedEnvironment } from '../support/simulated-environment.js';

jest.setTimeout(30_000);

const scratch = scratchDirectory();

/** A server that reads and never says anything; it ends with its standard input. */
function silentServer(): StdioTransport {
  return new StdioTransport(process.execPath, ['-e', 'process.stdin.resume()']);
}

describe('giving up connect() with a signal', () => {
  test('rejects with the reason of the signal, and no process is left', async () => {
    const transport = silentServer();
    const client = new MCPClient(transport);
    const recorder = new ClientRecorder(client);
    const controller = new AbortController();
    const connecting = rejection(client.connect({ signal: controller.signal }));
    await recorder.until(() => client.state === 'initializing');
    const { pid } = transport;
    const reason = new Error('changed my mind');
    controller.abort(reason);
    expect(await connecting).toBe(reason);
    expect(client.state).toBe('closed');
    await client.disconnect();
    expect(isAlive(pid as number)).toBe(false);
  });

  test('an aborted signal keeps it from beginning', async () => {
    const client = new MCPClient(silentServer());
    expect(await rejection(client.connect({ signal: AbortSignal.abort('no') }))).toBe('no');
    expect(client.state).toBe('idle');
  });

  test('the signal has no listener afterwards, however connect() ends', async () => {
    const { signal } = new AbortController();
    const client = new MCPClient(toolsServer());
    await client.connect({ signal });
    await client.connect({ signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await client.disconnect();
    const failing = new MCPClient(new StdioTransport('no-such-program-anywhere'));
    await errorFrom(failing.connect({ signal }));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('others who wait for the same attempt go on waiting', async () => {
    const starts = scratch('starts');
    const client = new MCPClient(toolsServer({ starts }));
    const controller = new AbortController();
    const first = rejection(client.connect({ signal: controller.signal }));
    const second = client.connect();
    controller.abort('not me');
    expect(await first).toBe('not me');
    expect(await second).toMatchObject({ name: 'fixture' });
    expect(readFileSync(starts, 'utf8')).toBe('.');
    await client.disconnect();
  });

  test('stops an attempt that would be repeated', async () => {
    const client = new MCPClient(new StdioTransport('no-such-program-anywhere'), {
      retryInitialConnect: true,
      reconnectDelay: 3_600_000,
    });
    const recorder = new ClientRecorder(client);
    const controller = new AbortController();
    const connecting = rejection(client.connect({ signal: controller.signal }));
    await recorder.until(() => client.state === 'reconnecting');
    controller.abort('enough');
    expect(await connecting).toBe('enough');
    expect(client.state).toBe('closed');
  });
});

describe('connecting', () => {
  test('two connects at once start one server and get the same information', async () => {
    const starts = scratch('starts');
    await using client = new MCPClient(toolsServer({ starts }));
    const [one, other] = await Promise.all([client.connect(), client.connect()]);
    expect(one).toEqual(other);
    expect(await client.connect()).toEqual(one);
    expect(readFileSync(starts, 'utf8')).toBe('.');
  });

  test('each connect() has a deadline of its own, and the attempt goes on for the one that still waits', async () => {
    const environment = new SimulatedEnvironment();
    const script = { 'server/discover': silence, initialize: [{ wait: 900 }, ...answer(initializeResult())] };
    await using server = await scriptedServer(script, environment);
    await using client = new MCPClient(server.transport, { environment, probeTimeout: 100 });
    const hasty = errorFrom(client.connect({ timeout: 300 }));
    const patient = client.connect({ timeout: 5_000 });
    await environment.advance(299);
    expect(await isSettled(hasty)).toBe(false);
    await environment.advance(1);
    expect(await hasty).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: 300, phase: 'connecting' } });
    expect(client.state).toBe('initializing');
    await environment.advance(700);
    expect(await patient).toMatchObject({ era: 'legacy' });
    expect(server.methods.filter((method) => method === 'initialize')).toHaveLength(1);
  });

  test('connect() again at once after a failure is a new attempt', async () => {
    const starts = scratch('starts');
    await using client = new MCPClient(toolsServer({ starts, failures: 1 }), { priorEra: 'legacy' });
    const second = errorFrom(client.connect()).then(() => client.connect());
    expect(await second).toMatchObject({ name: 'fixture' });
  });

  test('connect() after a deadline waits until nothing is left of the server that was too slow', async () => {
    const transport = silentServer();
    const client = new MCPClient(transport);
    const recorder = new ClientRecorder(client);
    const first = errorFrom(client.connect({ timeout: 300 }));
    await recorder.until(() => client.state === 'initializing');
    const { pid } = transport;
    await first;
    const second = errorFrom(client.connect({ timeout: 300 }));
    await recorder.until(() => recorder.state.filter((state) => state === 'initializing').length === 2);
    expect(isAlive(pid as number)).toBe(false);
    expect(transport.pid).not.toBe(pid);
    expect(await second).toBeInstanceOf(MCPTimeoutError);
    await client.disconnect();
  });

  test('two clients cannot have one transport', async () => {
    const transport = toolsServer();
    await using client = await MCPClient.connect(transport);
    const other = new MCPClient(transport);
    const error = await errorFrom(other.connect());
    expect(error).toBeInstanceOf(MCPConnectionError);
    expect(error).toMatchObject({ code: 'MCP_TRANSPORT_BUSY', delivery: 'not-sent' });
    expect(other.state).toBe('idle');
    await other.disconnect();
    expect(textOf(await client.callTool('echo', { text: 'unharmed' }))).toBe('unharmed');
    await client.disconnect();
    await other.connect();
    await other.disconnect();
  });
});

describe('disconnecting', () => {
  test.each(['connecting', 'initializing'] as const)(
    'while it is %s rejects connect() and leaves nothing',
    async (state) => {
      const transport = silentServer();
      const client = new MCPClient(transport);
      const recorder = new ClientRecorder(client);
      const connecting = errorFrom(client.connect());
      await recorder.until(() => client.state === state);
      const { pid } = transport;
      const waiting = errorFrom(client.callTool('echo'));
      await client.disconnect();
      expect(client.state).toBe('closed');
      expect(await connecting).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
      expect(await waiting).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'not-sent' });
      expect(transport.connected).toBe(false);
      if (pid !== undefined) expect(isAlive(pid)).toBe(false);
    },
  );

  test('twice, one after the other or at once, is disconnecting once', async () => {
    const client = await MCPClient.connect(toolsServer());
    const { pid } = client.transport as StdioTransport;
    await Promise.all([client.disconnect(), client.close(), client.disconnect()]);
    expect(isAlive(pid as number)).toBe(false);
    await client.disconnect();
    expect(client.state).toBe('closed');
  });

  test('a client that was never connected is nothing', async () => {
    const client = new MCPClient(toolsServer());
    await client.disconnect();
    expect(client.state).toBe('idle');
  });

  test('settles every call that is in flight in the same turn', async () => {
    await using server = await scriptedServer(
      legacyScript('2025-11-25', { 'tools/call': silence, 'resources/read': silence }),
    );
    const client = await MCPClient.connect(server.transport);
    const calls = [client.callTool('slow'), client.readResource('x:1')].map((call) => errorFrom(call));
    await server.receive('resources/read');
    const disconnecting = client.disconnect();
    expect(await isSettled(Promise.all(calls))).toBe(true);
    for (const call of calls) expect(await call).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'unknown' });
    await disconnecting;
    expect(await errorFrom(client.callTool('slow'))).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
  });

  test('cancels the calls in flight at the server', async () => {
    await using server = await scriptedServer(legacyScript('2025-11-25', { 'tools/call': silence }));
    const client = await MCPClient.connect(server.transport);
    const call = errorFrom(client.callTool('slow'));
    const { id } = await server.receive('tools/call');
    await client.disconnect();
    await call;
    expect(await server.receive('notifications/cancelled')).toMatchObject({ params: { requestId: id } });
  });

  test('within a listener waits like any other', async () => {
    const transport = toolsServer();
    const client = new MCPClient(transport);
    const disconnected = new Promise<void>((resolve, reject) => {
      client.on('state', (state) => {
        if (state !== 'ready') return;
        const { pid } = transport;
        client
          .disconnect()
          .then(() => {
            expect(isAlive(pid as number)).toBe(false);
            expect(client.state).toBe('closed');
          })
          .then(resolve, reject);
      });
    });
    await client.connect();
    await disconnected;
  });

  test('and connecting again works, as often as one likes', async () => {
    const client = new MCPClient(toolsServer());
    const pids = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      await client.connect();
      pids.add(textOf(await client.callTool('pid')));
      await client.disconnect();
    }
    expect(pids.size).toBe(3);
  });

  test('and connecting while the server is still ending waits for its end', async () => {
    // It ignores the end of its standard input.
    const first = new StdioTransport(process.execPath, [
      '-e',
      `setInterval(() => {}, 1e6); import(${JSON.stringify(`file://${processFixture('../servers/tools')}`)})`,
    ]);
    const client = new MCPClient(first);
    await client.connect();
    const pid = first.pid as number;
    const draining = client.disconnect();
    expect(client.state).toBe('closed');
    const connecting = client.connect();
    expect(isAlive(pid)).toBe(true);
    await draining;
    expect(isAlive(pid)).toBe(false);
    await connecting;
    expect(textOf(await client.callTool('pid'))).not.toBe(String(pid));
    await client.disconnect();
  });

  test('calls that are made while the server ends wait for the next server after connect()', async () => {
    const client = await MCPClient.connect(toolsServer());
    const draining = client.disconnect();
    const refused = errorFrom(client.callTool('pid'));
    const connecting = client.connect();
    const call = client.callTool('pid');
    const watched = client.subscribe('x:1').catch((error: unknown) => error);
    expect(await refused).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
    await draining;
    await connecting;
    expect(textOf(await call)).toBe(String((client.transport as StdioTransport).pid));
    expect(await watched).toMatchObject({ code: 'MCP_CAPABILITY_MISSING' });
    await client.disconnect();
  });

  test('and calls do not wait for a connection that is called off again', async () => {
    const client = await MCPClient.connect(toolsServer());
    const draining = client.disconnect();
    const connecting = errorFrom(client.connect());
    const call = errorFrom(client.callTool('pid'));
    const again = client.disconnect();
    expect(await call).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
    expect(await connecting).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
    await Promise.all([draining, again]);
  });

  test('and connecting has its deadline also while the server is still ending', async () => {
    const client = new MCPClient(new StdioTransport(process.execPath, [processFixture('stays')]), { probeTimeout: 50 });
    await errorFrom(client.connect({ timeout: 200 }));
    const error = await errorFrom(client.connect({ timeout: 100 }));
    expect(error).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: 100 } });
    await client.disconnect();
    expect(client.state).toBe('closed');
  });
});

test('a client is disposed of at the end of its block', async () => {
  let pid: number | undefined;
  let outside: MCPClient;
  {
    await using client = await MCPClient.connect(toolsServer());
    outside = client;
    pid = (client.transport as StdioTransport).pid;
    expect(isAlive(pid as number)).toBe(true);
  }
  expect(outside.state).toBe('closed');
  expect(isAlive(pid as number)).toBe(false);
});

test('a server in memory that hangs up is a lost connection', async () => {
  await using server = await scriptedServer(legacyScript('2025-11-25', { 'tools/call': silence }));
  const client = await MCPClient.connect(server.transport);
  const call = errorFrom(client.callTool('slow'));
  await server.receive('tools/call');
  server.hangUp();
  expect(await call).toMatchObject({ code: 'MCP_CONNECTION_LOST', delivery: 'unknown' });
  await turns();
  expect(client.state).toBe('closed');
});
