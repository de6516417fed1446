import type { MCPClient } from '../api/client.js';
import type { ListOptions } from '../api/options/call-options.js';
import { differenceOf, isDifferent } from '../api/lists/tools-difference.js';
import type { ToolsDifference } from '../api/lists/tools-difference.js';
import type { Environment } from '../util/environment.js';
import type { Failure } from '../util/failure.js';
import { handlerFailed } from '../util/user-function.js';
import { isSameJson } from '../util/json-values.js';
import { listsIn } from './lists/list-cache.js';
import type { CachedLists, ListCache, ServerLists } from './lists/list-cache.js';
import { isAllowed } from './tool-filter.js';
import type { GroupToolFilter } from './tool-filter.js';

/** The lists of a server that a group uses. */
export type ListKind = keyof ServerLists;
/** The items of these lists. */
export type ListItem = { readonly [Kind in ListKind]-?: NonNullable<ServerLists[Kind]>[number] };

/** How each list is requested, and the capability that it needs. */
const LISTS: {
  readonly [Kind in ListKind]: {
    readonly needs: string;
    readonly request: (client: MCPClient, options: ListOptions) => Promise<ListItem[Kind][]>;
  };
} = {
  tools: { needs: 'tools', request: (client, options) => client.listTools(options) },
  prompts: { needs: 'prompts', request: (client, options) => client.listPrompts(options) },
  resources: { needs: 'resources', request: (client, options) => client.listResources(options) },
  resourceTemplates: { needs: 'resources', request: (client, options) => client.listResourceTemplates(options) },
};

/** What {@link MemberLists} uses of its member. */
export interface ListOwner {
  readonly environment: Environment;
  /** The known lists have changed. `tools` is undefined if the tools were unknown, or are the same. */
  changed(tools: ToolsDifference | undefined): void;
  report(problem: Failure): void;
}

/** The last known lists of one server: from the list cache, and then from the server. */
export class MemberLists {
  readonly #key: string;
  readonly #cache: ListCache | undefined;
  readonly #filter: GroupToolFilter | undefined;
  readonly #owner: ListOwner;
  #known: ServerLists = {};
  /** The lists that the cache has. */
  #cached: ServerLists = {};
  /** Resolves when the lists of the cache are known. Never rejects. */
  readonly loaded: Promise<void>;
  #writing: Promise<void> = Promise.resolve();
  /** The lists that wait to be written. Later lists replace them, so that a slow cache holds up at most one write. */
  #unwritten: (ServerLists & Pick<CachedLists, 'era'>) | undefined;

  /** @param key the key of the server in the cache */
  constructor(key: string, cache: ListCache | undefined, filter: GroupToolFilter | undefined, owner: ListOwner) {
    this.#key = key;
    this.#cache = cache;
    this.#filter = filter;
    this.#owner = owner;
    this.loaded = this.#load();
  }

  /** The last known items of a list; undefined if it is unknown. Tools that may not be used are left out. */
  known<Kind extends ListKind>(kind: Kind): readonly ListItem[Kind][] | undefined {
    return this.#known[kind] as readonly ListItem[Kind][] | undefined;
  }

  /** The lists that are known. */
  get kinds(): ListKind[] {
    return (Object.keys(LISTS) as ListKind[]).filter((kind) => this.#known[kind] !== undefined);
  }

  /**
   * Requests a list, unless the client has a fresh one.
   * @throws the errors of {@link MCPClient.listTools}
   */
  async fetch<Kind extends ListKind>(
    kind: Kind,
    client: MCPClient,
    options: ListOptions,
  ): Promise<readonly ListItem[Kind][]> {
    const { needs, request } = LISTS[kind];
    const capabilities: readonly string[] = await client.getCapabilities();
    const items = capabilities.includes(needs) ? await request(client, options) : [];
    this.keep({ [kind]: items }, client);
    return this.known(kind) ?? [];
  }

  /** Keeps lists that the server sent. */
  keep(lists: ServerLists, { era }: Pick<MCPClient, 'era'>): void {
    const before = this.#known;
    const tools = lists.tools?.filter(({ name }) => isAllowed(name, this.#filter));
    this.#known = { ...before, ...lists, ...(tools && { tools }) };
    this.#write(lists, era);
    const difference = tools && before.tools && differenceOf(before.tools, tools);
    this.#owner.changed(difference && isDifferent(difference) ? difference : undefined);
  }

  /** Resolves when everything is written. Never rejects. */
  written(): Promise<void> {
    return this.#writing;
  }

  async #load(): Promise<void> {
    try {
      const cached = await within(this.#owner.environment, this.#cache?.read(this.#key));
      if (cached === undefined) return;
      const { tools: own, prompts, resources, resourceTemplates } = cached;
      this.#cached = listsIn({ tools: own, prompts, resources, resourceTemplates });
      const tools = this.#cached.tools?.filter(({ name }) => isAllowed(name, this.#filter));
      // A list that the server has sent meanwhile is newer.
      this.#known = { ...this.#cached, tools, ...this.#known };
      this.#owner.changed(undefined);
    } catch (thrown) {
      this.#owner.report(handlerFailed('listCache.read', thrown));
    }
  }

  #write(lists: ServerLists, era: MCPClient['era']): void {
    const cache = this.#cache;
    if (cache === undefined || isSameJson({ ...this.#cached, ...lists }, this.#cached)) return;
    this.#cached = { ...this.#cached, ...lists };
    const waits = this.#unwritten !== undefined;
    this.#unwritten = { ...this.#unwritten, ...lists, era };
    if (!waits) this.#writing = this.#writing.then(() => this.#writeNow(cache));
  }

  async #writeNow(cache: ListCache): Promise<void> {
    const lists = this.#unwritten;
    this.#unwritten = undefined;
    if (lists === undefined) return;
    try {
      await within(this.#owner.environment, cache.keep(this.#key, lists));
    } catch (thrown) {
      this.#owner.report(handlerFailed('listCache.keep', thrown));
    }
  }
}

/** How long a list cache may take, in ms. */
const LONGEST = 5_000;

/** The result of a list cache, unless it takes too long. */
async function within<Value>(environment: Environment, result: Promise<Value> | undefined): Promise<Value | undefined> {
  if (result === undefined) return undefined;
  let timer: unknown;
  const late = new Promise<never>((_resolve, reject) => {
    timer = environment.setTimeout(() => {
      reject(new Error(`it took longer than ${LONGEST} ms`));
    }, LONGEST);
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    environment.clearTimeout(timer);
  }
}
