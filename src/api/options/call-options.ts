import type { SignInOptions } from '../operations/authorization-status.js';
import { isScope } from '../../protocol/challenge.js';
import type { Progress } from '../../protocol/progress.js';
import {
  A_DURATION,
  invalidOption,
  isDuration,
  isMistake,
  oneOfThese,
  unknownOption,
  unusableOption,
} from '../../option-checks.js';
import type { RetryPolicy, ToolErrorPolicy, ValidationPolicy } from './options.js';
import { isOutputSchema } from './standard-schema.js';
import type { OutputSchema } from './standard-schema.js';

export type { Progress };

/** Options of a single request. */
export interface RequestOptions {
  /**
   * Timeout in ms, with the time in the queue. Progress restarts it: each `tools/call`, and any other request with `onProgress`, requests
   * progress notifications. It is paused while a handler of a server request runs that the call may wait for. Default: the client's
   * `timeout`.
   */
  readonly timeout?: number | undefined;
  /** Absolute timeout in ms, which nothing restarts or pauses. Default: the client's `maxTotalTimeout`. */
  readonly maxTotalTimeout?: number | undefined;
  /** Cancels the request when it is aborted. The promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Receives the progress of the request: at most 100 times in a second, then once more at the end of the second with the last progress.
   * 2026-07-28 basic/patterns/progress.
   */
  readonly onProgress?: ((progress: Progress) => unknown) | undefined;
  /** Whether the request may be sent again if its response was lost. Default: the client's `retry`. */
  readonly retry?: RetryPolicy | undefined;
}

/**
 * The key of the start of `timeout`, in ms of the environment, for calls that have waited elsewhere before. A symbol, so that it is no option of
 * users, and no check refuses it.
 */
export const SINCE = Symbol('since');

/** Options of a request of a call. */
export interface SubmitOptions extends RequestOptions {
  readonly [SINCE]?: number;
  /** The start of `timeout`. Default: now. */
  readonly since?: number | undefined;
  /** The absolute deadline of the whole call. Default: now plus `maxTotalTimeout`. */
  readonly totalDeadline?: number;
  /** Whether the result is returned without validation. Default false. */
  readonly unchecked?: boolean;
  /** Equal requests with one of these numbers in common share a response. Default: none. */
  readonly sharing?: readonly number[] | undefined;
}

/** Options of `connect()`. */
export type ConnectOptions = Pick<RequestOptions, 'timeout' | 'signal'>;

/** Options of a listing. */
export interface ListOptions extends RequestOptions {
  /**
   * Whether a fresh cached list may be returned. Default true. Concurrent calls for one list share its requests, each with its own
   * `timeout` and `signal`. With `false` a call shares only requests of the same tick, because the response to an earlier one may be older
   * than the call. A call with `onProgress` shares none.
   */
  readonly useCache?: boolean | undefined;
}

/** Options of {@link Skills.read}. */
export interface ReadSkillOptions extends RequestOptions {
  /**
   * Whether a skill may be read whose content the server generates (`resources: 'dynamic'`). Its files have no digests, so they are not
   * verified; only the front matter is compared. Default false. SEP-2640, "Resources".
   */
  readonly allowDynamic?: boolean | undefined;
}

/** Options of a tool call. */
export interface CallToolOptions extends RequestOptions {
  /** Default: the client's `onToolError`. */
  readonly onToolError?: ToolErrorPolicy | undefined;
  /** Default: the client's `validate`. */
  readonly validate?: ValidationPolicy | undefined;
}

/**
 * Options of a tool call with a schema for its structured output, in place of the output schema of the tool. A tool that reports an error has no
 * structured output, so the client's `onToolError` does not apply: the call rejects, unless its own `onToolError` is `'return'`.
 */
export interface TypedCallOptions<Output> extends CallToolOptions {
  /**
   * Validates the structured content of the result. The result contains the value that the schema returns, with its defaults and transformations.
   * If the result has no `structuredContent`, the JSON of its only text is used. An asynchronous schema has the `timeout` of the call once more.
   */
  readonly schema: OutputSchema<Output>;
}

/** The parameters of `tools/call`, as the official client takes them. */
export interface CallToolParams {
  readonly name: string;
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
  /** Metadata for the server. Keys that the protocol reserves are not sent. 2026-07-28 basic/index, "_meta". */
  readonly _meta?: Readonly<Record<string, unknown>> | undefined;
}

