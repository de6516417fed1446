import { createHash } from 'node:crypto';
import { unwatchFile, watchFile } from 'node:fs';
import { readdir, rename, unlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

import { invalidOption } from '../../option-checks.js';
import { systemEnvironment } from '../../util/environment.js';
import { codeOf, ignore, takeFileLease } from './file-lease.js';
import { LEASE_TIMING } from './lease-timing.js';
import type { LeaseTiming } from './lease-timing.js';
import { preparePrivateFolder, readPrivateFile, syncFolder, writePrivateFile } from './private-files.js';
import type { TokenLease, TokenStore } from './token-store.js';

/** The times of a file store, in ms. */
export interface FileStoreTiming {
  /** Of the leases of tokens. */
  readonly lease: LeaseTiming;
  /** Of the lock that a process holds while it writes a file. */
  readonly write: LeaseTiming;
  /** The time between two looks at a file that is watched. */
  readonly watch: number;
}

const TIMING: FileStoreTiming = {
  lease: LEASE_TIMING,
  // Taking it over is safe at any time: what its holder was about to write is removed.
  write: { touch: 1_000, dead: 5_000, look: 100 },
  watch: 1_000,
};

/**
 * A store in a folder of this machine, for any number of processes: tokens survive the end of the program, one process at a time refreshes a token
 * or asks a person to sign in, and the others use the result. The folder has the mode 0700 and its files 0600; a folder or file that other users
 * may read, and a symbolic link, is refused. The files are not encrypted. OAuth 2.1, 4.3.
 *
 * A file that is damaged is renamed to `<name>.damaged`, and the operation rejects. The functions reject with errors of the file system; the client
 * emits them as `error` events with the code `MCP_TOKEN_STORE_FAILED`, and goes on with the tokens in memory.
 *
 * @param folder the folder, which is made when it is needed. Default: `mcp-actors` in `$XDG_STATE_HOME` or `~/.local/state`; on macOS in
 * `~/Library/Application Support`; on Windows in `%LOCALAPPDATA%`
 * @throws MCPError with code `MCP_INVALID_PARAMS` when `folder` is not a text, or is empty.
 * @example
 * const auth = oauth({ store: fileStore() });
 */
export function fileStore(folder: string = defaultFolder()): TokenStore {
  if (typeof folder !== 'string' || folder === '' || folder.includes('\0'))
    throw invalidOption('folder', 'the path of a folder', folder, 'fileStore()');
  return new FileStore(path.resolve(folder), TIMING);
}

/** The same with other times, for tests. */
export function fileStoreWith(folder: string, timing: FileStoreTiming): TokenStore {
  return new FileStore(folder, timing);
}

/** Where programs keep such data on this system. */
export function defaultFolder(
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
  home: string = homedir(),
): string {
  // An empty variable, and a relative path, count as missing. XDG Base Directory Specification.
  const given = (name: string): string | undefined => {
    const value = env[name];
    return value !== undefined && path.isAbsolute(value) ? value : undefined;
  };
  const base =
    platform === 'win32'
      ? (given('LOCALAPPDATA') ?? path.join(home, 'AppData', 'Local'))
      : platform === 'darwin'
        ? path.join(home, 'Library', 'Application Support')
        : (given('XDG_STATE_HOME') ?? path.join(home, '.local', 'state'));
  return path.join(base, 'mcp-actors');
}

/** How often a value is written again, if other processes take the lock over meanwhile. */
const MOST_TRIES = 10;

class FileStore implements TokenStore {
  readonly #folder: string;
  readonly #timing: FileStoreTiming;

  constructor(folder: string, timing: FileStoreTiming) {
    this.#folder = folder;
    this.#timing = timing;
  }

  async read(key: string): Promise<string | undefined> {
    await preparePrivateFolder(this.#folder);
    const read = await this.#valueOf(key);
    if (read !== DAMAGED) return read;
    return this.#locked(key, async () => this.#undamaged(key));
  }

  async write(key: string, value: string | undefined, expected?: string): Promise<boolean> {
    await preparePrivateFolder(this.#folder);
    const file = this.#fileOf(key);
    for (let tries = 1; ; tries += 1) {
      // It is written before the lock is taken, so that the next holder can remove what a stopped process was about to rename.
      const staged = `${file}.new-${systemEnvironment.newId()}`;
      await writePrivateFile(staged, JSON.stringify({ key, value }));
      try {
        return await this.#locked(key, () => this.#replace(key, staged, expected));
      } catch (thrown) {
        if (codeOf(thrown) !== 'ENOENT' || tries === MOST_TRIES) throw thrown;
      } finally {
        await unlink(staged).catch(ignore);
      }
    }
  }

  /** Rejects with `ENOENT` if another process has taken the lock over. */
  async #replace(key: string, staged: string, expected: string | undefined): Promise<boolean> {
    if (expected !== undefined && (await this.#undamaged(key)) !== expected) return false;
    // A deleted value leaves a file without it: only replacing a file by a staged one is safe if this process is stopped in between.
    await rename(staged, this.#fileOf(key));
    await syncFolder(this.#folder);
    return true;
  }

  async lease(key: string, signal: AbortSignal): Promise<TokenLease> {
    await preparePrivateFolder(this.#folder);
    return takeFileLease(this.#folder, nameOf(key), this.#timing.lease, signal);
  }

  watch(key: string, changed: () => void): () => void {
    const file = this.#fileOf(key);
    // Polled, because notifications of changes do not cross networks.
    const listener = (): void => {
      try {
        changed();
      } catch {
        // See `TokenStore.watch`. A listener that throws would end the process.
      }
    };
    watchFile(file, { persistent: false, interval: this.#timing.watch }, listener);
    return () => {
      unwatchFile(file, listener);
    };
  }

  async keys(): Promise<readonly string[]> {
    await preparePrivateFolder(this.#folder);
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith('.json'));
    const keys: string[] = [];
    for (const name of names) {
      const text = await readPrivateFile(path.join(this.#folder, name)).catch(ignore);
      const key = text === undefined ? undefined : keyIn(text);
      // The name is a hash of the key: a file that was copied or renamed is not one of this store.
      if (key !== undefined && name === `${nameOf(key)}.json`) keys.push(key);
    }
    return keys;
  }

  /** Acts while no other process writes the value of a key. */
  async #locked<Result>(key: string, act: () => Promise<Result>): Promise<Result> {
    const name = `${nameOf(key)}.json.lock`;
    const lock = await takeFileLease(this.#folder, name, this.#timing.write, NEVER);
    try {
      if (lock.followsDead) await this.#removeStaged(key);
      return await act();
    } finally {
      await lock.release();
    }
  }

  /** Removes what other processes are about to write: one that was stopped may not go on, the others write again. */
  async #removeStaged(key: string): Promise<void> {
    const prefix = `${nameOf(key)}.json.new-`;
    for (const file of await readdir(this.#folder))
      if (file.startsWith(prefix)) await unlink(path.join(this.#folder, file)).catch(ignore);
  }

  /** The value of a key. A damaged file is moved aside, and reported once. */
  async #undamaged(key: string): Promise<string | undefined> {
    const read = await this.#valueOf(key);
    if (read !== DAMAGED) return read;
    const file = this.#fileOf(key);
    await rename(file, `${file}.damaged`);
    throw new Error(`The file ${file} is damaged; it is kept as ${file}.damaged`);
  }

  async #valueOf(key: string): Promise<string | undefined | typeof DAMAGED> {
    const text = await readPrivateFile(this.#fileOf(key));
    return text === undefined ? undefined : valueIn(text, key);
  }

  #fileOf(key: string): string {
    return path.join(this.#folder, `${nameOf(key)}.json`);
  }
}

/** A signal that is never aborted. */
const NEVER = new AbortController().signal;

/** The content of a file that this store has not written. */
const DAMAGED = Symbol('damaged');

function valueIn(text: string, key: string): string | undefined | typeof DAMAGED {
  try {
    const { key: own, value } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return own === key && (value === undefined || typeof value === 'string') ? value : DAMAGED;
  } catch {
    return DAMAGED;
  }
}

/** The key of a file, if the file has a value. */
function keyIn(text: string): string | undefined {
  try {
    const { key, value } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return typeof key === 'string' && typeof value === 'string' ? key : undefined;
  } catch {
    return undefined;
  }
}

/** The name of the files of a key: what the key begins with, for people, and a hash, because keys may contain anything. */
function nameOf(key: string): string {
  const kind = /^[a-z-]{1,20}(?=\/)/.exec(key)?.[0] ?? 'value';
  return `${kind}-${createHash('sha256').update(key).digest('hex')}`;
}
