import type { MCPClient } from '../../api/client.js';
import type { CallToolParams, RequestOptions } from '../../api/options/call-options.js';
import type { MCPTool } from '../../protocol/schema/index.js';
import { isRepeatable } from '../../protocol/tool-annotations.js';
import { didYouMean } from '../../util/did-you-mean.js';
import { parseArguments } from '../arguments/parse-arguments.js';
import { parametersOf, signatureOf } from '../arguments/signature.js';
import type { CommandContext } from '../command-context.js';
import { readInput } from '../inputs.js';
import { place } from '../config-target.js';
import { CommandError, EXIT } from '../exit-codes.js';
import type { ExitCode } from '../exit-codes.js';
import { printNdjson } from '../output/print-events.js';
import { checkOutput, outputOf, printResult } from '../output/print-result.js';
import type { OutputFlags } from '../output/print-result.js';
import { progressView } from '../output/progress.js';
import { findTarget, splitWords } from '../target.js';
import type { Target } from '../target.js';
import { oneLine } from '../terminal.js';
import type { Terminal } from '../terminal.js';
import { isAllowed } from '../../group/tool-filter.js';
import { keepLists, requestOptions, withClient } from '../with-client.js';
import type { ClientFlags } from '../with-client.js';

/** Flags of `call`. */
export interface CallFlags extends Omit<ClientFlags, 'output'>, OutputFlags {
  readonly args?: string | undefined;
  readonly meta?: readonly string[] | undefined;
  readonly progress?: boolean | undefined;
}

/** `mcp-actors call <target> <tool> [arguments]`. */
export async function call(context: CommandContext, words: readonly string[], flags: CallFlags): Promise<ExitCode> {
  const { target: word, item, rest } = splitWords(words, context);
  const target = await findTarget(word, flags, context);
  await checkOutput(flags);
  const meta = metaOf(flags.meta ?? []);
  if (item === undefined) throw new CommandError(`Which tool? List them with: mcp-actors list ${word ?? '-- …'}`);
  return withClient(target, flags, context, async (client) => {
    const tool = await findTool(client, item, target, requestOptions(flags, context), async (tools) => {
      await keepLists(client, { tools }, target, flags, context);
    });
    const given = { words: rest, json: await jsonOf(rest, flags, tool, context) };
    const called = { signature: signatureOf(tool.name, parametersOf(tool.inputSchema)), schema: tool.inputSchema };
    const args = await parseArguments(given, called, { read: (file) => readInput(context, file) });
    return callTool(client, tool, { arguments: args, ...(meta !== undefined && { _meta: meta }) }, flags, context);
  });
}

async function callTool(
  client: MCPClient,
  { name, annotations }: MCPTool,
  params: Omit<CallToolParams, 'name'>,
  flags: CallFlags,
  context: CommandContext,
): Promise<ExitCode> {
  const { terminal } = context;
  const ndjson = flags.output === 'ndjson';
  const view = progressView(terminal, name, flags.progress === true);
  const repeatable = isRepeatable(annotations);
  context.call = { repeatable };
  if (ndjson) printNdjson(terminal, 'queued', { tool: name });
  try {
    const result = await client.callTool(
      { name, ...params },
      {
        ...requestOptions(flags, context),
        onToolError: 'return',
        onProgress: (progress) => {
          view.report(progress);
          if (ndjson) printNdjson(terminal, 'progress', progress);
        },
      },
    );
    view.end();
    context.call = { repeatable, answered: true };
    if (ndjson) printNdjson(terminal, 'result', { result });
    await printResult(terminal, result, flags, name).catch((error: unknown) => {
      throw afterCall(error, name);
    });
    await terminal.written();
    context.call = undefined;
    if (result.isError !== true) return EXIT.done;
    printToolError(terminal, name, flags);
    return EXIT.refused;
  } finally {
    view.end();
  }
}

/** The error of flags that do not fit the result. Its exit code must not be the one that promises that no tool was called. */
function afterCall(error: unknown, tool: string): unknown {
  if (!(error instanceof CommandError)) return error;
  const ran = `The tool ${oneLine(tool, 60)} was called and returned a result, which is not printed.`;
  return new CommandError(`${error.message}\n${ran}`, EXIT.mayHaveRun, error.hint);
}

/** Says on stderr that the printed result is an error. */
function printToolError(terminal: Terminal, tool: string, flags: CallFlags): void {
  const message = `The tool ${oneLine(tool, 60)} reported an error. Its message is the result.`;
  if (outputOf(flags) === 'json')
    terminal.problem(JSON.stringify({ code: 'MCP_TOOL_ERROR', message, delivery: 'answered', exitCode: EXIT.refused }));
  else terminal.problem(`${terminal.styleNote('bad', 'error:')} ${message}`);
}

/**
 * The definition of a tool.
 * @param listed called with all tools of the server
 * @throws CommandError with the nearest name if the server does not have it
 */
export async function findTool(
  client: MCPClient,
  name: string,
  target: Target,
  options: RequestOptions,
  listed?: (tools: readonly MCPTool[]) => Promise<void>,
): Promise<MCPTool> {
  const isListed = (await client.getCapabilities()).includes('tools');
  const tools = isListed ? await client.listTools(options) : [];
  await listed?.(tools);
  const found = tools.find((tool) => tool.name === name);
  if (found !== undefined && isAllowed(name, target.tools)) return found;
  if (found !== undefined) {
    const where = target.entry === undefined ? '' : ` in ${place(target.entry.source)}`;
    throw new CommandError(`The tool "${oneLine(name, 100)}" is switched off${where}.`);
  }
  const names = tools.map((tool) => tool.name).filter((one) => isAllowed(one, target.tools));
  const hint = names.length === 0 ? 'The server has no tools.' : `Its tools are: ${oneLine(names.join(', '), 500)}`;
  throw new CommandError(`The server has no tool "${oneLine(name, 100)}".${didYouMean(name, names)}`, undefined, hint);
}

/** The JSON of `--args`. Without any argument it is read from standard input, if that is no terminal and the tool takes arguments. */
async function jsonOf(
  words: readonly string[],
  { args }: CallFlags,
  tool: MCPTool,
  context: CommandContext,
): Promise<string | undefined> {
  const { terminal } = context;
  if (args !== undefined || words.length > 0 || terminal.stdin.isTTY) return args;
  if (terminal.inputRefused || parametersOf(tool.inputSchema).length === 0) return undefined;
  const text = await readInput(context, '-');
  return text.trim() === '' ? undefined : text;
}

/** Reads `--meta key=value`; a value that is JSON is sent as such. */
function metaOf(lines: readonly string[]): Record<string, unknown> | undefined {
  if (lines.length === 0) return undefined;
  return Object.fromEntries(
    lines.map((line) => {
      const [, key, operator, value] = /^([^=]+?)(:?=)([\s\S]*)$/.exec(line) ?? [];
      if (key === undefined || value === undefined) throw new CommandError('--meta must be key=value or key:=json.');
      try {
        return [key, operator === ':=' ? (JSON.parse(value) as unknown) : value];
      } catch {
        throw new CommandError(`The value of --meta ${key}:= is not JSON.`);
      }
    }),
  );
}
