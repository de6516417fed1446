import { LEGACY_REVISIONS } from '../../../src/protocol/revisions.js';
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

const discover = answer(discoverResult());

/** Answers `initialize` as modern servers do. */
const modernOnly = refuse(-32022, 'Only 2026-07-28 is spoken here', { supported: ['2026-07-28'] });

/** A server of both eras. */
const dual = legacyScript('2025-11-25', {
  'server/discover': discover,
  initialize: ({ params }) => answer(initializeResult(params?.['protocolVersion'] as string)),
});

describe('the option era', () => {
  test('legacy does not send server/discover', async () => {
    await using pair = await ClientAndServer.create(dual, { era: 'legacy' });
    expect(await pair.client.connect()).toMatchObject({ era: 'legacy', protocolVersion: '2025-11-25' });
    await pair.server.receive('notifications/initialized');
    expect(pair.server.methods).toEqual(['initialize', 'notifications/initialized']);
  });

  test.each(LEGACY_REVISIONS)('%s: it is what the handshake offers', async (era) => {
    await using pair = await ClientAndServer.create(dual, { era });
    expect(await pair.client.connect()).toMatchObject({ era: 'legacy', protocolVersion: era });
    expect(pair.server.received[0]).toMatchObject({ method: 'initialize', params: { protocolVersion: era } });
  });

  test('a revision: a server that answers another is left', async () => {
    await using pair = await ClientAndServer.create(legacyScript('2025-06-18'), { era: '2025-11-25' });
    await expect(pair.client.connect()).rejects.toMatchObject({
      code: 'MCP_UNSUPPORTED_VERSION',
      details: { supported: ['2025-06-18'], requested: ['2025-11-25'] },
    });
  });

  test('legacy: a modern server cannot be used, and the error shows what it says', async () => {
    await using pair = await ClientAndServer.create(modernScript({ initialize: modernOnly }), { era: 'legacy' });
    await expect(pair.client.connect()).rejects.toMatchObject({
      name: 'MCPProtocolError',
      errorCode: -32022,
      message: expect.stringContaining('Only 2026-07-28 is spoken here') as string,
    });
    expect(pair.server.methods).toEqual(['initialize']);
  });

  test.each(['modern', '2026-07-28'] as const)('%s: the handshake is not tried', async (era) => {
    await using pair = await ClientAndServer.create(legacyScript(), { era });
    await expect(pair.client.connect()).rejects.toMatchObject({
      name: 'MCPProtocolError',
      code: 'MCP_UNSUPPORTED_VERSION',
      errorCode: -32601,
      cause: { code: 'MCP_RPC_ERROR', errorCode: -32601 },
    });
    expect(pair.server.methods).toEqual(['server/discover']);
  });

  test('modern: silence lasts until the deadline of connect()', async () => {
    await using pair = await ClientAndServer.create(byHand(), { era: 'modern' });
    const failing = expect(pair.client.connect()).rejects.toMatchObject({ name: 'MCPTimeoutError' });
    await pair.server.receive('server/discover');
    await pair.clock.advance(30_000);
    await failing;
    expect(pair.server.methods).toEqual(['server/discover']);
  });

  test('a revision that this client does not know is refused at once', async () => {
    await expect(ClientAndServer.create(dual, { era: '2099-01-01' as never })).rejects.toMatchObject({
      code: 'MCP_INVALID_PARAMS',
      message: expect.stringContaining('era') as string,
    });
  });
});

