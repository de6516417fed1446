import { MCPProtocolError } from '../../../src/index.js';
import { ClientAndServer } from '../../support/scripted-clients.js';
import { errorFrom } from '../../support/outcomes.js';
import { answer, legacyScript, modernScript, refuse } from '../../support/servers/scripts.js';
import type { Script, Step } from '../../support/servers/scripts.js';

const URI = 'test://gone';

/** What reading a resource fails with that the server refuses in this way. */
async function readingFailsWith(script: (more: Script) => Script, refusal: Step[]): Promise<unknown> {
  await using pair = await ClientAndServer.connect(script({ 'resources/read': refusal }));
  return await errorFrom(pair.client.readResource(URI));
}

const legacy = (more: Script): Script => legacyScript('2025-11-25', more);

describe('a resource that the server does not have', () => {
  test.each<[string, (more: Script) => Script, Step[]]>([
    ['a modern server with its uri', modernScript, refuse(-32_602, 'Resource not found', { uri: URI })],
    ['a modern server in the older way', modernScript, refuse(-32_002, 'Resource not found', { uri: URI })],
    ['a legacy server', legacy, refuse(-32_002, 'Resource not found', { uri: URI })],
    ['a legacy server without its uri', legacy, refuse(-32_002, 'Resource not found')],
    ['a legacy server in the newer way', legacy, refuse(-32_602, 'Resource not found', { uri: URI })],
  ])('has one code, whatever %s says', async (_, script, refusal) => {
    const error = await readingFailsWith(script, refusal);
    expect(error).toBeInstanceOf(MCPProtocolError);
    expect(error).toMatchObject({ code: 'MCP_RESOURCE_NOT_FOUND', delivery: 'answered', details: { uri: URI } });
  });

  test.each<[string, Step[]]>([
    ['parameters that the server does not like', refuse(-32_602, 'Invalid params')],
    ['parameters that are wrong for another reason', refuse(-32_602, 'Invalid params', { uri: 7 })],
    ['trouble of the server', refuse(-32_603, 'Internal error', { uri: URI })],
  ])('is not taken for %s', async (_, refusal) => {
    expect(await readingFailsWith(modernScript, refusal)).toMatchObject({ code: 'MCP_RPC_ERROR' });
  });

  test('is not one that is empty', async () => {
    await using pair = await ClientAndServer.connect(modernScript({ 'resources/read': answer({ contents: [] }) }));
    expect(await pair.client.readResource(URI)).toMatchObject({ contents: [] });
  });

  test('cannot be meant by other methods with the same codes', async () => {
    await using pair = await ClientAndServer.connect(legacy({ 'x/y': refuse(-32_002, 'Busy', { uri: URI }) }));
    expect(await errorFrom(pair.client.request('x/y'))).toMatchObject({ code: 'MCP_RPC_ERROR', errorCode: -32_002 });
  });

  test('has the code in the error of subscribe(), too', async () => {
    await using pair = await ClientAndServer.connect(legacy({ 'resources/subscribe': refuse(-32_002, 'Not found') }));
    const error = await errorFrom(pair.client.subscribe(URI));
    expect(error).toMatchObject({ code: 'MCP_RESOURCE_NOT_FOUND', errorCode: -32_002, details: { uri: URI } });
  });
});
