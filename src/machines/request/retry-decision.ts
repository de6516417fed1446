import { backoffDelay, isTemporaryStatus, REQUEST_BACKOFF } from '../../util/retry-policy.js';
import type { BackoffPolicy } from '../../util/retry-policy.js';
import type { Failure } from '../../util/failure.js';
import type { Framing } from '../../transports/transport.js';
import { GUARDS } from './request-machine.js';
import type { RequestEvent } from './request-machine.js';

/** The facts about a request that {@link decideRetry} needs. */
export interface RetryFacts {
  readonly framing: Framing;
  /** Whether the request belongs to the negotiation, which makes its own decisions. */
  readonly direct: boolean;
  /** Whether the request may be sent again although it may have run. */
  readonly repeatable: boolean;
  readonly attempts: number;
  /** How often the server refused the request because it does not know the session. */
  readonly sessionLosses: number;
  /** The waits before an unreachable server is tried again; undefined if it is not tried again. */
  readonly reconnect: BackoffPolicy | undefined;
  /** Milliseconds until its deadline. */
  readonly timeLeft: number;
  /** In [0, 1). */
  readonly random: number;
}

/** The most times that a request is sent to a server with a temporary HTTP status. */
const MOST_SENDS = 4;

/**
 * Decides whether a request whose exchange failed is sent again, and when: at once, after a wait, over the next link or in the next session;
 * or whether it fails. A lost response (`lose`) is the same to the chart, whether the exchange or the whole link was lost: the request is
 * queued again if {@link GUARDS.mayRepeat} allows it. `repeatable` is set by `Core.submit` from the option `retry` and `protocol/methods.ts`, and
 * for tools by `callTool` from their annotations. Redirects and new tokens repeat an HTTP exchange without a new attempt. A call that was refused
 * for its parameter headers is submitted as a new request (`tool-headers.ts`), and rounds of input are in `request-machine.ts`.
 */
export function decideRetry(failure: Failure, facts: RetryFacts): RequestEvent {
  const over: RequestEvent = { type: 'error', failure };
  if (failure.code === 'MCP_SESSION_LOST') {
    const delay = facts.sessionLosses === 0 ? 0 : backoffDelay(REQUEST_BACKOFF, facts.sessionLosses, facts.random);
    // Without a delay the request waits for the session until its deadline.
    const tooLate = delay > 0 && delay >= facts.timeLeft;
    return facts.direct || tooLate ? over : { type: 'sessionLost', failure, delay };
  }
  if (failure.kind !== 'transport') return over;
  if (failure.delivery === 'not-sent') {
    if (facts.framing === 'shared') return { type: 'unsent' };
    if (facts.reconnect === undefined || facts.direct) return over;
    const delay = backoffDelay(facts.reconnect, facts.attempts, facts.random);
    return delay < facts.timeLeft ? { type: 'unreachable', delay } : over;
  }
  if (isTemporaryStatus(failure.details?.status) && facts.repeatable) {
    if (facts.attempts >= MOST_SENDS) return over;
    const asked = failure.details?.retryAfter;
    const delay = typeof asked === 'number' ? asked : backoffDelay(REQUEST_BACKOFF, facts.attempts, facts.random);
    return delay < facts.timeLeft ? { type: 'postpone', delay } : over;
  }
  if (failure.delivery !== 'unknown' || facts.direct) return over;
  if (facts.attempts === 1 || !GUARDS.mayRepeat(facts)) return { type: 'lose', failure };
  // The first loss may be bad luck. After the next one a server that breaks every exchange gets time to recover.
  const delay = backoffDelay(facts.reconnect ?? REQUEST_BACKOFF, facts.attempts - 1, facts.random);
  return delay < facts.timeLeft ? { type: 'postpone', delay } : over;
}
