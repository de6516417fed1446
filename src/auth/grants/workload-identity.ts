import { invalidOption, OptionReader, optionNames } from '../../option-checks.js';
import { withoutRefresh } from './client-credentials.js';
import { callOfGrant, invalidResult } from './grant-failures.js';
import type { GrantRequest, UnattendedGrant } from './unattended.js';

/** Options of {@link workloadIdentity}. */
export interface WorkloadIdentityOptions {
  /**
   * The token by which the platform identifies the program: of a service account of Kubernetes, of a cloud, or of a CI job. Its audience is the
   * issuer of the authorization server. Called each time a token is obtained, with that issuer and the MCP server.
   */
  readonly assertion: (request: Pick<GrantRequest, 'issuer' | 'resource'>) => string | Promise<string>;
}

const NAMES = optionNames<WorkloadIdentityOptions>({ assertion: true });

/** Presents an assertion as a grant. RFC 7523, 2.1. */
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/**
 * Obtains tokens for the program itself, with a token of the platform on which it runs. The option `client: { id }` of `oauth()` is required. A
 * refused assertion is not sent again. RFC 7523, 2.1; extension `io.modelcontextprotocol/auth/wif`, a draft.
 * @throws MCPError with code `MCP_INVALID_PARAMS` when an option is invalid; `details.field` names it.
 * @example
 * const assertion = () => readFile('/var/run/secrets/tokens/mcp', 'utf8');
 * oauth({ grant: workloadIdentity({ assertion }), client: { id: 'nightly-report' } });
 */
export function workloadIdentity(options: WorkloadIdentityOptions): UnattendedGrant {
  const owner = 'workloadIdentity()';
  OptionReader.of(owner, options, NAMES);
  const { assertion } = options;
  if (typeof assertion !== 'function') throw invalidOption('assertion', 'a function', assertion, owner);
  return Object.freeze({
    unattended: true,
    grantType: JWT_BEARER,
    extension: 'io.modelcontextprotocol/auth/wif',
    obtain: async (request) => {
      const given: unknown = await callOfGrant('assertion()', () =>
        assertion({ issuer: request.issuer, resource: request.resource }),
      );
      const text = typeof given === 'string' ? given.trim() : '';
      if (text === '') throw invalidResult('assertion()', 'a string that is not empty');
      return withoutRefresh(await request.requestToken({ grant_type: JWT_BEARER, assertion: text }));
    },
  } satisfies UnattendedGrant);
}
