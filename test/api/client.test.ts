import { MCPClient, MCPConnectionError, MCPProtocolError } from '../../src/index.js';
import { PACKAGE } from '../../src/util/package.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { connectUntilTestEnds } from '../support/scripted-clients.js';
import { errorFrom, turns } from '../support/outcomes.js';
import {
  answer,
  discoverResult,
  initializeResult,
  legacyScript,
  modernScript,
  refuse,
  scriptedServer,
  silence,
} from '../support/servers/scripts.js';
import type { Script } from '../support/servers/scripts.js';

const prompt = { messages: [{ role: 'user', content: { type: 'text', text: 'hi' } }] };
const resource = { contents: [{ uri: 'x:1', text: 'one' }], ttlMs: 0, cacheScope: 'private' };
const completion = { completion: { values: ['one', 'two'], total: 2, hasMore: false } };

const connected = connectUntilTestEnds();

describe('what a client knows of its server', () => {
  test('before it is connected it knows nothing and says so', async () => {
    await using server = await scriptedServer(legacyScript());
    const client = new MCPClient(server.transport);
    expect(client.state).toBe('idle');
    expect(client.isConnected()).toBe(false);
    expect([client.era, client.instructions]).toEqual([undefined, undefined]);
    for (const asked of [client.getServerInfo(), client.getCapabilities(), client.ping(), client.refreshCache()]) {
      const error = await errorFrom(asked);
      expect(error).toBeInstanceOf(MCPConnectionError);
      expect(error).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
      expect(error.message).toContain('idle');
    }
    expect(client.explain()).toMatch(/^The state is idle[^]*Hint: Call connect\(\) first/);
  });

  test('connect() and getServerInfo() describe a legacy server', async () => {
    const more = { instructions: 'be brief', serverInfo: { name: 's', version: '2', title: 'S' } };
    const script = legacyScript('2025-11-25', { initialize: answer(initializeResult('2025-06-18', more)) });
    await using server = await scriptedServer(script);
    await using client = new MCPClient(server.transport);
    const info = await client.connect();
    expect(info).toMatchObject({
      name: 's',
      version: '2',
      title: 'S',
      protocolVersion: '2025-06-18',
      era: 'legacy',
      instructions: 'be brief',
      capabilities: { tools: { listChanged: true } },
    });
    expect(await client.getServerInfo()).toEqual(info);
    expect(client).toMatchObject({ era: 'legacy', instructions: 'be brief', state: 'ready' });
    expect(client.isConnected()).toBe(true);
    expect(client.explain()).toContain('Server: s 2, 2025-06-18 (legacy).');
  });

  test('a modern server that does not say who it is has no name', async () => {
    const { client } = await connected(modernScript({ 'server/discover': answer(discoverResult({ _meta: {} })) }));
    expect(await client.getServerInfo()).toMatchObject({
      name: undefined,
      era: 'modern',
      protocolVersion: '2026-07-28',
    });
    expect(client.explain()).toContain('Server: unnamed');
  });

  test('capabilities are names; the object is in the information', async () => {
    const capabilities = { tools: {}, resources: { subscribe: true, listChanged: false }, experimental: { x: {} } };
    const { client } = await connected(
      legacyScript('2025-11-25', { initialize: answer(initializeResult('2025-11-25', { capabilities })) }),
    );
    expect(await client.getCapabilities()).toEqual(['resources', 'resources.subscribe', 'tools']);
    expect((await client.getServerInfo()).capabilities).toEqual(capabilities);
  });

  test('the server learns who the client is', async () => {
    const { server } = await connected(legacyScript());
    expect(await server.receive('initialize')).toMatchObject({ params: { clientInfo: PACKAGE, capabilities: {} } });
    const named = await connected(legacyScript(), { clientInfo: { name: 'mine', version: '9', title: 'Mine' } });
    expect(await named.server.receive('initialize')).toMatchObject({
      params: { clientInfo: { name: 'mine', title: 'Mine' } },
    });
  });

  test('its settings can be read', async () => {
    const { client, server } = await connected(legacyScript(), {
      timeout: 1_000,
      autoReconnect: true,
      maxReconnectAttempts: 9,
    });
    expect(client).toMatchObject({ timeout: 1_000, autoReconnect: true, maxReconnectAttempts: 9 });
    expect(client.transport).toBe(server.transport);
    expect(client.protocol.transport).toBe(server.transport);
    expect(client.protocol.initialized).toBe(true);
  });
});

