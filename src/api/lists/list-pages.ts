import { MCPError, toError } from '../../errors.js';
import { LISTS } from '../../protocol/cache-rules.js';
import type { ListName } from '../../protocol/cache-rules.js';
import { failure, isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { ErrorCode } from '../../protocol/messages/json-rpc.js';
import type { Params } from '../../protocol/messages/json-rpc.js';
import { isSameJson } from '../../util/json-values.js';
import { PageTrail } from '../../protocol/pagination.js';
import type {
  CacheableResult,
  MCPPrompt,
  MCPResource,
  MCPResourceTemplate,
  MCPSkill,
  MCPTool,
} from '../../protocol/schema/index.js';
import { checkCallOptions, REQUEST_OPTIONS } from '../options/call-options.js';
import type { RequestOptions, SubmitOptions } from '../options/call-options.js';
import type { ResolvedOptions } from '../options/options.js';
import type { ConnectionFacts } from '../../machines/connection/connection-context.js';
import type { ConnectionErrors } from '../connection-errors.js';
import type { Events } from '../events.js';
import { listTooLong } from './held-pages.js';
import { loadableSkills } from '../operations/skills/loadable-skills.js';
import { callableTools } from '../operations/tool-headers.js';
import type { ToolFilter } from '../operations/tool-headers.js';

/** The items of each list. */
export interface ListItems {
  tools: MCPTool;
  prompts: MCPPrompt;
  resources: MCPResource;
  resourceTemplates: MCPResourceTemplate;
  skills: MCPSkill;
}

/** A page of any list. */
export type Page = CacheableResult & { readonly nextCursor?: string | null } & Readonly<Record<string, unknown>>;

/** What {@link listPages} uses of a client. */
export interface ListReader extends ToolFilter {
  readonly options: Pick<ResolvedOptions, 'maxTotalTimeout' | 'environment' | 'limits'>;
  readonly connection: { readonly facts: Pick<ConnectionFacts, 'era' | 'connectionCount'> };
  readonly events: Pick<Events, 'emit' | 'warnOnce'>;
  readonly errors: Pick<ConnectionErrors, 'of'>;
  request(method: string, params: Params | undefined, options: SubmitOptions): Promise<object>;
}

/** The deadline for all pages of a list. */
export function listDeadline(
  { options: { maxTotalTimeout, environment } }: ListReader,
  options: RequestOptions,
): number {
  const total = options.maxTotalTimeout ?? maxTotalTimeout;
  return total === undefined ? Infinity : environment.now() + total;
}

/**
 * Reads the pages of a list, one after the other. A cursor of a legacy server is valid only in its session, so a new session ends the list
 * with an error; a modern server has no sessions. 2026-07-28 server/utilities/pagination; 2025-11-25 server/utilities/pagination.
 * @param since the start of the `timeout` of the first page
 * @param hold called with each page; returns a failure if a limit is exceeded
 */
export async function* listPages(
  client: ListReader,
  name: ListName,
  options: SubmitOptions = {},
  totalDeadline: number = listDeadline(client, options),
  since?: number,
  hold?: (page: Page) => Failure | undefined,
): AsyncGenerator<Page, void, undefined> {
  const { method } = LISTS[name];
  const { maxPages, maxListBytes } = client.options.limits;
  const trail = new PageTrail(method, maxPages);
  let params: { cursor: string } | undefined;
  let began: number | undefined;
  let first: Page | undefined;
  let cursors = 0;
  const isSameSession = (): boolean => {
    const { era, connectionCount } = client.connection.facts;
    return began === undefined || began === connectionCount || era === 'modern';
  };
  for (;;) {
    if (!isSameSession()) throw toError(otherSession(name));
    let page: Page;
    try {
      page = (await client.request(method, params, { ...options, totalDeadline, since })) as Page;
      since = undefined;
    } catch (thrown) {
      if (isSameSession() && params?.cursor === '' && isLegacy(client) && isRefusedCursor(thrown)) {
        warnOfEmptyCursor(client, method);
        return;
      }
      throw isSameSession() || !isRefusedCursor(thrown) ? thrown : toError(otherSession(name));
    }
    if (!isSameSession()) throw toError(otherSession(name));
    const excess = hold?.(page);
    if (excess !== undefined) throw client.errors.of(excess);
    began ??= client.connection.facts.connectionCount;
    first ??= page;
    // In the specification an empty cursor is a valid cursor. Some legacy servers send it at the end, and start with the first page after
    // it.
    const isOver = params?.cursor === '' && isLegacy(client) && trail.saw(page.nextCursor);
    if (isOver) warnOfEmptyCursor(client, method);
    if (isOver && hasSameItems(name, first, page)) return;
    yield usablePage(client, name, page);
    if (isOver) return;
    const cursor = trail.next(page.nextCursor);
    if (cursor === undefined) return;
    if (isFailure(cursor)) throw client.errors.of(cursor);
    cursors += cursor.length;
    if (cursors > maxListBytes) throw client.errors.of(listTooLong(method, trail.pages, cursors, maxListBytes));
    params = { cursor };
  }
}

/** A page without the items that cannot be used. */
function usablePage(client: ListReader, name: ListName, page: Page): Page {
  if (name === 'tools') return { ...page, tools: callableTools(client, page.tools as MCPTool[]) };
  if (name === 'skills') return { ...page, skills: loadableSkills(client, page.skills as MCPSkill[]) };
  return page;
}

function isLegacy(client: ListReader): boolean {
  return client.connection.facts.era === 'legacy';
}

function hasSameItems(name: ListName, one: Page, other: Page): boolean {
  const { items } = LISTS[name];
  return isSameJson(one[items], other[items]);
}

function warnOfEmptyCursor(client: ListReader, method: string): void {
  const message = `${method} ended its list with an empty cursor; the server should omit \`nextCursor\``;
  client.events.emit(
    'warning',
    client.errors.of(failure('protocol', 'MCP_PAGINATION', message, { details: { method } })),
  );
}

/** Iterates over the items of a list. A page is requested when the iteration reaches it. */
export async function* listItems<Name extends ListName>(
  client: ListReader,
  name: Name,
  options?: RequestOptions,
): AsyncGenerator<ListItems[Name], void, undefined> {
  checkCallOptions(name, options, REQUEST_OPTIONS);
  for await (const page of listPages(client, name, options)) yield* page[LISTS[name].items] as ListItems[Name][];
}

/** Whether a list must be read from its first page again: the server refused the cursor, or the session changed. */
export function mustRestart(thrown: unknown): boolean {
  if (!MCPError.isInstance(thrown)) return false;
  return isRefusedCursor(thrown) || (thrown.code === 'MCP_PAGINATION' && thrown.details.session === 'changed');
}

function isRefusedCursor(thrown: unknown): boolean {
  return MCPError.isInstance(thrown) && thrown.code === 'MCP_RPC_ERROR' && thrown.errorCode === ErrorCode.InvalidParams;
}

/** The failure of a list whose pages came from different sessions. */
export function otherSession(name: ListName): Failure {
  const { method } = LISTS[name];
  const message = `The session changed between two pages of ${method}: list again from the first page`;
  return failure('protocol', 'MCP_PAGINATION', message, {
    delivery: 'answered',
    details: { method, session: 'changed' },
  });
}
