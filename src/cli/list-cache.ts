import { cacheFolder, FileListCache } from '../group/lists/file-list-cache.js';
import { listCacheKey } from '../group/lists/list-cache.js';
import type { CachedLists, ServerLists } from '../group/lists/list-cache.js';
import type { Era } from '../protocol/revisions.js';
import type { CommandContext } from './command-context.js';
import { DEFAULT_ACCOUNT } from './sign-in/stored-sign-in.js';
import type { Target, TargetFlags } from './target.js';

/** An era that was seen this long ago is detected again, in ms: the server may have been replaced. */
const LONGEST_ERA_AGE = 7 * 86_400_000;

/** A server, and the account whose lists they are. */
type Owner = readonly [target: Pick<Target, 'identity'>, flags: Pick<TargetFlags, 'account'>];

/** The lists of servers on disk, for `list --offline`, completion, and the era of the next command. Reading and writing never fail. */
export class ListCache {
  readonly #files: FileListCache;
  readonly #now: () => number;

  constructor(folder: string, now: () => number = Date.now) {
    this.#files = new FileListCache(folder, now);
    this.#now = now;
  }

  static of({ env }: Pick<CommandContext, 'env'>): ListCache {
    return new ListCache(cacheFolder(env));
  }

  /** The lists of a server; undefined if they are unknown or too old. */
  read(...owner: Owner): Promise<CachedLists | undefined> {
    return this.#files.read(keyOf(owner));
  }

  /** The era of a server, if it was seen not long ago. */
  async era(...owner: Owner): Promise<Era | undefined> {
    const lists = await this.read(...owner);
    return lists !== undefined && this.#now() - lists.at <= LONGEST_ERA_AGE ? lists.era : undefined;
  }

  /** Keeps lists. Kinds that are not given stay as they were. */
  keep(lists: ServerLists & Pick<CachedLists, 'era'>, ...owner: Owner): Promise<void> {
    return this.#files.keep(keyOf(owner), lists);
  }
}

function keyOf([{ identity }, { account = DEFAULT_ACCOUNT }]: Owner): string {
  return listCacheKey(identity, account);
}
