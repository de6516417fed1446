import type { TokenResponse, UnattendedGrant } from './unattended.js';

/**
 * Obtains tokens for the program itself, with the secret or the key of the option `client` of `oauth()`, which is required. RFC 6749, 4.4;
 * extension `io.modelcontextprotocol/oauth-client-credentials`.
 * @example
 * oauth({ grant: clientCredentials(), client: { id: 'nightly-report', key: process.env['CLIENT_KEY'] } });
 */
export function clientCredentials(): UnattendedGrant {
  const grantType = 'client_credentials';
  return Object.freeze({
    unattended: true,
    grantType,
    extension: 'io.modelcontextprotocol/oauth-client-credentials',
    obtain: async (request) => withoutRefresh(await request.requestToken({ grant_type: grantType })),
  } satisfies UnattendedGrant);
}

/** Tokens without a person are obtained again and not refreshed, so that their issuer decides each time. RFC 6749, 4.4.3. */
export function withoutRefresh(response: TokenResponse): TokenResponse {
  return { ...response, refresh_token: undefined };
}
