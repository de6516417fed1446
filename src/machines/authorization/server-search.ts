import { Discovery } from '../../auth/discovery.js';
import type { Discovered } from '../../auth/discovery.js';
import { grantTypeOf } from '../../auth/grants/grant.js';
import type { GuardedFetch } from '../../auth/network/guarded-fetch.js';
import type { OAuthSettings } from '../../auth/oauth-settings.js';
import type { Grant } from '../../auth/stores/records.js';
import type { Environment } from '../../util/environment.js';
import type { Cause } from './authorization-facts.js';

/** Metadata of an authorization server is used again for this time, in ms, unless a token was refused. */
const METADATA_LIFETIME = 600_000;

/** Finds the authorization server, and remembers what challenges and earlier searches have shown. */
export class ServerSearch {
  readonly #settings: OAuthSettings;
  readonly #server: URL;
  readonly #network: GuardedFetch;
  readonly #environment: Environment;
  /** The URL of the resource metadata in the last challenge. */
  #named: string | undefined;
  /** Whether the last challenge requires a token that is bound to a key. */
  #requiresBinding = false;
  #found: Discovered | undefined;
  #foundAt = 0;

  constructor(options: {
    readonly settings: OAuthSettings;
    readonly server: URL;
    readonly network: GuardedFetch;
    readonly environment: Environment;
  }) {
    this.#settings = options.settings;
    this.#server = options.server;
    this.#network = options.network;
    this.#environment = options.environment;
  }

  /** Keeps what a challenge says about the metadata of the resource and the kind of its tokens. What it leaves out stays as it was. */
  noteChallenge(resourceMetadata: string | undefined, scheme?: string): void {
    if (resourceMetadata !== undefined) this.#named = resourceMetadata;
    if (scheme !== undefined) this.#requiresBinding = scheme === 'dpop';
  }

  /** The result of the last search. Throws if there is none: the chart searches first. */
  get found(): Discovered {
    if (this.#found === undefined) throw new TypeError('No authorization server was found');
    return this.#found;
  }

  /** The issuer that was found, if any. */
  get issuer(): string | undefined {
    return this.#found?.metadata.issuer;
  }

  /** Searches, unless a recent result will do. Rejects with a failure. */
  async search(cause: Cause, grant: Grant | undefined, signal: AbortSignal): Promise<Discovered> {
    const now = this.#environment.now();
    const recent = now - this.#foundAt < METADATA_LIFETIME ? this.#found : undefined;
    if (recent !== undefined && cause !== 'refused') return recent;
    const options = { ...this.#settings, grantType: grantTypeOf(this.#settings.grant) };
    const found = await new Discovery(this.#server, options, this.#network, signal).search(this.#named, {
      issuers: [grant?.issuer, this.#settings.preferredIssuer].filter((one) => one !== undefined),
      resource: grant?.resource,
      metadata: recent?.metadata,
      requiresBinding: this.#requiresBinding,
    });
    if (recent === undefined || found.metadata !== recent.metadata) this.#foundAt = this.#environment.now();
    this.#found = found;
    return found;
  }
}
