import { handshakeVersion } from '../../protocol/negotiation.js';
import { connectionSetup } from './connection-setup.js';
import { wantedChanges } from './desired-state.js';

/** Some legacy servers exit when they receive server/discover. A second start, with initialize, shows whether this is one. */
const endsOnDiscover = {
  guard: 'mayHaveEndedOnDiscover',
  target: '#connection.ended',
  actions: ['keepFirstEnding', 'loseStart', 'abortServerRequests'],
} as const;

/** The response to a negotiation request names a session. */
const found = {
  guard: 'foundSession',
  target: '#connection.linked.initializing.restoring',
  actions: ['keepSession', 'announce'],
} as const;

/** Whatever takes the link away also ends the requests of both sides, and it does so before the link is closed. */
const lose = ['keepFailure', 'loseInFlight', 'abortServerRequests'] as const;
const giveUp = ['removeWaiter', 'keepGivenUp', 'loseInFlight', 'abortServerRequests'] as const;
const runOut = ['keepTimeout', 'loseInFlight', 'abortServerRequests', 'settleExpired', 'dropExpired'] as const;
const crash = ['loseInFlight', 'abortServerRequests', 'keepCrashLoop'] as const;

/** The lifecycle of a connection: docs/architecture.md has the picture. */
export const connectionMachine = connectionSetup.createMachine({
  id: 'connection',
  context: ({ input }) => ({
    policy: input.policy,
    perRequest: input.perRequest,
    desired: input.inherited?.desired ?? { logLevel: undefined, resources: [], lists: [] },
    epoch: 0,
    waiters: [],
    attemptDeadline: Infinity,
    armedFor: Infinity,
    purpose: 'connect',
    attempts: 0,
    losses: [],
    era: input.era,
    negotiation: { version: handshakeVersion(input.policy.acceptable), corrected: false },
    firstEnding: undefined,
    session: undefined,
    failure: undefined,
    delay: 0,
    patience: Infinity,
    healthInterval: input.healthInterval,
    checks: [],
    establishedAt: undefined,
    lastConnected: undefined,
    connectionCount: 0,
    inherited: input.inherited?.session,
    resumed: false,
    suspended: false,
    errorCount: 0,
    pastUptime: 0,
  }),
  invoke: { src: 'requests', id: 'requests' },
  on: {
    join: { actions: 'turnAway' },
    desire: { actions: 'keepDesired' },
    monitor: { actions: 'keepInterval' },
    suspend: { actions: 'refuseHandOver' },
  },
  initial: 'idle',
  states: {
    idle: {
      tags: 'idle',
      on: {
        connect: { target: 'linked', actions: ['addWaiter', 'beginFirstAttempt'] },
        disconnect: { actions: ['unclaim', 'drained'] },
      },
    },

    // Everything that happens over one link, from opening it to losing it.
    linked: {
      entry: ['beginEpoch', 'chooseDeadline', 'setTimer'],
      exit: ['dropSession', 'endAttempt', 'clearTimer'],
      invoke: { src: 'link', id: 'link', input: ({ context }) => ({ epoch: context.epoch }) },
      on: {
        connect: { actions: ['addWaiter', 'chooseDeadline', 'setTimer'] },
        join: { actions: ['addWaiter', 'chooseDeadline', 'setTimer'] },
        leave: [
          { guard: 'wantedByOthers', actions: 'removeWaiter' },
          { target: 'closed', actions: giveUp },
        ],
        deadline: [
          { guard: 'attemptGoesOn', actions: ['settleExpired', 'dropExpired', 'chooseDeadline', 'setTimer'] },
          { guard: 'mayTryLater', target: 'reconnecting', actions: runOut },
          { target: 'closed', actions: runOut },
        ],
        'link.closed': [
          { guard: 'mayTryAgain', target: 'reconnecting', actions: lose },
          { target: 'closed', actions: lose },
        ],
        'attempt.failed': [
          { guard: 'mayTryAgain', target: 'reconnecting', actions: lose },
          { target: 'closed', actions: lose },
        ],
        reconnect: {
          target: 'linked',
          reenter: true,
          actions: ['loseRenewed', 'abortServerRequests', 'beginByHand'],
        },
        disconnect: { target: 'closed', actions: ['refuseDisconnected', 'abortServerRequests', 'forgetFailure'] },
      },
      initial: 'connecting',
      states: {
        connecting: {
          tags: 'connecting',
          entry: 'holdRequests',
          initial: 'opening',
          states: {
            opening: {
              entry: 'forgetFirstEnding',
              on: { 'link.opened': '#connection.linked.initializing' },
            },
            // The server ended on server/discover: it is sent initialize at once.
            restarting: {
              on: {
                'link.opened': {
                  target: '#connection.linked.initializing.negotiating.handshaking',
                  actions: 'chooseHandshake',
                },
              },
            },
          },
        },
        initializing: {
          tags: 'initializing',
          initial: 'choosing',
          states: {
            choosing: {
              always: [
                // A server may forget each session at once. The client must not begin the next one for ever without a pause.
                { guard: 'crashesTooOften', target: '#connection.closed', actions: crash },
                { guard: 'mayResume', target: 'resuming' },
                { guard: 'asksHandshakeFirst', target: 'negotiating.handshaking', actions: 'chooseHandshake' },
                { target: 'negotiating.discovering', actions: 'chooseDiscover' },
              ],
            },
            // The link is offered the session that another client exported.
            resuming: {
              entry: 'takeUp',
              on: {
                'resume.taken': { target: '#connection.linked.established', actions: 'keepInherited' },
                'resume.refused': { target: 'choosing', actions: 'dropInherited' },
              },
            },
            negotiating: {
              exit: 'cancelNegotiation',
              initial: 'discovering',
              states: {
                discovering: {
                  entry: 'sendDiscover',
                  on: {
                    'link.closed': endsOnDiscover,
                    discovered: [
                      found,
                      { guard: 'wantsOtherVersion', target: 'discovering', reenter: true, actions: 'takeVersion' },
                      { guard: 'wantsHandshake', target: 'handshaking', actions: 'takeVersion' },
                      { actions: 'failAttempt' },
                    ],
                  },
                  after: {
                    probeTimeout: { guard: 'mayFallBack', target: 'handshaking.racing', actions: 'chooseHandshake' },
                  },
                },
                handshaking: {
                  entry: 'sendInitialize',
                  initial: 'single',
                  on: {
                    shook: [
                      { ...found, actions: ['keepSession', 'announce', 'sendInitialized'] },
                      { guard: 'wantsOtherVersion', target: 'handshaking', reenter: true, actions: 'takeVersion' },
                      // Another server may run at this address now.
                      {
                        guard: 'rememberedLegacy',
                        target: '#connection.linked.initializing.choosing',
                        actions: 'forgetEra',
                      },
                      { actions: 'failAttempt' },
                    ],
                    // A server that was slow to start may still turn out to be modern.
                    discovered: found,
                  },
                  states: {
                    // No response to server/discover decides anything any more, or it was never sent.
                    single: {},
                    // The server has not responded to server/discover yet.
                    racing: {
                      on: {
                        'link.closed': endsOnDiscover,
                        // The server may be modern and slow: it rejects an unknown method at once, and works on a known one.
                        shook: {
                          guard: 'refusesHandshake',
                          target: '#connection.linked.initializing.negotiating.refused',
                          actions: 'keepRefusal',
                        },
                        discovered: { guard: 'foundNoSession', target: 'single' },
                      },
                    },
                  },
                },
                // The server refused initialize before it responded to server/discover: that response decides.
                refused: {
                  on: {
                    'link.closed': endsOnDiscover,
                    discovered: [
                      found,
                      { guard: 'wantsOtherVersion', target: 'discovering', actions: 'takeVersion' },
                      { actions: 'failRefused' },
                    ],
                  },
                  after: { probeTimeout: { actions: 'failRefused' } },
                },
              },
            },
            restoring: {
              entry: 'restore',
              exit: 'cancelNegotiation',
              always: { guard: 'nothingToRestore', target: '#connection.linked.established' },
              on: { restored: '#connection.linked.established' },
              after: {
                restoreTimeout: { target: '#connection.linked.established', actions: 'reportRestoreTimeout' },
              },
            },
          },
        },
        established: {
          entry: ['endAttempt', 'clearTimer', 'recordEstablished', 'applyDesired', 'settleWithSession', 'dropWaiters'],
          exit: 'recordEnded',
          invoke: [
            { src: 'health', id: 'health', input: ({ context }) => ({ interval: context.healthInterval }) },
            {
              src: 'serverStream',
              id: 'serverStream',
              input: ({ context }) => ({ unused: !context.perRequest || context.session?.era !== 'legacy' }),
            },
            {
              src: 'subscription',
              id: 'subscription',
              // Over one link it goes first. Where each request has an exchange of its own any of them may be there sooner.
              input: ({ context }) => ({ wanted: wantedChanges(context), overtaken: context.perRequest }),
            },
          ],
          on: {
            connect: { actions: ['addWaiter', 'settleWithSession', 'dropWaiters'] },
            join: { actions: ['addWaiter', 'settleWithSession', 'dropWaiters'] },
            leave: {},
            suspend: '.suspending',
            desire: { actions: ['keepDesired', 'applyDesired', 'tellSubscription'] },
            monitor: { actions: ['keepInterval', 'tellMonitor'] },
            'health.checked': { actions: 'keepCheck' },
            // A new session, over the same link: exchanges that are still open go on in the old one.
            'session.lost': {
              target: '#connection.linked.initializing',
              actions: [
                'abortServerRequests',
                'countLoss',
                'keepForgotten',
                'beginRenewal',
                'chooseDeadline',
                'setTimer',
                'holdRequests',
              ],
            },
            'health.failed': [
              // Without a link and without a session there is nothing that could be opened anew.
              { guard: 'isStateless' },
              {
                guard: 'mayTryAgain',
                target: '#connection.lost',
                actions: lose,
              },
              { target: '#connection.closed', actions: lose },
            ],
            'link.closed': [
              {
                guard: 'mayTryAgain',
                target: '#connection.lost',
                actions: lose,
              },
              { target: '#connection.closed', actions: lose },
            ],
          },
          after: { stable: { actions: 'forgetAttempts' } },
          initial: { target: 'ready', actions: 'openGate' },
          states: {
            ready: { tags: 'ready', on: { 'health.suspect': 'degraded' } },
            degraded: { tags: 'degraded', on: { 'health.recovered': 'ready' } },
            // Before the link is closed, which would end the session.
            suspending: {
              entry: ['exportSession', 'refuseSuspended', 'abortServerRequests'],
              always: { target: '#connection.closed', actions: 'noteSuspended' },
            },
          },
        },
      },
    },

    // The server ended on server/discover. It is started once more.
    ended: {
      tags: 'connecting',
      always: 'linked.connecting.restarting',
    },

    // An established connection was lost. It is opened again unless it was lost too often.
    lost: {
      tags: 'reconnecting',
      entry: 'countLoss',
      always: [{ guard: 'crashesTooOften', target: 'closed', actions: 'keepCrashLoop' }, { target: 'reconnecting' }],
    },

    reconnecting: {
      tags: 'reconnecting',
      entry: ['holdRequests', 'keepTrying', 'chooseDelay', 'chooseDeadline', 'setTimer'],
      exit: 'clearTimer',
      always: { guard: 'nobodyWaitsThatLong', target: 'closed' },
      after: { backoff: { target: 'linked', actions: 'countAttempt' } },
      on: {
        connect: { actions: ['addWaiter', 'chooseDeadline', 'setTimer'] },
        join: { actions: ['addWaiter', 'chooseDeadline', 'setTimer'] },
        leave: [
          { guard: 'wantedByOthers', actions: 'removeWaiter' },
          { target: 'closed', actions: ['removeWaiter', 'keepGivenUp'] },
        ],
        deadline: [
          { guard: 'stillWanted', actions: ['settleExpired', 'dropExpired', 'chooseDeadline', 'setTimer'] },
          { target: 'closed', actions: ['keepTimeout', 'settleExpired', 'dropExpired'] },
        ],
        reconnect: { target: 'linked', actions: 'beginByHand' },
        disconnect: { target: 'closed', actions: ['refuseDisconnected', 'forgetFailure'] },
      },
    },

    closed: {
      tags: 'closed',
      entry: ['refuseRequests', 'settleWithFailure', 'dropWaiters'],
      initial: 'draining',
      states: {
        draining: {
          invoke: {
            src: 'release',
            id: 'release',
            onDone: [
              { guard: 'someoneWaits', target: '#connection.linked', actions: ['drained', 'beginFirstAttempt'] },
              { target: 'done', actions: ['unclaim', 'drained'] },
            ],
          },
          entry: ['chooseDeadline', 'setTimer'],
          exit: 'clearTimer',
          on: {
            // Remembered, and taken up when the old link is gone.
            connect: { actions: ['addWaiter', 'chooseDeadline', 'setTimer', 'holdRequests'] },
            join: [
              { guard: 'someoneWaits', actions: ['addWaiter', 'chooseDeadline', 'setTimer'] },
              { actions: 'turnAway' },
            ],
            leave: { actions: 'removeWaiter' },
            deadline: { actions: ['settleExpired', 'dropExpired', 'chooseDeadline', 'setTimer'] },
            disconnect: { actions: ['forgetFailure', 'refuseRequests', 'settleWithFailure', 'dropWaiters'] },
          },
        },
        done: {
          // Also what came in the hope of a connection that was called off again.
          entry: 'refuseRequests',
          on: {
            connect: { target: '#connection.linked', actions: ['addWaiter', 'beginFirstAttempt'] },
            disconnect: { actions: ['forgetFailure', 'unclaim', 'drained'] },
          },
        },
      },
    },
  },
});
