import { assertEvent } from 'xstate';

import type { Failure } from '../../util/failure.js';
import { judgeDiscovery, judgeHandshake, mayFallBack } from '../../protocol/negotiation.js';
import type { Verdict } from '../../protocol/negotiation.js';
import type { ConnectionEvent, ConnectionFacts, Purpose, Waiter } from './connection-context.js';
import { withFirstEnding } from './connection-failures.js';

// What guards and actions of the chart derive from the facts of a connection, without effects.

const JUDGES = { discovered: judgeDiscovery, shook: judgeHandshake };

/** The verdict on the response to a negotiation request. */
export function verdictOf({ policy, negotiation }: ConnectionFacts, event: ConnectionEvent): Verdict {
  assertEvent(event, ['discovered', 'shook']);
  return JUDGES[event.type](event.answer, { acceptable: policy.acceptable, ...negotiation });
}

/** The failure of an event that takes the link away. */
export function failureFrom(facts: ConnectionFacts, event: ConnectionEvent): Failure {
  assertEvent(event, ['link.closed', 'negotiation.failed', 'health.failed']);
  return withFirstEnding(facts, event.failure);
}

/** Whether a server that does not respond to `server/discover` may be legacy. One that corrected the version is modern. */
export function mayBeLegacy({ policy, negotiation }: ConnectionFacts): boolean {
  return mayFallBack(policy.acceptable) && !negotiation.corrected;
}

/** Whether the policy allows another attempt. */
export function mayReconnect({ policy, purpose, reconnectAttempts }: ConnectionFacts): boolean {
  const allowed = purpose === 'recover' ? policy.autoReconnect : policy.retryInitialConnect;
  return allowed && reconnectAttempts < policy.maxReconnectAttempts;
}

/** Whether a caller waits beyond the time of the timer, or a lost connection is recovered, which needs no caller. */
export function stillWanted({ purpose, waiters, armedFor }: ConnectionFacts): boolean {
  return purpose === 'recover' || waiters.some(({ deadline }) => deadline > armedFor);
}

/** Why the client connects once the attempt that is under way has failed. */
export function nextPurpose({ purpose }: ConnectionFacts): Purpose {
  return purpose === 'connect' ? 'retry' : purpose;
}

/** The same caller with a later deadline. */
export function postponed(waiter: Waiter, by: number): Waiter {
  return { ...waiter, deadline: waiter.deadline + by };
}

/** The ids of callers. */
export function idsOf(waiters: readonly Waiter[]): number[] {
  return waiters.map(({ id }) => id);
}
