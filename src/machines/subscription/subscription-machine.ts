import { assign, setup } from 'xstate';

import { askedDelay, retryDelay, STABLE_AFTER, STREAM_BACKOFF } from '../../util/retry-policy.js';
import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { ErrorCode } from '../../protocol/messages/json-rpc.js';
import type { SubscriptionFilter } from '../../protocol/schema/index.js';
import { missingFrom } from '../../protocol/subscription-filter.js';
import { SystemPorts } from '../system-ports.js';

/** Milliseconds that a server has to acknowledge a subscription. */
export const ACKNOWLEDGE_TIMEOUT = 10_000;

/** What the subscription knows. */
export interface SubscriptionFacts {
  /** What is wanted; undefined for nothing. */
  readonly wanted: SubscriptionFilter | undefined;
  /** How often it ended since it last stood for a while. */
  readonly endings: number;
  /** Milliseconds for which the server asked to be left alone when it refused the last stream; undefined when it did not ask. */
  readonly asked: number | undefined;
  /** Requests may have overtaken the one that opens the first stream: what they found may have changed before the server listened. */
  readonly overtaken: boolean;
  /** What the server has acknowledged of it; undefined while no stream stands. */
  readonly honoured: SubscriptionFilter | undefined;
}

/** Everything that can happen to the subscription. */
export type SubscriptionEvent =
  | { readonly type: 'watch'; readonly wanted: SubscriptionFilter | undefined }
  | { readonly type: 'acknowledged'; readonly honoured: SubscriptionFilter }
  /** Without a failure the server ended it in good order. */
  | { readonly type: 'ended'; readonly failure: Failure | undefined };

/** What the subscription does to the world. */
export interface SubscriptionPorts {
  random(): number;
  /** Opens a stream with this filter; the one before stays open until `dropOlder`. */
  listen(wanted: SubscriptionFilter): void;
  /** Ends all streams but the newest. */
  dropOlder(): void;
  /** Ends all streams. */
  dropAll(): void;
  /** Changes may have been missed. */
  suspectChanges(): void;
  /** The server honours so much of what is wanted, and this is missing. */
  acknowledged(honoured: SubscriptionFilter, missing: readonly string[]): void;
  /** The server ended the stream with a failure, or does not open one. */
  failed(why: Failure): void;
  report(problem: Failure): void;
}

export const subscriptionPorts = new SystemPorts<SubscriptionPorts>('subscription');

/**
 * Keeps one `subscriptions/listen` open for what is wanted, over endings by the server. There is no way to change a subscription: a
 * new one is opened, and the old one ended when the new one stands. 2026-07-28 basic/patterns/subscriptions.
 */
export const subscriptionMachine = setup({
  types: {
    context: {} as SubscriptionFacts,
    events: {} as SubscriptionEvent,
    input: {} as Pick<SubscriptionFacts, 'wanted' | 'overtaken'>,
  },
  guards: {
    nothingWanted: ({ context }) => context.wanted === undefined,
    wantsTheSame: ({ context, event }) =>
      event.type === 'watch' && JSON.stringify(event.wanted) === JSON.stringify(context.wanted),
    wantsNothing: ({ event }) => event.type === 'watch' && event.wanted === undefined,
    mayHaveMissedChanges: ({ context }) => context.endings > 0 || context.overtaken,
    notServed: ({ event }) => event.type === 'ended' && event.failure?.errorCode === ErrorCode.MethodNotFound,
  },
  actions: {
    keepWanted: assign(({ event }) => (event.type === 'watch' ? { wanted: event.wanted } : {})),
    countEnding: assign(({ context, event }) => ({
      endings: context.endings + 1,
      asked: event.type === 'ended' ? askedDelay(event.failure) : undefined,
    })),
    forgetEndings: assign({ endings: 0 }),
    listen: ({ context, system }) => {
      if (context.wanted !== undefined) subscriptionPorts.of(system).listen(context.wanted);
    },
    dropOlder: ({ system }) => {
      subscriptionPorts.of(system).dropOlder();
    },
    dropAll: ({ system }) => {
      subscriptionPorts.of(system).dropAll();
    },
    suspectChanges: ({ system }) => {
      subscriptionPorts.of(system).suspectChanges();
    },
    keepHonoured: assign(({ event }) =>
      event.type === 'acknowledged' ? { honoured: event.honoured, overtaken: false } : {},
    ),
    forgetHonoured: assign({ honoured: undefined }),
    tellAcknowledged: ({ context, event, system }) => {
      if (event.type !== 'acknowledged') return;
      const missing = missingFrom(event.honoured, context.wanted ?? {});
      subscriptionPorts.of(system).acknowledged(event.honoured, missing);
    },
    tellFailed: ({ event, system }) => {
      if (event.type === 'ended' && event.failure !== undefined) subscriptionPorts.of(system).failed(event.failure);
    },
    reportSilence: ({ system }) => {
      const message = `The server did not acknowledge subscriptions/listen within ${ACKNOWLEDGE_TIMEOUT} ms`;
      const details = { operation: 'subscriptions/listen', timeout: ACKNOWLEDGE_TIMEOUT, phase: 'waiting' };
      subscriptionPorts.of(system).report(failure('timeout', 'MCP_TIMEOUT', message, { delivery: 'unknown', details }));
    },
  },
  delays: {
    acknowledgeTimeout: ACKNOWLEDGE_TIMEOUT,
    stable: STABLE_AFTER,
    reopening: ({ context, system }) =>
      retryDelay(STREAM_BACKOFF, context.endings, subscriptionPorts.of(system).random(), context.asked),
  },
}).createMachine({
  id: 'subscription',
  context: ({ input }) => ({
    wanted: input.wanted,
    endings: 0,
    asked: undefined,
    overtaken: input.overtaken,
    honoured: undefined,
  }),
  initial: 'starting',
  on: {
    watch: [
      { guard: 'wantsTheSame' },
      { guard: 'wantsNothing', target: '.idle', actions: 'keepWanted' },
      { target: '.opening', reenter: true, actions: 'keepWanted' },
    ],
  },
  states: {
    starting: { always: [{ guard: 'nothingWanted', target: 'idle' }, { target: 'opening' }] },
    idle: { entry: 'dropAll' },
    opening: {
      entry: 'listen',
      on: {
        acknowledged: [
          {
            guard: 'mayHaveMissedChanges',
            target: 'open',
            actions: ['keepHonoured', 'tellAcknowledged', 'suspectChanges'],
          },
          { target: 'open', actions: ['keepHonoured', 'tellAcknowledged'] },
        ],
        ended: [
          { guard: 'notServed', target: 'unsupported', actions: 'tellFailed' },
          { target: 'waiting', actions: ['countEnding', 'tellFailed'] },
        ],
      },
      after: {
        acknowledgeTimeout: { target: 'waiting', actions: ['countEnding', 'reportSilence', 'dropAll'] },
      },
    },
    open: {
      entry: 'dropOlder',
      exit: 'forgetHonoured',
      after: { stable: { actions: 'forgetEndings' } },
      on: { ended: { target: 'waiting', actions: ['countEnding', 'tellFailed'] } },
    },
    waiting: {
      after: { reopening: 'opening' },
    },
    unsupported: {
      // What is wanted may change, what the server can do does not.
      on: { watch: { actions: 'keepWanted' } },
    },
  },
});
