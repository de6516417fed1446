import { describeAge } from '../util/age.js';
import type { HealthCheck } from './health-score.js';

/** The facts about the health of a connection. */
export interface HealthFindings {
  /** The last checks, newest last. */
  readonly checks: readonly HealthCheck[];
  /** The number of requests in flight. */
  readonly inFlight: number;
  /** Time since the last message of the server while requests are in flight, in ms; undefined without requests in flight. */
  readonly silence: number | undefined;
}

/** A check that took longer is slow. In ms. */
const SLOW = 2_000;
/** A longer silence with requests in flight is reported. In ms. */
const SILENT = 5_000;

/**
 * Lists the reasons why a connection may be unhealthy, as text; empty for a healthy one. Slowness is only a reason and never changes the state,
 * because a slow server is not a dead one.
 */
export function healthReasons({ checks, inFlight, silence }: HealthFindings): string[] {
  const reasons: string[] = [];
  const of = `of ${checks.length} ${checks.length === 1 ? 'check' : 'checks'}`;
  const missed = checks.filter(({ ok }) => !ok).length;
  if (missed > 0) reasons.push(`${missed} ${of} missed`);
  const slow = checks.filter(({ ok, latency }) => ok && latency !== undefined && latency > SLOW).length;
  if (slow > 0) reasons.push(`${slow} ${of} over ${describeAge(SLOW)}`);
  if (silence !== undefined && silence > SILENT) {
    const requests = inFlight === 1 ? '1 request' : `${inFlight} requests`;
    reasons.push(`no response for ${describeAge(silence)} with ${requests} in flight`);
  }
  return reasons;
}
