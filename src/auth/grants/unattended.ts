import { isPlainObject } from '../../option-checks.js';
import type { RegisteredClient } from '../clients/client-options.js';
import type { AuthorizationServerMetadata } from '../server-metadata.js';

/** A successful response to a request for a token. RFC 6749, 5.1; RFC 8693, 2.2.1. */
export interface TokenResponse {
  /** Visible ASCII characters. */
  readonly access_token: string;
  /** `Bearer` or `DPoP`, in any case; `N_A` for a token that is no access token. Default: `Bearer`. */
  readonly token_type?: string | undefined;
  /** Seconds. Default: a refusal shows that the token has expired. */
  readonly expires_in?: number | undefined;
  /** Renews the token without the grant. Default: none. */
  readonly refresh_token?: string | undefined;
  /** The granted scopes, separated by spaces. Default: the requested ones. */
  readonly scope?: string | undefined;
  /** The kind of `access_token` after a token exchange. */
  readonly issued_token_type?: string | undefined;
}

/** Another server with a token endpoint, such as the identity provider of an enterprise. */
export interface TokenServer {
  readonly tokenEndpoint: string;
  /** Its identifier: for errors, and for whom assertions of the client are. Default: the token endpoint. */
  readonly issuer?: string | undefined;
  /** The client that it knows. */
  readonly client: RegisteredClient;
}

/** A request that a grant makes with {@link GrantRequest.fetch}. */
export interface GrantFetchOptions {
  /** Default `'GET'`. */
  readonly method?: 'GET' | 'POST' | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
}

/** The whole response to such a request. */
export interface GrantFetchResponse {
  readonly status: number;
  readonly text: string;
  /** The value of a header; of several with one name the first. */
  readonly header: (name: string) => string | undefined;
}

/** What a token is needed for, and how a grant reaches the authorization server. Its functions can be passed on. */
export interface GrantRequest {
  /** The identifier of the authorization server of the MCP server. */
  readonly issuer: string;
  /** Its metadata, with its endpoints. RFC 8414. */
  readonly metadata: AuthorizationServerMetadata;
  /** The MCP server, for which the token is. RFC 8707. Undefined if the parameter is not to be sent. */
  readonly resource: string | undefined;
  /** The scopes to request. */
  readonly scopes: readonly string[];
  /** Aborted when the token is not needed any more, or the connection is closed. */
  readonly signal: AbortSignal;
  /**
   * Makes a request under the rules of the option `network` of `oauth()`: limited in time and size, to allowed addresses only. Resolves with the
   * response, whatever its status is.
   * @throws MCPError when there is no response, or the URL is not allowed
   */
  readonly fetch: (url: string, options?: GrantFetchOptions) => Promise<GrantFetchResponse>;
  /**
   * Sends a request to a token endpoint, with the authentication of the client. Without `server` it is the one of the authorization server, with the
   * option `client` of `oauth()`, and `resource`, `scope` and the option `tokenParameters` are added. RFC 6749, 4.5.
   * @throws MCPAuthenticationError when the server refuses the request; `details.error` is its error code
   */
  readonly requestToken: (
    parameters: Readonly<Record<string, string>> & { readonly grant_type: string },
    server?: TokenServer,
  ) => Promise<TokenResponse>;
}

/**
 * A way to obtain tokens without a person. `clientCredentials()`, `workloadIdentity()` and `enterprise()` make such grants; a program may write its
 * own.
 * @example
 * const grant: UnattendedGrant = {
 *   unattended: true,
 *   obtain: async ({ resource }) => ({ access_token: await vault.tokenFor(resource), expires_in: 300 }),
 * };
 * oauth({ grant });
 */
export interface UnattendedGrant {
  readonly unattended: true;
  /**
   * The grant type of its requests. A server that lists only others is refused, and `oauth()` requires the option `client`. Default: none, if the
   * tokens are from elsewhere.
   */
  readonly grantType?: string | undefined;
  /** The protocol extension that clients with this grant announce to servers. Default: none. */
  readonly extension?: string | undefined;
  /**
   * Obtains a token. It is called when there is none, when it has expired, and when the server requires other scopes. If it rejects, the calls that
   * wait fail with `MCP_GRANT_FAILED`, or with the error of `request` that it passes on; a later call tries again. It has the time `authTimeout` of the client, then
   * `signal` is aborted.
   */
  obtain(request: GrantRequest): Promise<TokenResponse>;
}

/** Whether a value is an {@link UnattendedGrant}. */
export function isUnattended(grant: unknown): grant is UnattendedGrant {
  if (!isPlainObject(grant)) return false;
  const { unattended, obtain } = grant as Partial<UnattendedGrant>;
  return unattended === true && typeof obtain === 'function';
}
