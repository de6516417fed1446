import { inspect } from 'node:util';

import { memoryTrustStore } from '../../src/config/index.js';
import { load } from './support/machine.js';

const stdio = (command: string): object => ({ command });

describe('loadServers', () => {
  it('reports the servers of a file that are left out because there are too many', async () => {
    const names = Array.from({ length: 1_002 }, (_, index) => `server${index}`);
    const mcpServers = Object.fromEntries(names.map((name) => [name, stdio('node')]));
    const { servers, problems } = await load({ '.mcp.json': { mcpServers } });
    expect(servers.size).toBe(1_000);
    expect(problems.filter(({ code }) => code === 'invalid-file').map(({ message }) => message)).toEqual([
      'the file has more than 1000 servers: the ones from here on are left out',
    ]);
  });

  it('hides a secret of an argument that begins with another one completely', async () => {
    const args = ['--api-key', 'marker', '--token=marker-of-a-token'];
    const { servers } = await load({ '.mcp.json': { mcpServers: { a: { command: 'node', args } } } });
    expect(servers.get('a')?.description.args).toEqual(['--api-key', '…', '--token=…']);
  });

  it('returns the entries of a project file with what MCPClient.connect takes', async () => {
    const { servers, problems } = await load({
      '.mcp.json': {
        mcpServers: {
          files: { command: 'npx', args: ['-y', 'server', 7], env: { ROOT: '/data' }, timeout: 5_000 },
          linear: { type: 'http', url: 'https://mcp.linear.app/mcp', headers: { 'X-Team': 'a' } },
          old: { type: 'sse', url: 'https://example.com/sse' },
          socket: { type: 'ws', url: 'wss://example.com/ws' },
        },
      },
    });
    expect(problems).toEqual([]);
    expect([...servers.values()].map(({ transport }) => transport)).toEqual(['stdio', 'http', 'sse', 'websocket']);
    expect(servers.get('files')?.target).toEqual({
      command: 'npx',
      args: ['-y', 'server', '7'],
      env: { ROOT: '/data' },
      cwd: '/home/ada/app',
    });
    expect(servers.get('files')?.options).toEqual({ timeout: 5_000 });
    expect(servers.get('linear')?.target).toEqual({
      type: 'http',
      url: 'https://mcp.linear.app/mcp',
      headers: { 'X-Team': 'a' },
    });
    expect(servers.get('old')?.source).toEqual({
      client: 'mcp-actors',
      file: '/home/ada/app/.mcp.json',
      line: 22,
      scope: 'project',
    });
  });

  it('uses the first entry with a name: of the nearest folder, then of the folders above, then of the user', async () => {
    const files = {
      'packages/a/.mcp.json': { mcpServers: { one: stdio('near') } },
      '.mcp.json': { mcpServers: { one: stdio('root'), two: stdio('root') } },
      '~/.mcp.json': { mcpServers: { four: stdio('above the repository') } },
      '~/.config/mcp-actors/mcp.json': { mcpServers: { two: stdio('user'), three: stdio('user') } },
      '~/.cursor/mcp.json': { mcpServers: { three: stdio('cursor') } },
    };
    const { servers, hidden } = await load(files, { cwd: '/home/ada/app/packages/a' });
    const commands = [...servers].map(([name, { description }]) => `${name}: ${description.command}`);
    expect(commands).toEqual(['one: near', 'two: root', 'three: user']);
    expect(hidden.map(({ name, source, hiddenBy }) => [name, source.file, hiddenBy?.file])).toEqual([
      ['one', '/home/ada/app/.mcp.json', '/home/ada/app/packages/a/.mcp.json'],
      ['two', '/home/ada/.config/mcp-actors/mcp.json', '/home/ada/app/.mcp.json'],
      ['three', '/home/ada/.cursor/mcp.json', '/home/ada/.config/mcp-actors/mcp.json'],
    ]);
  });

  it('reads only the sources that are named, and with `config` only one file', async () => {
    const files = {
      '.mcp.json': { mcpServers: { a: stdio('a') } },
      '.cursor/mcp.json': { mcpServers: { b: stdio('b') } },
      'other.json': { servers: { c: stdio('c') } },
    };
    const names = async (options: object): Promise<string[]> => [...(await load(files, options)).servers.keys()];
    expect(await names({ sources: ['cursor'] })).toEqual(['b']);
    expect(await names({ config: 'other.json' })).toEqual(['c']);
    const { servers, problems } = await load(files, { config: 'missing.json' });
    expect(servers.size).toBe(0);
    expect(problems).toMatchObject([{ code: 'file-unreadable', file: '/home/ada/app/missing.json', line: 1 }]);
  });

  it('keeps servers that are switched off, and servers that cannot be started with the reason', async () => {
    const { servers, problems } = await load({
      '.mcp.json': {
        mcpServers: {
          off: { command: 'a', disabled: true },
          both: { command: 'a', url: 'https://example.com' },
          none: { args: [] },
          strange: { type: 'carrier-pigeon', url: 'https://example.com' },
          unset: { command: 'a', env: { TOKEN: '${NO_SUCH}' } },
          wrong: { url: 'example' },
          text: 'a',
        },
      },
    });
    expect(servers.get('off')).toMatchObject({ enabled: false, target: { command: 'a' } });
    const codes = problems.map(({ server, code, level }) => `${server}: ${code} ${level}`);
    expect(codes).toEqual([
      'both: ambiguous-transport error',
      'none: no-transport error',
      'strange: unknown-type error',
      'unset: unset-variable error',
      'wrong: invalid-value error',
      'text: invalid-entry error',
    ]);
    const unusable = [...servers.values()].filter(({ target }) => target === undefined).map(({ name }) => name);
    expect(unusable).toEqual(['both', 'none', 'strange', 'unset', 'wrong', 'text']);
  });

  it('starts no server of a file with a syntax error, and shows the line', async () => {
    const { servers, problems } = await load({
      '~/.cursor/mcp.json': '{\n  "mcpServers": {\n    "a": { "command": "a", "args": ["--read-only\n  }\n}',
    });
    expect(servers.get('a')?.target).toBeUndefined();
    expect(problems[0]).toMatchObject({ code: 'syntax', line: 3, level: 'error' });
  });

  it('names unknown keys with the key that may be meant', async () => {
    const { problems } = await load({ '.mcp.json': { mcpServers: { a: { command: 'a', arg: ['x'] } } } });
    expect(problems).toMatchObject([{ code: 'unknown-key', level: 'warning', line: 5 }]);
    expect(problems[0]?.message).toBe('"arg" is not a key of this program. Did you mean "args"?');
  });

  it('reads comments, trailing commas and a byte order mark', async () => {
    const { servers, problems } = await load({
      '.vscode/mcp.json': '\ufeff{\n  // mine\n  "servers": { "a": { "command": "a", }, /* end */ },\n}',
    });
    expect(problems).toEqual([]);
    expect(servers.get('a')?.source).toMatchObject({ client: 'vscode', line: 3 });
  });

  it('reads our settings, and ignores invalid ones', async () => {
    const given = { lazy: true, idleTimeout: 1_000, era: 'legacy', replicas: 1.5, speed: 3 };
    const { servers, problems } = await load({
      '.mcp.json': { mcpServers: { a: { command: 'a', mcpActors: given } } },
    });
    expect(servers.get('a')?.settings).toEqual({ lazy: true, idleTimeout: 1_000, era: 'legacy' });
    expect(servers.get('a')?.options).toEqual({ era: 'legacy' });
    expect(problems.map(({ code, line }) => `${code} ${line}`).sort()).toEqual(['invalid-value 9', 'unknown-key 10']);
  });
});

