import { assertEvent, assign, cancel, enqueueActions, fromCallback, fromPromise, raise, sendTo, setup } from 'xstate';
import type { EventObject } from 'xstate';

import { askedDelay, retryDelay, STABLE_AFTER } from '../../util/retry-policy.js';
import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { withCheck } from '../../diagnostics/health-score.js';
import { firstNegotiationRequest, handshakeVersion, mayFallBack } from '../../protocol/negotiation.js';
import { withLoss } from '../../util/restart-budget.js';
import {
  ABANDONED,
  connectTimedOut,
  crashLoop,
  DISCONNECTED,
  isFinal,
  nothingToSuspend,
  RENEWED,
  SESSION_LOST,
  SUSPENDED,
  timeoutOf,
  whyClosed,
} from './connection-failures.js';
import type { ConnectionEvent, ConnectionFacts, ConnectionInput, ConnectionState } from './connection-context.js';
import { connectionPorts } from './connection-ports.js';
import {
  failureFrom,
  idsOf,
  mayBeLegacy,
  mayReconnect,
  nextPurpose,
  postponed,
  stillWanted,
  verdictOf,
} from './connection-rules.js';
import { restoringRequests, wantedChanges } from './desired-state.js';
import { healthMachine } from '../health/health-machine.js';
import { requestsLogic } from '../request/request-gate.js';
import { serverStreamMachine } from '../server-stream/server-stream-machine.js';
import { subscriptionMachine } from '../subscription/subscription-machine.js';

/** Milliseconds for restoring log level and subscriptions in a new session. */
const RESTORE_TIMEOUT = 5_000;

const portsOf = connectionPorts.of;

/** Rejects the requests, and the callers that wait until a resource is watched: there will be no session. */
function rejectAll(system: object, why: Failure): void {
  portsOf(system).sendToRequests({ type: 'close', failure: why });
  portsOf(system).failWatches(why);
}

/** Makes an action of an effect that needs neither context nor event. */
function effect(name: 'abortServerRequests' | 'cancelNegotiation' | 'drained' | 'sendInitialized' | 'unclaim') {
  return ({ system }: { readonly system: object }): void => {
    portsOf(system)[name]();
  };
}

/** Milliseconds for which the deadlines have been standing still. */
function pauseOf({ pausedAt }: ConnectionFacts, system: object): number {
  return pausedAt === undefined ? 0 : portsOf(system).now() - pausedAt;
}

