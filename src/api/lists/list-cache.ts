import type { TokenSource } from '../../auth/token-source.js';
import type { ConnectionFacts, ConnectionState } from '../../machines/connection/connection-context.js';
import { LISTS, remainingLifetime } from '../../protocol/cache-rules.js';
import type { ListName } from '../../protocol/cache-rules.js';
import type { NamedList } from '../../protocol/call-failure.js';
import { hasCapability, methodEntry } from '../../protocol/methods.js';
import type { MCPPrompt, MCPResource, MCPSkill, MCPTool } from '../../protocol/schema/index.js';
import type { Session } from '../../protocol/session.js';
import type { MCPTransport } from '../../transports/transport.js';
import type { Budget } from '../../util/budget.js';
import type { Events } from '../events.js';
import { checkCallOptions, LIST_OPTIONS } from '../options/call-options.js';
import type { ListOptions } from '../options/call-options.js';
import type { ResolvedOptions } from '../options/options.js';
import { HeldPages } from './held-pages.js';
import type { HeldList } from './held-pages.js';
import { listDeadline } from './list-pages.js';
import type { ListItems } from './list-pages.js';
import { readWholeList } from './whole-list.js';
import type { WholeListReader } from './whole-list.js';
import { Paced } from '../paced.js';
import type { SuspendedClient, SuspendedList } from '../suspended-client.js';
import { SharedListings } from './shared-listings.js';
import { currentToken } from '../current-token.js';
import { differenceOf, isDifferent } from './tools-difference.js';

/** A cached list. */
interface CachedList<Item> {
  readonly items: readonly Item[];
  /** The number of its session: the next session may be with another server. */
  readonly session: number;
  readonly receivedAt: number;
  readonly freshUntil: number;
  /** Whether a change notification may have been missed while no stream was open. */
  readonly changesMissed: boolean;
  /** Whether the server gave it the cache scope `public`. */
  readonly shared: boolean;
  /** The token of the request; undefined without a token, or when it is unknown. */
  readonly token: string | undefined;
  /** Whether it came from a suspended client: it is served once, although a change may have been missed, and revalidated. */
  readonly once: boolean;
}

/** What {@link ListCache} uses of a client. */
export interface ListClient extends WholeListReader {
  readonly transport: MCPTransport;
  readonly options: Pick<ResolvedOptions, 'maxTotalTimeout' | 'environment' | 'limits' | 'timeout' | 'resume'>;
  /** Undefined unless the transport has an `OAuth`. */
  readonly authorization: { readonly identity: string } | undefined;
  readonly budget: Budget;
  readonly connection: {
    readonly facts: Pick<ConnectionFacts, 'era' | 'connectionCount' | 'resumed'>;
    readonly session: Session | undefined;
    readonly receivesNotifications: boolean;
  };
  readonly events: Pick<Events, 'emit' | 'warnOnce' | 'has'>;
  session(): Session;
}

/**
 * Caches the lists of the server and serves them while they are fresh. The last known tools are kept longer, because their definitions
 * determine which calls may be repeated and how their output is validated.
 *
 * A list is cached as a whole: it is stale as soon as one of its pages is, and is then read from its first page, because pages of different
 * times may not match. A list of a legacy server is fresh only if change notifications arrive, without a gap since its request. A list is
 * served only to calls with the token with which it was requested. 2026-07-28 server/utilities/caching.
 */
export class ListCache {
  readonly #client: ListClient;
  readonly #cached = new Map<ListName, CachedList<unknown>>();
  readonly #pages: HeldPages;
  /** The pages of cached lists, and of the last known tools, for the budget. */
  readonly #held = new Map<ListName, HeldList>();
  /** The lists that were requested, or inherited from a suspended client. */
  readonly #requested = new Set<ListName>();
  /** Counts how often each list became stale, so that the response to an earlier request does not count as fresh. */
  readonly #expiries = new Map<ListName, number>();
  #tools = new Map<string, MCPTool>();
  #known: { readonly items: readonly MCPTool[]; readonly receivedAt: number } | undefined;
  /** The suspended client, until it is known whether its session continues. */
  #inherited: SuspendedClient | undefined;
  #outdated = false;
  readonly #sharedListings = new SharedListings();
  /** How many lists of tools differed from the list before. */
  #differences = 0;
  readonly #comparisons: Paced;

  constructor(client: ListClient) {
    this.#client = client;
    const { resume, environment, limits } = client.options;
    this.#pages = new HeldPages(client.budget, limits.maxListBytes);
    this.#comparisons = new Paced(environment, () => this.#compare());
    this.#inherited = resume;
    const tools = resume?.lists.tools;
    if (resume === undefined || tools === undefined) return;
    this.#tools = new Map(tools.items.map((tool) => [tool.name, tool]));
    this.#known = { items: tools.items, receivedAt: resume.suspendedAt - tools.age };
  }

  /** The definition of a tool in the last list. */
  tool(name: string): MCPTool | undefined {
    return this.#tools.get(name);
  }

