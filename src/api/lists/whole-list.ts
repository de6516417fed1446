import { toError } from '../../errors.js';
import type { ConnectionFacts } from '../../machines/connection/connection-context.js';
import { LISTS, pageLifetime } from '../../protocol/cache-rules.js';
import type { ListName } from '../../protocol/cache-rules.js';
import type { Session } from '../../protocol/session.js';
import type { SubmitOptions } from '../options/call-options.js';
import type { HeldList, HeldPages } from './held-pages.js';
import { mustRestart, listPages, otherSession } from './list-pages.js';
import type { ListItems, ListReader } from './list-pages.js';

/** All pages of a list. */
export interface WholeList<Item> {
  readonly items: readonly Item[];
  /** The time when its first page becomes stale. */
  readonly freshUntil: number;
  /** Whether all pages have the cache scope `public`. */
  readonly shared: boolean;
  /** The number of the session of its pages. */
  readonly session: number;
  /** The memory of its pages, until it is released. */
  readonly held: HeldList;
}

/** The error because of which a list must be read from its first page again. */
interface Restart {
  readonly restart: unknown;
}

/** What {@link readWholeList} uses of a client. */
export interface WholeListReader extends ListReader {
  readonly connection: {
    readonly facts: Pick<ConnectionFacts, 'era' | 'connectionCount'>;
    readonly session: Session | undefined;
  };
}

/**
 * Reads all pages of a list. If the server refuses a cursor, or the session changes between two pages, it reads the list once more from the
 * first page, because cursors belong to one session and one list. 2025-11-25 server/utilities/pagination; 2026-07-28
 * server/utilities/caching.
 * @param since the start of the `timeout` of the first page
 */
export async function readWholeList<Name extends ListName>(
  client: WholeListReader,
  pages: HeldPages,
  name: Name,
  options: SubmitOptions,
  deadline: number,
  since: number | undefined,
): Promise<WholeList<ListItems[Name]>> {
  const first = await readOnce(client, pages, name, options, deadline, since);
  if (!('restart' in first)) return first;
  const second = await readOnce(client, pages, name, options, deadline);
  if ('restart' in second) throw second.restart;
  return second;
}

async function readOnce<Name extends ListName>(
  client: WholeListReader,
  pages: HeldPages,
  name: Name,
  options: SubmitOptions,
  deadline: number,
  since?: number,
): Promise<WholeList<ListItems[Name]> | Restart> {
  const items: ListItems[Name][] = [];
  let freshUntil = Infinity;
  let shared = true;
  let number: number | undefined;
  let whole = false;
  const held = pages.begin(LISTS[name].method);
  try {
    for await (const page of listPages(client, name, options, deadline, since, (one) => held.add(one))) {
      const { session, facts } = client.connection;
      number ??= facts.connectionCount;
      if (number !== facts.connectionCount) return { restart: toError(otherSession(name)) };
      // A spread of many items into one `push` could overflow the stack.
      for (const item of page[LISTS[name].items] as ListItems[Name][]) items.push(item);
      const lifetime = session === undefined ? 0 : pageLifetime(name, session, page.ttlMs);
      freshUntil = Math.min(freshUntil, client.options.environment.now() + lifetime);
      shared &&= page.cacheScope === 'public';
    }
    whole = true;
  } catch (thrown) {
    if (number !== undefined && mustRestart(thrown)) return { restart: thrown };
    throw thrown;
  } finally {
    if (!whole) held.release();
  }
  return { items, freshUntil, shared, session: number ?? 0, held };
}
