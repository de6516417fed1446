import { handshakeVersion } from '../../protocol/negotiation.js';
import { connectionSetup, wantedChanges } from './connection-setup.js';

/** The life of a connection: see docs/architecture.md for the picture. */
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
    initial: true,
    recovering: false,
    attempts: 0,
    losses: [],
    era: input.era,
    question: { version: handshakeVersion(input.policy.acceptable), corrected: false, unanswered: false },
    endedDuringNegotiation: undefined,
    refusal: undefined,
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
        disconnect: { actions: 'drained' },
      },
    },

    // Everything that happens over one link, from opening it to losing it.
    linked: {
      entry: ['beginEpoch', 'chooseDeadline', 'setTimer'],
      exit: ['exportSession', 'endInFlight', 'abortServerRequests', 'dropSession', 'endAttempt', 'clearTimer'],
      invoke: { src: 'link', id: 'link', input: ({ context }) => ({ epoch: context.epoch }) },
      on: {
        connect: { actions: ['addWaiter', 'chooseDeadline', 'setTimer'] },
        join: { actions: ['addWaiter', 'chooseDeadline', 'setTimer'] },
        leave: [
          { guard: 'wantedByOthers', actions: 'removeWaiter' },
          { target: 'closed', actions: ['removeWaiter', 'keepTimeout'] },
        ],
        deadline: [
          { guard: 'attemptGoesOn', actions: ['settleExpired', 'dropExpired', 'chooseDeadline', 'setTimer'] },
          { guard: 'mayTryAgain', target: 'reconnecting', actions: ['keepTimeout', 'settleExpired', 'dropExpired'] },
          { target: 'closed', actions: ['keepTimeout', 'settleExpired', 'dropExpired'] },
        ],
        'link.closed': [
          { guard: 'mayTryAgain', target: 'reconnecting', actions: 'keepFailure' },
          { target: 'closed', actions: 'keepFailure' },
        ],
        'attempt.failed': [
          { guard: 'mayTryAgain', target: 'reconnecting', actions: 'keepFailure' },
          { target: 'closed', actions: 'keepFailure' },
        ],
        reconnect: { target: 'linked', reenter: true, actions: 'beginByHand' },
        disconnect: { target: 'closed', actions: 'forgetFailure' },
      },
      initial: 'connecting',
      states: {
        connecting: {
          tags: 'connecting',
          entry: 'holdRequests',
          on: { 'link.opened': 'initializing' },
        },
        initializing: {
          tags: 'initializing',
          initial: 'choosing',
          states: {
            choosing: {
              entry: 'chooseNegotiationRequest',
              always: [
                // A server that forgets each session at once would be asked for the next one without a pause and without an end.
                { guard: 'crashesTooOften', target: '#connection.closed', actions: 'keepCrashLoop' },
                { guard: 'mayResume', target: 'resuming' },
                { guard: 'asksHandshakeFirst', target: 'negotiating.handshaking' },
                { target: 'negotiating.discovering' },
              ],
            },
            // Another client negotiated, and left its session behind.
            resuming: {
              entry: 'takeUp',
              on: {
                'resume.taken': { target: '#connection.linked.established', actions: 'keepInherited' },
                'resume.refused': { target: 'choosing', actions: 'dropInherited' },
              },
            },
            negotiating: {
              exit: 'cancelNegotiation',
              on: {
                // Some legacy servers end on a question that they do not know. One more start tells.
                'link.closed': {
                  guard: 'mayHaveEndedDuringNegotiation',
                  target: '#connection.linked',
                  reenter: true,
                  actions: 'keepFirstEnding',
                },
              },
              initial: 'discovering',
              states: {
                discovering: {
                  entry: 'sendDiscover',
                  on: {
                    discovered: [
                      {
                        guard: 'foundSession',
                        target: '#connection.linked.initializing.restoring',
                        actions: ['keepSession', 'announce'],
                      },
                      { guard: 'wantsOtherVersion', target: 'discovering', reenter: true, actions: 'takeVersion' },
                      { guard: 'wantsHandshake', target: 'handshaking', actions: 'takeVersion' },
                      { actions: 'failAttempt' },
                    ],
                  },
                  after: {
                    probeTimeout: { guard: 'mayFallBack', target: 'handshaking', actions: 'chooseHandshake' },
                  },
                },
                handshaking: {
                  entry: 'sendInitialize',
                  on: {
                    shook: [
                      {
                        guard: 'foundSession',
                        target: '#connection.linked.initializing.restoring',
                        actions: ['keepSession', 'announce'],
                      },
                      { guard: 'wantsOtherVersion', target: 'handshaking', reenter: true, actions: 'takeVersion' },
                      // It may be another server by now.
                      {
                        guard: 'rememberedLegacy',
                        target: '#connection.linked.initializing.choosing',
                        actions: 'forgetEra',
                      },
                      { guard: 'mayStillBeModern', target: 'refused', actions: 'keepRefusal' },
                      { actions: 'failAttempt' },
                    ],
                    // A server that was slow to start may still say that it is modern.
                    discovered: [
                      {
                        guard: 'foundSession',
                        target: '#connection.linked.initializing.restoring',
                        actions: ['keepSession', 'announce'],
                      },
                      { actions: 'noteAnswered' },
                    ],
                  },
                },
                // The handshake was refused while the modern question was still open: the answer to that decides.
                refused: {
                  on: {
                    discovered: [
                      {
                        guard: 'foundSession',
                        target: '#connection.linked.initializing.restoring',
                        actions: ['keepSession', 'announce'],
                      },
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
            suspend: { target: '#connection.closed', actions: 'noteSuspended' },
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
                guard: 'mayReconnect',
                target: '#connection.lost',
                actions: 'keepFailure',
              },
              { target: '#connection.closed', actions: 'keepFailure' },
            ],
            'link.closed': [
              {
                guard: 'mayReconnect',
                target: '#connection.lost',
                actions: 'keepFailure',
              },
              { target: '#connection.closed', actions: 'keepFailure' },
            ],
          },
          after: { stable: { actions: 'forgetAttempts' } },
          initial: { target: 'ready', actions: 'openGate' },
          states: {
            ready: { tags: 'ready', on: { 'health.suspect': 'degraded' } },
            degraded: { tags: 'degraded', on: { 'health.recovered': 'ready' } },
          },
        },
      },
    },

    // A connection that stood and is to come back, unless this happens all the time.
    lost: {
      tags: 'reconnecting',
      entry: 'countLoss',
      always: [{ guard: 'crashesTooOften', target: 'closed', actions: 'keepCrashLoop' }, { target: 'reconnecting' }],
    },

    reconnecting: {
      tags: 'reconnecting',
      entry: ['holdRequests', 'beginRecovery', 'chooseDelay', 'chooseDeadline', 'setTimer'],
      exit: 'clearTimer',
      always: { guard: 'nobodyWaitsThatLong', target: 'closed' },
      after: { backoff: { target: 'linked', actions: 'countAttempt' } },
      on: {
        connect: { actions: ['addWaiter', 'chooseDeadline', 'setTimer'] },
        join: { actions: ['addWaiter', 'chooseDeadline', 'setTimer'] },
        leave: [
          { guard: 'wantedByOthers', actions: 'removeWaiter' },
          { target: 'closed', actions: ['removeWaiter', 'keepTimeout'] },
        ],
        deadline: [
          { guard: 'stillWanted', actions: ['settleExpired', 'dropExpired', 'chooseDeadline', 'setTimer'] },
          { target: 'closed', actions: ['keepTimeout', 'settleExpired', 'dropExpired'] },
        ],
        reconnect: { target: 'linked', actions: 'beginByHand' },
        disconnect: { target: 'closed', actions: ['endInFlight', 'forgetFailure'] },
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
              { target: 'done', actions: 'drained' },
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
            disconnect: { actions: ['forgetFailure', 'drained'] },
          },
        },
      },
    },
  },
});
