import { authFailure } from '../../auth/auth-failures.js';
import type { ClientIdentity } from '../../auth/client-identity.js';
import { redirectUriOf } from '../../auth/grants/grant.js';
import type { OAuthSettings } from '../../auth/oauth-settings.js';
import {
  clientKey,
  grantKey,
  readGrant,
  readRegistration,
  writeGrant,
  writeRegistration,
} from '../../auth/stores/records.js';
import type { Grant } from '../../auth/stores/records.js';
import { describeThrown, lookable } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';

/** The grant in a store. */
export interface StoredGrant {
  readonly grant: Grant | undefined;
  /** Whether another connection has changed it since this one last read or wrote it. */
  readonly isNew: boolean;
  /** Whether this connection could not write a newer one. */
  readonly isBehind: boolean;
}

/**
 * The records of one authorization in the store of the user: its grant, and the clients that were registered. If the store fails, the failure is
 * reported, and the flow goes on with the tokens in memory.
 */
export class StoredRecords {
  readonly #settings: OAuthSettings;
  readonly #server: string;
  readonly #key: string;
  readonly #report: (problem: Failure) => void;
  /** The text of the grant that this connection read or wrote last. */
  #seen: string | undefined;
  /** Whether the store failed to write the newest grant. */
  #unsaved = false;
  /** Ids of clients that may be unknown to their server, although a slow store may still have them. */
  readonly #doubted = new Set<string>();

  constructor(settings: OAuthSettings, server: string, report: (problem: Failure) => void) {
    this.#settings = settings;
    this.#server = server;
    this.#key = grantKey(server, settings.account);
    this.#report = report;
  }

  /** Holds a lock of this process until the signal is aborted. */
  async lock(purpose: string, signal: AbortSignal): Promise<void> {
    const release = await this.#settings.locks.take(`${purpose} ${this.#key}`, signal);
    if (signal.aborted) release();
    else signal.addEventListener('abort', release, { once: true });
  }

  /** Reads the grant; undefined if the store fails. */
  async grant(): Promise<StoredGrant | undefined> {
    const read = await this.#read(this.#key);
    if (read === undefined) return undefined;
    const isNew = read.text !== this.#seen;
    this.#seen = read.text;
    if (isNew) this.#unsaved = false;
    return { grant: readGrant(read.text, this.#server, this.#settings.account), isNew, isBehind: this.#unsaved };
  }

  async keepGrant(grant: Grant): Promise<void> {
    await this.#keep(grant, undefined);
  }

  /** Writes a grant in place of the one that was read or written last. Returns false if there is another one now. */
  async replaceGrant(grant: Grant): Promise<boolean> {
    return this.#keep(grant, this.#seen);
  }

  /** Deletes the grant. */
  async dropGrant(): Promise<void> {
    const written = await this.#write(this.#key, undefined);
    this.#unsaved = written === undefined;
    // What the store could not delete is not taken for a newer grant.
    if (!this.#unsaved) this.#seen = undefined;
  }

  async #keep(grant: Grant, expected: string | undefined): Promise<boolean> {
    const text = writeGrant(grant);
    const written = await this.#write(this.#key, text, expected);
    if (written === true) this.#seen = text;
    this.#unsaved = written === undefined;
    return written !== false;
  }

  /** The client that was registered at an issuer for these scopes, unless it is doubted or its secret has expired. */
  async client(issuer: string, scopes: readonly string[], now: number): Promise<ClientIdentity | undefined> {
    const redirectUri = redirectUriOf(this.#settings.grant);
    const read = await this.#read(clientKey(issuer, redirectUri));
    const client = readRegistration(read?.text, issuer, redirectUri, scopes);
    const isUsable = client !== undefined && !this.#doubted.has(client.id);
    return isUsable && (client.secretExpiresAt ?? Infinity) > now ? client : undefined;
  }

  async keepClient(issuer: string, client: ClientIdentity, scopes: readonly string[]): Promise<void> {
    const redirectUri = redirectUriOf(this.#settings.grant);
    await this.#write(clientKey(issuer, redirectUri), writeRegistration(issuer, redirectUri, client, scopes));
  }

  /** The server may not know this client any more. */
  async doubtClient(issuer: string, { id }: ClientIdentity): Promise<void> {
    this.#doubted.add(id);
    await this.#write(clientKey(issuer, redirectUriOf(this.#settings.grant)), undefined);
  }

  async #read(key: string): Promise<{ readonly text: string | undefined } | undefined> {
    try {
      return { text: await this.#settings.store.read(key) };
    } catch (thrown) {
      this.#report(storeFailed('read', thrown));
      return undefined;
    }
  }

  /** Resolves with false if the stored value is not the expected one, and with undefined if the store fails. */
  async #write(key: string, value: string | undefined, expected?: string): Promise<boolean | undefined> {
    try {
      // A store in JavaScript may return nothing.
      const written: unknown = await this.#settings.store.write(key, value, expected);
      return written !== false;
    } catch (thrown) {
      this.#report(storeFailed('write', thrown));
      return undefined;
    }
  }
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
