import type { Failure } from './failure.js';

/** The delays between attempts. */
export interface BackoffPolicy {
  /** Delay before the second attempt, without jitter, in ms. */
  readonly delay: number;
  /** The longest delay, in ms. */
  readonly maxDelay: number;
}

/** Waits before a request is sent again, or a round of an unfinished request is made, where the server or the caller set none. */
export const REQUEST_BACKOFF: BackoffPolicy = { delay: 500, maxDelay: 10_000 };

/** Waits before a stream of notifications that ended is opened again. */
export const STREAM_BACKOFF: BackoffPolicy = { delay: 1_000, maxDelay: 60_000 };

/** Waits before the response stream of a request is resumed. */
export const RESUMPTION_BACKOFF: BackoffPolicy = { delay: 1_000, maxDelay: 30_000 };

/** Milliseconds after which a connection or a stream counts as stable, so that its earlier endings are forgotten. */
export const STABLE_AFTER = 10_000;

/** HTTP statuses of a server, or of a proxy before it, that cannot answer at the moment. RFC 9110, RFC 6585. */
const TEMPORARY_STATUSES: ReadonlySet<unknown> = new Set([429, 502, 503, 504]);

/** Whether a request that was refused with this HTTP status may succeed later. */
export function isTemporaryStatus(status: unknown): boolean {
  return TEMPORARY_STATUSES.has(status);
}

/** Whether a stream that was refused with this HTTP status may be opened later. Opening a stream runs nothing, so every error of a server counts. */
export function mayReopen(status: number): boolean {
  return status >= 500 || status === 429;
}

/**
 * The delay after `failures` failed attempts in a row, in ms: exponential, capped, with full jitter, so that many clients do not reconnect at
 * the same time. `random` is in [0, 1).
 */
export function backoffDelay(policy: BackoffPolicy, failures: number, random: number): number {
  const exponent = Math.min(Math.max(failures - 1, 0), 30);
  return Math.round(Math.min(policy.delay * 2 ** exponent, policy.maxDelay) * random);
}

/** The longest `Retry-After` that is obeyed, in ms. Otherwise a server that sends days would never be tried again. */
export const LONGEST_RETRY_AFTER = 300_000;

/**
 * The `Retry-After` of a refusal in ms, at most {@link LONGEST_RETRY_AFTER}; undefined if the server sent none.
 */
export function askedDelay(refusal: Failure | undefined): number | undefined {
  const asked = refusal?.details?.retryAfter;
  return typeof asked === 'number' ? Math.min(asked, LONGEST_RETRY_AFTER) : undefined;
}

/** {@link backoffDelay}, or the `Retry-After` of the server if that is longer. */
export function retryDelay(policy: BackoffPolicy, failures: number, random: number, asked: number | undefined): number {
  return Math.max(backoffDelay(policy, failures, random), asked ?? 0);
}

/** The shortest delay before a stream is opened again, in ms. Without it `retry: 0` would make a busy loop. */
const SHORTEST_PAUSE = 100;

/** The longest delay that Node accepts, in ms. It fires at once for longer ones. */
const LONGEST_PAUSE = 2 ** 31 - 1;

/**
 * The delay until a stream that ended is opened again, in ms: the `retry` of the server, but at least {@link backoffDelay} after repeated
 * failures. 2025-11-25 basic/transports, "Resumability and Redelivery".
 */
export function reopeningDelay(
  policy: BackoffPolicy,
  failures: number,
  random: number,
  wished: number | undefined,
): number {
  const backoff = backoffDelay(policy, failures, random);
  const delay = wished === undefined || failures > 1 ? Math.max(backoff, wished ?? 0) : wished;
  return Math.min(Math.max(delay, SHORTEST_PAUSE), LONGEST_PAUSE);
}
