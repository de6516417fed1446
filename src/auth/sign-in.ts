import { timingSafeEqual } from 'node:crypto';

import { invalidOption } from '../option-checks.js';
import type { Failure } from '../util/failure.js';
import { authFailure, errorCodeOf, shownDescription } from './auth-failures.js';
import type { ClientIdentity } from './client-identity.js';
import type { Discovered } from './discovery.js';
import type { Library } from './library.js';
import type { ExtraParameters } from './oauth-settings.js';
import type { ProofKey } from './proof-key.js';

/** What a sign-in requests, and as which client. */
export interface SignInRequest {
  readonly found: Discovered;
  readonly client: ClientIdentity;
  readonly scopes: readonly string[];
  /** The key to which the tokens are to be bound, if any. */
  readonly proofKey: ProofKey | undefined;
}

/** All that belongs to one sign-in. It is kept in memory, used once, and never shown. RFC 7636, RFC 9207. */
export interface SignIn extends SignInRequest {
  readonly state: string;
  readonly verifier: string;
  /** The page to open. */
  readonly url: string;
}

/** Prepares a sign-in: state, PKCE and the URL of the page. */
export async function beginSignIn(library: Library, request: SignInRequest, extra: ExtraParameters): Promise<SignIn> {
  const { found, client, scopes, proofKey } = request;
  const state = library.generateRandomState();
  const verifier = library.generateRandomCodeVerifier();
  const challenge = await library.calculatePKCECodeChallenge(verifier);
  const url = new URL(found.metadata.authorization_endpoint ?? '');
  const set = (name: string, value: string | null | undefined): void => {
    if (value === null) url.searchParams.delete(name);
    else if (value !== undefined) url.searchParams.set(name, value);
  };
  set('scope', scopes.length === 0 ? undefined : scopes.join(' '));
  // OpenID Connect Core 1.0, 11: without consent the scope is ignored.
  if (scopes.includes('offline_access')) set('prompt', 'consent');
  set('resource', found.resource);
  for (const [name, value] of Object.entries(extra)) set(name, value);
  set('response_type', 'code');
  set('client_id', client.id);
  set('redirect_uri', client.redirectUri);
  set('state', state);
  set('code_challenge', challenge);
  set('code_challenge_method', 'S256');
  // The code is bound to the key, too. RFC 9449, 10.
  set('dpop_jkt', proofKey?.thumbprint);
  return { ...request, state, verifier, url: url.href };
}

/**
 * The parameters of a callback that belongs to a sign-in.
 * @throws MCPError with code `MCP_INVALID_PARAMS` when it is another URL, or has another state: any page can send one.
 */
export function parametersOf(signIn: SignIn, callback: unknown): URLSearchParams {
  const parameters =
    typeof callback === 'string' ? readCallback(callback.trim(), signIn.client.redirectUri) : undefined;
  const states = parameters?.getAll('state') ?? [];
  if (parameters === undefined || states.length !== 1 || !isSame(states[0] ?? '', signIn.state))
    throw invalidOption('callbackUrl', 'the redirect URI with the parameters of this sign-in', callback, 'complete()');
  return parameters;
}

function readCallback(text: string, redirectUri: string): URLSearchParams | undefined {
  const expected = new URL(redirectUri);
  // A server of the program may know the path only.
  const base = text.startsWith('/') && !text.startsWith('//') ? redirectUri : undefined;
  if (!URL.canParse(text, base)) return new URLSearchParams(text);
  const url = new URL(text, base);
  const isExpected =
    url.protocol === expected.protocol && url.host === expected.host && url.pathname === expected.pathname;
  return isExpected ? url.searchParams : undefined;
}

/** In constant time. */
function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/**
 * Checks a callback whose state is right: the issuer, before anything else in it is used, then the error, then the code. RFC 9207, 2.4.
 * @returns the parameters for the token request, or why there is no code
 */
export function checkCallback(
  library: Library,
  signIn: SignIn,
  parameters: URLSearchParams,
): URLSearchParams | Failure {
  const { found, client, state } = signIn;
  const { metadata } = found;
  const { issuer, authorization_response_iss_parameter_supported: announced = false } = metadata;
  const received = parameters.getAll('iss');
  const [iss] = received;
  if (received.length > 1 || (iss === undefined ? announced : iss !== issuer)) {
    const what = iss === undefined ? 'names no issuer, although the server announces it' : 'is from another issuer';
    return authFailure('MCP_ISSUER_MISMATCH', 'sign-in', `The authorization response ${what}; expected ${issuer}`, {
      issuer,
    });
  }
  const repeated = [...new Set(parameters.keys())].some((name) => parameters.getAll(name).length > 1);
  if (!repeated && parameters.has('error')) return refusedSignIn(signIn, parameters);
  try {
    if (repeated) throw new TypeError('a parameter stands in it more than once');
    if ((parameters.get('code') ?? '') === '') throw new TypeError('it has no code');
    return library.validateAuthResponse({ issuer, [ISS]: announced }, { client_id: client.id }, parameters, state);
  } catch (thrown) {
    const why = thrown instanceof TypeError ? thrown.message : 'it is of another kind than was requested';
    return authFailure(
      'MCP_AUTH_RESPONSE_INVALID',
      'sign-in',
      `The authorization response of ${issuer} is invalid: ${why}`,
      {
        issuer,
      },
    );
  }
}

const ISS = 'authorization_response_iss_parameter_supported';

function refusedSignIn({ found, scopes, state, verifier }: SignIn, parameters: URLSearchParams): Failure {
  const { issuer } = found.metadata;
  const error = errorCodeOf(parameters.get('error')) ?? 'an invalid error code';
  const description = shownDescription(parameters.get('error_description'), [state, verifier]);
  const code = error === 'access_denied' ? 'MCP_SIGN_IN_DENIED' : 'MCP_TOKEN_REQUEST_REFUSED';
  const said = description === undefined ? error : `${error}: ${description}`;
  return authFailure(code, 'sign-in', `${issuer} refused the sign-in: ${said}`, { issuer, error, scopes });
}
