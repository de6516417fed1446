import type { CallToolOptions } from '../../api/options/call-options.js';
import { invalidOption, oneOfThese } from '../../option-checks.js';
import type { CallToolResult } from '../../protocol/schema/index.js';
import { failed } from '../adapted-tool.js';
import type { AdaptedTool } from '../adapted-tool.js';
import { strictSchema, withoutAddedNulls } from '../schema/strict-schema.js';
import type { ToolSetOptions } from '../tool-options.js';
import { adaptedTools, leaveOut, ToolSet } from '../tool-set.js';
import type { ToolSource } from '../tool-source.js';
import { chatText, responseOutput } from './openai-content.js';
import type { OpenAIOutputItem } from './openai-content.js';

export type { Approval, LargeText, ToolArguments, ToolSelection, ToolSetOptions } from '../tool-options.js';
export type { ToolSource } from '../tool-source.js';
export type { OpenAIOutputItem } from './openai-content.js';

/** Options of {@link openaiTools}. */
export interface OpenAIToolsOptions<Api extends OpenAIApi = OpenAIApi> extends ToolSetOptions {
  /** The API of OpenAI that the tools are for. Default `'responses'`. */
  readonly api?: Api | undefined;
  /**
   * Whether the model keeps strictly to the schemas: with `'auto'` and `true` for each tool whose schema strict mode can express, with `false` for
   * none. With `true` the other tools are left out. Default `'auto'`.
   */
  readonly strict?: 'auto' | boolean | undefined;
}

/** An API of OpenAI: Responses, or Chat Completions. */
export type OpenAIApi = 'responses' | 'chat';

/** Options of a call of a model. */
export type OpenAIRunOptions = Pick<CallToolOptions, 'signal' | 'onProgress'>;

/** A tool for `openai.responses.create({ tools })`. */
export interface OpenAIResponseTool {
  type: 'function';
  name: string;
  description?: string;
  parameters: Record<string, unknown>;
  strict: boolean;
}

/** A tool for `openai.chat.completions.create({ tools })`. */
export interface OpenAIChatTool {
  type: 'function';
  function: { name: string; description?: string; parameters: Record<string, unknown>; strict?: boolean };
}

/** A call in the output of the Responses API, an item of type `function_call`. */
export interface OpenAIResponseCall {
  readonly call_id: string;
  readonly name: string;
  /** The arguments as JSON. */
  readonly arguments: string;
}

/** A call of the Chat Completions API, an element of `tool_calls`. */
export interface OpenAIChatCall {
  readonly id: string;
  readonly type?: string;
  readonly function?: { readonly name: string; readonly arguments: string };
}

/** The output of a call for the input of the next request to the Responses API. */
export interface OpenAICallOutput {
  type: 'function_call_output';
  call_id: string;
  output: string | OpenAIOutputItem[];
}

/** The output of a call for the messages of the next request to the Chat Completions API. */
export interface OpenAIToolMessage {
  role: 'tool';
  tool_call_id: string;
  content: string;
}

/** Tools for the Responses API. */
export interface OpenAIResponseTools {
  readonly tools: OpenAIResponseTool[];
  /**
   * Calls the tool that the model chose. An error is an output for the model.
   * @throws the reason of the signal when it is aborted
   */
  readonly run: (call: OpenAIResponseCall, options?: OpenAIRunOptions) => Promise<OpenAICallOutput>;
}

/** Tools for the Chat Completions API. */
export interface OpenAIChatTools {
  readonly tools: OpenAIChatTool[];
  /**
   * Calls the tool that the model chose. An error is a message for the model.
   * @throws the reason of the signal when it is aborted
   */
  readonly run: (call: OpenAIChatCall, options?: OpenAIRunOptions) => Promise<OpenAIToolMessage>;
}

/**
 * The tools of a client for the package `openai`, and a function that runs the calls of the model. The list comes from the list cache, so a call
 * before each request is cheap. Optional arguments of strict tools are sent as null by the model; the tool does not receive these nulls.
 *
 * @example
 * const { tools, run } = await openaiTools(client);
 * const response = await openai.responses.create({ model, input, tools });
 * for (const item of response.output) if (item.type === 'function_call') input.push(item, await run(item));
 * @throws MCPError with code `MCP_INVALID_PARAMS` for invalid options; the errors of `listTools`.
 */
