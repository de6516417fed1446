/** The result of one health check. */
export interface HealthCheck {
  readonly ok: boolean;
  /** Time until the response to the probe, in ms; undefined without a probe or response. */
  readonly latency?: number | undefined;
}

/** How many checks the score includes. */
const CHECKS_KEPT = 10;

/** Adds a check and returns the last {@link CHECKS_KEPT} checks, newest last. */
export function withCheck(checks: readonly HealthCheck[], check: HealthCheck): readonly HealthCheck[] {
  return [...checks, check].slice(-CHECKS_KEPT);
}

/** The weighted share of passed checks, from 0 to 1. Each check weighs half of the next newer one. 1 before the first check. */
export function healthScore(checks: readonly HealthCheck[]): number {
  let score = 0;
  let total = 0;
  let weight = 1;
  for (const check of [...checks].reverse()) {
    if (check.ok) score += weight;
    total += weight;
    weight /= 2;
  }
  return total === 0 ? 1 : score / total;
}
