import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { buildFirst, newHome, runCli } from '../support/cli.js';
import type { CliHome, CliResult } from '../support/cli.js';
import { endAfterEach } from '../support/endings.js';
import { HttpProcess } from '../support/servers/http-process.js';
import { EVERYTHING } from '../support/servers/real-servers.js';

jest.setTimeout(120_000);

buildFirst();
const endLater = endAfterEach();
let home: CliHome;
let config: string;

beforeEach(() => {
  home = newHome();
  endLater(async () => home.remove());
  config = path.join(home.folder, 'servers.json');
  const [command, ...args] = EVERYTHING;
  // The trap leaves a file behind if it is started.
  const trap = { command: 'sh', args: ['-c', `touch ${path.join(home.folder, 'started')}`] };
  writeFileSync(config, JSON.stringify({ mcpServers: { demo: { command, args }, trap } }));
});

const run = (...args: readonly string[]): Promise<CliResult> => runCli(args, { env: home.env, cwd: home.folder });

const cache = (): string => path.join(home.folder, '.cache/mcp-actors');

/** The candidates for the last word. */
async function complete(...words: readonly string[]): Promise<string[]> {
  const { code, stdout, stderr } = await run('complete', 'words', ...words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout
    .split('\n')
    .flatMap((line) => line.split('\t')[0] ?? [])
    .filter((value) => value !== '');
}

test('a list is kept privately, and completes servers, tools, arguments and values without a start', async () => {
  const listed = await run('list', 'demo', '--config', config, '--json');
  expect(listed.code).toBe(0);
  expect(statSync(cache()).mode & 0o777).toBe(0o700);
  const files = readdirSync(cache());
  expect(files).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.json$/)]);
  expect(statSync(path.join(cache(), files[0] ?? '')).mode & 0o777).toBe(0o600);

  const call = ['call', '--config', config] as const;
  expect(await complete(...call, '')).toEqual(['demo', 'trap']);
  expect(await complete(...call, 'demo', 'ec')).toEqual(['echo']);
  expect(await complete(...call, 'demo.ec')).toEqual(['demo.echo']);
  expect(await complete(...call, 'demo', 'echo', '')).toEqual(['message=']);
  expect(await complete(...call, 'demo', 'echo', 'message=a', '')).toEqual([]);
  const values = ['messageType=error', 'messageType=success', 'messageType=debug'];
  expect(await complete(...call, 'demo', 'get-annotated-message', 'messageType=')).toEqual(values);
  expect(await complete(...call, 'demo.get-annotated-message', 'messageType=d')).toEqual(['messageType=debug']);
  expect(await complete('record', 'a.ndjson', ...call, 'demo', 'ec')).toEqual(['echo']);
  expect(await complete('prompt', '--config', config, 'demo', 'simple')).toEqual(['simple-prompt']);
  expect((await complete('read', '--config', config, 'demo', '')).length).toBeGreaterThan(0);
  expect(await complete(...call, 'trap', '')).toEqual([]);
  expect(existsSync(path.join(home.folder, 'started'))).toBe(false);
});

test('commands, flags and the values of flags need no list', async () => {
  expect(await complete('lo')).toEqual(['login', 'logout']);
  expect(await complete('list', '--era', '')).toEqual(['auto', 'modern', 'legacy']);
  expect(await complete('list', '--era=m')).toEqual(['--era=modern']);
  expect(await complete('list', '--era', 'auto', '--er')).toEqual([]);
  expect(await complete('completion', '')).toEqual(['bash', 'zsh', 'fish', 'powershell']);
  expect(await complete('auth', '')).toEqual(['list']);
  expect(await complete('config', 'tr')).toEqual(['trust']);
  expect(await complete('config', '--config', config, 'show', '')).toEqual(['demo', 'trap']);
  expect(await complete('config', 'import', 'curs')).toEqual(['cursor']);
  expect(await complete('no-such-command', '')).toEqual([]);
  expect(await complete('call', 'http://127.0.0.1:1/mcp', '')).toEqual([]);
  expect(await complete('list', '--', '')).toEqual([]);
  expect((await run('complete', 'line', 'mcp-actors list "--era" \'mo')).stdout).toBe('modern\n');
});

