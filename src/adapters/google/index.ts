import type { CallToolOptions } from '../../api/options/call-options.js';
import { invalidOption } from '../../option-checks.js';
import type { ToolSetOptions } from '../tool-options.js';
import { adaptedTools, ToolSet } from '../tool-set.js';
import type { ToolSource } from '../tool-source.js';
import { googleResponse } from './google-content.js';
import type { GoogleFunctionResponse } from './google-content.js';

export type { Approval, LargeText, ToolArguments, ToolSelection, ToolSetOptions } from '../tool-options.js';
export type { ToolSource } from '../tool-source.js';
export type { GoogleFunctionResponse, GoogleResponsePart } from './google-content.js';

/** Options of {@link googleTools}. */
export interface GoogleToolsOptions extends ToolSetOptions {
  /** Cancels the calls of these tools when it is aborted, because `@google/genai` passes no signal to them. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of a call of a model. */
export type GoogleRunOptions = Pick<CallToolOptions, 'signal' | 'onProgress'>;

/** The declaration of a function. */
export interface GoogleFunctionDeclaration {
  name: string;
  description?: string;
  parametersJsonSchema: unknown;
}

/** A call of the model. */
export interface GoogleFunctionCall {
  readonly id?: string;
  readonly name?: string;
  readonly args?: Record<string, unknown>;
}

/** A `CallableTool` of `@google/genai`: it goes into `config.tools` as it is, and the SDK runs the calls. */
export interface GoogleTools {
  /**
   * The declarations of the functions.
   * @throws never
   */
  readonly tool: () => Promise<{ functionDeclarations: GoogleFunctionDeclaration[] }>;
  /**
   * Runs calls at the same time, and returns their responses in the same order. An error is a response for the model.
   * @throws the reason of a signal when it is aborted
   */
  readonly callTool: (
    calls: readonly GoogleFunctionCall[],
    options?: GoogleRunOptions,
  ) => Promise<{ functionResponse: GoogleFunctionResponse }[]>;
}

/**
 * The tools of a client for the package `@google/genai`. The list comes from the list cache, so a call before each request is cheap.
 *
 * @example
 * const tools = await googleTools(client);
 * const response = await ai.models.generateContent({ model, contents, config: { tools: [tools] } });
 * @throws MCPError with code `MCP_INVALID_PARAMS` for invalid options; the errors of `listTools`.
 */
export async function googleTools(source: ToolSource, options: GoogleToolsOptions = {}): Promise<GoogleTools> {
  const traits = { adapter: 'googleTools', provider: 'google', ownOptions: ['signal'] } as const;
  const own: unknown = (options as GoogleToolsOptions | null)?.signal;
  if (own !== undefined && !(own instanceof AbortSignal))
    throw invalidOption('signal', 'an AbortSignal', own, traits.adapter);
  const tools = await adaptedTools(traits, source, options);
  const set = new ToolSet(tools);
  const functionDeclarations = tools.map(({ name, description, inputSchema }) => ({
    name,
    ...(description !== undefined && { description }),
    parametersJsonSchema: inputSchema,
  }));
  return {
    tool: async () => ({ functionDeclarations: [...functionDeclarations] }),
    callTool: (calls, { signal, onProgress } = {}) => {
      const signals = [own, signal].filter((one) => one !== undefined);
      const runOptions = {
        ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
        ...(onProgress !== undefined && { onProgress }),
      };
      return Promise.all(
        calls.map(async ({ id, name = '', args }) => {
          const { shown } = await set.run(name, args, runOptions);
          return { functionResponse: { ...(id !== undefined && { id }), name, ...googleResponse(shown) } };
        }),
      );
    },
  };
}
