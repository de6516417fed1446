import { assertEvent, assign, setup } from 'xstate';

import { askedDelay, retryDelay, STABLE_AFTER, STREAM_BACKOFF } from '../../util/retry-policy.js';
import type { Failure } from '../../util/failure.js';
import { ErrorCode } from '../../protocol/messages/json-rpc.js';
import type { SubscriptionFilter } from '../../protocol/schema/index.js';
import { missingFrom } from '../../protocol/subscription-filter.js';
import { SystemPorts } from '../system-ports.js';
import { notAcknowledged } from './watched-resources.js';

/** Milliseconds that the server has to acknowledge a subscription. */
const ACKNOWLEDGE_TIMEOUT = 10_000;

/** The context of the subscription. */
export interface SubscriptionFacts {
  /** The wanted notifications; undefined for none. */
  readonly wanted: SubscriptionFilter | undefined;
  /** How often the stream ended since it was last open for a while. */
  readonly endings: number;
  /** Milliseconds until the next stream, as the server asked when it refused the last one; undefined if it did not ask. */
  readonly retryAfter: number | undefined;
  /** Whether other requests may have reached the server before the first stream was open, so that changes since then are unknown. */
  readonly overtaken: boolean;
  /** The part of the wanted notifications that the server has acknowledged; undefined while no stream is open. */
  readonly honoured: SubscriptionFilter | undefined;
}

/** The events of the subscription. */
export type SubscriptionEvent =
  | { readonly type: 'watch'; readonly wanted: SubscriptionFilter | undefined }
  | { readonly type: 'acknowledged'; readonly honoured: SubscriptionFilter }
  /** The server ended the stream: without a failure, or with one. */
  | { readonly type: 'ended'; readonly failure: Failure | undefined };

/** The effects of the subscription. */
export interface SubscriptionPorts {
  random(): number;
  /** Opens a stream with this filter. The stream before stays open until `dropOlder`. */
  listen(wanted: SubscriptionFilter): void;
  /** Ends all streams except the newest. */
  dropOlder(): void;
  /** Ends all streams. */
  dropAll(): void;
  /** Change notifications may have been missed. */
  missedChanges(): void;
  /** The server has acknowledged this filter. `missing` are the wanted notifications that it does not contain. */
  acknowledged(honoured: SubscriptionFilter, missing: readonly string[]): void;
  /** The server ended the stream with a failure, or does not open one. */
  failed(why: Failure): void;
  report(problem: Failure): void;
}

export const subscriptionPorts = new SystemPorts<SubscriptionPorts>('subscription');

/**
 * Keeps one `subscriptions/listen` stream open for the wanted notifications, and opens another when the server ends it. A subscription cannot
 * be changed: a new stream is opened, and the old one is ended when the new one is open. 2026-07-28 basic/patterns/subscriptions.
 */
export const subscriptionMachine = setup({
  types: {
    context: {} as SubscriptionFacts,
    events: {} as SubscriptionEvent,
    input: {} as Pick<SubscriptionFacts, 'wanted' | 'overtaken'>,
  },
  guards: {
    nothingWanted: ({ context }) => context.wanted === undefined,
    wantsTheSame: ({ context, event }) => {
      assertEvent(event, 'watch');
      return JSON.stringify(event.wanted) === JSON.stringify(context.wanted);
    },
    wantsNothing: ({ event }) => {
      assertEvent(event, 'watch');
      return event.wanted === undefined;
    },
    mayHaveMissedChanges: ({ context }) => context.endings > 0 || context.overtaken,
    notServed: ({ event }) => {
      assertEvent(event, 'ended');
      return event.failure?.errorCode === ErrorCode.MethodNotFound;
    },
  },
  actions: {
    keepWanted: assign(({ event }) => {
      assertEvent(event, 'watch');
      return { wanted: event.wanted };
    }),
    countEnding: assign({ endings: ({ context }) => context.endings + 1, retryAfter: undefined }),
    keepRetryAfter: assign(({ event }) => {
      assertEvent(event, 'ended');
      return { retryAfter: askedDelay(event.failure) };
    }),
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
    reportMissedChanges: ({ system }) => {
      subscriptionPorts.of(system).missedChanges();
    },
    keepHonoured: assign(({ event }) => {
      assertEvent(event, 'acknowledged');
      return { honoured: event.honoured, overtaken: false };
    }),
    forgetHonoured: assign({ honoured: undefined }),
    reportAcknowledged: ({ context, event, system }) => {
      assertEvent(event, 'acknowledged');
      const missing = missingFrom(event.honoured, context.wanted ?? {});
      subscriptionPorts.of(system).acknowledged(event.honoured, missing);
    },
    reportFailed: ({ event, system }) => {
      assertEvent(event, 'ended');
      if (event.failure !== undefined) subscriptionPorts.of(system).failed(event.failure);
    },
    reportSilence: ({ system }) => {
      subscriptionPorts.of(system).report(notAcknowledged(ACKNOWLEDGE_TIMEOUT));
    },
  },
  delays: {
    acknowledgeTimeout: ACKNOWLEDGE_TIMEOUT,
    stable: STABLE_AFTER,
    reopening: ({ context, system }) =>
      retryDelay(STREAM_BACKOFF, context.endings, subscriptionPorts.of(system).random(), context.retryAfter),
  },
}).createMachine({
  id: 'subscription',
  context: ({ input }) => ({
    wanted: input.wanted,
    endings: 0,
    retryAfter: undefined,
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
            actions: ['keepHonoured', 'reportAcknowledged', 'reportMissedChanges'],
          },
          { target: 'open', actions: ['keepHonoured', 'reportAcknowledged'] },
        ],
        ended: [
          { guard: 'notServed', target: 'unsupported', actions: 'reportFailed' },
          { target: 'waiting', actions: ['countEnding', 'keepRetryAfter', 'reportFailed'] },
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
      on: { ended: { target: 'waiting', actions: ['countEnding', 'keepRetryAfter', 'reportFailed'] } },
    },
    waiting: {
      after: { reopening: 'opening' },
    },
    unsupported: {
      // The wanted notifications may change, but the server will not support subscriptions.
      on: { watch: { actions: 'keepWanted' } },
    },
  },
});
