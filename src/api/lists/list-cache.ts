import type { TokenSource } from '../../auth/token-source.js';
import { toError } from '../../errors.js';
import type { ConnectionState } from '../../machines/connection/connection-context.js';
import { LISTS, pageLifetime, remainingLifetime } from '../../protocol/cache-rules.js';
import type { ListName } from '../../protocol/cache-rules.js';
import type { NamedList } from '../../protocol/call-failure.js';
import { hasCapability } from '../../protocol/methods.js';
import type { MCPPrompt, MCPResource, MCPTool } from '../../protocol/schema/index.js';
import { checkCallOptions, LIST_OPTIONS } from '../options/call-options.js';
import type { ListOptions } from '../options/call-options.js';
import type { Core, SubmitOptions } from '../core.js';
import { HeldPages } from './held-pages.js';
import type { HeldList } from './held-pages.js';
import { isTorn, listDeadline, listPages, otherSession } from './list-pages.js';
import type { ListItems } from './list-pages.js';
import { Paced } from '../paced.js';
import type { SuspendedClient, SuspendedList } from '../suspended-client.js';
import { tokenOfMoment } from '../token-of-moment.js';
import { differenceOf, isDifferent } from './tools-difference.js';

/** A list as it was received. */
interface Kept<Item> {
  readonly items: readonly Item[];
  /** The number of the session it belongs to: another session may have another server behind it. */
  readonly session: number;
  readonly receivedAt: number;
  readonly freshUntil: number;
  /** A change may have been announced while nobody listened. */
  readonly unheard: boolean;
  /** The server says that it is for everybody. */
  readonly shared: boolean;
  /** The token that it was asked for with; undefined where there is none, or where that is not known. */
  readonly token: string | undefined;
  /** Another client left it, so that it is handed out once although a change may not have been heard. */
  readonly once: boolean;
}

/** All pages of a list. */
interface Reading<Item> {
  readonly items: readonly Item[];
  /** When the first of them is stale. */
  readonly freshUntil: number;
  /** All of them are for everybody. */
  readonly shared: boolean;
  /** The number of the session that they came from. */
  readonly session: number;
  /** Counts its pages for the budget, until the list is released. */
  readonly held: HeldList;
}

/** Listings that may share requests. */
interface Group {
  readonly about: string;
  readonly number: number;
  /** The number of those that began in this tick and must not be older. */
  ofTick: number | undefined;
}

/** Why pages that were read do not make a list. */
interface Torn {
  readonly torn: unknown;
}

/**
 * What the server offers, as far as it was asked. Lists are handed out again while they are fresh; the last known tools are kept
 * beyond that, for what their definitions say about repeating calls and about their output.
 *
 * A list is handed out as a whole, so it is kept as a whole: it is stale as soon as one of its pages is, and then read from its beginning.
 * Pages of different times would not fit together. That of a legacy server is fresh only while its announcements are heard, and were
 * heard when it was asked for. What was asked for with one token is not handed out to another. 2026-07-28 server/utilities/caching.
 */
export class ListCache {
  readonly #core: Core;
  readonly #kept = new Map<ListName, Kept<unknown>>();
  readonly #pages: HeldPages;
  /** What the lists are counted by that are kept, or are the last known tools. */
  readonly #held = new Map<ListName, HeldList>();
  /** Lists that were asked for, or inherited. */
  readonly #asked = new Set<ListName>();
  /** Counts what made each list stale, so that an answer under way at that moment is not taken for fresh. */
  readonly #expiries = new Map<ListName, number>();
  #tools = new Map<string, MCPTool>();
  #known: { readonly items: readonly MCPTool[]; readonly receivedAt: number } | undefined;
  /** What another client left behind, until it shows whether its session goes on. */
  #inherited: SuspendedClient | undefined;
  #outdated = false;
  /** What listings that may share requests have in common, and the numbers that stand for it. */
  readonly #groups = new Map<ListName, Group>();
  #lastGroup = 0;
  /** The token of the last listing, and how often it changed. */
  #lastToken: string | undefined;
  #tokens = 0;
  /** Counts the lists of tools that differed from the one before. */
  #differences = 0;
  readonly #comparisons: Paced;