test('--offline shows what was listed last, by list and by call, and connects to nothing', async () => {
  const missing = await run('list', 'demo', '--config', config, '--offline');
  expect(missing).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('not known') as string });
  expect(await run('call', 'demo', 'echo', 'message=hi', '--config', config)).toMatchObject({ code: 0 });
  const offline = await run('list', 'demo', '--config', config, '--offline', '--json');
  const online = await run('list', 'demo', '--config', config, '--tools', '--json');
  expect(JSON.parse(offline.stdout)).toEqual(JSON.parse(online.stdout));
  const all = await run('list', '--config', config, '--offline', '--json');
  expect(JSON.parse(all.stdout)).toMatchObject([
    { name: 'demo', tools: expect.any(Number) as number },
    { name: 'trap' },
  ]);
  expect(existsSync(path.join(home.folder, 'started'))).toBe(false);
});

test('the next command saves the detection of the era, and a wrong era is corrected', async () => {
  const first = await run('list', 'demo', '--config', config, '--verbose');
  expect(first.stderr).toContain('→ server/discover');
  const second = await run('list', 'demo', '--config', config, '--verbose');
  expect(second).toMatchObject({ code: 0 });
  expect(second.stderr).not.toContain('server/discover');
  const [name = ''] = readdirSync(cache());
  const file = path.join(cache(), name);
  const kept = JSON.parse(readFileSync(file, 'utf8')) as { era: string };
  expect(kept.era).toBe('legacy');
  writeFileSync(file, JSON.stringify({ ...kept, era: 'modern' }));
  expect(await run('list', 'demo', '--config', config)).toMatchObject({ code: 0 });
});

test('accounts have lists of their own, and no URL, header or command line is on disk', async () => {
  const server = await HttpProcess.official('dual');
  endLater(() => server.kill());
  const url = server.url.replace('127.0.0.1', 'user:mark3r@127.0.0.1');
  const secrets = ['--header', 'X-Key: mark3r', '--account', 'mark3r'];
  expect(await run('list', `${server.url}?key=mark3r`, ...secrets)).toMatchObject({ code: 0 });
  expect(await complete('call', '--account', 'mark3r', server.url, 'e')).not.toEqual([]);
  expect(await complete('call', server.url, 'e')).toEqual([]);
  await run('list', url);
  for (const name of readdirSync(cache())) {
    const text = readFileSync(path.join(cache(), name), 'utf8');
    expect(text).not.toContain('mark3r');
    expect(text).not.toContain(server.url);
    expect(Object.keys(JSON.parse(text) as object).sort()).toEqual(['at', 'era', 'tools', 'version']);
  }
});

test('a cache that is damaged, too old, or open to other users is not used, and breaks nothing', async () => {
  await run('list', 'demo', '--config', config);
  const [name = ''] = readdirSync(cache());
  const file = path.join(cache(), name);
  const kept = JSON.parse(readFileSync(file, 'utf8')) as { at: number };
  const words = ['call', '--config', config, 'demo', 'ec'];
  for (const text of [
    '{',
    '[]',
    'null',
    JSON.stringify({ ...kept, at: kept.at - 31 * 86_400_000 }),
    JSON.stringify({ ...kept, tools: [null, 1] }),
  ]) {
    writeFileSync(file, text);
    expect(await complete(...words)).toEqual([]);
  }
  writeFileSync(file, JSON.stringify(kept));
  expect(await complete(...words)).toEqual(['echo']);
  chmodSync(file, 0o644);
  expect(await complete(...words)).toEqual([]);
  chmodSync(cache(), 0o777);
  expect(await run('list', 'demo', '--config', config)).toMatchObject({ code: 0 });
});

test('names of a server that could change the terminal or the line are not completed', async () => {
  await run('list', 'demo', '--config', config);
  const [name = ''] = readdirSync(cache());
  const file = path.join(cache(), name);
  const kept = JSON.parse(readFileSync(file, 'utf8')) as object;
  const names = ['good', 'a\nb', 'a\u001b[31mb', 'a\tb', 'a\u202eb'];
  const tools = names.map((one) => ({ name: one, description: `${one}\n\u001b[2J`, inputSchema: { type: 'object' } }));
  writeFileSync(file, JSON.stringify({ ...kept, tools }));
  const { stdout } = await run('complete', 'words', 'call', '--config', config, 'demo', '');
  expect(stdout).toBe('good\tgood\n');
});

test('the script of each shell is short, and an unknown shell is refused', async () => {
  for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
    const { code, stdout } = await run('completion', shell);
    expect(code).toBe(0);
    expect(stdout).toContain('mcp-actors complete');
    expect(stdout.split('\n').length).toBeLessThanOrEqual(80);
  }
  expect(await run('completion', 'bsh')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('"bash"') as string,
  });
  expect(await run('completion')).toMatchObject({ code: 2 });
});
