import type { MCPError } from '../../../src/index.js';
import { LEGACY_REVISIONS, MODERN_REVISIONS } from '../../../src/protocol/revisions.js';
import { ClientAndServer } from '../../support/scripted-clients.js';
import {
  answer,
  byHand,
  discoverResult,
  initializeResult,
  inTurn,
  legacyScript,
  modernScript,
  refuse,
  silence,
} from '../../support/servers/scripts.js';
import type { ReceivedRequest, Script } from '../../support/servers/scripts.js';

const LEGACY_CONVERSATION = ['server/discover', 'initialize', 'notifications/initialized'];

/** Waits until a server that says nothing has been asked both questions. */
async function bothAsked({
  server,
  clock,
}: ClientAndServer): Promise<{ question: ReceivedRequest; handshake: ReceivedRequest }> {
  const question = await server.receive('server/discover');
  await clock.advance(5_000);
  return { question, handshake: await server.receive('initialize') };
}

describe('asking a modern server', () => {
  test('one server/discover is enough, and its result is the session', async () => {
    const script = modernScript({ 'server/discover': answer(discoverResult({ instructions: 'Be kind.' })) });
    await using pair = await ClientAndServer.create(script);
    const { client, server } = pair;
    expect(await client.connect()).toMatchObject({
      name: 'scripted',
      version: '1.0.0',
      era: 'modern',
      protocolVersion: '2026-07-28',
      instructions: 'Be kind.',
      capabilities: { tools: { listChanged: true } },
    });
    expect(client).toMatchObject({ era: 'modern', instructions: 'Be kind.', state: 'ready' });
    expect(server.methods).toEqual(['server/discover']);
    expect(pair.announced.state).toEqual(['connecting', 'initializing', 'ready']);
  });

  test('a server of both eras is spoken to in the modern one', async () => {
    const discover = answer(discoverResult({ supportedVersions: [...LEGACY_REVISIONS, ...MODERN_REVISIONS] }));
    await using pair = await ClientAndServer.create(legacyScript('2025-11-25', { 'server/discover': discover }));
    expect(await pair.client.connect()).toMatchObject({ era: 'modern', protocolVersion: '2026-07-28' });
    expect(pair.server.methods).toEqual(['server/discover']);
  });

  test('a server that does not say its name is connected to all the same', async () => {
    await using pair = await ClientAndServer.create(
      modernScript({ 'server/discover': answer(discoverResult({ _meta: undefined })) }),
    );
    const info = await pair.client.connect();
    expect(info.name).toBeUndefined();
    expect(info.era).toBe('modern');
  });

  test('only server/discover is sent before its response, however many calls wait', async () => {
    await using pair = await ClientAndServer.create(byHand({ 'tools/list': answer({ tools: [] }) }));
    const { client, server, clock } = pair;
    client.addNotificationHandler('tools/list_changed', () => undefined);
    const connecting = client.connect();
    const listing = client.listTools();
    const question = await server.receive('server/discover');
    await expect(client.notify('notifications/own')).rejects.toMatchObject({
      code: 'MCP_NOT_CONNECTED',
      delivery: 'not-sent',
    });
    await clock.advance(4_000);
    expect(server.methods).toEqual(['server/discover']);
    server.respond(question, discoverResult());
    await Promise.all([connecting, listing]);
    await server.receive('subscriptions/listen');
    expect(server.methods.slice(1).sort()).toEqual(['subscriptions/listen', 'tools/list']);
  });
});

