import { assertEvent, assign, fromCallback, setup } from 'xstate';
import type { EventObject } from 'xstate';

import type { Failure } from '../../util/failure.js';
import { SystemPorts } from '../system-ports.js';

/** The longest delay of a timer, in ms. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** The state of a server of a group that users see. */
export type MemberState = 'asleep' | 'waking' | 'awake' | 'draining' | 'down' | 'removed';

/** The context of a member of a group. */
export interface MemberFacts {
  /** How many calls, subscriptions and server requests need the server now. */
  readonly open: number;
  /** How long the server may be idle, in ms; Infinity for as long as the group exists. */
  readonly idleTimeout: number;
  /** The reason of the state `down`. */
  readonly failure: Failure | undefined;
}

/** The events of a member. */
export type MemberEvent =
  /** Something needs the server: a call, a subscription, a server request. */
  | { readonly type: 'begin' }
  /** Something does not need the server any more. */
  | { readonly type: 'end' }
  | { readonly type: 'started' }
  | { readonly type: 'failed'; readonly failure: Failure }
  /** The connection was closed, and does not reconnect. */
  | { readonly type: 'lost'; readonly failure: Failure }
  | { readonly type: 'slept' }
  | { readonly type: 'remove' }
  | { readonly type: 'closed' };

/** Starts something that reports its end with an event. Returns a function that makes it report nothing. */
type Activity = (send: (event: MemberEvent) => void) => () => void;

/** The effects of a member. */
export interface MemberPorts {
  /** Connects, and sends `started` or `failed`. */
  readonly start: Activity;
  /** Suspends or closes the connection, and sends `slept`. */
  readonly sleep: Activity;
  /** Closes the connection for good, and sends `closed`. */
  readonly close: Activity;
}

export const memberPorts = new SystemPorts<MemberPorts>('member');

const activity = (name: keyof MemberPorts) =>
  fromCallback<EventObject>(({ sendBack, system }) => memberPorts.of(system)[name](sendBack));

/** The transitions of every state with a server. */
const always = {
  begin: { actions: 'countBegin' },
  end: { actions: 'countEnd' },
  remove: 'closing',
} as const;

/** Without a connection, a call starts the server. */
const wakes = { ...always, begin: { target: 'waking', actions: 'countBegin' } } as const;

/**
 * One server of a group: it is started when something needs it, and sleeps after it was idle for a while. Its connection reconnects and checks
 * its health by itself; only a connection that has ended for good makes the member `down`. The tags are the states that users see.
 */
export const memberMachine = setup({
  types: {
    context: {} as MemberFacts,
    events: {} as MemberEvent,
    input: {} as Pick<MemberFacts, 'idleTimeout'>,
    tags: {} as MemberState,
  },
  actors: { start: activity('start'), sleep: activity('sleep'), close: activity('close') },
  guards: {
    isNeeded: ({ context }) => context.open > 0,
    isLast: ({ context }) => context.open === 1,
    maySleep: ({ context }) => context.idleTimeout < Infinity,
  },
  actions: {
    countBegin: assign({ open: ({ context }) => context.open + 1 }),
    countEnd: assign({ open: ({ context }) => context.open - 1 }),
    keepFailure: assign(({ event }) => {
      assertEvent(event, ['failed', 'lost']);
      return { failure: event.failure };
    }),
    forgetFailure: assign({ failure: undefined }),
  },
  delays: {
    idleTimeout: ({ context }) => Math.min(context.idleTimeout, LONGEST_DELAY),
  },
}).createMachine({
  id: 'member',
  context: ({ input }) => ({ idleTimeout: input.idleTimeout, open: 0, failure: undefined }),
  initial: 'asleep',
  states: {
    asleep: {
      tags: 'asleep',
      on: { begin: wakes.begin, remove: 'closing' },
    },
    waking: {
      tags: 'waking',
      invoke: { src: 'start', id: 'start' },
      on: {
        ...always,
        started: 'awake',
        failed: { target: 'down', actions: 'keepFailure' },
      },
    },
    awake: {
      tags: 'awake',
      initial: 'idle',
      states: {
        idle: {
          always: { guard: 'isNeeded', target: 'busy' },
          on: { begin: { target: 'busy', actions: 'countBegin' } },
          after: { idleTimeout: { guard: 'maySleep', target: '#member.draining' } },
        },
        busy: {
          on: { end: [{ guard: 'isLast', target: 'idle', actions: 'countEnd' }, { actions: 'countEnd' }] },
        },
      },
      on: { begin: always.begin, remove: always.remove, lost: { target: 'down', actions: 'keepFailure' } },
    },
    draining: {
      tags: 'draining',
      invoke: { src: 'sleep', id: 'sleep' },
      // A call that came meanwhile wakes the server again.
      on: { ...always, slept: [{ guard: 'isNeeded', target: 'waking' }, { target: 'asleep' }] },
    },
    down: {
      tags: 'down',
      exit: 'forgetFailure',
      on: wakes,
    },
    closing: {
      tags: 'removed',
      invoke: { src: 'close', id: 'close' },
      on: { closed: 'removed' },
    },
    removed: { tags: 'removed', type: 'final' },
  },
});
