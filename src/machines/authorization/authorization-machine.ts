import type { SnapshotFrom } from 'xstate';

import { authorizationSetup, NO_FACTS } from './authorization-setup.js';

/** A step that could not be carried out. An outage says nothing about credentials: later the same may succeed. */
const broken = [
  { guard: 'isOutage', target: '#authorization.work.backingOff', actions: 'keepFailure' },
  // A token that lacks scopes still serves other calls.
  { guard: 'isStepUp', target: '#authorization.work.resting', actions: ['keepFailure', 'denyScopes'] },
  { target: '#authorization.work.failed', actions: 'keepFailure' },
] as const;

/** Without a refresh token the grant gives a token, or a person has to sign in. */
const otherwise = [
  { guard: 'mayObtain', target: '#authorization.work.obtaining' },
  { guard: 'maySignIn', target: '#authorization.work.signingIn' },
  { target: '#authorization.work.resting', actions: ['keepSignInRequired', 'denyScopes'] },
] as const;

/** No caller waits for the sign-in any more. */
const unwanted = '#authorization.work.resting';

/** A grant without a person has failed, or was refused: that may pass without the program. Calls try again after a while, not each of them. */
const notObtained = [
  broken[0],
  broken[1],
  { target: '#authorization.work.backingOff', actions: 'keepFailure' },
] as const;

/** The person has not signed in within the time. A browser that does not return may show an error page about the client. */
const noCallback = [
  { guard: 'isStepUp', target: '#authorization.work.resting', actions: ['keepTimeout', 'denyScopes', 'doubtClient'] },
  { target: '#authorization.work.failed', actions: ['keepTimeout', 'doubtClient'] },
] as const;

const noCodeEntered = [
  { guard: 'isStepUp', target: '#authorization.work.resting', actions: ['keepTimeout', 'denyScopes'] },
  { target: '#authorization.work.failed', actions: 'keepTimeout' },
] as const;

/** The program calls `signIn()`. */
const wish = { target: '#authorization.work.discovering', actions: ['allowPrompts', 'keepDemand'] } as const;

/** A newer grant of another connection. */
const adopted = {
  target: '#authorization.work.resting',
  actions: ['keepAdopted', 'activate'],
} as const;

/** The lock is not available. Nothing is obtained without it, and the next request tries again. */
const busy = { actions: 'raiseBusy' } as const;

/**
 * How the tokens of one connection are obtained: docs/architecture.md has the picture. The region `token` says whether requests can be sent, the
 * region `work` what is being done to get a token, or a better one. All requests of the connection share this work.
 */
