import { authFailure, isOutage } from '../../auth/auth-failures.js';
import { methodFor } from '../../auth/client-identity.js';
import type { ClientIdentity } from '../../auth/client-identity.js';
import { Discovery, shownServer } from '../../auth/discovery.js';
import type { Discovered } from '../../auth/discovery.js';
import type { SignInPrompt } from '../../auth/grants/interactive.js';
import type { GuardedFetch } from '../../auth/guarded-fetch.js';
import { library } from '../../auth/library.js';
import type { OAuthSettings } from '../../auth/oauth-settings.js';
import { register } from '../../auth/registration.js';
import { lacking, scopesToRequest, union } from '../../auth/scopes.js';
import { beginSignIn, checkCallback, parametersOf } from '../../auth/sign-in.js';
import type { SignIn } from '../../auth/sign-in.js';
import {
  clientKey,
  grantKey,
  readGrant,
  readRegistration,
  writeGrant,
  writeRegistration,
} from '../../auth/stores/records.js';
import type { Grant } from '../../auth/stores/records.js';
import { exchangeCode, refresh } from '../../auth/token-requests.js';
import type { TokenRequests } from '../../auth/token-requests.js';
import type { Tokens } from '../../auth/token-response.js';
import type { Environment } from '../../util/environment.js';
import { describeThrown, failure, isFailure, lookable } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type {
  AuthorizationEvent,
  AuthorizationFacts,
  AuthorizationStep,
  Cause,
  GrantFacts,
} from './authorization-facts.js';
import { AUTH_TIMEOUT } from './authorization-setup.js';
import type { AuthorizationPorts } from './authorization-setup.js';

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
}

/** Metadata of an authorization server is used again for this time, in ms, unless a token was refused. */
const METADATA_LIFETIME = 600_000;

/** A token is renewed this long before it expires, in ms, but at most a tenth of its lifetime. */
const EARLY = 60_000;

/** Errors after which the client is registered again. */
const DEAD_CLIENT: ReadonlySet<unknown> = new Set(['invalid_client', 'unauthorized_client']);

/** The steps of the flow. All secrets of an authorization are in here: tokens, codes, verifiers, states. */
export class AuthorizationSteps implements AuthorizationPorts {
  readonly #options: AuthorizationOptions;
  readonly #server: string;
  readonly #key: string;
  /** The grant whose token is sent. */
  #grant: Grant | undefined;
  /** The one that is used as soon as the chart says so. */
  #next: Grant | undefined;
  /** The URL of the resource metadata in the last challenge. */
  #named: string | undefined;
  #found: Discovered | undefined;
  #foundAt = 0;
  #client: ClientIdentity | undefined;
  #scopes: readonly string[] = [];
  #signIn: SignIn | undefined;
  #answer: URLSearchParams | undefined;

  constructor(options: AuthorizationOptions) {
    this.#options = options;
    const server = new URL(options.server);
    server.hash = server.username = server.password = '';
    this.#server = server.href;
    this.#key = grantKey(this.#server, options.settings.account);
  }

  /** The grant whose token is sent. */
  get grant(): Grant | undefined {
    return this.#grant;
  }

  /** Keeps where a challenge says that the metadata of the resource is; a challenge without it says nothing new. */
  noteChallenge(resourceMetadata: string | undefined): void {
    if (resourceMetadata !== undefined) this.#named = resourceMetadata;
  }

  random(): number {
    return this.#options.environment.random();
  }

  activate(): void {
    this.#grant = this.#next;
    this.#signIn = this.#answer = undefined;
    this.#hide(this.#grant?.accessToken, this.#grant?.refreshToken);
  }

  doubtClient(): void {
    const { client, found } = this.#signIn ?? {};
    if (client?.dynamic !== true || found === undefined) return;
    this.#client = undefined;
    this.#doubted.add(client.id);
    void this.#write(clientKey(found.metadata.issuer, this.#redirectUri), undefined);
  }

