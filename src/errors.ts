import { explainFailure, hintFor } from './diagnostics/explain.js';
import { describeThrown, isFailure } from './util/failure.js';
import type { Delivery, Failure, FailureKind } from './util/failure.js';
import type { Circumstances } from './diagnostics/hintable.js';
import { safeCopy, safeMessage, withoutNumbers } from './util/printable.js';
import type { CallToolResult } from './protocol/schema/index.js';
import { circumstancesOf } from './diagnostics/story.js';
import type { Story } from './diagnostics/story.js';

/** What an {@link MCPError} may carry besides its message. */
export interface MCPErrorOptions {
  /** A stable string such as `MCP_TIMEOUT`. Each class has a default. */
  readonly code?: string | undefined;
  /** The JSON-RPC error code or HTTP status, when there is one. */
  readonly errorCode?: number | undefined;
  /** Plain data for programs. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** Whether the server may have run the failed request. */
  readonly delivery?: Delivery | undefined;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/** Shared by every copy of this package in a process, so that {@link MCPError.isInstance} works across copies. */
const LINEAGE = Symbol.for('mcp-actors.error.lineage');

/** The method that `util.inspect`, and with it `console.error`, calls. Node, util.inspect.custom. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** The stories of errors for `explain()`. Kept outside of the errors, so that printing an error does not print its story. */
const STORIES = new WeakMap<MCPError, Story>();

/** The largest number of nested causes in JSON: a foreign error can be its own cause. */
const DEEPEST = 20;

/**
 * The base of every error that this library throws. Its enumerable properties are what printers and loggers show besides the stack: `code`
 * and `details`, and `errorCode`, `delivery` and `hint` when there is one.
 */
export class MCPError extends Error {
  /** The name of the class, which a bundler cannot change. */
  protected static readonly brand: string = 'MCPError';
  /** The default `code` of the class. */
  protected static readonly defaultCode: string = 'MCP_ERROR';

  /** A stable string that programs may compare, such as `MCP_TIMEOUT`. */
  declare readonly code: string;
  /** The JSON-RPC error code or HTTP status, when there is one. */
  declare readonly errorCode: number | undefined;
  /** `'not-sent'`: it never ran, safe to repeat. `'unknown'`: sent, no answer, may have run. `'answered'`: the server answered. */
  declare readonly delivery: Delivery | undefined;
  /** Plain data; which fields it has depends on `code`. */
  declare readonly details: Readonly<Record<string, unknown>>;
  /** One thing that a person can do, in plain English; undefined when nothing is known that helps. Its wording may change. */
  declare readonly hint: string | undefined;

  constructor(message: string, options: MCPErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const { brand, defaultCode } = new.target;
    const { errorCode, delivery, details = {} } = options;
    define(this, 'name', brand, false);
    define(this, 'code', options.code ?? defaultCode, true);
    define(this, 'errorCode', errorCode, errorCode !== undefined);
    define(this, 'delivery', delivery, delivery !== undefined);
    define(this, 'details', withDataUnprinted(details), Object.keys(details).length > 0);
    giveHint(this);
    define(this, LINEAGE, lineageOf(new.target), false);
  }

  /**
   * Whether `value` is an error of this class or of one below it. Unlike `instanceof` it also recognises errors that another copy
   * of this package made.
   */
  static isInstance<Class extends typeof MCPError>(this: Class, value: unknown): value is InstanceType<Class> {
    if (typeof value !== 'object' || value === null) return false;
    const lineage = (value as Record<symbol, unknown>)[LINEAGE];
    return Array.isArray(lineage) && lineage.includes(this.brand);
  }

  /**
   * What happened, what led to it, whether the call may have run, where the connection stood, the last messages (never what was in
   * them), and one hint: text for a person.
   */
  explain(): string {
    return explainFailure(this, { story: STORIES.get(this) });
  }

  /**
   * What `JSON.stringify` shows: everything but the stack and the result of the server, which may be long or private. Of the `data` of an error
   * reply it shows a copy in which text is safe, without what was sent to the server and may not be shown.
   */
  toJSON(): object {
    return jsonOf(this, 0);
  }

  /** @internal Where an error lies too deep for its properties, one line has to do; Node shows the name of the class alone. */
  [INSPECT](depth: number | null): unknown {
    if (depth === null || depth >= 0) return this;
    const hint = this.hint === undefined ? '' : ` Hint: ${this.hint}`;
    return `[${this.name}: ${this.message} (${[this.code, this.delivery].filter(Boolean).join(', ')})${hint}]`;
  }