describe('the option priorEra', () => {
  test('legacy saves server/discover', async () => {
    await using pair = await ClientAndServer.create(dual, { priorEra: 'legacy' });
    expect(await pair.client.connect()).toMatchObject({ era: 'legacy' });
    await pair.server.receive('notifications/initialized');
    expect(pair.server.methods).toEqual(['initialize', 'notifications/initialized']);
  });

  test('modern asks as always', async () => {
    await using pair = await ClientAndServer.create(dual, { priorEra: 'modern' });
    expect(await pair.client.connect()).toMatchObject({ era: 'modern' });
    expect(pair.server.methods).toEqual(['server/discover']);
  });

  test.each([
    ['refuses', refuse(-32601)],
    ['does not understand', answer({})],
  ])('modern is wrong about a server that %s server/discover, and the handshake follows', async (_what, reaction) => {
    const script = legacyScript('2025-11-25', { 'server/discover': reaction });
    await using pair = await ClientAndServer.create(script, { priorEra: 'modern' });
    expect(await pair.client.connect()).toMatchObject({ era: 'legacy' });
  });

  test('modern is wrong about a server that does not answer server/discover, too', async () => {
    const script = legacyScript('2025-11-25', { 'server/discover': silence });
    await using pair = await ClientAndServer.create(script, { priorEra: 'modern' });
    const connecting = pair.client.connect();
    await pair.server.receive('server/discover');
    await pair.clock.advance(5_000);
    expect(await connecting).toMatchObject({ era: 'legacy' });
  });

  test('legacy is wrong about a server that has become modern, and server/discover follows', async () => {
    await using pair = await ClientAndServer.create(modernScript({ initialize: modernOnly }), { priorEra: 'legacy' });
    expect(await pair.client.connect()).toMatchObject({ era: 'modern' });
    expect(pair.server.methods).toEqual(['initialize', 'server/discover']);
  });

  test('legacy with a server that does not work sends both negotiation requests, and the last error counts', async () => {
    const script = { initialize: inTurn(refuse(-32603, 'Not now'), refuse(-32603, 'Not at all')) };
    await using pair = await ClientAndServer.create(script, { priorEra: 'legacy' });
    await expect(pair.client.connect()).rejects.toMatchObject({
      errorCode: -32603,
      message: expect.stringContaining('Not at all') as string,
    });
    expect(pair.server.methods).toEqual(['initialize', 'server/discover', 'initialize']);
  });
});

describe('what was found out', () => {
  test('is remembered when a lost link is opened again: a legacy server is not asked twice', async () => {
    await using pair = await ClientAndServer.connect(legacyScript(), { autoReconnect: true });
    const { client, server, clock, announced } = pair;
    await server.receive('notifications/initialized');
    server.hangUp();
    await announced.until(() => client.state === 'reconnecting');
    await clock.advance(1_000);
    await server.receive('notifications/initialized');
    expect(client).toMatchObject({ era: 'legacy', state: 'ready' });
    expect(server.methods).toEqual([
      'server/discover',
      'initialize',
      'notifications/initialized',
      'initialize',
      'notifications/initialized',
    ]);
    const ids = server.received.flatMap(({ id }) => id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('is remembered over disconnect() and connect()', async () => {
    await using pair = await ClientAndServer.connect(legacyScript('2025-03-26'));
    const { client, server } = pair;
    await client.disconnect();
    expect(await client.connect()).toMatchObject({ era: 'legacy', protocolVersion: '2025-03-26' });
    expect(server.methods.filter((method) => method === 'server/discover')).toHaveLength(1);
  });

  test('does not keep a server from having been renewed: modern after legacy', async () => {
    const script = {
      'server/discover': inTurn(refuse(-32601), discover),
      initialize: inTurn(answer(initializeResult()), modernOnly),
    };
    await using pair = await ClientAndServer.connect(script, { autoReconnect: true });
    const { client, server, clock, announced } = pair;
    await server.receive('notifications/initialized');
    server.hangUp();
    await announced.until(() => client.state === 'reconnecting');
    await clock.advance(1_000);
    expect(client).toMatchObject({ era: 'modern', state: 'ready' });
    expect(server.methods.slice(3)).toEqual(['initialize', 'server/discover']);
  });

  test('does not keep a server from having been set back: legacy after modern', async () => {
    const script = legacyScript('2025-11-25', { 'server/discover': inTurn(discover, refuse(-32601)) });
    await using pair = await ClientAndServer.connect(script, { autoReconnect: true });
    const { client, server, clock, announced } = pair;
    expect(client.era).toBe('modern');
    server.hangUp();
    await announced.until(() => client.state === 'reconnecting');
    await clock.advance(1_000);
    expect(client).toMatchObject({ era: 'legacy', state: 'ready' });
  });

  test('a modern server that disappears during server/discover is not taken for legacy', async () => {
    const script = legacyScript('2025-11-25', { 'server/discover': inTurn(discover, [{ end: 1 }], discover) });
    await using pair = await ClientAndServer.connect(script, { autoReconnect: true });
    const { client, server, clock, announced } = pair;
    server.hangUp();
    await announced.until(() => client.state === 'reconnecting');
    await clock.advance(5_000);
    expect(client).toMatchObject({ era: 'modern', state: 'ready' });
    expect(server.methods).toEqual(['server/discover', 'server/discover', 'server/discover']);
  });
});
