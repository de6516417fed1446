import { assign, cancel, enqueueActions, fromCallback, fromPromise, raise, sendTo, setup } from 'xstate';
import type { EventObject } from 'xstate';

import { askedDelay, retryDelay } from '../../util/backoff.js';
import { failure } from '../../util/failure.js';
import { withCheck } from '../../diagnostics/health-score.js';
import {
  firstNegotiationRequest,
  handshakeVersion,
  judgeDiscovery,
  judgeHandshake,
  mayFallBack,
} from '../../protocol/negotiation.js';
import type { Verdict } from '../../protocol/negotiation.js';
import { hasCapability } from '../../protocol/methods.js';
import { withLoss } from '../../util/restart-budget.js';
import type { SubscriptionFilter } from '../../protocol/schema/index.js';
import {
  connectTimedOut,
  crashLoop,
  DISCONNECTED,
  endOf,
  failureOf,
  FORGOTTEN,
  GIVEN_UP,
  isFinal,
  nothingToSuspend,
  refusal,
  SUSPENDED,
} from './connection-failures.js';
import type {
  ConnectionEvent,
  ConnectionFacts,
  ConnectionInput,
  ConnectionState,
  Waiter,
} from './connection-context.js';
import { connectionPorts } from './connection-ports.js';
import { healthMachine } from '../health/health-machine.js';
import { requestsLogic } from '../request/request-gate.js';
import { serverStreamMachine } from '../server-stream/server-stream-machine.js';
import { subscriptionMachine } from '../subscription/subscription-machine.js';

/** Milliseconds for putting back what the user had asked of the session before. */
const RESTORE_TIMEOUT = 5_000;

/** Milliseconds after which a session counts as one that works, so that failed attempts before it are forgotten. */
const STABLE_AFTER = 10_000;

const portsOf = connectionPorts.of;

/** The verdict on the answer that an event brings; what is not an answer decides nothing. */
function judge(facts: ConnectionFacts, event: ConnectionEvent): Verdict | undefined {
  const question = { acceptable: facts.policy.acceptable, ...facts.question };
  if (event.type === 'discovered') return judgeDiscovery(event.answer, question);
  return event.type === 'shook' ? judgeHandshake(event.answer, question) : undefined;
}

function nothingToRestore({ session, desired }: ConnectionFacts): boolean {
  if (session?.era !== 'legacy') return true;
  const { capabilities } = session;
  const level = desired.logLevel !== undefined && hasCapability(capabilities, 'logging');
  return !level && (desired.resources.length === 0 || !hasCapability(capabilities, 'resources.subscribe'));
}

/** The changes to watch in a session of the modern era, as far as the server announces them; undefined for none. */
export function wantedChanges({ session, desired }: ConnectionFacts): SubscriptionFilter | undefined {
  if (session?.era !== 'modern') return undefined;
  const { capabilities } = session;
  const filter: SubscriptionFilter = {};
  for (const list of desired.lists) {
    if (hasCapability(capabilities, `${list}.listChanged`)) filter[`${list}ListChanged`] = true;
  }
  if (desired.resources.length > 0 && hasCapability(capabilities, 'resources.subscribe')) {
    filter.resourceSubscriptions = [...desired.resources];
  }
  return Object.keys(filter).length === 0 ? undefined : filter;
}

/** Whether anybody waits beyond the time for which the timer was set, or the connection is to come back anyway. */
function stillWanted({ initial, waiters, armedFor }: ConnectionFacts): boolean {
  return !initial || waiters.some(({ deadline }) => deadline > armedFor);
}

function idsOf(waiters: readonly Waiter[]): number[] {
  return waiters.map(({ id }) => id);
}

