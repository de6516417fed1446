import type { OAuth } from '../auth/oauth-object.js';

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
): Promise<OAuth | undefined> {
  if (Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')) return undefined;
  const { fileStore, oauth } = await import('../auth/index.js');
  return oauth({ store: fileStore(), prompt: 'never', ...(account !== undefined && { account }) });
}
