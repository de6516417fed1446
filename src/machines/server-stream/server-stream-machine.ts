import { assign, fromCallback, setup } from 'xstate';
import type { EventObject, SnapshotFrom } from 'xstate';

import { reopeningDelay, STABLE_AFTER, STREAM_BACKOFF } from '../../util/retry-policy.js';
import type { Failure } from '../../util/failure.js';
import { SystemPorts } from '../system-ports.js';

/** What is known about the stream. */
export interface ServerStreamFacts {
  /** The session has no such stream: another era, or another transport. */
  readonly unused: boolean;
  /** How often it ended in a row without having been open for a while. */
  readonly endings: number;
  /** Milliseconds until it is opened again, as the server wished; undefined when it said nothing. */
  readonly retry: number | undefined;
}

/** Everything that can happen to the stream. */
export type ServerStreamEvent =
  /** `resumed`: it goes on after the last event of the one before. */
  | { readonly type: 'opened'; readonly resumed: boolean }
  | { readonly type: 'unsupported' }
  | { readonly type: 'ended'; readonly retry: number | undefined; readonly failure: Failure | undefined };

/** What the stream needs from the world. */
export interface ServerStreamPorts {
  random(): number;
  /** Opens the stream and says what becomes of it. Returns what closes it. */
  open(tell: (event: ServerStreamEvent) => void): (() => void) | undefined;
  /** Changes may have been announced while nobody listened. */
  suspectChanges(): void;
}

export const serverStreamPorts = new SystemPorts<ServerStreamPorts>('server stream');

/**
 * Keeps the stream open on which a legacy HTTP server speaks unasked. It is optional on both sides: a server without one is as good
 * as any, and losing it is never losing the connection. 2025-11-25 basic/transports, "Listening for Messages from the Server".
 */
export const serverStreamMachine = setup({
  types: {
    context: {} as ServerStreamFacts,
    events: {} as ServerStreamEvent,
    input: {} as Pick<ServerStreamFacts, 'unused'>,
  },
  actors: {
    stream: fromCallback<EventObject>(({ sendBack, system }) => serverStreamPorts.of(system).open(sendBack)),
  },
  guards: {
    unused: ({ context }) => context.unused,
    mayHaveMissedChanges: ({ context, event }) => context.endings > 0 && event.type === 'opened' && !event.resumed,
  },
  actions: {
    countEnding: assign(({ context, event }) =>
      event.type === 'ended' ? { retry: event.retry, endings: context.endings + 1 } : {},
    ),
    // A server that opens the stream and says when to come back wants to be asked time and again.
    keepWish: assign(({ context, event }) =>
      event.type === 'ended'
        ? { retry: event.retry, endings: event.retry === undefined ? context.endings + 1 : 1 }
        : {},
    ),
    forgetEndings: assign({ endings: 0 }),
    suspectChanges: ({ system }) => {
      serverStreamPorts.of(system).suspectChanges();
    },
  },
  delays: {
    stable: STABLE_AFTER,
    reopening: ({ context, system }) =>
      reopeningDelay(STREAM_BACKOFF, context.endings, serverStreamPorts.of(system).random(), context.retry),
  },
}).createMachine({
  id: 'serverStream',
  context: ({ input }) => ({ unused: input.unused, endings: 0, retry: undefined }),
  initial: 'starting',
  states: {
    starting: { always: [{ guard: 'unused', target: 'unsupported' }, { target: 'listening' }] },
    listening: {
      invoke: { src: 'stream', id: 'stream' },
      initial: 'opening',
      states: {
        opening: {
          on: {
            opened: [{ guard: 'mayHaveMissedChanges', target: 'open', actions: 'suspectChanges' }, { target: 'open' }],
          },
        },
        open: {
          after: { stable: { actions: 'forgetEndings' } },
          on: { ended: { target: '#serverStream.retrying', actions: 'keepWish' } },
        },
      },
      on: {
        unsupported: 'unsupported',
        ended: { target: 'retrying', actions: 'countEnding' },
      },
    },
    retrying: { after: { reopening: 'listening' } },
    unsupported: {},
  },
});

/** Where the stream is, and what is known about it. */
export type ServerStreamSnapshot = SnapshotFrom<typeof serverStreamMachine>;

/**
 * Whether what the server says unasked is heard, now or later. `takenUp`: the first stream goes on after the last event that another client
 * saw, so that nothing is missed while it is on its way.
 */
export function hears(stream: ServerStreamSnapshot, takenUp: boolean): boolean {
  if (stream.matches({ listening: 'open' })) return true;
  return takenUp && stream.context.endings === 0 && stream.matches({ listening: 'opening' });
}