  /** The names (for resources and skills: the URIs) in the list that was received last; undefined when none is cached. */
  known(list: NamedList): string[] | undefined {
    if (list === 'tools') return this.#known && [...this.#tools.keys()];
    const items = this.#cached.get(list)?.items as readonly (MCPPrompt | MCPResource | MCPSkill)[] | undefined;
    return items?.map((item) => ('uri' in item ? item.uri : item.name));
  }

  /** Whether the server announced a change of its tools after they were received last. */
  get outdated(): boolean {
    return this.#outdated;
  }

  /** Whether a fresh list is cached. */
  has(name: ListName): boolean {
    return this.#fresh(name) !== undefined;
  }

  /** All items of a list, in the order of its pages. */
  async list<Name extends ListName>(name: Name, options: ListOptions = {}): Promise<ListItems[Name][]> {
    checkCallOptions(LISTS[name].method, options, LIST_OPTIONS);
    const cached = options.useCache === false ? undefined : this.#fresh(name);
    const deadline = listDeadline(this.#client, options);
    const began = this.#now;
    const asking = cached?.shared === true ? undefined : this.#tokenFor(options);
    const token = asking && (await asking);
    if (cached !== undefined && (token === undefined || this.#isFor(token, name, cached))) {
      if (cached.once) this.#revalidate(name, cached);
      return [...cached.items];
    }
    this.#requested.add(name);
    const expiries = this.#expiries.get(name);
    const { receivesNotifications } = this.#client.connection;
    const {
      items,
      freshUntil,
      shared,
      session: number,
      held,
    } = await readWholeList(
      this.#client,
      this.#pages,
      name,
      { ...options, sharing: this.#sharing(name, options, token) },
      deadline,
      asking && began,
    );
    const { session, facts } = this.#client.connection;
    const unchanged = this.#expiries.get(name) === expiries;
    const fresh = session !== undefined && facts.connectionCount === number && unchanged;
    // The last tools are kept, whether or not they are fresh.
    if (fresh || name === 'tools') this.#hold(name, held);
    else held.release();
    if (fresh) {
      const receivedAt = this.#now;
      const about = {
        session: number,
        receivedAt,
        freshUntil,
        shared,
        token,
        changesMissed: !receivesNotifications,
        once: false,
      };
      this.#cached.set(name, { items, ...about });
    }
    if (name === 'tools') {
      this.#outdated &&= !unchanged;
      this.#keepTools(items as readonly unknown[] as readonly MCPTool[]);
    }
    return [...items];
  }

  /** Requests the tools again, because a call found an outdated definition. Uses the timeouts and the signal of this call. */
  async relistTools({ timeout, maxTotalTimeout, signal }: ListOptions): Promise<void> {
    await this.list('tools', { timeout, maxTotalTimeout, signal, useCache: false });
  }

  /** Handles a change notification of the server. */
  announced(name: ListName): void {
    if (name === 'tools') this.#outdated = true;
    this.#expire(name);
  }

  /** Counts the pages of this list for the budget, in place of those of the previous list. */
  #hold(name: ListName, held: HeldList | undefined): void {
    this.#held.get(name)?.release();
    if (held === undefined) this.#held.delete(name);
    else this.#held.set(name, held);
  }

  /** Marks a list as stale. */
  #expire(name: ListName): void {
    this.#cached.delete(name);
    if (name !== 'tools') this.#hold(name, undefined);
    this.#expiries.set(name, (this.#expiries.get(name) ?? 0) + 1);
    if (name === 'tools') this.#wantComparison();
  }

  /** Marks all lists as stale. */
  expireAll(): void {
    for (const name of this.#requested) this.#expire(name);
  }

  /** Handles a state change of the connection: lists of an earlier session are not served. */
  entered(state: ConnectionState): void {
    if (state !== 'ready' && state !== 'degraded') this.#comparisons.reset();
    if (state !== 'ready') return;
    this.#inheritLists();
    if (this.#known !== undefined) this.#wantComparison();
  }

  /** Caches the lists of the suspended client, if its session continues. A new session may have other lists. */
  #inheritLists(): void {
    const inherited = this.#inherited;
    this.#inherited = undefined;
    const { session, facts } = this.#client.connection;
    if (inherited === undefined || session === undefined || !facts.resumed) return;
    const now = this.#now;
    const elapsed = Math.max(now - inherited.suspendedAt, 0);
    // Change notifications during the suspension arrive only if the stream is resumed after its last event.
    const missed = session.era === 'legacy' && inherited.link?.lastEventId === undefined;
    for (const name of Object.keys(LISTS) as ListName[]) {
      const list = inherited.lists[name];
      if (list === undefined) continue;
      const { items, age, freshFor, changesMissed } = list;
      const freshUntil = now + remainingLifetime(name, session, freshFor, elapsed);
      const receivedAt = now - elapsed - age;
      const once = changesMissed || missed;
      const about = { session: facts.connectionCount, receivedAt, freshUntil, changesMissed: once, once };
      this.#cached.set(name, { items, ...about, shared: false, token: undefined });
      this.#requested.add(name);
    }
  }

  /** Exports the lists for the client that will resume the session. */
  export(): SuspendedClient['lists'] {
    const now = this.#now;
    const lists: Partial<Record<ListName, SuspendedList<unknown>>> = {};
    if (this.#known !== undefined) {
      const { items, receivedAt } = this.#known;
      // The list is stale, but calls use the definitions.
      lists.tools = { items, age: Math.max(now - receivedAt, 0), freshFor: 0, changesMissed: false };
    }
    for (const name of Object.keys(LISTS) as ListName[]) {
      const cached = this.#current(name);
      if (cached === undefined) continue;
      const { items, receivedAt, freshUntil } = cached;
      const freshFor = freshUntil === Infinity ? null : freshUntil - now;
      const changesMissed = cached.changesMissed || !this.#client.connection.receivesNotifications;
      lists[name] = { items, age: Math.max(now - receivedAt, 0), freshFor, changesMissed };
    }
    return lists as SuspendedClient['lists'];
  }

  /** Revalidates, in the background, a list that was served although a change may have been missed. */
  #revalidate(name: ListName, cached: CachedList<unknown>): void {
    const served = { ...cached, changesMissed: false, once: false };
    this.#cached.set(name, served);
    this.list(name, { useCache: false }).catch(() => {
      // The next call that needs the list will fail in the same way and report it. A list that came meanwhile is newer.
      if (this.#cached.get(name) === served) this.#cached.delete(name);
    });
  }

  /** Requests every list that the server has. */
  async refresh(): Promise<void> {
    const { capabilities } = this.#client.session();
    const names = (Object.keys(LISTS) as ListName[]).filter((name) => {
      const { needs } = methodEntry(LISTS[name].method);
      return needs !== undefined && hasCapability(capabilities, needs);
    });
    await Promise.all(names.map((name) => this.list(name, { useCache: false })));
  }

  get #now(): number {
    return this.#client.options.environment.now();
  }

  /** The token of requests at this moment, or the identity of an authorization; undefined if the transport has neither. */
  #tokenFor({ timeout, signal }: ListOptions): Promise<string> | undefined {
    const { options, authorization } = this.#client;
    if (authorization !== undefined) return Promise.resolve(authorization.identity);
    const { tokens } = this.#client.transport as { readonly tokens?: TokenSource };
    const limit = { timeout: timeout ?? options.timeout, signal };
    return tokens && currentToken(tokens, limit, options.environment);
  }

