import { assign, fromCallback, or, raise, setup, stateIn } from 'xstate';
import type { EventObject } from 'xstate';

import { authFailure, isOutage, lockUnavailable } from '../../auth/auth-failures.js';
import { lacking, union } from '../../auth/scopes.js';
import { askedDelay, REQUEST_BACKOFF, retryDelay } from '../../util/retry-policy.js';
import { SystemPorts } from '../system-ports.js';
import type {
  AuthorizationEvent,
  AuthorizationFacts,
  AuthorizationStep,
  Cause,
  GrantFacts,
  TokenOrigin,
} from './authorization-facts.js';

/** The most sign-ins until the server has accepted a token. */
export const MOST_PROMPTS = 2;

/**
 * How long a refresh waits for its lock, in ms. The holder needs it for one request, and the lease of a dead one ends after 15 s. Calls have 30 s by
 * default, so that they fail with the reason.
 */
const LONGEST_LOCK_WAIT = 20_000;

/** How long a grant without a person waits for its lock, in ms. Then it does without. */
const SHORT_LOCK_WAIT = 5_000;

/** What an authorization does to the world. */
export interface AuthorizationPorts {
  random(): number;
  /**
   * Runs a step. It reports one event, unless the returned function ends it before. Locks are held until that function is called, and until the
   * tokens that were requested meanwhile are stored.
   */
  perform(step: AuthorizationStep, facts: AuthorizationFacts, send: (event: AuthorizationEvent) => void): () => void;
  /** The grant of the last step is in use from now on. */
  activate(): void;
  /** The client may be unknown to the server: it sent no callback. */
  doubtClient(): void;
}

export const authorizationPorts = new SystemPorts<AuthorizationPorts>('authorization');

/** What {@link AuthorizationEvent}s of requests bring. */
function demandOf(
  event: AuthorizationEvent,
): Pick<AuthorizationFacts, 'cause' | 'challenged' | 'maySignIn'> | undefined {
  switch (event.type) {
    case 'needed':
      return { cause: 'needed', challenged: undefined, maySignIn: event.maySignIn };
    case 'expired':
      return { cause: 'clock', challenged: undefined, maySignIn: event.maySignIn };
    case 'age':
      return { cause: 'age', challenged: undefined, maySignIn: false };
    case 'refused':
      return { cause: 'refused', challenged: event.challenged, maySignIn: event.maySignIn };
    case 'lacking':
      return { cause: 'lacking', challenged: event.challenged, maySignIn: event.maySignIn };
    case 'signIn':
      // A refresh cannot give further scopes. RFC 6749, 6.
      return {
        cause: event.challenged === undefined ? 'wish' : 'lacking',
        challenged: event.challenged,
        maySignIn: true,
      };
    default:
      return undefined;
  }
}

/** The scopes of several requests together; undefined if none of them named any. */
function together(
  some: readonly string[] | undefined,
  others: readonly string[] | undefined,
): readonly string[] | undefined {
  return some === undefined ? others : union(some, others ?? []);
}

/** How much longer the pause between two polls gets when the server requires that, or is out of reach, in ms. RFC 8628, 3.5. */
const SLOWER = 5_000;

function slower(interval: number, event: AuthorizationEvent): number {
  return Math.max(interval + SLOWER, askedDelay(event.type === 'delayed' ? event.failure : undefined) ?? 0);
}

function withGrant(grant: GrantFacts, origin: TokenOrigin, facts: AuthorizationFacts): Partial<AuthorizationFacts> {
  // A scope that was requested and not granted will not be granted without a person; a person may grant it the second time.
  const before = (facts.kind === 'unattended' ? grant : facts.grant)?.requested ?? [];
  const again = origin === 'sign-in' ? lacking(before, grant.granted) : [];
  return {
    grant,
    origin,
    generation: facts.generation + 1,
    accepted: false,
    challenged: undefined,
    maySignIn: false,
    denied: union(facts.denied, lacking(again, facts.grant?.granted ?? [])),
    failure: undefined,
    // Tokens that are obtained without a person, and refused, are obtained less and less often.
    outages: facts.kind === 'unattended' ? facts.outages : 0,
  };
}