describe('the option trust', () => {
  const files = {
    '.mcp.json': { mcpServers: { a: { command: 'sh', args: ['-c', 'touch x'], env: { A: '1' } }, b: stdio('b') } },
    '~/.cursor/mcp.json': { mcpServers: { mine: stdio('mine') } },
  };

  it('is necessary for entries of project files, and not for those of the user', async () => {
    const { servers, problems } = await load(files, { trust: undefined });
    expect(servers.get('a')).toMatchObject({ trusted: false, target: undefined });
    expect(servers.get('mine')).toMatchObject({ trusted: true, target: { command: 'mine' } });
    expect(problems.map(({ server, code }) => `${server} ${code}`)).toEqual(['a untrusted', 'b untrusted']);
  });

  it('is called once per file with what would be started, and remembers the agreement until the entry changes', async () => {
    const trustStore = memoryTrustStore();
    const asked: object[] = [];
    const trust = (entries: readonly object[]): boolean[] => {
      asked.push(...entries);
      return entries.map((_, index) => index === 0);
    };
    const first = await load(files, { trust, trustStore });
    expect(asked).toMatchObject([
      { name: 'a', command: 'sh', args: ['-c', 'touch x'], env: ['A'], changed: false, source: { line: 3 } },
      { name: 'b', command: 'b' },
    ]);
    expect([...first.servers.values()].map(({ trusted }) => trusted)).toEqual([true, false, true]);
    const again = await load(files, { trust: undefined, trustStore });
    expect(again.servers.get('a')?.target).toBeDefined();
    const changed = { '.mcp.json': { mcpServers: { a: { command: 'sh', args: ['-c', 'touch y'], env: { A: '1' } } } } };
    const after = await load(changed, { trust: undefined, trustStore });
    expect(after.servers.get('a')).toMatchObject({ trusted: false, target: undefined });
    await load(changed, { trust, trustStore });
    expect(asked.at(-1)).toMatchObject({ name: 'a', changed: true });
  });
});

