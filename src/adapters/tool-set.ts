import { isObject } from '../protocol/checks/problem.js';
import type { MCPTool } from '../protocol/schema/index.js';
import { describeThrown } from '../util/failure.js';
import { safeText } from '../util/printable.js';
import { AdaptedTool, failed } from './adapted-tool.js';
import type { SetCallOptions, ToolOutcome } from './adapted-tool.js';
import { nameFor } from './names.js';
import type { TargetProvider } from './names.js';
import { report, toolProblem } from './problems.js';
import { PROVIDERS, refusalsOf } from './provider-rules.js';
import type { Provider } from './provider-rules.js';
import { portableSchema } from './schema/portable-schema.js';
import { checkToolOptions, isChosen, isForced } from './tool-options.js';
import type { ToolSetOptions } from './tool-options.js';
import type { ToolSource } from './tool-source.js';

/** The longest name of a tool in a problem, in characters. */
const LONGEST_NAME = 200;

/** What an adapter needs besides the options of the user. */
export interface AdapterTraits {
  /** The name of the function, for messages. */
  readonly adapter: string;
  /** The provider whose rules the tools follow. Default: those of all providers. */
  readonly provider?: TargetProvider | undefined;
  /** The names of options that only this adapter has. Default: none. */
  readonly ownOptions?: readonly string[] | undefined;
}

/**
 * The tools of a source that the options choose, as the provider takes them. A tool that the provider would refuse is left out and reported.
 * @throws MCPError with code `MCP_INVALID_PARAMS` for invalid options, and the errors of `listTools`
 */
export async function adaptedTools(
  { adapter, provider = 'any', ownOptions }: AdapterTraits,
  source: ToolSource,
  options: ToolSetOptions,
): Promise<AdaptedTool[]> {
  checkToolOptions(adapter, source, options, ownOptions);
  const definitions = (await source.listTools()).filter(
    (tool) => isObject(tool) && typeof tool.name === 'string' && isWanted(source, tool, options),
  );
  const tools = definitions.flatMap((tool) => adapted(source, tool, provider, options) ?? []);
  return withoutDuplicates(source, tools, options);
}

function isWanted(source: ToolSource, tool: MCPTool, options: ToolSetOptions): boolean {
  try {
    return isChosen(tool, options);
  } catch (thrown) {
    leaveOut(source, tool, options, `the function \`include\` failed: ${describeThrown(thrown)}`);
    return false;
  }
}

function adapted(
  source: ToolSource,
  tool: MCPTool,
  provider: TargetProvider,
  options: ToolSetOptions,
): AdaptedTool | undefined {
  const schema = portableSchema(tool.inputSchema, provider);
  if (schema === undefined) {
    leaveOut(source, tool, options, 'its schema is too large');
    return undefined;
  }
  const result = new AdaptedTool(source, tool, nameFor(provider, tool.name), schema, options);
  const refusal = refusalsOf({ name: result.name, inputSchema: schema.schema }).find(
    (one) => provider === 'any' || one.provider === provider,
  );
  if (refusal === undefined || isForced(tool, options)) return result;
  leaveOut(
    source,
    tool,
    options,
    `${PROVIDERS[refusal.provider]} would refuse it: ${refusal.reason}`,
    refusal.provider,
  );
  return undefined;
}

/** The tools with different names. A tool that has its own name precedes one with a changed name. */
function withoutDuplicates(source: ToolSource, tools: readonly AdaptedTool[], options: ToolSetOptions): AdaptedTool[] {
  const byName = new Map<string, AdaptedTool>();
  const unchanged = (tool: AdaptedTool): boolean => tool.name === tool.definition.name;
  for (const tool of [...tools.filter(unchanged), ...tools.filter((tool) => !unchanged(tool))])
    if (!byName.has(tool.name)) byName.set(tool.name, tool);
  return tools.filter((tool) => {
    if (byName.get(tool.name) === tool) return true;
    leaveOut(source, tool.definition, options, `another tool has the name ${tool.name}`);
    return false;
  });
}

/** Reports a tool that is left out. */
export function leaveOut(
  source: ToolSource,
  tool: MCPTool,
  options: ToolSetOptions,
  why: string,
  provider?: Provider,
): void {
  const name = safeText(tool.name, LONGEST_NAME);
  const message = `The tool ${name} is left out: ${safeText(why)}`;
  report(source, options, toolProblem(name, message, { reason: safeText(why), ...(provider && { provider }) }));
}

/** Tools by the names that the model uses. */
export class ToolSet {
  readonly #byName: ReadonlyMap<string, AdaptedTool>;

  constructor(readonly tools: readonly AdaptedTool[]) {
    this.#byName = new Map(tools.map((tool) => [tool.name, tool]));
  }

  /**
   * Calls the tool that the model names. An unknown name is a result with an error.
   * @throws the reason of the signal when it is aborted
   */
  async run(name: string, args: unknown, options: SetCallOptions = {}): Promise<ToolOutcome> {
    const tool = this.#byName.get(name);
    if (tool !== undefined) return tool.run(args, options);
    options.signal?.throwIfAborted();
    const result = failed(`There is no tool ${safeText(String(name), LONGEST_NAME)}. No tool was called.`);
    return { shown: result, whole: result };
  }
}