describe('asking a legacy server', () => {
  test.each<[what: string, reaction: Script[string]]>([
    ['-32601, as most do', refuse(-32601, 'Method not found')],
    ['-32602', refuse(-32602, 'Invalid request parameters')],
    ['-32000', refuse(-32000, 'Bad Request: Server not initialized')],
    ['-32600', refuse(-32600)],
    ['0', refuse(0)],
    ['an empty result', answer({})],
    ['a result of something else', answer({ tools: [] })],
    ['a result that is null', ({ id }) => [{ say: { jsonrpc: '2.0', id, result: null } }]],
    ['an error that is none', ({ id }) => [{ say: { jsonrpc: '2.0', id, error: 'Unknown method' } }]],
    [
      'an error without an id',
      () => [{ say: { jsonrpc: '2.0', error: { code: -32600, message: 'Invalid Request' } } }],
    ],
    [
      'an error with an id of null',
      () => [{ say: { jsonrpc: '2.0', id: null, error: { code: -32700, message: '' } } }],
    ],
    ['a result that names no list of versions', answer(discoverResult({ supportedVersions: 'all' }))],
  ])('that answers %s leads to the handshake', async (what, reaction) => {
    await using pair = await ClientAndServer.create(legacyScript('2025-11-25', { 'server/discover': reaction }));
    const { client, server, announced, clock } = pair;
    expect(await client.connect()).toMatchObject({ era: 'legacy', protocolVersion: '2025-11-25', name: 'scripted' });
    await server.receive('notifications/initialized');
    expect(server.methods).toEqual(LEGACY_CONVERSATION);
    expect(server.received[1]).toEqual({
      jsonrpc: '2.0',
      id: expect.any(Number) as number,
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'mcp-actors', version: expect.any(String) as string },
      },
    });
    expect(server.received[1]?.id).not.toBe(server.received[0]?.id);
    expect(announced.error).toEqual([]);
    expect(announced.warning).toHaveLength(what === 'an error that is none' ? 1 : 0);
    expect(clock.now()).toBe(1_000_000);
  });

  test('that does not answer server/discover gets the handshake after probeTimeout, and no cancellation', async () => {
    await using pair = await ClientAndServer.create(legacyScript('2025-11-25', { 'server/discover': silence }));
    const { client, server, clock } = pair;
    const connecting = client.connect();
    await server.receive('server/discover');
    await clock.advance(4_999);
    expect(server.methods).toEqual(['server/discover']);
    await clock.advance(1);
    expect(await connecting).toMatchObject({ era: 'legacy', protocolVersion: '2025-11-25' });
    await server.receive('notifications/initialized');
    expect(server.methods).toEqual(LEGACY_CONVERSATION);
  });

  test('probeTimeout can be chosen', async () => {
    const script = legacyScript('2025-11-25', { 'server/discover': silence });
    await using pair = await ClientAndServer.create(script, { probeTimeout: 70 });
    const connecting = pair.client.connect();
    await pair.server.receive('server/discover');
    await pair.clock.advance(70);
    expect(await connecting).toMatchObject({ era: 'legacy' });
  });

  test('an error that comes late is ignored', async () => {
    await using pair = await ClientAndServer.create();
    const { client, server, clock } = pair;
    const connecting = client.connect();
    const { question, handshake } = await bothAsked(pair);
    server.respondWithError(question, -32601, 'Method not found');
    await clock.settle();
    expect(client.state).toBe('initializing');
    server.respond(handshake, initializeResult('2025-06-18'));
    expect(await connecting).toMatchObject({ era: 'legacy', protocolVersion: '2025-06-18' });
    expect(server.methods.filter((method) => method === 'initialize')).toHaveLength(1);
  });

  test('a response to server/discover after the handshake changes nothing', async () => {
    await using pair = await ClientAndServer.create();
    const { client, server, announced } = pair;
    const connecting = client.connect();
    const { question, handshake } = await bothAsked(pair);
    server.respond(handshake, initializeResult());
    await connecting;
    server.respond(question, discoverResult());
    await announced.first('warning');
    expect(announced.warning[0]).toMatchObject({ code: 'MCP_UNKNOWN_RESPONSE' });
    expect(client).toMatchObject({ era: 'legacy', state: 'ready' });
  });

  test('a server that is slow to start and modern is still known for modern', async () => {
    await using pair = await ClientAndServer.create(byHand({ 'tools/list': answer({ tools: [] }) }));
    const { client, server, announced } = pair;
    const connecting = client.connect();
    const { question, handshake } = await bothAsked(pair);
    server.respond(question, discoverResult());
    expect(await connecting).toMatchObject({ era: 'modern', protocolVersion: '2026-07-28' });
    // It was asked twice and answers twice.
    server.respondWithError(handshake, -32022, 'Unsupported protocol version', { supported: ['2026-07-28'] });
    await client.listTools();
    expect(client).toMatchObject({ era: 'modern', state: 'ready' });
    expect(server.methods).toEqual(['server/discover', 'initialize', 'tools/list']);
    expect(announced.error).toEqual([]);
  });

  test('a slow modern server may refuse the handshake before it answers server/discover', async () => {
    await using pair = await ClientAndServer.create();
    const { client, server, clock } = pair;
    const connecting = client.connect();
    const { question, handshake } = await bothAsked(pair);
    // A server that knows no such method says so at once; what it knows it works on first.
    server.respondWithError(handshake, -32601, 'Method not found');
    await clock.settle();
    expect(client.state).toBe('initializing');
    server.respond(question, discoverResult());
    expect(await connecting).toMatchObject({ era: 'modern', protocolVersion: '2026-07-28' });
    expect(server.methods).toEqual(['server/discover', 'initialize']);
  });

  test('and may ask for another version after it refused the handshake', async () => {
    await using pair = await ClientAndServer.create();
    const { client, server } = pair;
    const connecting = client.connect();
    const { question, handshake } = await bothAsked(pair);
    server.respondWithError(handshake, -32601, 'Method not found');
    server.respondWithError(question, -32022, 'Unsupported protocol version', { supported: ['2026-07-28'] });
    server.respond(await server.receive('server/discover'), discoverResult());
    expect(await connecting).toMatchObject({ era: 'modern' });
  });

  test.each([
    ['the question is refused, too', true],
    ['the question is not answered for as long again', false],
  ])('that refuses the handshake fails for that when %s', async (_, answered) => {
    await using pair = await ClientAndServer.create();
    const { client, server, clock } = pair;
    const failing = expect(client.connect()).rejects.toMatchObject({ code: 'MCP_RPC_ERROR', errorCode: -32603 });
    const { question, handshake } = await bothAsked(pair);
    server.respondWithError(handshake, -32603, 'Out of order');
    await clock.settle();
    expect(client.state).toBe('initializing');
    if (answered) server.respondWithError(question, -32601, 'Method not found');
    else await clock.advance(5_000);
    await failing;
    expect(client.state).toBe('closed');
  });

  test('that has refused server/discover already fails at once when it refuses the handshake', async () => {
    await using pair = await ClientAndServer.create();
    const { client, server, clock } = pair;
    const failing = expect(client.connect()).rejects.toMatchObject({ code: 'MCP_RPC_ERROR', errorCode: -32603 });
    const { question, handshake } = await bothAsked(pair);
    server.respondWithError(question, -32601, 'Method not found');
    server.respondWithError(handshake, -32603, 'Out of order');
    await failing;
    expect(clock.now()).toBe(1_005_000);
  });

  test('the deadline of connect() ends the negotiation, also when both negotiation requests get no response', async () => {
    await using pair = await ClientAndServer.create(byHand(), { connectTimeout: 8_000 });
    const { client, server, clock } = pair;
    const failing = expect(client.connect()).rejects.toMatchObject({
      name: 'MCPTimeoutError',
      details: { operation: 'connect', timeout: 8_000, phase: 'connecting' },
    });
    await server.receive('server/discover');
    await clock.advance(7_999);
    expect(client.state).toBe('initializing');
    await clock.advance(1);
    await failing;
    expect(client.state).toBe('closed');
    expect(server.methods).toEqual(['server/discover', 'initialize']);
  });
});

