import { shownServer } from '../discovery.js';
import { grantKey, readGrant } from './records.js';
import type { Grant } from './records.js';
import type { TokenStore } from './token-store.js';

/** A grant in a store, as it may be shown to a person: without tokens, secrets and keys. */
export interface StoredGrantFacts {
  /** The URL of the MCP server, without its query. */
  readonly server: string;
  readonly account: string;
  /** The identifier of the authorization server. */
  readonly issuer: string;
  /** The scopes that were granted. */
  readonly scopes: readonly string[];
  /** When the access token expires, in ms since the Unix epoch; undefined if it is unknown. */
  readonly expiresAt: number | undefined;
  /** Whether there is a refresh token, so that no person is needed when the access token expires. */
  readonly renewable: boolean;
  /** The id of a client that the user gave; undefined for a client that registered itself. */
  readonly clientId: string | undefined;
}

/** The grants of a store, by server and account. A store without `keys` has none that could be listed. */
export async function storedGrants(store: TokenStore): Promise<readonly StoredGrantFacts[]> {
  const keys = (await store.keys?.()) ?? [];
  const found: StoredGrantFacts[] = [];
  for (const key of keys.filter((one) => one.startsWith('grant/'))) {
    const text = await store.read(key);
    const { server, account } = namesIn(text);
    const grant = readGrant(text, server, account);
    if (grant !== undefined && grantKey(server, account) === key) found.push(factsOf(grant));
  }
  return found.sort((one, other) => compare(one.server, other.server) || compare(one.account, other.account));
}

/** The grant of one server and account; undefined if there is none. */
export async function storedGrant(
  store: TokenStore,
  url: string,
  account: string,
): Promise<StoredGrantFacts | undefined> {
  const server = shownServer(new URL(url));
  const grant = readGrant(await store.read(grantKey(server, account)), server, account);
  return grant && factsOf(grant);
}

/** Deletes the grant of one server and account, without revoking it. */
export async function forgetGrant(store: TokenStore, { server, account }: StoredGrantFacts): Promise<void> {
  await store.write(grantKey(server, account), undefined);
}

function factsOf({ server, account, issuer, granted, expiresAt, refreshToken, client }: Grant): StoredGrantFacts {
  return {
    ...{ server, account, issuer, expiresAt },
    scopes: granted,
    renewable: refreshToken !== undefined,
    clientId: client.dynamic || client.id === '' ? undefined : client.id,
  };
}

function namesIn(text: string | undefined): { readonly server: string; readonly account: string } {
  try {
    const { server, account } = JSON.parse(text ?? '') as Readonly<Record<string, unknown>>;
    return { server: String(server), account: String(account) };
  } catch {
    return { server: '', account: '' };
  }
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
