import { MCPClient, MCPConnectionError } from '../../../src/index.js';
import type { MCPClientOptions } from '../../../src/index.js';
import { ClientRecorder } from '../../support/client-recorder.js';
import { errorFrom, isSettled, turns } from '../../support/outcomes.js';
import { answer, initializeResult, legacyScript, scriptedServer, silence } from '../../support/servers/scripts.js';
import type { ReceivedRequest, ScriptedServer } from '../../support/servers/scripts.js';

const ok = { contents: [] };

/** A client in the midst of connecting to a server that waits to be told to go on. */
async function connecting(options: MCPClientOptions = {}): Promise<{
  server: ScriptedServer;
  client: MCPClient;
  goOn: () => void;
  connected: Promise<unknown>;
}> {
  const server = await scriptedServer({
    initialize: silence,
    'resources/read': answer(ok),
    'resources/subscribe': answer({}),
    'logging/setLevel': answer({}),
  });
  const client = new MCPClient(server.transport, options);
  const connected = client.connect().catch((thrown: unknown) => thrown);
  const initialize: ReceivedRequest = await server.receive('initialize');
  return {
    server,
    client,
    connected,
    goOn: () => {
      server.respond(initialize, initializeResult());
    },
  };
}

describe('a call without a connection', () => {
  test('in idle is refused, and says what to do', async () => {
    await using server = await scriptedServer(legacyScript());
    const client = new MCPClient(server.transport);
    const error = await errorFrom(client.callTool('x'));
    expect(error).toBeInstanceOf(MCPConnectionError);
    expect(error).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
    expect(error.explain()).toContain('Hint: Call connect() first');
    for (const call of [
      client.listTools(),
      client.readResource('x:1'),
      client.subscribe('x:1'),
      client.setLogLevel('info'),
      client.notify('x'),
    ]) {
      expect(await errorFrom(call)).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
    }
    expect(client.state).toBe('idle');
  });

  test('in closed is refused, and says why it is closed', async () => {
    await using server = await scriptedServer(legacyScript());
    const client = await MCPClient.connect(server.transport);
    await client.disconnect();
    const calm = await errorFrom(client.callTool('x'));
    expect(calm).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
    expect(calm.cause).toBeUndefined();
    await client.connect();
    const recorder = new ClientRecorder(client);
    server.hangUp();
    await recorder.until(() => client.state === 'closed');
    expect(await errorFrom(client.callTool('x'))).toMatchObject({
      code: 'MCP_NOT_CONNECTED',
      delivery: 'not-sent',
      cause: { code: 'MCP_CONNECTION_LOST' },
    });
    await client.disconnect();
  });
});

