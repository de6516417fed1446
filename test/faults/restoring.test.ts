import { HttpTransport, MCPClient } from '../../src/index.js';
import type { CallToolResult, MCPClientOptions, StdioTransport } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { ScriptedHttpServer } from '../support/servers/http-server.js';
import type { HttpVisit } from '../support/servers/http-server.js';
import {
  acknowledgement,
  answer,
  discoverResult,
  initializeResult,
  legacyScript,
  modernScript,
  ScriptedProcess,
} from '../support/servers/scripts.js';
import type { Script } from '../support/servers/scripts.js';

jest.setTimeout(30_000);

const LEVEL = 'io.modelcontextprotocol/logLevel';
const WATCHED = 'file:///watched';
const options: MCPClientOptions = { autoReconnect: true, reconnectDelay: 1 };

const tool = (name: string, description = '') => ({ name, description, inputSchema: { type: 'object' } }) as const;
const BEFORE = [tool('stays'), tool('goes'), tool('turns', 'into something')];
const AFTER = [tool('stays'), tool('turns', 'into something else'), tool('comes')];
const DIFFERENCE = { added: ['comes'], removed: ['goes'], changed: ['turns'] };

const done: CallToolResult = { content: [{ type: 'text', text: 'done' }] };
const updated = { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: WATCHED } } as const;

function acknowledged({ message: { id, params } }: HttpVisit): object {
  const _meta = { 'io.modelcontextprotocol/subscriptionId': id };
  const method = 'notifications/subscriptions/acknowledged';
  return { jsonrpc: '2.0', method, params: { notifications: params?.notifications, _meta } };
}

/** What users ask of a session, for once and all. */
async function wish(client: MCPClient): Promise<{ readonly heard: unknown[]; readonly recorder: ClientRecorder }> {
  const heard: unknown[] = [];
  client.addNotificationHandler('resources/updated', (params) => heard.push(params));
  const recorder = new ClientRecorder(client, ['toolsChanged']);
  await client.setLogLevel('warning');
  await client.subscribe(WATCHED);
  await client.listTools();
  return { heard, recorder };
}

/** Waits until what changed was told, and looks whether it was all. */
async function expectRestored(client: MCPClient, { heard, recorder }: Awaited<ReturnType<typeof wish>>): Promise<void> {
  const [difference] = await recorder.first('toolsChanged');
  expect(difference).toEqual({ ...DIFFERENCE, tools: AFTER });
  expect(heard).toEqual([{ uri: WATCHED }]);
  expect(recorder.error).toEqual([]);
  expect(client.state).toBe('ready');
}

describe('a process that is killed and restarted', () => {
  const life = (tools: readonly object[]): Script => ({
    'tools/list': answer({ tools }),
    'logging/setLevel': answer({}),
    'resources/subscribe': answer({}),
    'tools/call': [{ say: updated }, ...answer(done)],
  });
  const modernLife = (tools: readonly object[]): Script =>
    modernScript({
      ...life([]),
      'tools/list': answer({ resultType: 'complete', tools, ttlMs: 60_000, cacheScope: 'private' }),
      'tools/call': [{ say: updated }, ...answer({ resultType: 'complete', ...done })],
      'subscriptions/listen': acknowledgement,
    });

  async function outlive(server: ScriptedProcess): Promise<void> {
    await using client = new MCPClient(server.transport, options);
    await client.connect();
    const wishes = await wish(client);
    process.kill((client.transport as StdioTransport).pid as number, 'SIGKILL');
    await wishes.recorder.until(() => client.state === 'reconnecting');
    expect(textOf(await client.callTool('stays'))).toBe('done');
    await expectRestored(client, wishes);
  }

  test('has log level and subscriptions back before the first call, in the legacy era', async () => {
    using server = new ScriptedProcess([BEFORE, AFTER].map((tools) => legacyScript('2025-11-25', life(tools))));
    await outlive(server);
    const [, second] = server.received;
    expect(second?.slice(0, 5)).toMatchObject([
      { method: 'initialize' },
      { method: 'notifications/initialized' },
      { method: 'logging/setLevel', params: { level: 'warning' } },
      { method: 'resources/subscribe', params: { uri: WATCHED } },
      { method: 'tools/call' },
    ]);
  });

  test('has log level and subscriptions back before the first call, in the modern era', async () => {
    using server = new ScriptedProcess([modernLife(BEFORE), modernLife(AFTER)]);
    await outlive(server);
    const [, second] = server.received;
    expect(second?.slice(0, 3)).toMatchObject([
      { method: 'server/discover' },
      {
        method: 'subscriptions/listen',
        params: {
          notifications: { toolsListChanged: true, resourceSubscriptions: [WATCHED] },
          _meta: { [LEVEL]: 'warning', 'io.modelcontextprotocol/protocolVersion': '2026-07-28' },
        },
      },
      { method: 'tools/call', params: { name: 'stays', _meta: { [LEVEL]: 'warning' } } },
    ]);
  });
});

