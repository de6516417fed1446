import type { ActorOptions, AnyActorLogic } from 'xstate';

import type { MemberEvent, MemberPorts } from '../machines/member/member-machine.js';
import { startsProcess } from './member-connection.js';
import type { MemberConnection } from './member-connection.js';
import { failureOf } from './member-errors.js';
import { failure } from '../util/failure.js';
import type { StartSlots } from './start-slots.js';

/** Makes the option `inspect` of the actor of a member. */
export type MemberInspection = (
  name: string,
  connection: MemberConnection,
) => Pick<ActorOptions<AnyActorLogic>, 'inspect'>;

/** The effects of a member on its connection. Processes wait for a slot before they are started. */
export function memberEffects(connection: MemberConnection, starts: StartSlots): MemberPorts {
  return {
    start: (send) => run(send, (isOver) => start(connection, starts, isOver)),
    sleep: (send) => run(send, () => connection.sleep().then(() => ({ type: 'slept' }))),
    close: (send) => run(send, () => connection.close().then(() => ({ type: 'closed' }))),
  };
}

/** Runs something, and sends the event with which it ends, unless the chart has left the state meanwhile. */
function run(
  send: (event: MemberEvent) => void,
  activity: (isOver: () => boolean) => Promise<MemberEvent>,
): () => void {
  let over = false;
  void activity(() => over).then((event) => {
    if (!over) send(event);
  });
  return () => {
    over = true;
  };
}

async function start(connection: MemberConnection, starts: StartSlots, isOver: () => boolean): Promise<MemberEvent> {
  const give = startsProcess(connection.transport) ? await starts.take() : undefined;
  try {
    if (!isOver()) await connection.start();
    const { status, lastError } = connection.current;
    // It may have been closed in the same turn. A connection that is reconnecting is in use.
    if (status !== 'error' && status !== 'disconnected') return { type: 'started' };
    const closed = failure('connection', 'MCP_CONNECTION_CLOSED', 'The connection was closed');
    return { type: 'failed', failure: lastError === undefined ? closed : failureOf(lastError) };
  } catch (thrown) {
    return { type: 'failed', failure: failureOf(thrown) };
  } finally {
    give?.();
  }
}
