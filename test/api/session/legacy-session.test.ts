import type { MCPProtocolVersion } from '../../../src/index.js';
import { LEGACY_REVISIONS } from '../../../src/protocol/revisions.js';
import { ClientAndServer } from '../../support/scripted-clients.js';
import type { PairOptions } from '../../support/scripted-clients.js';
import { askOrdinary } from '../../support/ordinary-requests.js';
import { answer, initializeResult, legacyScript, silence } from '../../support/servers/scripts.js';
import type { Script } from '../../support/servers/scripts.js';

const clientInfo = { name: 'golden', version: '1.2.3' };

/** A pair in a legacy revision, past the handshake. */
async function meetIn(
  version: MCPProtocolVersion,
  script: Script = {},
  options: PairOptions = {},
): Promise<ClientAndServer> {
  const pair = await ClientAndServer.connect(legacyScript(version, script), { era: 'legacy', ...options });
  await pair.server.receive('notifications/initialized');
  return pair;
}

test('pings of the server are answered before the handshake is over', async () => {
  await using pair = await ClientAndServer.create(legacyScript('2025-11-25', { initialize: silence }), {
    era: 'legacy',
  });
  const { client, server } = pair;
  const connecting = client.connect();
  const shaking = await server.receive('initialize');
  server.send({ jsonrpc: '2.0', id: 'early', method: 'ping' });
  expect(await server.receiveResponse()).toEqual({ jsonrpc: '2.0', id: 'early', result: {} });
  server.respond(shaking, initializeResult('2025-11-25'));
  await connecting;
});

test('a second handshake is not sent, in part or in whole', async () => {
  await using pair = await meetIn('2025-11-25');
  const { client, server } = pair;
  const refused = { code: 'MCP_INVALID_PARAMS', delivery: 'not-sent' };
  await expect(client.request('initialize', { protocolVersion: '2025-06-18' })).rejects.toMatchObject(refused);
  await expect(client.notify('notifications/initialized')).rejects.toMatchObject(refused);
  expect(server.methods).toEqual(['initialize', 'notifications/initialized']);
});