  constructor(core: Core) {
    this.#core = core;
    const { resume, environment, limits } = core.options;
    this.#pages = new HeldPages(core.budget, limits.maxListBytes);
    this.#comparisons = new Paced(environment, () => this.#compare());
    this.#inherited = resume;
    const tools = resume?.lists.tools;
    if (resume === undefined || tools === undefined) return;
    this.#tools = new Map(tools.items.map((tool) => [tool.name, tool]));
    this.#known = { items: tools.items, receivedAt: resume.suspendedAt - tools.age };
  }

  /** The definition of a tool in the list that was received last. */
  tool(name: string): MCPTool | undefined {
    return this.#tools.get(name);
  }

  /** The names (for resources: the URIs) in the list that was received last; undefined when none was received, or none is kept. */
  known(list: NamedList): string[] | undefined {
    if (list === 'tools') return this.#known && [...this.#tools.keys()];
    const items = this.#kept.get(list)?.items as readonly (MCPPrompt | MCPResource)[] | undefined;
    return items?.map((item) => ('uri' in item ? item.uri : item.name));
  }

  /** Whether the server has announced that its tools are others than those that were received last. */
  get outdated(): boolean {
    return this.#outdated;
  }

  /** Whether a list is known that is still fresh. */
  has(name: ListName): boolean {
    return this.#fresh(name) !== undefined;
  }

  /** All items of a list, in the order of its pages. */
  async list<Name extends ListName>(name: Name, options: ListOptions = {}): Promise<ListItems[Name][]> {
    checkCallOptions(LISTS[name].method, options, LIST_OPTIONS);
    const kept = options.useCache === false ? undefined : this.#fresh(name);
    const deadline = listDeadline(this.#core, options);
    const began = this.#now;
    const asking = kept?.shared === true ? undefined : this.#tokenFor(options);
    const token = asking && (await asking);
    if (kept !== undefined && (token === undefined || this.#isFor(token, name, kept))) {
      if (kept.once) this.#lookBehind(name, kept);
      return [...kept.items];
    }
    this.#asked.add(name);
    const expiries = this.#expiries.get(name);
    const { hearing } = this.#core.connection;
    const {
      items,
      freshUntil,
      shared,
      session: number,
      held,
    } = await this.#readAll(
      name,
      { ...options, sharing: this.#sharing(name, options, token) },
      deadline,
      asking && began,
    );
    const { session, facts } = this.#core.connection;
    const unchanged = this.#expiries.get(name) === expiries;
    const fresh = session !== undefined && facts.connectionCount === number && unchanged;
    // The last tools are kept, whether or not they are fresh.
    if (fresh || name === 'tools') this.#hold(name, held);
    else held.release();
    if (fresh) {
      const receivedAt = this.#now;
      const about = { session: number, receivedAt, freshUntil, shared, token, unheard: !hearing, once: false };
      this.#kept.set(name, { items, ...about });
    }
    if (name === 'tools') {
      this.#outdated &&= !unchanged;
      this.#keepTools(items as readonly unknown[] as readonly MCPTool[]);
    }
    return [...items];
  }

  /** Asks for the tools again, within the limits of a call that has found out that a definition is not what it was. */
  async listToolsAnew({ timeout, maxTotalTimeout, signal }: ListOptions): Promise<void> {
    await this.list('tools', { timeout, maxTotalTimeout, signal, useCache: false });
  }

  /**
   * Reads a list, and once more from its beginning when the server refuses a cursor or the session changes between two pages: cursors
   * are of one session and one list. 2025-11-25 server/utilities/pagination; 2026-07-28 server/utilities/caching.
   */
  async #readAll<Name extends ListName>(
    name: Name,
    options: SubmitOptions,
    deadline: number,
    since: number | undefined,
  ): Promise<Reading<ListItems[Name]>> {
    const reading = await this.#read(name, options, deadline, since);
    if (!('torn' in reading)) return reading;
    const again = await this.#read(name, options, deadline);
    if ('torn' in again) throw again.torn;
    return again;
  }

  async #read<Name extends ListName>(
    name: Name,
    options: SubmitOptions,
    deadline: number,
    since?: number,
  ): Promise<Reading<ListItems[Name]> | Torn> {
    const items: ListItems[Name][] = [];
    let freshUntil = Infinity;
    let shared = true;
    let number: number | undefined;
    let whole = false;
    const held = this.#pages.begin(LISTS[name].method);
    try {
      for await (const page of listPages(this.#core, name, options, deadline, since, (one) => held.add(one))) {
        const { session, facts } = this.#core.connection;
        number ??= facts.connectionCount;
        if (number !== facts.connectionCount) return { torn: toError(otherSession(name)) };
        // Not as arguments of one push: so many fit on no stack.
        for (const item of page[LISTS[name].items] as ListItems[Name][]) items.push(item);
        const lifetime = session === undefined ? 0 : pageLifetime(name, session, page.ttlMs);
        freshUntil = Math.min(freshUntil, this.#now + lifetime);
        shared &&= page.cacheScope === 'public';
      }
      whole = true;
    } catch (thrown) {
      if (number !== undefined && isTorn(thrown)) return { torn: thrown };
      throw thrown;
    } finally {
      if (!whole) held.release();
    }
    return { items, freshUntil, shared, session: number ?? 0, held };
  }

  /** The server has announced that a list has changed. */
  announced(name: ListName): void {
    if (name === 'tools') this.#outdated = true;
    this.#expire(name);
  }

  /** Counts the pages of this list in place of those of the one before. */
  #hold(name: ListName, held: HeldList | undefined): void {
    this.#held.get(name)?.release();
    if (held === undefined) this.#held.delete(name);
    else this.#held.set(name, held);
  }

  /** Forgets that a list is fresh. */
  #expire(name: ListName): void {
    this.#kept.delete(name);
    if (name !== 'tools') this.#hold(name, undefined);
    this.#expiries.set(name, (this.#expiries.get(name) ?? 0) + 1);
    if (name === 'tools') this.#wantComparison();
  }

