import type { MCPClient } from '../../api/client.js';
import { parametersOf, signatureOf } from '../arguments/signature.js';
import type { CommandContext } from '../command-context.js';
import { CommandError, EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { printJson } from '../output/print-result.js';
import type { ServerLists as Items } from '../../group/lists/list-cache.js';
import { checkFlagsOfAll, findTarget } from '../target.js';
import type { Target } from '../target.js';
import { oneLine } from '../terminal.js';
import type { Terminal } from '../terminal.js';
import { isAllowed } from '../../group/tool-filter.js';
import { keepLists, requestOptions, withClient } from '../with-client.js';
import type { ListFlags } from './list-flags.js';
import { promptSchema } from './prompt.js';

/** `mcp-actors list [target]`. */
export async function list(context: CommandContext, words: readonly string[], flags: ListFlags): Promise<ExitCode> {
  const [word, ...others] = words;
  if (others.length > 0) throw new CommandError(`list takes one target, not ${words.length}.`);
  if (word === undefined && context.serverCommand === undefined) {
    checkFlagsOfAll(flags);
    if (flags.offline === true) {
      const { listServersOffline } = await import('./list-offline.js');
      return listServersOffline(context, flags);
    }
    const { listServers } = await import('./list-servers.js');
    return listServers(context, flags);
  }
  const target = await findTarget(word, flags, context);
  const show = (items: Items): ExitCode => {
    const allowed = allowedItems(items, target, flags);
    if (flags.json === true) printJson(context.terminal, allowed);
    else printItems(context.terminal, allowed, flags);
    return EXIT.done;
  };
  if (flags.offline === true) {
    const { offlineItems } = await import('./list-offline.js');
    return show(await offlineItems(target, flags, context));
  }
  return withClient(target, flags, context, async (client) => {
    const items = await itemsOf(client, flags, context);
    await keepLists(client, items, target, flags, context);
    return show(items);
  });
}

/** Without the tools that the entry of the server switches off. */
function allowedItems(items: Items, target: Target, { all }: ListFlags): Items {
  if (items.tools === undefined || all === true) return items;
  return { ...items, tools: items.tools.filter(({ name }) => isAllowed(name, target.tools)) };
}

/** Lists what the flags want, all kinds at the same time. A kind that the server does not have is left out. */
async function itemsOf(client: MCPClient, flags: ListFlags, context: CommandContext): Promise<Items> {
  const capabilities = await client.getCapabilities();
  const { tools, resources, prompts, templates } = flags;
  const all = tools !== true && resources !== true && prompts !== true && templates !== true;
  const options = requestOptions(flags, context);
  const wants = (flag: boolean | undefined, capability: 'tools' | 'resources' | 'prompts'): boolean => {
    return (all || flag === true) && capabilities.includes(capability);
  };
  const [toolList, resourceList, templateList, promptList] = await Promise.all([
    wants(tools, 'tools') ? client.listTools(options) : undefined,
    wants(resources, 'resources') ? client.listResources(options) : undefined,
    wants(templates, 'resources') ? client.listResourceTemplates(options) : undefined,
    wants(prompts, 'prompts') ? client.listPrompts(options) : undefined,
  ]);
  return {
    ...(toolList !== undefined && { tools: toolList }),
    ...(resourceList !== undefined && { resources: resourceList }),
    ...(templateList !== undefined && { resourceTemplates: templateList }),
    ...(promptList !== undefined && { prompts: promptList }),
  };
}

function printItems(
  terminal: Terminal,
  { tools, resources, resourceTemplates, prompts }: Items,
  flags: ListFlags,
): void {
  const section = (title: string, lines: readonly (readonly [string, string | undefined])[] | undefined): void => {
    if (lines === undefined) return;
    terminal.line(terminal.style('heading', `${title} (${lines.length})`));
    for (const [line, about] of lines) {
      terminal.line(`  ${line}`);
      if (about !== undefined && about !== '')
        terminal.line(`      ${terminal.style('faint', oneLine(about, Math.max(40, terminal.columns - 8)))}`);
    }
  };
  section(
    'Tools',
    tools?.map((tool) => {
      const { name, title, description, inputSchema } = tool;
      const shown =
        flags.schema === true
          ? `${oneLine(name)} ${oneLine(JSON.stringify(inputSchema))}`
          : signature(terminal, name, inputSchema);
      return [shown, description ?? title];
    }),
  );
  section(
    'Resources',
    resources?.map(({ uri, name, mimeType }) => [oneLine(uri), [name, mimeType].filter(Boolean).join(', ')]),
  );
  section(
    'Resource templates',
    resourceTemplates?.map(({ uriTemplate, name, description }) => [oneLine(uriTemplate), description ?? name]),
  );
  section(
    'Prompts',
    prompts?.map((one) => [signature(terminal, one.name, promptSchema(one)), one.description]),
  );
}

function signature(terminal: Terminal, name: string, schema: unknown): string {
  const text = signatureOf(name, parametersOf(schema));
  const shown = oneLine(name);
  return terminal.style('name', shown) + text.slice(shown.length);
}
