import { assertEvent, assign, fromCallback, setup } from 'xstate';
import type { EventObject } from 'xstate';

import { reopeningDelay, STABLE_AFTER, STREAM_BACKOFF } from '../../util/retry-policy.js';
import type { Failure } from '../../util/failure.js';
import { SystemPorts } from '../system-ports.js';

/** The context of the server stream. */
export interface ServerStreamFacts {
  /** Whether the session has no such stream, because of its era or its transport. */
  readonly unused: boolean;
  /** Whether the first stream continues after the last event that another client received in this session. */
  readonly resumes: boolean;
  /** How often the stream ended in a row without having been open for a while. */
  readonly endings: number;
  /** Milliseconds until it is opened again, as the server asked; undefined if it did not ask. */
  readonly retry: number | undefined;
}

/** The events of the server stream. */
export type ServerStreamEvent =
  /** `resumed`: the stream continues after the last event of the stream before. */
  | { readonly type: 'opened'; readonly resumed: boolean }
  | { readonly type: 'unsupported' }
  | { readonly type: 'ended'; readonly retry: number | undefined; readonly failure: Failure | undefined };

/** The effects of the server stream. */
export interface ServerStreamPorts {
  random(): number;
  /** Opens the stream and sends its events. Returns the function that closes it. */
  open(send: (event: ServerStreamEvent) => void): (() => void) | undefined;
  /** Change notifications may have been missed. */
  missedChanges(): void;
}

export const serverStreamPorts = new SystemPorts<ServerStreamPorts>('server stream');

/**
 * Keeps open the stream of a legacy HTTP server for requests and notifications that belong to no request of the client. It is optional on
 * both sides: a server does not need one, and losing it does not lose the connection. 2025-11-25 basic/transports, "Listening for Messages
 * from the Server". The tag `receiving` means that no notification is missed.
 */
export const serverStreamMachine = setup({
  types: {
    context: {} as ServerStreamFacts,
    events: {} as ServerStreamEvent,
    input: {} as Pick<ServerStreamFacts, 'unused' | 'resumes'>,
    tags: {} as 'receiving',
  },
  actors: {
    stream: fromCallback<EventObject>(({ sendBack, system }) => serverStreamPorts.of(system).open(sendBack)),
  },
  guards: {
    unused: ({ context }) => context.unused,
    resumes: ({ context }) => context.resumes,
    mayHaveMissedChanges: ({ context, event }) => {
      assertEvent(event, 'opened');
      return context.endings > 0 && !event.resumed;
    },
  },
  actions: {
    countEnding: assign(({ context, event }) => {
      assertEvent(event, 'ended');
      return { retry: event.retry, endings: context.endings + 1 };
    }),
    // A server that opens the stream and names a time to reconnect expects to be polled.
    countPoll: assign(({ context, event }) => {
      assertEvent(event, 'ended');
      return { retry: event.retry, endings: event.retry === undefined ? context.endings + 1 : 1 };
    }),
    forgetEndings: assign({ endings: 0 }),
    reportMissedChanges: ({ system }) => {
      serverStreamPorts.of(system).missedChanges();
    },
  },
  delays: {
    stable: STABLE_AFTER,
    reopening: ({ context, system }) =>
      reopeningDelay(STREAM_BACKOFF, context.endings, serverStreamPorts.of(system).random(), context.retry),
  },
}).createMachine({
  id: 'serverStream',
  context: ({ input }) => ({ ...input, endings: 0, retry: undefined }),
  initial: 'starting',
  states: {
    starting: {
      always: [
        { guard: 'unused', target: 'unsupported' },
        { guard: 'resumes', target: 'listening.resuming' },
        { target: 'listening' },
      ],
    },
    listening: {
      invoke: { src: 'stream', id: 'stream' },
      initial: 'opening',
      states: {
        opening: {
          on: {
            opened: [
              { guard: 'mayHaveMissedChanges', target: 'open', actions: 'reportMissedChanges' },
              { target: 'open' },
            ],
          },
        },
        // The server keeps the notifications for this stream until it is open.
        resuming: {
          tags: 'receiving',
          on: { opened: 'open' },
        },
        open: {
          tags: 'receiving',
          after: { stable: { actions: 'forgetEndings' } },
          on: { ended: { target: '#serverStream.retrying', actions: 'countPoll' } },
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
