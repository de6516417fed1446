import { explainFailure } from './protocol/explain.js';
import { isFailure } from './protocol/failure.js';
import type { Delivery, Failure, FailureKind } from './protocol/failure.js';
import type { CallToolResult } from './protocol/schema/index.js';
import type { Story } from './protocol/story.js';

/** What an {@link MCPError} may carry besides its message. */
export interface MCPErrorOptions {
  /** A stable string such as `MCP_TIMEOUT`. Each class has a default. */
  readonly code?: string | undefined;
  /** The JSON-RPC error code or HTTP status, when there is one. */
  readonly errorCode?: number | undefined;
  /** Plain data for programs. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** What is known about the fate of the request that failed. */
  readonly delivery?: Delivery | undefined;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/** Shared by every copy of this package in a process, so that {@link MCPError.isInstance} works across copies. */
const LINEAGE = Symbol.for('mcp-actors.error.lineage');

/** What errors tell besides what is in them. Kept apart, so that whoever prints an error does not print all of it. */
const STORIES = new WeakMap<MCPError, Story>();

/** The base of every error that this library throws. */
export class MCPError extends Error {
  /** Which class this is, also after a bundler renamed it. */
  protected static readonly brand: string = 'MCPError';
  /** The `code` of those that are given none. */
  protected static readonly defaultCode: string = 'MCP_ERROR';

  /** A stable string that programs may compare, such as `MCP_TIMEOUT`. */
  readonly code: string;
  /** The JSON-RPC error code or HTTP status, when there is one. */
  readonly errorCode: number | undefined;
  /** Plain data; which fields it has depends on `code`. */
  readonly details: Readonly<Record<string, unknown>>;
  /** `'not-sent'`: it never ran, safe to repeat. `'unknown'`: sent, no answer, may have run. `'answered'`: the server answered. */
  readonly delivery: Delivery | undefined;

  constructor(message: string, options: MCPErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const { brand, defaultCode } = new.target;
    this.name = brand;
    this.code = options.code ?? defaultCode;
    this.errorCode = options.errorCode;
    this.details = options.details ?? {};
    this.delivery = options.delivery;
    Object.defineProperty(this, LINEAGE, { value: lineageOf(new.target) });
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

  /** The class, the message, the code and the details in one line. */
  override toString(): string {
    const details = Object.keys(this.details).length === 0 ? '' : ` ${describe(this.details)}`;
    const number = this.errorCode === undefined ? '' : ` ${this.errorCode}`;
    return `${this.name} [${this.code}${number}]: ${this.message}${details}`;
  }
}

function describe(details: object): string {
  try {
    return JSON.stringify(details);
  } catch {
    // A cycle or a bigint, from a server in this process or from whoever made the error.
    return '{…}';
  }
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

/** A malformed message, an unsupported version, an error reply, or a result that does not fit its schema. */
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
  const { kind, message, cause, ...options } = failure;
  const error = new CLASSES[kind](message, { ...options, cause: isFailure(cause) ? toError(cause) : cause });
  if (story !== undefined) STORIES.set(error, story);
  return error;
}
