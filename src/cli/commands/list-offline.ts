import { describeAge } from '../../util/age.js';
import type { CommandContext } from '../command-context.js';
import { checkUsable, loadConfig } from '../config-target.js';
import { CommandError, EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { ListCache } from '../list-cache.js';
import type { CachedLists, ServerLists } from '../../group/lists/list-cache.js';
import { printJson } from '../output/print-result.js';
import { targetOfServer } from '../target.js';
import type { Target } from '../target.js';
import { oneLine } from '../terminal.js';
import type { ListFlags } from './list-flags.js';

/**
 * The items of a server as they were listed last.
 * @throws CommandError if they never were, or too long ago
 */
export async function offlineItems(target: Target, flags: ListFlags, context: CommandContext): Promise<ServerLists> {
  const cached = await ListCache.of(context).read(target, flags);
  if (cached === undefined)
    throw new CommandError(
      `The items of ${oneLine(target.label, 100)} are not known: it was not listed in the last 30 days.`,
      undefined,
      'Without --offline the server is asked.',
    );
  context.terminal.note(`Listed ${ageOf(cached)} ago.`);
  const { tools, resources, prompts, templates } = flags;
  const all = tools !== true && resources !== true && prompts !== true && templates !== true;
  return {
    ...(cached.tools && (all || tools) && { tools: cached.tools }),
    ...(cached.resources && (all || resources) && { resources: cached.resources }),
    ...(cached.resourceTemplates && (all || templates) && { resourceTemplates: cached.resourceTemplates }),
    ...(cached.prompts && (all || prompts) && { prompts: cached.prompts }),
  };
}

/** The servers of the config files, with what is known of them. */
export async function listServersOffline(context: CommandContext, flags: ListFlags): Promise<ExitCode> {
  const { terminal } = context;
  const { servers } = await loadConfig(flags, context, []);
  const rows: { readonly name: string; readonly tools?: number | undefined; readonly at?: number }[] = [];
  for (const server of servers.values()) {
    if (!server.enabled && flags.all !== true) continue;
    const { name } = server;
    const cached =
      isUsable(server) && (await ListCache.of(context).read(targetOfServer(server, flags, context), flags));
    rows.push({ name, ...(cached && { tools: cached.tools?.length, at: cached.at }) });
  }
  if (flags.json === true) {
    const shown = rows.map(({ at, ...row }) => ({
      ...row,
      ...(at !== undefined && { listedAt: new Date(at).toISOString() }),
    }));
    printJson(terminal, shown);
    return EXIT.done;
  }
  for (const { name, tools, at } of rows) {
    const facts =
      at === undefined ? 'not listed in the last 30 days' : `${tools ?? 'unknown'} tools, listed ${ageOf({ at })} ago`;
    terminal.line(`${terminal.style('name', oneLine(name, 60))}  ${facts}`);
  }
  return EXIT.done;
}

function isUsable(server: Parameters<typeof checkUsable>[0]): boolean {
  try {
    checkUsable(server);
    return true;
  } catch {
    return false;
  }
}

function ageOf({ at }: Pick<CachedLists, 'at'>): string {
  return describeAge(Math.max(Date.now() - at, 0));
}
