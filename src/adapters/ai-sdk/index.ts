import { invalidOption } from '../../option-checks.js';
import { isObject } from '../../protocol/checks/problem.js';
import type { CallToolResult } from '../../protocol/schema/index.js';
import type { AdaptedTool } from '../adapted-tool.js';
import { report } from '../problems.js';
import { progressOf } from '../progress-stream.js';
import type { ToolProgress } from '../progress-stream.js';
import type { ToolSetOptions } from '../tool-options.js';
import { adaptedTools } from '../tool-set.js';
import type { ToolSource } from '../tool-source.js';
import { AI_VERSIONS, installedVersion, isAiVersion, NEWEST } from './ai-version.js';
import type { AiVersion } from './ai-version.js';
import { modelOutput } from './model-output.js';
import type { AiModelOutput } from './model-output.js';

export type { Approval, LargeText, ToolArguments, ToolSelection, ToolSetOptions } from '../tool-options.js';
export type { ToolSource } from '../tool-source.js';
export type { AiVersion } from './ai-version.js';
export type { AiModelOutput } from './model-output.js';
export type { ToolProgress } from '../progress-stream.js';

/** Options of {@link aiTools}. */
export interface AiToolsOptions extends ToolSetOptions {
  /** The major version of the package `ai`. Default: that of the installed package; without one 7, with a problem. */
  readonly version?: AiVersion | undefined;
}

/** The options that the AI SDK passes to `execute`. */
export interface AiExecuteOptions {
  readonly abortSignal?: AbortSignal | undefined;
  readonly toolCallId?: string | undefined;
}

/** A tool of the AI SDK 5, 6 and 7, of the kind that is not known at compile time. */
export interface AiTool {
  readonly type: 'dynamic';
  readonly description?: string;
  readonly title?: string;
  /** A schema that only the package `ai` can read: its type has a private symbol, so here it has the type that is assignable to each version. */
  readonly inputSchema: never;
  /** Whether the user has to approve the call. The AI SDK 5 ignores it, so there the tool itself refuses. */
  readonly needsApproval?: (input: unknown) => Promise<boolean>;
  /** Calls the tool. With `progress` it yields the progress before the result. */
  readonly execute: (
    input: unknown,
    options: AiExecuteOptions,
  ) => Promise<CallToolResult> | AsyncGenerator<ToolProgress | CallToolResult, void, undefined>;
  /** Converts the result for the model. */
  readonly toModelOutput: (argument: unknown) => AiModelOutput;
}

/**
 * The tools of a client as tools of the AI SDK (`ai` 5, 6 and 7), by name. The list comes from the list cache, so a call in every turn is cheap. The
 * output of a tool is the whole {@link CallToolResult}; the model gets all of its content, images and files as well.
 *
 * A call that fails gives the model a result with the error. When the `abortSignal` of `generateText` is aborted, the server is notified.
 *
 * @example
 * const tools = await aiTools(client, { approve: 'destructive' });
 * const { text } = await generateText({ model, tools, prompt: 'Which issues are open?', stopWhen: stepCountIs(5) });
 * @throws MCPError with code `MCP_INVALID_PARAMS` for invalid options; the errors of `listTools`.
 */
export async function aiTools(source: ToolSource, options: AiToolsOptions = {}): Promise<Record<string, AiTool>> {
  const tools = await adaptedTools({ adapter: 'aiTools', ownOptions: ['version'] }, source, options);
  const version = versionOf(source, options);
  return Object.fromEntries(tools.map((tool) => [tool.name, aiTool(tool, options, version)]));
}

function versionOf(source: ToolSource, options: AiToolsOptions): AiVersion {
  const { version = installedVersion() } = options;
  if (isAiVersion(version)) return version;
  if (options.version !== undefined) throw invalidOption('version', '5, 6 or 7', version, 'aiTools');
  if (options.approve !== undefined && version === undefined)
    throw invalidOption(
      'version',
      '5, 6 or 7, because `approve` needs it and no package `ai` was found',
      version,
      'aiTools',
    );
  const found = version === undefined ? 'No package `ai` was found' : `The package \`ai\` has the version ${version}`;
  const advice = `aiTools knows the versions ${AI_VERSIONS.join(', ')} and uses the parts of ${NEWEST}: pass the option \`version\``;
  report(source, options, new Error(`${found}. ${advice}`));
  return NEWEST;
}

function aiTool(tool: AdaptedTool, { progress = false, approve }: AiToolsOptions, version: AiVersion): AiTool {
  const { description } = tool;
  const { title } = tool.definition;
  // Version 5 does not ask for approval, so the call itself has to.
  const approved = version !== 5;
  return {
    type: 'dynamic',
    ...(description !== undefined && { description }),
    ...(title !== undefined && { title }),
    inputSchema: aiSchema(tool.inputSchema),
    ...(approve !== undefined &&
      approved && { needsApproval: (input: unknown) => tool.needsApproval(argumentsOf(input)) }),
    execute: (input, { abortSignal }) =>
      progress
        ? executeWithProgress(tool, input, approved, abortSignal)
        : tool.call(input, { signal: abortSignal, approved }),
    toModelOutput: (argument) => modelOutput(outputOf(argument), isWrapped(argument) ? newer(version) : 5),
  };
}

/** The AI SDK takes the last output as the result, and those before it as preliminary results. */
async function* executeWithProgress(
  tool: AdaptedTool,
  input: unknown,
  approved: boolean,
  abortSignal: AbortSignal | undefined,
): AsyncGenerator<ToolProgress | CallToolResult, void, undefined> {
  yield yield* progressOf((options) => tool.call(input, { ...options, approved }), abortSignal);
}

/** Versions 6 and 7 pass the output in an object, version 5 passes it alone. The argument counts more than the version that was found. */
function isWrapped(argument: unknown): argument is { readonly output: unknown } {
  return isObject(argument) && 'toolCallId' in argument && 'output' in argument;
}

function outputOf(argument: unknown): unknown {
  return isWrapped(argument) ? argument.output : argument;
}

function newer(version: AiVersion): AiVersion {
  return version === 5 ? NEWEST : version;
}

function argumentsOf(input: unknown): Readonly<Record<string, unknown>> {
  return isObject(input) ? input : {};
}

/** An object that `jsonSchema()` of the AI SDK returns, which it recognises by these symbols. */
function aiSchema(jsonSchema: Readonly<Record<string, unknown>>): never {
  const marks = { [Symbol.for('vercel.ai.schema')]: true, [Symbol.for('vercel.ai.validator')]: true };
  return { ...marks, _type: undefined, jsonSchema, validate: undefined } as never;
}