  /** The class, the message, the code and the details in one line; without the result of the server. */
  override toString(): string {
    const shown = describe(this.details);
    const details = shown === '{}' ? '' : ` ${shown}`;
    const number = this.errorCode === undefined ? '' : ` ${this.errorCode}`;
    return `${this.name} [${this.code}${number}]: ${this.message}${details}`;
  }
}

const UNPRINTABLE = '{…}';

function describe(details: object): string {
  try {
    return JSON.stringify(details);
  } catch {
    // A cycle or a bigint, from a server in this process or from the code that made the error.
    return UNPRINTABLE;
  }
}

function define(error: MCPError, name: string | symbol, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, name, { value, enumerable, configurable: true, writable: true });
}

/**
 * Details whose `data` and `result` are what the server sent, for programs, and which print neither: both are accessors, and `util.inspect` and
 * `JSON.stringify` show a safe copy of `data` and no result.
 *
 * @param shownData the copy of `details.data` that printers show, if the caller has removed secrets from it
 */
function withDataUnprinted(
  details: Readonly<Record<string, unknown>>,
  shownData?: unknown,
): Readonly<Record<string, unknown>> {
  if (!('result' in details || 'data' in details)) return details;
  const { result, data, ...rest } = details;
  const printed = { ...rest, ...(data !== undefined && { data: shownData ?? safeCopy(data) }) };
  const own: Record<string, unknown> = { ...rest };
  const inspected: Record<string, unknown> = { ...printed };
  for (const [name, value] of Object.entries({ data, result })) {
    if (!(name in details)) continue;
    const accessor = { get: () => value, enumerable: true, configurable: true };
    Object.defineProperty(own, name, accessor);
    if (name === 'result') Object.defineProperty(inspected, name, accessor);
  }
  Object.defineProperty(own, 'toJSON', { value: () => printed, configurable: true });
  return Object.defineProperty(own, INSPECT, { value: () => inspected, configurable: true });
}

function giveHint(error: MCPError, about?: Circumstances): void {
  const hint = hintFor(error, about);
  define(error, 'hint', hint, hint !== undefined && !prints(error.cause, hint));
}

/** Whether an error prints this hint, or one of its causes does. */
function prints(start: unknown, hint: string): boolean {
  let cause = start;
  for (let depth = 0; cause instanceof Error && depth <= DEEPEST; depth++) {
    if (isPrinted(cause) && (cause as MCPError).hint === hint) return true;
    cause = cause.cause;
  }
  return false;
}

function isPrinted(error: Error): boolean {
  return Object.prototype.propertyIsEnumerable.call(error, 'hint');
}

function jsonOf(error: Error, depth: number): object {
  const { name, message, code, errorCode, delivery, hint, details, cause } = error as MCPError;
  const about = cause === undefined || depth >= DEEPEST ? undefined : jsonOfCause(cause, depth + 1);
  if (!MCPError.isInstance(error)) return { name, message, code, cause: about };
  const shown = isPrinted(error) ? hint : undefined;
  return { name, message, code, errorCode, delivery, hint: shown, details: plain(details), cause: about };
}

function jsonOfCause(cause: unknown, depth: number): object | string {
  return cause instanceof Error ? jsonOf(cause, depth) : describeThrown(cause);
}

/** Details as JSON has them, without the result of the server. */
function plain(details: Readonly<Record<string, unknown>>): unknown {
  const text = describe(details);
  if (text === '{}') return undefined;
  return text === UNPRINTABLE ? text : (JSON.parse(text) as unknown);
}

function lineageOf(start: unknown): string[] {
  const names: string[] = [];
  for (let one = start; typeof one === 'function' && one !== Error; one = Object.getPrototypeOf(one)) {
    const { brand } = one as unknown as { brand?: string };
    if (brand !== undefined && !names.includes(brand)) names.push(brand);
  }
  return names;
}

/** Connecting, keeping or ending a connection failed. */
export class MCPConnectionError extends MCPError {
  protected static override readonly brand: string = 'MCPConnectionError';
  protected static override readonly defaultCode: string = 'MCP_CONNECTION_LOST';
}

/** An operation outran its deadline. `details` has `operation`, `timeout` (milliseconds) and `phase`: queued, waiting, connecting. */
export class MCPTimeoutError extends MCPConnectionError {
  protected static override readonly brand: string = 'MCPTimeoutError';
  protected static override readonly defaultCode: string = 'MCP_TIMEOUT';

  /** The last that a server wrote to standard error that was started and did not answer; undefined for other time-outs. */
  get stderr(): string | undefined {
    return this.details.stderr as string | undefined;
  }
}

/** The process died, or HTTP or a socket failed. */
export class MCPTransportError extends MCPConnectionError {
  protected static override readonly brand: string = 'MCPTransportError';
  protected static override readonly defaultCode: string = 'MCP_TRANSPORT_FAILED';

  /** The process id of a server that died. */
  get pid(): number | undefined {
    return this.details.pid as number | undefined;
  }

  /** The exit code of a server that died; null when a signal ended it. */
  get exitCode(): number | null | undefined {
    return this.details.exitCode as number | null | undefined;
  }

