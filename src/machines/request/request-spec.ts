import type { Params } from '../../protocol/messages/json-rpc.js';
import { methodEntry } from '../../protocol/methods.js';
import type { MethodEntry } from '../../protocol/methods.js';
import type { Progress } from '../../protocol/progress.js';

/** Everything that the caller of a request says about it. {@link requestSpec} makes one. */
export interface RequestSpec {
  readonly method: string;
  /** Default none. */
  readonly params: Params | undefined;
  /** Default: the entry of the method. */
  readonly entry: MethodEntry;
  /** Milliseconds until the request times out, including the time in the queue. Default Infinity: never. */
  readonly timeout: number;
  /** The time from which `timeout` counts at first. Default: the time at which the request is submitted. */
  readonly since: number | undefined;
  /** The time at which the request times out, also with progress. Default Infinity: never. */
  readonly totalDeadline: number;
  /** The milliseconds that led to `totalDeadline`, for messages. */
  readonly maxTotalTimeout: number | undefined;
  /** Whether the request may be sent again when its response was lost. Default false. */
  readonly repeatable: boolean;
  /** Whether the request is sent at once, also before there is a session. Only the connection itself does that. Default false. */
  readonly direct: boolean;
  /** Whether no cancellation is sent when the request is aborted or times out: cancelling `initialize` is forbidden. Default false. */
  readonly quiet: boolean;
  /** Whether the request fails at once instead of waiting for a link. Default false. */
  readonly failFast: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => unknown) | undefined;
  /** Receives the notifications of the stream that this request opened, and returns whether they belong to its filter. Must not throw. */
  readonly onNotice: ((method: string, params: Params | undefined) => boolean) | undefined;
  /** Extra headers, on transports that have headers. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  /**
   * Requests with the same method, parameters and number may share one response: this one takes that of a request with its first number, and
   * others may take that of this one by any of its numbers.
   */
  readonly sharing: readonly number[] | undefined;
}

/** A spec whose maker still fills it in. */
type Draft = { -readonly [Field in keyof RequestSpec]: RequestSpec[Field] };

/**
 * Makes the spec of a request from the fields that differ from their defaults. All specs have the same fields in the same order, which keeps
 * the code that reads them fast. Where each call makes one, set the fields of the returned object instead of passing `differing`.
 */
export function requestSpec(
  method: string,
  params: Params | undefined,
  differing?: Partial<RequestSpec>,
  entry: MethodEntry = methodEntry(method),
): Draft {
  const spec: Draft = {
    method,
    params,
    entry,
    timeout: Infinity,
    since: undefined,
    totalDeadline: Infinity,
    maxTotalTimeout: undefined,
    repeatable: false,
    direct: false,
    quiet: false,
    failFast: false,
    signal: undefined,
    onProgress: undefined,
    onNotice: undefined,
    headers: undefined,
    sharing: undefined,
  };
  return differing === undefined ? spec : Object.assign(spec, differing);
}

/** Makes the spec of a request of the connection itself: the link that is open has to carry it, and no cancellation is sent for it. */
export function ownRequest(method: string, params: Params | undefined, differing?: Partial<RequestSpec>): RequestSpec {
  return requestSpec(method, params, { direct: true, quiet: true, failFast: true, ...differing });
}

/** Whether the progress token of a request is its id. Without a listener, a token that the caller put into `_meta` is left as it is. */
export function carriesProgressToken({ entry, onProgress, params }: RequestSpec): boolean {
  if (onProgress !== undefined) return true;
  const own = params?._meta;
  return entry.reportsProgress === true && !(typeof own === 'object' && own !== null && 'progressToken' in own);
}
