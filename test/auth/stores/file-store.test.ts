import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect, promisify } from 'node:util';

import { fileStore } from '../../../src/auth/index.js';
import { takeFileLease } from '../../../src/auth/stores/file-lease.js';
import { defaultFolder, fileStoreWith } from '../../../src/auth/stores/file-store.js';
import { compiled } from '../../support/compiled.js';
import { storeContract } from './store-contract.js';

const TIMING = {
  lease: { touch: 50, dead: 400, look: 20 },
  write: { touch: 50, dead: 400, look: 20 },
  watch: 50,
};

const never = new AbortController().signal;

let base: string;
let folder: string;

beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), 'tokens-'));
  folder = path.join(base, 'state', 'mcp-actors');
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

const values = (): string[] => readdirSync(folder).filter((file) => file.endsWith('.json'));

storeContract('files', async () => fileStoreWith(folder, TIMING));

describe('fileStore()', () => {
  test('lists the keys that have a value, without those of damaged and foreign files', async () => {
    const store = fileStore(folder);
    expect(await store.keys?.()).toEqual([]);
    for (const key of ['grant/a', 'grant/b', 'client/c']) await store.write(key, 'value');
    await store.write('grant/b', undefined);
    writeFileSync(path.join(folder, 'grant-1.json'), '{', { mode: 0o600 });
    writeFileSync(path.join(folder, 'grant-2.json'), '{ "key": "grant/d", "value": "copied" }', { mode: 0o600 });
    expect([...((await store.keys?.()) ?? [])].sort()).toEqual(['client/c', 'grant/a']);
  });

  test('refuses what is not the path of a folder', () => {
    for (const given of ['', 'a\0b', 3, null]) {
      const refused = (): unknown => fileStore(given as string);
      expect(refused).toThrow('fileStore(): folder must be the path of a folder');
    }
  });

  test('makes its folder with the mode 0700, and files with 0600, whatever the umask is', async () => {
    const before = process.umask(0);
    try {
      const store = fileStore(folder);
      await store.write('grant/a', 'secret');
      const lease = await store.lease?.('refresh/a', never);
      expect(statSync(folder).mode & 0o777).toBe(0o700);
      const modes = readdirSync(folder).map((file) => statSync(path.join(folder, file)).mode & 0o777);
      expect(new Set(modes)).toEqual(new Set([0o600]));
      await lease?.release();
    } finally {
      process.umask(before);
    }
  });

  test('makes nothing until it is used', () => {
    fileStore(folder);
    expect(existsSync(folder)).toBe(false);
  });

  test('shows no value when it is printed', async () => {
    const store = fileStore(folder);
    await store.write('grant/a', 'secret');
    expect(inspect(store, { depth: 9, showHidden: true })).not.toContain('secret');
  });

  test.each([
    ['linux', { XDG_STATE_HOME: '/state' }, '/state/mcp-actors'],
    ['linux', { XDG_STATE_HOME: 'relative' }, '/home/user/.local/state/mcp-actors'],
    ['linux', {}, '/home/user/.local/state/mcp-actors'],
    ['darwin', { XDG_STATE_HOME: '/state' }, '/home/user/Library/Application Support/mcp-actors'],
    ['win32', { LOCALAPPDATA: '/local' }, '/local/mcp-actors'],
    ['win32', {}, '/home/user/AppData/Local/mcp-actors'],
  ] as const)('has its folder on %s with %j at %s', (platform, env, expected) => {
    expect(defaultFolder(platform, env, '/home/user')).toBe(expected);
  });
});