export function openaiTools(
  source: ToolSource,
  options?: OpenAIToolsOptions<'responses'>,
): Promise<OpenAIResponseTools>;
export function openaiTools(source: ToolSource, options: OpenAIToolsOptions<'chat'>): Promise<OpenAIChatTools>;
export async function openaiTools(
  source: ToolSource,
  options: OpenAIToolsOptions = {},
): Promise<OpenAIResponseTools | OpenAIChatTools> {
  const traits = { adapter: 'openaiTools', provider: 'openai', ownOptions: ['api', 'strict'] } as const;
  const { api = 'responses', strict = 'auto' } = (options as OpenAIToolsOptions | null) ?? {};
  if (api !== 'responses' && api !== 'chat')
    throw invalidOption('api', oneOfThese(['responses', 'chat']), api, traits.adapter);
  if (strict !== 'auto' && typeof strict !== 'boolean')
    throw invalidOption('strict', '"auto" or a boolean', strict, traits.adapter);
  const prepared = (await adaptedTools(traits, source, options))
    .map((tool) => new OpenAITool(tool, strict !== false))
    .filter((one) => {
      if (strict !== true || one.strict) return true;
      leaveOut(source, one.tool.definition, options, 'strict mode cannot express its schema', 'openai');
      return false;
    });
  const runner = new Runner(prepared);
  return api === 'chat' ? chatTools(prepared, runner) : responseTools(prepared, runner);
}

function chatTools(prepared: readonly OpenAITool[], runner: Runner): OpenAIChatTools {
  return {
    tools: prepared.map((one) => one.forChat()),
    run: async ({ id, function: fn }, options) => {
      const result = await runner.run(fn?.name ?? '(a custom tool)', fn?.arguments ?? '', options);
      return { role: 'tool', tool_call_id: id, content: chatText(result) };
    },
  };
}

function responseTools(prepared: readonly OpenAITool[], runner: Runner): OpenAIResponseTools {
  return {
    tools: prepared.map((one) => one.forResponses()),
    run: async ({ call_id, name, arguments: json }, options) => {
      const result = await runner.run(name, json, options);
      return { type: 'function_call_output', call_id, output: responseOutput(result) };
    },
  };
}

/** A tool with its schema for OpenAI. */
class OpenAITool {
  readonly strict: boolean;
  readonly #parameters: Readonly<Record<string, unknown>>;

  constructor(
    readonly tool: AdaptedTool,
    wanted: boolean,
  ) {
    const schema = wanted ? strictSchema(tool.inputSchema) : undefined;
    this.strict = schema !== undefined;
    this.#parameters = schema ?? tool.inputSchema;
  }

  forResponses(): OpenAIResponseTool {
    return { type: 'function', ...this.#named(), strict: this.strict };
  }

  forChat(): OpenAIChatTool {
    return { type: 'function', function: { ...this.#named(), ...(this.strict && { strict: true }) } };
  }

  #named(): { name: string; description?: string; parameters: Record<string, unknown> } {
    const { name, description } = this.tool;
    return { name, ...(description !== undefined && { description }), parameters: { ...this.#parameters } };
  }
}

/** Runs the calls of a model. */
class Runner {
  readonly #set: ToolSet;
  readonly #strict: ReadonlyMap<string, AdaptedTool>;

  constructor(prepared: readonly OpenAITool[]) {
    this.#set = new ToolSet(prepared.map(({ tool }) => tool));
    this.#strict = new Map(prepared.filter(({ strict }) => strict).map(({ tool }) => [tool.name, tool]));
  }

  async run(name: string, json: string, options: OpenAIRunOptions = {}): Promise<CallToolResult> {
    const args = parsed(json);
    if (args === undefined) {
      options.signal?.throwIfAborted();
      return failed('The arguments are not a JSON object. The tool was not called.');
    }
    const strict = this.#strict.get(name);
    const given = strict === undefined ? args : withoutAddedNulls(args, strict.inputSchema);
    return (await this.#set.run(name, given, options)).shown;
  }
}

/** The arguments; undefined if they are not a JSON object. A model sends an empty text for none. */
function parsed(json: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof json !== 'string') return undefined;
  if (json.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
