import { invalidOption, isPlainObject, isWholeNumber, optionNames, refuseUnknownOptions } from '../option-checks.js';
import type { CallToolResult, MCPTool } from '../protocol/schema/index.js';

/** The arguments of a call. */
export type ToolArguments = Readonly<Record<string, unknown>>;

/** See {@link ToolSetOptions.approve}. */
export type Approval = 'destructive' | ((tool: MCPTool, args: ToolArguments) => boolean | Promise<boolean>);

/** See {@link ToolSetOptions.include}. */
export interface ToolSelection {
  /** The names of the tools that the model gets. Default: all. */
  readonly names?: readonly string[] | undefined;
  /** The names of tools that stay in the list although a known rule of the provider refuses them. Default: none. */
  readonly force?: readonly string[] | undefined;
}

/** A text of a result that is longer than `maxResultChars` allows. */
export interface LargeText {
  /** The name of the tool. */
  readonly tool: string;
  /** The whole text. */
  readonly text: string;
  /** The whole result. */
  readonly result: CallToolResult;
}

/** The options that all adapters have. Names of tools are the ones of the source. */
export interface ToolSetOptions {
  /** The names of the tools that the model gets, or a function that chooses them, or the names and exceptions. Default: all. */
  readonly include?: readonly string[] | ((tool: MCPTool) => boolean) | ToolSelection | undefined;
  /** The names of tools that the model does not get. Default: none. */
  readonly exclude?: readonly string[] | undefined;
  /** Whether progress of the server is passed on, by the adapters that can do it. Default false. */
  readonly progress?: boolean | undefined;
  /**
   * Which calls need approval: with `'destructive'` each call of a tool that is not annotated as read-only or harmless is refused, unless the SDK has
   * an approval of its own; with a function each call for which it does not return true. A refused call is not sent. Default: none.
   */
  readonly approve?: Approval | undefined;
  /** The most characters of text of a result. Of longer texts the model gets the head and the tail. Default 50 000. */
  readonly maxResultChars?: number | undefined;
  /** Receives each text that is cut. It may return a text to use in its place, such as a handle. Default: none. */
  readonly onLargeResult?: ((large: LargeText) => string | undefined | Promise<string | undefined>) | undefined;
  /** Receives the problems of tools, such as one that is left out. Default: `process.emitWarning`, once for each problem of a source. */
  readonly onProblem?: ((problem: Error) => unknown) | undefined;
}

const NAMES = optionNames<ToolSetOptions>({
  include: true,
  exclude: true,
  progress: true,
  approve: true,
  maxResultChars: true,
  onLargeResult: true,
  onProblem: true,
});
const SELECTION = optionNames<ToolSelection>({ names: true, force: true });

/**
 * Refuses a source that cannot be used and invalid options.
 * @param adapter the name of the function, for the message
 * @param own the names of options that only this adapter has
 * @throws MCPError with code `MCP_INVALID_PARAMS`
 */
export function checkToolOptions(
  adapter: string,
  source: unknown,
  options: ToolSetOptions,
  own: readonly string[] = [],
): void {
  const { listTools, callTool } = (source ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof listTools !== 'function' || typeof callTool !== 'function')
    throw invalidOption('source', 'a client with listTools() and callTool()', source, adapter);
  if (!isPlainObject(options)) throw invalidOption('options', 'an object', options, adapter);
  refuseUnknownOptions(adapter, options, new Set([...NAMES, ...own]));
  const refuse = (name: keyof ToolSetOptions, good: boolean, expected: string): void => {
    if (options[name] !== undefined && !good) throw invalidOption(name, expected, options[name], adapter);
  };
  const { include, exclude, progress, approve, maxResultChars, onLargeResult, onProblem } = options;
  refuse(
    'include',
    isNames(include) || typeof include === 'function' || isPlainObject(include),
    'names of tools or a function',
  );
  if (isSelection(include)) {
    refuseUnknownOptions('include', include, SELECTION, { prefix: 'include.' });
    const { names = [], force = [] } = include;
    if (!isNames(names)) throw invalidOption('include.names', 'names of tools', names, adapter);
    if (!isNames(force)) throw invalidOption('include.force', 'names of tools', force, adapter);
  }
  refuse('exclude', isNames(exclude), 'names of tools');
  refuse('progress', typeof progress === 'boolean', 'a boolean');
  refuse('approve', approve === 'destructive' || typeof approve === 'function', '"destructive" or a function');
  refuse('maxResultChars', isWholeNumber(maxResultChars), 'a whole number above 0');
  refuse('onLargeResult', typeof onLargeResult === 'function', 'a function');
  refuse('onProblem', typeof onProblem === 'function', 'a function');
}

/** Whether the options choose a tool. A function that throws does not choose it. */
export function isChosen(tool: MCPTool, { include, exclude = [] }: ToolSetOptions): boolean {
  if (exclude.includes(tool.name)) return false;
  if (typeof include === 'function') return include(tool);
  const names = isSelection(include) ? include.names : include;
  return names === undefined || names.includes(tool.name);
}

/** Whether a tool stays in the list although the provider would refuse it. */
export function isForced({ name }: MCPTool, { include }: ToolSetOptions): boolean {
  return isSelection(include) && include.force?.includes(name) === true;
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isSelection(include: ToolSetOptions['include']): include is ToolSelection {
  return include !== undefined && typeof include !== 'function' && !Array.isArray(include);
}