describe('a server that does not take the version', () => {
  test('and lists one that we speak is asked once more, with another id', async () => {
    const discover = inTurn(
      refuse(-32022, 'Unsupported protocol version', {
        supported: ['2026-07-28', '2025-11-25'],
        requested: '2026-07-28',
      }),
      answer(discoverResult()),
    );
    await using pair = await ClientAndServer.create(modernScript({ 'server/discover': discover }));
    expect(await pair.client.connect()).toMatchObject({ era: 'modern' });
    const { received, methods } = pair.server;
    expect(methods).toEqual(['server/discover', 'server/discover']);
    expect(received[0]?.id).not.toBe(received[1]?.id);
  });

  test('and lists the very one it refused, again and again, is asked twice and no more', async () => {
    const discover = refuse(-32022, 'Unsupported protocol version', { supported: ['2026-07-28'] });
    await using pair = await ClientAndServer.create(modernScript({ 'server/discover': discover }));
    await expect(pair.client.connect()).rejects.toMatchObject({
      name: 'MCPProtocolError',
      code: 'MCP_UNSUPPORTED_VERSION',
      errorCode: -32022,
      message: expect.stringContaining('2026-07-28') as string,
    });
    expect(pair.server.methods).toEqual(['server/discover', 'server/discover']);
    expect(pair.client.state).toBe('closed');
  });

  test.each<[what: string, second: ReturnType<typeof refuse>]>([
    ['refuses', refuse(-32601)],
    ['answers nonsense to', answer({})],
  ])(
    'and then %s the second server/discover does not get a handshake: it has shown that it is modern',
    async (_what, second) => {
      const discover = inTurn(refuse(-32022, 'Unsupported', { supported: ['2026-07-28'] }), second);
      await using pair = await ClientAndServer.create(legacyScript('2025-11-25', { 'server/discover': discover }));
      await expect(pair.client.connect()).rejects.toMatchObject({ code: 'MCP_UNSUPPORTED_VERSION' });
      expect(pair.server.methods).toEqual(['server/discover', 'server/discover']);
    },
  );

  test('and then does not answer the second server/discover does not get a handshake either', async () => {
    const discover = inTurn(refuse(-32022, 'Unsupported', { supported: ['2026-07-28'] }), silence);
    await using pair = await ClientAndServer.create(legacyScript('2025-11-25', { 'server/discover': discover }));
    const { client, server, clock } = pair;
    const failing = expect(client.connect()).rejects.toMatchObject({ name: 'MCPTimeoutError' });
    await server.receive('server/discover');
    await server.receive('server/discover');
    await clock.advance(30_000);
    await failing;
    expect(server.methods).toEqual(['server/discover', 'server/discover']);
  });

  test.each([
    ['2025-06-18', ['2025-06-18']],
    ['2025-03-26', ['2024-11-05', '2025-03-26', '2099-01-01']],
  ])('and lists only older ones gets the handshake with the newest we share: %s', async (version, supported) => {
    const discover = refuse(-32022, 'Unsupported protocol version', { supported, requested: '2026-07-28' });
    const script = legacyScript('2025-11-25', {
      'server/discover': discover,
      initialize: ({ params }) => answer(initializeResult(params?.['protocolVersion'] as string)),
    });
    await using pair = await ClientAndServer.create(script);
    expect(await pair.client.connect()).toMatchObject({ era: 'legacy', protocolVersion: version });
    await pair.server.receive('notifications/initialized');
    expect(pair.server.methods).toEqual(LEGACY_CONVERSATION);
    expect(pair.server.received[1]?.params).toMatchObject({ protocolVersion: version });
  });

  test.each([
    ['refuses with', refuse(-32022, 'Unsupported', { supported: ['2099-01-01', '3.0'], requested: '2026-07-28' })],
    ['answers with', answer(discoverResult({ supportedVersions: ['2099-01-01', '3.0'] }))],
  ])('and %s versions that we do not know is given up, and the error names both lists', async (_how, reaction) => {
    await using pair = await ClientAndServer.create(modernScript({ 'server/discover': reaction }));
    const error = (await pair.client.connect().catch((thrown: unknown) => thrown)) as MCPError;
    expect(error).toMatchObject({
      name: 'MCPProtocolError',
      code: 'MCP_UNSUPPORTED_VERSION',
      details: { supported: ['2099-01-01', '3.0'], requested: [...LEGACY_REVISIONS, ...MODERN_REVISIONS] },
    });
    for (const version of ['2099-01-01', '3.0', ...LEGACY_REVISIONS, ...MODERN_REVISIONS]) {
      expect(error.message).toContain(version);
    }
    expect(pair.server.methods).toEqual(['server/discover']);
  });

  test.each([[undefined], [null], [{}], [{ supported: 'all' }], [{ supported: [] }]])(
    'and says nothing useful about those it takes (%j) gets the handshake',
    async (data) => {
      const script = legacyScript('2025-11-25', { 'server/discover': refuse(-32022, 'Unsupported', data) });
      await using pair = await ClientAndServer.create(script);
      expect(await pair.client.connect()).toMatchObject({ era: 'legacy' });
    },
  );

  test('-32021 says what the client would have to be able to do, and is not tried again', async () => {
    const discover = refuse(-32021, 'Missing capability', { requiredCapabilities: { elicitation: {} } });
    const options = { retryInitialConnect: true };
    await using pair = await ClientAndServer.create(modernScript({ 'server/discover': discover }), options);
    await expect(pair.client.connect()).rejects.toMatchObject({
      name: 'MCPCapabilityError',
      errorCode: -32021,
      details: { required: ['elicitation'] },
      message: expect.stringContaining('elicitation') as string,
    });
    expect(pair.server.methods).toEqual(['server/discover']);
  });
});

