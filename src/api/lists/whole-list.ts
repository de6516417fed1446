import { toError } from '../../errors.js';
import type { ConnectionFacts } from '../../machines/connection/connection-context.js';
import { LISTS, pageLifetime } from '../../protocol/cache-rules.js';
import type { ListName } from '../../protocol/cache-rules.js';
import type { Session } from '../../protocol/session.js';
import type { SubmitOptions } from '../options/call-options.js';
import type { HeldList, HeldPages } from './held-pages.js';
import { isTorn, listPages, otherSession } from './list-pages.js';
import type { ListItems, ListReader } from './list-pages.js';

/** All pages of a list. */
export interface WholeList<Item> {
  readonly items: readonly Item[];
  /** When the first of its pages is stale. */
  readonly freshUntil: number;
  /** Whether all pages have the cache scope `public`. */
  readonly shared: boolean;
  /** The number of the session that the pages came from. */
  readonly session: number;
  /** Counts its pages for the budget, until it is released. */
  readonly held: HeldList;
}

/** Why pages that were read do not make a list. */
interface Torn {
  readonly torn: unknown;
}

/** What reading a whole list uses of a client. */
export interface WholeListReader extends ListReader {
  readonly connection: {
    readonly facts: Pick<ConnectionFacts, 'era' | 'connectionCount'>;
    readonly session: Session | undefined;
  };
}

/**
 * Reads a list, and once more from its beginning when the server refuses a cursor or the session changes between two pages: cursors
 * belong to one session and one list. 2025-11-25 server/utilities/pagination; 2026-07-28 server/utilities/caching.
 * @param since the time from which the `timeout` of the first page counts
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
  if (!('torn' in first)) return first;
  const second = await readOnce(client, pages, name, options, deadline);
  if ('torn' in second) throw second.torn;
  return second;
}

async function readOnce<Name extends ListName>(
  client: WholeListReader,
  pages: HeldPages,
  name: Name,
  options: SubmitOptions,
  deadline: number,
  since?: number,
): Promise<WholeList<ListItems[Name]> | Torn> {
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
      if (number !== facts.connectionCount) return { torn: toError(otherSession(name)) };
      // A spread of so many items into one `push` would overflow the stack.
      for (const item of page[LISTS[name].items] as ListItems[Name][]) items.push(item);
      const lifetime = session === undefined ? 0 : pageLifetime(name, session, page.ttlMs);
      freshUntil = Math.min(freshUntil, client.options.environment.now() + lifetime);
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
