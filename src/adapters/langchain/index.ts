import type { DynamicStructuredTool } from '@langchain/core/tools';

import { MCPError, MCPToolError } from '../../errors.js';
import type { CallToolResult } from '../../protocol/schema/index.js';
import type { AdaptedTool, SetCallOptions, ToolOutcome } from '../adapted-tool.js';
import { excerpt } from '../../util/printable.js';
import { contentParts, textOfParts } from '../content.js';
import type { ContentPart } from '../content.js';
import { progressOf } from '../progress-stream.js';
import type { ToolProgress } from '../progress-stream.js';
import type { ToolSetOptions } from '../tool-options.js';
import { adaptedTools } from '../tool-set.js';
import type { ToolSource } from '../tool-source.js';

export type { Approval, LargeText, ToolArguments, ToolSelection, ToolSetOptions } from '../tool-options.js';
export type { ToolProgress } from '../progress-stream.js';
export type { ToolSource } from '../tool-source.js';

/** The classes of the peer `@langchain/core`, loaded for the first tools. */
interface LangChain {
  readonly DynamicStructuredTool: typeof DynamicStructuredTool;
  readonly ToolMessage: new (fields: object) => object;
}

/** What a tool of LangChain passes to its function. */
interface RunConfig {
  readonly signal?: AbortSignal | undefined;
  readonly toolCall?: { readonly id?: string | undefined } | undefined;
}

/** The content and the artifact of a `ToolMessage`. */
type Output = [content: unknown, artifact: CallToolResult];

/**
 * The tools of a client as tools of LangChain (`@langchain/core` 1, an optional peer of this package). A `ToolMessage` has the content for the model,
 * and the whole {@link CallToolResult} as its `artifact`. Images, audio and files are standard content blocks.
 *
 * A tool that reports an error, and a call that fails, give a `ToolMessage` with `status: 'error'`. A call with bare arguments has no message, so it
 * rejects with an {@link MCPToolError}. The `signal` and `timeout` of the config cancel the call, and the server is notified. With `progress` the
 * callback `handleToolEvent` receives each {@link ToolProgress}.
 *
 * @example
 * const tools = await langchainTools(client, { exclude: ['delete_repository'] });
 * const agent = createAgent({ model, tools });
 * @throws MCPError with code `MCP_INVALID_PARAMS` for invalid options; MCPError if `@langchain/core` is not installed; the errors of `listTools`.
 */
export async function langchainTools(
  source: ToolSource,
  options: ToolSetOptions = {},
): Promise<DynamicStructuredTool[]> {
  const tools = await adaptedTools({ adapter: 'langchainTools' }, source, options);
  const langchain = await loadLangChain();
  return tools.map((tool) => langchainTool(langchain, tool, options.progress === true));
}

async function loadLangChain(): Promise<LangChain> {
  try {
    // Dynamic, so that a program in ES modules and this package use one copy of it, also if this file is CommonJS.
    const [tools, messages] = await Promise.all([import('@langchain/core/tools'), import('@langchain/core/messages')]);
    return { ...tools, ...messages } as unknown as LangChain;
  } catch (cause) {
    throw new MCPError('langchainTools needs the package @langchain/core: npm install @langchain/core', { cause });
  }
}

function langchainTool(langchain: LangChain, tool: AdaptedTool, progress: boolean): DynamicStructuredTool {
  const { definition, name } = tool;
  const run = async (args: unknown, config: RunConfig, options: SetCallOptions): Promise<Output> =>
    outputOf(langchain, tool, await tool.run(args, options), config.toolCall?.id);
  async function* runWithProgress(args: unknown, config: RunConfig): AsyncGenerator<ToolProgress, Output> {
    return yield* progressOf((options) => run(args, config, options), config.signal);
  }
  return new langchain.DynamicStructuredTool({
    name,
    description: tool.description ?? definition.title ?? '',
    schema: tool.inputSchema,
    metadata: { annotations: definition.annotations ?? {} },
    responseFormat: 'content_and_artifact',
    func: (args: unknown, _manager: unknown, config: RunConfig = {}) =>
      progress ? runWithProgress(args, config) : run(args, config, { signal: config.signal }),
  });
}

/** Throws if the result is an error and there is no message that could say so. */
function outputOf(
  { ToolMessage }: LangChain,
  { name, definition }: AdaptedTool,
  { shown, whole }: ToolOutcome,
  toolCallId: string | undefined,
): Output {
  const parts = contentParts(shown);
  const content = contentOf(parts);
  if (whole.isError !== true) return [content, whole];
  if (toolCallId === undefined) {
    const message = `The tool ${definition.name} reported an error: ${excerpt(textOfParts(parts))}`;
    throw new MCPToolError(message, { details: { tool: definition.name, result: whole } });
  }
  // LangChain gives each message that it makes itself the status `success`.
  return [new ToolMessage({ status: 'error', content, artifact: whole, tool_call_id: toolCallId, name }), whole];
}

function contentOf(parts: readonly ContentPart[]): string | object[] {
  if (parts.length === 0) return '[no content]';
  return parts.every(({ kind }) => kind === 'text') ? textOfParts(parts) : parts.map(blockOf);
}

function blockOf(part: ContentPart): object {
  if (part.kind === 'text') return { type: 'text', text: part.text };
  const { kind, data, mimeType, uri } = part;
  return {
    type: kind,
    source_type: 'base64',
    mime_type: mimeType,
    data,
    ...(uri !== undefined && { metadata: { uri } }),
  };
}
