import { inspect } from 'node:util';

import {
  HttpTransport,
  MCPClient,
  MCPConnection,
  MCPError,
  MCPProtocol,
  MemoryTransport,
  SseTransport,
  StdioTransport,
  WebSocketTransport,
} from '../../../src/index.js';
import type { ConnectTarget, MCPTransport } from '../../../src/index.js';
import { serverFixture, textOf } from '../../support/servers/fixture-servers.js';
import { errorFrom, errorThrownBy } from '../../support/outcomes.js';
import { legacyScript, scriptedServer } from '../../support/servers/scripts.js';

jest.setTimeout(30_000);

const command = process.execPath;
const args = [serverFixture('tools')];

describe('MCPClient.connect()', () => {
  test('takes a transport', async () => {
    await using server = await scriptedServer(legacyScript());
    await using client = await MCPClient.connect(server.transport, { timeout: 1_234 });
    expect(client).toMatchObject({ state: 'ready', timeout: 1_234 });
    expect(client.transport).toBe(server.transport);
  });

  test('takes an entry of an mcpServers file', async () => {
    const entry = { command, args, env: { GREETING: 'hello' }, cwd: '/', type: 'stdio' };
    await using client = await MCPClient.connect(entry);
    expect(textOf(await client.callTool('env', { name: 'GREETING' }))).toBe('hello');
    expect(textOf(await client.callTool('cwd'))).toBe('/');
  });

  test('takes an entry with a command alone, and does not mind what it does not know', async () => {
    const entry = { command: '/no/such/program', disabled: false, alwaysAllow: ['x'] };
    expect(await errorFrom(MCPClient.connect(entry))).toMatchObject({ code: 'MCP_SPAWN_FAILED' });
  });

  test.each<[string, unknown, name: string, expected: string, received: string]>([
    ['an empty command', { command: '' }, 'command', 'a string that is not empty', 'an empty string'],
    ['a command that is a list', { command: ['npx', 'server'] }, 'command', 'with its arguments beside it', 'an array'],
    ['arguments that are one text', { command, args: '--token hunter22' }, 'args', 'an array of strings', 'a string'],
    ['an argument that is an object', { command, args: ['--port', {}] }, 'args[1]', 'a string', 'an object'],
    ['an argument that is null', { command, args: [null] }, 'args[0]', 'a string', 'null'],
    ['a variable that is an object', { command, env: { A: {}, TOKEN: 'hunter22' } }, 'env.A', 'a string', 'an object'],
    [
      'a variable that is NaN',
      { command, env: { A: NaN } },
      'env.A',
      'a string, a number, a boolean or undefined',
      'NaN',
    ],
    ['another type', { command, type: 'hunter22' }, 'type', 'one of "stdio"', 'another string'],
    ['a directory that is a number', { command, cwd: 7 }, 'cwd', 'a string that is not empty', '7'],
  ])(
    'refuses an entry with %s, names the place, and shows no value',
    async (_what, target, name, expected, received) => {
      const error = await errorFrom(MCPClient.connect(target as ConnectTarget));
      expect(error).toBeInstanceOf(MCPError);
      expect(error).toMatchObject({
        code: 'MCP_INVALID_PARAMS',
        delivery: 'not-sent',
        details: { field: name, received },
      });
      expect(error.details.expected).toContain(expected);
      expect(inspect(error, { depth: 10 })).not.toContain('hunter22');
    },
  );

  test('takes nulls for what is absent, and numbers and booleans for text', async () => {
    const entry = {
      command,
      args: [...args, 3_000, true],
      env: { PORT: 3_000, DEBUG: true, HOME: null },
      cwd: null,
      url: undefined,
      type: null,
    };
    const client = new MCPClient(entry);
    expect(client.transport).toMatchObject({ args: [...args, '3000', 'true'] });
    expect((client.transport as StdioTransport).env).toEqual({ PORT: '3000', DEBUG: 'true', HOME: undefined });
    await client.connect();
    await using _client = client;
    expect(textOf(await client.callTool('env', { name: 'PORT' }))).toBe('3000');
    expect(textOf(await client.callTool('env', { name: 'DEBUG' }))).toBe('true');
  });

  test('refuses options before anything is started', async () => {
    const [transport] = MemoryTransport.pair();
    const error = await errorFrom(MCPClient.connect(transport, { timeout: 0 }));
    expect(error).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field: 'timeout' } });
    expect(transport.connected).toBe(false);
  });
});

describe('constructing', () => {
  test.each<[string, (target: ConnectTarget) => { readonly transport: MCPTransport }]>([
    ['MCPClient', (target) => new MCPClient(target)],
    ['MCPConnection', (target) => new MCPConnection('a', target)],
    ['MCPProtocol', (target) => new MCPProtocol(target)],
  ])('a %s takes every target, and refuses others at once', (_name, construct) => {
    const [given] = MemoryTransport.pair();
    expect(construct(given).transport).toBe(given);
    expect(construct('http://a.invalid/mcp').transport).toBeInstanceOf(HttpTransport);
    expect(construct(new URL('ws://a.invalid')).transport).toBeInstanceOf(WebSocketTransport);
    expect(construct({ command }).transport).toBeInstanceOf(StdioTransport);
    expect(construct({ url: 'http://a.invalid', type: 'sse' }).transport).toBeInstanceOf(SseTransport);
    const error = errorThrownBy(() => construct('localhost:3000/mcp'));
    expect(error.message).toContain('"http://localhost:3000/mcp"');
  });

  test('starts nothing before connect()', async () => {
    await using client = new MCPClient({ command, args });
    expect((client.transport as StdioTransport).pid).toBeUndefined();
    await client.connect();
    expect((client.transport as StdioTransport).pid).toEqual(expect.any(Number));
  });

  test('a connection and a protocol connect to an entry', async () => {
    await using connection = await MCPConnection.connect('a', { command, args });
    expect(connection.status).toBe('connected');
    await using protocol = await MCPProtocol.connect({ command, args });
    expect(protocol.initialized).toBe(true);
  });
});