  /** Forgets that anything is fresh. Nothing has to be forgotten of a list that nobody has asked for. */
  expireAll(): void {
    for (const name of this.#asked) this.#expire(name);
  }

  /** A new session may have other lists: what was kept is of the old one. */
  entered(state: ConnectionState): void {
    if (state !== 'ready' && state !== 'degraded') this.#comparisons.reset();
    if (state !== 'ready') return;
    this.#takeInheritance();
    if (this.#known !== undefined) this.#wantComparison();
  }

  /** In the session that goes on the lists are what they were. In a new one nothing is known of them. */
  #takeInheritance(): void {
    const inherited = this.#inherited;
    this.#inherited = undefined;
    const { session, facts } = this.#core.connection;
    if (inherited === undefined || session === undefined || !facts.resumed) return;
    const now = this.#now;
    const elapsed = Math.max(now - inherited.suspendedAt, 0);
    // What was announced meanwhile comes after all where the stream of the server is taken up; else nobody heard it.
    const missed = session.era === 'legacy' && inherited.link?.lastEventId === undefined;
    for (const name of Object.keys(LISTS) as ListName[]) {
      const list = inherited.lists[name];
      if (list === undefined) continue;
      const { items, age, freshFor, unheard } = list;
      const freshUntil = now + remainingLifetime(name, session, freshFor, elapsed);
      const receivedAt = now - elapsed - age;
      const once = unheard || missed;
      const about = { session: facts.connectionCount, receivedAt, freshUntil, unheard: once, once };
      this.#kept.set(name, { items, ...about, shared: false, token: undefined });
      this.#asked.add(name);
    }
  }

  /** The lists for another client that goes on with the session. */
  leave(): SuspendedClient['lists'] {
    const now = this.#now;
    const lists: Partial<Record<ListName, SuspendedList<unknown>>> = {};
    if (this.#known !== undefined) {
      const { items, receivedAt } = this.#known;
      // Not fresh, but their definitions say how tools are called.
      lists.tools = { items, age: Math.max(now - receivedAt, 0), freshFor: 0, unheard: false };
    }
    for (const name of Object.keys(LISTS) as ListName[]) {
      const kept = this.#current(name);
      if (kept === undefined) continue;
      const { items, receivedAt, freshUntil } = kept;
      const freshFor = freshUntil === Infinity ? null : freshUntil - now;
      const unheard = kept.unheard || !this.#core.connection.hearing;
      lists[name] = { items, age: Math.max(now - receivedAt, 0), freshFor, unheard };
    }
    return lists as SuspendedClient['lists'];
  }

  /** Asks for a list anew behind the back of whoever was given the one that may have changed unheard. */
  #lookBehind(name: ListName, kept: Kept<unknown>): void {
    const handedOut = { ...kept, unheard: false, once: false };
    this.#kept.set(name, handedOut);
    this.list(name, { useCache: false }).catch(() => {
      // The next call that needs the list meets the same trouble, and has somebody to tell it to. A list that came meanwhile is newer.
      if (this.#kept.get(name) === handedOut) this.#kept.delete(name);
    });
  }

  /** Asks anew for every list that the server serves. */
  async refresh(): Promise<void> {
    const { capabilities } = this.#core.session();
    const names = (Object.keys(LISTS) as ListName[]).filter((name) =>
      hasCapability(capabilities, name === 'resourceTemplates' ? 'resources' : name),
    );
    await Promise.all(names.map((name) => this.list(name, { useCache: false })));
  }

  get #now(): number {
    return this.#core.options.environment.now();
  }

