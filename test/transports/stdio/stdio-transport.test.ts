import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { StdioTransport } from '../../../src/transports/stdio/stdio-transport.js';
import type { StdioTransportOptions } from '../../../src/transports/stdio/stdio-transport.js';
import { LinkRecorder } from '../../support/link-recorder.js';
import { errorThrownBy } from '../../support/outcomes.js';
import { processFixture } from '../../support/servers/processes.js';
import { transportContract } from '../contract.js';

const node = process.execPath;

transportContract('StdioTransport', () => ({ transport: new StdioTransport(node, [processFixture('peer')]) }));

describe('constructing a StdioTransport', () => {
  test('what it was given can be read, and does not change with what the caller does afterwards', () => {
    const args = ['server.js', '--port', '0'];
    const env: Record<string, string | undefined> = { TOKEN: 'abc', GONE: undefined };
    const transport = new StdioTransport('node', args, { env, cwd: '/tmp', timeout: 5_000 });
    args.push('--more');
    env['TOKEN'] = 'other';
    expect(transport).toMatchObject({
      command: 'node',
      args: ['server.js', '--port', '0'],
      env: { TOKEN: 'abc', GONE: undefined },
      cwd: '/tmp',
      timeout: 5_000,
      framing: 'shared',
      connected: false,
      process: undefined,
      pid: undefined,
      stderrTail: '',
    });
  });

  test('everything but the command has a default', () => {
    expect(new StdioTransport('server')).toMatchObject({ args: [], env: undefined, cwd: undefined, timeout: 30_000 });
  });

  test('printing it shows no variable and no argument', () => {
    const transport = new StdioTransport('server', ['--key=hunter22'], { env: { TOKEN: 'hunter22' } });
    expect(inspect(transport, { depth: 10, showHidden: true })).not.toContain('hunter22');
    expect(JSON.stringify(transport)).not.toContain('hunter22');
  });

  test.each<[field: string, received: string, args: unknown[]]>([
    ['command', 'an empty string', ['']],
    ['command', 'undefined', []],
    ['command', 'a string with a zero byte', ['a\0b']],
    ['args', 'a string', ['server', '--flag']],
    ['args[1]', '7', ['server', ['--port', 7]]],
    ['options', 'null', ['server', [], null]],
    ['env', 'an array', ['server', [], { env: ['A=b'] }]],
    ['env.PORT', 'NaN', ['server', [], { env: { PORT: NaN } }]],
    ['env.LIST', 'an array', ['server', [], { env: { LIST: ['a'] } }]],
    ['command', 'a string', ['https://a.invalid/mcp']],
    ['env.KEY', 'a string with a zero byte', ['server', [], { env: { KEY: 'secret\0' } }]],
    ['env', 'a string', ['server', [], { env: { 'A=b': '' } }]],
    ['cwd', 'an empty string', ['server', [], { cwd: '' }]],
    ['timeout', '0', ['server', [], { timeout: 0 }]],
    ['timeout', 'NaN', ['server', [], { timeout: NaN }]],
    ['inheritEnv', 'a string', ['server', [], { inheritEnv: 'some' }]],
    ['maxMessageBytes', '1.5', ['server', [], { maxMessageBytes: 1.5 }]],
    ['onStderr', 'true', ['server', [], { onStderr: true }]],
    ['handleSignals', '1', ['server', [], { handleSignals: 1 }]],
  ])('refuses a wrong %s at once: %s', (field, received, args) => {
    const error = errorThrownBy(() => Reflect.construct(StdioTransport, args) as unknown);
    expect(error).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field, received } });
    const { message } = error;
    expect(message.startsWith(`StdioTransport: ${field} must be `)).toBe(true);
    expect(message.endsWith(`, got ${received}`)).toBe(true);
  });
});

