import type { Failure } from '../util/failure.js';
import { authFailure } from './auth-failures.js';
import type { AuthPhase } from './auth-failures.js';
import { authenticationOf } from './client-identity.js';
import type { ClientIdentity } from './client-identity.js';
import type { Discovered } from './discovery.js';
import { isOutageStatus, jsonObject } from './network/guarded-fetch.js';
import type { AuthRequest, AuthResponse, GuardedFetch } from './network/guarded-fetch.js';
import type { Library } from './library.js';
import type { ExtraParameters } from './oauth-settings.js';
import type { ProofKey } from './proof-key.js';
import type { AuthorizationServerMetadata } from './server-metadata.js';
import type { SignIn } from './sign-in.js';
import { readTokenResponse } from './token-response.js';
import type { Binding, Tokens } from './token-response.js';

/** What requests for tokens need. */
export interface TokenRequests {
  readonly library: Library;
  readonly network: GuardedFetch;
  readonly extra: ExtraParameters;
  readonly now: number;
  readonly signal: AbortSignal;
  /** The key to which the tokens are to be bound; undefined for none. */
  readonly proofKey: ProofKey | undefined;
  /** Whether other tokens are refused. */
  readonly requiresBinding: boolean;
}

/** Exchanges the code of a sign-in. It is sent once: a code that is used twice revokes the tokens. Rejects with a failure of the network. */
export async function exchangeCode(
  { library, ...requests }: TokenRequests,
  { found, client, verifier, state }: SignIn,
  parameters: URLSearchParams,
): Promise<Tokens | Failure> {
  const sent = [verifier, state, parameters.get('code') ?? ''];
  return request({ ...requests, library }, found, client, 'token request', sent, (server, options) =>
    library.authorizationCodeGrantRequest(
      server,
      { client_id: client.id },
      authenticationOf(client),
      parameters,
      client.redirectUri,
      verifier,
      options,
    ),
  );
}

/** Renews an access token. OAuth 2.1, 4.3. The scopes are those of the refresh token. Rejects with a failure of the network. */
export async function refresh(
  { library, ...requests }: TokenRequests,
  found: Discovered,
  client: ClientIdentity,
  refreshToken: string,
): Promise<Tokens | Failure> {
  return request({ ...requests, library }, found, client, 'refresh', [refreshToken], (server, options) =>
    library.refreshTokenGrantRequest(server, { client_id: client.id }, authenticationOf(client), refreshToken, options),
  );
}

/**
 * Makes a token invalid at the authorization server. Resolves with a failure if the server refuses that. Rejects with a failure of the network.
 * RFC 7009, 2.1.
 */
export async function revoke(
  { library, ...requests }: TokenRequests,
  { issuer, revocation_endpoint: endpoint = '' }: AuthorizationServerMetadata,
  client: ClientIdentity,
  token: string,
): Promise<Failure | undefined> {
  const { response } = await send({ ...requests, library }, (options) =>
    library.revocationRequest(
      { issuer, revocation_endpoint: endpoint },
      { client_id: client.id },
      authenticationOf(client),
      token,
      options,
    ),
  );
  const { status } = response;
  if (status >= 200 && status <= 299) return undefined;
  return authFailure(
    'MCP_TOKEN_REQUEST_REFUSED',
    'sign-out',
    `${issuer} refused to revoke a token with status ${status}`,
    {
      issuer,
      status,
    },
  );
}

type Server = { readonly issuer: string; readonly token_endpoint: string };
type Options = NonNullable<Parameters<Library['refreshTokenGrantRequest']>[4]>;

async function request(
  requests: TokenRequests,
  { metadata: { issuer, token_endpoint: endpoint = '' }, resource }: Discovered,
  { secret }: ClientIdentity,
  phase: AuthPhase,
  sent: readonly string[],
  make: (server: Server, options: Options) => Promise<unknown>,
): Promise<Tokens | Failure> {
  const { extra, now, proofKey, requiresBinding } = requests;
  const added = { ...(resource !== undefined && { resource }), ...extra };
  const additionalParameters = Object.entries(added).filter((one): one is [string, string] => one[1] !== null);
  const { response, credentials } = await send(requests, (options) =>
    make({ issuer, token_endpoint: endpoint }, { ...options, additionalParameters }),
  );
  const secrets = [...sent, secret, credentials].filter((one) => one !== undefined);
  const binding: Binding = proofKey === undefined ? 'none' : requiresBinding ? 'required' : 'offered';
  return readTokenResponse(response, { issuer, phase, sent: secrets, now, binding });
}

/** Has the library make a request, sends it, and returns the response, which the library does not get. */
async function send(
  requests: TokenRequests,
  make: (options: Options) => Promise<unknown>,
): Promise<{ readonly response: AuthResponse; readonly credentials: string | undefined }> {
  const { library, signal } = requests;
  let response: AuthResponse | undefined;
  let credentials: string | undefined;
  await make({
    // The rules of the network decide about plain HTTP.
    [library.allowInsecureRequests]: true,
    [library.customFetch]: async (
      url: string,
      { body, headers }: { body?: unknown; headers: Record<string, string> },
    ) => {
      credentials = headers.authorization?.split(' ')[1];
      response = await sendProved(requests, { method: 'POST', url, headers, body: String(body), signal });
      // What this client needs of the body it reads itself.
      return new Response(null, { status: isOutageStatus(response.status) ? 503 : 200 });
    },
  });
  // The library has called the function above, or has thrown.
  return { response: response as unknown as AuthResponse, credentials };
}

/** Sends a request with a proof, and once more with the nonce that the server requires: then it has not used the code or the token. RFC 9449, 8. */
async function sendProved({ network, proofKey, now }: TokenRequests, request: AuthRequest): Promise<AuthResponse> {
  if (proofKey === undefined) return network.fetch(request);
  const url = new URL(request.url);
  const attempt = async (): Promise<AuthResponse> => {
    const headers = { ...request.headers, dpop: proofKey.prove(request.method, url, now) };
    const response = await network.fetch({ ...request, headers });
    const nonce = response.header('dpop-nonce');
    if (nonce !== undefined) proofKey.noteNonce(url, nonce);
    return response;
  };
  const first = await attempt();
  const needsNonce = first.header('dpop-nonce') !== undefined && jsonObject(first)?.error === 'use_dpop_nonce';
  return needsNonce ? attempt() : first;
}
