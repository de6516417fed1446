import { and, assign, fromPromise, not, or, setup } from 'xstate';

interface Context {
  attempts: number;
}

type Event =
  | { type: 'CONNECT' }
  | { type: 'DISCONNECT' }
  | { type: 'link.lost'; reason: string }
  | { type: 'link.stalled' }
  | { type: 'PAUSE' }
  | { type: 'RESUME' }
  | { type: 'TICK' };

/** Has at least one of everything that a chart can show: what the generator is tried on beside the real machines. */
export const sampleMachine = setup({
  types: { context: {} as Context, events: {} as Event },
  actors: {
    openLink: fromPromise(() => Promise.resolve('link')),
    probe: fromPromise(() => Promise.resolve()),
  },
  actions: {
    note: (_, _params: { state: string }) => undefined,
    announceState: () => undefined,
    rejectWaiters: () => undefined,
    releaseEverything: () => undefined,
    countAttempt: assign({ attempts: ({ context }) => context.attempts + 1 }),
  },
  guards: {
    mayRetry: ({ context }) => context.attempts < 3,
    isPaused: () => false,
    isFatal: () => false,
  },
  delays: { connectTimeout: 30_000, backoff: ({ context }) => 2 ** context.attempts },
}).createMachine({
  id: 'sample',
  context: { attempts: 0 },
  initial: 'idle',
  on: { DISCONNECT: { target: '.closed.draining', actions: 'rejectWaiters' } },
  states: {
    idle: { entry: 'announceState', on: { CONNECT: 'connecting', DISCONNECT: {} } },
    connecting: {
      description: 'Opens a link',
      tags: 'busy',
      entry: ['announceState', { type: 'note', params: { state: 'connecting' } }],
      exit: 'countAttempt',
      invoke: {
        src: 'openLink',
        onDone: 'established',
        onError: [
          { guard: and(['mayRetry', not('isFatal')]), target: 'reconnecting' },
          { target: 'closed', actions: ['rejectWaiters', 'releaseEverything'] },
        ],
      },
      after: { connectTimeout: { target: 'closed', actions: 'rejectWaiters' } },
    },
    established: {
      type: 'parallel',
      entry: 'announceState',
      on: {
        'link.*': [{ guard: 'mayRetry', target: 'reconnecting' }, { target: 'closed' }],
        RESUME: { target: 'established', reenter: true },
      },
      states: {
        traffic: {
          initial: 'flowing',
          states: {
            flowing: { on: { PAUSE: 'paused', TICK: { actions: ['countAttempt', assign({ attempts: 0 })] } } },
            paused: { on: { RESUME: [{ guard: or(['isPaused', 'isFatal']), target: 'flowing' }] } },
            last: { type: 'history', history: 'deep' },
          },
        },
        health: {
          initial: 'healthy',
          states: {
            healthy: { after: { 5000: 'probing' } },
            probing: {
              invoke: { id: 'checker', src: 'probe', onDone: 'healthy', onError: 'failed' },
              on: { '*': { actions: 'announceState' } },
            },
            failed: { type: 'final', entry: 'announceState' },
          },
        },
      },
      onDone: 'reconnecting',
    },
    reconnecting: {
      entry: 'announceState',
      always: { guard: not('mayRetry'), target: 'closed' },
      after: { backoff: 'connecting' },
      on: { CONNECT: { target: 'established.traffic.last' } },
    },
    closed: {
      initial: 'draining',
      states: {
        draining: { on: { CONNECT: { actions: 'countAttempt' }, TICK: 'done' } },
        done: { type: 'final' },
      },
      onDone: 'ended',
    },
    ended: { type: 'final' },
  },
});
