import type { RequestOptions, ResultSchema } from '../../api/options/call-options.js';
import { invalidOption } from '../../option-checks.js';
import { isObject } from '../../protocol/checks/problem.js';
import type { Progress } from '../../protocol/progress.js';

/** The options of a request, as the official client takes them. */
export interface SdkRequestOptions {
  /** Receives the progress of the request. */
  readonly onprogress?: ((progress: Progress) => void) | undefined;
  /** Cancels the request when it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Timeout in ms. Default: the timeout of the client; then progress restarts it. */
  readonly timeout?: number | undefined;
  /** Whether progress restarts `timeout`. Default false. */
  readonly resetTimeoutOnProgress?: boolean | undefined;
  /** Absolute timeout in ms. Default: that of the client. */
  readonly maxTotalTimeout?: number | undefined;
}

/** The options of our client. Options of the official client for its transports and experimental tasks are refused or have no effect. */
export function requestOptionsOf(options: SdkRequestOptions = {}): RequestOptions {
  if (!isObject(options)) throw invalidOption('options', 'an object', options);
  const { task } = options as { readonly task?: unknown };
  if (task !== undefined) throw invalidOption('task', 'undefined, because this client has no tasks', task);
  const { onprogress, signal, timeout, resetTimeoutOnProgress, maxTotalTimeout } = options as SdkRequestOptions;
  const isAbsolute = timeout !== undefined && resetTimeoutOnProgress !== true;
  return {
    onProgress: onprogress,
    signal,
    timeout,
    maxTotalTimeout: isAbsolute ? Math.min(timeout, maxTotalTimeout ?? Infinity) : maxTotalTimeout,
  };
}

/** The schema and the options of a call: version 1 of the official client takes both, in this order, version 2 the options alone. */
export function schemaAndOptions<Result>(
  second: ResultSchema<Result> | SdkRequestOptions | undefined,
  third: SdkRequestOptions | undefined,
): { readonly schema: ResultSchema<Result> | undefined; readonly options: RequestOptions } {
  if (isParser<Result>(second)) return { schema: second, options: requestOptionsOf(third) };
  return { schema: undefined, options: requestOptionsOf(third ?? second) };
}

function isParser<Result>(value: unknown): value is ResultSchema<Result> {
  return isObject(value) && typeof value.parse === 'function';
}
