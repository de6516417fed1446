import { ClientAndServer } from '../support/scripted-clients.js';
import { answer, initializeResult, legacyScript, silence } from '../support/servers/scripts.js';

describe('an answer that is no proper message', () => {
  test.each<[what: string, broken: object, field: string]>([
    ['whose result is null', { result: null }, 'result'],
    ['whose result is a list', { result: [] }, 'result'],
    ['with a result and an error', { result: {}, error: { code: 1, message: 'No' } }, 'error'],
    ['with neither result nor error', {}, 'a message'],
  ])('%s fails its call at once, and no other', async (_what, broken, field) => {
    await using pair = await ClientAndServer.connect(legacyScript('2025-11-25', { 'tools/call': silence }));
    const { client, server, announced } = pair;
    const [calling, other] = [client.callTool('one'), client.callTool('other')];
    const [first, second] = [await server.receive('tools/call'), await server.receive('tools/call')];
    server.send({ jsonrpc: '2.0', id: first.id, ...broken });
    await expect(calling).rejects.toMatchObject({
      name: 'MCPProtocolError',
      code: 'MCP_INVALID_MESSAGE',
      delivery: 'answered',
      details: { field },
    });
    server.respond(second, { content: [] });
    expect(await other).toEqual({ content: [] });
    expect(announced.warning).toEqual([]);
  });

  test('is a warning when no request has its id', async () => {
    await using pair = await ClientAndServer.connect(legacyScript());
    const { server, announced } = pair;
    server.send({ jsonrpc: '2.0', id: 4_711, result: null });
    server.send({ jsonrpc: '2.0', id: null, result: {} });
    await announced.first('warning', 2);
    expect(announced.warning).toMatchObject([{ code: 'MCP_INVALID_MESSAGE' }, { code: 'MCP_INVALID_MESSAGE' }]);
  });

  test('to server/discover does not mean the modern era: the client sends initialize at once', async () => {
    await using pair = await ClientAndServer.create(
      legacyScript('2025-11-25', {
        'server/discover': ({ id }) => [{ say: { jsonrpc: '2.0', id, result: 'yes' } }],
        initialize: answer(initializeResult()),
      }),
    );
    expect(await pair.client.connect()).toMatchObject({ era: 'legacy' });
    expect(pair.server.methods).toEqual(['server/discover', 'initialize', 'notifications/initialized']);
  });
});
