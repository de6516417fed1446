import type { MCPClient } from '../../api/client.js';
import type { MCPPrompt, MCPResource, MCPResourceTemplate, MCPTool } from '../../protocol/schema/index.js';
import { parametersOf, signatureOf } from '../arguments/signature.js';
import type { CommandContext } from '../command-context.js';
import { CommandError, EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { printJson } from '../output/print-result.js';
import { findTarget } from '../target.js';
import type { Target } from '../target.js';
import { oneLine } from '../terminal.js';
import type { Terminal } from '../terminal.js';
import { isAllowed } from '../tool-filter.js';
import { requestOptions, withClient } from '../with-client.js';
import type { ListFlags } from './list-flags.js';
import { promptSchema } from './prompt.js';

/** The items of a server. */
export interface Items {
  readonly tools?: readonly MCPTool[];
  readonly resources?: readonly MCPResource[];
  readonly resourceTemplates?: readonly MCPResourceTemplate[];
  readonly prompts?: readonly MCPPrompt[];
}

/** `mcp-actors list [target]`. */
export async function list(context: CommandContext, words: readonly string[], flags: ListFlags): Promise<ExitCode> {
  const [word, ...others] = words;
  if (others.length > 0) throw new CommandError(`list takes one target, not ${words.length}.`);
  if (word === undefined && context.serverCommand === undefined) {
    const { listServers } = await import('./list-servers.js');
    return listServers(context, flags);
  }
  const target = await findTarget(word, flags, context);
  return withClient(target, flags, context, async (client) => {
    const items = await itemsOf(client, target, flags, context);
    if (flags.json === true) printJson(context.terminal, items);
    else printItems(context.terminal, items, flags);
    return EXIT.done;
  });
}

/** Lists what the flags want, all kinds at the same time. A kind that the server does not have is left out. */
async function itemsOf(client: MCPClient, target: Target, flags: ListFlags, context: CommandContext): Promise<Items> {
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
    ...(toolList !== undefined && {
      tools: flags.all === true ? toolList : toolList.filter(({ name }) => isAllowed(name, target.tools)),
    }),
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
