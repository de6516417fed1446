import { createHash } from 'node:crypto';
import { readdir, rename, stat, unlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

import { preparePrivateFolder, readPrivateFile, writePrivateFile } from '../auth/stores/private-files.js';
import type { Era } from '../protocol/revisions.js';
import type { MCPPrompt, MCPResource, MCPResourceTemplate, MCPTool } from '../protocol/schema/index.js';
import type { CommandContext } from './command-context.js';
import { DEFAULT_ACCOUNT } from './sign-in/stored-sign-in.js';
import type { Target, TargetFlags } from './target.js';

/** The lists of a server. */
export interface Lists {
  readonly tools?: readonly MCPTool[] | undefined;
  readonly resources?: readonly MCPResource[] | undefined;
  readonly resourceTemplates?: readonly MCPResourceTemplate[] | undefined;
  readonly prompts?: readonly MCPPrompt[] | undefined;
}

/** What is kept of a server between commands: its era and its lists, and nothing else. */
export interface CachedLists extends Lists {
  /** When they were written, in ms since the Unix epoch. */
  readonly at: number;
  readonly era: Era | undefined;
}

/** Older entries are not used, in ms. */
const LONGEST_AGE = 30 * 86_400_000;
/** An era that was seen this long ago is detected again, in ms: the server may have been replaced. */
const LONGEST_ERA_AGE = 7 * 86_400_000;
/** Longer entries are not kept, in characters. */
const LONGEST_ENTRY = 1_048_576;
/** The number of servers that are kept: with the length, the cache has at most 64 MiB. */
const MOST_ENTRIES = 64;
const ENTRY = /^[0-9a-f]{64}\.json$/;
const VERSION = 1;

/** Where programs keep what they can obtain again on this system. XDG Base Directory Specification. */
export function cacheFolder(
  env: CommandContext['env'] = process.env,
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

/** A server, and the account whose lists they are. */
type Owner = readonly [target: Pick<Target, 'identity'>, flags: Pick<TargetFlags, 'account'>];

/**
 * The lists of servers on disk, for `list --offline`, completion, and the era of the next command. Files have names that are hashes, the mode 0600,
 * and are written at once or not at all. Reading and writing never fail: without the cache everything works.
 */
export class ListCache {
  readonly #folder: string;
  readonly #now: () => number;

  constructor(folder: string, now: () => number = Date.now) {
    this.#folder = folder;
    this.#now = now;
  }

  static of({ env }: Pick<CommandContext, 'env'>): ListCache {
    return new ListCache(cacheFolder(env));
  }

  /** The lists of a server; undefined if they are unknown or too old. */
  async read(...owner: Owner): Promise<CachedLists | undefined> {
    try {
      const text = await readPrivateFile(this.#fileOf(owner));
      if (text === undefined || text.length > LONGEST_ENTRY) return undefined;
      return this.#parse(text);
    } catch {
      return undefined;
    }
  }

  /** The era of a server, if it was seen not long ago. */
  async era(...owner: Owner): Promise<Era | undefined> {
    const lists = await this.read(...owner);
    return lists !== undefined && this.#now() - lists.at <= LONGEST_ERA_AGE ? lists.era : undefined;
  }

  /** Keeps lists. Kinds that are not given stay as they were. */
  async keep(lists: Lists & Pick<CachedLists, 'era'>, ...owner: Owner): Promise<void> {
    try {
      await preparePrivateFolder(this.#folder);
      const before = await this.read(...owner);
      const text = JSON.stringify({ ...before, ...lists, version: VERSION, at: this.#now() });
      if (text.length > LONGEST_ENTRY) return;
      const file = this.#fileOf(owner);
      const staged = `${file}.new-${process.pid}-${process.hrtime.bigint()}`;
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
    if (version !== VERSION || typeof at !== 'number' || at > now || now - at > LONGEST_AGE) return undefined;
    return {
      at,
      era: era === 'modern' || era === 'legacy' ? era : undefined,
      tools: itemsIn<MCPTool>(read.tools, 'name'),
      resources: itemsIn<MCPResource>(read.resources, 'uri'),
      resourceTemplates: itemsIn<MCPResourceTemplate>(read.resourceTemplates, 'uriTemplate'),
      prompts: itemsIn<MCPPrompt>(read.prompts, 'name'),
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

  #fileOf([{ identity }, { account = DEFAULT_ACCOUNT }]: Owner): string {
    const hash = createHash('sha256').update(JSON.stringify([VERSION, sorted(identity), account]));
    return path.join(this.#folder, `${hash.digest('hex')}.json`);
  }
}

/** The items of a list that have a key; undefined if there is no list. */
function itemsIn<Item>(list: unknown, key: keyof Item): readonly Item[] | undefined {
  if (!Array.isArray(list)) return undefined;
  return list.filter((item) => typeof (item as Item | null)?.[key] === 'string') as Item[];
}

/** With the keys of objects in order, so that equal identities have equal hashes. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(
    entries.sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, one]) => [key, sorted(one)]),
  );
}
