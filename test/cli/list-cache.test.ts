import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { ListCache } from '../../src/cli/list-cache.js';
import { cacheFolder } from '../../src/group/lists/file-list-cache.js';

let base: string;
let now: number;

beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), 'lists-'));
  now = Date.now();
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

const tool = (name: string): { name: string; inputSchema: { type: 'object' } } => ({
  name,
  inputSchema: { type: 'object' },
});
const server = (identity: unknown): { identity: unknown } => ({ identity });

test('the folder is that of caches on each platform, and a relative variable is ignored', () => {
  expect(cacheFolder({ XDG_CACHE_HOME: '/cache' }, 'linux', '/home/me')).toBe('/cache/mcp-actors');
  expect(cacheFolder({ XDG_CACHE_HOME: 'cache' }, 'linux', '/home/me')).toBe('/home/me/.cache/mcp-actors');
  expect(cacheFolder({}, 'darwin', '/home/me')).toBe('/home/me/Library/Caches/mcp-actors');
  expect(cacheFolder({ LOCALAPPDATA: '/local' }, 'win32', '/home/me')).toBe('/local/mcp-actors/cache');
});

test('lists of one kind replace those of an earlier command, and leave the other kinds', async () => {
  const cache = new ListCache(path.join(base, 'lists'), () => now);
  const one = server({ url: 'http://127.0.0.1/mcp', transport: undefined });
  await cache.keep({ era: 'modern', tools: [tool('a')], prompts: [{ name: 'p' }] }, one, {});
  await cache.keep({ era: 'legacy', tools: [tool('b')] }, one, {});
  const read = await cache.read(server({ url: 'http://127.0.0.1/mcp' }), { account: 'default' });
  expect(read).toMatchObject({ era: 'legacy', tools: [tool('b')], prompts: [{ name: 'p' }] });
  expect(await cache.read(server({ url: 'http://127.0.0.1/other' }), {})).toBeUndefined();
});

test('the order of the keys of an identity does not matter', async () => {
  const cache = new ListCache(path.join(base, 'lists'), () => now);
  await cache.keep({ era: 'modern' }, server({ command: 'a', args: ['b'], cwd: '/' }), {});
  expect(await cache.era(server({ cwd: '/', args: ['b'], command: 'a' }), {})).toBe('modern');
  expect(await cache.era(server({ cwd: '/', args: ['b', 'c'], command: 'a' }), {})).toBeUndefined();
});

test('an era is used for seven days, lists for thirty, and neither if it is from the future', async () => {
  const cache = new ListCache(path.join(base, 'lists'), () => now);
  const one = server('a');
  await cache.keep({ era: 'modern', tools: [tool('a')] }, one, {});
  now += 8 * 86_400_000;
  expect(await cache.era(one, {})).toBeUndefined();
  expect((await cache.read(one, {}))?.tools).toHaveLength(1);
  now += 23 * 86_400_000;
  expect(await cache.read(one, {})).toBeUndefined();
  now -= 32 * 86_400_000;
  expect(await cache.read(one, {})).toBeUndefined();
});

test('sixty-four servers are kept at most, the most recently used, and no list above 1 MiB', async () => {
  const folder = path.join(base, 'lists');
  const cache = new ListCache(folder, () => now);
  await cache.keep({ era: 'modern', tools: [tool('a')] }, server(0), {});
  const [first = ''] = readdirSync(folder);
  utimesSync(path.join(folder, first), 1_000, now / 1_000 - 60);
  const left = path.join(folder, `${first}.new-1-1`);
  writeFileSync(left, 'left by a command that was killed', { mode: 0o600 });
  utimesSync(left, 1_000, 1_000);
  for (let number = 1; number <= 64; number += 1) await cache.keep({ era: 'modern' }, server(number), {});
  expect(readdirSync(folder)).toHaveLength(64);
  expect(await cache.read(server(0), {})).toBeUndefined();
  expect(await cache.read(server(64), {})).toBeDefined();
  await cache.keep({ era: 'modern', tools: [tool('x'.repeat(1_048_577))] }, server(64), {});
  expect((await cache.read(server(64), {}))?.tools).toBeUndefined();
});

test('a folder that cannot be made is no error', async () => {
  const file = path.join(base, 'file');
  writeFileSync(file, '');
  const cache = new ListCache(path.join(file, 'lists'));
  await cache.keep({ era: 'modern' }, server('a'), {});
  expect(await cache.read(server('a'), {})).toBeUndefined();
});
