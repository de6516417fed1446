import { inspect } from 'node:util';

import { MCPClient, MCPError, MemoryTransport } from '../../src/index.js';
import type { ConnectTarget } from '../../src/index.js';
import { serverFixture, textOf } from '../support/fixture-servers.js';
import { errorFrom } from '../support/outcomes.js';
import { legacyScript, serverWith } from '../support/scripts.js';

jest.setTimeout(30_000);

const command = process.execPath;
const args = [serverFixture('tools')];

describe('MCPClient.connect()', () => {
  test('takes a transport', async () => {
    await using server = await serverWith(legacyScript());
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

  test.each<[string, unknown, string[]]>([
    ['no command', {}, ['command: invalid_type']],
    ['an empty command', { command: '' }, ['command: too_small']],
    ['a command that is a list', { command: ['npx', 'server'] }, ['command: invalid_type']],
    ['arguments that are one text', { command, args: '--token hunter22' }, ['args: invalid_type']],
    ['an argument that is a number', { command, args: ['--port', 3000] }, ['args.1: invalid_type']],
    ['a variable that is a number', { command, env: { PORT: 3000, TOKEN: 'hunter22' } }, ['env.PORT: invalid_type']],
    ['another type', { command, type: 'hunter22' }, ['type: invalid_value']],
    ['a directory that is a number', { command, cwd: 7 }, ['cwd: invalid_type']],
    ['several faults', { command: 7, args: [7] }, ['command: invalid_type', 'args.0: invalid_type']],
    ['nothing', undefined, ['the entry: invalid_type']],
    ['null', null, ['the entry: invalid_type']],
    ['a number', 7, ['the entry: invalid_type']],
    ['a list', ['npx'], ['the entry: invalid_type']],
  ])('refuses an entry with %s, names the place, and shows no value', async (_what, target, problems) => {
    const error = await errorFrom(MCPClient.connect(target as ConnectTarget));
    expect(error).toBeInstanceOf(MCPError);
    expect(error).toMatchObject({ code: 'MCP_INVALID_PARAMS', delivery: 'not-sent', details: { problems } });
    expect(error.message).toBe(`Invalid server entry: ${problems.join(', ')}`);
    expect(inspect(error, { depth: 10 })).not.toContain('hunter22');
  });

  test('refuses options before anything is started', async () => {
    const [transport] = MemoryTransport.pair();
    const error = await errorFrom(MCPClient.connect(transport, { timeout: 0 }));
    expect(error).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { name: 'timeout' } });
    expect(transport.connected).toBe(false);
  });
});
