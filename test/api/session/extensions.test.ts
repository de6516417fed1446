import { clientCredentials, enterprise, oauth, workloadIdentity } from '../../../src/auth/index.js';
import type { OAuth, UnattendedGrant } from '../../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../../src/index.js';
import type { MCPClientOptions } from '../../../src/index.js';
import { isExtensionIdentifier } from '../../../src/protocol/extensions.js';
import { ClientAndServer } from '../../support/scripted-clients.js';
import { RecordedLines, replayed } from '../../support/recordings.js';
import { createScriptedServer } from '../../../src/testing/index.js';
import { modernServer, ScriptedHttpServer } from '../../support/servers/http-server.js';
import { answer, discoverResult, legacyScript, modernScript } from '../../support/servers/scripts.js';

const UI = 'io.modelcontextprotocol/ui';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';

describe('the extensions of a client', () => {
  test('are sent to a modern server with every request, as they were when the client was made', async () => {
    const settings = { mimeTypes: ['text/html;profile=mcp-app'] };
    const extensions = { [UI]: settings, 'com.example/plain': {} };
    const script = modernScript({ 'tools/list': answer({ resultType: 'complete', tools: [] }) });
    await using pair = await ClientAndServer.create(script, { extensions });
    settings.mimeTypes.push('image/png');
    await pair.client.connect();
    await pair.client.listTools();
    const told = { extensions: { [UI]: { mimeTypes: ['text/html;profile=mcp-app'] }, 'com.example/plain': {} } };
    expect(pair.server.methods).toEqual(['server/discover', 'tools/list']);
    for (const { params } of pair.server.received) expect(params?.['_meta']).toMatchObject({ [CAPABILITIES]: told });
  });

  test('are sent to a legacy server with the handshake', async () => {
    await using pair = await ClientAndServer.connect(legacyScript(), { era: 'legacy', extensions: { [UI]: {} } });
    expect(pair.server.received[0]?.params?.['capabilities']).toEqual({ extensions: { [UI]: {} } });
  });

  test('are not sent by default', async () => {
    await using pair = await ClientAndServer.connect(modernScript());
    expect(pair.server.received[0]?.params?.['_meta']).toMatchObject({ [CAPABILITIES]: {} });
    expect(JSON.stringify(pair.server.received)).not.toContain('extensions');
  });

  test('are recorded and replayed', async () => {
    const recording = new RecordedLines();
    await using server = createScriptedServer({ handlers: { 'test/own': () => ({}) } });
    const record = { write: recording.write };
    const client = new MCPClient(server.transport, { extensions: { [UI]: { secret: 'of mine' } }, record });
    await client.connect();
    await client.request('test/own');
    await client.close();
    expect(recording.text).not.toContain('of mine');
    const { calls } = await replayed(recording.read());
    expect(calls.map(({ name }) => name)).toEqual(['connect', 'submit test/own', 'disconnect']);
  });
});

describe('the extension of a grant without a person', () => {
  const CREDENTIALS = 'io.modelcontextprotocol/oauth-client-credentials';
  const assertion = () => 'assertion';
  const identity = () => ({ token: 'token', type: 'id_token' }) as const;
  const idp = { tokenEndpoint: 'https://idp.example/token', clientId: 'client' };
  const client = { id: 'client', secret: 'secret' };

  /** What a client sends to a server that requires no token. */
  async function announced(auth: OAuth, extensions?: MCPClientOptions['extensions']): Promise<unknown> {
    const server = await ScriptedHttpServer.start(modernServer(() => false));
    const mcp = await MCPClient.connect(new HttpTransport(server.url, { auth }), { extensions });
    await mcp.callTool('buy');
    await mcp.close();
    await server.close();
    const [first, ...others] = server.visits.map(({ message }) => {
      const meta = message.params?.['_meta'] as Record<string, unknown> | undefined;
      return (meta?.[CAPABILITIES] as { extensions?: unknown } | undefined)?.extensions;
    });
    expect(others.length).toBeGreaterThan(0);
    for (const other of others) expect(other).toEqual(first);
    return first;
  }

  test.each<[string, UnattendedGrant]>([
    [CREDENTIALS, clientCredentials()],
    ['io.modelcontextprotocol/auth/wif', workloadIdentity({ assertion })],
    ['io.modelcontextprotocol/enterprise-managed-authorization', enterprise({ idp, identity })],
  ])('%s is announced with every request, beside those of the user', async (name, grant) => {
    expect(await announced(oauth({ grant, client }), { [UI]: { a: 1 } })).toEqual({ [UI]: { a: 1 }, [name]: {} });
    expect(await announced(oauth({ grant, client }))).toEqual({ [name]: {} });
  });

  test('is not changed if the user has set it', async () => {
    const extensions = { [CREDENTIALS]: { mine: true } };
    expect(await announced(oauth({ grant: clientCredentials(), client }), extensions)).toEqual(extensions);
  });

  test('and that of tokens that are always bound to a key are both announced', async () => {
    expect(await announced(oauth({ grant: clientCredentials(), client, dpop: true }))).toEqual({
      [CREDENTIALS]: {},
      'io.modelcontextprotocol/auth/dpop': {},
    });
    expect(await announced(oauth({ dpop: 'auto' }))).toBeUndefined();
  });

  test('is not announced with a grant of a person', async () => {
    expect(await announced(oauth())).toBeUndefined();
  });
});

test('the extensions of a server are among its capabilities, with their settings', async () => {
  const capabilities = { extensions: { [UI]: { anything: true } } };
  await using pair = await ClientAndServer.create(
    modernScript({ 'server/discover': answer(discoverResult({ capabilities })) }),
  );
  expect((await pair.client.connect()).capabilities).toEqual(capabilities);
});

test.each(['io.modelcontextprotocol/ui', 'com.example/My_ext-1.0', 'a/b', 'x-1.y2/Z'])(
  '%s names an extension',
  (name) => {
    expect(isExtensionIdentifier(name)).toBe(true);
  },
);

test.each([
  'ui',
  '/ui',
  'com.example/',
  '1com/x',
  'com..example/x',
  'com-/x',
  'com.example/-x',
  'com.example/x.',
  'com.example/x/y',
  'com.example/x y',
  'com.éxample/x',
  `com.example/${'x'.repeat(300)}`,
])('%s does not', (name) => {
  expect(isExtensionIdentifier(name)).toBe(false);
});
