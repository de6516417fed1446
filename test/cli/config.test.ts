import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { cliHome, runCli } from '../support/cli.js';
import { scratchDirectory } from '../support/servers/fixture-servers.js';

const home = cliHome();
const scratch = scratchDirectory();
afterAll(() => {
  home.remove();
});

/** A folder as the home of the user and the current one. */
function machine() {
  const folder = scratch('machine');
  const project = path.join(folder, 'project');
  mkdirSync(path.join(project, '.git'), { recursive: true });
  const env = { HOME: folder, XDG_CONFIG_HOME: path.join(folder, '.config') };
  const run = (...words: string[]) => runCli(words, { env, cwd: project });
  const write = (name: string, value: unknown): void => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value, null, 2));
  };
  return { folder, project, run, write, file: path.join(folder, '.config/mcp-actors/mcp.json') };
}

it('config add loses nothing when eight commands run at the same time', async () => {
  const { run, file } = machine();
  const names = Array.from({ length: 8 }, (_, index) => `server-${index}`);
  const results = await Promise.all(names.map((name) => run('config', 'add', name, `https://example.com/${name}`)));
  expect(results.map(({ code }) => code)).toEqual(names.map(() => 0));
  const { mcpServers } = JSON.parse(readFileSync(file, 'utf8')) as { mcpServers: Record<string, unknown> };
  expect(Object.keys(mcpServers).sort()).toEqual(names);
});

it('config add writes commands, headers and variables, and keeps comments', async () => {
  const { run, write, file } = machine();
  write('.config/mcp-actors/mcp.json', '{\n  // mine\n  "mcpServers": {}\n}\n');
  await run('config', 'add', 'files', '--env', 'KEY', '--cwd', '/tmp', '--', 'npx', '-y', 'some-server', '--flag');
  const header = ['--header', 'Authorization: Bearer ${env:TOKEN}'];
  await run('config', 'add', 'web', 'https://example.com/mcp', ...header);
  const text = readFileSync(file, 'utf8');
  expect(text).toContain('// mine');
  expect(JSON.parse(text.replace(/\/\/.*\n/, ''))).toEqual({
    mcpServers: {
      files: { command: 'npx', args: ['-y', 'some-server', '--flag'], env: { KEY: '${KEY}' }, cwd: '/tmp' },
      web: { url: 'https://example.com/mcp', headers: { Authorization: 'Bearer ${TOKEN}' } },
    },
  });
});

it('config add, trust, untrust and remove print their outcome as JSON', async () => {
  const { run, write, file, project } = machine();
  write('project/.mcp.json', { mcpServers: { files: { command: 'files-server' } } });
  const json = async (...words: string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await run('config', ...words, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout);
  };
  const web = ['add', 'web', 'https://example.com/mcp'];
  expect(await json(...web)).toEqual({ name: 'web', file, replaced: false });
  expect(await json(...web, '--replace')).toEqual({ name: 'web', file, replaced: true });
  expect(await json('trust', 'files')).toMatchObject({
    trusted: [{ name: 'files', command: 'files-server', source: { file: path.join(project, '.mcp.json') } }],
  });
  expect(await json('trust', 'files')).toEqual({ trusted: [] });
  expect(await json('untrust', 'files')).toEqual({ untrusted: 'files' });
  expect(await json('untrust', '--all')).toEqual({ untrusted: 'all' });
  expect(await json('remove', 'web')).toEqual({ name: 'web', file });
});

it('config add warns of a secret in plain text, without its value', async () => {
  const { run } = machine();
  const { code, stderr, stdout } = await run(
    'config',
    'add',
    'web',
    'https://example.com',
    '--header',
    'Authorization: marker',
  );
  expect({ code, warned: stderr.includes('Authorization is written into the file as it is') }).toEqual({
    code: 0,
    warned: true,
  });
  expect(stderr + stdout).not.toContain('marker');
});

