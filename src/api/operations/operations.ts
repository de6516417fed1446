import { RequestFailure } from '../../machines/request/outcome.js';
import type { Outcome } from '../../machines/request/outcome.js';
import { withSuggestion } from '../../protocol/call-failure.js';
import { isObject } from '../../protocol/checks/problem.js';
import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { Params } from '../../protocol/messages/json-rpc.js';
import { refusalOf, methodEntry } from '../../protocol/methods.js';
import { isLoggingLevel } from '../../protocol/checks/notification-checks.js';
import { excerpt } from '../../util/printable.js';
import type {
  CallToolResult,
  CompleteRequestParams,
  CompleteResult,
  GetPromptResult,
  LoggingLevel,
  MCPTool,
  ReadResourceResult,
} from '../../protocol/schema/index.js';
import { optionNames, refuseUnknownOptions } from '../../transports/option-names.js';
import { checkCompletion, checkParams, checkText, checkTexts } from './call-arguments.js';
import { CALL_TOOL_OPTIONS, checkCallOptions, CONNECT_OPTIONS, REQUEST_OPTIONS } from '../options/call-options.js';
import type {
  CallToolOptions,
  CallToolParams,
  ConnectOptions,
  RequestOptions,
  ResultSchema,
} from '../options/call-options.js';
import type { Core } from '../core.js';
import { invalidOption } from '../options/option-reader.js';
import { isUnusable } from './structured-output.js';
import { callWithOtherHeaders, submitToolCall, wantsOtherHeaders } from './tool-headers.js';

const A_URI = 'the URI of a resource';