describe.each(LEGACY_REVISIONS)('a session of %s', (version) => {
  test('has the plain requests of that revision, without what the modern era adds', async () => {
    await using pair = await meetIn(
      version,
      {
        'tools/list': ({ params }) =>
          answer({ tools: [], ...(params?.['cursor'] === undefined && { nextCursor: '' }) }),
        'prompts/list': answer({ prompts: [] }),
        'resources/list': answer({ resources: [] }),
        'resources/templates/list': answer({ resourceTemplates: [] }),
        'resources/read': answer({ contents: [] }),
        'resources/subscribe': answer({}),
        'resources/unsubscribe': answer({}),
        'tools/call': answer({ content: [] }),
        'prompts/get': answer({ messages: [] }),
        'completion/complete': answer({ completion: { values: [] } }),
        'logging/setLevel': answer({}),
      },
      { clientInfo },
    );
    const { client, server } = pair;
    await askOrdinary(client);
    await client.subscribe('test://one');
    await client.setLogLevel('info');
    await client.unsubscribe('test://one');
    const id = expect.any(Number) as number;
    const said = (method: string, params?: object) => ({ jsonrpc: '2.0', id, method, ...(params && { params }) });
    expect(server.received).toEqual([
      said('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }),
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      said('tools/list'),
      said('tools/list', { cursor: '' }),
      said('prompts/list'),
      said('resources/list'),
      said('resources/templates/list'),
      said('tools/call', { name: 'add', arguments: { a: 1 }, _meta: { progressToken: server.received[7]?.id } }),
      said('tools/call', { name: 'add', _meta: { progressToken: server.received[8]?.id } }),
      said('resources/read', { uri: 'test://one' }),
      said('prompts/get', { name: 'greet', arguments: { name: 'you' } }),
      said('completion/complete', {
        ref: { type: 'ref/prompt', name: 'greet' },
        argument: { name: 'name', value: 'y' },
      }),
      said('ping'),
      said('resources/subscribe', { uri: 'test://one' }),
      said('logging/setLevel', { level: 'info' }),
      said('resources/unsubscribe', { uri: 'test://one' }),
    ]);
  });

  test('answers the pings of the server and refuses its other requests, each with the id it came with', async () => {
    await using pair = await meetIn(version);
    const { server } = pair;
    for (const id of [0, 'zero', '', '0', -7, Number.MAX_SAFE_INTEGER]) {
      server.send({ jsonrpc: '2.0', id, method: 'ping' });
      expect(await server.receiveResponse()).toEqual({ jsonrpc: '2.0', id, result: {} });
      for (const method of ['sampling/createMessage', 'elicitation/create', 'roots/list', 'unheard/of']) {
        server.send({ jsonrpc: '2.0', id, method, params: {} });
        expect(await server.receiveResponse()).toEqual({
          jsonrpc: '2.0',
          id,
          error: { code: -32601, message: expect.stringContaining(method) as string },
        });
      }
    }
  });

  test('takes a batch apart: answers, notifications, requests', async () => {
    await using pair = await meetIn(version, { 'tools/call': silence }, { record: ['log'] });
    const { client, server, announced } = pair;
    const calls = [client.callTool('one'), client.callTool('two')];
    const [one, two] = [await server.receive('tools/call'), await server.receive('tools/call')];
    server.send([
      { jsonrpc: '2.0', id: two.id, result: { content: [{ type: 'text', text: 'second' }] } },
      { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'both' } },
      { jsonrpc: '2.0', id: 'p', method: 'ping' },
      { jsonrpc: '2.0', id: one.id, error: { code: -32603, message: 'first' } },
      'junk',
    ]);
    await expect(calls[0]).rejects.toMatchObject({ errorCode: -32603 });
    expect(await calls[1]).toEqual({ content: [{ type: 'text', text: 'second' }] });
    expect(await server.receiveResponse()).toEqual({ jsonrpc: '2.0', id: 'p', result: {} });
    expect(announced.log).toEqual([{ level: 'info', data: 'both' }]);
    expect(announced.warning).toMatchObject([{ code: 'MCP_INVALID_MESSAGE' }]);
  });

  test('reports an empty batch', async () => {
    await using pair = await meetIn(version);
    pair.server.send([]);
    await pair.announced.first('warning');
    expect(pair.announced.warning).toMatchObject([{ code: 'MCP_INVALID_MESSAGE', details: { size: 0 } }]);
    expect(pair.client.state).toBe('ready');
  });

  test.each(['server/discover', 'subscriptions/listen'])('does not have %s', async (method) => {
    await using pair = await meetIn(version);
    await expect(pair.client.request(method, { notifications: {} })).rejects.toMatchObject({
      name: 'MCPProtocolError',
      code: 'MCP_UNSUPPORTED_VERSION',
      delivery: 'not-sent',
      message: `Revision ${version} does not have ${method}`,
    });
    expect(pair.server.methods).toEqual(['initialize', 'notifications/initialized']);
  });

  test('pays no attention to resultType', async () => {
    await using pair = await meetIn(version, {
      'tools/call': answer({ resultType: 'input_required', content: [] }),
    });
    expect(await pair.client.callTool('add')).toEqual({ resultType: 'input_required', content: [] });
  });

  test('puts back the log level and the subscriptions when a lost link is opened again', async () => {
    const script = { 'logging/setLevel': answer({}), 'resources/subscribe': answer({}) };
    await using pair = await meetIn(version, script, { autoReconnect: true });
    const { client, server, clock, announced } = pair;
    await client.setLogLevel('error');
    await client.subscribe('test://one');
    const before = server.received.length;
    server.hangUp();
    await announced.until(() => client.state === 'reconnecting');
    await clock.advance(1_000);
    expect(client.state).toBe('ready');
    expect(server.received.slice(before)).toMatchObject([
      { method: 'initialize' },
      { method: 'notifications/initialized' },
      { method: 'logging/setLevel', params: { level: 'error' } },
      { method: 'resources/subscribe', params: { uri: 'test://one' } },
    ]);
  });
});

describe('completion', () => {
  const ask = { ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'name', value: '' } } as const;

  test.each(LEGACY_REVISIONS)('without its capability in %s', async (version) => {
    await using pair = await meetIn(version, {
      initialize: answer(initializeResult(version, { capabilities: { prompts: {} } })),
      'completion/complete': answer({ completion: { values: ['you'] } }),
    });
    const completing = pair.client.complete(ask);
    // The first revision has no capability for it.
    if (version === '2024-11-05') expect(await completing).toEqual({ values: ['you'] });
    else await expect(completing).rejects.toMatchObject({ name: 'MCPCapabilityError', delivery: 'not-sent' });
  });
});

describe('lists of a legacy server', () => {
  const tools = [{ name: 'a', inputSchema: { type: 'object' } }];

  test('are reused until a change notification, if the server sends them', async () => {
    await using pair = await meetIn('2025-11-25', { 'tools/list': answer({ tools }) });
    const { client, server, clock } = pair;
    await client.listTools();
    await clock.advance(1e9);
    expect(await client.listTools()).toEqual(tools);
    server.notify('notifications/tools/list_changed');
    await clock.settle();
    await client.listTools();
    expect(server.methods.filter((method) => method === 'tools/list')).toHaveLength(2);
  });

  test('are not reused when it did not', async () => {
    await using pair = await meetIn('2025-11-25', {
      initialize: answer(initializeResult('2025-11-25', { capabilities: { tools: {} } })),
      'tools/list': answer({ tools }),
    });
    await pair.client.listTools();
    await pair.client.listTools();
    expect(pair.server.methods.filter((method) => method === 'tools/list')).toHaveLength(2);
  });
});