describe('the handshake', () => {
  test.each(LEGACY_REVISIONS)('a server that answers %s is spoken to in it', async (version) => {
    await using pair = await ClientAndServer.create(legacyScript(version, { 'tools/list': answer({ tools: [] }) }));
    expect(await pair.client.connect()).toMatchObject({ era: 'legacy', protocolVersion: version });
    expect(await pair.client.listTools()).toEqual([]);
    expect(pair.server.received.at(-1)).toEqual({
      jsonrpc: '2.0',
      id: expect.any(Number) as number,
      method: 'tools/list',
    });
  });

  test.each(['2024-10-07', '2099-01-01', '1.0', '2026-07-28'])(
    'a server that answers %s is left, and the error names both sides',
    async (version) => {
      await using pair = await ClientAndServer.create(
        legacyScript('2025-11-25', { initialize: answer(initializeResult(version)) }),
      );
      await expect(pair.client.connect()).rejects.toMatchObject({
        name: 'MCPProtocolError',
        code: 'MCP_UNSUPPORTED_VERSION',
        message: expect.stringMatching(`${version}.*2025-11-25`) as string,
        details: { supported: [version] },
      });
      expect(pair.client.state).toBe('closed');
      // In particular no notifications/initialized.
      expect(pair.server.methods).toEqual(['server/discover', 'initialize']);
    },
  );

  test('a refusal that lists an older version is followed by one more try with it', async () => {
    const initialize = inTurn(
      refuse(-32602, 'Unsupported protocol version', { supported: ['2024-11-05'], requested: '2025-11-25' }),
      answer(initializeResult('2024-11-05')),
    );
    await using pair = await ClientAndServer.create(legacyScript('2025-11-25', { initialize }));
    expect(await pair.client.connect()).toMatchObject({ protocolVersion: '2024-11-05' });
    const offered = pair.server.received.flatMap(({ params }) => params?.['protocolVersion'] ?? []);
    expect(offered).toEqual(['2025-11-25', '2024-11-05']);
  });

  test('an error without an id is shown, and is no reason to wait', async () => {
    const error = { code: -32600, message: 'The license has expired' };
    const initialize: Script[string] = () => [{ say: { jsonrpc: '2.0', error } }];
    await using pair = await ClientAndServer.create(legacyScript('2025-11-25', { initialize }));
    await expect(pair.client.connect()).rejects.toMatchObject({
      errorCode: -32600,
      message: expect.stringContaining('The license has expired') as string,
    });
    expect(pair.clock.now()).toBe(1_000_000);
  });

  test('an error without an id belongs to neither negotiation request when both are open', async () => {
    await using pair = await ClientAndServer.create();
    const { client, server, clock, announced } = pair;
    const connecting = client.connect();
    await server.receive('server/discover');
    await clock.advance(5_000);
    const handshake = await server.receive('initialize');
    server.send({ jsonrpc: '2.0', error: { code: -32600, message: 'What?' } });
    await clock.settle();
    expect(client.state).toBe('initializing');
    expect(announced.error).toMatchObject([{ code: 'MCP_RPC_ERROR', errorCode: -32600 }]);
    server.respond(handshake, initializeResult());
    expect(await connecting).toMatchObject({ era: 'legacy' });
  });

  test('that is refused by a server whose modern answer was spoiled has what was wrong with that for its cause', async () => {
    const script = modernScript({
      'server/discover': answer(discoverResult({ capabilities: undefined })),
      initialize: refuse(-32022, 'Only 2026-07-28 is spoken here', { supported: ['2026-07-28'] }),
    });
    await using pair = await ClientAndServer.create(script);
    await expect(pair.client.connect()).rejects.toMatchObject({
      errorCode: -32022,
      cause: {
        code: 'MCP_INVALID_RESULT',
        message: expect.stringContaining('server/discover: capabilities') as string,
      },
    });
  });

  test('the error of the server is shown', async () => {
    const initialize = refuse(-32603, 'The license has expired');
    await using pair = await ClientAndServer.create(legacyScript('2025-11-25', { initialize }));
    await expect(pair.client.connect()).rejects.toMatchObject({
      name: 'MCPProtocolError',
      errorCode: -32603,
      message: expect.stringContaining('The license has expired') as string,
    });
  });

  test('an answer that is none names the field', async () => {
    const initialize = answer({ protocolVersion: '2025-11-25', serverInfo: { name: 'n', version: '1' } });
    await using pair = await ClientAndServer.create(legacyScript('2025-11-25', { initialize }));
    await expect(pair.client.connect()).rejects.toMatchObject({
      code: 'MCP_INVALID_RESULT',
      details: { method: 'initialize', path: 'capabilities' },
    });
  });

  test('only responses to pings are sent before its end, and log messages are emitted', async () => {
    await using pair = await ClientAndServer.create(byHand({ 'tools/list': answer({ tools: [] }) }), {
      era: 'legacy',
      record: ['log'],
    });
    const { client, server, clock, announced } = pair;
    const connecting = client.connect();
    const listing = client.listTools();
    const handshake = await server.receive('initialize');
    server.send({ jsonrpc: '2.0', id: 'early', method: 'ping' });
    expect(await server.receiveResponse()).toEqual({ jsonrpc: '2.0', id: 'early', result: {} });
    server.notify('notifications/message', { level: 'info', data: 'starting' });
    await announced.first('log');
    await clock.advance(10_000);
    expect(server.methods).toEqual(['initialize', '(result)']);
    server.respond(handshake, initializeResult());
    await Promise.all([connecting, listing]);
    expect(server.methods).toEqual(['initialize', '(result)', 'notifications/initialized', 'tools/list']);
  });

  test('aborting it sends nothing: initialize must not be cancelled', async () => {
    await using pair = await ClientAndServer.create(byHand(), { era: 'legacy' });
    const { client, server, clock } = pair;
    const controller = new AbortController();
    const failing = expect(client.connect({ signal: controller.signal })).rejects.toBe('enough');
    await server.receive('initialize');
    controller.abort('enough');
    await failing;
    await clock.settle();
    expect(server.methods).toEqual(['initialize']);
    expect(client.state).toBe('closed');
  });
});
