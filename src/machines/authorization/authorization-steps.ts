import { unreachable } from '../../auth/auth-failures.js';
import type { ClientIdentity } from '../../auth/client-identity.js';
import { shownServer } from '../../auth/discovery.js';
import type { Discovered } from '../../auth/discovery.js';
import { givenClient } from '../../auth/clients/given-client.js';
import { obtainTokens } from '../../auth/grants/grant-request.js';
import type { SignInPrompt } from '../../auth/grants/sign-in-prompt.js';
import { isUnattended } from '../../auth/grants/unattended.js';
import type { GuardedFetch } from '../../auth/network/guarded-fetch.js';
import { library } from '../../auth/library.js';
import type { OAuthSettings } from '../../auth/oauth-settings.js';
import { ProofKey } from '../../auth/proof-key.js';
import { scopesToRequest } from '../../auth/scopes.js';
import { beginSignIn } from '../../auth/sign-in.js';
import type { SignIn, SignInRequest } from '../../auth/sign-in.js';
import type { Grant } from '../../auth/stores/records.js';
import { exchangeCode, revoke } from '../../auth/token-requests.js';
import type { TokenRequests } from '../../auth/token-requests.js';
import type { Environment } from '../../util/environment.js';
import { isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { AuthorizationEvent, AuthorizationFacts, AuthorizationStep } from './authorization-facts.js';
import type { AuthorizationPorts } from './authorization-setup.js';
import { DeviceSignIn, noStep } from './device-sign-in.js';
import type { CodeDialog } from './device-sign-in.js';
import { HeldGrant } from './held-grant.js';
import { RefreshStep } from './refresh-step.js';
import { RunningSteps } from './running-steps.js';
import { ServerSearch } from './server-search.js';
import { SignInClient } from './sign-in-client.js';
import { openDialog, refusalOf } from './sign-in-dialog.js';
import { StoredRecords } from './stored-records.js';

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

/** How long the tokens of a sign-out may take to be revoked, in ms. */
const LONGEST_SIGN_OUT = 5_000;

/** The steps of the flow. All secrets of an authorization are in here: tokens, codes, verifiers, states. */
export class AuthorizationSteps implements AuthorizationPorts {
  readonly #options: AuthorizationOptions;
  readonly #records: StoredRecords;
  readonly #running: RunningSteps;
  readonly #clients: SignInClient;
  readonly #search: ServerSearch;
  readonly #held: HeldGrant;
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
    const url = new URL(options.server);
    url.hash = url.username = url.password = '';
    const { href: server } = url;
    const { settings, clientName, network, environment, keepSecret } = options;
    this.#running = new RunningSteps(environment);
    this.#records = new StoredRecords(settings, server, environment, {
      report: options.report,
      releasing: (done) => {
        this.#running.keepReleasing(done);
      },
      storing: (done) => {
        this.#running.keepStoring(done);
      },
    });
    this.#search = new ServerSearch(options);
    this.#held = new HeldGrant({
      ...{ server, settings, environment, keepSecret },
      ...{ records: this.#records, search: this.#search },
      storing: (done) => {
        this.#running.keepStoring(done);
      },
    });
    const now = (): number => environment.now();
    this.#clients = new SignInClient({ settings, clientName, network, records: this.#records, now });
  }

  /** The grant whose token is sent. */
  get grant(): Grant | undefined {
    return this.#held.current;
  }

  /** Keeps what a challenge says about the search for the authorization server. */
  noteChallenge(resourceMetadata: string | undefined, scheme?: string): void {
    this.#search.noteChallenge(resourceMetadata, scheme);
  }

  random(): number {
    return this.#options.environment.random();
  }

  activate(): void {
    this.#held.activate();
    this.#signIn = this.#answer = undefined;
    this.#device.forget();
  }

  doubtClient(): void {
    const client = this.#client;
    const { issuer } = this.#search;
    if (client?.dynamic !== true || issuer === undefined) return;
    this.#client = undefined;
    void this.#records.doubtClient(issuer, client);
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

  /** The connection is being closed. The chart ends its steps next. */
  beginClosing(): void {
    this.#running.beginClosing();
  }

  /** Resolves when the tokens that were requested are stored, or when that takes too long. */
  async finish(): Promise<void> {
    this.#records.hurry();
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
      return this.#held.load();
    },
    discover: async ({ cause }, signal) => {
      const found = await this.#search.search(cause, this.grant, signal);
      const { refreshToken, issuer, proofKey } = this.grant ?? {};
      // A refresh would give another token that is not bound.
      const isBound = proofKey !== undefined || !found.bindsTokens;
      const isOfServer = refreshToken !== undefined && issuer === found.metadata.issuer;
      return { type: 'discovered', refreshable: isOfServer && isBound };
    },
    lockRefresh: async (_facts, signal) => {
      await this.#records.lock('refresh', signal, 'The token was not refreshed');
      const stored = await this.#records.grant();
      if (stored !== undefined && stored.isNew && stored.grant === undefined && !stored.isForeign) {
        this.#held.next = undefined;
        return { type: 'dropped' };
      }
      return this.#held.adopt(stored, []) ?? { type: 'locked' };
    },
    refresh: (_facts, signal) => this.#refresh(signal),
    lockSignIn: async ({ challenged = [] }, signal) => {
      await this.#records.lock('sign-in', signal, 'No person was asked');
      signal.addEventListener('abort', () => {
        this.#clients.closeListener();
      });
      return (await this.#held.signedInElsewhere(challenged, signal)) ?? { type: 'locked' };
    },
    watch: ({ challenged = [] }, signal) => this.#held.watch(challenged, signal),
    register: async ({ challenged }, signal) => {
      const { found } = this.#search;
      this.#scopes = this.#scopesFor(found, challenged);
      this.#client = await this.#clients.choose(found.metadata, this.#scopes, this.grant, signal);
      this.#proofKey = found.bindsTokens ? ProofKey.generate() : undefined;
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
    return { found: this.#search.found, client: this.#client, scopes: this.#scopes, proofKey: this.#proofKey };
  }

  #hide(...values: readonly (string | undefined)[]): void {
    for (const value of values) if (value !== undefined) this.#options.keepSecret(value);
  }

  #scopesFor({ metadata, resourceScopes }: Discovered, challenged: readonly string[] | undefined): string[] {
    const { scopes, offlineAccess } = this.#options.settings;
    const isSame = this.grant?.issuer === metadata.issuer;
    return scopesToRequest({
      challenged,
      ofResource: resourceScopes,
      ofServer: metadata.scopes_supported,
      earlier: isSame ? (this.grant?.requested ?? []) : [],
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
    return { type: 'exchanged', grant: await this.#held.keep(...polled, this.#options.environment.newId()) };
  }

  async #exchange(signal: AbortSignal): Promise<AuthorizationEvent> {
    const signIn = this.#signIn;
    const answer = this.#answer;
    if (signIn === undefined || answer === undefined) throw new TypeError('There is no code');
    // A code is used once.
    this.#answer = undefined;
    const tokens = await exchangeCode(await this.#requests(signal, signIn.proofKey), signIn, answer);
    if (isFailure(tokens)) return refusalOf(tokens, signIn.client);
    const grant = await this.#held.keep(tokens, signIn, this.#options.environment.newId());
    this.#clients.listener?.succeed();
    return { type: 'exchanged', grant };
  }

  /** Without a person. The identity stays the same, so that lists stay cached. */
  async #obtain(challenged: readonly string[] | undefined, signal: AbortSignal): Promise<AuthorizationEvent> {
    const { settings, environment } = this.#options;
    const { grant } = settings;
    const { found } = this.#search;
    if (!isUnattended(grant)) throw noStep();
    const scopes = this.#scopesFor(found, challenged);
    const client = givenClient(settings, found.metadata, this.grant);
    this.#hide(client?.secret);
    const proofKey = found.bindsTokens ? (this.grant?.proofKey ?? ProofKey.generate()) : undefined;
    this.#hide(proofKey?.record.d);
    const needs = { requests: await this.#requests(signal, proofKey), found, client, scopes };
    const tokens = await obtainTokens(grant, needs);
    const { grant: before } = this;
    const signIn = before?.issuer === found.metadata.issuer ? before.signIn : environment.newId();
    return {
      type: 'obtained',
      grant: await this.#held.keep(tokens, { ...needs, client: client ?? NO_CLIENT, proofKey }, signIn),
    };
  }

  async #refresh(signal: AbortSignal): Promise<AuthorizationEvent> {
    const { grant } = this;
    if (grant === undefined) throw noStep();
    const requests = await this.#requests(signal, grant.proofKey);
    return new RefreshStep(this.#held, this.#records).run(grant, this.#search.found, this.#clientOf(grant), requests);
  }

  async #drop(signal: AbortSignal): Promise<AuthorizationEvent> {
    // A refresh that is under way would store its tokens afterwards.
    this.#records.hurry();
    await this.#running.settled();
    await this.#records.lock('refresh', signal, 'The tokens were not deleted');
    this.#dropped = (await this.#records.grant())?.grant ?? this.grant;
    await this.#records.dropGrant();
    this.#held.next = undefined;
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
      const { metadata } = await this.#search.search('needed', this.grant, until);
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
    const given = givenClient(this.#options.settings, this.#search.found.metadata, grant);
    const client = given?.id === grant.client.id ? given : grant.client;
    this.#hide(client.secret);
    return client;
  }

  /** @param proofKey the key to which the tokens are to be bound */
  async #requests(signal: AbortSignal, proofKey?: ProofKey): Promise<TokenRequests> {
    const { network, environment, settings } = this.#options;
    return {
      ...{ library: await library(), network, extra: settings.tokenParameters, signal },
      ...{ proofKey, requiresBinding: settings.dpop === true },
      now: () => environment.now(),
      newId: () => environment.newId(),
      keepSecret: (value) => {
        this.#hide(value);
      },
    };
  }
}

/** The client of tokens from elsewhere. */
const NO_CLIENT: ClientIdentity = { id: '', secret: undefined, method: 'none', dynamic: false, redirectUri: '' };
