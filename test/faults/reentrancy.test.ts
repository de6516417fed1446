import { MCPClient } from '../../src/index.js';
import type { ConnectionState, StdioTransport } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { textOf, toolsServer } from '../support/servers/fixture-servers.js';
import { errorFrom, rejection, turns } from '../support/outcomes.js';
import { answer, legacyScript, scriptedServer, silence } from '../support/servers/scripts.js';
import type { ReceivedRequest, ScriptedServer } from '../support/servers/scripts.js';

jest.setTimeout(30_000);

/** Does something the first time that a client is in a state, and gives what became of it. */
function onceIn<Value>(client: MCPClient, wanted: ConnectionState, action: () => Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = client.on('state', (state) => {
      if (state !== wanted) return;
      stop();
      action().then(resolve, reject);
    });
  });
}

describe('within a listener to state', () => {
  test('connecting again after the server has died works', async () => {
    const client = await MCPClient.connect(toolsServer());
    const connected = onceIn(client, 'closed', () => client.connect());
    process.kill((client.transport as StdioTransport).pid as number, 'SIGKILL');
    expect(await connected).toMatchObject({ name: 'fixture' });
    expect(textOf(await client.callTool('echo', { text: 'again' }))).toBe('again');
    await client.disconnect();
  });

  test('connecting again after disconnect() works', async () => {
    const client = await MCPClient.connect(toolsServer());
    const connected = onceIn(client, 'closed', () => client.connect());
    await client.disconnect();
    await connected;
    expect(client.state).toBe('ready');
    await client.disconnect();
  });

  test.each(['connecting', 'initializing', 'ready'] as const)('disconnecting in %s ends it', async (state) => {
    const client = new MCPClient(toolsServer());
    const disconnected = onceIn(client, state, () => client.disconnect());
    const connecting = client.connect().catch((thrown: unknown) => thrown);
    await disconnected;
    expect(client.state).toBe('closed');
    expect(client.transport.connected).toBe(false);
    if (state !== 'ready') expect(await connecting).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
  });

  test('disconnecting while it reconnects ends that', async () => {
    const client = await MCPClient.connect(toolsServer(), { autoReconnect: true, reconnectDelay: 1 });
    const disconnected = onceIn(client, 'reconnecting', () => client.disconnect());
    const recorder = new ClientRecorder(client);
    process.kill((client.transport as StdioTransport).pid as number, 'SIGKILL');
    await disconnected;
    expect(recorder.state).toEqual(['reconnecting', 'closed']);
  });

  test('calls behave as the emitted state promises', async () => {
    await using server = await scriptedServer(legacyScript('2025-11-25', { 'x/y': answer({ ok: true }) }));
    const client = new MCPClient(server.transport);
    const waited = onceIn(client, 'connecting', () => client.request('x/y'));
    const sent = onceIn(client, 'ready', () => client.request('x/y'));
    const refused = onceIn(client, 'closed', () => errorFrom(client.request('x/y')));
    await client.connect();
    expect(await Promise.all([waited, sent])).toEqual([{ ok: true }, { ok: true }]);
    await client.disconnect();
    expect(await refused).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
  });
});

describe('within onProgress', () => {
  let server: ScriptedServer;
  let client: MCPClient;

  beforeEach(async () => {
    server = await scriptedServer(
      legacyScript('2025-11-25', { 'tools/call': silence, 'resources/read': answer({ contents: [] }) }),
    );
    client = await MCPClient.connect(server.transport);
  });

  afterEach(async () => {
    await client.disconnect();
    await server[Symbol.asyncDispose]();
  });

  function reportProgress({ params }: ReceivedRequest): void {
    const { progressToken } = params?.['_meta'] as { progressToken: unknown };
    server.notify('notifications/progress', { progressToken, progress: 1 });
  }

  test('giving up the call works', async () => {
    const controller = new AbortController();
    const onProgress = (): void => {
      controller.abort('seen enough');
    };
    const call = rejection(client.callTool('slow', {}, { signal: controller.signal, onProgress }));
    const asked = await server.receive('tools/call');
    reportProgress(asked);
    expect(await call).toBe('seen enough');
    expect((await server.receive('notifications/cancelled')).params).toMatchObject({ requestId: asked.id });
  });

  test('disconnecting works', async () => {
    let disconnected: Promise<void> | undefined;
    const onProgress = (): void => {
      disconnected = client.disconnect();
    };
    const call = errorFrom(client.callTool('slow', {}, { onProgress }));
    reportProgress(await server.receive('tools/call'));
    expect(await call).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'unknown' });
    await disconnected;
    expect(client.state).toBe('closed');
  });

  test('calling something else works', async () => {
    let read: Promise<unknown> | undefined;
    const onProgress = (): void => {
      read = client.readResource('x:1');
    };
    const call = client.callTool('slow', {}, { onProgress });
    const asked = await server.receive('tools/call');
    reportProgress(asked);
    server.respond(asked, { content: [] });
    expect(await call).toEqual({ content: [] });
    expect(await read).toEqual({ contents: [] });
  });
});

test('an abort while the response is passed on does not discard the result', async () => {
  await using server = await scriptedServer(legacyScript('2025-11-25', { 'resources/read': answer({ contents: [] }) }));
  await using client = await MCPClient.connect(server.transport);
  const controller = new AbortController();
  const reading = client.readResource('x:1', { signal: controller.signal });
  client.on('notification', () => {
    controller.abort('too late');
  });
  await server.receive('resources/read');
  server.notify('notifications/x');
  expect(await reading).toEqual({ contents: [] });
  await turns();
  expect(server.methods).not.toContain('notifications/cancelled');
});

test('closing within the handler of a notification drops what came with it', async () => {
  await using server = await scriptedServer(legacyScript());
  const client = await MCPClient.connect(server.transport);
  const heard: unknown[] = [];
  client.addNotificationHandler('x', (params) => {
    heard.push(params?.['number']);
    void client.disconnect();
  });
  for (const number of [1, 2, 3]) server.notify('notifications/x', { number });
  await turns();
  expect(heard).toEqual([1]);
  expect(client.state).toBe('closed');
});