test('the information of a server cannot control a terminal', async () => {
  const evil = { name: '\u001b[2J\u001b]0;owned\u0007evil', version: '1\u0000' };
  const { client } = await connected(
    legacyScript('2025-11-25', {
      initialize: answer(initializeResult('2025-11-25', { serverInfo: evil })),
      'x/y': refuse(-32000, '\u001b[31mred\u001b[0m'),
    }),
  );
  const error = await errorFrom(client.request('x/y'));
  for (const text of [client.explain(), error.explain()]) expect(text.replaceAll('\n', '')).toMatch(/^\P{Cc}*$/u);
  expect(client.explain()).toContain('Server: evil 1,');
  expect(error.explain()).toContain('x/y failed: red (-32000)');
});

describe.each([
  ['legacy', (more: Script) => legacyScript('2025-11-25', more)],
  ['modern', modernScript],
] as const)('what a client asks a %s server', (era, script) => {
  test('reads a resource, fills in a prompt, completes an argument', async () => {
    const { server, client } = await connected(
      script({
        'resources/read': answer(resource),
        'prompts/get': answer(prompt),
        'completion/complete': answer(completion),
      }),
    );
    expect(await client.readResource('x:1')).toEqual(resource);
    expect((await server.receive('resources/read')).params).toMatchObject({ uri: 'x:1' });
    expect(await client.getPrompt('greet', { name: 'Ada' })).toEqual(prompt);
    expect((await server.receive('prompts/get')).params).toMatchObject({ name: 'greet', arguments: { name: 'Ada' } });
    await client.getPrompt('greet');
    expect((await server.receive('prompts/get')).params).not.toHaveProperty('arguments');
    const ref = { type: 'ref/prompt', name: 'greet' } as const;
    expect(await client.complete({ ref, argument: { name: 'name', value: 'A' } })).toEqual(completion.completion);
    expect((await server.receive('completion/complete')).params).toMatchObject({
      ref,
      argument: { name: 'name', value: 'A' },
    });
  });

  test('ping() resolves with the latency, and healthCheck() sends a request each time', async () => {
    const { server, client } = await connected(script({}));
    expect(await client.ping()).toBeGreaterThanOrEqual(0);
    const before = server.received.length;
    const health = await client.healthCheck();
    expect(server.received.length).toBe(before + 1);
    expect(server.methods.at(-1)).toBe(era === 'legacy' ? 'ping' : 'server/discover');
    expect(health).toEqual({
      connected: true,
      state: 'ready',
      serverInfo: await client.getServerInfo(),
      capabilities: await client.getCapabilities(),
      transportType: 'MemoryTransport',
      latency: expect.any(Number) as number,
      healthScore: 1,
      latencies: health.latencies,
      reasons: [],
    });
    expect(health.latencies?.count).toBeGreaterThan(1);
  });

  test('request() makes any request, and hands out what the server answered whatever it looks like', async () => {
    const { server, client } = await connected(
      script({
        'x/y': answer({ any: 'thing' }),
        'resources/read': answer({ contents: 7 }),
        'x/z': refuse(-32000, 'no', { a: 1 }),
      }),
    );
    expect(await client.request('x/y', { z: 1 })).toEqual({ any: 'thing' });
    expect((await server.receive('x/y')).params).toMatchObject({ z: 1 });
    expect(await client.request('resources/read', { uri: 'x:1' })).toEqual({ contents: 7 });
    const refused = await errorFrom(client.request('x/z'));
    expect(refused).toBeInstanceOf(MCPProtocolError);
    expect(refused).toMatchObject({
      code: 'MCP_RPC_ERROR',
      errorCode: -32000,
      delivery: 'answered',
      message: 'x/z failed: no (-32000)',
      details: { method: 'x/z', reason: 'no', data: { a: 1 } },
    });
  });

  test('notify() sends a notification', async () => {
    const { server, client } = await connected(script({}));
    await client.notify('notifications/x', { y: 1 });
    expect(await server.receive('notifications/x')).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/x',
      params: { y: 1 },
    });
    await client.disconnect();
    expect(await errorFrom(client.notify('notifications/x'))).toMatchObject({ code: 'MCP_NOT_CONNECTED' });
  });

  test('a request for which the server has no capability is not sent', async () => {
    const capabilities = { tools: {} };
    const { server, client } = await connected({
      ...(era === 'legacy'
        ? legacyScript('2025-11-25', { initialize: answer(initializeResult('2025-11-25', { capabilities })) })
        : modernScript({ 'server/discover': answer(discoverResult({ capabilities })) })),
    });
    const before = server.received.length;
    const calls: [string, Promise<unknown>][] = [
      ['prompts', client.listPrompts()],
      ['prompts', client.getPrompt('x')],
      ['resources', client.listResources()],
      ['resources', client.listResourceTemplates()],
      ['resources', client.readResource('x:1')],
      ['resources.subscribe', client.subscribe('x:1')],
      ['completions', client.complete({ ref: { type: 'ref/prompt', name: 'x' }, argument: { name: 'a', value: '' } })],
      ['logging', client.setLogLevel('info')],
    ];
    for (const [required, call] of calls) {
      const error = await errorFrom(call);
      expect(error).toMatchObject({
        name: 'MCPCapabilityError',
        code: 'MCP_CAPABILITY_MISSING',
        delivery: 'not-sent',
        details: { required, supported: ['tools'] },
      });
    }
    expect(server.received).toHaveLength(before);
  });
});

