import { failure, isFailure, withDelivery } from '../protocol/failure.js';
import type { Failure } from '../protocol/failure.js';
import type { RequestNews } from './request.js';
import type { RequestRecord } from './request-record.js';

/**
 * The failure that ends a request. One that was sent before, and waited to be sent again when the connection ended, fails with what
 * had happened to it, not with what happened to those that were never sent; but that connecting ran out of time is not its time-out.
 */
export function fateOf(record: RequestRecord, event: RequestNews): Failure {
  const why = event.failure as Failure;
  if (event.type !== 'refuse') {
    // Of the last attempt it may be known that it did not run. An earlier one may have.
    const unclear = why.delivery === undefined || (why.delivery === 'not-sent' && record.attempts > 1);
    return unclear ? withDelivery(why, 'unknown') : why;
  }
  if (record.attempts === 0) return withDelivery(why, 'not-sent');
  const { cause } = why;
  return withDelivery(isFailure(cause) && cause.kind !== 'timeout' ? cause : why, 'unknown');
}

/** The failure of a request whose time is over: the one that ended first counts, its wait or the whole call. */
export function timedOut(record: RequestRecord): Failure {
  const { spec } = record;
  const queued = record.place !== -1;
  const total = spec.totalDeadline <= record.idleDeadline;
  const timeout = total ? spec.maxTotalTimeout : spec.timeout;
  const phase = queued ? 'queued' : 'waiting';
  const what = queued ? 'was not sent' : 'got no answer';
  const message = `${spec.method} ${what} within ${String(timeout)} ms${total ? ' (maxTotalTimeout)' : ''}`;
  return failure('timeout', 'MCP_TIMEOUT', message, {
    delivery: record.attempts === 0 ? 'not-sent' : 'unknown',
    details: { operation: spec.method, timeout, phase },
  });
}