describe('the agreement to an entry', () => {
  const entry = { command: 'a', args: ['x'], env: { A: '1' }, cwd: 'y', timeout: 1, excludeTools: ['drop'] };
  it.each([
    ['the command', { command: 'b' }],
    ['an argument', { args: ['y'] }],
    ['a literal value of the environment', { env: { A: '2' } }],
    ['the name of a variable', { env: { B: '1' } }],
    ['the working directory', { cwd: 'z' }],
    ['a tool that was excluded', { excludeTools: [] }],
    ['a setting', { mcpActors: { pin: false } }],
    ['the transport', { url: 'https://example.com', type: 'http' }],
  ])('ends when %s changes', async (_, change) => {
    const trustStore = memoryTrustStore();
    const trusted = async (given: object, trust?: () => boolean): Promise<boolean | undefined> => {
      const { servers } = await load({ '.mcp.json': { mcpServers: { a: given } } }, { trust, trustStore });
      return servers.get('a')?.trusted;
    };
    expect(await trusted(entry, () => true)).toBe(true);
    expect(await trusted({ ...entry, timeout: 2, disabled: true })).toBe(true);
    expect(await trusted({ ...entry, ...change })).toBe(false);
  });
});

describe('inputs of VS Code', () => {
  const files = {
    '.vscode/mcp.json': {
      inputs: [
        { id: 'api-key', type: 'promptString', description: 'Key\u001b[2J', password: true },
        { id: 'mode', type: 'pickString', options: ['a', { label: 'B', value: 'b' }], default: 'a' },
      ],
      servers: {
        a: { command: 'a', env: { KEY: '${input:api-key}', MODE: '${input:mode}' } },
        b: { command: 'b', args: ['${input:api-key}'] },
      },
    },
  };

  it('are asked for once, without control characters, and not for entries that are not trusted', async () => {
    const asked: object[] = [];
    const input = async (given: { id: string }): Promise<string> => {
      asked.push(given);
      return `typed-${given.id}`;
    };
    await load(files, { input, trust: undefined });
    expect(asked).toEqual([]);
    const { servers } = await load(files, { input });
    expect(servers.get('a')?.target).toMatchObject({ env: { KEY: 'typed-api-key', MODE: 'typed-mode' } });
    expect(servers.get('b')?.target).toMatchObject({ args: ['typed-api-key'] });
    expect(asked).toEqual([
      { id: 'api-key', description: 'Key', password: true },
      { id: 'mode', password: false, default: 'a', options: ['a', 'b'] },
    ]);
  });

  it('have the value of MCP_INPUT_<ID>, else their default, and without both are a problem', async () => {
    const { servers } = await load(files, { env: { MCP_INPUT_API_KEY: 'set' } });
    expect(servers.get('a')?.target).toMatchObject({ env: { KEY: 'set', MODE: 'a' } });
    const { problems } = await load(files);
    expect(problems.map(({ server, code }) => `${server} ${code}`)).toEqual(['a missing-input', 'b missing-input']);
    expect(problems[0]?.message).toContain('MCP_INPUT_API_KEY');
  });
});

describe('the option allowUnset', () => {
  it('replaces variables that are not set by nothing', async () => {
    const files = {
      '.mcp.json': { mcpServers: { a: { command: 'a', args: ['${NO_SUCH}x'], env: { A: '${NO_SUCH}' } } } },
    };
    expect((await load(files)).servers.get('a')?.target).toBeUndefined();
    const { servers } = await load(files, { allowUnset: true });
    expect(servers.get('a')?.target).toMatchObject({ args: ['x'], env: { A: '' } });
  });
});

describe('the values of variables', () => {
  it('are not expanded again', async () => {
    const files = { '.mcp.json': { mcpServers: { a: { command: 'a', args: ['${A}'] } } } };
    const { servers } = await load(files, { env: { A: '${B} $B', B: 'no' } });
    expect(servers.get('a')?.target).toMatchObject({ args: ['${B} $B'] });
  });
});

describe('what is printed of a server', () => {
  it('contains no value of a variable, header or input', async () => {
    const env = { SECRET: 'marker-of-env', URL_SECRET: 'marker-of-url', HOST_SECRET: 'marker.example.com' };
    const { servers, problems } = await load(
      {
        '.mcp.json': {
          mcpServers: {
            a: {
              command: 'a',
              args: ['--api-key', 'marker-literal', '${SECRET}'],
              env: { A: 'marker-a', B: '${SECRET}' },
            },
            b: { url: 'https://u:marker-user@example.com/?k=marker-query&u=${URL_SECRET}', headers: { H: 'marker-h' } },
            d: { url: '${HOST_SECRET}/mcp' },
            e: { type: 'http', url: 'wss://${HOST_SECRET}' },
            c: { url: 'https://example.com', headers: { H: 'marker\nbad ${SECRET}' } },
          },
        },
      },
      { env },
    );
    expect(servers.get('a')?.target).toMatchObject({ env: { A: 'marker-a', B: 'marker-of-env' } });
    const printed = [JSON.stringify([...servers.values()]), inspect(servers), inspect(problems)].join('\n');
    expect(printed).not.toContain('marker');
    expect(problems.map(({ server, code }) => `${server} ${code}`)).toEqual([
      'd invalid-value',
      'e invalid-value',
      'c invalid-value',
    ]);
  });
});
