import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import {
  addServer,
  importServers,
  loadServers,
  memoryTrustStore,
  removeServer,
  trustServer,
  untrustServer,
} from '../../src/config/index.js';
import { removeMember, setMember } from '../../src/config/edits/json-edit.js';
import { compiled } from '../support/compiled.js';

let folder: string;
let options: { cwd: string; home: string; platform: 'linux'; env: Record<string, string> };
let project: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'config-edits-'));
  project = path.join(folder, 'home/app');
  mkdirSync(path.join(project, '.git'), { recursive: true });
  options = { cwd: project, home: path.join(folder, 'home'), platform: 'linux', env: {} };
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const write = (name: string, text: string): string => {
  const file = path.join(project, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
};

describe('addServer and removeServer', () => {
  it('keep comments and layout', async () => {
    const before = '{\n\t// mine\n\t"mcpServers": {\n\t\t"a": { "command": "a" }, // first\n\t},\n\t"other": 1\n}\n';
    const file = write('.mcp.json', before);
    expect(await addServer('b', { command: 'b', args: ['x'] }, { ...options, scope: 'project' })).toEqual({
      file,
      existed: false,
    });
    const added = '\n\t\t"b": {\n\t\t\t"command": "b",\n\t\t\t"args": [\n\t\t\t\t"x"\n\t\t\t]\n\t\t},';
    expect(readFileSync(file, 'utf8')).toBe(before.replace('// first', `// first${added}`));
    await removeServer('b', { ...options, scope: 'project' });
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it.each([
    ['{}', '{\n  "mcpServers": {\n    "b": {}\n  }\n}', '{\n  "mcpServers": {\n  }\n}'],
    ['{ "x": 1 }', '{ "x": 1, "mcpServers": {\n  "b": {}\n} }', '{ "x": 1, "mcpServers": {\n} }'],
    ['{ "mcpServers": { "a": {} } }', '{ "mcpServers": { "a": {}, "b": {} } }', '{ "mcpServers": { "a": {}  } }'],
    [
      '{\r\n  "mcpServers": {\r\n    "a": {} /* , */\r\n  }\r\n}',
      '{\r\n  "mcpServers": {\r\n    "a": {}, /* , */\r\n    "b": {}\r\n  }\r\n}',
      '{\r\n  "mcpServers": {\r\n    "a": {} /* , */\r\n  }\r\n}',
    ],
  ])('change only what is necessary of %j', (before, added, removed) => {
    expect(setMember(before, ['mcpServers'], 'b', {})).toBe(added);
    expect(removeMember(added, ['mcpServers'], 'b')).toBe(removed);
    expect(JSON.parse(added.replace('/* , */', ''))).toHaveProperty('mcpServers.b');
    expect(() => void JSON.parse(removed.replace('/* , */', ''))).not.toThrow();
  });

  it('removes the first of several members with the comments around it in place', () => {
    const text = '{ "mcpServers": {\n  // one\n  "a": {},\n  // two\n  "b": {}\n} }';
    expect(removeMember(text, ['mcpServers'], 'a')).toBe('{ "mcpServers": {\n  // one\n  // two\n  "b": {}\n} }');
  });

  it('make the file of the user, which others cannot read, and leave no other file beside it', async () => {
    const { file } = await addServer('a', { url: 'https://example.com' }, options);
    expect(file).toBe(path.join(options.home, '.config/mcp-actors/mcp.json'));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(path.dirname(file)).sort()).toEqual(['locks', 'mcp.json']);
    const { servers } = await loadServers({ ...options });
    expect(servers.get('a')).toMatchObject({ trusted: true, target: { url: 'https://example.com' } });
  });

  it('keep the mode of a file and a symbolic link', async () => {
    const real = write('real.json', '{ "mcpServers": {} }');
    chmodSync(real, 0o640);
    symlinkSync(real, path.join(project, '.mcp.json'));
    await addServer('a', { command: 'a' }, { ...options, scope: 'project' });
    expect(lstatSync(path.join(project, '.mcp.json')).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, 'utf8')).toContain('"a"');
    expect(statSync(real).mode & 0o777).toBe(0o640);
  });

  it('refuse a name that is used, an entry that is not valid, and a file with a syntax error, and change nothing', async () => {
    const file = write('.mcp.json', '{ "mcpServers": { "a": { "command": "a" } } }');
    const scoped = { ...options, scope: 'project' as const };
    await expect(addServer('a', { command: 'b' }, scoped)).rejects.toMatchObject({ details: { field: 'name' } });
    await expect(addServer('b', { args: [] }, scoped)).rejects.toMatchObject({ details: { field: 'entry' } });
    await expect(addServer('b\u001b[2J', { command: 'a' }, scoped)).rejects.toMatchObject({
      details: { field: 'name' },
    });
    expect(readFileSync(file, 'utf8')).toBe('{ "mcpServers": { "a": { "command": "a" } } }');
    expect((await addServer('a', { command: 'b' }, { ...scoped, replace: true })).existed).toBe(true);
    writeFileSync(file, '{ "mcpServers": { "a": ');
    await expect(addServer('b', { command: 'b' }, scoped)).rejects.toMatchObject({
      code: 'MCP_INVALID_PARAMS',
      message: expect.stringContaining('line 1') as string,
    });
    expect(readFileSync(file, 'utf8')).toBe('{ "mcpServers": { "a": ');
  });

  it('lose nothing when eight processes add servers at the same time', async () => {
    const program = `
      const { addServer } = require(${JSON.stringify(compiled('config/index'))});
      (async () => {
        for (const index of [0, 1, 2]) await addServer(process.argv[1] + index, { command: 'x' }, ${JSON.stringify(options)});
      })().catch((error) => { console.error(error); process.exitCode = 1; });
    `;
    const children = Array.from({ length: 8 }, (_, index) =>
      spawn(process.execPath, ['--eval', program, `s${index}-`], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, NODE_PATH: path.resolve(__dirname, '../../node_modules') },
      }),
    );
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'close'))[0] as number));
    expect(codes).toEqual(Array.from({ length: 8 }, () => 0));
    const { servers, problems } = await loadServers(options);
    expect(problems).toEqual([]);
    expect(servers.size).toBe(24);
  }, 120_000);
});

