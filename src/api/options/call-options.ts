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

export type { Progress };

/** Options of a single request. */
export interface RequestOptions {
  /**
   * Milliseconds until it is given up, queueing included; progress restarts it. Servers are asked to report progress by every `tools/call`, and
   * by any other request that has `onProgress`. It stands still while this side is asked something that the server has to know. Default: the
   * client's `timeout`.
   */
  readonly timeout?: number | undefined;
  /** Milliseconds until it is given up whatever happens. Default: the client's `maxTotalTimeout`. */
  readonly maxTotalTimeout?: number | undefined;
  /** Gives it up when aborted; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Hears what the server reports about it, at most 100 times in a second and then how it stands at the end of the second.
   * 2026-07-28 basic/patterns/progress.
   */
  readonly onProgress?: ((progress: Progress) => unknown) | undefined;
  /** What may happen when its answer was lost. Default: the client's `retry`. */
  readonly retry?: RetryPolicy | undefined;
}

/** Options of one of the requests that a call makes. */
export interface SubmitOptions extends RequestOptions {
  /** The time from which `timeout` counts. Default: now. */
  readonly since?: number | undefined;
  /** The time at which the whole call is given up. Default: `maxTotalTimeout` from now. */
  readonly totalDeadline?: number;
  /** The result is returned whatever its shape. Default false. */
  readonly unchecked?: boolean;
  /** Requests that ask for the same thing and have one of these numbers in common share a response. Default: none. */
  readonly sharing?: readonly number[] | undefined;
}

/** Options of what is more than a request, such as connecting. */
export type ConnectOptions = Pick<RequestOptions, 'timeout' | 'signal'>;

/** Options of a list. */
export interface ListOptions extends RequestOptions {
  /**
   * Whether a list that is still fresh may be handed out again. Default true. Calls for one list at the same time share its requests, each with
   * its own `timeout` and `signal`. With `false` a call shares only requests that are made in the same tick: one that was sent before may bring
   * a list that is older than the call. A call with `onProgress` shares none.
   */
  readonly useCache?: boolean | undefined;
}

/** Options of a tool call. */
export interface CallToolOptions extends RequestOptions {
  /** Default: the client's `onToolError`. */
  readonly onToolError?: ToolErrorPolicy | undefined;
  /** Default: the client's `validate`. */
  readonly validate?: ValidationPolicy | undefined;
}

/** A call of a tool as the official client takes it: the parameters of `tools/call`. */
export interface CallToolParams {
  readonly name: string;
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
  /** Goes along, but for the keys that the protocol needs for itself. 2026-07-28 basic/index, "_meta". */
  readonly _meta?: Readonly<Record<string, unknown>> | undefined;
}

/** What reads a result, such as a schema of zod. */
export interface ResultSchema<Result> {
  parse(result: unknown): Result;
}

/** How the value of an option is checked, and what it has to be, in words. */
interface OptionCheck {
  readonly good: (value: unknown) => boolean;
  readonly expected: string;
}

const CHECKS: Readonly<Record<keyof ListOptions | keyof CallToolOptions, OptionCheck>> = {
  timeout: { good: isDuration, expected: A_DURATION },
  maxTotalTimeout: { good: isDuration, expected: A_DURATION },
  signal: { good: isSignal, expected: 'an AbortSignal' },
  onProgress: { good: (value) => typeof value === 'function', expected: 'a function' },
  retry: oneOf<RetryPolicy>('auto', 'safe', 'never'),
  useCache: { good: (value) => typeof value === 'boolean', expected: 'a boolean' },
  onToolError: oneOf<ToolErrorPolicy>('throw', 'return'),
  validate: oneOf<ValidationPolicy>('strict', 'warn', 'off'),
};

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

/** What {@link ConnectOptions} may have. */
export const CONNECT_OPTIONS = checksOf('timeout', 'signal');
/** What a health check may be told. */
export const HEALTH_OPTIONS = checksOf('timeout');
/** What {@link RequestOptions} may have. */
export const REQUEST_OPTIONS = checksOf(...REQUEST_NAMES);
/** What {@link ListOptions} may have. */
export const LIST_OPTIONS = checksOf(...REQUEST_NAMES, 'useCache');
/** What {@link CallToolOptions} may have. */
export const CALL_TOOL_OPTIONS = checksOf(...REQUEST_NAMES, 'onToolError', 'validate');

/**
 * Refuses options of a call that nothing reads, and values that cannot be used. Each call does this: it allocates nothing.
 * @param call the method that takes them, for the message
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

/** What an object inherits may be anything, but for a signal, which is often given in place of options. */
function refuseUnknown(call: string, options: object, name: string, checks: OptionChecks): void {
  if (Object.hasOwn(options, name) && isMistake(options, name, checks.keys()))
    throw unknownOption(call, name, checks.keys());
  if (isSignal(options)) throw unusableOption('options', 'an object such as { signal }', 'an AbortSignal');
}