describe('notifications', () => {
  test('reach handlers under their short and their wire name, until they are removed', async () => {
    const { server, client } = await connected(legacyScript());
    const heard: unknown[] = [];
    const short = (params: unknown): void => void heard.push(['short', params]);
    const wire = (params: unknown): void => void heard.push(['wire', params]);
    client.addNotificationHandler('tools/list_changed', short);
    client.addNotificationHandler('notifications/tools/list_changed', wire);
    server.notify('notifications/tools/list_changed', { _meta: { n: 1 } });
    await turns();
    client.removeNotificationHandler('notifications/tools/list_changed', short);
    server.notify('notifications/tools/list_changed');
    await turns();
    client.removeNotificationHandler('tools/list_changed', wire);
    client.removeNotificationHandler('tools/list_changed', wire);
    server.notify('notifications/tools/list_changed');
    await turns();
    expect(heard).toEqual([
      ['short', { _meta: { n: 1 } }],
      ['wire', { _meta: { n: 1 } }],
      ['wire', undefined],
    ]);
  });

  test('keep their handlers over a reconnect, and over disconnect() and connect()', async () => {
    const { server, client } = await connected(legacyScript(), { autoReconnect: true, reconnectDelay: 0 });
    const recorder = new ClientRecorder(client, ['notification']);
    let heard = 0;
    client.addNotificationHandler('x', () => (heard += 1));
    server.hangUp();
    await recorder.until(() => recorder.state.includes('ready'));
    server.notify('notifications/x');
    await recorder.first('notification');
    await client.disconnect();
    await client.connect();
    server.notify('notifications/x');
    await recorder.first('notification', 2);
    expect(heard).toBe(2);
  });

  test('are events with their wire name, and log messages are events of their own', async () => {
    const { server, client } = await connected(legacyScript());
    const recorder = new ClientRecorder(client, ['notification', 'log']);
    server.notify('notifications/message', { level: 'warning', logger: 'db', data: { slow: true } });
    server.notify('notifications/x', { y: 1 });
    await recorder.first('notification', 2);
    expect(recorder.notification).toEqual([
      { method: 'notifications/message', params: { level: 'warning', logger: 'db', data: { slow: true } } },
      { method: 'notifications/x', params: { y: 1 } },
    ]);
    expect(recorder.log).toEqual([{ level: 'warning', logger: 'db', data: { slow: true } }]);
  });

  test('on() gives a function that ends the listening, as often as it is called', async () => {
    const { server, client } = await connected(legacyScript());
    let heard = 0;
    const listener = (): unknown => (heard += 1);
    const first = client.on('notification', listener);
    const second = client.on('notification', listener);
    server.notify('notifications/x');
    await turns();
    first();
    first();
    server.notify('notifications/x');
    await turns();
    second();
    server.notify('notifications/x');
    await turns();
    expect(heard).toBe(3);
  });

  test('a listener that is added during an event gets the next one', async () => {
    const { server, client } = await connected(legacyScript());
    const late: unknown[] = [];
    let added = false;
    client.on('notification', () => {
      if (!added) client.on('notification', (notification) => late.push(notification));
      added = true;
    });
    server.notify('notifications/1');
    server.notify('notifications/2');
    await turns();
    expect(late).toEqual([{ method: 'notifications/2', params: undefined }]);
  });
});

