import { MCPClient } from '../api/client.js';
import type { MCPClientOptions } from '../api/options/options.js';
import type { RequestOptions } from '../api/options/call-options.js';
import { PACKAGE } from '../util/package.js';
import type { CommandContext } from './command-context.js';
import { recordOption } from './commands/record.js';
import { ListCache } from './list-cache.js';
import type { ServerLists } from '../group/lists/list-cache.js';
import { eventPrinter } from './output/print-events.js';
import { shellWord } from './server-name.js';
import type { Target, TargetFlags } from './target.js';
import type { ServerRequestFlags } from './server-requests/flags.js';
import { handlersFor } from './server-requests/handlers.js';

/** Flags of every command that sends requests. */
export interface ClientFlags extends TargetFlags, ServerRequestFlags {
  readonly timeout?: number | undefined;
  readonly totalTimeout?: number | undefined;
  readonly connectTimeout?: number | undefined;
  readonly era?: 'auto' | 'modern' | 'legacy' | undefined;
  readonly retry?: RequestOptions['retry'];
  readonly output?: string | undefined;
}

/** The options of each request of a command. */
export function requestOptions(flags: ClientFlags, { interrupt }: CommandContext): RequestOptions {
  return {
    signal: interrupt.signal,
    ...(flags.timeout !== undefined && { timeout: flags.timeout }),
    ...(flags.totalTimeout !== undefined && { maxTotalTimeout: flags.totalTimeout }),
    ...(flags.retry !== undefined && { retry: flags.retry }),
  };
}

/** Connects to a server, runs a function with the client, and closes the client in any case. */
export async function withClient<Result>(
  target: Target,
  flags: ClientFlags,
  context: CommandContext,
  run: (client: MCPClient) => Promise<Result>,
  options: MCPClientOptions = {},
): Promise<Result> {
  const { terminal, interrupt } = context;
  const handlers = await handlersFor(flags, context, target.label);
  const transport = await target.transport();
  if (target.transportWith !== undefined) context.login = loginCommand(target, flags);
  const events = eventPrinter(terminal, flags.output === 'ndjson');
  const record = recordOption(context);
  const era = await ListCache.of(context).era(target, flags);
  const client = new MCPClient(transport, {
    clientInfo: { name: PACKAGE.name, version: PACKAGE.version },
    ...target.options,
    ...handlers,
    ...(flags.era !== undefined && { era: flags.era }),
    ...(era !== undefined && flags.era === undefined && { priorEra: era }),
    ...(flags.connectTimeout !== undefined && { connectTimeout: flags.connectTimeout }),
    ...(events !== undefined && { inspect: { inspect: () => undefined, tap: events.tap } }),
    ...(record !== undefined && { record }),
    ...options,
  });
  if (terminal.verbose) {
    client.on('state', (state, from) => terminal.note(terminal.styleNote('faint', `state: ${from} → ${state}`)));
    client.on('warning', (error) => terminal.note(`warning: ${error.message}`));
  }
  try {
    await interrupt.race(client.connect({ signal: interrupt.signal }));
    return await run(client);
  } finally {
    await client.close();
  }
}

/** The command with which a person signs in to a server. */
export function loginCommand({ label }: Pick<Target, 'label'>, { account }: TargetFlags): string {
  const words = ['mcp-actors', 'login', label, ...(account === undefined ? [] : ['--account', account])];
  return words.map(shellWord).join(' ');
}

/** Keeps lists for completion, `list --offline` and the era of the next command. */
export async function keepLists(
  client: MCPClient,
  lists: ServerLists,
  target: Target,
  flags: TargetFlags,
  context: CommandContext,
): Promise<void> {
  await ListCache.of(context).keep({ ...lists, era: client.era }, target, flags);
}
