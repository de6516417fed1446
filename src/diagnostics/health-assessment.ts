import { describeAge } from '../util/age.js';
import type { HealthCheck } from './health-score.js';

/** What is known about the health of a connection. */
export interface HealthFindings {
  /** The checks that count, the newest last. */
  readonly checks: readonly HealthCheck[];
  /** Requests that the server may be at work on. */
  readonly inFlight: number;
  /** Milliseconds for which the server has left them without any answer; undefined without such requests. */
  readonly silence: number | undefined;
}

/** A check that took longer than this many milliseconds is called slow. */
const SLOW = 2_000;
/** Silence of this many milliseconds with requests in flight is worth a word. */
const SILENT = 5_000;

/**
 * What speaks against the health of a connection, in words for a person; empty when nothing does. Slowness is a reason and no more: a
 * slow server is no dead one, so it never changes the state.
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
    reasons.push(`no answer for ${describeAge(silence)} with ${requests} in flight`);
  }
  return reasons;
}
