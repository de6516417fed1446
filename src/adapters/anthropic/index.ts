import type { CallToolOptions } from '../../api/options/call-options.js';
import type { CallToolResult } from '../../protocol/schema/index.js';
import type { AdaptedTool } from '../adapted-tool.js';
import { contentParts, textOfParts } from '../content.js';
import type { ToolSetOptions } from '../tool-options.js';
import { adaptedTools, ToolSet } from '../tool-set.js';
import type { ToolSource } from '../tool-source.js';
import { anthropicBlocks } from './anthropic-content.js';
import type { AnthropicResultBlock } from './anthropic-content.js';

export type { Approval, LargeText, ToolArguments, ToolSelection, ToolSetOptions } from '../tool-options.js';
export type { ToolSource } from '../tool-source.js';
export type { AnthropicImageType, AnthropicResultBlock } from './anthropic-content.js';

/** Options of a call of a model. */
export type AnthropicRunOptions = Pick<CallToolOptions, 'signal' | 'onProgress'>;

/** What a tool runner passes to a tool. */
export interface AnthropicRunContext {
  readonly signal?: AbortSignal | null | undefined;
}

/** A tool for `anthropic.messages.create({ tools })`, and for `anthropic.beta.messages.toolRunner({ tools })`. */
export interface AnthropicTool {
  name: string;
  description?: string;
  input_schema: { type: 'object'; [keyword: string]: unknown };
  /**
   * Calls the tool, for a tool runner.
   * @throws an error with the text of the result if that is an error, so that the runner marks it; the reason of the signal when it is aborted
   */
  run: (input: unknown, context?: AnthropicRunContext) => Promise<AnthropicResultBlock[]>;
  /** Returns the input unchanged: the server checks it. */
  parse: (content: unknown) => unknown;
}

/** A call of the model, a block of type `tool_use`. */
export interface AnthropicToolUse {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

/** The result of a call, for the content of the next message of the user. */
export interface AnthropicToolResult {
  type: 'tool_result';
  tool_use_id: string;
  content: AnthropicResultBlock[];
  is_error?: true;
}

/** The tools of {@link anthropicTools}. */
export interface AnthropicTools {
  readonly tools: AnthropicTool[];
  /**
   * Calls the tool that the model chose. An error is a result for the model.
   * @throws the reason of the signal when it is aborted
   */
  readonly run: (call: AnthropicToolUse, options?: AnthropicRunOptions) => Promise<AnthropicToolResult>;
}

/**
 * The tools of a client for the package `@anthropic-ai/sdk`, and a function that runs the calls of the model. The list comes from the list cache, so
 * a call before each request is cheap.
 *
 * @example
 * const { tools, run } = await anthropicTools(client);
 * const message = await anthropic.messages.create({ model, max_tokens: 1_000, messages, tools });
 * for (const block of message.content) if (block.type === 'tool_use') results.push(await run(block));
 * @throws MCPError with code `MCP_INVALID_PARAMS` for invalid options; the errors of `listTools`.
 */
export async function anthropicTools(source: ToolSource, options: ToolSetOptions = {}): Promise<AnthropicTools> {
  const tools = await adaptedTools({ adapter: 'anthropicTools', provider: 'anthropic' }, source, options);
  const set = new ToolSet(tools);
  return {
    tools: tools.map(anthropicTool),
    run: async ({ id, name, input }, runOptions) => {
      const { shown } = await set.run(name, input, runOptions);
      return { type: 'tool_result', tool_use_id: id, ...errorOf(shown), content: anthropicBlocks(shown) };
    },
  };
}

function anthropicTool(tool: AdaptedTool): AnthropicTool {
  const { name, description, inputSchema } = tool;
  return {
    name,
    ...(description !== undefined && { description }),
    input_schema: { ...inputSchema, type: 'object' },
    run: async (input, context) => {
      const signal = context?.signal ?? undefined;
      const result = await tool.call(input, signal === undefined ? {} : { signal });
      // A runner marks a result as an error only if the tool throws, and then it shows the message.
      if (result.isError === true) throw new Error(textOfParts(contentParts(result)));
      return anthropicBlocks(result);
    },
    parse: (content) => content,
  };
}

function errorOf({ isError }: CallToolResult): { is_error?: true } {
  return isError === true ? { is_error: true } : {};
}
