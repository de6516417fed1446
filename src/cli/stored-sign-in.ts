import type { OAuth } from '../auth/oauth-object.js';
import type { ConfiguredAuth } from '../config/types.js';

/** Flags that choose an account. */
export interface AccountFlags {
  readonly account?: string | undefined;
}

/**
 * The tokens of an earlier `mcp-actors login`. Calls never open a browser: without a token they end with exit code 3. A header that signs in
 * comes first.
 */
export async function storedSignIn(
  headers: Readonly<Record<string, string>>,
  { account }: AccountFlags,
  entry: ConfiguredAuth = { enabled: true },
): Promise<OAuth | undefined> {
  if (!entry.enabled || Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')) return undefined;
  const { fileStore, oauth } = await import('../auth/index.js');
  const { clientId, clientSecret, scopes, resource } = entry;
  return oauth({
    store: fileStore(),
    prompt: 'never',
    ...(clientId !== undefined && {
      client: { id: clientId, ...(clientSecret !== undefined && { secret: clientSecret }) },
    }),
    ...(scopes !== undefined && { scopes }),
    ...(resource !== undefined && { resource }),
    ...(account !== undefined && { account }),
  });
}
