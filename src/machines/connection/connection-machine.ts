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

/** Every end of a link first ends the requests of both sides. Then the link is closed. */
const loseLink = ['keepFailure', 'loseInFlight', 'abortServerRequests'] as const;
const abandon = ['removeWaiter', 'keepAbandoned', 'loseInFlight', 'abortServerRequests'] as const;
const timeOut = ['keepTimeout', 'loseInFlight', 'abortServerRequests', 'settleExpired', 'dropExpired'] as const;
const crash = ['loseInFlight', 'abortServerRequests', 'keepCrashLoop'] as const;

/** A connect attempt failed. */
const attemptFailed = [
  { guard: 'mayTryAgain', target: '#connection.reconnecting', actions: loseLink },
  { target: '#connection.closed', actions: loseLink },
] as const;

/** An established connection was lost. */
const connectionLost = [
  { guard: 'mayTryAgain', target: '#connection.lost', actions: loseLink },
  { target: '#connection.closed', actions: loseLink },
] as const;

/** A new session begins over the same link. */
const nextSession = [
  'abortServerRequests',
  'countLoss',
  'keepSessionLost',
  'beginNextSession',
  'chooseDeadline',
  'setTimer',
  'pauseRequests',
] as const;

/** A caller waits for a session that is not established yet. */
const wait = { actions: ['addWaiter', 'chooseDeadline', 'setTimer'] } as const;
/** A caller waits, and there is a session. */
const settle = { actions: ['addWaiter', 'settleWithSession', 'dropWaiters'] } as const;
/** The first deadline has passed, and other callers wait. */
const expire = ['settleExpired', 'dropExpired', 'chooseDeadline', 'setTimer'] as const;

