import type { Failure } from '../util/failure.js';
import { authFailure } from './auth-failures.js';
import type { AuthPhase } from './auth-failures.js';
import { authenticationOf } from './client-identity.js';
import type { ClientIdentity } from './client-identity.js';
import type { AssertionFacts } from './clients/signing-key.js';
import type { Discovered } from './discovery.js';
import { isOutageStatus, jsonObject } from './network/guarded-fetch.js';
import type { AuthRequest, AuthResponse, GuardedFetch } from './network/guarded-fetch.js';
import type { Library } from './library.js';
import type { ExtraParameters } from './oauth-settings.js';
import type { ProofKey } from './proof-key.js';
import type { AuthorizationServerMetadata } from './server-metadata.js';
import type { SignIn } from './sign-in.js';
import { readTokenDocument, readTokenResponse } from './token-response.js';
import type { Tokens, TokensContext } from './token-response.js';

/** What requests for tokens need. */
export interface TokenRequests {
  readonly library: Library;
  readonly network: GuardedFetch;
  readonly extra: ExtraParameters;
  /** The time in ms since the Unix epoch. A function of the user may take minutes between two requests. */
  readonly now: () => number;
  readonly newId: () => string;
  /** Takes values that may not be shown. */
  readonly keepSecret: (value: string) => void;
  readonly signal: AbortSignal;
  /** The key to which the tokens are to be bound; undefined for none. */
  readonly proofKey: ProofKey | undefined;
  /** Whether other tokens are refused. */
  readonly requiresBinding: boolean;
}

/** A server with a token endpoint. A type and not an interface, because the library wants an index signature. */
export type TokenEndpoint = { readonly issuer: string; readonly token_endpoint: string };

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
      authenticationOf(client, factsOf(found.metadata, requests)),
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
    library.refreshTokenGrantRequest(
      server,
      { client_id: client.id },
      authenticationOf(client, factsOf(server, requests)),
      refreshToken,
      options,
    ),
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
      authenticationOf(client, factsOf({ issuer }, requests)),
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

/**
 * Sends any request to a token endpoint. Resolves with the JSON object of the response, or with a failure if the server refuses the request.
 * Rejects with a failure of the network.
 */
