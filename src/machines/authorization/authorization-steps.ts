import { lockUnavailable, unreachable } from '../../auth/auth-failures.js';
import type { ClientIdentity } from '../../auth/client-identity.js';
import { Discovery, shownServer } from '../../auth/discovery.js';
import type { Discovered } from '../../auth/discovery.js';
import { givenClient } from '../../auth/clients/given-client.js';
import { grantTypeOf } from '../../auth/grants/grant.js';
import { obtainTokens } from '../../auth/grants/grant-request.js';
import type { SignInPrompt } from '../../auth/grants/sign-in-prompt.js';
import { isUnattended } from '../../auth/grants/unattended.js';
import type { GuardedFetch } from '../../auth/network/guarded-fetch.js';
import { library } from '../../auth/library.js';
import type { OAuthSettings } from '../../auth/oauth-settings.js';
import { ProofKey } from '../../auth/proof-key.js';
import { lacking, scopesToRequest, union } from '../../auth/scopes.js';
import { beginSignIn } from '../../auth/sign-in.js';
import type { SignIn, SignInRequest } from '../../auth/sign-in.js';
import type { Grant } from '../../auth/stores/records.js';
import { exchangeCode, refresh, revoke } from '../../auth/token-requests.js';
import type { TokenRequests } from '../../auth/token-requests.js';
import type { Tokens } from '../../auth/token-response.js';
import type { Environment } from '../../util/environment.js';
import { isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type {
  AuthorizationEvent,
  AuthorizationFacts,
  AuthorizationStep,
  Cause,
  GrantFacts,
} from './authorization-facts.js';
import type { AuthorizationPorts } from './authorization-setup.js';
import { DeviceSignIn, noStep } from './device-sign-in.js';
import type { CodeDialog } from './device-sign-in.js';
import { RunningSteps } from './running-steps.js';
import { SignInClient } from './sign-in-client.js';
import { isDeadClientError, openDialog, refusalOf } from './sign-in-dialog.js';
import { StoredRecords } from './stored-records.js';
import type { StoredGrant } from './stored-records.js';

/** What an authorization is made of. */
export interface AuthorizationOptions {
  readonly settings: OAuthSettings;
  /** The URL of the MCP server. */
  readonly server: URL;
  /** The name that is registered if the settings have none. */
  readonly clientName: string;
  readonly environment: Environment;
  readonly network: GuardedFetch;
  /** Takes values that may not be shown. */
  readonly keepSecret: (value: string) => void;
  /** A problem that ends nothing. */
  readonly report: (problem: Failure) => void;
  /** Time for a person to sign in, in ms. */
  readonly authTimeout: number;
}

/** Metadata of an authorization server is used again for this time, in ms, unless a token was refused. */
const METADATA_LIFETIME = 600_000;

/** A token is renewed this long before it expires, in ms, but at most a tenth of its lifetime. */
const EARLY = 60_000;

/** How long the tokens of a sign-out may take to be revoked, in ms. */
const LONGEST_SIGN_OUT = 5_000;

/** How often refreshed tokens are stored, if other processes change the grant at the same time. */
const MOST_WRITES = 3;

/** The steps of the flow. All secrets of an authorization are in here: tokens, codes, verifiers, states. */
export class AuthorizationSteps implements AuthorizationPorts {
  readonly #options: AuthorizationOptions;
  readonly #server: string;
  readonly #records: StoredRecords;
  readonly #running: RunningSteps;
  readonly #clients: SignInClient;
  /** The grant whose token is sent. */
  #grant: Grant | undefined;
  /** The one that is used as soon as the chart says so. */
  #next: Grant | undefined;
  /** The URL of the resource metadata in the last challenge. */
  #named: string | undefined;
  /** Whether the last challenge requires a token that is bound to a key. */
  #requiresBinding = false;
  #found: Discovered | undefined;
  #foundAt = 0;
  #client: ClientIdentity | undefined;
  #scopes: readonly string[] = [];
  /** The key to which the tokens of the next sign-in are to be bound. */
  #proofKey: ProofKey | undefined;
  #signIn: SignIn | undefined;
  #answer: URLSearchParams | undefined;
  readonly #device = new DeviceSignIn();
  /** The grant that was deleted, whose tokens are to be revoked. */
  #dropped: Grant | undefined;
  readonly #prompted: () => void;
  /** What a person was asked last. */
  prompt: SignInPrompt | undefined;

  /** @param prompted called when a person is asked */
  constructor(options: AuthorizationOptions, prompted: () => void) {
    this.#options = options;
    this.#prompted = prompted;
    const server = new URL(options.server);
    server.hash = server.username = server.password = '';
    this.#server = server.href;
    const { settings, clientName, network, environment } = options;
    this.#running = new RunningSteps(environment);
    this.#records = new StoredRecords(settings, this.#server, environment, {
      report: options.report,
      releasing: (done) => {
        this.#running.keepReleasing(done);
      },
    });
    const now = (): number => environment.now();
    this.#clients = new SignInClient({ settings, clientName, network, records: this.#records, now });
  }

  /** The grant whose token is sent. */
  get grant(): Grant | undefined {
    return this.#grant;
  }

  /** Keeps where a challenge says that the metadata of the resource is; a challenge without it says nothing new. */
  noteChallenge(resourceMetadata: string | undefined, scheme?: string): void {
    if (resourceMetadata !== undefined) this.#named = resourceMetadata;
    if (scheme !== undefined) this.#requiresBinding = scheme === 'dpop';
  }

  random(): number {
    return this.#options.environment.random();
  }

  activate(): void {
    this.#grant = this.#next;
    this.#signIn = this.#answer = undefined;
    this.#device.forget();
    this.#hide(this.#grant?.accessToken, this.#grant?.refreshToken);
  }

  doubtClient(): void {
    const client = this.#client;
    const found = this.#found;
    if (client?.dynamic !== true || found === undefined) return;
    this.#client = undefined;
    void this.#records.doubtClient(found.metadata.issuer, client);
  }

  perform(step: AuthorizationStep, facts: AuthorizationFacts, send: (event: AuthorizationEvent) => void): () => void {
    return this.#running.run(step, (signal) => this.#steps[step](facts, signal), {
      send,
      // The next connection begins with these tokens.
      finished: () => {
        this.activate();
      },
    });
  }

  /** Resolves when the tokens that were requested are stored, or when that takes too long. */
  async finish(): Promise<void> {
    await this.#running.finish();
    // The next connection may have begun meanwhile.
    if (this.#running.isIdle) this.#records.stopWaiting();
  }

  /** Ends all steps, because the chart has crashed. */
  endAll(): void {
    this.#running.endAll();
  }

  readonly #steps: Readonly<
    Record<AuthorizationStep, (facts: AuthorizationFacts, signal: AbortSignal) => Promise<AuthorizationEvent>>
  > = {
    load: async () => {
      // The connection before may still wait for tokens.
      await this.#running.settled();
      const stored = await this.#records.grant();
      // After a failed write the grant in memory is newer than the stored one.
      this.#next = stored === undefined || stored.isBehind ? this.#grant : stored.grant;
      this.#hideGrant(this.#next);
      return { type: 'loaded', grant: this.#next && factsOf(this.#next) };
    },
    discover: async ({ cause }, signal) => {
      const found = await this.#discover(cause, signal);
      const { refreshToken, issuer } = this.#grant ?? {};
      return { type: 'discovered', refreshable: refreshToken !== undefined && issuer === found.metadata.issuer };
    },
    lockRefresh: async (_facts, signal) => {
      await this.#records.lock('refresh', signal);
      const stored = await this.#records.grant();
      if (stored !== undefined && stored.isNew && stored.grant === undefined) {
        this.#next = undefined;
        return { type: 'dropped' };
      }
      return this.#adopt(stored, []) ?? { type: 'locked' };
    },
    refresh: (_facts, signal) => this.#refresh(signal),
    lockSignIn: async ({ challenged = [] }, signal) => {
      await this.#records.lock('sign-in', signal);
      signal.addEventListener('abort', () => {
        this.#clients.closeListener();
      });
      return (await this.#signedInElsewhere(challenged, signal)) ?? { type: 'locked' };
    },
    watch: ({ challenged = [] }, signal) => this.#watch(challenged, signal),
    register: async ({ challenged }, signal) => {
      this.#scopes = this.#scopesFor(this.#knownServer, challenged);
      this.#client = await this.#clients.choose(this.#knownServer.metadata, this.#scopes, this.#grant, signal);
      this.#proofKey = this.#knownServer.bindsTokens ? ProofKey.generate() : undefined;
      this.#hide(this.#client.secret, this.#proofKey?.record.d);
      return { type: 'registered' };
    },
    prompt: (facts, signal) => this.#prompt(facts, signal),
    exchange: (_facts, signal) => this.#exchange(signal),
    requestCode: async (_facts, signal) =>
      this.#device.request(await this.#requests(signal), this.#request, this.#options),
    showCode: (facts, signal) => {
      const shown = this.#shown(facts, facts.device?.lifetime ?? 0);
      return this.#device.show(this.#options.settings.grant, { shown, opened: this.#opened, signal });
    },
    poll: (_facts, signal) => this.#poll(signal),
    obtain: ({ challenged }, signal) => this.#obtain(challenged, signal),
    drop: (_facts, signal) => this.#drop(signal),
    revoke: (_facts, signal) => this.#revoke(signal),
  };

  /** The client of a sign-in, and what it requests. */
  get #request(): SignInRequest {
    if (this.#client === undefined) throw noStep();
    return { found: this.#knownServer, client: this.#client, scopes: this.#scopes, proofKey: this.#proofKey };
  }

  get #knownServer(): Discovered {
    if (this.#found === undefined) throw new TypeError('No authorization server was found');
    return this.#found;
  }

  #hide(...values: readonly (string | undefined)[]): void {
    for (const value of values) if (value !== undefined) this.#options.keepSecret(value);
  }

  #hideGrant(grant: Grant | undefined): void {
    this.#hide(grant?.accessToken, grant?.refreshToken, grant?.client.secret, grant?.proofKey?.record.d);
  }

  /** The grant that another connection has stored meanwhile, if it is newer than the one in use, and has these scopes. */
  async #adopted(scopes: readonly string[], signal?: AbortSignal): Promise<AuthorizationEvent | undefined> {
    return this.#adopt(await this.#records.grant(signal), scopes);
  }

  #adopt(read: StoredGrant | undefined, scopes: readonly string[]): AuthorizationEvent | undefined {
    const { grant: stored, isNew = false } = read ?? {};
    const { environment } = this.#options;
    if (stored === undefined || !isNew) return undefined;
    this.#hideGrant(stored);
    if (stored.issuer !== this.#found?.metadata.issuer || lacking(scopes, stored.granted).length > 0) return undefined;
    if (stored.expiresAt !== undefined && stored.expiresAt <= environment.now()) {
      // Its refresh token is newer than ours all the same.
      this.#grant = stored;
      return undefined;
    }
    this.#next = stored;
    return { type: 'adopted', grant: factsOf(stored) };
  }

  /** As {@link #adopted}, for a sign-in: a grant that has expired since it was stored can be refreshed instead. */
  async #signedInElsewhere(scopes: readonly string[], signal: AbortSignal): Promise<AuthorizationEvent | undefined> {
    const before = this.#grant;
    const adopted = await this.#adopted(scopes, signal);
    if (adopted !== undefined) return adopted;
    return this.#grant !== before && this.#grant?.refreshToken !== undefined ? { type: 'refreshable' } : undefined;
  }

  /** Resolves when another process has signed in, with the scopes that are needed. Rejects with the reason of the signal. */
  #watch(scopes: readonly string[], signal: AbortSignal): Promise<AuthorizationEvent> {
    return new Promise((resolve, reject: (reason: Error) => void) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
      this.#records.watch(() => {
        // It never rejects: problems of the store are reported.
        void this.#signedInElsewhere(scopes, signal).then((event) => {
          if (event !== undefined) resolve(event);
        });
      }, signal);
    });
  }

  async #discover(cause: Cause, signal: AbortSignal): Promise<Discovered> {
    const { settings, server, network, environment } = this.#options;
    const isRecent = this.#found !== undefined && environment.now() - this.#foundAt < METADATA_LIFETIME;
    if (isRecent && cause !== 'refused' && this.#found !== undefined) return this.#found;
    const issuers = [this.#grant?.issuer, settings.preferredIssuer].filter((one) => one !== undefined);
    const options = { ...settings, grantType: grantTypeOf(settings.grant) };
    const found = await new Discovery(server, options, network, signal).search(this.#named, {
      issuers,
      resource: this.#grant?.resource,
      metadata: isRecent ? this.#found?.metadata : undefined,
      requiresBinding: this.#requiresBinding,
    });
    if (!isRecent || found.metadata !== this.#found?.metadata) this.#foundAt = environment.now();
    this.#found = found;
    return found;
  }

  #scopesFor({ metadata, resourceScopes }: Discovered, challenged: readonly string[] | undefined): string[] {
    const { scopes, offlineAccess } = this.#options.settings;
    const isSame = this.#grant?.issuer === metadata.issuer;
    return scopesToRequest({
      challenged,
      ofResource: resourceScopes,
      ofServer: metadata.scopes_supported,
      earlier: isSame ? (this.#grant?.requested ?? []) : [],
      offlineAccess,
      choose: scopes,
    });
  }

  async #prompt(facts: AuthorizationFacts, signal: AbortSignal): Promise<AuthorizationEvent> {
    const { settings } = this.#options;
    const { grant } = settings;
    if (isUnattended(grant) || grant.kind !== 'interactive') throw noStep();
    const functions = await library();
    const signIn = await beginSignIn(functions, this.#request, settings.parameters);
    this.#signIn = signIn;
    this.#hide(signIn.state, signIn.verifier);
    signal.throwIfAborted();
    const end = await openDialog({
      library: functions,
      grant,
      listener: this.#clients.listener,
      signIn,
      shown: this.#shown(facts, this.#options.authTimeout),
      opened: this.#opened,
      keepSecret: (value) => {
        this.#hide(value);
      },
      signal,
    });
    if (end.kind === 'refused') return refusalOf(end.failure, signIn.client);
    if (end.kind === 'cancelled') {
      // A person who sees an error page of the server cancels: the client may be unknown there.
      this.doubtClient();
      return { type: 'failed', failure: end.failure };
    }
    this.#answer = end.parameters;
    return { type: 'answered' };
  }

  #shown({ cause, grant }: AuthorizationFacts, time: number): CodeDialog['shown'] {
    const { environment, server } = this.#options;
    return {
      reason: grant === undefined ? 'sign-in' : cause === 'lacking' ? 'scopes' : 'expired',
      server: shownServer(server),
      scopes: this.#scopes,
      expiresAt: environment.now() + time,
    };
  }

  readonly #opened = (prompt: SignInPrompt): void => {
    this.prompt = prompt;
    this.#prompted();
  };

  async #poll(signal: AbortSignal): Promise<AuthorizationEvent> {
    const polled = await this.#device.poll(await this.#requests(signal, this.#proofKey));
    if ('type' in polled) return polled;
    return { type: 'exchanged', grant: await this.#keepNew(...polled, this.#options.environment.newId()) };
  }

  async #exchange(signal: AbortSignal): Promise<AuthorizationEvent> {
    const signIn = this.#signIn;
    const answer = this.#answer;
    if (signIn === undefined || answer === undefined) throw new TypeError('There is no code');
    // A code is used once.
    this.#answer = undefined;
    const tokens = await exchangeCode(await this.#requests(signal, signIn.proofKey), signIn, answer);
    if (isFailure(tokens)) return refusalOf(tokens, signIn.client);
    const grant = await this.#keepNew(tokens, signIn, this.#options.environment.newId());
    this.#clients.listener?.succeed();
    return { type: 'exchanged', grant };
  }

  /** Without a person. The identity stays the same, so that lists stay cached. */
  async #obtain(challenged: readonly string[] | undefined, signal: AbortSignal): Promise<AuthorizationEvent> {
    const { settings, environment } = this.#options;
    const { grant } = settings;
    const found = this.#knownServer;
    if (!isUnattended(grant)) throw noStep();
    const scopes = this.#scopesFor(found, challenged);
    const client = givenClient(settings, found.metadata, this.#grant);
    this.#hide(client?.secret);
    const proofKey = found.bindsTokens ? (this.#grant?.proofKey ?? ProofKey.generate()) : undefined;
    this.#hide(proofKey?.record.d);
    const needs = { requests: await this.#requests(signal, proofKey), found, client, scopes };
    const tokens = await obtainTokens(grant, needs);
    const signIn = this.#grant?.issuer === found.metadata.issuer ? this.#grant.signIn : environment.newId();
    return {
      type: 'obtained',
      grant: await this.#keepNew(tokens, { ...needs, client: client ?? NO_CLIENT, proofKey }, signIn),
    };
  }

  /** Stores the tokens of a grant, which are used as soon as the chart says so. */
  async #keepNew(
    tokens: Tokens,
    { found, client, scopes, proofKey }: SignInRequest,
    signIn: string,
  ): Promise<GrantFacts> {
    const { issuer } = found.metadata;
    const earlier = this.#grant?.issuer === issuer ? this.#grant.requested : [];
    this.#next = {
      ...{ server: this.#server, account: this.#options.settings.account, issuer, client, signIn },
      resource: found.resource,
      requested: union(earlier, scopes),
      granted: tokens.scopes ?? scopes,
      proofKey: tokens.isBound ? proofKey : undefined,
      ...this.#timed(tokens),
    };
    await this.#records.keepGrant(this.#next);
    return factsOf(this.#next);
  }

  async #refresh(signal: AbortSignal): Promise<AuthorizationEvent> {
    const grant = this.#grant;
    const found = this.#knownServer;
    if (grant?.refreshToken === undefined) throw new TypeError('There is no refresh token');
    const requests = await this.#requests(signal, grant.proofKey);
    // The last step before the request: without the lock another process may be sending the same refresh token, which revokes all tokens.
    if (!(await this.#records.holds('refresh'))) return overtaken();
    const tokens = await refresh(requests, found, this.#clientOf(grant), grant.refreshToken);
    if (isFailure(tokens)) return this.#notRefreshed(grant, tokens);
    const refreshed: Grant = {
      ...grant,
      granted: tokens.scopes ?? grant.granted,
      ...this.#timed(tokens, grant.refreshToken),
    };
    const newer = await this.#storeRefreshed(refreshed, grant.refreshToken);
    if (newer !== undefined) return newer;
    this.#next = refreshed;
    return { type: 'refreshed', grant: factsOf(refreshed) };
  }

  /**
   * Stores a refreshed grant, also if the lock was lost meanwhile. A newer grant is used in place of it: a person may have signed in again, in
   * another connection. Another process, which the server refused the same refresh token, may have stored that it is dead: that is not newer.
   */
  async #storeRefreshed(refreshed: Grant, spent: string): Promise<AuthorizationEvent | undefined> {
    for (let tries = 0; tries < MOST_WRITES; tries += 1) {
      if (await this.#records.replaceGrant(refreshed)) return undefined;
      const stored = await this.#records.grant();
      const adopted = this.#adopt(stored, []);
      if (adopted !== undefined) return adopted;
      const { refreshToken = spent } = stored?.grant ?? {};
      if (stored?.grant === undefined || refreshToken !== spent) return undefined;
    }
    return undefined;
  }

  /** Only these errors are about the refresh token, and only about the one that was sent. */
  async #notRefreshed(grant: Grant, why: Failure): Promise<AuthorizationEvent> {
    const error = why.details?.error;
    const isDeadClient = isDeadClientError(error);
    if (error !== 'invalid_grant' && !(isDeadClient && grant.client.dynamic)) return { type: 'failed', failure: why };
    const adopted = await this.#adopted([]);
    if (adopted !== undefined) return adopted;
    // Another process has stored tokens that have expired since, with another refresh token.
    if (this.#grant !== undefined && this.#grant.refreshToken !== grant.refreshToken) return overtaken();
    if (isDeadClient) await this.#records.doubtClient(grant.issuer, grant.client);
    this.#grant = { ...grant, refreshToken: undefined };
    // If another process stores a newer grant at this moment, the sign-in finds it.
    await this.#records.replaceGrant(this.#grant);
    return { type: 'refresh.dead', failure: why };
  }

  async #drop(signal: AbortSignal): Promise<AuthorizationEvent> {
    // A refresh that is under way would store its tokens afterwards.
    await this.#running.settled();
    await this.#records.lock('refresh', signal);
    this.#dropped = (await this.#records.grant())?.grant ?? this.#grant;
    await this.#records.dropGrant();
    this.#next = undefined;
    return { type: 'dropped' };
  }

  /** The tokens are deleted already, so that a problem is only reported. The refresh token comes first: it lasts longer. */
  async #revoke(signal: AbortSignal): Promise<AuthorizationEvent> {
    const grant = this.#dropped;
    this.#dropped = undefined;
    if (grant !== undefined) await this.#revokeTokens(grant, signal);
    return { type: 'revoked' };
  }

  async #revokeTokens(grant: Grant, signal: AbortSignal): Promise<void> {
    const { environment, report } = this.#options;
    const limit = new AbortController();
    const timer = environment.setTimeout(() => {
      limit.abort(unreachable('The sign-out took too long', { phase: 'sign-out' }));
    }, LONGEST_SIGN_OUT);
    const until = AbortSignal.any([signal, limit.signal]);
    try {
      const { metadata } = await this.#discover('needed', until);
      if (metadata.issuer !== grant.issuer || metadata.revocation_endpoint === undefined) return;
      // Tokens from elsewhere are not of this server.
      if (grant.client.id === '') return;
      const requests = await this.#requests(until);
      for (const token of [grant.refreshToken, grant.accessToken]) {
        const problem =
          token === undefined ? undefined : await revoke(requests, metadata, this.#clientOf(grant), token);
        if (problem !== undefined) report(problem);
      }
    } catch (thrown) {
      if (isFailure(thrown) && !signal.aborted) report(thrown);
    } finally {
      environment.clearTimeout(timer);
    }
  }

  /** The client of a grant. The stored grant has no secret of the user, and the user may give another one than before. */
  #clientOf(grant: Grant): ClientIdentity {
    const given = givenClient(this.#options.settings, this.#knownServer.metadata, grant);
    const client = given?.id === grant.client.id ? given : grant.client;
    this.#hide(client.secret);
    return client;
  }

  /** @param proofKey the key to which the tokens are to be bound */
  async #requests(signal: AbortSignal, proofKey?: ProofKey): Promise<TokenRequests> {
    const { network, environment, settings } = this.#options;
    return {
      ...{ library: await library(), network, extra: settings.tokenParameters, now: environment.now(), signal },
      ...{ proofKey, requiresBinding: settings.dpop === true },
      newId: () => environment.newId(),
      keepSecret: (value) => {
        this.#hide(value);
      },
    };
  }

  #timed(
    { accessToken, refreshToken, expiresIn }: Tokens,
    before?: string,
  ): Pick<Grant, 'accessToken' | 'refreshToken' | 'expiresAt' | 'agesAt'> {
    this.#hide(accessToken, refreshToken);
    const lifetime = expiresIn === undefined ? undefined : expiresIn * 1_000;
    const now = this.#options.environment.now();
    return {
      accessToken,
      refreshToken: refreshToken ?? before,
      expiresAt: lifetime === undefined ? undefined : now + lifetime,
      agesAt: lifetime === undefined ? undefined : now + lifetime - Math.min(EARLY, lifetime / 10),
    };
  }
}

/** The client of tokens from elsewhere. */
const NO_CLIENT: ClientIdentity = { id: '', secret: undefined, method: 'none', dynamic: false, redirectUri: '' };

function factsOf({ issuer, requested, granted }: Grant): GrantFacts {
  return { issuer, requested, granted };
}

/** Another process has had the lock of the refresh meanwhile. */
function overtaken(): AuthorizationEvent {
  const message = 'Another process refreshes the token, because this one was stopped for too long';
  return { type: 'overtaken', failure: lockUnavailable(message) };
}
