import type { Failure } from '../../util/failure.js';
import { isLoopback } from '../network/addresses.js';
import { authFailure, errorCodeOf, shownDescription, unreachable } from '../auth-failures.js';
import { AUTH_METHODS, methodFor } from '../client-identity.js';
import type { ClientAuthMethod, ClientIdentity } from '../client-identity.js';
import { DEVICE_CODE } from '../grants/device.js';
import { isOutageStatus, jsonObject } from '../network/guarded-fetch.js';
import type { AuthResponse, GuardedFetch } from '../network/guarded-fetch.js';
import type { AuthorizationServerMetadata } from '../server-metadata.js';

/** What is registered. */
export interface RegistrationRequest {
  readonly metadata: AuthorizationServerMetadata;
  readonly endpoint: string;
  /** Empty for a client that signs persons in with device codes. */
  readonly redirectUri: string;
  readonly clientName: string;
  readonly clientUri: string | undefined;
  readonly logoUri: string | undefined;
  readonly scopes: readonly string[];
}

/**
 * Registers a client. RFC 7591. If the server refuses the metadata, it is tried once more without `scope`, because some servers refuse scopes
 * that they do not know; if it refuses the redirect URI, once more with `localhost`. Rejects with a failure.
 */
export async function register(
  request: RegistrationRequest,
  network: GuardedFetch,
  signal: AbortSignal,
): Promise<ClientIdentity> {
  let { redirectUri, scopes } = request;
  for (;;) {
    const body = registrationBody({ ...request, redirectUri, scopes });
    const response = await network.fetch({
      method: 'POST',
      url: request.endpoint,
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    });
    const document = jsonObject(response);
    if (response.status < 300 && typeof document?.client_id === 'string' && document.client_id !== '')
      return readRegistration(document, redirectUri, body.token_endpoint_auth_method);
    const error = errorCodeOf(document?.error);
    const withName = redirectUri.replace('//127.0.0.1', '//localhost');
    if (error === 'invalid_redirect_uri' && withName !== redirectUri) redirectUri = withName;
    else if (!isOutageStatus(response.status) && isAboutMetadata(error) && scopes.length > 0) scopes = [];
    else throw refusal(request, response, error, document);
  }
}

function isAboutMetadata(error: string | undefined): boolean {
  return error === 'invalid_client_metadata' || error === 'invalid_scope' || error === undefined;
}

function registrationBody({ metadata, redirectUri, clientName, clientUri, logoUri, scopes }: RegistrationRequest) {
  const { token_endpoint_auth_methods_supported: methods } = metadata;
  const method: ClientAuthMethod =
    methods === undefined || methods.includes('none') ? 'none' : methodFor('a secret', methods);
  const usesDeviceCode = redirectUri === '';
  return {
    client_name: clientName,
    redirect_uris: usesDeviceCode ? [] : [redirectUri],
    grant_types: [usesDeviceCode ? DEVICE_CODE : 'authorization_code', 'refresh_token'],
    response_types: usesDeviceCode ? [] : ['code'],
    application_type: usesDeviceCode || isNative(new URL(redirectUri)) ? 'native' : 'web',
    token_endpoint_auth_method: method,
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(clientUri !== undefined && { client_uri: clientUri }),
    ...(logoUri !== undefined && { logo_uri: logoUri }),
  };
}

function isNative(redirectUri: URL): boolean {
  return isLoopback(redirectUri) || (redirectUri.protocol !== 'https:' && redirectUri.protocol !== 'http:');
}

/** Servers leave out fields that the specification requires, and write others that contradict each other. */
function readRegistration(
  document: Readonly<Record<string, unknown>>,
  redirectUri: string,
  requested: ClientAuthMethod,
): ClientIdentity {
  const { client_id: id, client_secret: given, client_secret_expires_at: expiry } = document;
  const secret = typeof given === 'string' && given !== '' ? given : undefined;
  const named = AUTH_METHODS.find((one) => one === document.token_endpoint_auth_method);
  const fallback = secret === undefined ? 'none' : requested === 'none' ? 'client_secret_basic' : requested;
  const method = secret === undefined ? 'none' : (named ?? fallback);
  const expires = typeof expiry === 'number' && expiry > 0;
  return {
    id: String(id),
    // A secret that is never sent need not be kept.
    secret: method === 'none' ? undefined : secret,
    method,
    dynamic: true,
    ...(expires && { secretExpiresAt: expiry * 1_000 }),
    redirectUri,
  };
}

function refusal(
  { metadata: { issuer }, scopes }: RegistrationRequest,
  { status }: AuthResponse,
  error: string | undefined,
  document: Readonly<Record<string, unknown>> | undefined,
): Failure {
  if (isOutageStatus(status))
    return unreachable(`${issuer} could not register this client: HTTP ${status}`, {
      phase: 'registration',
      issuer,
      status,
    });
  const description = shownDescription(document?.error_description, []);
  const reason = [error, description].filter((one) => one !== undefined).join(': ');
  const why = status < 300 ? 'the response has no client id' : reason || `HTTP ${status}`;
  return authFailure('MCP_REGISTRATION_REFUSED', 'registration', `${issuer} did not register this client: ${why}`, {
    issuer,
    status,
    scopes,
    ...(error !== undefined && { error }),
  });
}
