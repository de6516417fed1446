import { MCPError } from '../../errors.js';
import { invalidOption, isPlainObject, oneOfThese, OptionReader, optionNames } from '../../option-checks.js';
import { authFailure } from '../auth-failures.js';
import { readRegisteredClient } from '../clients/client-options.js';
import type { RegisteredClient } from '../clients/client-options.js';
import { withoutRefresh } from './client-credentials.js';
import { callOfGrant, grantError, invalidResult } from './grant-failures.js';
import type { GrantRequest, TokenResponse, TokenServer, UnattendedGrant } from './unattended.js';
import { JWT_BEARER } from './workload-identity.js';

/** The identity provider of an enterprise, and the client that the program is there. */
export interface EnterpriseIdp extends Omit<RegisteredClient, 'id'> {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  /** The identifier of the provider: for errors, and the audience of what `key` signs. Default: the token endpoint. */
  readonly issuer?: string | undefined;
}

/** A token by which a person has signed in at the identity provider. */
export interface EnterpriseIdentity {
  readonly token: string;
  /** What the token is. RFC 8693, 3. */
  readonly type: 'id_token' | 'saml2' | 'refresh_token';
}

/** Options of {@link enterprise}. */
export interface EnterpriseOptions {
  readonly idp: EnterpriseIdp;
  /**
   * The identity of the person, from the single sign-on of the program. Called each time a token is obtained, and once more if the provider refuses
   * the identity with `invalid_grant`.
   */
  readonly identity: () => EnterpriseIdentity | Promise<EnterpriseIdentity>;
}

const TYPES: readonly EnterpriseIdentity['type'][] = ['id_token', 'saml2', 'refresh_token'];
const OWNER = 'enterprise()';
const NAMES = optionNames<EnterpriseOptions>({ idp: true, identity: true });
const IDP_NAMES = optionNames<EnterpriseIdp>({
  tokenEndpoint: true,
  clientId: true,
  secret: true,
  key: true,
  alg: true,
  authMethod: true,
  issuer: true,
});

const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:';
const ID_JAG = `${TOKEN_TYPE}id-jag`;

/**
 * Obtains tokens for a person who has signed in at the identity provider of an enterprise: the provider exchanges that identity for an assertion
 * (ID-JAG) for the MCP server, and the authorization server exchanges the assertion for a token. No person is asked, and the assertion is not
 * stored. The option `client` of `oauth()` is required: the client that the authorization server knows. RFC 8693, 2; RFC 7523, 2.1; extension
 * `io.modelcontextprotocol/enterprise-managed-authorization`.
 * @throws MCPError with code `MCP_INVALID_PARAMS` when an option is invalid; `details.field` names it.
 * @example
 * const idp = { tokenEndpoint: 'https://login.example.com/token', clientId: 'desktop' };
 * const identity = async () => ({ token: await sso.idToken(), type: 'id_token' as const });
 * oauth({ grant: enterprise({ idp, identity }), client: { id: 'desktop-at-mcp', secret } });
 */
export function enterprise(options: EnterpriseOptions): UnattendedGrant {
  const read = OptionReader.of(OWNER, options, NAMES);
  read.inside<EnterpriseIdp>('idp', IDP_NAMES);
  const { identity } = options;
  if (typeof identity !== 'function') throw invalidOption('identity', 'a function', identity, OWNER);
  const server = readServer(options.idp);
  return Object.freeze({
    unattended: true,
    grantType: JWT_BEARER,
    extension: 'io.modelcontextprotocol/enterprise-managed-authorization',
    obtain: async (request) => {
      const exchanged = await exchangeIdentity(request, server, identity);
      const { access_token: assertion, scope } = exchanged;
      return withoutRefresh(
        await request.requestToken({ grant_type: JWT_BEARER, assertion, ...(scope !== undefined && { scope }) }),
      );
    },
  } satisfies UnattendedGrant);
}

function readServer({ tokenEndpoint, clientId, issuer, ...client }: EnterpriseIdp): TokenServer {
  if (typeof tokenEndpoint !== 'string' || !URL.canParse(tokenEndpoint))
    throw invalidOption('idp.tokenEndpoint', 'a URL', tokenEndpoint, OWNER);
  if (typeof clientId !== 'string' || clientId === '')
    throw invalidOption('idp.clientId', 'a string that is not empty', clientId, OWNER);
  const registered = { id: clientId, issuer, ...client };
  readRegisteredClient(registered, 'idp', OWNER, 'a client');
  return { tokenEndpoint, issuer, client: registered };
}

/** The identity may have expired since the program obtained it: it may have a newer one. */
async function exchangeIdentity(
  request: GrantRequest,
  server: TokenServer,
  identity: EnterpriseOptions['identity'],
): Promise<TokenResponse> {
  try {
    return await exchange(request, server, await identityOf(identity));
  } catch (thrown) {
    if (!MCPError.isInstance(thrown) || thrown.details.error !== 'invalid_grant') throw thrown;
    return exchange(request, server, await identityOf(identity));
  }
}

async function identityOf(identity: EnterpriseOptions['identity']): Promise<EnterpriseIdentity> {
  // A function in JavaScript may return anything.
  const given: unknown = await callOfGrant('identity()', identity);
  const { token, type } = (isPlainObject(given) ? given : {}) as Readonly<Record<string, unknown>>;
  const known = TYPES.find((one) => one === type);
  if (typeof token !== 'string' || token === '' || known === undefined)
    throw invalidResult('identity()', `{ token, type }: a string that is not empty, and ${oneOfThese(TYPES)}`);
  return { token, type: known };
}

async function exchange(
  request: GrantRequest,
  server: TokenServer,
  { token, type }: EnterpriseIdentity,
): Promise<TokenResponse> {
  const { issuer, resource, scopes } = request;
  const response = await request.requestToken(
    {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requested_token_type: ID_JAG,
      audience: issuer,
      ...(resource !== undefined && { resource }),
      ...(scopes.length > 0 && { scope: scopes.join(' ') }),
      subject_token: token,
      subject_token_type: `${TOKEN_TYPE}${type}`,
    },
    server,
  );
  if (response.issued_token_type === ID_JAG) return response;
  const { issuer: idp = server.tokenEndpoint } = server;
  const received = response.issued_token_type ?? 'none';
  throw grantError(
    authFailure(
      'MCP_AUTH_RESPONSE_INVALID',
      'token request',
      `${idp} issued a token of another type than ${ID_JAG}: ${received}`,
      { issuer: idp, received },
    ),
  );
}