describe('a call while the client connects', () => {
  test('waits, and is sent in its turn when the session stands', async () => {
    const { server, client, goOn, connected } = await connecting();
    const calls = ['x:1', 'x:2', 'x:3'].map((uri) => client.readResource(uri));
    expect(await isSettled(Promise.race(calls))).toBe(false);
    goOn();
    await connected;
    expect(await Promise.all(calls)).toEqual([ok, ok, ok]);
    const uris = server.received.flatMap(({ method, params }) =>
      method === 'resources/read' ? [params?.['uri']] : [],
    );
    expect(uris).toEqual(['x:1', 'x:2', 'x:3']);
    expect(server.methods.indexOf('notifications/initialized')).toBeLessThan(server.methods.indexOf('resources/read'));
    await client.disconnect();
    await server[Symbol.asyncDispose]();
  });

  test('is refused by the capabilities of the server once they are known', async () => {
    await using server = await scriptedServer({
      initialize: answer(initializeResult('2025-11-25', { capabilities: {} })),
    });
    await using client = new MCPClient(server.transport);
    const connected = client.connect();
    const call = errorFrom(client.listTools());
    await connected;
    expect(await call).toMatchObject({ code: 'MCP_CAPABILITY_MISSING', delivery: 'not-sent' });
  });

  test('subscribing and the log level wait, too', async () => {
    const { server, client, goOn } = await connecting();
    const asked = [client.subscribe('x:1'), client.setLogLevel('warning')];
    goOn();
    await Promise.all(asked);
    expect(server.methods.slice(-2)).toEqual(['resources/subscribe', 'logging/setLevel']);
    await client.disconnect();
    await server[Symbol.asyncDispose]();
  });

  test('fails with the connection', async () => {
    const { server, client, connected } = await connecting();
    const calls = [client.readResource('x:1'), client.callTool('x')].map((call) => errorFrom(call));
    server.hangUp();
    expect(await connected).toMatchObject({ code: 'MCP_CONNECTION_LOST' });
    for (const call of calls) {
      expect(await call).toMatchObject({
        code: 'MCP_NOT_CONNECTED',
        delivery: 'not-sent',
        cause: { code: 'MCP_CONNECTION_LOST' },
      });
    }
    await client.disconnect();
    await server[Symbol.asyncDispose]();
  });

  test("fails at once with whenDisconnected: 'fail'", async () => {
    const { server, client, goOn, connected } = await connecting({ whenDisconnected: 'fail' });
    const error = await errorFrom(client.readResource('x:1'));
    expect(error).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
    expect(error.message).toContain('whenDisconnected');
    for (const call of [client.subscribe('x:1'), client.setLogLevel('info')]) {
      expect(await errorFrom(call)).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
    }
    goOn();
    await connected;
    expect(await client.readResource('x:1')).toEqual(ok);
    await client.disconnect();
    await server[Symbol.asyncDispose]();
  });

  test('is refused when maxQueued others wait', async () => {
    const { server, client, goOn, connected } = await connecting({ maxQueued: 3 });
    const calls = [1, 2, 3].map((number) => client.readResource(`x:${number}`));
    const error = await errorFrom(client.readResource('x:4'));
    expect(error).toBeInstanceOf(MCPConnectionError);
    expect(error).toMatchObject({ code: 'MCP_QUEUE_FULL', delivery: 'not-sent', details: { limit: 3 } });
    expect(error.message).toContain('`maxQueued`');
    goOn();
    await connected;
    expect(await Promise.all(calls)).toEqual([ok, ok, ok]);
    await client.disconnect();
    await server[Symbol.asyncDispose]();
  });

  test('that was given up makes room for another', async () => {
    const { server, client, goOn, connected } = await connecting({ maxQueued: 1 });
    const controller = new AbortController();
    const first = client.readResource('x:1', { signal: controller.signal }).catch((thrown: unknown) => thrown);
    controller.abort('enough');
    expect(await first).toBe('enough');
    const second = client.readResource('x:2');
    expect(await errorFrom(client.readResource('x:3'))).toMatchObject({ code: 'MCP_QUEUE_FULL' });
    goOn();
    await connected;
    expect(await second).toEqual(ok);
    await client.disconnect();
    await server[Symbol.asyncDispose]();
  });

  test('with maxQueued: 0 none waits', async () => {
    const { server, client, goOn, connected } = await connecting({ maxQueued: 0 });
    expect(await errorFrom(client.readResource('x:1'))).toMatchObject({ code: 'MCP_QUEUE_FULL' });
    goOn();
    await connected;
    expect(await client.readResource('x:1')).toEqual(ok);
    await client.disconnect();
    await server[Symbol.asyncDispose]();
  });
});

test("whenDisconnected: 'fail' holds while the client reconnects, too", async () => {
  await using server = await scriptedServer(legacyScript('2025-11-25', { 'resources/read': answer(ok) }));
  const options = { autoReconnect: true, reconnectDelay: 3_600_000, whenDisconnected: 'fail' } as const;
  await using client = await MCPClient.connect(server.transport, options);
  const recorder = new ClientRecorder(client);
  server.hangUp();
  await recorder.until(() => client.state === 'reconnecting');
  expect(await errorFrom(client.readResource('x:1'))).toMatchObject({
    code: 'MCP_NOT_CONNECTED',
    delivery: 'not-sent',
  });
  expect(await errorFrom(client.subscribe('x:1'))).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
  await turns();
  expect(client.state).toBe('reconnecting');
});

test('subscribing can be given up while it waits for the connection', async () => {
  const { server, client } = await connecting();
  const controller = new AbortController();
  const asked = client.subscribe('x:1', { signal: controller.signal }).catch((thrown: unknown) => thrown);
  controller.abort('enough');
  expect(await asked).toBe('enough');
  expect(await errorFrom(client.subscribe('x:1', { timeout: 20 }))).toMatchObject({
    code: 'MCP_TIMEOUT',
    delivery: 'not-sent',
  });
  expect(client.state).toBe('initializing');
  await client.disconnect();
  await server[Symbol.asyncDispose]();
});