/** The guards, actions, actors and delays that the chart in `connection-machine.ts` names. */
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
    asksHandshakeFirst: ({ context }) =>
      firstNegotiationRequest(context.policy.acceptable, context.era).ask === 'legacy',
    foundSession: ({ context, event }) => verdictOf(context, event).verdict === 'session',
    foundNoSession: ({ context, event }) => verdictOf(context, event).verdict !== 'session',
    refusesHandshake: ({ context, event }) => verdictOf(context, event).verdict === 'incompatible',
    wantsOtherVersion: ({ context, event }) => verdictOf(context, event).verdict === 'ask-again',
    wantsHandshake: ({ context, event }) => verdictOf(context, event).verdict === 'handshake',
    mayFallBack: ({ context }) => mayBeLegacy(context),
    mayHaveEndedOnDiscover: ({ context }) =>
      mayBeLegacy(context) &&
      // An era that the user passed may be wrong; the era of an earlier session is right.
      (context.era === undefined || context.connectionCount === 0),
    rememberedLegacy: ({ context }) => context.era === 'legacy' && mayFallBack(context.policy.acceptable),
    nothingToRestore: ({ context }) => restoringRequests(context).length === 0,
    mayResume: ({ context: { inherited, policy } }) =>
      inherited !== undefined && policy.acceptable[inherited.era].includes(inherited.protocolVersion),
    mayTryAgain: ({ context, event }) => mayReconnect(context) && !isFinal(failureFrom(context, event)),
    mayTryLater: ({ context }) => mayReconnect(context) && stillWanted(context),
    isStateless: ({ context }) => context.perRequest && context.session?.era === 'modern',
    crashesTooOften: ({ context }) => context.losses.length > context.policy.restarts.maxRestarts,
    // An abort ends an attempt for which no other caller waits. A lost connection is recovered without callers, too.
    wantedByOthers: ({ context, event }) => {
      assertEvent(event, 'leave');
      return context.purpose === 'recover' || context.waiters.some(({ id }) => id !== event.waiter);
    },
    mayKeepConnecting: ({ context }) => context.armedFor < context.connectDeadline && stillWanted(context),
    stillWanted: ({ context }) => stillWanted(context),
    // The server asked the client to retry after the deadline of every caller, so the callers get its failure now.
    waitsTooLong: ({ context: { delay, patience } }) => delay >= patience,
    hasWaiters: ({ context }) => context.waiters.length > 0,
  },
  actions: {
    addWaiter: assign(({ context, event, system }) => {
      assertEvent(event, ['connect', 'join']);
      return { waiters: [...context.waiters, postponed(event.waiter, -pauseOf(context, system))] };
    }),
    removeWaiter: assign(({ context, event }) => {
      assertEvent(event, 'leave');
      return { waiters: context.waiters.filter(({ id }) => id !== event.waiter) };
    }),
    settleExpired: ({ context, system }) => {
      for (const { id, deadline, timeout } of context.waiters) {
        if (deadline > context.armedFor) continue;
        portsOf(system).settle([id], connectTimedOut(timeout, portsOf(system).describeSilence()));
      }
    },
    dropExpired: assign({
      waiters: ({ context }) => context.waiters.filter(({ deadline }) => deadline > context.armedFor),
    }),
    rejectWaiter: ({ context, event, system }) => {
      assertEvent(event, 'join');
      portsOf(system).settle([event.waiter.id], whyClosed(context));
    },
    settleWithSession: ({ context: { session, waiters }, system }) => {
      if (session !== undefined) portsOf(system).settle(idsOf(waiters), session);
    },
    settleWithFailure: ({ context, system }) => {
      portsOf(system).settle(idsOf(context.waiters), context.failure ?? DISCONNECTED);
    },
    dropWaiters: assign({ waiters: [] }),
    chooseDeadline: assign(({ context }) => ({
      armedFor: Math.min(...context.waiters.map(({ deadline }) => deadline), context.connectDeadline),
    })),
    setTimer: enqueueActions(({ context, enqueue }) => {
      enqueue.cancel('deadline');
      if (context.armedFor !== Infinity)
        enqueue.raise({ type: 'deadline' }, { id: 'deadline', delay: 'untilDeadline' });
    }),
    clearTimer: cancel('deadline'),
    pauseDeadlines: assign({ pausedAt: ({ system }) => portsOf(system).now(), armedFor: Infinity }),
    resumeDeadlines: assign(({ context, system }) => {
      const pause = pauseOf(context, system);
      return {
        pausedAt: undefined,
        connectDeadline: context.connectDeadline + pause,
        waiters: context.waiters.map((waiter) => postponed(waiter, pause)),
      };
    }),
    beginEpoch: assign(({ context, system }) => ({
      epoch: context.epoch + 1,
      connectDeadline: context.purpose === 'connect' ? Infinity : portsOf(system).now() + context.policy.connectTimeout,
    })),
    clearConnectDeadline: assign({ connectDeadline: Infinity }),
    dropSession: assign({ session: undefined }),
    beginConnecting: assign({
      purpose: 'connect',
      reconnectAttempts: 0,
      losses: [],
      failure: undefined,
      suspended: false,
    }),
    beginNextSession: assign(({ context, system }) => ({
      session: undefined,
      connectDeadline: portsOf(system).now() + context.policy.connectTimeout,
    })),
    keepTrying: assign({ purpose: ({ context }) => nextPurpose(context) }),
    // A user who calls reconnect() may know that the cause of the earlier failures is gone.
    beginManualReconnect: assign({ purpose: ({ context }) => nextPurpose(context), reconnectAttempts: 0, losses: [] }),
    countLoss: assign({
      losses: ({ context, system }) => withLoss(context.losses, portsOf(system).now(), context.policy.restarts),
    }),
    keepSessionLost: assign({ failure: SESSION_LOST }),
    keepCrashLoop: assign({ failure: ({ context }) => crashLoop(context) }),
    resetReconnectAttempts: assign({ reconnectAttempts: 0 }),
    countReconnectAttempt: assign({ reconnectAttempts: ({ context }) => context.reconnectAttempts + 1 }),
    chooseDelay: assign(({ context, system }) => {
      const ports = portsOf(system);
      const asked = askedDelay(context.failure);
      const last = Math.max(...context.waiters.map(({ deadline }) => deadline));
      return {
        delay: retryDelay(context.policy.backoff, context.reconnectAttempts + 1, ports.random(), asked),
        patience: context.purpose !== 'recover' && asked !== undefined ? last - ports.now() : Infinity,
      };
    }),
    keepFailure: assign(({ context, event }) => ({
      failure: failureFrom(context, event),
      errorCount: context.errorCount + 1,
    })),
    keepTimeout: assign(({ context, system }) => ({
      failure: timeoutOf(context, portsOf(system).describeSilence()),
      errorCount: context.errorCount + 1,
    })),
    keepAbandoned: assign(({ context }) => ({ failure: ABANDONED, errorCount: context.errorCount + 1 })),
    forgetFailure: assign({ failure: undefined }),
    keepFirstEnding: assign(({ event }) => {
      assertEvent(event, 'link.closed');
      return { firstEnding: event.failure };
    }),
    forgetFirstEnding: assign({ firstEnding: undefined }),
    chooseDiscover: assign(({ context: { policy, era } }) => ({
      negotiation: { version: firstNegotiationRequest(policy.acceptable, era).version, corrected: false },
    })),
    chooseHandshake: assign(({ context }) => ({
      negotiation: { version: handshakeVersion(context.policy.acceptable), corrected: false },
    })),
    takeVersion: assign(({ context, event }) => {
      const verdict = verdictOf(context, event);
      if (verdict.verdict !== 'ask-again' && verdict.verdict !== 'handshake') return {};
      const { version } = verdict;
      const again = verdict.verdict === 'ask-again';
      const doubt = again ? context.negotiation.doubt : verdict.doubt;
      return { negotiation: { version, corrected: again, ...(doubt !== undefined && { doubt }) } };
    }),
    keepHandshakeRefusal: assign(({ context, event }) => {
      const verdict = verdictOf(context, event);
      return verdict.verdict === 'incompatible'
        ? { negotiation: { ...context.negotiation, handshakeRefusal: verdict.failure } }
        : {};
    }),
    failRefused: raise(({ context }) => ({
      type: 'negotiation.failed' as const,
      failure: context.negotiation.handshakeRefusal ?? ABANDONED,
    })),
    forgetEra: assign({ era: undefined }),
    keepSession: assign(({ context, event }) => {
      const verdict = verdictOf(context, event);
      return verdict.verdict === 'session'
        ? { session: verdict.session, era: verdict.session.era, resumed: false, streamResumes: false }
        : {};
    }),
    resume: ({ context, system }) => {
      if (context.inherited !== undefined) portsOf(system).resume(context.inherited);
    },
    keepInherited: assign(({ context: { inherited }, event }) => {
      assertEvent(event, 'resume.taken');
      const { streamResumes } = event;
      return { session: inherited, era: inherited?.era, inherited: undefined, resumed: true, streamResumes };
    }),
    dropInherited: assign({ inherited: undefined }),
    exportSession: ({ context, system }) => {
      if (context.session !== undefined) portsOf(system).exportSession(context.session, context.desired);
    },
    refuseExport: ({ context, system }) => {
      portsOf(system).refuseExport(nothingToSuspend(context));
    },
    noteSuspended: assign({ suspended: true, failure: undefined }),
    failNegotiation: raise(({ context, event }) => {
      const verdict = verdictOf(context, event);
      return {
        type: 'negotiation.failed' as const,
        failure: verdict.verdict === 'incompatible' ? verdict.failure : ABANDONED,
      };
    }),
    recordEstablished: assign(({ context, system }): Partial<ConnectionFacts> => ({
      establishedAt: portsOf(system).now(),
      lastConnected: portsOf(system).now(),
      connectionCount: context.connectionCount + 1,
      purpose: 'recover',
      failure: undefined,
      firstEnding: undefined,
    })),
    recordEnded: assign(({ context, system }) => ({
      pastUptime: context.pastUptime + portsOf(system).now() - (context.establishedAt ?? portsOf(system).now()),
      establishedAt: undefined,
    })),
    keepDesired: assign(({ context, event }) => {
      assertEvent(event, 'desire');
      return { desired: { ...context.desired, ...event.desired } };
    }),
    keepInterval: assign(({ event }) => {
      assertEvent(event, 'monitor');
      return { healthInterval: event.interval };
    }),
    keepCheck: assign(({ context, event }) => {
      assertEvent(event, 'health.checked');
      return { checks: withCheck(context.checks, event.check) };
    }),
    sendDiscover: ({ context, system }) => {
      portsOf(system).sendDiscover(context.negotiation);
    },
    sendInitialize: ({ context, system }) => {
      portsOf(system).sendInitialize(context.negotiation);
    },
    cancelNegotiation: effect('cancelNegotiation'),
    announce: ({ context, system }) => {
      if (context.session !== undefined) portsOf(system).announce(context.session);
    },
    sendInitialized: effect('sendInitialized'),
    restore: ({ context, system }) => {
      const requests = restoringRequests(context);
      if (requests.length > 0) portsOf(system).restore(requests);
    },
    reportRestoreTimeout: ({ system }) => {
      const message = `Restoring subscriptions and log level took longer than ${RESTORE_TIMEOUT} ms`;
      const details = { operation: 'restore', timeout: RESTORE_TIMEOUT, phase: 'connecting' };
      portsOf(system).report(failure('timeout', 'MCP_TIMEOUT', message, { details }));
    },
    applyDesired: ({ context, system }) => {
      if (context.session !== undefined) portsOf(system).applyDesired(context.session, context.desired);
    },
    // Sent, not called: it arrives when the actors of the state have started, so that the subscription is sent before queued requests.
    openGate: enqueueActions(({ context: { session }, enqueue }) => {
      if (session !== undefined) enqueue.sendTo('requests', { type: 'open', session });
    }),
    pauseRequests: ({ system }) => {
      portsOf(system).sendToRequests({ type: 'pause' });
    },
    holdQueued: ({ system }) => {
      portsOf(system).sendToRequests({ type: 'hold' });
    },
    releaseQueued: ({ system }) => {
      portsOf(system).sendToRequests({ type: 'release' });
    },
    rejectRequests: ({ context, system }) => {
      rejectAll(system, whyClosed(context));
    },
    rejectDisconnected: ({ system }) => {
      rejectAll(system, DISCONNECTED);
    },
    rejectSuspended: ({ system }) => {
      rejectAll(system, SUSPENDED);
    },
    loseInFlight: ({ context, system }) => {
      portsOf(system).sendToRequests({ type: 'lose', failure: context.failure ?? DISCONNECTED });
    },
    loseStart: ({ context, system }) => {
      portsOf(system).sendToRequests({ type: 'lose', failure: context.firstEnding ?? DISCONNECTED });
    },
    loseRenewed: ({ system }) => {
      portsOf(system).sendToRequests({ type: 'lose', failure: RENEWED });
    },
    // No reply to a server request of this link or session may be sent in the next one.
    abortServerRequests: effect('abortServerRequests'),
    updateMonitor: sendTo('health', ({ context }) => ({ type: 'monitor' as const, interval: context.healthInterval })),
    updateSubscription: sendTo('subscription', ({ context }) => ({
      type: 'watch' as const,
      wanted: wantedChanges(context),
    })),
    unclaim: effect('unclaim'),
    drained: effect('drained'),
  },
  delays: {
    untilDeadline: ({ context, system }) => Math.max(context.armedFor - portsOf(system).now(), 0),
    backoff: ({ context }) => context.delay,
    probeTimeout: ({ context }) => context.policy.probeTimeout,
    restoreTimeout: RESTORE_TIMEOUT,
    stable: STABLE_AFTER,
  },
});