  /** The numbers by which a listing shares requests; none with `onProgress`, because progress belongs to one request. */
  #sharing(name: ListName, { useCache, onProgress }: ListOptions, token: string | undefined): number[] | undefined {
    if (onProgress !== undefined) return undefined;
    const about = [this.#expiries.get(name), this.#client.connection.receivesNotifications];
    return this.#sharedListings.numbersFor(name, token, about, useCache === false);
  }

  /** Whether a list may be served to calls with this token. A list of a suspended client belongs to the first token that is used. */
  #isFor(token: string, name: ListName, cached: CachedList<unknown>): boolean {
    // The list may have become stale while the token was fetched.
    if (this.#fresh(name) !== cached) return false;
    if (cached.token === undefined && token !== '') this.#cached.set(name, { ...cached, token });
    return token === (cached.token ?? token) && token !== '';
  }

  /** A cached list that may be served. */
  #fresh<Name extends ListName>(name: Name): CachedList<ListItems[Name]> | undefined {
    const cached = this.#current(name);
    if (cached === undefined || cached.once) return cached;
    return cached.changesMissed || !this.#client.connection.receivesNotifications ? undefined : cached;
  }

  /** A cached list of this session that has not expired. */
  #current<Name extends ListName>(name: Name): CachedList<ListItems[Name]> | undefined {
    const { session, facts } = this.#client.connection;
    const cached = this.#cached.get(name) as CachedList<ListItems[Name]> | undefined;
    if (session === undefined || cached?.session !== facts.connectionCount) return undefined;
    return cached.freshUntil > this.#now ? cached : undefined;
  }

  #keepTools(tools: readonly MCPTool[]): void {
    this.#tools = new Map(tools.map((tool) => [tool.name, tool]));
    const before = this.#known;
    this.#known = { items: tools, receivedAt: this.#now };
    if (before === undefined) return;
    const difference = differenceOf(before.items, tools);
    if (!isDifferent(difference)) return;
    this.#differences += 1;
    this.#client.events.emit('toolsChanged', difference);
  }

  /**
   * Requests a comparison with the current tools if `toolsChanged` has a listener. Some servers send a change notification after each
   * listing, so comparisons are paced. After the last notification there is always a comparison.
   */
  #wantComparison(): void {
    if (this.#client.events.has('toolsChanged') && this.#client.connection.session !== undefined)
      this.#comparisons.request();
  }

  /** Lists the tools, unless the cached list is fresh. Resolves with whether they differ. */
  async #compare(): Promise<boolean> {
    const differences = this.#differences;
    try {
      await this.list('tools');
    } catch {
      // The next call that needs the list will fail in the same way and report it.
    }
    return this.#differences !== differences;
  }
}
