import { backoffDelay, isTemporaryStatus, REQUEST_BACKOFF } from '../../util/retry-policy.js';
import type { BackoffPolicy } from '../../util/retry-policy.js';
import type { Failure } from '../../util/failure.js';
import type { Framing } from '../../transports/transport.js';
import { GUARDS } from './request-machine.js';
import type { RequestEvent } from './request-machine.js';

/** What has to be known about a request to say what a failed send means for it. */
export interface SendFacts {
  readonly framing: Framing;
  /** It belongs to the negotiation, which decides for itself what to do next. */
  readonly direct: boolean;
  /** It may be sent again although it may have run. */
  readonly repeatable: boolean;
  readonly attempts: number;
  /** In how many sessions it was refused, of which the server knew nothing any more. */
  readonly refusals: number;
  /** How long to wait before a server that cannot be reached is tried again; undefined when it is not. */
  readonly reconnect: BackoffPolicy | undefined;
  /** Milliseconds until its deadline. */
  readonly timeLeft: number;
  /** In [0, 1). */
  readonly random: number;
}

/** How often a request is sent at most to a server that asks to be asked later. */
const MOST_POSTPONEMENTS = 4;

/**
 * Decides what a failed send means for its request: whether it is over, or waits for a link, for a session or for some time. It is the
 * one place where this is decided.
 */
export function judgeSendFailure(failure: Failure, facts: SendFacts): RequestEvent {
  const over: RequestEvent = { type: 'error', failure };
  if (failure.code === 'MCP_SESSION_LOST') {
    const delay = facts.refusals === 0 ? 0 : backoffDelay(REQUEST_BACKOFF, facts.refusals, facts.random);
    // Without a pause it waits for the session until its deadline, which decides by itself even when its timer is late.
    const tooLate = delay > 0 && delay >= facts.timeLeft;
    return facts.direct || tooLate ? over : { type: 'forgotten', failure, delay };
  }
  if (failure.kind !== 'transport') return over;
  if (failure.delivery === 'not-sent') {
    if (facts.framing === 'shared') return { type: 'unsent' };
    if (facts.reconnect === undefined || facts.direct) return over;
    const delay = backoffDelay(facts.reconnect, facts.attempts, facts.random);
    return delay < facts.timeLeft ? { type: 'unreachable', delay } : over;
  }
  if (isTemporaryStatus(failure.details?.status) && facts.repeatable && facts.attempts < MOST_POSTPONEMENTS) {
    const asked = failure.details?.retryAfter;
    const delay = typeof asked === 'number' ? asked : backoffDelay(REQUEST_BACKOFF, facts.attempts, facts.random);
    return delay < facts.timeLeft ? { type: 'postpone', delay } : over;
  }
  if (failure.delivery !== 'unknown' || facts.direct) return over;
  // The first loss may be bad luck. After the next one a server that breaks every exchange gets time to recover.
  const delay = backoffDelay(facts.reconnect ?? REQUEST_BACKOFF, facts.attempts - 1, facts.random);
  const again = facts.attempts > 1 && GUARDS.mayRepeat(facts) && delay < facts.timeLeft;
  return again ? { type: 'postpone', delay } : { type: 'lose', failure };
}