it.each([
  ['a name that is used', ['config', 'add', 'web', 'https://other.example'], /web/],
  [
    'a URL and a command line',
    ['config', 'add', 'x', 'https://other.example', '--', 'node'],
    /a URL or a command line/,
  ],
  ['neither a URL nor a command line', ['config', 'add', 'x'], /a URL or a command line/],
  ['a word that is no URL', ['config', 'add', 'x', 'example.com'], /"example.com" is not a URL/],
  ['the removal of an unknown name', ['config', 'remove', 'x'], /no server "x"/],
  ['an unknown command', ['config', 'improt'], /no command "config improt"\. Did you mean "import"/],
  ['an unknown program', ['config', 'import', 'cursr'], /Did you mean "cursor"/],
  ['an unknown server', ['config', 'show', 'wbe'], /Did you mean "web"/],
])('config refuses %s with exit code 2', async (_name, words, message) => {
  const { run } = machine();
  await run('config', 'add', 'web', 'https://example.com/mcp');
  const { code, stdout, stderr } = await run(...words);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(message);
});

it.each([
  ['the URL', ['https://example.com/mcp?token=marker']],
  ['the command line', ['--', 'node', 'server.js', '--api-key', 'marker']],
])('config add warns of a secret in %s, without its value', async (where, words) => {
  const { run } = machine();
  const { code, stderr } = await run('config', 'add', 'web', ...words);
  expect({ code, warns: stderr.includes(`a value in ${where} that may be a secret`) }).toEqual({
    code: 0,
    warns: true,
  });
  expect(stderr).not.toContain('marker');
});

it('refuses a file of --config that cannot be read', async () => {
  const { run } = machine();
  for (const file of ['missing.json', '.', '']) {
    const { code, stdout, stderr } = await run('list', '--config', file);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/the file does not exist|it is not a file|needs the path of a file/);
  }
});

it('quotes the name of an untrusted entry in commands to copy', async () => {
  const { run, write } = machine();
  write('project/.mcp.json', { mcpServers: { "it's; rm x": { command: 'node' } } });
  const quoted = String.raw`config trust 'it'\''s; rm x'`;
  expect((await run('list')).stdout).toContain(quoted);
  expect((await run('list', "it's; rm x")).stderr).toContain(quoted);
});

it('config list, show and path name file and line, and no value of a variable or header', async () => {
  const { run, write } = machine();
  write('.cursor/mcp.json', {
    mcpServers: {
      one: { command: 'node', args: ['server.js'], env: { KEY: 'marker-variable' } },
      two: {
        url: 'https://user:marker-password@example.com/mcp?key=marker-query',
        headers: { 'x-key': 'marker-header' },
      },
    },
  });
  const outputs = [
    await run('config', 'list'),
    await run('config', 'list', '--json'),
    await run('config', 'show', 'one'),
    await run('config', 'show', 'cursor:two'),
    await run('config', 'show', 'two', '--json'),
    await run('config', 'path'),
  ];
  expect(outputs.map(({ code }) => code)).toEqual(outputs.map(() => 0));
  const text = outputs.map(({ stdout, stderr }) => stdout + stderr).join('\n');
  expect(text).not.toContain('marker');
  expect(text).toMatch(/one {2}stdio {2}cursor {2}.*\.cursor\/mcp\.json:3/);
  expect(text).toMatch(/variables: KEY/);
});

it('config import copies entries of another program, and config remove removes them', async () => {
  const { run, write, file } = machine();
  write('.cursor/mcp.json', { mcpServers: { one: { command: 'node', env: { KEY: '${env:KEY}' } } } });
  expect(await run('config', 'import', 'cursor')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/added +one/) as string,
  });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
    mcpServers: { one: { command: 'node', env: { KEY: '${KEY}' } } },
  });
  expect((await run('config', 'remove', 'one')).code).toBe(0);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ mcpServers: {} });
});

