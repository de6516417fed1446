import { createActor } from 'xstate';
import type { Actor } from 'xstate';

import { authFailure } from '../../auth/auth-failures.js';
import type {
  Applicant,
  Authorizer,
  Credentials,
  Refusal,
  RefusedAttempt,
  RequestPurpose,
} from '../../auth/authorizer.js';
import { kindOf } from '../../auth/grants/grant.js';
import { lacking, readScopes } from '../../auth/scopes.js';
import type { Grant } from '../../auth/stores/records.js';
import { demandOf } from '../../protocol/challenge.js';
import type { Environment } from '../../util/environment.js';
import { failure, isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { onAbort } from '../../util/on-abort.js';
import { authorizationMachine } from './authorization-machine.js';
import type { AuthorizationSnapshot } from './authorization-machine.js';
import { authorizationPorts, signInRequired } from './authorization-setup.js';
import { CredentialWaiters } from './credential-waiters.js';
import type { Wait, WaitEnd } from './credential-waiters.js';
import { AuthorizationSteps } from './authorization-steps.js';
import type { AuthorizationOptions as StepOptions } from './authorization-steps.js';
import { isSameView, stateOf } from './authorization-view.js';
import type { AuthorizationView } from './authorization-facts.js';

/** What an authorization needs. */
export interface AuthorizationOptions extends StepOptions {
  /** A person is asked to sign in, and no request can be sent without that; or not any more. */
  readonly asking: (asked: boolean) => void;
  /** The view has changed. */
  readonly changed: (view: AuthorizationView) => void;
}

/** A sign-in that the program calls for. */
export interface SignInWish {
  readonly scopes: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/**
 * What a refusal is about: the token, its scopes, or the nonce of the proof, after which the same token is sent again (RFC 9449, 9). How often a
 * request is repeated after each: a refusal of the scopes may name one more each time.
 */
const MOST_REPEATS = { token: 1, scopes: 2, nonce: 2 } as const;

function subjectOf({ sent, status, challenge }: RefusedAttempt): keyof typeof MOST_REPEATS {
  if (sent.prover !== undefined && demandOf(challenge).error === 'use_dpop_nonce') return 'nonce';
  return status === 401 ? 'token' : 'scopes';
}

/** How often `signIn()` tries to get scopes that a sign-in of another caller did not bring. */
const MOST_WISHES = 2;

const NO_SCOPES: readonly string[] = [];

/** The credentials of a grant. A token that is bound to a key has a scheme of its own. RFC 9449, 7.1. */
function credentialsOf(grant: Grant | undefined, generation: number, environment: Environment): Credentials {
  if (grant === undefined) return { authorization: undefined, generation };
  const { accessToken, proofKey } = grant;
  const scheme = proofKey === undefined ? 'Bearer' : 'DPoP';
  return {
    authorization: `${scheme} ${accessToken}`,
    generation,
    prover: proofKey?.prover(accessToken, () => environment.now()),
  };
}

const NONE: Credentials = { authorization: undefined, generation: 0 };

function closed(): Failure {
  return failure('connection', 'MCP_CONNECTION_CLOSED', 'The connection is closed', { delivery: 'not-sent' });
}

function crashed(): Failure {
  return failure('authentication', 'MCP_INTERNAL', 'The authorization failed', { delivery: 'not-sent' });
}

/** Calls a function when the chart has handled all its events: the function may send requests, which ask the chart for credentials. */
function afterwards(call: () => void): void {
  queueMicrotask(call);
}

/** Whether a person is asked to sign in. */
function asksPerson(snapshot: AuthorizationSnapshot | undefined): boolean {
  return snapshot?.hasTag('asksPerson') === true;
}

/** Whether no request can be sent until that person has signed in. A token that only lacks scopes still serves other requests. */
function blocksRequests(snapshot: AuthorizationSnapshot | undefined): boolean {
  return asksPerson(snapshot) && snapshot?.value.token === 'wanted';
}

/**
 * The authorization of one connection: runs the chart, and gives its requests their credentials. The chart starts with the first request, and
 * ends when the connection is closed.
 */
export class Authorization implements Omit<Authorizer, 'mostRenewals'> {
  readonly #options: AuthorizationOptions;
  readonly #steps: AuthorizationSteps;
  #actor: Actor<typeof authorizationMachine> | undefined;
  #snapshot: AuthorizationSnapshot | undefined;
  readonly #waiters = new CredentialWaiters();
  /** Calls of the program that wait until the chart has left some states. */
  #watchers: { readonly met: (snapshot: AuthorizationSnapshot) => boolean; readonly resolve: () => void }[] = [];
  #shown: AuthorizationView | undefined;
  /** The credentials of the generation in use. */
  #credentials: Credentials = NONE;

  constructor(options: AuthorizationOptions) {
    this.#options = options;
    this.#steps = new AuthorizationSteps(options, () => {
      this.#show();
    });
  }

  /** Changes with the person and the server, and not with the token. */
  get identity(): string {
    const { issuer, client, account, signIn } = this.#steps.grant ?? {};
    return JSON.stringify([issuer, client?.id, account, signIn]);
  }

  credentials(applicant: Applicant): Credentials | Promise<Credentials> {
    const { purpose } = applicant;
    if (purpose === 'terminate') return this.#credentials;
    const actor = this.#actor ?? this.#start();
    const { token } = this.#current.value;
    if (typeof token === 'object' && !this.#hasExpired(purpose)) return this.#credentials;
    if (token === 'absent') return this.#withoutToken;
    return this.#wait(
      {
        applicant,
        after: this.#credentials.generation,
        otherwise: (why) => {
          throw why ?? this.#noToken();
        },
      },
      () => {
        if (this.#isIdle && this.#current.value.token === 'wanted')
          actor.send({ type: 'needed', maySignIn: this.#maySignIn(purpose) });
      },
    ) as Promise<Credentials>;
  }

  /** Looks at the clock: a token that will expire soon is renewed in the background. */
  #hasExpired(purpose: RequestPurpose): boolean {
    const { expiresAt = Infinity, agesAt = Infinity } = this.#steps.grant ?? {};
    const now = agesAt === Infinity ? 0 : this.#options.environment.now();
    if (now >= expiresAt) {
      this.#actor?.send({ type: 'expired', maySignIn: this.#maySignIn(purpose) });
      return true;
    }
    if (now >= agesAt && this.#current.matches({ token: { usable: 'fresh' } })) this.#actor?.send({ type: 'age' });
    return false;
  }

  async renew(applicant: Applicant, refusal: Refusal): Promise<Credentials | undefined> {
    const { purpose } = applicant;
    const { sent, status, challenge, earlier } = refusal;
    const actor = this.#actor;
    const times = earlier.filter((one) => subjectOf(one) === subjectOf(refusal)).length;
    if (actor === undefined) return undefined;
    if (times >= MOST_REPEATS[subjectOf(refusal)] && !this.#isNewToken(purpose, refusal)) return undefined;
    // The nonce is noted already.
    if (subjectOf(refusal) === 'nonce') return sent;
    if (purpose === 'terminate') return undefined;
    // Another request has got a new token meanwhile.
    if (sent.generation < this.#credentials.generation) return this.credentials(applicant);
    const { scheme, error, requiredScope, resourceMetadata } = demandOf(challenge);
    const challenged = requiredScope === undefined ? undefined : readScopes(requiredScope);
    const maySignIn = this.#maySignIn(purpose);
    // Any other 403 is a plain denial.
    if (status === 403 && (error !== 'insufficient_scope' || !maySignIn)) return undefined;
    if (status === 403) return this.#widen(actor, applicant, challenged ?? [], resourceMetadata);
    this.#steps.noteChallenge(resourceMetadata, scheme);
    return this.#wait(
      {
        applicant,
        after: sent.generation,
        needsToken: true,
        otherwise: (why) => {
          if (why === undefined || purpose === 'background') return undefined;
          throw why;
        },
      },
      () => {
        actor.send({ type: 'refused', challenged, maySignIn });
      },
    );
  }

  /** Whether a call has used the token that was obtained for it, and no call has succeeded with that: the chart says why it is of no use. */
  #isNewToken(purpose: RequestPurpose, refusal: Refusal): boolean {
    const { origin, accepted, generation } = this.#current.context;
    const isNew = origin === 'sign-in' && !accepted && refusal.sent.generation === generation;
    return isNew && subjectOf(refusal) === 'token' && (purpose === 'call' || purpose === 'probe');
  }

  /** A token with more scopes: the grant has to give it, perhaps with a person. */
  async #widen(
    actor: Actor<typeof authorizationMachine>,
    applicant: Applicant,
    challenged: readonly string[],
    resourceMetadata: string | undefined,
  ): Promise<Credentials | undefined> {
    const { grant, denied } = this.#current.context;
    const missing = lacking(challenged, grant?.granted ?? []);
    if (lacking(missing, denied).length < Math.max(missing.length, 1)) throw this.#insufficient(challenged, missing);
    this.#steps.noteChallenge(resourceMetadata);
    return this.#wait(
      {
        applicant,
        after: this.#credentials.generation,
        needsToken: true,
        otherwise: (why) => {
          throw why ?? this.#insufficient(challenged, missing);
        },
      },
      () => {
        actor.send({ type: 'lacking', challenged, maySignIn: true });
      },
    );
  }

  /** What users see of it now. */
  get view(): AuthorizationView {
    const { grant, prompt } = this.#steps;
    const snapshot = this.#snapshot;
    const state = snapshot === undefined ? 'none' : stateOf(snapshot);
    return {
      state,
      issuer: grant?.issuer,
      account: this.#options.settings.account,
      scopes: grant?.granted ?? NO_SCOPES,
      expiresAt: grant?.expiresAt,
      prompt: state === 'awaiting-user' && prompt?.signal.aborted === false ? prompt : undefined,
      failure: state === 'failed' ? snapshot?.context.failure : undefined,
    };
  }

  #show(): void {
    const view = this.view;
    if (this.#shown !== undefined && isSameView(this.#shown, view)) return;
    this.#shown = view;
    afterwards(() => this.#options.changed(view));
  }

  /** Has a person sign in, unless there is a token with these scopes. Rejects with a failure, or with the reason of the signal. */
  async signIn({ scopes, signal }: SignInWish): Promise<void> {
    signal?.throwIfAborted();
    const applicant: Applicant = { purpose: 'call', park: () => undefined, unpark: () => undefined };
    const signedIn = this.#signIn(applicant, scopes, signal);
    if (signal === undefined) return signedIn;
    let forget: (() => void) | undefined;
    await new Promise<void>((resolve, reject: (reason: unknown) => void) => {
      forget = onAbort(signal, (reason) => {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason is whatever the caller gave
        reject(reason);
        this.#leave(applicant);
      });
      signedIn.then(resolve, reject);
    }).finally(() => forget?.());
  }

  async #signIn(applicant: Applicant, scopes: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    const actor = this.#actor ?? this.#start();
    let missing = scopes;
    for (let wishes = 0; wishes < MOST_WISHES; wishes += 1) {
      await this.#when(
        (snapshot) => !snapshot.matches({ work: 'loading' }) && !snapshot.matches({ work: 'signingOut' }),
      );
      if (this.#actor !== actor) throw closed() as unknown as Error;
      // The caller has its outcome.
      if (signal?.aborted === true) return;
      const { value, context } = this.#current;
      missing = lacking(scopes, context.grant?.granted ?? []);
      if (typeof value.token === 'object' && missing.length === 0 && !this.#hasExpired('call')) return;
      await this.#wait(
        {
          applicant,
          after: this.#credentials.generation,
          needsToken: true,
          otherwise: (why) => {
            throw why ?? this.#noToken();
          },
        },
        () => {
          actor.send({ type: 'signIn', challenged: missing.length === 0 ? undefined : missing, maySignIn: true });
        },
      );
    }
    if (lacking(scopes, this.#snapshot?.context.grant?.granted ?? []).length > 0)
      throw this.#insufficient(scopes, missing) as unknown as Error;
  }

  /** A caller does not wait any more. Without another one the person is not asked any more. */
  #leave(applicant: Applicant): void {
    this.#waiters.forget(applicant);
    if (this.#waiters.isEmpty) this.#actor?.send({ type: 'unwanted' });
  }

  /** The program connects: a person may be asked again. */
  begin(): void {
    this.#actor?.send({ type: 'connect' });
  }

  /** Deletes the tokens, and revokes them at the authorization server. No person is asked until the program wants it. */
  async signOut(): Promise<void> {
    const actor = this.#actor ?? this.#start();
    actor.send({ type: 'signOut' });
    let dropped = false;
    let why: Failure | undefined;
    // A sign-in may begin before this function continues.
    await this.#when(({ value, context }) => {
      dropped ||= context.signedOut;
      why = context.failure;
      return typeof value.work !== 'object' || !('signingOut' in value.work);
    });
    if (!dropped) throw (why ?? closed()) as unknown as Error;
  }

  /** Resolves when the chart meets a condition, or has ended. */
  #when(met: (snapshot: AuthorizationSnapshot) => boolean): Promise<void> {
    return new Promise((resolve) => {
      if (this.#actor === undefined || met(this.#current)) resolve();
      else this.#watchers.push({ met, resolve });
    });
  }

  #wake(snapshot: AuthorizationSnapshot | undefined): void {
    const watchers = this.#watchers;
    if (watchers.length === 0) return;
    this.#watchers = [];
    for (const watcher of watchers) {
      if (snapshot === undefined || watcher.met(snapshot)) watcher.resolve();
      else this.#watchers.push(watcher);
    }
  }

  /** What is sent without a token. The refusal of it belongs to the present, as that of a token does. */
  get #withoutToken(): Credentials {
    return { authorization: undefined, generation: this.#credentials.generation };
  }

  accepted({ generation }: Credentials): void {
    const { context } = this.#snapshot ?? {};
    if (context !== undefined && !context.accepted && context.generation === generation && generation > 0)
      this.#actor?.send({ type: 'accepted' });
  }

  /**
   * Ends all work: prompts, requests and waits. The token stays at hand for what ends the session. Resolves when tokens that were requested are
   * stored.
   */
  close(): Promise<void> {
    const actor = this.#actor;
    this.#actor = undefined;
    this.#steps.beginClosing();
    actor?.stop();
    this.#reject(closed());
    this.#notify(this.#snapshot, undefined);
    this.#snapshot = undefined;
    this.#wake(undefined);
    this.#show();
    return this.#steps.finish();
  }

  get #current(): AuthorizationSnapshot {
    if (this.#snapshot === undefined) throw new TypeError('The authorization has not been started');
    return this.#snapshot;
  }

  get #isIdle(): boolean {
    return this.#current.hasTag('idle');
  }

  /** Whether a token may be obtained for a request. Without a person it may always. */
  #maySignIn(purpose: RequestPurpose): boolean {
    const { prompt, grant } = this.#options.settings;
    if (kindOf(grant) === 'unattended') return true;
    return purpose === 'probe' ? prompt !== 'never' : purpose === 'call' && prompt === 'auto';
  }

  #start(): Actor<typeof authorizationMachine> {
    const { environment } = this.#options;
    const actor = createActor(authorizationMachine, {
      // Requests of the chart before have tokens of its generations.
      input: {
        generation: this.#credentials.generation,
        authTimeout: this.#options.authTimeout,
        kind: kindOf(this.#options.settings.grant),
      },
      clock: {
        setTimeout: (fn, delay) => environment.setTimeout(fn, delay),
        clearTimeout: (handle: unknown) => {
          environment.clearTimeout(handle);
        },
      },
    });
    authorizationPorts.provide(actor.system, this.#steps);
    actor.subscribe({
      next: (snapshot) => {
        this.#moved(snapshot);
      },
      error: (thrown) => {
        this.#actor = undefined;
        this.#steps.endAll();
        const why = crashed();
        this.#options.report(isFailure(thrown) ? thrown : why);
        this.#reject(why);
        this.#notify(this.#snapshot, undefined);
        this.#wake(undefined);
        this.#show();
      },
    });
    this.#actor = actor;
    this.#snapshot = actor.getSnapshot();
    actor.start();
    return actor;
  }

  #moved(snapshot: AuthorizationSnapshot): void {
    const before = this.#snapshot;
    this.#snapshot = snapshot;
    const { generation } = snapshot.context;
    if (generation !== this.#credentials.generation) {
      this.#credentials = credentialsOf(this.#steps.grant, generation, this.#options.environment);
    }
    this.#settle();
    this.#notify(before, snapshot);
    this.#wake(snapshot);
    this.#show();
  }

  /** Notifies the requests that wait, and the connection, when a person is asked to sign in, and when not any more. */
  #notify(before: AuthorizationSnapshot | undefined, now: AuthorizationSnapshot | undefined): void {
    const asks = asksPerson(now);
    if (asks !== asksPerson(before)) this.#waiters.park(asks);
    const blocks = blocksRequests(now);
    if (blocks !== blocksRequests(before)) afterwards(() => this.#options.asking(blocks));
  }

  #settle(): void {
    this.#waiters.settle((wait) => this.#endOf(wait));
  }

  /** How a wait ends now; undefined if it goes on. */
  #endOf({ after, needsToken }: Wait): WaitEnd | undefined {
    const { value, context } = this.#current;
    const { failure: why, signedOut } = context;
    if (typeof value.token === 'object' && this.#credentials.generation > after)
      return { credentials: this.#credentials };
    if (!this.#isIdle) return undefined;
    if (value.token === 'absent' && why === undefined && !needsToken) return { credentials: this.#withoutToken };
    return { why: why ?? (signedOut ? signInRequired(context) : undefined) };
  }

  /** Waits for a token. @param begin starts the work, unless it is in progress */
  #wait(wait: Wait, begin: () => void): Promise<Credentials | undefined> {
    const { applicant } = wait;
    begin();
    return this.#waiters.add(wait, () => {
      // The chart may have crashed as it started.
      if (this.#actor === undefined) this.#reject(crashed());
      else this.#settle();
      if (asksPerson(this.#snapshot) && this.#waiters.has(applicant)) this.#waiters.park(true, [applicant]);
    });
  }

  #reject(why: Failure): void {
    this.#waiters.settle(() => ({ why }));
  }

  #noToken(): Failure {
    return authFailure('MCP_SIGN_IN_REQUIRED', 'sign-in', 'There is no token for this request');
  }

  #insufficient(challenged: readonly string[], missing: readonly string[]): Failure {
    const who = missing.length === 0 ? 'the server requires them although they were granted' : 'they were not granted';
    return authFailure('MCP_SCOPE_INSUFFICIENT', 'request', `Scopes are lacking (${challenged.join(' ')}): ${who}`, {
      scopes: challenged,
      missing,
    });
  }
}
