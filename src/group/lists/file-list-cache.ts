import { readdir, rename, stat, unlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

import { preparePrivateFolder, readPrivateFile, writePrivateFile } from '../../auth/stores/private-files.js';
import { invalidOption, optionNames, OptionReader } from '../../option-checks.js';
import { systemEnvironment } from '../../util/environment.js';
import { LIST_CACHE_VERSION, listsIn } from './list-cache.js';
import type { CachedLists, ListCache, ServerLists } from './list-cache.js';

/** Options of {@link fileListCache}. */
export interface FileListCacheOptions {
  /**
   * The folder of the files. It is created when it is needed, and not used if other users may read it. Default: the folder `mcp-actors` in the
   * cache folder of the platform, which the command line uses, too.
   */
  readonly folder?: string | undefined;
}

const OPTIONS = optionNames<FileListCacheOptions>({ folder: true });

/**
 * A list cache on disk: a file for each server, with the mode 0600 and a hash as its name. It holds the names, descriptions and schemas of tools,
 * prompts and resources, and no secrets of the client. Entries are used for 30 days; at most 64 servers are kept, with 1 MiB each. Reading and
 * writing never fail: without the cache everything works.
 *
 * @throws MCPError with code `MCP_INVALID_PARAMS` for an unknown option, or a folder that is not an absolute path
 * @example
 * const group = new MCPClientGroup(servers, { lazy: true, listCache: fileListCache() });
 */
export function fileListCache(options: FileListCacheOptions = {}): ListCache {
  OptionReader.of('fileListCache', options, OPTIONS);
  const { folder = cacheFolder() } = options;
  if (typeof folder !== 'string' || !path.isAbsolute(folder)) {
    throw invalidOption('folder', 'an absolute path', folder, 'fileListCache');
  }
  return new FileListCache(folder);
}

/** Older entries are not used, in ms. */
const LONGEST_AGE = 30 * 86_400_000;
/** Longer entries are not kept, in characters. */
const LONGEST_ENTRY = 1_048_576;
/** The number of servers that are kept: with the length, the cache has at most 64 MiB. */
const MOST_ENTRIES = 64;
const ENTRY = /^[0-9a-f]{64}\.json$/;

/** Where programs keep what they can obtain again on this system. XDG Base Directory Specification. */
export function cacheFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  // An empty variable, and a relative path, count as missing.
  const given = (name: string): string | undefined => {
    const value = env[name];
    return value !== undefined && path.isAbsolute(value) ? value : undefined;
  };
  if (platform === 'win32') {
    return path.join(given('LOCALAPPDATA') ?? path.join(home, 'AppData', 'Local'), 'mcp-actors', 'cache');
  }
  const base =
    platform === 'darwin'
      ? path.join(home, 'Library', 'Caches')
      : (given('XDG_CACHE_HOME') ?? path.join(home, '.cache'));
  return path.join(base, 'mcp-actors');
}

/** See {@link fileListCache}. */
export class FileListCache implements ListCache {
  readonly #folder: string;
  readonly #now: () => number;

  constructor(folder: string, now: () => number = () => systemEnvironment.now()) {
    this.#folder = folder;
    this.#now = now;
  }

  /** The lists of a server; undefined if they are unknown or too old. */
  async read(key: string): Promise<CachedLists | undefined> {
    try {
      const text = await readPrivateFile(this.#fileOf(key));
      if (text === undefined || text.length > LONGEST_ENTRY) return undefined;
      return this.#parse(text);
    } catch {
      return undefined;
    }
  }

  /** Keeps lists. Kinds that are not given stay as they were. */
  async keep(key: string, lists: ServerLists & Pick<CachedLists, 'era'>): Promise<void> {
    try {
      await preparePrivateFolder(this.#folder);
      const before = await this.read(key);
      const text = JSON.stringify({ ...before, ...lists, version: LIST_CACHE_VERSION, at: this.#now() });
      if (text.length > LONGEST_ENTRY) return;
      const file = this.#fileOf(key);
      const staged = `${file}.new-${process.pid}-${systemEnvironment.newId()}`;
      await writePrivateFile(staged, text);
      try {
        await rename(staged, file);
      } catch {
        await unlink(staged);
      }
      await this.#prune();
    } catch {
      // A folder that cannot be written, or that other users can write, is not used.
    }
  }

  #parse(text: string): CachedLists | undefined {
    const read = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const { version, at, era } = read;
    const now = this.#now();
    if (version !== LIST_CACHE_VERSION || typeof at !== 'number' || at > now || now - at > LONGEST_AGE)
      return undefined;
    return {
      at,
      era: era === 'modern' || era === 'legacy' ? era : undefined,
      ...listsIn(read),
    };
  }

  /** Removes the oldest entries, and what commands that were killed have left. */
  async #prune(): Promise<void> {
    const aged = await Promise.all(
      (await readdir(this.#folder)).map(async (name) => {
        const file = path.join(this.#folder, name);
        const modified = await stat(file).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        );
        return { file, modified, isEntry: ENTRY.test(name) };
      }),
    );
    const now = this.#now();
    const entries = aged.filter(({ isEntry }) => isEntry).sort((one, other) => other.modified - one.modified);
    const left = aged.filter(({ file, modified }) => file.includes('.json.new-') && now - modified > 60_000);
    const old = entries.filter(({ modified }, index) => index >= MOST_ENTRIES || now - modified > LONGEST_AGE);
    for (const { file } of [...left, ...old]) await unlink(file).catch(() => undefined);
  }

  #fileOf(key: string): string {
    return path.join(this.#folder, `${key}.json`);
  }
}