it('config trust agrees to one entry until the entry changes', async () => {
  const { run, write } = machine();
  const entry = (argument: string): object => ({
    mcpServers: { web: { command: process.execPath, args: ['-e', '', argument] } },
  });
  write('project/.mcp.json', entry('one'));
  const state = async (): Promise<unknown> => {
    const { stdout } = await run('config', 'list', '--json');
    return (JSON.parse(stdout) as { servers: { trusted: boolean }[] }).servers[0]?.trusted;
  };
  expect(await state()).toBe(false);
  const { stdout } = await run('config', 'trust', 'web');
  expect(stdout).toContain('one');
  expect(await state()).toBe(true);
  write('project/.mcp.json', entry('two'));
  expect(await state()).toBe(false);
  write('project/.mcp.json', entry('one'));
  await run('config', 'untrust', 'web');
  expect(await state()).toBe(false);
});

it.each([
  ['a program', 'cursor', /"cursor" is a program\. Name one of its servers, such as cursor:web\./],
  ['a file', './mcp.json', /write \.\/mcp\.json:<name>\..*mcp-actors list --config \.\/mcp\.json/],
  ['a server and a tool with a slash', 'web/search', /Write web\.search for a tool of this server/],
  ['a server and a tool before JSON', 'web.search', /web\.search is a server and a tool: after it come arguments/],
])('%s in place of a server is answered with the right form', async (_name, word, hint) => {
  const { run, write } = machine();
  write('.cursor/mcp.json', { mcpServers: { web: { url: 'https://example.com/mcp' } } });
  const { code, stderr } = await run('call', word, 'tool');
  expect(code).toBe(2);
  expect(stderr).toMatch(hint);
});

it('config remove names the file of another program that has the entry, and leaves it alone', async () => {
  const { run, write, folder } = machine();
  write('.cursor/mcp.json', { mcpServers: { web: { url: 'https://example.com/mcp' } } });
  const file = path.join(folder, '.cursor/mcp.json');
  const before = readFileSync(file, 'utf8');
  const { code, stderr } = await run('config', 'remove', 'web');
  expect(code).toBe(2);
  expect(stderr).toContain(`"web" is an entry of ${file}:3 (cursor): remove it there.`);
  expect(readFileSync(file, 'utf8')).toBe(before);
});

it('config remove does not deny an entry that is in the file in another form', async () => {
  const { run, write } = machine();
  write('project/.vscode/mcp.json', { servers: { web: { url: 'https://example.com/mcp' } } });
  const { code, stderr } = await run('config', 'remove', 'web', '--config', '.vscode/mcp.json');
  expect(code).toBe(2);
  expect(stderr).toMatch(/"web" is in .*\.vscode\/mcp\.json:3, but not under "mcpServers"/);
});

it('config add names the flag that replaces an entry', async () => {
  const { run } = machine();
  await run('config', 'add', 'web', 'https://example.com/mcp');
  expect((await run('config', 'add', 'web', 'https://example.com')).stderr).toContain('hint: --replace replaces');
});

it('config show names the command that trusts this entry, and does not repeat that it is not trusted', async () => {
  const { run, write } = machine();
  write('project/.mcp.json', { mcpServers: { web: { command: process.execPath } } });
  const { stdout } = await run('config', 'show', 'web');
  expect(stdout).toContain('  not trusted: mcp-actors config trust web\n');
  expect(stdout).not.toContain('error');
});

it('--env and --cwd reach the server of an entry, and no server if none is named', async () => {
  const { run, write, folder } = machine();
  const script = 'console.error(`${process.env.KEY} ${process.env.OWN} ${process.cwd()}`); process.exit(1)';
  write('.cursor/mcp.json', {
    mcpServers: {
      started: { command: process.execPath, args: ['-e', script], env: { KEY: 'entry', OWN: 'own' } },
      web: { url: 'http://127.0.0.1:9/mcp' },
    },
  });
  const flags = ['--env', 'KEY=flag', '--cwd', folder, '--verbose'];
  expect((await run('call', 'started', 'tool', ...flags)).stderr).toContain(`flag own ${folder}`);
  const web = await run('call', 'web', 'tool', '--env', 'KEY=flag');
  expect(web).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--env is for a server that is started') as string,
  });
  for (const command of ['list', 'doctor']) {
    const all = await run(command, '--env', 'KEY=flag');
    expect(all).toMatchObject({ code: 2, stderr: expect.stringContaining('--env is for one server') as string });
  }
});
