import { sourceOf } from '../../auth/grants/grant.js';
import type { OAuthSettings } from '../../auth/oauth-settings.js';
import { lacking, union } from '../../auth/scopes.js';
import type { SignInRequest } from '../../auth/sign-in.js';
import type { Grant } from '../../auth/stores/records.js';
import type { Tokens } from '../../auth/token-response.js';
import type { Environment } from '../../util/environment.js';
import type { AuthorizationEvent, GrantFacts } from './authorization-facts.js';
import type { ServerSearch } from './server-search.js';
import type { StoredGrant, StoredRecords } from './stored-records.js';

/** A token is renewed this long before it expires, in ms, but at most a tenth of its lifetime. */
const EARLY = 60_000;

/** Where grants are from, and what they belong to. */
export interface GrantSurroundings {
  /** The URL of the MCP server. */
  readonly server: string;
  readonly settings: OAuthSettings;
  readonly environment: Environment;
  readonly records: StoredRecords;
  readonly search: ServerSearch;
  /** New tokens are being stored until a promise settles. */
  readonly storing: (done: Promise<void>) => void;
  /** Takes values that may not be shown. */
  readonly keepSecret: (value: string) => void;
}

/** The grant of a connection: the one in use, the next one, and newer ones that other connections have stored. */
export class HeldGrant {
  readonly #surroundings: GrantSurroundings;
  /** The grant whose token is sent. */
  current: Grant | undefined;
  /** The one that is used as soon as the chart says so. */
  next: Grant | undefined;

  constructor(surroundings: GrantSurroundings) {
    this.#surroundings = surroundings;
  }

  /** The next grant is in use from now on. */
  activate(): void {
    this.current = this.next;
    this.#hide(this.current);
  }

  /** Reads the stored grant, for the start. */
  async load(): Promise<AuthorizationEvent> {
    const stored = await this.#surroundings.records.grant();
    // After a failed write the grant in memory is newer than the stored one.
    const isOurs = stored !== undefined && !stored.isBehind && !stored.isForeign;
    this.next = isOurs ? stored.grant : this.current;
    this.#hide(this.next);
    return { type: 'loaded', grant: this.next && factsOf(this.next) };
  }

  /** The grant that another connection has stored meanwhile, if it is newer than the one in use, and has these scopes. */
  async adopted(scopes: readonly string[], signal?: AbortSignal): Promise<AuthorizationEvent | undefined> {
    return this.adopt(await this.#surroundings.records.grant(signal), scopes);
  }

  /** The same with what was read. */
  adopt(read: StoredGrant | undefined, scopes: readonly string[]): AuthorizationEvent | undefined {
    const { grant: stored, isNew = false } = read ?? {};
    const { environment, search } = this.#surroundings;
    if (stored === undefined || !isNew) return undefined;
    this.#hide(stored);
    if (stored.issuer !== search.issuer || lacking(scopes, stored.granted).length > 0) return undefined;
    if (stored.expiresAt !== undefined && stored.expiresAt <= environment.now()) {
      // Its refresh token is newer than ours all the same.
      this.current = stored;
      return undefined;
    }
    this.next = stored;
    return { type: 'adopted', grant: factsOf(stored) };
  }

  /** As {@link HeldGrant.adopted}, for a sign-in: a grant that has expired since it was stored can be refreshed instead. */
  async signedInElsewhere(scopes: readonly string[], signal: AbortSignal): Promise<AuthorizationEvent | undefined> {
    const before = this.current;
    const adopted = await this.adopted(scopes, signal);
    if (adopted !== undefined) return adopted;
    return this.current !== before && this.current?.refreshToken !== undefined ? { type: 'refreshable' } : undefined;
  }

  /** Resolves when another process has signed in, with the scopes that are needed. Rejects with the reason of the signal. */
  watch(scopes: readonly string[], signal: AbortSignal): Promise<AuthorizationEvent> {
    return new Promise((resolve, reject: (reason: Error) => void) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
      this.#surroundings.records.watch(() => {
        // It never rejects: problems of the store are reported.
        void this.signedInElsewhere(scopes, signal).then((event) => {
          if (event !== undefined) resolve(event);
        });
      }, signal);
    });
  }

  /** Stores new tokens, which are used as soon as the chart says so. */
  async keep(tokens: Tokens, { found, client, scopes, proofKey }: SignInRequest, signIn: string): Promise<GrantFacts> {
    const { server, settings, records } = this.#surroundings;
    const { issuer } = found.metadata;
    const earlier = this.current?.issuer === issuer ? this.current.requested : [];
    this.next = {
      ...{ server, account: settings.account, issuer, client, signIn },
      source: sourceOf(settings.grant),
      resource: found.resource,
      requested: union(earlier, scopes),
      granted: tokens.scopes ?? scopes,
      proofKey: tokens.isBound ? proofKey : undefined,
      ...this.#timed(tokens),
    };
    const kept = this.next;
    const stored = records.keepGrant(kept);
    this.#surroundings.storing(stored);
    await stored;
    return factsOf(kept);
  }

  /** A grant with the tokens of a refresh. */
  refreshed(grant: Grant, tokens: Tokens): Grant {
    return {
      ...grant,
      granted: tokens.scopes ?? grant.granted,
      proofKey: tokens.isBound ? grant.proofKey : undefined,
      ...this.#timed(tokens, grant.refreshToken),
    };
  }

  #timed(
    { accessToken, refreshToken, expiresIn }: Tokens,
    before?: string,
  ): Pick<Grant, 'accessToken' | 'refreshToken' | 'expiresAt' | 'agesAt'> {
    const { environment, keepSecret } = this.#surroundings;
    keepSecret(accessToken);
    if (refreshToken !== undefined) keepSecret(refreshToken);
    // Environments may have fractions of a millisecond, and so may servers.
    const lifetime = expiresIn === undefined ? undefined : Math.round(expiresIn * 1_000);
    const now = Math.round(environment.now());
    return {
      accessToken,
      refreshToken: refreshToken ?? before,
      expiresAt: lifetime === undefined ? undefined : now + lifetime,
      agesAt: lifetime === undefined ? undefined : now + lifetime - Math.min(EARLY, Math.round(lifetime / 10)),
    };
  }

  #hide(grant: Grant | undefined): void {
    const { accessToken, refreshToken, client, proofKey } = grant ?? {};
    for (const value of [accessToken, refreshToken, client?.secret, proofKey?.record.d])
      if (value !== undefined) this.#surroundings.keepSecret(value);
  }
}

/** What the chart knows of a grant. */
export function factsOf({ issuer, requested, granted }: Grant): GrantFacts {
  return { issuer, requested, granted };
}