export async function requestDocument(
  requests: TokenRequests,
  server: TokenEndpoint,
  client: ClientIdentity,
  { grant_type: type = '', ...parameters }: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, unknown>> | Failure> {
  const { library, now } = requests;
  const { response, sent } = await send(requests, (options) =>
    library.genericTokenEndpointRequest(
      server,
      { client_id: client.id },
      authenticationOf(client, factsOf(server, requests)),
      type,
      parameters,
      options,
    ),
  );
  return readTokenDocument(response, { issuer: server.issuer, phase: 'token request', sent, now: now() });
}

function factsOf(
  { issuer }: Pick<TokenEndpoint, 'issuer'>,
  { now, newId }: Omit<TokenRequests, 'library'>,
): AssertionFacts {
  return { audience: issuer, now: now(), newId };
}

/** Whether the tokens of a request may be bound to a key, or have to be. */
export function bindingOf({
  proofKey,
  requiresBinding,
}: Pick<TokenRequests, 'proofKey' | 'requiresBinding'>): TokensContext['binding'] {
  if (proofKey === undefined) return 'none';
  return requiresBinding ? 'required' : 'offered';
}

/** Asks an authorization server for a device code. Resolves and rejects as {@link requestDocument} does. RFC 8628, 3.1. */
export async function requestDeviceCode(
  { library, ...requests }: TokenRequests,
  { metadata: { issuer, device_authorization_endpoint: endpoint = '' } }: Discovered,
  client: ClientIdentity,
  parameters: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, unknown>> | Failure> {
  const { response, sent } = await send({ ...requests, library }, (options) =>
    library.deviceAuthorizationRequest(
      { issuer, device_authorization_endpoint: endpoint },
      { client_id: client.id },
      authenticationOf(client, factsOf({ issuer }, requests)),
      parameters,
      options,
    ),
  );
  return readTokenDocument(response, { issuer, phase: 'sign-in', sent, now: requests.now() });
}

/** Asks for the tokens of a device code. It may be sent again and again. Rejects with a failure of the network. RFC 8628, 3.4. */
export async function pollDeviceCode(
  { library, ...requests }: TokenRequests,
  found: Discovered,
  client: ClientIdentity,
  deviceCode: string,
): Promise<Tokens | Failure> {
  return request({ ...requests, library }, found, client, 'token request', [deviceCode], (server, options) =>
    library.deviceCodeGrantRequest(
      server,
      { client_id: client.id },
      authenticationOf(client, factsOf(server, requests)),
      deviceCode,
      options,
    ),
  );
}

/** The parameters of a request with the changes of the user: null removes one. */
export function withExtra(
  parameters: Readonly<Record<string, string | undefined>>,
  extra: ExtraParameters,
): Record<string, string> {
  const all = Object.entries({ ...parameters, ...extra });
  return Object.fromEntries(all.filter((one): one is [string, string] => typeof one[1] === 'string'));
}

/** The parameters of token requests whose values are secrets. RFC 6749; RFC 7521, 4; RFC 8693, 2.1. */
const SECRET_PARAMETERS = [
  ...(['assertion', 'client_assertion', 'client_secret'] as const),
  ...(['password', 'subject_token', 'actor_token'] as const),
];

/** The secrets in a form that is sent. */
export function secretsOfForm(body: string): string[] {
  const form = new URLSearchParams(body);
  return SECRET_PARAMETERS.flatMap((name) => form.getAll(name)).filter((value) => value !== '');
}

type Options = NonNullable<Parameters<Library['refreshTokenGrantRequest']>[4]>;

async function request(
  requests: TokenRequests,
  { metadata: { issuer, token_endpoint: endpoint = '' }, resource }: Discovered,
  { secret }: ClientIdentity,
  phase: AuthPhase,
  values: readonly string[],
  make: (server: TokenEndpoint, options: Options) => Promise<unknown>,
): Promise<Tokens | Failure> {
  const { extra, now } = requests;
  const additionalParameters = withExtra({ resource }, extra);
  const { response, sent } = await send(requests, (options) =>
    make({ issuer, token_endpoint: endpoint }, { ...options, additionalParameters }),
  );
  const secrets = [...values, ...sent, ...(secret === undefined ? [] : [secret])];
  return readTokenResponse(response, { issuer, phase, sent: secrets, now: now(), binding: bindingOf(requests) });
}

/**
 * Has the library make a request, sends it, and returns the response, which the library does not get, and the secrets that were sent. If the server
 * requires a nonce in the proof, the request is made once more: the server has not used the code or the token of the first one, but perhaps the
 * assertion of the client, which counts once. RFC 9449, 8; RFC 7523, 3.
 */
async function send(
  requests: TokenRequests,
  make: (options: Options) => Promise<unknown>,
): Promise<{ readonly response: AuthResponse; readonly sent: readonly string[] }> {
  const { library, keepSecret, signal } = requests;
  const sent: string[] = [];
  const attempt = async (): Promise<AuthResponse> => {
    let response: AuthResponse | undefined;
    await make({
      // The rules of the network decide about plain HTTP.
      [library.allowInsecureRequests]: true,
      [library.customFetch]: async (
        url: string,
        { body, headers }: { body?: unknown; headers: Record<string, string> },
      ) => {
        const form = String(body);
        const credentials = headers.authorization?.split(' ')[1];
        sent.push(...secretsOfForm(form), ...(credentials === undefined ? [] : [credentials]));
        for (const secret of sent) keepSecret(secret);
        response = await sendProved(requests, { method: 'POST', url, headers, body: form, signal });
        // What this client needs of the body it reads itself.
        return new Response(null, { status: isOutageStatus(response.status) ? 503 : 200 });
      },
    });
    // The library has called the function above, or has thrown.
    return response as unknown as AuthResponse;
  };
  const first = await attempt();
  return { response: requiresNonce(requests, first) ? await attempt() : first, sent };
}

function requiresNonce({ proofKey }: TokenRequests, response: AuthResponse): boolean {
  if (proofKey === undefined || response.header('dpop-nonce') === undefined) return false;
  return jsonObject(response)?.error === 'use_dpop_nonce';
}

/** Sends a request with a proof, if the tokens are to be bound, and keeps the nonce of the response. */
async function sendProved({ network, proofKey, now }: TokenRequests, request: AuthRequest): Promise<AuthResponse> {
  if (proofKey === undefined) return network.fetch(request);
  const url = new URL(request.url);
  const headers = { ...request.headers, dpop: proofKey.prove(request.method, url, now()) };
  const response = await network.fetch({ ...request, headers });
  const nonce = response.header('dpop-nonce');
  if (nonce !== undefined) proofKey.noteNonce(url, nonce);
  return response;
}
