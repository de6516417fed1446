import { askUserFunction } from '../util/user-function.js';
import type { CallToolOptions } from '../api/options/call-options.js';
import { MCPError } from '../errors.js';
import { isPlainObject } from '../option-checks.js';
import type { CallToolResult, MCPTool } from '../protocol/schema/index.js';
import { isDestructive } from '../protocol/tool-annotations.js';
import { describeThrown } from '../util/failure.js';
import { excerpt } from '../util/printable.js';
import { shortened } from './large-results.js';
import { report } from './problems.js';
import { withOriginalNames } from './schema/portable-schema.js';
import type { PortableSchema } from './schema/portable-schema.js';
import type { ToolArguments, ToolSetOptions } from './tool-options.js';
import type { ToolSource } from './tool-source.js';

const MAX_RESULT_CHARS = 50_000;

/** Options of one call. */
export type SetCallOptions = Pick<CallToolOptions, 'signal' | 'onProgress'> & {
  /** Whether the framework has the approval already. Default false. */
  readonly approved?: boolean | undefined;
};

/** The outcome of a call: the result for the model, and the whole one. They are the same object unless the result was too large. */
export interface ToolOutcome {
  readonly shown: CallToolResult;
  readonly whole: CallToolResult;
}

/** A tool of a set, with a name and a schema that the provider takes. */
export class AdaptedTool {
  readonly name: string;
  readonly definition: MCPTool;
  /** The description for the model: that of the server, and constraints that the schema cannot express. */
  readonly description: string | undefined;
  readonly #schema: PortableSchema;
  readonly #source: ToolSource;
  readonly #options: ToolSetOptions;

  constructor(source: ToolSource, definition: MCPTool, name: string, schema: PortableSchema, options: ToolSetOptions) {
    this.name = name;
    this.definition = definition;
    this.#schema = schema;
    this.#source = source;
    this.#options = options;
    const own = definition.description ?? '';
    this.description = [...(own === '' ? [] : [own]), ...schema.notes].join('\n') || undefined;
  }

  /** The input schema that the provider takes. */
  get inputSchema(): Readonly<Record<string, unknown>> {
    return this.#schema.schema;
  }

  /** Whether a call has to be approved by a person. A function of the user that throws does not approve. */
  async needsApproval(args: ToolArguments, signal?: AbortSignal): Promise<boolean> {
    const { approve } = this.#options;
    if (approve === undefined) return false;
    if (approve === 'destructive') return isDestructive(this.definition.annotations);
    const given = withOriginalNames(args, this.#schema);
    try {
      return (await askUserFunction(() => approve(this.definition, given), signal ?? NEVER)) !== true;
    } catch (thrown) {
      if (signal?.aborted === true) throw thrown;
      return true;
    }
  }

  /**
   * Calls the tool, and returns the result for the model. A failure of the client becomes a result with the error, which also says whether the tool
   * may have run.
   * @throws the reason of the signal when it is aborted
   */
  async call(args: unknown, options: SetCallOptions = {}): Promise<CallToolResult> {
    return (await this.run(args, options)).shown;
  }

  /**
   * Like {@link AdaptedTool.call}, with the whole result besides the one for the model.
   * @throws the reason of the signal when it is aborted
   */
  async run(args: unknown, { approved = false, signal, onProgress }: SetCallOptions = {}): Promise<ToolOutcome> {
    signal?.throwIfAborted();
    const given: unknown = args ?? {};
    if (!isPlainObject(given)) return both(failed('The arguments are not an object. The tool was not called.'));
    if (!approved && (await this.needsApproval(given as ToolArguments, signal)))
      return both(failed('The call was not approved. The tool was not called.'));
    signal?.throwIfAborted();
    let whole: CallToolResult;
    try {
      const own = withOriginalNames(given as ToolArguments, this.#schema);
      whole = await this.#source.callTool(this.definition.name, own, {
        onToolError: 'return',
        ...(signal !== undefined && { signal }),
        ...(onProgress !== undefined && { onProgress }),
      });
    } catch (thrown) {
      if (signal?.aborted === true) throw thrown;
      return both(failed(textOfError(thrown)));
    }
    return { whole, shown: await this.#shown(whole, signal ?? NEVER) };
  }

  #shown(whole: CallToolResult, signal: AbortSignal): Promise<CallToolResult> {
    const { maxResultChars = MAX_RESULT_CHARS, onLargeResult } = this.#options;
    return shortened(whole, maxResultChars, async (text) => {
      if (onLargeResult === undefined) return undefined;
      const large = { tool: this.definition.name, text, result: whole };
      try {
        const own: unknown = await askUserFunction(() => onLargeResult(large), signal);
        return typeof own === 'string' ? own : undefined;
      } catch (thrown) {
        if (signal.aborted) throw thrown;
        report(this.#source, this.#options, new Error(`onLargeResult failed: ${describeThrown(thrown)}`));
        return undefined;
      }
    });
  }
}

const NEVER = new AbortController().signal;

function both(result: CallToolResult): ToolOutcome {
  return { shown: result, whole: result };
}

/** A result with an error, for the model. */
export function failed(text: string): CallToolResult {
  return { content: [{ type: 'text', text }], isError: true };
}

function textOfError(thrown: unknown): string {
  if (!MCPError.isInstance(thrown)) return `The call failed: ${excerpt(describeThrown(thrown))}`;
  const { code, message, delivery, hint } = thrown;
  const ran =
    delivery === 'unknown' ? ['The tool may have run.'] : delivery === 'not-sent' ? ['The tool was not called.'] : [];
  return [`${code}: ${excerpt(message)}`, ...ran, ...(hint === undefined ? [] : [hint])].join('\n');
}
