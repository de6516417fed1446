import type { Failure } from '../util/failure.js';
import type { AuthPhase } from './auth-failures.js';
import { authenticationOf } from './client-identity.js';
import type { ClientIdentity } from './client-identity.js';
import type { Discovered } from './discovery.js';
import { isOutageStatus } from './guarded-fetch.js';
import type { AuthResponse, GuardedFetch } from './guarded-fetch.js';
import type { Library } from './library.js';
import type { ExtraParameters } from './oauth-settings.js';
import type { SignIn } from './sign-in.js';
import { readTokenResponse } from './token-response.js';
import type { Tokens } from './token-response.js';

/** What requests for tokens need. */
export interface TokenRequests {
  readonly library: Library;
  readonly network: GuardedFetch;
  readonly extra: ExtraParameters;
  readonly now: number;
  readonly signal: AbortSignal;
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

type Server = { readonly issuer: string; readonly token_endpoint: string };
type Options = NonNullable<Parameters<Library['refreshTokenGrantRequest']>[4]>;

async function request(
  { library, network, extra, now, signal }: TokenRequests,
  { metadata: { issuer, token_endpoint: endpoint = '' }, resource }: Discovered,
  { secret }: ClientIdentity,
  phase: AuthPhase,
  sent: readonly string[],
  send: (server: Server, options: Options) => Promise<unknown>,
): Promise<Tokens | Failure> {
  let response: AuthResponse | undefined;
  let credentials: string | undefined;
  const added = { ...(resource !== undefined && { resource }), ...extra };
  const additionalParameters = Object.entries(added).filter((one): one is [string, string] => one[1] !== null);
  await send(
    { issuer, token_endpoint: endpoint },
    {
      additionalParameters,
      // The rules of the network decide about plain HTTP.
      [library.allowInsecureRequests]: true,
      [library.customFetch]: async (
        url: string,
        { body, headers }: { body?: unknown; headers: Record<string, string> },
      ) => {
        credentials = headers.authorization?.split(' ')[1];
        response = await network.fetch({ method: 'POST', url, headers, body: String(body), signal });
        // The library gets no body: what this client needs of it is read below.
        return new Response(null, { status: isOutageStatus(response.status) ? 503 : 200 });
      },
    },
  );
  // The library has called the function above, or has thrown.
  const secrets = [...sent, secret, credentials].filter((one) => one !== undefined);
  return readTokenResponse(response as unknown as AuthResponse, { issuer, phase, sent: secrets, now });
}
