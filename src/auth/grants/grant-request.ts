import { invalidOption, isPlainObject } from '../../option-checks.js';
import { isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { askUserFunction } from '../../util/user-function.js';
import { authFailure } from '../auth-failures.js';
import type { ClientIdentity } from '../client-identity.js';
import { readRegisteredClient } from '../clients/client-options.js';
import { identityOf } from '../clients/given-client.js';
import type { Discovered } from '../discovery.js';
import { bindingOf, requestDocument, secretsOfForm, withExtra } from '../token-requests.js';
import type { TokenRequests } from '../token-requests.js';
import { readTokens } from '../token-response.js';
import type { Tokens } from '../token-response.js';
import { grantError, grantFailure, invalidResult } from './grant-failures.js';
import type { GrantRequest, TokenResponse, TokenServer, UnattendedGrant } from './unattended.js';

/** What a token is obtained with. */
export interface GrantNeeds {
  readonly requests: TokenRequests;
  readonly found: Discovered;
  /** The client of the option `client`; undefined if there is none for this authorization server. */
  readonly client: ClientIdentity | undefined;
  readonly scopes: readonly string[];
}

const OBTAIN = 'grant.obtain()';

/** Obtains a token with the function of a grant. Rejects with a failure, or with the reason of the signal. */
export async function obtainTokens(grant: UnattendedGrant, needs: GrantNeeds): Promise<Tokens> {
  const { requests, found } = needs;
  const { signal, now } = requests;
  const { issuer } = found.metadata;
  try {
    // A function in JavaScript may return anything.
    const obtained: unknown = await askUserFunction(() => grant.obtain(grantRequest(needs)), signal);
    if (!isPlainObject(obtained)) throw invalidResult(OBTAIN, 'an object with `access_token`');
    const values = { ...obtained };
    const source = `The result of ${OBTAIN}`;
    const tokens = readTokens(values, {
      issuer,
      phase: 'token request',
      sent: [],
      now: now(),
      source,
      binding: bindingOf(requests),
    });
    if (isFailure(tokens)) throw grantError(tokens);
    return tokens;
  } catch (thrown) {
    signal.throwIfAborted();
    throw grantFailure(OBTAIN, thrown);
  }
}

/** What a grant gets: the network of the flow, whose failures it receives as errors. */
function grantRequest({ requests, found, client, scopes }: GrantNeeds): GrantRequest {
  const { metadata, resource } = found;
  const { issuer } = metadata;
  const { signal, network, keepSecret } = requests;
  return {
    ...{ issuer, metadata, resource, scopes, signal },
    fetch: async (url, { method = 'GET', headers = {}, body } = {}) => {
      if (method !== 'GET' && method !== 'POST') throw invalidOption('method', '"GET" or "POST"', method, 'fetch()');
      for (const secret of secretsOfForm(body ?? '')) keepSecret(secret);
      const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
      const request = { method, url, headers: named, signal, ...(body !== undefined && { body }) };
      const response = await withErrors(() => network.fetch(request));
      return { status: response.status, text: response.text, header: (name) => response.header(name.toLowerCase()) };
    },
    requestToken: (parameters, server) =>
      withErrors(async () => {
        if (server !== undefined) return requestElsewhere(requests, server, parameters);
        if (client === undefined) throw noClient(issuer);
        const added = { resource, scope: scopes.length === 0 ? undefined : scopes.join(' ') };
        const { grant_type } = parameters;
        const form = { ...withExtra({ ...added, ...parameters }, requests.extra), grant_type };
        const { token_endpoint = '' } = metadata;
        return responseOf(issuer, await requestDocument(requests, { issuer, token_endpoint }, client, form));
      }),
  };
}

const SERVER = 'requestToken()';

async function requestElsewhere(
  requests: TokenRequests,
  { tokenEndpoint, issuer = tokenEndpoint, client }: TokenServer,
  parameters: Readonly<Record<string, string>>,
): Promise<TokenResponse> {
  const given = readRegisteredClient(client, 'server.client', SERVER, '{ id, secret? | key?, alg?, authMethod? }');
  if (typeof tokenEndpoint !== 'string' || !URL.canParse(tokenEndpoint))
    throw invalidOption('server.tokenEndpoint', 'a URL', tokenEndpoint, SERVER);
  const identity = identityOf(given, { issuer }, '');
  return responseOf(
    issuer,
    await requestDocument(
      { ...requests, proofKey: undefined },
      { issuer, token_endpoint: tokenEndpoint },
      identity,
      parameters,
    ),
  );
}

/** The values of a response that are what they must be. Servers write null for missing ones. */
function responseOf(issuer: string, document: Readonly<Record<string, unknown>> | Failure): TokenResponse {
  if (isFailure(document)) throw document;
  const { access_token: token, expires_in: seconds } = document;
  if (typeof token !== 'string' || token === '')
    throw authFailure(
      'MCP_AUTH_RESPONSE_INVALID',
      'token request',
      `The token response of ${issuer} is invalid: it has no access token`,
      { issuer },
    );
  const text = (name: string): string | undefined => {
    const value = document[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const lifetime = Number(seconds ?? undefined);
  return {
    access_token: token,
    token_type: text('token_type'),
    expires_in: lifetime > 0 ? lifetime : undefined,
    refresh_token: text('refresh_token'),
    scope: text('scope'),
    issued_token_type: text('issued_token_type'),
  };
}

/** Functions of the user receive errors, not failures. */
async function withErrors<Value>(act: () => Promise<Value>): Promise<Value> {
  try {
    return await act();
  } catch (thrown) {
    throw isFailure(thrown) ? grantError(thrown) : thrown;
  }
}

function noClient(issuer: string): Failure {
  const message = `The option \`client\` of oauth() names no client for ${issuer}`;
  return authFailure('MCP_CLIENT_UNKNOWN', 'token request', message, { issuer });
}