export const authorizationMachine = authorizationSetup.createMachine({
  id: 'authorization',
  context: ({ input }) => ({ ...NO_FACTS, ...input }),
  type: 'parallel',
  states: {
    token: {
      initial: 'unread',
      on: {
        refreshed: '.usable',
        exchanged: '.usable',
        obtained: '.usable',
        adopted: '.usable',
        dropped: '.absent',
      },
      states: {
        unread: {
          on: { loaded: [{ guard: 'foundGrant', target: 'usable' }, { target: 'absent' }], failed: 'absent' },
        },
        absent: { on: { refused: 'wanted' } },
        usable: {
          initial: 'fresh',
          states: {
            fresh: { on: { age: 'aging' } },
            aging: {},
          },
          on: {
            refused: 'wanted',
            expired: 'wanted',
            accepted: { actions: 'keepAccepted' },
          },
        },
        wanted: {},
      },
    },
    work: {
      initial: 'loading',
      on: {
        needed: { actions: 'joinDemand' },
        expired: { actions: 'joinDemand' },
        refused: { actions: 'joinDemand' },
        lacking: { actions: 'joinDemand' },
        signIn: { actions: ['allowPrompts', 'joinDemand'] },
        connect: { actions: 'allowPrompts' },
        signOut: '.signingOut',
      },
      states: {
        loading: {
          invoke: { src: 'load', id: 'load', input: ({ context }) => context },
          on: {
            loaded: { target: 'resting', actions: ['keepLoaded', 'activate'] },
            failed: { target: 'resting' },
          },
        },
        resting: {
          tags: 'idle',
          on: {
            needed: { target: 'discovering', actions: 'keepDemand' },
            expired: { target: 'discovering', actions: 'keepDemand' },
            age: { target: 'discovering', actions: 'keepDemand' },
            lacking: { target: 'discovering', actions: 'keepDemand' },
            signIn: wish,
            refused: [
              // The server may not know the keys of the issuer yet.
              { guard: 'mayObtainAgain', target: 'backingOff', actions: 'keepTokenRefused' },
              { guard: 'neverAccepted', target: 'failed', actions: 'keepTokenRefused' },
              { target: 'discovering', actions: ['keepDemand', 'noteUseless'] },
            ],
          },
        },
        discovering: {
          invoke: { src: 'discover', id: 'discover', input: ({ context }) => context },
          on: {
            unwanted: 'resting',
            discovered: [{ guard: 'mayRefresh', target: 'refreshing', actions: 'forgetOutages' }, ...otherwise],
            failed: broken,
          },
        },
        refreshing: {
          // The lock is held until the new tokens are stored, even if the connection is closed meanwhile.
          invoke: { src: 'lockRefresh', id: 'lockRefresh', input: ({ context }) => context },
          initial: 'waiting',
          states: {
            waiting: {
              on: {
                locked: 'asking',
                adopted,
                // Another connection has signed out.
                dropped: { target: '#authorization.work.resting', actions: ['forgetGrant', 'activate'] },
              },
              after: { lockTimeout: busy },
            },
            asking: {
              invoke: { src: 'refresh', id: 'refresh', input: ({ context }) => context },
              on: {
                refreshed: { target: '#authorization.work.resting', actions: ['keepRefreshed', 'activate'] },
                adopted,
                // The lock is taken again, and the store read again.
                overtaken: [
                  {
                    guard: 'mayBeginAgain',
                    target: '#authorization.work.refreshing',
                    reenter: true,
                    actions: 'noteOvertaken',
                  },
                  { target: '#authorization.work.backingOff', actions: 'keepFailure' },
                ],
                'refresh.dead': [
                  { guard: 'mayObtain', target: '#authorization.work.obtaining', actions: 'keepFailure' },
                  { guard: 'maySignIn', target: '#authorization.work.signingIn', actions: 'keepFailure' },
                  { target: '#authorization.work.resting', actions: ['keepFailure', 'keepSignInRequired'] },
                ],
              },
            },
          },
          on: { failed: broken },
        },
        // A grant without a person.
        obtaining: {
          invoke: { src: 'lockSignIn', id: 'lockSignIn', input: ({ context }) => context },
          initial: 'waiting',
          states: {
            // The lock only saves requests: a second token does no harm, and a store that does not respond must not stop a program without a person.
            waiting: { on: { locked: 'asking', adopted }, after: { shortLockTimeout: 'asking' } },
            asking: {
              invoke: { src: 'obtain', id: 'obtain', input: ({ context }) => context },
              on: { obtained: { target: '#authorization.work.resting', actions: ['keepSignedIn', 'activate'] } },
              after: { authTimeout: { target: '#authorization.work.backingOff', actions: 'keepObtainTimeout' } },
            },
          },
          on: { failed: notObtained },
        },
        signingIn: {
          invoke: { src: 'lockSignIn', id: 'lockSignIn', input: ({ context }) => context },
          // The person may be asked by another connection, or another process, which has the lock.
          tags: 'asksPerson',
          initial: 'waiting',
          states: {
            waiting: {
              invoke: { src: 'watch', id: 'watch', input: ({ context }) => context },
              on: {
                locked: 'registering',
                adopted,
                refreshable: { target: '#authorization.work.refreshing', actions: 'forgetOutages' },
                unwanted,
              },
              after: { authTimeout: busy },
            },
            registering: {
              invoke: { src: 'register', id: 'register', input: ({ context }) => context },
              on: {
                registered: [{ guard: 'usesDeviceCode', target: 'awaitingDevice' }, { target: 'awaitingUser' }],
                unwanted,
              },
            },
            awaitingUser: {
              entry: 'countPrompt',
              invoke: { src: 'prompt', id: 'prompt', input: ({ context }) => context },
              on: { answered: 'exchanging', unwanted },
              after: { authTimeout: noCallback },
            },
            // A person enters a code at another device. RFC 8628.
            awaitingDevice: {
              entry: 'countPrompt',
              initial: 'requesting',
              states: {
                requesting: {
                  invoke: { src: 'requestCode', id: 'requestCode', input: ({ context }) => context },
                  on: { coded: { target: 'showing', actions: 'keepCode' } },
                },
                showing: {
                  invoke: { src: 'showCode', id: 'showCode', input: ({ context }) => context },
                  initial: 'pausing',
                  states: {
                    pausing: { after: { pollInterval: 'polling' } },
                    polling: {
                      invoke: { src: 'poll', id: 'poll', input: ({ context }) => context },
                      on: { pending: 'pausing', delayed: { target: 'pausing', actions: 'slowDown' } },
                    },
                  },
                  on: { exchanged: { target: '#authorization.work.resting', actions: ['keepSignedIn', 'activate'] } },
                  after: { codeLifetime: noCodeEntered },
                },
              },
              on: { unwanted },
              after: { authTimeout: noCodeEntered },
            },
            exchanging: {
              invoke: { src: 'exchange', id: 'exchange', input: ({ context }) => context },
              on: { exchanged: { target: '#authorization.work.resting', actions: ['keepSignedIn', 'activate'] } },
            },
          },
          on: {
            'client.dead': [
              { guard: 'mayRenewClient', target: '.registering', actions: ['noteRenewed', 'doubtClient'] },
              { guard: 'isStepUp', target: 'resting', actions: ['keepFailure', 'denyScopes'] },
              { target: 'failed', actions: 'keepFailure' },
            ],
            failed: broken,
          },
        },
        backingOff: {
          tags: 'idle',
          entry: 'countOutage',
          after: { backoff: 'resting' },
          on: { signIn: wish },
        },
        // No person is asked again until the program calls `signIn()` or connects again. Another process may have a person sign in.
        failed: {
          tags: 'idle',
          invoke: { src: 'watch', id: 'watch', input: ({ context }) => context },
          on: {
            adopted,
            refreshable: 'resting',
            signIn: wish,
            connect: { target: 'resting', actions: 'allowPrompts' },
          },
        },
        signingOut: {
          initial: 'dropping',
          states: {
            dropping: {
              invoke: { src: 'drop', id: 'drop', input: ({ context }) => context },
              on: { dropped: { target: 'revoking', actions: ['keepSignedOut', 'activate'] } },
              after: { lockTimeout: busy },
            },
            // The tokens are deleted, whatever the authorization server does.
            revoking: { invoke: { src: 'revoke', id: 'revoke', input: ({ context }) => context } },
          },
          on: {
            revoked: 'resting',
            failed: { target: 'resting', actions: 'keepFailure' },
            // A second call waits for the first one: beginning again would forget the tokens that are to be revoked.
            signOut: {},
          },
        },
      },
    },
  },
});

/** Where an authorization is, and what is known about it. */
export type AuthorizationSnapshot = SnapshotFrom<typeof authorizationMachine>;