describe('a folder or file that is not private', () => {
  test.each([0o750, 0o705, 0o777])(
    'is refused by its path and mode: a folder with the mode %i in decimal',
    async (mode) => {
      mkdirSync(folder, { recursive: true });
      chmodSync(folder, mode);
      const store = fileStore(folder);
      const message = new RegExp(`folder ${folder}, which has mode ${mode.toString(8)}.*chmod 700`);
      await expect(store.read('grant/a')).rejects.toThrow(message);
      await expect(store.write('grant/a', 'secret')).rejects.toThrow(message);
      await expect(store.lease?.('refresh/a', never)).rejects.toThrow(message);
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  test('is refused by its path and mode: a file with 0644, which is not read and not replaced', async () => {
    const store = fileStore(folder);
    await store.write('grant/a', 'secret');
    const file = path.join(folder, values()[0] ?? '');
    chmodSync(file, 0o644);
    await expect(store.read('grant/a')).rejects.toThrow(new RegExp(`${file}, which has mode 644.*chmod 600`));
    await expect(store.write('grant/a', 'other', 'secret')).rejects.toThrow('has mode 644');
    expect(readFileSync(file, 'utf8')).toContain('secret');
  });

  test('is refused when the folder is a symbolic link', async () => {
    const elsewhere = path.join(base, 'elsewhere');
    mkdirSync(elsewhere, { mode: 0o700 });
    mkdirSync(path.dirname(folder), { recursive: true });
    symlinkSync(elsewhere, folder);
    await expect(fileStore(folder).write('grant/a', 'secret')).rejects.toThrow(
      `${folder} must be a folder, and not a link`,
    );
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  test('is refused when a file is a symbolic link', async () => {
    const store = fileStore(folder);
    await store.write('grant/a', 'secret');
    const file = path.join(folder, values()[0] ?? '');
    const elsewhere = path.join(base, 'elsewhere');
    writeFileSync(elsewhere, readFileSync(file), { mode: 0o600 });
    rmSync(file);
    symlinkSync(elsewhere, file);
    await expect(store.read('grant/a')).rejects.toThrow(`${file} must be a file, and not a link`);
  });

  test('is refused when there is a file in place of the folder', async () => {
    mkdirSync(path.dirname(folder), { recursive: true });
    writeFileSync(folder, '');
    await expect(fileStore(folder).read('grant/a')).rejects.toThrow('EEXIST');
  });
});

describe('a damaged file', () => {
  test.each(['', '{"key":"grant/a"', '{"key":"grant/b","value":"secret"}', '{"key":"grant/a","value":3}', 'null'])(
    'is moved aside and reported once, and other values stay: %j',
    async (text) => {
      const store = fileStore(folder);
      await store.write('grant/a', 'secret');
      const file = path.join(folder, values()[0] ?? '');
      await store.write('grant/c', 'other');
      writeFileSync(file, text);
      await expect(store.read('grant/a')).rejects.toThrow(`The file ${file} is damaged; it is kept as ${file}.damaged`);
      expect(await store.read('grant/a')).toBeUndefined();
      expect(readFileSync(`${file}.damaged`, 'utf8')).toBe(text);
      expect(await store.write('grant/a', 'again')).toBe(true);
      expect(await store.read('grant/a')).toBe('again');
      expect(await store.read('grant/c')).toBe('other');
    },
  );
});

describe('a lease of files', () => {
  const take = (signal = never) => takeFileLease(folder, 'lease', TIMING.lease, signal);

  beforeEach(() => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  });

  test('is kept by a living holder for longer than a dead one has', async () => {
    const lease = await take();
    const controller = new AbortController();
    const waiting = take(controller.signal);
    setTimeout(() => {
      controller.abort(new Error('enough'));
    }, 1_200);
    await expect(waiting).rejects.toThrow('enough');
    expect(await lease.isHeld()).toBe(true);
    await lease.release();
  });

  test('is taken over from a dead holder by one of several that wait', async () => {
    writeFileSync(path.join(folder, 'lease.lease-7'), '');
    const taken: number[] = [];
    await Promise.all(
      [1, 2, 3, 4].map(async (number) => {
        const lease = await take();
        taken.push(number);
        expect(lease.followsDead).toBe(taken.length === 1);
        await lease.release();
      }),
    );
    expect(taken).toHaveLength(4);
    expect(readdirSync(folder)).toEqual(['lease.free-11']);
  });

  test.each([
    ['future', 4_000_000_000],
    ['past', 0],
  ])(
    'is taken over from a dead holder whose file is dated in the %s, and not from a living one',
    async (_when, seconds) => {
      const file = path.join(folder, 'lease.lease-1');
      writeFileSync(file, '');
      let touches = 0;
      const alive = setInterval(() => {
        touches += 1;
        utimesSync(file, seconds + touches, seconds + touches);
      }, 50);
      const controller = new AbortController();
      const waiting = take(controller.signal).catch((thrown: unknown) => thrown);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      clearInterval(alive);
      expect(existsSync(file)).toBe(true);
      expect(await waiting).toMatchObject({ followsDead: true });
      await ((await waiting) as { release(): Promise<void> }).release();
    },
  );

  test('is lost by a holder from which it was taken over, and whose release ends nothing', async () => {
    const silent = await takeFileLease(folder, 'lease', { ...TIMING.lease, touch: 60_000 }, never);
    const next = await take();
    expect([await silent.isHeld(), await next.isHeld()]).toEqual([false, true]);
    await silent.release();
    expect(await next.isHeld()).toBe(true);
    await next.release();
  });

  test('leaves one empty file after its release, and nothing of a wait that was aborted or of a killed process', async () => {
    writeFileSync(path.join(folder, 'lease.staged-killed'), '');
    const lease = await take();
    const controller = new AbortController();
    const waiting = take(controller.signal);
    controller.abort(new Error('no longer needed'));
    await expect(waiting).rejects.toThrow('no longer needed');
    await lease.release();
    expect(readdirSync(folder)).toEqual(['lease.free-1']);
  });
});

/** Runs a program with a store in a process of its own. Resolves when it has ended, in whatever way. */
async function runProgram(code: string): Promise<{ readonly signal?: string }> {
  const program = `const { fileStoreWith } = require(${JSON.stringify(compiled('auth/stores/file-store'))});
    const store = fileStoreWith(${JSON.stringify(folder)}, ${JSON.stringify(TIMING)});
    (async () => { ${code} })();`;
  return promisify(execFile)(process.execPath, ['-e', program]).then(
    () => ({}),
    (thrown: { readonly signal: string | null; readonly message: string }) => {
      if (thrown.signal === null) throw new Error(thrown.message);
      return { signal: thrown.signal };
    },
  );
}

test('eight processes that add to one value at the same time lose no write, although one of them is killed', async () => {
  const store = fileStoreWith(folder, TIMING);
  await store.write('grant/a', '');
  const add = (letter: string, killed: boolean): string => `
    for (let added = 0; added < 10; ) {
      const before = await store.read('grant/a');
      if (await store.write('grant/a', before + '${letter}', before)) added += 1;
      if (${killed} && added === 5) process.kill(process.pid, 'SIGKILL');
    }`;
  const letters = [...'abcdefgh'];
  const ends = await Promise.all(letters.map((letter) => runProgram(add(letter, letter === 'h'))));
  expect(ends).toEqual(letters.map((letter) => (letter === 'h' ? { signal: 'SIGKILL' } : {})));
  const value = (await store.read('grant/a')) ?? '';
  expect([...value].sort().join('')).toBe(
    `${letters
      .map((letter) => letter.repeat(10))
      .join('')
      .slice(0, 70)}hhhhh`,
  );
});

describe('a process that is killed', () => {
  test('leaves its lease to the next one', async () => {
    await runProgram(
      `await store.lease('refresh/a', new AbortController().signal); process.kill(process.pid, 'SIGKILL');`,
    );
    expect(readdirSync(folder).filter((file) => file.includes('.lease-'))).toHaveLength(1);
    const lease = await fileStoreWith(folder, TIMING).lease?.('refresh/a', never);
    expect(await lease?.isHeld()).toBe(true);
    await lease?.release();
  });

  test('while it writes leaves the old value or the new one, and the next write removes what it had staged', async () => {
    const store = fileStoreWith(folder, TIMING);
    await store.write('grant/a', 'old');
    await runProgram(`
      const fs = require('node:fs/promises');
      fs.rename = () => process.kill(process.pid, 'SIGKILL');
      await store.write('grant/a', 'new');`);
    expect(readdirSync(folder).filter((file) => file.includes('.new-'))).toHaveLength(1);
    expect(await store.read('grant/a')).toBe('old');
    expect(await store.write('grant/a', 'newer', 'old')).toBe(true);
    expect(readdirSync(folder).filter((file) => file.includes('.new-'))).toEqual([]);
    expect(await store.read('grant/a')).toBe('newer');
  });
});