/** What the names in the chart of a connection stand for: `connection-machine.ts` says when each of them counts. */
export const connectionSetup = setup({
  types: {
    context: {} as ConnectionFacts,
    events: {} as ConnectionEvent,
    input: {} as ConnectionInput,
    tags: {} as ConnectionState,
  },
  actors: {
    link: fromCallback<EventObject, { readonly epoch: number }>(({ input, sendBack, system }) =>
      portsOf(system).openLink(input.epoch, sendBack),
    ),
    release: fromPromise(({ system }) => portsOf(system).release()),
    requests: requestsLogic,
    health: healthMachine,
    subscription: subscriptionMachine,
    serverStream: serverStreamMachine,
  },
  guards: {
    asksHandshakeFirst: ({ context }) => !context.question.unanswered,
    foundSession: ({ context, event }) => judge(context, event)?.verdict === 'session',
    wantsOtherVersion: ({ context, event }) => judge(context, event)?.verdict === 'ask-again',
    wantsHandshake: ({ context, event }) => judge(context, event)?.verdict === 'handshake',
    // A server that has corrected the version is modern, however silent it is then.
    mayFallBack: ({ context }) => mayFallBack(context.policy.acceptable) && !context.question.corrected,
    mayHaveEndedDuringNegotiation: ({ context }) =>
      mayFallBack(context.policy.acceptable) &&
      context.question.unanswered &&
      context.endedDuringNegotiation === undefined &&
      // What was only handed in may be wrong; what a session has shown is not.
      (context.era === undefined || context.connectionCount === 0),
    // It may be modern and slow to start: what it does not know it refuses at once, and what it knows it works on.
    mayStillBeModern: ({ context }) => context.question.unanswered,
    rememberedLegacy: ({ context }) => context.era === 'legacy' && mayFallBack(context.policy.acceptable),
    nothingToRestore: ({ context }) => nothingToRestore(context),
    mayResume: ({ context: { inherited, policy } }) =>
      inherited !== undefined && policy.acceptable[inherited.era].includes(inherited.protocolVersion),
    mayTryAgain: ({ context, event }) => {
      const { autoReconnect, retryInitialConnect, maxReconnectAttempts } = context.policy;
      if (!(context.initial ? retryInitialConnect : autoReconnect)) return false;
      if (event.type === 'deadline' && !stillWanted(context)) return false;
      const why = failureOf(context, event);
      return context.attempts < maxReconnectAttempts && (why === undefined || !isFinal(why));
    },
    isStateless: ({ context }) => context.perRequest && context.session?.era === 'modern',
    mayReconnect: ({ context, event }) => {
      const { autoReconnect, maxReconnectAttempts } = context.policy;
      const why = failureOf(context, event);
      return autoReconnect && context.attempts < maxReconnectAttempts && (why === undefined || !isFinal(why));
    },
    crashesTooOften: ({ context }) => context.losses.length > context.policy.restarts.maxRestarts,
    // An abort ends an attempt that nobody else waits for. A connection that was lost comes back whoever waits.
    wantedByOthers: ({ context, event }) =>
      !context.initial || context.waiters.some((waiter) => event.type === 'leave' && waiter.id !== event.waiter),
    attemptGoesOn: ({ context }) => context.armedFor < context.attemptDeadline && stillWanted(context),
    // A first connect is for those who wait for it; a connection that was lost comes back whoever waits.
    stillWanted: ({ context }) => stillWanted(context),
    // The server asks to be left alone until everybody has stopped waiting: they hear now what it said.
    nobodyWaitsThatLong: ({ context: { delay, patience } }) => delay >= patience,
    someoneWaits: ({ context }) => context.waiters.length > 0,
  },
  actions: {
    addWaiter: assign(({ context, event }) =>
      event.type === 'connect' || event.type === 'join' ? { waiters: [...context.waiters, event.waiter] } : {},
    ),
    removeWaiter: assign(({ context, event }) =>
      event.type === 'leave' ? { waiters: context.waiters.filter(({ id }) => id !== event.waiter) } : {},
    ),
    settleExpired: ({ context, system }) => {
      for (const { id, deadline, timeout } of context.waiters) {
        if (deadline > context.armedFor) continue;
        portsOf(system).settle([id], connectTimedOut(timeout, portsOf(system).describeSilence()));
      }
    },
    dropExpired: assign({
      waiters: ({ context }) => context.waiters.filter(({ deadline }) => deadline > context.armedFor),
    }),
    turnAway: ({ context, event, system }) => {
      if (event.type === 'join') portsOf(system).settle([event.waiter.id], refusal(context));
    },
    settleWithSession: ({ context: { session, waiters }, system }) => {
      if (session !== undefined) portsOf(system).settle(idsOf(waiters), session);
    },
    settleWithFailure: ({ context, system }) => {
      portsOf(system).settle(idsOf(context.waiters), context.failure ?? DISCONNECTED);
    },
    dropWaiters: assign({ waiters: [] }),
    chooseDeadline: assign(({ context }) => ({
      armedFor: Math.min(...context.waiters.map(({ deadline }) => deadline), context.attemptDeadline),
    })),
    setTimer: enqueueActions(({ context, enqueue }) => {
      enqueue.cancel('deadline');
      if (context.armedFor !== Infinity)
        enqueue.raise({ type: 'deadline' }, { id: 'deadline', delay: 'untilDeadline' });
    }),
    clearTimer: cancel('deadline'),
    beginEpoch: assign(({ context, system }) => ({
      epoch: context.epoch + 1,
      attemptDeadline: context.recovering ? portsOf(system).now() + context.policy.connectTimeout : Infinity,
    })),
    endAttempt: assign({ attemptDeadline: Infinity }),
    dropSession: assign({ session: undefined }),
    beginFirstAttempt: assign({
      initial: true,
      recovering: false,
      attempts: 0,
      losses: [],
      failure: undefined,
      endedDuringNegotiation: undefined,
      suspended: false,
    }),
    beginRenewal: assign(({ context, system }) => ({
      recovering: true,
      session: undefined,
      attemptDeadline: portsOf(system).now() + context.policy.connectTimeout,
    })),
    beginRecovery: assign({ recovering: true, endedDuringNegotiation: undefined }),
    // Somebody who says so by hand knows more than a count of what went wrong before.
    beginByHand: assign({ recovering: true, endedDuringNegotiation: undefined, attempts: 0, losses: [] }),
    countLoss: assign({
      losses: ({ context, system }) => withLoss(context.losses, portsOf(system).now(), context.policy.restarts),
    }),
    keepForgotten: assign({ failure: FORGOTTEN }),
    keepCrashLoop: assign({ failure: ({ context }) => crashLoop(context) }),
    forgetAttempts: assign({ attempts: 0 }),
    countAttempt: assign({ attempts: ({ context }) => context.attempts + 1, endedDuringNegotiation: undefined }),
    chooseDelay: assign(({ context, system }) => {
      const ports = portsOf(system);
      const asked = askedDelay(context.failure);
      const last = Math.max(...context.waiters.map(({ deadline }) => deadline));
      return {
        delay: retryDelay(context.policy.backoff, context.attempts + 1, ports.random(), asked),
        patience: context.initial && asked !== undefined ? last - ports.now() : Infinity,
      };
    }),
    keepFailure: assign(({ context, event }) => ({
      failure: failureOf(context, event),
      errorCount: context.errorCount + 1,
    })),
    keepTimeout: assign(({ context, event, system }) => ({
      failure: endOf(context, event, portsOf(system).describeSilence()),
      errorCount: context.errorCount + 1,
    })),
    forgetFailure: assign({ failure: undefined }),
    keepFirstEnding: assign(({ event }) => ('failure' in event ? { endedDuringNegotiation: event.failure } : {})),
    chooseNegotiationRequest: assign(({ context }) => {
      const { acceptable } = context.policy;
      const { ask, version } = firstNegotiationRequest(
        acceptable,
        context.endedDuringNegotiation === undefined ? context.era : 'legacy',
      );
      return { question: { version, corrected: false, unanswered: ask === 'modern' } };
    }),
    chooseHandshake: assign(({ context }) => ({
      question: { version: handshakeVersion(context.policy.acceptable), corrected: false, unanswered: true },
    })),
    takeVersion: assign(({ context, event }) => {
      const verdict = judge(context, event);
      if (verdict?.verdict !== 'ask-again' && verdict?.verdict !== 'handshake') return {};
      const { version } = verdict;
      const again = verdict.verdict === 'ask-again';
      const doubt = again ? context.question.doubt : verdict.doubt;
      return { question: { version, corrected: again, unanswered: false, ...(doubt !== undefined && { doubt }) } };
    }),
    noteAnswered: assign({ question: ({ context }) => ({ ...context.question, unanswered: false }) }),
    keepRefusal: assign(({ context, event }) => {
      const verdict = judge(context, event);
      return verdict?.verdict === 'incompatible' ? { refusal: verdict.failure } : {};
    }),
    failRefused: raise(({ context }) => ({
      type: 'attempt.failed' as const,
      failure: context.refusal ?? GIVEN_UP,
    })),
    forgetEra: assign({ era: undefined }),
    keepSession: assign(({ context, event }) => {
      const verdict = judge(context, event);
      return verdict?.verdict === 'session'
        ? { session: verdict.session, era: verdict.session.era, resumed: false }
        : {};
    }),
    takeUp: ({ context, system }) => {
      if (context.inherited !== undefined) portsOf(system).takeUp(context.inherited);
    },
    keepInherited: assign(({ context: { inherited } }) => ({
      session: inherited,
      era: inherited?.era,
      inherited: undefined,
      resumed: true,
    })),
    dropInherited: assign({ inherited: undefined }),
    // Before the link is closed, which would end the session.
    exportSession: ({ context, event, system }) => {
      if (event.type === 'suspend' && context.session !== undefined)
        portsOf(system).exportSession(context.session, context.desired);
    },
    refuseHandOver: ({ context, system }) => {
      portsOf(system).refuseHandOver(nothingToSuspend(context));
    },
    noteSuspended: assign({ suspended: true, failure: undefined }),
    failAttempt: raise(({ context, event }) => {
      const verdict = judge(context, event);
      return {
        type: 'attempt.failed' as const,
        failure: verdict?.verdict === 'incompatible' ? verdict.failure : GIVEN_UP,
      };
    }),
    recordEstablished: assign(({ context, system }) => ({
      establishedAt: portsOf(system).now(),
      lastConnected: portsOf(system).now(),
      connectionCount: context.connectionCount + 1,
      initial: false,
      recovering: false,
      failure: undefined,
      endedDuringNegotiation: undefined,
    })),
    recordEnded: assign(({ context, system }) => ({
      pastUptime: context.pastUptime + portsOf(system).now() - (context.establishedAt ?? portsOf(system).now()),
      establishedAt: undefined,
    })),
    keepDesired: assign(({ context, event }) =>
      event.type === 'desire' ? { desired: { ...context.desired, ...event.desired } } : {},
    ),
    keepInterval: assign(({ event }) => (event.type === 'monitor' ? { healthInterval: event.interval } : {})),
    keepCheck: assign(({ context, event }) =>
      event.type === 'health.checked' ? { checks: withCheck(context.checks, event.check) } : {},
    ),
    sendDiscover: ({ context, system }) => {
      portsOf(system).sendDiscover(context.question);
    },
    sendInitialize: ({ context, system }) => {
      portsOf(system).sendInitialize(context.question);
    },
    cancelNegotiation: ({ system }) => {
      portsOf(system).cancelNegotiation();
    },
    announce: ({ context, system }) => {
      if (context.session !== undefined) portsOf(system).announce(context.session);
    },
    restore: ({ context, system }) => {
      if (context.session !== undefined && !nothingToRestore(context))
        portsOf(system).restore(context.session, context.desired);
    },
    reportRestoreTimeout: ({ system }) => {
      const message = `Putting back subscriptions and log level took longer than ${RESTORE_TIMEOUT} ms`;
      const details = { operation: 'restore', timeout: RESTORE_TIMEOUT, phase: 'connecting' };
      portsOf(system).report(failure('timeout', 'MCP_TIMEOUT', message, { details }));
    },
    applyDesired: ({ context, system }) => {
      if (context.session !== undefined) portsOf(system).applyDesired(context.session, context.desired);
    },
    // Sent, not called: it is delivered when the actors of the state have started, so that a subscription goes before what waits.
    openGate: enqueueActions(({ context: { session }, enqueue }) => {
      if (session !== undefined) enqueue.sendTo('requests', { type: 'flow', session });
    }),
    holdRequests: ({ system }) => {
      portsOf(system).tellRequests({ type: 'hold' });
    },
    refuseRequests: ({ context, system }) => {
      portsOf(system).tellRequests({ type: 'refuse', failure: refusal(context) });
    },
    // On leaving a link, before it is closed: so that the peer can still be told.
    endInFlight: ({ context, event, system }) => {
      if (event.type === 'disconnect') portsOf(system).tellRequests({ type: 'refuse', failure: DISCONNECTED });
      else if (event.type === 'suspend') portsOf(system).tellRequests({ type: 'refuse', failure: SUSPENDED });
      else portsOf(system).tellRequests({ type: 'lose', failure: failureOf(context, event) ?? endOf(context, event) });
    },
    // Before the link is closed: no answer to a question of this link, or of this session, may reach the next one.
    abortServerRequests: ({ system }) => {
      portsOf(system).abortServerRequests();
    },
    tellMonitor: sendTo('health', ({ context }) => ({ type: 'monitor' as const, interval: context.healthInterval })),
    tellSubscription: sendTo('subscription', ({ context }) => ({
      type: 'watch' as const,
      wanted: wantedChanges(context),
    })),
    drained: ({ system }) => {
      portsOf(system).drained();
    },
  },
  delays: {
    untilDeadline: ({ context, system }) => Math.max(context.armedFor - portsOf(system).now(), 0),
    backoff: ({ context }) => context.delay,
    probeTimeout: ({ context }) => context.policy.probeTimeout,
    restoreTimeout: RESTORE_TIMEOUT,
    stable: STABLE_AFTER,
  },
});
