import { authFailure, lockUnavailable } from '../../auth/auth-failures.js';
import type { ClientIdentity } from '../../auth/client-identity.js';
import type { Discovered } from '../../auth/discovery.js';
import type { Grant } from '../../auth/stores/records.js';
import { refresh } from '../../auth/token-requests.js';
import type { TokenRequests } from '../../auth/token-requests.js';
import { isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { AuthorizationEvent } from './authorization-facts.js';
import { factsOf } from './held-grant.js';
import type { HeldGrant } from './held-grant.js';
import { isDeadClientError } from './sign-in-dialog.js';
import type { StoredRecords } from './stored-records.js';

/** How often refreshed tokens are stored, if other processes change the grant at the same time. */
const MOST_WRITES = 3;

/** The request that renews a token, and what its outcome means for the tokens that are stored. */
export class RefreshStep {
  readonly #held: HeldGrant;
  readonly #records: StoredRecords;

  constructor(held: HeldGrant, records: StoredRecords) {
    this.#held = held;
    this.#records = records;
  }

  async run(
    grant: Grant,
    found: Discovered,
    client: ClientIdentity,
    requests: TokenRequests,
  ): Promise<AuthorizationEvent> {
    const { refreshToken } = grant;
    // Another process has stored that the refresh token is dead.
    if (refreshToken === undefined) return { type: 'refresh.dead', failure: noRefreshToken(found) };
    // The last step before the request: without the lock another process may be sending the same refresh token, which revokes all tokens.
    const lease = await this.#records.holds('refresh');
    if (lease !== 'held') return lease === 'lost' ? overtaken() : uncertain();
    const tokens = await refresh(requests, found, client, refreshToken);
    if (isFailure(tokens)) return this.#notRefreshed(grant, tokens);
    const refreshed = this.#held.refreshed(grant, tokens);
    const newer = await this.#store(refreshed, refreshToken);
    if (newer !== undefined) return newer;
    this.#held.next = refreshed;
    return { type: 'refreshed', grant: factsOf(refreshed) };
  }

  /**
   * Stores a refreshed grant, also if the lock was lost meanwhile. A newer grant is used in place of it: a person may have signed in again, in
   * another connection. Another process, which the server refused the same refresh token, may have stored that it is dead: that is not newer.
   */
  async #store(refreshed: Grant, spent: string): Promise<AuthorizationEvent | undefined> {
    for (let tries = 0; tries < MOST_WRITES; tries += 1) {
      if (await this.#records.replaceGrant(refreshed)) return undefined;
      const stored = await this.#records.grant();
      const adopted = this.#held.adopt(stored, []);
      if (adopted !== undefined) return adopted;
      if (stored?.isForeign === true) continue;
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
    const adopted = await this.#held.adopted([]);
    if (adopted !== undefined) return adopted;
    const { current } = this.#held;
    // Another process has stored tokens that have expired since, with another refresh token.
    if (current !== undefined && current.refreshToken !== grant.refreshToken) return overtaken();
    if (isDeadClient) await this.#records.doubtClient(grant.issuer, grant.client);
    const dead: Grant = { ...grant, refreshToken: undefined };
    this.#held.current = dead;
    // If another process stores a newer grant at this moment, the sign-in finds it.
    await this.#records.replaceGrant(dead);
    return { type: 'refresh.dead', failure: why };
  }
}

function noRefreshToken({ metadata: { issuer } }: Discovered): Failure {
  const message = `${issuer} has refused the refresh token of another process`;
  return authFailure('MCP_TOKEN_REQUEST_REFUSED', 'refresh', message, { issuer });
}

/** Another process has had the lock of the refresh meanwhile. */
function overtaken(): AuthorizationEvent {
  const message = 'Another process refreshes the token, because this one was stopped for too long';
  return { type: 'overtaken', failure: lockUnavailable(message) };
}

/** The store may have given the lease to another process. */
function uncertain(): AuthorizationEvent {
  const message =
    'The token was not refreshed, because the token store did not confirm that this process has the lease';
  return { type: 'overtaken', failure: lockUnavailable(message) };
}