/** A parser of results, such as a schema of zod. */
export interface ResultSchema<Result> {
  parse(result: unknown): Result;
}

/** The check of an option, and its description for the error. */
interface OptionCheck {
  readonly good: (value: unknown) => boolean;
  readonly expected: string;
}

type CallOptions = ListOptions & TypedCallOptions<unknown> & ReadSkillOptions & SignInOptions;

const CHECKS: Readonly<Record<keyof CallOptions, OptionCheck>> = {
  timeout: { good: isDuration, expected: A_DURATION },
  maxTotalTimeout: { good: isDuration, expected: A_DURATION },
  signal: { good: isSignal, expected: 'an AbortSignal' },
  onProgress: { good: (value) => typeof value === 'function', expected: 'a function' },
  retry: oneOf<RetryPolicy>('auto', 'safe', 'never'),
  useCache: { good: (value) => typeof value === 'boolean', expected: 'a boolean' },
  allowDynamic: { good: (value) => typeof value === 'boolean', expected: 'a boolean' },
  onToolError: oneOf<ToolErrorPolicy>('throw', 'return'),
  validate: oneOf<ValidationPolicy>('strict', 'warn', 'off'),
  schema: { good: isOutputSchema, expected: 'a schema with the interface Standard Schema' },
  scopes: { good: isScopes, expected: 'an array of scopes' },
};

function isScopes(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' && isScope(one));
}

function oneOf<Value extends string>(...allowed: Value[]): OptionCheck {
  return { good: (value) => (allowed as unknown[]).includes(value), expected: oneOfThese(allowed) };
}

/** An `AbortSignal`, perhaps of another realm. */
function isSignal(value: unknown): boolean {
  const { aborted, addEventListener } = (value ?? {}) as { aborted?: unknown; addEventListener?: unknown };
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
}

type OptionChecks = ReadonlyMap<string, OptionCheck>;

function checksOf(...names: (keyof typeof CHECKS)[]): OptionChecks {
  return new Map(names.map((name) => [name, CHECKS[name]]));
}

const REQUEST_NAMES = ['timeout', 'maxTotalTimeout', 'signal', 'onProgress', 'retry'] as const;

/** The checks of {@link ConnectOptions}. */
export const CONNECT_OPTIONS = checksOf('timeout', 'signal');
/** The checks of the options of `healthCheck()`. */
export const HEALTH_OPTIONS = checksOf('timeout');
/** The checks of {@link SignInOptions}. */
export const SIGN_IN_OPTIONS = checksOf('scopes', 'signal');
/** The checks of {@link RequestOptions}. */
export const REQUEST_OPTIONS = checksOf(...REQUEST_NAMES);
/** The checks of {@link ListOptions}. */
export const LIST_OPTIONS = checksOf(...REQUEST_NAMES, 'useCache');
/** The checks of {@link ReadSkillOptions}. */
export const READ_SKILL_OPTIONS = checksOf(...REQUEST_NAMES, 'allowDynamic');
/** The checks of {@link CallToolOptions} and {@link TypedCallOptions}. */
export const CALL_TOOL_OPTIONS = checksOf(...REQUEST_NAMES, 'onToolError', 'validate', 'schema');

/**
 * Throws for unknown options of a call and invalid values. It runs in each call, so it allocates nothing.
 * @param call the name of the method, for the message
 * @throws MCPError with code `MCP_INVALID_PARAMS`
 */
export function checkCallOptions(call: string, options: object | undefined, checks: OptionChecks): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || (options as object | null) === null)
    throw invalidOption('options', 'an object', options);
  for (const name in options) {
    const check = checks.get(name);
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value === undefined) continue;
    if (check === undefined) refuseUnknown(call, options, name, checks);
    else if (!check.good(value)) throw invalidOption(name, check.expected, value);
  }
}

/**
 * Throws for an unknown own property, and for a signal in place of options, which is a frequent mistake. Inherited properties are ignored.
 */
function refuseUnknown(call: string, options: object, name: string, checks: OptionChecks): void {
  if (Object.hasOwn(options, name) && isMistake(options, name, checks.keys()))
    throw unknownOption(call, name, checks.keys());
  if (isSignal(options)) throw unusableOption('options', 'an object such as { signal }', 'an AbortSignal');
}
