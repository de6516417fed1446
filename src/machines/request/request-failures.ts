import { failure, isFailure, withDelivery } from '../../util/failure.js';
import type { Delivery, Failure } from '../../util/failure.js';
import type { RequestEventData } from './request-machine.js';
import type { RequestRecord } from './request-record.js';

/**
 * The failure that ends a request. One that was sent before, and waited to be sent again when the connection ended, fails with what
 * had happened to it, not with what happened to those that were never sent; but that connecting ran out of time is not its time-out.
 */
export function failureOfEnd(record: RequestRecord, event: RequestEventData): Failure {
  const why = event.failure as Failure;
  if (event.type !== 'refuse') {
    if (why.delivery === undefined) return withDelivery(why, 'unknown');
    if (why.delivery !== 'not-sent') return why;
    // Of the last attempt it may be known that it did not run. An earlier one may have.
    return withDelivery(why, record.attempts > 1 ? 'unknown' : unsent(record));
  }
  if (record.attempts === 0) return withDelivery(why, unsent(record));
  const { cause } = why;
  return withDelivery(isFailure(cause) && cause.kind !== 'timeout' ? cause : why, 'unknown');
}

/** What is known of a request that was not sent in this round: in an earlier one the server has answered it, with questions. */
function unsent({ rounds }: RequestRecord): Delivery {
  return rounds === 0 ? 'not-sent' : 'answered';
}

/** The failure of a request whose time is over: the one that ended first counts, its wait or the whole call. */
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
  if (asking !== undefined) return ['asking', 'did not get what the server has to know first'];
  return place === -1 ? ['waiting', 'got no answer'] : ['queued', 'was not sent'];
}