/** The lifecycle of a connection: docs/architecture.md has the picture. */
export const connectionMachine = connectionSetup.createMachine({
  id: 'connection',
  context: ({ input }) => ({
    policy: input.policy,
    perRequest: input.perRequest,
    desired: input.inherited?.desired ?? { logLevel: undefined, resources: [], lists: [] },
    epoch: 0,
    waiters: [],
    connectDeadline: Infinity,
    armedFor: Infinity,
    pausedAt: undefined,
    purpose: 'connect',
    reconnectAttempts: 0,
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
    streamResumes: false,
    suspended: false,
    errorCount: 0,
    pastUptime: 0,
  }),
  invoke: { src: 'requests', id: 'requests' },
  on: {
    join: { actions: 'rejectWaiter' },
    desire: { actions: 'keepDesired' },
    monitor: { actions: 'keepInterval' },
    suspend: { actions: 'refuseExport' },
  },
  initial: 'idle',
  states: {
    idle: {
      tags: 'idle',
      on: {
        connect: { target: 'linked', actions: ['addWaiter', 'beginConnecting'] },
        disconnect: { actions: ['unclaim', 'drained'] },
      },
    },

    // Everything that happens over one link, from opening it to losing it.
    linked: {
      entry: ['beginEpoch', 'chooseDeadline', 'setTimer'],
      exit: ['dropSession', 'clearConnectDeadline', 'clearTimer'],
      invoke: { src: 'link', id: 'link', input: ({ context }) => ({ epoch: context.epoch }) },
      on: {
        connect: wait,
        join: wait,
        leave: [
          { guard: 'wantedByOthers', actions: 'removeWaiter' },
          { target: 'closed', actions: abandon },
        ],
        deadline: [
          { guard: 'mayKeepConnecting', actions: expire },
          { guard: 'mayTryLater', target: 'reconnecting', actions: timeOut },
          { target: 'closed', actions: timeOut },
        ],
        'link.closed': attemptFailed,
        'negotiation.failed': attemptFailed,
        reconnect: {
          target: 'linked',
          reenter: true,
          actions: ['loseRenewed', 'abortServerRequests', 'beginManualReconnect'],
        },
        disconnect: { target: 'closed', actions: ['rejectDisconnected', 'abortServerRequests', 'forgetFailure'] },
      },
      initial: 'connecting',
      states: {
        connecting: {
          tags: 'connecting',
          entry: 'pauseRequests',
          initial: 'opening',
          states: {
            opening: {
              entry: 'forgetFirstEnding',
              on: {
                'link.opened': '#connection.linked.initializing',
                'signIn.began': 'authorizing.opening',
              },
            },
            // A person is asked to sign in, which may take minutes. No deadline passes meanwhile.
            authorizing: {
              entry: ['pauseDeadlines', 'clearTimer', 'holdQueued'],
              exit: ['resumeDeadlines', 'chooseDeadline', 'setTimer', 'releaseQueued'],
              on: { connect: { actions: 'addWaiter' }, join: { actions: 'addWaiter' } },
              initial: 'negotiating',
              states: {
                // The link is not open yet.
                opening: {
                  on: { 'link.opened': 'negotiating', 'signIn.ended': '#connection.linked.connecting.opening' },
                },
                // The negotiation begins again, because its request may have waited for long.
                negotiating: { on: { 'signIn.ended': '#connection.linked.initializing' } },
              },
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
          on: { 'signIn.began': '#connection.linked.connecting.authorizing' },
          initial: 'choosing',
          states: {
            choosing: {
              always: [
                // A server may lose each session at once. The client must not begin sessions for ever without a pause.
                { guard: 'crashesTooOften', target: '#connection.closed', actions: crash },
                { guard: 'mayResume', target: 'resuming' },
                { guard: 'asksHandshakeFirst', target: 'negotiating.handshaking', actions: 'chooseHandshake' },
                { target: 'negotiating.discovering', actions: 'chooseDiscover' },
              ],
            },
            // The link decides whether it continues the session that another client exported.
            resuming: {
              entry: 'resume',
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
                      { actions: 'failNegotiation' },
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
                      { actions: 'failNegotiation' },
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
                          actions: 'keepHandshakeRefusal',
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
          entry: [
            'clearConnectDeadline',
            'clearTimer',
            'recordEstablished',
            'applyDesired',
            'settleWithSession',
            'dropWaiters',
          ],
          exit: 'recordEnded',
          invoke: [
            { src: 'health', id: 'health', input: ({ context }) => ({ interval: context.healthInterval }) },
            {
              src: 'serverStream',
              id: 'serverStream',
              input: ({ context }) => ({
                unused: !context.perRequest || context.session?.era !== 'legacy',
                resumes: context.streamResumes,
              }),
            },
            {
              src: 'subscription',
              id: 'subscription',
              // With shared framing it is sent before all requests. With exchanges another request may reach the server earlier.
              input: ({ context }) => ({ wanted: wantedChanges(context), overtaken: context.perRequest }),
            },
          ],
          on: {
            connect: settle,
            join: settle,
            leave: {},
            suspend: '.suspending',
            desire: { actions: ['keepDesired', 'applyDesired', 'updateSubscription'] },
            monitor: { actions: ['keepInterval', 'updateMonitor'] },
            'health.checked': { actions: 'keepCheck' },
            // A new session, over the same link. Open exchanges continue in the old session.
            'session.lost': {
              target: '#connection.linked.initializing',
              actions: nextSession,
            },
            'health.failed': [
              // There is no link and no session that could be opened again.
              { guard: 'isStateless' },
              ...connectionLost,
            ],
            'link.closed': connectionLost,
          },
          after: { stable: { actions: 'resetReconnectAttempts' } },
          initial: { target: 'ready', actions: 'openGate' },
          states: {
            ready: {
              tags: 'ready',
              on: { 'health.degraded': 'degraded', 'signIn.began': 'awaitingAuthorization.healthy' },
            },
            degraded: {
              tags: 'degraded',
              on: { 'health.recovered': 'ready', 'signIn.began': 'awaitingAuthorization.degraded' },
            },
            // The server refuses the token, and a person is asked to sign in. The link holds back requests, those of health checks too.
            awaitingAuthorization: {
              tags: 'degraded',
              on: { 'session.lost': { target: '#connection.linked.connecting.authorizing', actions: nextSession } },
              initial: 'healthy',
              // The health of the connection, which the health monitor reports only when it changes.
              states: {
                healthy: {
                  on: { 'health.degraded': 'degraded', 'signIn.ended': '#connection.linked.established.ready' },
                },
                degraded: {
                  on: { 'health.recovered': 'healthy', 'signIn.ended': '#connection.linked.established.degraded' },
                },
              },
            },
            // The session is exported before the link is closed, which would terminate it.
            suspending: {
              entry: ['exportSession', 'rejectSuspended', 'abortServerRequests'],
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

    // The client reconnects, unless the connection was lost too often.
    lost: {
      tags: 'reconnecting',
      entry: 'countLoss',
      always: [{ guard: 'crashesTooOften', target: 'closed', actions: 'keepCrashLoop' }, { target: 'reconnecting' }],
    },

    reconnecting: {
      tags: 'reconnecting',
      entry: ['pauseRequests', 'keepTrying', 'chooseDelay', 'chooseDeadline', 'setTimer'],
      exit: 'clearTimer',
      always: { guard: 'waitsTooLong', target: 'closed' },
      after: { backoff: { target: 'linked', actions: 'countReconnectAttempt' } },
      on: {
        connect: wait,
        join: wait,
        leave: [
          { guard: 'wantedByOthers', actions: 'removeWaiter' },
          { target: 'closed', actions: ['removeWaiter', 'keepAbandoned'] },
        ],
        deadline: [
          { guard: 'stillWanted', actions: expire },
          { target: 'closed', actions: ['keepTimeout', 'settleExpired', 'dropExpired'] },
        ],
        reconnect: { target: 'linked', actions: 'beginManualReconnect' },
        disconnect: { target: 'closed', actions: ['rejectDisconnected', 'forgetFailure'] },
      },
    },

    closed: {
      tags: 'closed',
      entry: ['rejectRequests', 'settleWithFailure', 'dropWaiters'],
      initial: 'draining',
      states: {
        draining: {
          invoke: {
            src: 'release',
            id: 'release',
            onDone: [
              { guard: 'hasWaiters', target: '#connection.linked', actions: ['drained', 'beginConnecting'] },
              { target: 'done', actions: ['unclaim', 'drained'] },
            ],
          },
          entry: ['chooseDeadline', 'setTimer'],
          exit: 'clearTimer',
          on: {
            // The client connects when the old link has released everything.
            connect: { actions: ['addWaiter', 'chooseDeadline', 'setTimer', 'pauseRequests'] },
            join: [{ guard: 'hasWaiters', ...wait }, { actions: 'rejectWaiter' }],
            leave: { actions: 'removeWaiter' },
            deadline: { actions: expire },
            disconnect: { actions: ['forgetFailure', 'rejectRequests', 'settleWithFailure', 'dropWaiters'] },
          },
        },
        done: {
          // Some requests were queued for a `connect()` whose caller has left.
          entry: 'rejectRequests',
          on: {
            connect: { target: '#connection.linked', actions: ['addWaiter', 'beginConnecting'] },
            disconnect: { actions: ['forgetFailure', 'unclaim', 'drained'] },
          },
        },
      },
    },
  },
});
