import type { MCPClient, Params } from '../../../src/index.js';
import { ClientAndServer } from '../../support/scripted-clients.js';
import { askOrdinary } from '../../support/ordinary-requests.js';
import { answer, discoverResult, modernScript, silence } from '../../support/servers/scripts.js';
import type { ReceivedMessage, Script } from '../../support/servers/scripts.js';

const VERSION = 'io.modelcontextprotocol/protocolVersion';
const INFO = 'io.modelcontextprotocol/clientInfo';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';
const LOG_LEVEL = 'io.modelcontextprotocol/logLevel';

const clientInfo = { name: 'golden', version: '1.2.3' };
const META = { [VERSION]: '2026-07-28', [INFO]: clientInfo, [CAPABILITIES]: {} };

const page = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };

/** A modern server that answers everything. */
const talkative: Script = modernScript({
  'tools/list': ({ params }) =>
    answer({ ...page, tools: [], ...(params?.['cursor'] === undefined && { nextCursor: 'p2' }) }),
  'prompts/list': answer({ ...page, prompts: [] }),
  'resources/list': answer({ ...page, resources: [] }),
  'resources/templates/list': answer({ ...page, resourceTemplates: [] }),
  'resources/read': answer({ ...page, contents: [] }),
  'tools/call': answer({ resultType: 'complete', content: [] }),
  'prompts/get': answer({ resultType: 'complete', messages: [] }),
  'completion/complete': answer({ resultType: 'complete', completion: { values: [] } }),
  'test/own': answer({ resultType: 'complete' }),
  'subscriptions/listen': ({ id, params }) => [
    {
      say: {
        jsonrpc: '2.0',
        method: 'notifications/subscriptions/acknowledged',
        params: {
          notifications: params?.['notifications'],
          _meta: { 'io.modelcontextprotocol/subscriptionId': id },
        },
      },
    },
  ],
});

/** Asks for everything that a client can ask a modern server for. */
async function askEverything(client: MCPClient): Promise<void> {
  await askOrdinary(client);
  await client.healthCheck();
  await client.request('test/own');
  await client.request('test/own', { x: 1, _meta: { 'com.example/mine': true, [VERSION]: 'of the caller' } });
  await client.subscribe('test://one');
}

function requests(heard: readonly ReceivedMessage[]): { method: string | undefined; params: Params | undefined }[] {
  return heard.flatMap(({ id, method, params }) => (id === undefined ? [] : [{ method, params }]));
}