describe('trustServer and untrustServer', () => {
  it('agree to an entry until it changes, over processes, and end the agreement', async () => {
    const marker = path.join(folder, 'started');
    const text = (arg: string): string =>
      JSON.stringify({
        mcpServers: { a: { command: 'touch', args: [arg], env: { TOKEN: 'marker-value' } }, b: { command: 'b' } },
      });
    write('.mcp.json', text(marker));
    const target = async () => (await loadServers(options)).servers.get('a')?.target;
    expect(await target()).toBeUndefined();
    expect(await trustServer('a', options)).toMatchObject([{ name: 'a', args: [marker], env: ['TOKEN'] }]);
    expect(await target()).toMatchObject({ command: 'touch' });
    expect((await loadServers(options)).servers.get('b')?.target).toBeUndefined();
    const store = path.join(options.home, '.config/mcp-actors/trusted.json');
    expect(statSync(store).mode & 0o777).toBe(0o600);
    expect(readFileSync(store, 'utf8')).not.toContain('marker-value');
    write('.mcp.json', text(`${marker}2`));
    expect(await target()).toBeUndefined();
    write('.mcp.json', text(marker));
    expect(await target()).toBeDefined();
    await untrustServer('a', options);
    expect(await target()).toBeUndefined();
    expect(existsSync(marker)).toBe(false);
  });

  it('ask again when a file that an entry includes has changed', async () => {
    write('.vscode/mcp.json', '{ "servers": { "a": { "command": "a", "envFile": "${workspaceFolder}/.env" } } }');
    write('.env', 'MODE=safe\n');
    const trustStore = memoryTrustStore();
    await trustServer(undefined, { ...options, trustStore });
    const target = async () => (await loadServers({ ...options, trustStore })).servers.get('a')?.target;
    expect(await target()).toMatchObject({ env: { MODE: 'safe' } });
    write('.env', 'NODE_OPTIONS=--require=./evil.js\n');
    expect(await target()).toBeUndefined();
  });

  it('are not undone by a damaged trust store, which refuses everything and is a problem', async () => {
    write('.mcp.json', '{ "mcpServers": { "a": { "command": "a" } } }');
    await trustServer('a', options);
    writeFileSync(path.join(options.home, '.config/mcp-actors/trusted.json'), '{ damaged');
    const { servers, problems } = await loadServers(options);
    expect(servers.get('a')).toMatchObject({ trusted: false, target: undefined });
    expect(problems.map(({ code }) => code).sort()).toEqual(['trust-store', 'untrusted']);
    await expect(trustServer('a', options)).rejects.toMatchObject({ details: { field: 'trustStore' } });
  });
});

describe('importServers', () => {
  it('copies entries of other programs with their variables, and no value', async () => {
    options.env['TOKEN'] = 'marker-value';
    const cursor = {
      mcpServers: {
        a: { command: 'a', args: ['${userHome}/x'], env: { KEY: '${env:TOKEN}' } },
        b: { url: 'https://example.com', headers: { Authorization: 'Bearer ${env:TOKEN}' } },
        c: { command: 'c', envFile: '.env' },
        d: { command: 'd', args: ['${HOME}'] },
      },
    };
    write('../.cursor/mcp.json', JSON.stringify(cursor));
    write('.vscode/mcp.json', JSON.stringify({ servers: { hostile: { command: 'evil' } } }));
    const { file, servers } = await importServers({ ...options, sources: ['cursor', 'vscode'] });
    expect(servers.map(({ name, added }) => `${name} ${added}`).sort()).toEqual([
      'a true',
      'b true',
      'c false',
      'd false',
      'hostile false',
    ]);
    const text = readFileSync(file, 'utf8');
    expect(text).not.toContain('marker-value');
    expect(JSON.parse(text)).toEqual({
      mcpServers: {
        a: { type: 'stdio', command: 'a', args: [`${options.home}/x`], env: { KEY: '${TOKEN}' } },
        b: { url: 'https://example.com', headers: { Authorization: 'Bearer ${TOKEN}' } },
      },
    });
    const again = await importServers({ ...options, sources: ['cursor'], names: ['a'] });
    expect(again.servers).toMatchObject([{ name: 'a', added: false, notes: ['there is an entry with this name'] }]);
    const loaded = await loadServers({ ...options, config: file });
    expect(loaded.servers.get('a')?.target).toMatchObject({ env: { KEY: 'marker-value' } });
  });
});
