import type { OAuth } from '../../auth/oauth-object.js';
import type { ClientOption, OAuthOptions } from '../../auth/index.js';
import type { ConfiguredAuth } from '../../config/types.js';

/** Flags that choose an account. */
export interface AccountFlags {
  readonly account?: string | undefined;
}

/** The account of sign-ins without `--account`. */
export const DEFAULT_ACCOUNT = 'default';

/** Whether a header signs in, so that no token of an earlier sign-in is used. */
export function signsIn(headers: Iterable<string>): boolean {
  return [...headers].some((name) => name.toLowerCase() === 'authorization');
}

/**
 * The tokens of an earlier `mcp-actors login`. Calls never open a browser: without a token they end with exit code 3. A header that signs in
 * comes first.
 */
export async function storedSignIn(
  url: string,
  headers: Readonly<Record<string, string>>,
  { account = DEFAULT_ACCOUNT }: AccountFlags,
  entry: ConfiguredAuth = { enabled: true },
): Promise<OAuth | undefined> {
  if (!entry.enabled || signsIn(Object.keys(headers))) return undefined;
  const { fileStore } = await import('../../auth/stores/file-store.js');
  const { storedGrant } = await import('../../auth/stores/stored-grants.js');
  const store = fileStore();
  let grant;
  try {
    grant = await storedGrant(store, url, account);
    // Most servers want no sign-in, so nothing of it is loaded for them. One that does answers with 401, which is exit code 3.
    if (grant === undefined) return undefined;
  } catch {
    // What is wrong with the store is reported by the client, which reads it as well.
  }
  const { oauth } = await import('../../auth/index.js');
  const client = grant?.clientId === undefined ? {} : { client: clientOf(grant.clientId, grant.issuer) };
  return oauth({ store, account, prompt: 'never', ...client, ...entryOptions(entry) });
}

/** The options of the sign-in that an entry of a config file has. */
export function entryOptions({
  clientId: id,
  clientSecret: secret,
  scopes,
  resource,
}: Omit<ConfiguredAuth, 'enabled'>): Pick<OAuthOptions, 'client' | 'scopes' | 'resource'> {
  return {
    ...(id !== undefined && { client: { id, ...(secret !== undefined && { secret }) } }),
    ...(scopes !== undefined && { scopes }),
    ...(resource !== undefined && { resource }),
  };
}

/** The client of a stored grant: tokens are renewed as the client that obtained them. An https URL is the id of a client that describes itself. */
export function clientOf(id: string, issuer: string): ClientOption {
  const isDocument = URL.canParse(id) && new URL(id).protocol === 'https:' && new URL(id).pathname !== '/';
  return isDocument ? { metadataUrl: id } : { id, issuer };
}