  /** The token with which requests go out just now; undefined where the transport has none. */
  #tokenFor({ timeout, signal }: ListOptions): Promise<string> | undefined {
    const { tokens } = this.#core.transport as { readonly tokens?: TokenSource };
    const { options } = this.#core;
    const patience = { timeout: timeout ?? options.timeout, signal };
    return tokens && tokenOfMoment(tokens, patience, options.environment);
  }

  /**
   * The numbers of a listing: one for all that began while nothing was known to have changed, and before that one of this tick for a listing
   * that must not be older than the call. With `onProgress` a listing shares nothing: progress belongs to one request.
   */
  #sharing(name: ListName, { useCache, onProgress }: ListOptions, token: string | undefined): number[] | undefined {
    if (onProgress !== undefined) return undefined;
    if (token !== this.#lastToken) {
      this.#lastToken = token;
      this.#tokens += 1;
    }
    const { hearing } = this.#core.connection;
    const about = [this.#expiries.get(name), hearing, this.#tokens].join();
    let group = this.#groups.get(name);
    if (group?.about !== about) {
      group = { about, number: this.#nextGroup(), ofTick: undefined };
      this.#groups.set(name, group);
    }
    if (useCache !== false) return [group.number];
    const { number } = group;
    const ofTick = (group.ofTick ??= this.#nextGroup());
    const current = group;
    process.nextTick(() => {
      current.ofTick = undefined;
    });
    return [ofTick, number];
  }

  #nextGroup(): number {
    return (this.#lastGroup += 1);
  }

  /** Whether a list may be handed out to whoever has this token. One that another client left is for the first who asks. */
  #isFor(token: string, name: ListName, kept: Kept<unknown>): boolean {
    // Asking for the token took its time.
    if (this.#fresh(name) !== kept) return false;
    if (kept.token === undefined && token !== '') this.#kept.set(name, { ...kept, token });
    return token === (kept.token ?? token) && token !== '';
  }

  /** A list that may be handed out. */
  #fresh<Name extends ListName>(name: Name): Kept<ListItems[Name]> | undefined {
    const kept = this.#current(name);
    if (kept === undefined || kept.once) return kept;
    return kept.unheard || !this.#core.connection.hearing ? undefined : kept;
  }

  /** A list of this session whose time is not over. */
  #current<Name extends ListName>(name: Name): Kept<ListItems[Name]> | undefined {
    const { session, facts } = this.#core.connection;
    const kept = this.#kept.get(name) as Kept<ListItems[Name]> | undefined;
    if (session === undefined || kept?.session !== facts.connectionCount) return undefined;
    return kept.freshUntil > this.#now ? kept : undefined;
  }

  #keepTools(tools: readonly MCPTool[]): void {
    this.#tools = new Map(tools.map((tool) => [tool.name, tool]));
    const before = this.#known;
    this.#known = { items: tools, receivedAt: this.#now };
    if (before === undefined) return;
    const difference = differenceOf(before.items, tools);
    if (!isDifferent(difference)) return;
    this.#differences += 1;
    this.#core.events.emit('toolsChanged', difference);
  }

  /**
   * Wants to know what has changed, if somebody listens. A server may announce changes whenever it is listed, so comparisons are paced: the
   * last announcement is always followed by one.
   */
  #wantComparison(): void {
    if (this.#core.events.has('toolsChanged') && this.#core.connection.session !== undefined)
      this.#comparisons.request();
  }

  /** Lists the tools, unless the list that is known is fresh. Resolves with whether they differed. */
  async #compare(): Promise<boolean> {
    const differences = this.#differences;
    try {
      await this.list('tools');
    } catch {
      // The next call that needs the list meets the same trouble, and has somebody to tell it to.
    }
    return this.#differences !== differences;
  }
}