/** Calls a tool. The promise API of `tools/call`. 2026-07-28 server/tools, "Calling Tools". */
export async function callTool(
  core: Core,
  name: string,
  args: Readonly<Record<string, unknown>> | undefined,
  options: CallToolOptions = {},
  meta?: CallToolParams['_meta'],
): Promise<CallToolResult> {
  checkParams('args', args);
  checkCallOptions('callTool', options, CALL_TOOL_OPTIONS);
  const tool = core.listCache.tool(name);
  const hints = core.options.trustAnnotations && !core.listCache.outdated ? tool?.annotations : undefined;
  const repeatable = hints?.readOnlyHint === true || hints?.idempotentHint === true;
  const params = toolParams(name, args, meta);
  const validate = options.validate ?? core.options.validate;
  const submitted = validate === 'off' ? { ...options, unchecked: true } : options;
  let outcome = await submitToolCall(core, params, submitted, repeatable);
  if (wantsOtherHeaders(core, outcome)) {
    outcome = await callWithOtherHeaders(core, outcome, params, submitted, repeatable);
  }
  const refused = validate === 'warn' ? refusedResult(core, outcome, params) : undefined;
  if (refused === undefined && outcome instanceof RequestFailure) {
    throw core.errorOfCall(outcome, 'tools/call', params);
  }
  const result = (refused ?? outcome) as unknown as CallToolResult;
  if (result.isError === true && (options.onToolError ?? core.options.onToolError) === 'throw') {
    throw core.error(toolFailed(core, name, result));
  }
  if (tool?.outputSchema == null || validate === 'off') return result;
  const problem = await outputProblem(core, tool, result, options);
  if (problem === undefined) return result;
  // A schema that cannot be used says nothing about the result, and nothing that the caller could mend.
  if (isUnusable(problem)) core.events.warnOnce(problem);
  else if (validate === 'strict') throw core.error(problem);
  else core.events.emit('warning', core.error(problem));
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
 * Calls a tool with the arguments of the official client: the parameters, then the options, with or without a schema for the result between
 * them.
 */
export async function callToolOf(
  core: Core,
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
  const result = await callTool(core, name, args, options, meta);
  return schema === undefined ? result : schema.parse(result);
}

function isSchema(value: unknown): value is ResultSchema<unknown> {
  return isObject(value) && typeof value.parse === 'function';
}

/** A result that was refused for its shape, for a caller who wants no more than a warning. */
function refusedResult(core: Core, outcome: Outcome, params: Params): unknown {
  if (!(outcome instanceof RequestFailure) || outcome.failure?.code !== 'MCP_INVALID_RESULT') return undefined;
  const result = outcome.failure.details?.result;
  if (result !== undefined) {
    core.events.emit('warning', core.error(core.failureOfCall(outcome.failure, 'tools/call', params)));
  }
  return result;
}

/** What is wrong with structured output. It is held against the definition that is known, and against that of now where they may differ. */
async function outputProblem(
  core: Core,
  tool: MCPTool,
  result: CallToolResult,
  options: CallToolOptions,
): Promise<Failure | undefined> {
  const problem = await core.structured.problem(tool, result);
  if (problem === undefined || isUnusable(problem) || core.listCache.has('tools')) return problem;
  try {
    await core.listCache.listToolsAnew(options);
  } catch (thrown) {
    if (options.signal?.aborted === true) throw thrown;
    // The answer is there. It is not the fault of the caller that it cannot be told whether it is a good one.
    return problem;
  }
  const now = core.listCache.tool(tool.name);
  return now === undefined ? undefined : core.structured.problem(now, result);
}

/** What a tool that answers with `isError: true` says. Servers may answer a call of an unknown tool in this way, too. */
function toolFailed(core: Core, tool: string, result: CallToolResult): Failure {
  const text = textOf(result);
  const said = text === undefined ? '' : `: ${excerpt(text)}`;
  const why = failure('tool', 'MCP_TOOL_ERROR', `The tool ${tool} reported an error${said}`, {
    delivery: 'answered',
    details: { tool, result },
  });
  return withSuggestion(why, tool, core.listCache.known('tools'));
}

/** The first text of a result, which may have any shape when nothing is checked. */
function textOf({ content }: { readonly content: unknown }): string | undefined {
  const blocks = Array.isArray(content) ? (content as unknown[]) : [];
  const texts = blocks.map((block) => (isObject(block) && block.type === 'text' ? block.text : undefined));
  return texts.find((text) => typeof text === 'string');
}

/** Reads a resource. 2026-07-28 server/resources. */
export async function readResource(core: Core, uri: string, options?: RequestOptions): Promise<ReadResourceResult> {
  checkText('uri', A_URI, uri);
  checkCallOptions('readResource', options, REQUEST_OPTIONS);
  return (await core.request('resources/read', { uri }, options)) as ReadResourceResult;
}

/** Fills in a prompt. 2026-07-28 server/prompts. */
export async function getPrompt(
  core: Core,
  name: string,
  args: Readonly<Record<string, string>> | undefined,
  options?: RequestOptions,
): Promise<GetPromptResult> {
  checkText('name', 'the name of a prompt', name);
  checkTexts('args', args);
  checkCallOptions('getPrompt', options, REQUEST_OPTIONS);
  const params = args === undefined ? { name } : { name, arguments: args };
  return (await core.request('prompts/get', params, options)) as unknown as GetPromptResult;
}

/** Completes an argument. 2026-07-28 server/utilities/completion. */
export async function complete(
  core: Core,
  params: Pick<CompleteRequestParams, 'ref' | 'argument' | 'context'>,
  options?: RequestOptions,
): Promise<CompleteResult['completion']> {
  checkCompletion(params);
  checkCallOptions('complete', options, REQUEST_OPTIONS);
  const { completion } = (await core.request(
    'completion/complete',
    { ...params },
    options,
  )) as unknown as CompleteResult;
  return completion;
}

/** Makes any request of the user. */
export async function request(
  core: Core,
  method: string,
  params: Params | undefined,
  options: RequestOptions | undefined,
): Promise<object> {
  checkCallOptions('request', options, REQUEST_OPTIONS);
  return core.request(method, params, { ...options, unchecked: true });
}

/** Begins to watch a resource, in the way of the era. */
export async function subscribe(core: Core, uri: string, options: RequestOptions = {}): Promise<void> {
  // In the modern era it goes into every subscription from now on, and a wrong one would spoil them all.
  checkText('uri', A_URI, uri);
  checkCallOptions('subscribe', options, REQUEST_OPTIONS);
  const method = 'resources/subscribe';
  const params = { uri };
  const limit = timeLimit(core, options);
  const session = await core.established(options, method, params);
  const refusal = refusalOf(method, { ...methodEntry(method), only: session.era }, session);
  if (refusal !== undefined) throw core.error(core.failureOfCall(refusal, method, params));
  const { connection } = core;
  if (session.era === 'modern') {
    const problem = await connection.watch(uri, limit, options.signal);
    if (problem !== undefined) throw core.error(core.failureOfCall(problem, method, params));
  } else {
    await core.request(method, params, options);
    const { resources } = connection.facts.desired;
    if (!resources.includes(uri)) connection.send({ type: 'desire', desired: { resources: [...resources, uri] } });
  }
}

/** How long a call may take that is not one request, and until when. */
function timeLimit(core: Core, options: RequestOptions): { readonly timeout: number; readonly deadline: number } {
  const { environment, timeout, maxTotalTimeout = Infinity } = core.options;
  const shorter = Math.min(options.timeout ?? timeout, options.maxTotalTimeout ?? maxTotalTimeout);
  return { timeout: shorter, deadline: environment.now() + shorter };
}

/** Ceases to watch a resource, in the way of the era. */
export async function unsubscribe(core: Core, uri: string, options: RequestOptions = {}): Promise<void> {
  checkText('uri', A_URI, uri);
  checkCallOptions('unsubscribe', options, REQUEST_OPTIONS);
  const method = 'resources/unsubscribe';
  const params = { uri };
  const session = await core.established(options, method, params);
  core.connection.unwatch(uri);
  if (session.era === 'legacy') await core.request(method, params, options);
}

/** Asks for log messages of a level and above, in the way of the era. */
export async function setLogLevel(core: Core, level: LoggingLevel, options: RequestOptions = {}): Promise<void> {
  // In the modern era it goes into every request from now on, and a wrong one would spoil them all.
  if (!isLoggingLevel(level)) throw invalidOption('level', 'a log level', level);
  checkCallOptions('setLogLevel', options, REQUEST_OPTIONS);
  const method = 'logging/setLevel';
  const session = await core.established(options, method, undefined);
  const refusal = refusalOf(method, { ...methodEntry(method), only: session.era }, session);
  if (refusal !== undefined) throw core.error(refusal);
  if (session.era === 'legacy') await core.request(method, { level }, options);
  core.connection.send({ type: 'desire', desired: { logLevel: level } });
}

/** Asks for a sign of life and says how many milliseconds it took. */
export async function ping(core: Core, options: ConnectOptions = {}): Promise<number> {
  checkCallOptions('ping', options, CONNECT_OPTIONS);
  core.session();
  const probe = await core.probe(options);
  if (probe.outcome instanceof RequestFailure && !probe.ok) throw core.errorOf(probe.outcome);
  return probe.latency;
}
