import { failure, isFailure, withDelivery } from '../../util/failure.js';
import type { Delivery, Failure } from '../../util/failure.js';
import type { RequestRecord } from './request-record.js';

/** The failure of a request that was sent. */
export function failureOf(record: RequestRecord, why: Failure): Failure {
  if (why.delivery === undefined) return withDelivery(why, 'unknown');
  if (why.delivery !== 'not-sent') return why;
  // The last attempt did not run, but an earlier one may have run.
  return withDelivery(why, record.attempts > 1 ? 'unknown' : unsent(record));
}

/**
 * The failure of a request that the client rejects while it is not in flight, because there will be no session. A request that was sent before
 * gets the cause for which it was to be sent again, unless that is the time-out of connecting.
 */
export function failureOfRejected(record: RequestRecord, why: Failure): Failure {
  if (record.attempts === 0) return withDelivery(why, unsent(record));
  const { cause } = why;
  return withDelivery(isFailure(cause) && cause.kind !== 'timeout' ? cause : why, 'unknown');
}

/** The delivery of a request that was not sent in this round: in an earlier round the server has responded that it needs input. */
function unsent({ rounds }: RequestRecord): Delivery {
  return rounds === 0 ? 'not-sent' : 'answered';
}

/** The failure of a request that timed out: because of `timeout` or `maxTotalTimeout`, whichever ended first. */
export function timedOut(record: RequestRecord): Failure {
  const { spec } = record;
  const total = record.holds > 0 || spec.totalDeadline <= record.idleDeadline;
  const timeout = total ? spec.maxTotalTimeout : spec.timeout;
  const [phase, what] = phaseOf(record);
  const message = `${spec.method} ${what} within ${String(timeout)} ms${total ? ' (maxTotalTimeout)' : ''}`;
  return failure('timeout', 'MCP_TIMEOUT', message, {
    delivery: record.attempts === 0 ? unsent(record) : 'unknown',
    details: { operation: spec.method, timeout, phase },
  });
}

function phaseOf({ place, asking }: RequestRecord): [phase: string, what: string] {
  if (asking !== undefined) return ['asking', 'did not get the input that the server needs'];
  return place === -1 ? ['waiting', 'got no answer'] : ['queued', 'was not sent'];
}