function withoutGrant({ generation }: AuthorizationFacts): Partial<AuthorizationFacts> {
  return { grant: undefined, origin: undefined, accepted: false, failure: undefined, generation: generation + 1 };
}

/** Leaving the state ends the step. */
const step = (name: AuthorizationStep) =>
  fromCallback<EventObject, AuthorizationFacts>(({ input, sendBack, system }) =>
    authorizationPorts.of(system).perform(name, input, sendBack),
  );

/** What the names in the chart of an authorization stand for: `authorization-machine.ts` says when each of them counts. */
export const authorizationSetup = setup({
  types: {
    context: {} as AuthorizationFacts,
    events: {} as AuthorizationEvent,
    input: {} as Pick<AuthorizationFacts, 'generation' | 'authTimeout' | 'kind'>,
    /** `idle`: no work is in progress that could change the token. `asksPerson`: a person is asked to sign in. */
    tags: {} as 'idle' | 'asksPerson',
  },
  actors: {
    load: step('load'),
    discover: step('discover'),
    lockRefresh: step('lockRefresh'),
    refresh: step('refresh'),
    lockSignIn: step('lockSignIn'),
    watch: step('watch'),
    register: step('register'),
    prompt: step('prompt'),
    exchange: step('exchange'),
    requestCode: step('requestCode'),
    showCode: step('showCode'),
    poll: step('poll'),
    obtain: step('obtain'),
    drop: step('drop'),
    revoke: step('revoke'),
  },
  guards: {
    foundGrant: ({ event }) => event.type === 'loaded' && event.grant !== undefined,
    // The grant has just given this token: it would give another one of the same kind.
    neverAccepted: ({ context }) => context.origin === 'sign-in' && !context.accepted,
    mayRefresh: ({ context, event }) =>
      event.type === 'discovered' && event.refreshable && context.cause !== 'lacking' && !context.refreshUseless,
    maySignIn: ({ context }) =>
      context.kind !== 'unattended' && context.maySignIn && !context.signedOut && context.prompts < MOST_PROMPTS,
    mayObtain: ({ context }) => context.kind === 'unattended' && !context.signedOut,
    mayObtainAgain: ({ context }) => context.kind === 'unattended' && context.origin === 'sign-in' && !context.accepted,
    mayBeginAgain: ({ context }) => !context.overtaken,
    usesDeviceCode: ({ context }) => context.kind === 'device',
    mayRenewClient: ({ context }) => !context.renewed && context.prompts < MOST_PROMPTS,
    isOutage: ({ event }) => event.type === 'failed' && isOutage(event.failure),
    // A token that lacks scopes serves other calls, and if it has expired meanwhile, a refresh may give another one.
    isStepUp: or([stateIn({ token: 'usable' }), ({ context }) => context.cause === 'lacking']),
  },
  actions: {
    keepDemand: assign(({ event }) => ({ ...demandOf(event), failure: undefined })),
    joinDemand: assign(({ context, event }) => {
      const demand = demandOf(event);
      return {
        challenged: together(context.challenged, demand?.challenged),
        maySignIn: context.maySignIn || demand?.maySignIn === true,
      };
    }),
    noteUseless: assign(({ context }) => ({
      refreshUseless: context.refreshUseless || (context.origin === 'refresh' && !context.accepted),
    })),
    keepAccepted: assign({ accepted: true, prompts: 0, renewed: false, refreshUseless: false, outages: 0 }),
    keepLoaded: assign(({ context, event }) =>
      event.type === 'loaded' && event.grant !== undefined ? withGrant(event.grant, 'store', context) : {},
    ),
    keepAdopted: assign(({ context, event }) =>
      event.type === 'adopted' ? withGrant(event.grant, 'store', context) : {},
    ),
    keepRefreshed: assign(({ context, event }) =>
      event.type === 'refreshed' ? withGrant(event.grant, 'refresh', context) : {},
    ),
    keepSignedIn: assign(({ context, event }) =>
      event.type === 'exchanged' || event.type === 'obtained' ? withGrant(event.grant, 'sign-in', context) : {},
    ),
    activate: ({ system }) => {
      authorizationPorts.of(system).activate();
    },
    doubtClient: ({ system }) => {
      authorizationPorts.of(system).doubtClient();
    },
    allowPrompts: assign({ prompts: 0, renewed: false, signedOut: false, denied: [] }),
    forgetGrant: assign(({ context }) => withoutGrant(context)),
    keepSignedOut: assign(({ context }) => ({ ...withoutGrant(context), signedOut: true })),
    keepCode: assign(({ event }) =>
      event.type === 'coded' ? { device: { interval: event.interval, lifetime: event.lifetime } } : {},
    ),
    slowDown: assign(({ context: { device }, event }) =>
      device === undefined ? {} : { device: { ...device, interval: slower(device.interval, event) } },
    ),
    countPrompt: assign({ prompts: ({ context }) => context.prompts + 1 }),
    noteRenewed: assign({ renewed: true }),
    keepFailure: assign(({ event }) => ('failure' in event ? { failure: event.failure } : {})),
    countOutage: assign({ outages: ({ context }) => context.outages + 1 }),
    // A refresh begins.
    forgetOutages: assign({ outages: 0, overtaken: false }),
    noteOvertaken: assign({ overtaken: true }),
    denyScopes: assign(({ context }) =>
      context.cause === 'lacking' ? { denied: union(context.denied, context.challenged ?? []) } : {},
    ),
    keepTokenRefused: assign(({ context }) => ({
      failure: authFailure(
        'MCP_TOKEN_REFUSED',
        'request',
        'The server does not accept the new token that was issued for it',
        { issuer: context.grant?.issuer, scopes: context.grant?.granted },
      ),
    })),
    keepSignInRequired: assign(({ context }) => ({
      failure: context.cause === 'age' ? context.failure : signInRequired(context),
    })),
    raiseBusy: raise(() => ({
      type: 'failed',
      failure: lockUnavailable(
        'Another process, or another connection of this one, has not released the token in time',
      ),
    })),
    keepObtainTimeout: assign(({ context: { authTimeout: timeout } }) => ({
      failure: authFailure(
        'MCP_GRANT_FAILED',
        'token request',
        `The grant has not obtained a token within ${timeout} ms (option \`authTimeout\` of the client)`,
        { timeout },
      ),
    })),
    keepTimeout: assign(({ context: { authTimeout, device } }) => {
      const timeout = device?.lifetime ?? authTimeout;
      const message = `The sign-in was not completed within ${timeout} ms`;
      return { failure: authFailure('MCP_SIGN_IN_TIMEOUT', 'sign-in', message, { timeout }) };
    }),
  },
  delays: {
    lockTimeout: LONGEST_LOCK_WAIT,
    shortLockTimeout: SHORT_LOCK_WAIT,
    authTimeout: ({ context }) => context.authTimeout,
    pollInterval: ({ context }) => context.device?.interval ?? 0,
    codeLifetime: ({ context }) => context.device?.lifetime ?? 0,
    backoff: ({ context, system }) =>
      retryDelay(REQUEST_BACKOFF, context.outages, authorizationPorts.of(system).random(), askedDelay(context.failure)),
  },
});

/** A person has to sign in, and may not be asked. */
export function signInRequired({ prompts, signedOut, kind, cause, failure: why }: AuthorizationFacts) {
  const reason = signedOut
    ? 'the program has signed out'
    : prompts >= MOST_PROMPTS
      ? `${prompts} sign-ins have not led to a token that the server accepts`
      : 'this request may not ask a person (option `prompt`)';
  return authFailure(
    'MCP_SIGN_IN_REQUIRED',
    'sign-in',
    `${kind === 'unattended' ? 'A token is needed' : 'A person has to sign in'}, and ${reason}`,
    { reason, cause },
    {
      ...(why !== undefined && { cause: why }),
    },
  );
}

/** The facts at the start. */
export const NO_FACTS: AuthorizationFacts = {
  authTimeout: 300_000,
  kind: 'interactive',
  generation: 0,
  grant: undefined,
  origin: undefined,
  accepted: false,
  cause: 'needed' satisfies Cause,
  challenged: undefined,
  maySignIn: false,
  denied: [],
  prompts: 0,
  signedOut: false,
  renewed: false,
  refreshUseless: false,
  overtaken: false,
  device: undefined,
  outages: 0,
  failure: undefined,
};
