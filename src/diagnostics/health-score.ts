/** What one check of a connection found. */
export interface HealthCheck {
  readonly ok: boolean;
  /** Milliseconds until the answer, when one came and was asked for. */
  readonly latency?: number | undefined;
}

/** How many checks count. */
export const CHECKS_KEPT = 10;

/** The checks that count after one more. The newest is last. */
export function withCheck(checks: readonly HealthCheck[], check: HealthCheck): readonly HealthCheck[] {
  return [...checks, check].slice(-CHECKS_KEPT);
}

/** The share of good checks, each weighing half of the next newer one; 1 before the first check. */
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
