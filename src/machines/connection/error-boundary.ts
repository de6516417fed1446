import type { AnyActorRef } from 'xstate';

import { describeThrown, failure, isFailure, lookable } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { connectionMachine } from './connection-machine.js';
import type { ConnectionFacts } from './connection-context.js';

// What happens when a guard, an action or a port of a chart throws. XState ends the actor then, leaves its children running, and throws
// what nobody caught once more from a timer, which would end the process.

/** What it means for a connection that something threw inside of it. */
export function internalFailure(thrown: unknown): Failure {
  if (isFailure(thrown) && thrown.code === 'MCP_INTERNAL') return thrown;
  const message = `The connection was closed because something threw inside of this library: ${describeThrown(thrown)}`;
  return failure('connection', 'MCP_INTERNAL', message, { cause: lookable(thrown) });
}

/** Stops an actor, or what is left of one that threw: its children. */
export function stopRemains(actor: AnyActorRef): void {
  const { status, children = {} } = actor.getSnapshot() as { status: string; children?: Record<string, AnyActorRef> };
  // The event by which an actor stops its children. There is no method for it but that of the root.
  if (status === 'active') actor.send({ type: 'xstate.stop' });
  else for (const child of Object.values(children)) stopRemains(child);
}

/** What is known of a connection after it failed from inside. */
function factsAfter(facts: ConnectionFacts, why: Failure, now: number): ConnectionFacts {
  const { pastUptime, establishedAt = now, errorCount } = facts;
  return {
    ...facts,
    failure: why,
    errorCount: errorCount + 1,
    pastUptime: pastUptime + now - establishedAt,
    establishedAt: undefined,
    session: undefined,
    // It may have been what failed.
    inherited: undefined,
    waiters: [],
    attemptDeadline: Infinity,
    armedFor: Infinity,
    suspended: false,
  };
}

/**
 * The chart of a connection that goes on where another one threw: it is closed, and no action is run for that, since any of them may throw
 * again. While it drains it waits until nothing is left of the link, like any other.
 */
export function closedByFailure(
  facts: ConnectionFacts,
  why: Failure,
  now: number,
  draining: boolean,
): typeof connectionMachine {
  const active = { status: 'active', output: undefined, error: undefined } as const;
  const closed = {
    ...active,
    value: { closed: draining ? 'draining' : 'done' },
    historyValue: {},
    children: {
      requests: { src: 'requests', snapshot: { ...active, value: 'closed' } },
      ...(draining && { release: { src: 'release', snapshot: { ...active, input: undefined } } }),
    },
  };
  const context = factsAfter(facts, why, now);
  const getInitialSnapshot: typeof connectionMachine.getInitialSnapshot = (scope) =>
    // XState looks for actors in the context that it restores, and would look at what was thrown.
    ({ ...connectionMachine.restoreSnapshot({ ...closed, context: {} } as never, scope), context });
  return Object.create(connectionMachine, {
    getInitialSnapshot: { value: getInitialSnapshot },
  }) as typeof connectionMachine;
}
