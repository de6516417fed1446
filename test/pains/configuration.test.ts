import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { MCPClient, MCPConnection, MCPTimeoutError, StdioTransport } from '../../src/index.js';
import type { ConnectTarget } from '../../src/index.js';
import { scratchDirectory, serverFixture, textOf } from '../support/servers/fixture-servers.js';
import { errorFrom, isSettled } from '../support/outcomes.js';
import { SimulatedEnvironment } from '../support/simulated-environment.js';

jest.setTimeout(30_000);

const scratch = scratchDirectory();
const node = process.execPath;

/** A launcher that downloads for ever, and says so. It ends when its standard input does. */
function launcher(name: string): string {
  const directory = scratch('bin');
  mkdirSync(directory);
  const file = join(directory, name);
  writeFileSync(file, '#!/bin/sh\necho "npm http fetch GET 200 a-server" >&2\ncat >/dev/null\n');
  chmodSync(file, 0o755);
  return file;
}

describe('pain 42: "the config entry, option or first npx start is refused or ignored without a useful word"', () => {
  test('a first start that downloads has 60 seconds, and the error says what it was doing', async () => {
    const environment = new SimulatedEnvironment();
    let heard = (): void => undefined;
    const downloading = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const transport = new StdioTransport(launcher('npx'), ['-y', 'a-server'], { onStderr: heard });
    const client = new MCPClient(transport, { environment });
    expect(client.connectTimeout).toBe(60_000);
    const connecting = errorFrom(client.connect());
    await downloading;
    await environment.advance(59_999);
    expect(await isSettled(connecting)).toBe(false);
    await environment.advance(1);
    const error = await connecting;
    expect(error).toBeInstanceOf(MCPTimeoutError);
    expect(error).toMatchObject({
      code: 'MCP_TIMEOUT',
      message: 'Connecting took longer than 60000 ms: at a first start `npx` may still be downloading the server',
      details: { timeout: 60_000, phase: 'connecting', launcher: 'npx', command: transport.command },
      stderr: 'npm http fetch GET 200 a-server\n',
    });
    expect(error.explain()).toMatch(/stderr: npm http fetch GET 200 a-server[^]*Hint: .*once in a terminal with `npx`/);
    expect(client.explain()).toContain('npm http fetch GET 200 a-server');
    await client.close();
  });

  test.each<[what: string, connectTimeout: (target: ConnectTarget) => number, expected: number]>([
    ['a client', (target) => new MCPClient(target).connectTimeout, 60_000],
    ['a client with connectTimeout', (target) => new MCPClient(target, { connectTimeout: 5 }).connectTimeout, 5],
    ['a client with timeout', (target) => new MCPClient(target, { timeout: 5 }).connectTimeout, 5],
    ['a connection', (target) => new MCPConnection('a', target).connectTimeout, 60_000],
    [
      'a connection with connectTimeout',
      (target) => new MCPConnection('a', target, { connectTimeout: 5 }).connectTimeout,
      5,
    ],
    [
      'a connection with connectionTimeout',
      (target) => new MCPConnection('a', target, { connectionTimeout: 5 }).connectTimeout,
      5,
    ],
  ])('%s waits for a first start for the given connectTimeout, or 60 seconds', (_what, connectTimeout, expected) => {
    expect(connectTimeout({ command: 'docker', args: ['run', '-i', 'image'] })).toBe(expected);
    expect(connectTimeout(new StdioTransport('cmd', ['/c', 'npx', 'a-server']))).toBe(expected);
  });

  test('a server that no launcher starts has 30 seconds, and the time-out carries what it wrote as well', async () => {
    const script = 'process.stderr.write("waiting for the database"); process.stdin.resume()';
    let heard = (): void => undefined;
    const waiting = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const environment = new SimulatedEnvironment();
    const transport = new StdioTransport(node, ['-e', script], { onStderr: heard });
    const client = new MCPClient(transport, { environment });
    expect(client.connectTimeout).toBe(30_000);
    const connecting = errorFrom(client.connect());
    await waiting;
    await environment.advance(30_000);
    expect(await connecting).toMatchObject({
      message: 'Connecting took longer than 30000 ms',
      stderr: 'waiting for the database',
    });
    await client.close();
  });

  test('the time-out shows no value of `env` that the server wrote', async () => {
    let heard = (): void => undefined;
    const told = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const script = 'process.stderr.write(process.env.TOKEN); process.stdin.resume()';
    const environment = new SimulatedEnvironment();
    const transport = new StdioTransport(node, ['-e', script], { env: { TOKEN: 'hunter22' }, onStderr: heard });
    const client = new MCPClient(transport, { environment });
    const connecting = errorFrom(client.connect());
    await told;
    await environment.advance(30_000);
    expect(await connecting).toMatchObject({ stderr: '[redacted]' });
    await client.close();
  });

  test('an entry with the keys of other programs, nulls and numbers is taken', async () => {
    const entry = {
      command: node,
      args: [serverFixture('tools')],
      env: { PORT: 3_000, DEBUG: true },
      url: undefined,
      cwd: null,
      disabled: false,
      autoApprove: [],
      timeout: 60,
    };
    await using client = await MCPClient.connect(entry);
    expect(textOf(await client.callTool('env', { name: 'PORT' }))).toBe('3000');
    expect(textOf(await client.callTool('env', { name: 'DEBUG' }))).toBe('true');
  });

  test('an option that does not exist is refused with the one that was meant', async () => {
    const entry = { command: node, args: [serverFixture('tools')] };
    const error = await errorFrom(MCPClient.connect(entry, { timout: 5 } as object));
    expect(error.message).toBe('MCPClient has no option "timout". Did you mean "timeout"?');
  });

  test('a whole file, an address and a command line are refused with what to write instead', async () => {
    const file = { mcpServers: { github: { command: 'npx' } } } as object as ConnectTarget;
    expect((await errorFrom(MCPClient.connect(file))).message).toContain('file.mcpServers["github"]');
    expect((await errorFrom(MCPClient.connect('localhost:3000/mcp'))).message).toContain('"http://localhost:3000/mcp"');
    expect((await errorFrom(MCPClient.connect('npx -y a-server'))).message).toContain('{ command: "npx", args: […] }');
  });
});
