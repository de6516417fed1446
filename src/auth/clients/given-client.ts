import { authFailure } from '../auth-failures.js';
import { methodFor } from '../client-identity.js';
import type { ClientIdentity } from '../client-identity.js';
import { redirectUriOf } from '../grants/grant.js';
import { isUnattended } from '../grants/unattended.js';
import type { OAuthSettings } from '../oauth-settings.js';
import type { AuthorizationServerMetadata } from '../server-metadata.js';
import type { Grant } from '../stores/records.js';
import type { GivenRegistration } from './client-options.js';

/**
 * The client of the option `client` for an authorization server; undefined if the client has to register there. Throws a failure if the client
 * belongs to another server. 2026-07-28 basic/authorization, "Client Registration Approaches".
 * @param grant the tokens in use
 * @param redirectUri where the browser returns to
 */
export function givenClient(
  settings: OAuthSettings,
  { issuer, ...metadata }: AuthorizationServerMetadata,
  grant: Grant | undefined,
  redirectUri = redirectUriOf(settings.grant),
): ClientIdentity | undefined {
  const given = settings.client(issuer);
  if (given === undefined) return undefined;
  if (!('id' in given))
    return metadata.client_id_metadata_document_supported === true
      ? { id: given.metadataUrl, secret: undefined, method: 'none', dynamic: false, redirectUri }
      : undefined;
  const { id, secret } = given;
  // Another server could use the secret, or the assertion of a platform, at the right one.
  const isBound = secret !== undefined || isUnattended(settings.grant);
  const own = given.issuer ?? (isBound ? boundIssuer(settings, id, grant, issuer) : issuer);
  if (own !== issuer)
    throw authFailure(
      'MCP_CLIENT_UNKNOWN',
      'registration',
      `The client belongs to ${own}, and the MCP server names ${issuer}`,
      { issuer },
    );
  return identityOf(given, { issuer, ...metadata }, redirectUri);
}

/** A client of the user at a server. Throws a failure if the server lists no algorithm with which the key can sign. */
export function identityOf(
  { id, secret, key, alg, authMethod }: GivenRegistration,
  { issuer, ...metadata }: ServerOfClient,
  redirectUri: string,
): ClientIdentity {
  if (key === undefined) {
    const method = authMethod ?? methodFor(secret, metadata.token_endpoint_auth_methods_supported);
    return { id, secret, method, dynamic: false, redirectUri };
  }
  const listed = metadata.token_endpoint_auth_signing_alg_values_supported;
  const possible = alg === undefined ? key.algorithms : [alg];
  const chosen = possible.find((one) => listed?.includes(one) ?? true);
  if (chosen === undefined)
    throw authFailure(
      'MCP_AUTH_UNSUPPORTED',
      'token request',
      `${issuer} accepts no assertion that is signed with ${possible.join(', ')}; it lists ${listed?.join(', ')}`,
      { issuer },
    );
  const signing = { key, alg: chosen };
  return { id, secret, method: 'private_key_jwt', signing, dynamic: false, redirectUri };
}

/** The metadata about the authentication of clients. */
type ServerOfClient = Pick<
  AuthorizationServerMetadata,
  'issuer' | 'token_endpoint_auth_methods_supported' | 'token_endpoint_auth_signing_alg_values_supported'
>;

/** The credentials of a client that was given without an issuer are sent to one issuer only, whatever MCP servers name later. */
function boundIssuer({ clientIssuers }: OAuthSettings, id: string, grant: Grant | undefined, issuer: string): string {
  const bound = clientIssuers.get(id) ?? (grant?.client.id === id ? grant.issuer : issuer);
  clientIssuers.set(id, bound);
  return bound;
}