describe('starting a server', () => {
  test('process and pid are those of the server while it is connected', async () => {
    const transport = new StdioTransport(node, [processFixture('peer')]);
    await transport.connect();
    expect(transport.pid).toBe(transport.process?.pid);
    expect(transport.pid).toEqual(expect.any(Number));
    await transport.disconnect();
    expect(transport).toMatchObject({ process: undefined, pid: undefined });
  });

  test.each([
    [
      'a program that is not there',
      new StdioTransport('no-such-program-anywhere', ['--key', 'hunter22']),
      'The server process "no-such-program-anywhere" could not be started: there is no such program (ENOENT)',
      { command: 'no-such-program-anywhere', errno: 'ENOENT' },
    ],
    [
      'a file that may not be executed',
      new StdioTransport(processFixture('peer'), ['--key', 'hunter22']),
      `The server process "${processFixture('peer')}" could not be started: it may not be executed (EACCES)`,
      { command: processFixture('peer'), errno: 'EACCES' },
    ],
    [
      'a directory that is not there',
      new StdioTransport(node, ['--key', 'hunter22'], { cwd: '/no/such/directory' }),
      `The server process "${node}" could not be started: its working directory "/no/such/directory" is not a directory that can be read (ENOENT)`,
      { command: node, cwd: '/no/such/directory', errno: 'ENOENT' },
    ],
    [
      'a directory that is a file',
      new StdioTransport(node, ['--key', 'hunter22'], { cwd: processFixture('peer') }),
      expect.stringContaining('is not a directory that can be read (ENOTDIR)') as string,
      { command: node, cwd: processFixture('peer'), errno: 'ENOTDIR' },
    ],
    [
      'more arguments than the system takes',
      new StdioTransport(
        node,
        Array.from({ length: 200 }, () => 'hunter22'.repeat(10_000)),
      ),
      expect.stringContaining('the system refused (E2BIG)') as string,
      { command: node, errno: 'E2BIG' },
    ],
  ])(
    '%s is an error that names the command and the reason, and none of the arguments',
    async (_, transport, message, details) => {
      const recorder = new LinkRecorder();
      const opening = transport.openLink(recorder.events, new AbortController().signal);
      await expect(opening).rejects.toEqual({
        kind: 'transport',
        code: 'MCP_SPAWN_FAILED',
        delivery: 'not-sent',
        message,
        details,
      });
      expect(transport.connected).toBe(false);
      expect(recorder.log).toEqual([]);
      expect(recorder.timers.size).toBe(0);
      const error: unknown = await transport.connect().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'MCPTransportError', code: 'MCP_SPAWN_FAILED', delivery: 'not-sent' });
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('hunter22');
    },
  );

  describe('with an environment and a directory', () => {
    async function report(options: StdioTransportOptions, args: string[] = [], command = node): Promise<Report> {
      await using transport = new StdioTransport(command, [processFixture('report'), ...args], options);
      await transport.connect();
      const message = (await transport.receiveMessage()) as unknown as { params: Report };
      return message.params;
    }

    interface Report {
      readonly args: string[];
      readonly env: Record<string, string>;
      readonly cwd: string;
    }

    beforeAll(() => {
      process.env['MCP_ACTORS_SECRET'] = 'hunter22';
    });

    afterAll(() => {
      delete process.env['MCP_ACTORS_SECRET'];
    });

    test('the server gets PATH and the like, and no secrets, and env is laid over that', async () => {
      const { env } = await report({ env: { TOKEN: 'abc', LANG: undefined } });
      expect(env).toMatchObject({ PATH: process.env['PATH'], TOKEN: 'abc' });
      expect(env).not.toHaveProperty('MCP_ACTORS_SECRET');
      expect(env).not.toHaveProperty('LANG');
    });

    test('a program is found on PATH also when env is given, even one that has lost PATH', async () => {
      for (const env of [{ ONE: '1' }, { PATH: undefined }]) {
        expect((await report({ env }, [], 'node')).env).toMatchObject({ PATH: process.env['PATH'] });
      }
    });

    test("inheritEnv 'all', 'none' and a list do what they say", async () => {
      expect((await report({ inheritEnv: 'all' })).env).toMatchObject({ MCP_ACTORS_SECRET: 'hunter22' });
      expect((await report({ inheritEnv: 'none', env: { A: 'b' } })).env).toEqual({ A: 'b' });
      expect((await report({ inheritEnv: ['MCP_ACTORS_SECRET'] })).env).toEqual({ MCP_ACTORS_SECRET: 'hunter22' });
    });

    test('the server runs in cwd', async () => {
      const directory = realpathSync(tmpdir());
      expect(await report({ cwd: directory })).toMatchObject({ cwd: directory });
      expect(path.resolve((await report({})).cwd)).toBe(process.cwd());
    });

    test('arguments arrive as they are: no shell reads them', async () => {
      const args = ['a b', '', '"quoted"', '$HOME', '*', '; echo pwned', 'é\n'];
      expect(await report({}, args)).toMatchObject({ args });
    });
  });
});