describe('a server over HTTP that is gone and back', () => {
  let server: ScriptedHttpServer;

  afterEach(() => server.close());

  test('and has forgotten the session has log level and subscriptions back before the call is sent again', async () => {
    let session = 'one';
    let stream: HttpVisit | undefined;
    server = await ScriptedHttpServer.start((visit) => {
      const { method, id } = visit.message;
      if (visit.method === 'DELETE') visit.status(200);
      else if (method === 'server/discover') visit.error(400, -32_000, 'Bad Request: not initialized');
      else if (method === 'initialize') visit.result(initializeResult(), { 'mcp-session-id': session });
      else if (visit.headers['mcp-session-id'] !== session) visit.status(404);
      else if (visit.method === 'GET') stream = visit.stream();
      else if (id === undefined) visit.status(202);
      else if (method === 'tools/list') visit.result({ tools: session === 'one' ? BEFORE : AFTER });
      else if (method === 'tools/call') visit.stream().event(updated).resultEvent(done).end();
      else visit.result({});
    });
    await using client = new MCPClient(new HttpTransport(server.url), options);
    await client.connect();
    const wishes = await wish(client);
    session = 'two';
    const before = server.visits.length;
    expect(textOf(await client.callTool('stays'))).toBe('done');
    await expectRestored(client, wishes);
    const posts = server.visits.slice(before).filter(({ method }) => method === 'POST');
    expect(posts.slice(0, 6).map(({ message }) => message.method)).toEqual([
      'tools/call',
      'initialize',
      'notifications/initialized',
      'logging/setLevel',
      'resources/subscribe',
      'tools/call',
    ]);
    expect(stream).toBeDefined();
  });

  test('goes on with log level and subscription in the modern era', async () => {
    let tools = BEFORE;
    const complete = { resultType: 'complete' };
    const play = (visit: HttpVisit): void => {
      const { method } = visit.message;
      if (method === 'server/discover') visit.result(discoverResult());
      else if (method === 'tools/list') visit.result({ ...complete, tools, ttlMs: 60_000, cacheScope: 'private' });
      else if (method === 'subscriptions/listen') visit.stream().event(acknowledged(visit));
      else
        visit
          .stream()
          .event(updated)
          .resultEvent({ ...complete, ...done })
          .end();
    };
    server = await ScriptedHttpServer.start(play);
    await using client = new MCPClient(new HttpTransport(server.url), { ...options, maxReconnectAttempts: 1_000 });
    await client.connect();
    const wishes = await wish(client);
    const { port } = server;
    await server.close();
    // So many that cannot reach it make it count as lost.
    const calls = [1, 2, 3, 4].map(() => client.callTool('stays', {}, { retry: 'safe' }));
    await wishes.recorder.until(() => client.state === 'reconnecting');
    tools = AFTER;
    server = await ScriptedHttpServer.start(play, port);
    await Promise.all(calls);
    await wishes.recorder.first('toolsChanged');
    // Each exchange has a connection of its own, so what left first need not arrive first.
    await server.until(() => server.asked('subscriptions/listen').length > 0);
    const [listening] = server.asked('subscriptions/listen');
    expect(listening?.message.params?.notifications).toMatchObject({ resourceSubscriptions: [WATCHED] });
    const asked = server.visits.filter(({ message }) => message.method !== 'server/discover');
    for (const { message } of asked) expect(message.params?._meta).toMatchObject({ [LEVEL]: 'warning' });
    expect(wishes.recorder.toolsChanged).toEqual([{ ...DIFFERENCE, tools: AFTER }]);
    expect(wishes.heard).toHaveLength(4);
  });
});