describe('states', () => {
  test('are emitted in order, with the previous state', async () => {
    await using server = await scriptedServer(legacyScript());
    const client = new MCPClient(server.transport);
    const seen: string[] = [];
    client.on('state', (state, from) => seen.push(`${from} → ${state}`));
    await client.connect();
    await client.disconnect();
    expect(seen).toEqual(['idle → connecting', 'connecting → initializing', 'initializing → ready', 'ready → closed']);
    for (const change of seen) expect(client.explain()).toContain(change);
  });

  test('are current when they are emitted', async () => {
    await using server = await scriptedServer(legacyScript());
    const client = new MCPClient(server.transport);
    const truths: boolean[] = [];
    client.on('state', (state) => {
      truths.push(client.state === state, client.isConnected() === (state === 'ready'));
    });
    await client.connect();
    await client.disconnect();
    expect(truths).toEqual(Array(8).fill(true));
  });

  test('a call in a listener for ready is sent', async () => {
    await using server = await scriptedServer(legacyScript('2025-11-25', { 'x/y': answer({ ok: true }) }));
    await using client = new MCPClient(server.transport);
    const called = new Promise((resolve, reject) => {
      client.on('state', (state) => {
        if (state === 'ready') client.request('x/y').then(resolve, reject);
      });
    });
    await client.connect();
    expect(await called).toEqual({ ok: true });
  });
});

test('a server that does not answer a health check is reported as unhealthy, and nothing rejects', async () => {
  const { client } = await connected(legacyScript('2025-11-25', { ping: silence }));
  const health = await client.healthCheck({ timeout: 50 });
  expect(health).toMatchObject({ connected: true, state: 'ready', latency: undefined });
  expect(health.error).toMatchObject({ code: 'MCP_TIMEOUT', details: { operation: 'ping', timeout: 50 } });
  await client.disconnect();
  const closed = await client.healthCheck();
  expect(closed).toMatchObject({ connected: false, state: 'closed', serverInfo: undefined, capabilities: [] });
  expect(closed.error).toMatchObject({ code: 'MCP_NOT_CONNECTED' });
});

test('a server that refuses ping is alive', async () => {
  const { client } = await connected(legacyScript('2025-11-25', { ping: refuse(-32601) }));
  expect(await client.ping()).toBeGreaterThanOrEqual(0);
  expect(await client.healthCheck()).not.toHaveProperty('error');
});

test('the progress of a call is reported for each attempt', async () => {
  const { server, client } = await connected(legacyScript('2025-11-25', { 'tools/call': silence }));
  const heard: unknown[] = [];
  const call = client.callTool('slow', {}, { onProgress: (progress) => heard.push(progress) });
  const asked = await server.receive('tools/call');
  const { progressToken } = asked.params?.['_meta'] as { progressToken: unknown };
  server.notify('notifications/progress', { progressToken, progress: 1 });
  server.notify('notifications/progress', { progressToken, progress: 2, total: 4, message: 'half' });
  server.notify('notifications/progress', { progressToken: 'of somebody else', progress: 3 });
  server.respond(asked, { content: [] });
  await call;
  server.notify('notifications/progress', { progressToken, progress: 4 });
  await turns();
  expect(heard).toEqual([
    { progress: 1, attempt: 1 },
    { progress: 2, total: 4, message: 'half', attempt: 1 },
  ]);
});