  perform(step: AuthorizationStep, facts: AuthorizationFacts, send: (event: AuthorizationEvent) => void): () => void {
    const stop = new AbortController();
    this.#running.add(stop);
    const report = (event: AuthorizationEvent): void => {
      if (!stop.signal.aborted) send(event);
    };
    this.#steps[step](facts, stop.signal).then(report, (thrown: unknown) => {
      report({ type: 'failed', failure: isFailure(thrown) ? thrown : internal(step, thrown) });
    });
    return () => {
      this.#running.delete(stop);
      stop.abort();
    };
  }

  /** Ends all steps and releases their locks. XState does not do so when a part of the chart throws. */
  endAll(): void {
    for (const stop of this.#running) stop.abort();
    this.#running.clear();
  }

  /** What the store holds for the key of the grant, as far as this connection has seen it. */
  #storedText: string | undefined;
  /** Ids of clients that may be unknown to their server, although the store may still have them. */
  readonly #doubted = new Set<string>();
  readonly #running = new Set<AbortController>();

  readonly #steps: Readonly<
    Record<AuthorizationStep, (facts: AuthorizationFacts, signal: AbortSignal) => Promise<AuthorizationEvent>>
  > = {
    load: async () => {
      this.#next = await this.#stored();
      return { type: 'loaded', grant: this.#next && factsOf(this.#next) };
    },
    discover: async ({ cause }, signal) => {
      const found = await this.#discover(cause, signal);
      const { refreshToken, issuer } = this.#grant ?? {};
      return { type: 'discovered', refreshable: refreshToken !== undefined && issuer === found.metadata.issuer };
    },
    lockRefresh: async (_facts, signal) => {
      await this.#lock('refresh', signal);
      return (await this.#adopted([])) ?? { type: 'locked' };
    },
    refresh: (_facts, signal) => this.#refresh(signal),
    lockSignIn: async ({ challenged = [] }, signal) => {
      await this.#lock('sign-in', signal);
      return (await this.#adopted(challenged)) ?? { type: 'locked' };
    },
    register: async ({ challenged }, signal) => {
      this.#scopes = this.#scopesFor(this.#knownServer, challenged);
      this.#client = await this.#clientFor(this.#knownServer, signal);
      return { type: 'registered' };
    },
    prompt: ({ cause, grant }, signal) => this.#prompt(cause, grant !== undefined, signal),
    exchange: (_facts, signal) => this.#exchange(signal),
    save: async () => {
      const grant = this.#next;
      if (grant === undefined) throw new TypeError('There is no grant to save');
      await this.#write(this.#key, writeGrant(grant));
      return { type: 'saved', grant: factsOf(grant) };
    },
  };

  get #knownServer(): Discovered {
    if (this.#found === undefined) throw new TypeError('No authorization server was found');
    return this.#found;
  }

  get #redirectUri(): string {
    return this.#options.settings.grant.redirectUri;
  }

  #hide(...values: readonly (string | undefined)[]): void {
    for (const value of values) if (value !== undefined) this.#options.keepSecret(value);
  }

  /** Holds a lock of this process until the step is ended. */
  async #lock(purpose: string, signal: AbortSignal): Promise<void> {
    const release = await this.#options.settings.locks.take(`${purpose} ${this.#key}`, signal);
    if (signal.aborted) release();
    else signal.addEventListener('abort', release, { once: true });
  }

  async #stored(): Promise<Grant | undefined> {
    const { store, account } = this.#options.settings;
    try {
      this.#storedText = await store.read(this.#key);
      const grant = readGrant(this.#storedText, this.#server, account);
      this.#hide(grant?.accessToken, grant?.refreshToken, grant?.client.secret);
      return grant;
    } catch (thrown) {
      this.#options.report(storeFailed('read', thrown));
      return this.#grant;
    }
  }

  async #write(key: string, value: string | undefined): Promise<void> {
    try {
      await this.#options.settings.store.write(key, value);
      if (key === this.#key) this.#storedText = value;
    } catch (thrown) {
      this.#options.report(storeFailed('write', thrown));
    }
  }

  /** The grant that another connection has stored meanwhile, if it is newer than the one in use, and has these scopes. */
  async #adopted(scopes: readonly string[]): Promise<AuthorizationEvent | undefined> {
    const before = this.#storedText;
    const stored = await this.#stored();
    const changed = this.#storedText !== before;
    const { environment } = this.#options;
    if (stored === undefined || !changed) return undefined;
    if (stored.issuer !== this.#found?.metadata.issuer || lacking(scopes, stored.granted).length > 0) return undefined;
    if (stored.expiresAt !== undefined && stored.expiresAt <= environment.now()) {
      // Its refresh token is newer than ours all the same.
      this.#grant = stored;
      return undefined;
    }
    this.#next = stored;
    return { type: 'adopted', grant: factsOf(stored) };
  }

  async #discover(cause: Cause, signal: AbortSignal): Promise<Discovered> {
    const { settings, server, network, environment } = this.#options;
    const isRecent = this.#found !== undefined && environment.now() - this.#foundAt < METADATA_LIFETIME;
    if (isRecent && cause !== 'refused' && this.#found !== undefined) return this.#found;
    const preferred = [this.#grant?.issuer, settings.preferredIssuer];
    const found = await new Discovery(server, settings, network, signal).search(
      this.#named,
      preferred.filter((one) => one !== undefined),
      isRecent ? this.#found?.metadata : undefined,
    );
    if (!isRecent || found.metadata !== this.#found?.metadata) this.#foundAt = environment.now();
    this.#found = found;
    return found;
  }

  /** A secret that was given without an issuer is sent to one issuer only, whatever the MCP server names later. */
  #bindClient(id: string, issuer: string): void {
    const { clientIssuers } = this.#options.settings;
    const bound = clientIssuers.get(id) ?? (this.#grant?.client.id === id ? this.#grant.issuer : issuer);
    clientIssuers.set(id, bound);
    if (bound !== issuer)
      throw authFailure(
        'MCP_CLIENT_UNKNOWN',
        'registration',
        `The secret of the client is used at ${bound}, and the server names ${issuer} now`,
        { issuer },
      );
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

  /** The client at an authorization server. 2026-07-28 basic/authorization, "Client Registration Approaches". */
  async #clientFor(found: Discovered, signal: AbortSignal): Promise<ClientIdentity> {
    const { settings, clientName, network, environment } = this.#options;
    const { issuer, registration_endpoint: endpoint, ...metadata } = found.metadata;
    const redirectUri = this.#redirectUri;
    const given = settings.client(issuer);
    if (given !== undefined && 'id' in given) {
      const { id, secret, authMethod, issuer: own } = given;
      if (own !== undefined && own !== issuer)
        throw authFailure(
          'MCP_CLIENT_UNKNOWN',
          'registration',
          `The client is registered at ${own}, not at ${issuer}`,
          {
            issuer,
          },
        );
      if (secret !== undefined && own === undefined) this.#bindClient(id, issuer);
      this.#hide(secret);
      const method = authMethod ?? methodFor(secret, metadata.token_endpoint_auth_methods_supported);
      return { id, secret, method, dynamic: false, redirectUri };
    }
    if (given !== undefined && metadata.client_id_metadata_document_supported === true)
      return { id: given.metadataUrl, secret: undefined, method: 'none', dynamic: false, redirectUri };
    const key = clientKey(issuer, redirectUri);
    const stored = readRegistration(await this.#readText(key), issuer, redirectUri, this.#scopes);
    const isUsable = stored !== undefined && !this.#doubted.has(stored.id);
    if (isUsable && (stored.secretExpiresAt ?? Infinity) > environment.now()) {
      this.#hide(stored.secret);
      return stored;
    }
    if (endpoint === undefined)
      throw authFailure('MCP_CLIENT_UNKNOWN', 'registration', `${issuer} does not let clients register themselves`, {
        issuer,
      });
    const client = await register(
      {
        metadata: found.metadata,
        endpoint,
        redirectUri,
        clientName: settings.clientName ?? clientName,
        clientUri: settings.clientUri,
        logoUri: settings.logoUri,
        scopes: this.#scopes,
      },
      network,
      signal,
    );
    this.#hide(client.secret);
    await this.#write(key, writeRegistration(issuer, redirectUri, client, this.#scopes));
    return client;
  }

  async #readText(key: string): Promise<string | undefined> {
    try {
      return await this.#options.settings.store.read(key);
    } catch (thrown) {
      this.#options.report(storeFailed('read', thrown));
      return undefined;
    }
  }

  async #prompt(cause: Cause, hasGrant: boolean, signal: AbortSignal): Promise<AuthorizationEvent> {
    const { settings, environment, server } = this.#options;
    const found = this.#knownServer;
    const client = this.#client;
    if (client === undefined) throw new TypeError('There is no client');
    const functions = await library();
    const signIn = await beginSignIn(functions, found, client, this.#scopes, settings.parameters);
    this.#signIn = signIn;
    this.#hide(signIn.state, signIn.verifier);
    signal.throwIfAborted();
    return new Promise((resolve) => {
      const dialog = new AbortController();
      let over = false;
      const end = (event: AuthorizationEvent | undefined): void => {
        if (over) return;
        over = true;
        dialog.abort();
        if (event !== undefined) resolve(event);
      };
      signal.addEventListener('abort', () => {
        end(undefined);
      });
      const cancel = (cause?: unknown): void => {
        if (!over) this.doubtClient();
        end({ type: 'failed', failure: cancelled(found, cause) });
      };
      const prompt: SignInPrompt = {
        kind: 'redirect',
        reason: cause === 'lacking' ? 'scopes' : hasGrant ? 'expired' : 'sign-in',
        server: shownServer(server),
        issuer: found.metadata.issuer,
        scopes: this.#scopes,
        url: signIn.url,
        expiresAt: environment.now() + AUTH_TIMEOUT,
        signal: dialog.signal,
        complete: (callbackUrl) => {
          const parameters = parametersOf(signIn, callbackUrl);
          if (over) return;
          this.#hide(parameters.get('code') ?? undefined);
          const checked = checkCallback(functions, signIn, parameters);
          if (isFailure(checked)) end(refusalOf(checked, client));
          else {
            this.#answer = checked;
            end({ type: 'answered' });
          }
        },
        cancel: () => {
          cancel();
        },
      };
      // The prompt may be completed before the promise of the user resolves, which means nothing then.
      void callUser(() => settings.grant.onPrompt(prompt)).then((problem) => {
        if (problem !== undefined) cancel(problem.thrown);
      });
    });
  }

  async #exchange(signal: AbortSignal): Promise<AuthorizationEvent> {
    const signIn = this.#signIn;
    const answer = this.#answer;
    if (signIn === undefined || answer === undefined) throw new TypeError('There is no code');
    // A code is used once.
    this.#answer = undefined;
    const tokens = await exchangeCode(await this.#requests(signal), signIn, answer);
    if (isFailure(tokens)) return refusalOf(tokens, signIn.client);
    const { account } = this.#options.settings;
    const { issuer } = signIn.found.metadata;
    const earlier = this.#grant?.issuer === issuer ? this.#grant.requested : [];
    this.#next = {
      server: this.#server,
      account,
      issuer,
      client: signIn.client,
      resource: signIn.found.resource,
      requested: union(earlier, signIn.scopes),
      granted: tokens.scopes ?? signIn.scopes,
      signIn: this.#options.environment.newId(),
      ...this.#timed(tokens),
    };
    return { type: 'exchanged' };
  }

  async #refresh(signal: AbortSignal): Promise<AuthorizationEvent> {
    const grant = this.#grant;
    const found = this.#knownServer;
    if (grant?.refreshToken === undefined) throw new TypeError('There is no refresh token');
    const tokens = await refresh(await this.#requests(signal), found, grant.client, grant.refreshToken);
    if (isFailure(tokens)) return this.#notRefreshed(grant, tokens);
    this.#next = {
      ...grant,
      granted: tokens.scopes ?? grant.granted,
      ...this.#timed(tokens, grant.refreshToken),
    };
    return { type: 'refreshed' };
  }

  /** Only these errors are about the refresh token, and only about the one that was sent. */
  async #notRefreshed(grant: Grant, why: Failure): Promise<AuthorizationEvent> {
    const error = why.details?.error;
    const isDeadClient = DEAD_CLIENT.has(error);
    if (error !== 'invalid_grant' && !(isDeadClient && grant.client.dynamic)) return { type: 'failed', failure: why };
    const adopted = await this.#adopted([]);
    if (adopted !== undefined) return adopted;
    if (isDeadClient) await this.#write(clientKey(grant.issuer, this.#redirectUri), undefined);
    this.#grant = { ...grant, refreshToken: undefined };
    await this.#write(this.#key, writeGrant(this.#grant));
    return { type: 'refresh.dead', failure: why };
  }

  async #requests(signal: AbortSignal): Promise<TokenRequests> {
    const { network, environment, settings } = this.#options;
    return { library: await library(), network, extra: settings.tokenParameters, now: environment.now(), signal };
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

