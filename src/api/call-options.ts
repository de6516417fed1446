import type { Progress } from '../protocol/progress.js';
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