  /** The signal that ended a server, such as `SIGKILL`; null when it exited. */
  get signal(): string | null | undefined {
    return this.details.signal as string | null | undefined;
  }

  /** The last that the server wrote to standard error. */
  get stderr(): string | undefined {
    return this.details.stderr as string | undefined;
  }

  /** The URL of an HTTP request that failed, without credentials. */
  get url(): string | undefined {
    return this.details.url as string | undefined;
  }

  /** The HTTP status. */
  get status(): number | undefined {
    return this.details.status as number | undefined;
  }

  /** Milliseconds after which the server wants to be asked again. */
  get retryAfter(): number | undefined {
    return this.details.retryAfter as number | undefined;
  }
}

/**
 * A malformed message, an unsupported version, an error reply, or a result that does not fit its schema. With the code
 * `MCP_INVALID_RESULT` the result is in `details.result`, for the program: `toString()` and `explain()` leave it out.
 */
export class MCPProtocolError extends MCPError {
  protected static override readonly brand: string = 'MCPProtocolError';
  protected static override readonly defaultCode: string = 'MCP_INVALID_MESSAGE';
}

/** The server does not have the capability: `details.required`, and what it has in `details.supported`. */
export class MCPCapabilityError extends MCPProtocolError {
  protected static override readonly brand: string = 'MCPCapabilityError';
  protected static override readonly defaultCode: string = 'MCP_CAPABILITY_MISSING';
}

/** 401, 403, or trouble with tokens or scopes; `details.requiredScope` when the server named one. */
export class MCPAuthenticationError extends MCPError {
  protected static override readonly brand: string = 'MCPAuthenticationError';
  protected static override readonly defaultCode: string = 'MCP_AUTHENTICATION_REQUIRED';
}

/**
 * A tool call failed: the server refused it (unknown tool, bad arguments: `errorCode` is set), or the tool answered with
 * `isError: true` (then `result` is the whole answer).
 */
export class MCPToolError extends MCPError {
  protected static override readonly brand: string = 'MCPToolError';
  protected static override readonly defaultCode: string = 'MCP_TOOL_ERROR';

  /** The answer of the tool, when it gave one. */
  get result(): CallToolResult | undefined {
    return this.details.result as CallToolResult | undefined;
  }

  /** The name of the tool. */
  get tool(): string | undefined {
    return this.details.tool as string | undefined;
  }

  /** Like that of every other error, without the answer of the tool: it is for the model and may be long or private. */
  override toString(): string {
    const number = this.errorCode === undefined ? '' : ` ${this.errorCode}`;
    return `${this.name} [${this.code}${number}]: ${this.message}`;
  }
}

const CLASSES: Readonly<Record<FailureKind, new (message: string, options: MCPErrorOptions) => MCPError>> = {
  connection: MCPConnectionError,
  timeout: MCPTimeoutError,
  transport: MCPTransportError,
  protocol: MCPProtocolError,
  capability: MCPCapabilityError,
  authentication: MCPAuthenticationError,
  tool: MCPToolError,
};

/**
 * The error that a failure becomes when it leaves the library, with what had happened to the connection by then. Call it where the
 * caller's stack is still the caller's.
 */
export function toError(failure: Failure, story?: Story): MCPError {
  const error = errorOf(failure, story && circumstancesOf(story));
  if (story !== undefined) STORIES.set(error, story);
  return error;
}

function errorOf(failure: Failure, about?: Circumstances): MCPError {
  const { kind, message, cause, shownData, ...options } = failure;
  const parts = { ...options, cause: isFailure(cause) ? causeOf(cause, failure) : cause };
  // Node prints the line where an uncaught error was made, unless that line has these words.
  const error = new CLASSES[kind](message, parts); // node-do-not-add-exception-line
  if (shownData !== undefined) define(error, 'details', withDataUnprinted(failure.details ?? {}, shownData), true);
  if (about !== undefined) giveHint(error, about);
  return error;
}

/** An error that is printed below its effect: what that prints already is not printed again. */
function causeOf(failure: Failure, effect: Failure): MCPError {
  const error = errorOf(failure);
  const { name, message, details, hint } = error;
  // The hint is that of the innermost cause, and the stack is the same.
  define(error, 'hint', hint, false);
  error.stack = effect.message.includes(message) ? name : `${name}: ${message}`;
  const { stderr } = details;
  const repeats =
    typeof stderr === 'string' && withoutNumbers(stderr) === withoutNumbers(String(effect.details?.stderr));
  if (repeats) define(error, 'details', details, false);
  return error;
}

/** Throws an error from where Node does not print a line of this library with it: see {@link errorOf}. */
export function raise(message: string, options: MCPErrorOptions): never {
  const error = new MCPError(safeMessage(message), options); // node-do-not-add-exception-line
  throw error; // node-do-not-add-exception-line
}