function factsOf({ issuer, requested, granted }: Grant): GrantFacts {
  return { issuer, requested, granted };
}

/** What the refusal of a sign-in means for the client. */
function refusalOf(why: Failure, client: ClientIdentity): AuthorizationEvent {
  const isDead = client.dynamic && !isOutage(why) && DEAD_CLIENT.has(why.details?.error);
  return { type: isDead ? 'client.dead' : 'failed', failure: why };
}

/** Calls the function of a user; resolves with what it threw, if it did. */
async function callUser(call: () => unknown): Promise<{ readonly thrown: unknown } | undefined> {
  try {
    await call();
    return undefined;
  } catch (thrown) {
    return { thrown };
  }
}

function cancelled({ metadata: { issuer } }: Discovered, thrown: unknown): Failure {
  const why =
    thrown === undefined ? 'was cancelled' : `was cancelled, because \`onPrompt\` failed: ${describeThrown(thrown)}`;
  return authFailure(
    'MCP_SIGN_IN_CANCELLED',
    'sign-in',
    `The sign-in at ${issuer} ${why}`,
    { issuer },
    {
      ...(thrown !== undefined && { cause: lookable(thrown) }),
    },
  );
}

function storeFailed(operation: string, thrown: unknown): Failure {
  return authFailure(
    'MCP_TOKEN_STORE_FAILED',
    'store',
    `The token store could not ${operation}; the tokens are kept in memory: ${describeThrown(thrown)}`,
    { operation },
    { cause: lookable(thrown) },
  );
}

/** A step threw something that is no failure. What it threw may contain secrets of the library. */
function internal(step: AuthorizationStep, thrown: unknown): Failure {
  return failure('authentication', 'MCP_INTERNAL', `The step ${step} failed: ${describeThrown(thrown)}`, {
    delivery: 'not-sent',
  });
}
