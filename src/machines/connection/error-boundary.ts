import type { AnyActorRef, SnapshotFrom } from 'xstate';

import { internalFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { connectionMachine } from './connection-machine.js';
import type { ConnectionFacts } from './connection-context.js';

// Handles exceptions of guards, actions and ports. XState stops the actor, leaves its children running, and rethrows an uncaught exception
// from a timer, which would end the process.

/** The failure of a connection in whose code something was thrown. */
export function closedByException(thrown: unknown): Failure {
  return internalFailure(thrown, 'connection', 'The connection was closed');
}

/** Stops an actor; if it has thrown, its children. */
export function stopRemains(actor: AnyActorRef): void {
  const { status, children = {} } = actor.getSnapshot() as { status: string; children?: Record<string, AnyActorRef> };
  // XState stops the children of an actor with this event. Only root actors have a method for it.
  if (status === 'active') actor.send({ type: 'xstate.stop' });
  else for (const child of Object.values(children)) stopRemains(child);
}

/** The context of a connection after an exception. */
function factsAfter(facts: ConnectionFacts, why: Failure, now: number): ConnectionFacts {
  const { pastUptime, establishedAt = now, errorCount } = facts;
  return {
    ...facts,
    failure: why,
    errorCount: errorCount + 1,
    pastUptime: pastUptime + now - establishedAt,
    establishedAt: undefined,
    session: undefined,
    // It may have caused the exception.
    inherited: undefined,
    waiters: [],
    connectDeadline: Infinity,
    armedFor: Infinity,
    pausedAt: undefined,
    suspended: false,
  };
}

/**
 * Makes the chart of the actor that replaces one that threw. It starts in `closed` without running an action, since any action may throw
 * again: in `draining`, or in `done` if the exception may have been thrown at the end of `draining`, where it would be thrown again.
 */
export function closedByFailure(
  { context: facts, value }: Pick<SnapshotFrom<typeof connectionMachine>, 'context' | 'value'>,
  why: Failure,
  now: number,
): typeof connectionMachine {
  const draining = typeof value !== 'object' || !('closed' in value);
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
    // XState searches the context that it restores for actors, and would read the thrown value.
    ({ ...connectionMachine.restoreSnapshot({ ...closed, context: {} } as never, scope), context });
  return Object.create(connectionMachine, {
    getInitialSnapshot: { value: getInitialSnapshot },
  }) as typeof connectionMachine;
}
