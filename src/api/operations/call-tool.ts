import { RequestFailure } from '../../machines/request/outcome.js';
import type { Outcome } from '../../machines/request/outcome.js';
import { withSuggestion } from '../../protocol/call-failure.js';
import type { NamedList } from '../../protocol/call-failure.js';
import { isObject } from '../../protocol/checks/problem.js';
import { failure, isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { Params } from '../../protocol/messages/json-rpc.js';
import { excerpt } from '../../util/printable.js';
import type { CallToolResult, MCPTool } from '../../protocol/schema/index.js';
import { isRepeatable } from '../../protocol/tool-annotations.js';
import { invalidOption, optionNames, refuseUnknownOptions } from '../../option-checks.js';
import type { ConnectionErrors } from '../connection-errors.js';
import type { Events } from '../events.js';
import { CALL_TOOL_OPTIONS, checkCallOptions } from '../options/call-options.js';
import type { CallToolOptions, CallToolParams, ResultSchema, TypedCallOptions } from '../options/call-options.js';
import type { ResolvedOptions } from '../options/options.js';
import { checkParams, checkText } from './call-arguments.js';
import { isUnusable } from './structured-output.js';
import type { StructuredOutput } from './structured-output.js';
import { retryWithNewHeaders, headersOfCall, isHeaderMismatch } from './tool-headers.js';
import type { ToolCaller } from './tool-headers.js';
import { typedResult } from './typed-output.js';

/** What {@link callTool} uses of a client. */
export interface ToolClient extends ToolCaller {
  readonly options: Pick<ResolvedOptions, 'trustAnnotations' | 'validate' | 'onToolError' | 'environment' | 'timeout'>;
  readonly listCache: ToolCaller['listCache'] & {
    readonly outdated: boolean;
    has(list: 'tools'): boolean;
    known(list: NamedList): string[] | undefined;
  };
  readonly structured: Pick<StructuredOutput, 'problem'>;
  readonly events: Pick<Events, 'emit' | 'warnOnce'>;
  readonly errors: Pick<ConnectionErrors, 'of' | 'ofCall' | 'failureOfCall'>;
}

/** Calls a tool and validates its structured output. 2026-07-28 server/tools, "Calling Tools". */
export async function callTool(
  client: ToolClient,
  name: string,
  args: Readonly<Record<string, unknown>> | undefined,
  options: CallToolOptions & Partial<Pick<TypedCallOptions<unknown>, 'schema'>> = {},
  meta?: CallToolParams['_meta'],
): Promise<CallToolResult> {
  checkParams('args', args);
  checkCallOptions('callTool', options, CALL_TOOL_OPTIONS);
  const tool = client.listCache.tool(name);
  const hints = client.options.trustAnnotations && !client.listCache.outdated ? tool?.annotations : undefined;
  const repeatable = isRepeatable(hints);
  const params = toolParams(name, args, meta);
  const { schema } = options;
  const validate = options.validate ?? client.options.validate;
  const submitted = validate === 'off' ? { ...options, unchecked: true } : options;
  let outcome = await client.submit('tools/call', params, submitted, repeatable, headersOfCall(client, params));
  if (isHeaderMismatch(client, outcome)) {
    outcome = await retryWithNewHeaders(client, outcome, params, submitted, repeatable);
  }
  const refused = validate === 'warn' ? refusedResult(client, outcome, params) : undefined;
  if (refused === undefined && outcome instanceof RequestFailure) {
    throw client.errors.ofCall(outcome, 'tools/call', params);
  }
  const result = (refused ?? outcome) as unknown as CallToolResult;
  // With a schema the type of the result depends on the options of the call alone.
  const onToolError = options.onToolError ?? (schema === undefined ? client.options.onToolError : 'throw');
  if (result.isError === true) {
    if (onToolError === 'throw') throw client.errors.of(toolFailed(client, name, result));
    return result;
  }
  if (schema !== undefined) {
    const { environment, timeout } = client.options;
    const limits = { environment, timeout: options.timeout ?? timeout, signal: options.signal };
    const typed = await typedResult(schema, name, result, limits);
    if (isFailure(typed)) throw client.errors.of(typed);
    return typed;
  }
  if (tool?.outputSchema == null || validate === 'off') return result;
  const problem = await outputProblem(client, tool, result, options);
  if (problem === undefined) return result;
  // An unusable schema is not a fault of the result, so the call succeeds.
  if (isUnusable(problem)) client.events.warnOnce(problem);
  else if (validate === 'strict') throw client.errors.of(problem);
  else client.events.emit('warning', client.errors.of(problem));
  return result;
}

function toolParams(
  name: string,
  args: CallToolParams['arguments'],
  meta: CallToolParams['_meta'],
): CallToolParams & Params {
  if (meta !== undefined) return { name, ...(args !== undefined && { arguments: args }), _meta: meta };
  return args === undefined ? { name } : { name, arguments: args };
}

const TOOL_PARAMS = optionNames<CallToolParams>({ name: true, arguments: true, _meta: true });

/**
 * Calls a tool with the arguments of the official client: the parameters, an optional schema for the result, and the options.
 */
export async function callToolOf(
  client: ToolClient,
  call: CallToolParams,
  schemaOrOptions: ResultSchema<unknown> | CallToolOptions | undefined,
  lastOptions: CallToolOptions | undefined,
): Promise<unknown> {
  if (!isObject(call)) throw invalidOption('name', 'the name of a tool, or the parameters of a call', call);
  refuseUnknownOptions('a tool call', call, TOOL_PARAMS);
  const { name, arguments: args, _meta: meta } = call as CallToolParams;
  checkText('name', 'the name of a tool', name);
  checkParams('arguments', args);
  checkParams('_meta', meta);
  const schema = isSchema(schemaOrOptions) ? schemaOrOptions : undefined;
  if (schema === undefined && schemaOrOptions !== undefined && lastOptions !== undefined)
    throw invalidOption('resultSchema', 'a schema with a function `parse`', schemaOrOptions);
  const options = lastOptions ?? (schema === undefined ? (schemaOrOptions as CallToolOptions | undefined) : undefined);
  const result = await callTool(client, name, args, options, meta);
  return schema === undefined ? result : schema.parse(result);
}

function isSchema(value: unknown): value is ResultSchema<unknown> {
  return isObject(value) && typeof value.parse === 'function';
}

/** The invalid result, which `validate: 'warn'` returns. Emits `warning`. */
function refusedResult(client: ToolClient, outcome: Outcome, params: Params): unknown {
  if (!(outcome instanceof RequestFailure) || outcome.failure?.code !== 'MCP_INVALID_RESULT') return undefined;
  const result = outcome.failure.details?.result;
  if (result !== undefined) {
    client.events.emit('warning', client.errors.of(client.errors.failureOfCall(outcome.failure, 'tools/call', params)));
  }
  return result;
}

/** Checks structured output against the known definition of the tool, and against the current one where they may differ. */
async function outputProblem(
  client: ToolClient,
  tool: MCPTool,
  result: CallToolResult,
  options: CallToolOptions,
): Promise<Failure | undefined> {
  const problem = await client.structured.problem(tool, result);
  if (problem === undefined || isUnusable(problem) || client.listCache.has('tools')) return problem;
  try {
    await client.listCache.relistTools(options);
  } catch (thrown) {
    if (options.signal?.aborted === true) throw thrown;
    // A failed listing must not hide the problem of the result.
    return problem;
  }
  const now = client.listCache.tool(tool.name);
  return now === undefined ? undefined : client.structured.problem(now, result);
}

/** The failure for a result with `isError: true`. Some servers respond in this way to a call of an unknown tool, too. */
function toolFailed(client: ToolClient, tool: string, result: CallToolResult): Failure {
  const text = firstTextOf(result);
  const quoted = text === undefined ? '' : `: ${excerpt(text)}`;
  const why = failure('tool', 'MCP_TOOL_ERROR', `The tool ${tool} reported an error${quoted}`, {
    delivery: 'answered',
    details: { tool, result },
  });
  return withSuggestion(why, tool, client.listCache.known('tools'));
}

/** The first text of a result. The result may have any shape, because it may not be validated. */
function firstTextOf({ content }: { readonly content: unknown }): string | undefined {
  const blocks = Array.isArray(content) ? (content as unknown[]) : [];
  const texts = blocks.map((block) => (isObject(block) && block.type === 'text' ? block.text : undefined));
  return texts.find((text) => typeof text === 'string');
}
