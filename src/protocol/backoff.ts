/** How long to wait between attempts. */
export interface BackoffPolicy {
  /** Milliseconds before the second attempt, before jitter. */
  readonly delay: number;
  /** The most milliseconds any wait takes. */
  readonly maxDelay: number;
}

/**
 * Milliseconds to wait after `failures` failed attempts in a row: exponential, capped, with full jitter, so that many clients of one
 * server do not come back in step. `random` is in [0, 1).
 */
export function backoffDelay(policy: BackoffPolicy, failures: number, random: number): number {
  const exponent = Math.min(Math.max(failures - 1, 0), 30);
  return Math.round(Math.min(policy.delay * 2 ** exponent, policy.maxDelay) * random);
}
