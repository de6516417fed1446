import { createActor } from 'xstate';
import type { Actor } from 'xstate';

import { authFailure } from '../../auth/auth-failures.js';
import type { Applicant, Authorizer, Credentials, Refusal, RequestPurpose } from '../../auth/authorizer.js';
import { lacking, readScopes } from '../../auth/scopes.js';
import { demandOf } from '../../protocol/challenge.js';
import { failure, isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { authorizationMachine } from './authorization-machine.js';
import type { AuthorizationSnapshot } from './authorization-machine.js';
import { authorizationPorts } from './authorization-setup.js';
import { AuthorizationSteps } from './authorization-steps.js';
import type { AuthorizationOptions } from './authorization-steps.js';

/** A request that waits for credentials. */
interface Waiter {
  readonly applicant: Applicant;
  /** A token of a later generation is needed. */
  readonly after: number;
  /** Decided when no work is in progress, and there is no such token. */
  readonly otherwise: (why: Failure | undefined) => void;
  readonly resolve: (credentials: Credentials) => void;
}

/** How often a request is repeated after refusals with a status. A 403 may follow a 401, and may name one more scope each time. */
const MOST_401 = 1;
const MOST_403 = 2;

const NONE: Credentials = { authorization: undefined, generation: 0 };

function crashed(): Failure {
  return failure('authentication', 'MCP_INTERNAL', 'The authorization failed', { delivery: 'not-sent' });
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
export class Authorization implements Authorizer {
  readonly mostRenewals = MOST_401 + MOST_403;
  readonly #options: AuthorizationOptions;
  readonly #steps: AuthorizationSteps;
  #actor: Actor<typeof authorizationMachine> | undefined;
  #snapshot: AuthorizationSnapshot | undefined;
  #waiters: Waiter[] = [];
  /** The credentials of the generation in use. */
  #credentials: Credentials = NONE;

  constructor(options: AuthorizationOptions) {
    this.#options = options;
    this.#steps = new AuthorizationSteps(options);
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
    if (token === 'absent') return NONE;
    return this.#wait(
      applicant,
      this.#credentials.generation,
      (why) => {
        throw why ?? this.#noToken();
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
    const times = earlier.filter((one) => one === status).length;
    if (actor === undefined || purpose === 'terminate' || times >= (status === 401 ? MOST_401 : MOST_403))
      return undefined;
    // Another request has got a new token meanwhile.
    if (sent.generation < this.#credentials.generation) return this.credentials(applicant);
    const { error, requiredScope, resourceMetadata } = demandOf(challenge);
    const challenged = requiredScope === undefined ? undefined : readScopes(requiredScope);
    const maySignIn = this.#maySignIn(purpose);
    // Any other 403 is a plain denial.
    if (status === 403 && (error !== 'insufficient_scope' || !maySignIn)) return undefined;
    if (status === 403) return this.#widen(actor, applicant, challenged ?? [], resourceMetadata);
    this.#steps.noteChallenge(resourceMetadata);
    return this.#wait(
      applicant,
      sent.generation,
      (why) => {
        if (why === undefined || purpose === 'background') return undefined;
        throw why;
      },
      () => {
        actor.send({ type: 'refused', challenged, maySignIn });
      },
    );
  }

  /** A token with more scopes: a person has to agree. */
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
      applicant,
      this.#credentials.generation,
      (why) => {
        throw why ?? this.#insufficient(challenged, missing);
      },
      () => {
        actor.send({ type: 'lacking', challenged, maySignIn: true });
      },
    );
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
    actor?.stop();
    this.#reject(failure('connection', 'MCP_CONNECTION_CLOSED', 'The connection is closed', { delivery: 'not-sent' }));
    this.#notify(this.#snapshot, undefined);
    this.#snapshot = undefined;
    return this.#steps.finish();
  }

  get #current(): AuthorizationSnapshot {
    if (this.#snapshot === undefined) throw new TypeError('The authorization has not been started');
    return this.#snapshot;
  }

  get #isIdle(): boolean {
    return this.#current.hasTag('idle');
  }

  #maySignIn(purpose: RequestPurpose): boolean {
    const { prompt } = this.#options.settings;
    return purpose === 'probe' ? prompt !== 'never' : purpose === 'call' && prompt === 'auto';
  }

  #start(): Actor<typeof authorizationMachine> {
    const { environment } = this.#options;
    const actor = createActor(authorizationMachine, {
      // Requests of the chart before have tokens of its generations.
      input: { generation: this.#credentials.generation },
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
      const { accessToken = '' } = this.#steps.grant ?? {};
      this.#credentials = generation === 0 ? NONE : { authorization: `Bearer ${accessToken}`, generation };
    }
    this.#settle();
    this.#notify(before, snapshot);
  }

  /** A person is asked to sign in, or not any more: the requests that wait for that get to know, and the connection. */
  #notify(before: AuthorizationSnapshot | undefined, now: AuthorizationSnapshot | undefined): void {
    const asks = asksPerson(now);
    if (asks !== asksPerson(before)) {
      for (const { applicant } of this.#waiters) {
        if (asks) applicant.park();
        else applicant.unpark();
      }
    }
    const blocks = blocksRequests(now);
    if (blocks !== blocksRequests(before)) this.#options.asking(blocks);
  }

  /** Ends the waits that are over. Waits that begin meanwhile are not looked at. */
  #settle(): void {
    const waiters = this.#waiters;
    if (waiters.length === 0) return;
    const { token } = this.#current.value;
    const usable = typeof token === 'object';
    const isIdle = this.#isIdle;
    const { failure: why } = this.#current.context;
    this.#waiters = [];
    for (const waiter of waiters) {
      if (usable && this.#credentials.generation > waiter.after) waiter.resolve(this.#credentials);
      else if (token === 'absent' && waiter.after === 0 && isIdle && why === undefined) waiter.resolve(NONE);
      else if (isIdle) waiter.otherwise(why);
      else this.#waiters.push(waiter);
    }
  }

  /** Waits for a token of a later generation. @param begin starts the work, if none is in progress */
  #wait(
    applicant: Applicant,
    after: number,
    otherwise: (why: Failure | undefined) => Credentials | undefined,
    begin: () => void,
  ): Promise<Credentials | undefined> {
    return new Promise((resolve, reject: (reason: Error) => void) => {
      const waiter: Waiter = {
        applicant,
        after,
        resolve,
        otherwise: (why) => {
          try {
            resolve(otherwise(why));
          } catch (thrown) {
            reject(thrown as Error);
          }
        },
      };
      begin();
      // The chart may have crashed as it started.
      if (this.#actor === undefined) {
        waiter.otherwise(crashed());
        return;
      }
      this.#waiters.push(waiter);
      this.#settle();
      if (asksPerson(this.#current) && this.#waiters.includes(waiter)) applicant.park();
    });
  }

  #reject(why: Failure): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { otherwise } of waiters) otherwise(why);
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