describe('what a modern request says about itself', () => {
  test('is version, client and capabilities, on every method, and otherwise what the method needs', async () => {
    await using pair = await ClientAndServer.connect(talkative, { clientInfo });
    await askEverything(pair.client);
    await pair.server.receive('subscriptions/listen');
    const ids = pair.server.received.flatMap(({ id }) => id ?? []);
    expect(requests(pair.server.received)).toEqual([
      { method: 'server/discover', params: { _meta: META } },
      { method: 'tools/list', params: { _meta: META } },
      { method: 'tools/list', params: { cursor: 'p2', _meta: META } },
      { method: 'prompts/list', params: { _meta: META } },
      { method: 'resources/list', params: { _meta: META } },
      { method: 'resources/templates/list', params: { _meta: META } },
      {
        method: 'tools/call',
        params: { name: 'add', arguments: { a: 1 }, _meta: { ...META, progressToken: ids[6] } },
      },
      { method: 'tools/call', params: { name: 'add', _meta: { ...META, progressToken: ids[7] } } },
      { method: 'resources/read', params: { uri: 'test://one', _meta: META } },
      { method: 'prompts/get', params: { name: 'greet', arguments: { name: 'you' }, _meta: META } },
      {
        method: 'completion/complete',
        params: { ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'name', value: 'y' }, _meta: META },
      },
      { method: 'server/discover', params: { _meta: META } },
      { method: 'server/discover', params: { _meta: META } },
      { method: 'test/own', params: { _meta: META } },
      { method: 'test/own', params: { x: 1, _meta: { 'com.example/mine': true, ...META } } },
      {
        method: 'subscriptions/listen',
        params: { notifications: { resourceSubscriptions: ['test://one'] }, _meta: META },
      },
    ]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('is the log level, too, once one is chosen; no message is sent for it', async () => {
    await using pair = await ClientAndServer.connect(talkative);
    const { client, server } = pair;
    await client.setLogLevel('warning');
    expect(server.methods).toEqual(['server/discover']);
    await client.listPrompts();
    await client.callTool('add');
    await client.setLogLevel('debug');
    await client.listPrompts();
    const levels = server.received.map(({ params }) => (params?.['_meta'] as Params)[LOG_LEVEL]);
    expect(levels).toEqual([undefined, 'warning', 'warning', 'debug']);
  });

  test('is never a log level or a resource that there cannot be, for that would spoil all that follows', async () => {
    await using pair = await ClientAndServer.connect(talkative);
    const { client, server, clock } = pair;
    const asked = [client.setLogLevel('loud' as 'info'), client.subscribe(7 as unknown as string)];
    expect(await Promise.allSettled(asked)).toMatchObject([
      { reason: { code: 'MCP_INVALID_PARAMS', delivery: 'not-sent', details: { field: 'level' } } },
      { reason: { code: 'MCP_INVALID_PARAMS', delivery: 'not-sent', details: { field: 'uri' } } },
    ]);
    await clock.settle();
    expect(server.methods).toEqual(['server/discover']);
    await client.listPrompts();
    expect(server.received.at(-1)?.params?.['_meta']).not.toHaveProperty([LOG_LEVEL]);
  });

  test('stays the same over a reconnection', async () => {
    await using pair = await ClientAndServer.connect(talkative, { clientInfo, autoReconnect: true });
    const { client, server, clock, announced } = pair;
    await client.setLogLevel('error');
    await client.subscribe('test://one');
    await server.receive('subscriptions/listen');
    const before = server.received.length;
    server.hangUp();
    await announced.until(() => client.state === 'reconnecting');
    await clock.advance(1_000);
    await client.listPrompts();
    expect(server.received.at(-1)?.params?.['_meta']).toEqual({ ...META, [LOG_LEVEL]: 'error' });
    // Nothing has to be put back: there is no such state in a modern server.
    expect(server.methods.slice(before)).toEqual(['server/discover', 'subscriptions/listen', 'prompts/list']);
    expect(announced.error).toEqual([]);
  });
});

describe('what a modern session does not have', () => {
  test('ping() asks for discovery instead', async () => {
    await using pair = await ClientAndServer.connect(talkative);
    expect(await pair.client.ping()).toBeGreaterThanOrEqual(0);
    expect(pair.server.methods).toEqual(['server/discover', 'server/discover']);
  });

  test.each(['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'])(
    'a request %s is not sent',
    async (method) => {
      await using pair = await ClientAndServer.connect(talkative);
      await expect(pair.client.request(method)).rejects.toMatchObject({
        name: 'MCPProtocolError',
        code: 'MCP_UNSUPPORTED_VERSION',
        delivery: 'not-sent',
        message: `Revision 2026-07-28 does not have ${method}`,
      });
      expect(pair.server.methods).toEqual(['server/discover']);
    },
  );

  test.each(['notifications/initialized', 'notifications/roots/list_changed', 'notifications/progress'])(
    'a notification %s is not sent',
    async (method) => {
      await using pair = await ClientAndServer.connect(talkative);
      await expect(pair.client.notify(method, {})).rejects.toMatchObject({
        name: 'MCPProtocolError',
        code: 'MCP_UNSUPPORTED_VERSION',
        delivery: 'not-sent',
        message: `Revision 2026-07-28 does not have ${method}`,
      });
      await pair.client.notify('notifications/own');
      expect(await pair.server.receive('notifications/own')).toEqual({
        jsonrpc: '2.0',
        method: 'notifications/own',
      });
      expect(pair.server.methods).toEqual(['server/discover', 'notifications/own']);
    },
  );

  test.each([[0], ['']])('a request of the server (id %j) is reported and not answered', async (id) => {
    await using pair = await ClientAndServer.connect(talkative);
    const { client, server, announced } = pair;
    server.send({ jsonrpc: '2.0', id, method: 'ping' });
    server.send({ jsonrpc: '2.0', id, method: 'sampling/createMessage', params: {} });
    await announced.first('warning', 2);
    expect(announced.warning).toMatchObject([
      { code: 'MCP_INVALID_MESSAGE', details: { method: 'ping' } },
      { code: 'MCP_INVALID_MESSAGE', details: { method: 'sampling/createMessage' } },
    ]);
    await client.listPrompts();
    expect(server.methods).toEqual(['server/discover', 'prompts/list']);
  });

  test('a batch is reported, and nothing in it is taken for an answer', async () => {
    await using pair = await ClientAndServer.connect(modernScript({ 'prompts/list': silence }));
    const { client, server, announced } = pair;
    const listing = client.listPrompts();
    const question = await server.receive('prompts/list');
    server.send([{ jsonrpc: '2.0', id: question.id, result: { ...page, prompts: [{ name: 'in the batch' }] } }]);
    await announced.first('warning');
    expect(announced.warning[0]).toMatchObject({ code: 'MCP_INVALID_MESSAGE' });
    server.respond(question, { ...page, prompts: [{ name: 'alone' }] });
    expect(await listing).toEqual([{ name: 'alone' }]);
  });

  test('a cancellation of a request by the server is none', async () => {
    await using pair = await ClientAndServer.connect(modernScript({ 'prompts/list': silence }));
    const { client, server, clock } = pair;
    const listing = client.listPrompts();
    const question = await server.receive('prompts/list');
    server.notify('notifications/cancelled', { requestId: question.id });
    await clock.settle();
    server.respond(question, { ...page, prompts: [] });
    expect(await listing).toEqual([]);
  });
});

describe('a result', () => {
  test.each<[method: string, ask: (client: MCPClient) => Promise<unknown>]>([
    ['tools/call', (client) => client.callTool('add')],
    ['prompts/get', (client) => client.getPrompt('greet')],
    ['resources/read', (client) => client.readResource('test://one')],
  ])('of %s that wants input fails the call, and says why', async (method, ask) => {
    const wanting = {
      resultType: 'input_required',
      inputRequests: { name: { method: 'elicitation/create', params: { message: 'Your name?', requestedSchema: {} } } },
      requestState: 'opaque',
    };
    await using pair = await ClientAndServer.connect(modernScript({ [method]: answer(wanting) }));
    await expect(ask(pair.client)).rejects.toMatchObject({
      name: 'MCPCapabilityError',
      code: 'MCP_CAPABILITY_MISSING',
      delivery: 'answered',
      message: expect.stringMatching(`^${method} ".*" needs input`) as string,
    });
    expect(pair.client.state).toBe('ready');
  });

  test.each<[type: unknown]>([['later'], ['task'], ['COMPLETE'], [''], [7]])(
    'of the type %j is refused, however complete it looks',
    async (resultType) => {
      await using pair = await ClientAndServer.connect(
        modernScript({ 'tools/call': answer({ resultType, content: [] }) }),
      );
      await expect(pair.client.callTool('add')).rejects.toMatchObject({
        name: 'MCPProtocolError',
        code: 'MCP_INVALID_RESULT',
        delivery: 'answered',
        details: { path: 'resultType', expected: '"complete"' },
      });
    },
  );

  test('of the type null has none, and is complete', async () => {
    const result = { resultType: null, content: [] };
    await using pair = await ClientAndServer.connect(modernScript({ 'tools/call': answer(result) }));
    expect(await pair.client.callTool('add')).toEqual(result);
  });

  test('that wants input where none can be given is refused', async () => {
    const script = modernScript({ 'tools/list': answer({ resultType: 'input_required', tools: [] }) });
    await using pair = await ClientAndServer.connect(script);
    await expect(pair.client.listTools()).rejects.toMatchObject({ code: 'MCP_INVALID_RESULT' });
  });

  test('without a type is complete', async () => {
    await using pair = await ClientAndServer.connect(modernScript({ 'tools/call': answer({ content: [] }) }));
    expect(await pair.client.callTool('add')).toEqual({ content: [] });
  });

  test.each<[what: string, message: object]>([
    ['is null', { jsonrpc: '2.0', result: null }],
    ['is a text', { jsonrpc: '2.0', result: 'done' }],
    ['is a list', { jsonrpc: '2.0', result: [] }],
    ['comes with an error beside it', { jsonrpc: '2.0', result: { content: [] }, error: { code: 1, message: 'No' } }],
    ['is missing', { jsonrpc: '2.0' }],
  ])('that %s fails its call at once', async (_what, message) => {
    const script = modernScript({ 'tools/call': ({ id }) => [{ say: { ...message, id } }] });
    await using pair = await ClientAndServer.connect(script);
    await expect(pair.client.callTool('add')).rejects.toMatchObject({
      name: 'MCPProtocolError',
      code: 'MCP_INVALID_MESSAGE',
      delivery: 'answered',
    });
    expect(pair.announced.warning).toEqual([]);
    expect(pair.client.state).toBe('ready');
  });

  test('with an id that is only similar to that of a request is ignored', async () => {
    await using pair = await ClientAndServer.connect(modernScript({ 'prompts/list': silence }));
    const { client, server, announced } = pair;
    const listing = client.listPrompts();
    const question = await server.receive('prompts/list');
    const id = `0${question.id}`;
    server.send({ jsonrpc: '2.0', id, result: { ...page, prompts: [{ name: 'wrong' }] } });
    await announced.first('warning');
    expect(announced.warning[0]).toMatchObject({ code: 'MCP_UNKNOWN_RESPONSE', details: { id } });
    server.respond(question, { ...page, prompts: [] });
    expect(await listing).toEqual([]);
  });
});

describe('lists of a modern server', () => {
  test('are reused for as long as each of their pages allows', async () => {
    const tools = [{ name: 'a', inputSchema: { type: 'object' } }];
    const script = modernScript({
      'tools/list': ({ params }) =>
        params?.['cursor'] === undefined
          ? answer({ ...page, tools, ttlMs: 60_000, nextCursor: '' })
          : answer({ ...page, tools: [], ttlMs: 1_000 }),
    });
    await using pair = await ClientAndServer.connect(script);
    const { client, server, clock } = pair;
    const asked = (): number => server.methods.filter((method) => method === 'tools/list').length;
    expect(await client.listTools()).toEqual(tools);
    expect(asked()).toBe(2);
    await clock.advance(999);
    expect(await client.listTools()).toEqual(tools);
    expect(asked()).toBe(2);
    await clock.advance(1);
    await client.listTools();
    expect(asked()).toBe(4);
    await client.listTools({ useCache: false });
    expect(asked()).toBe(6);
  });

  test.each([[undefined], [0], [-1]])('are not reused with a ttlMs of %j', async (ttlMs) => {
    const script = modernScript({ 'prompts/list': answer({ ...page, prompts: [], ttlMs }) });
    await using pair = await ClientAndServer.connect(script);
    await pair.client.listPrompts();
    await pair.client.listPrompts();
    expect(pair.server.methods).toEqual(['server/discover', 'prompts/list', 'prompts/list']);
  });

  test('are only asked for where the server has said that it has them', async () => {
    const discover = answer(discoverResult({ capabilities: { tools: {} } }));
    await using pair = await ClientAndServer.connect(modernScript({ 'server/discover': discover }));
    await expect(pair.client.listPrompts()).rejects.toMatchObject({
      name: 'MCPCapabilityError',
      delivery: 'not-sent',
      details: { required: 'prompts', supported: ['tools'] },
    });
    expect(pair.server.methods).toEqual(['server/discover']);
  });
});
