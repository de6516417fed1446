import { isFailure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import { authFailure, errorCodeOf, shownDescription, unreachable } from './auth-failures.js';
import type { AuthPhase } from './auth-failures.js';
import { isOutageStatus, jsonObject } from './network/guarded-fetch.js';
import type { AuthResponse } from './network/guarded-fetch.js';
import { readScopes } from './scopes.js';
import { printable } from '../util/printable.js';
import { retryAfterOf } from '../protocol/http-headers.js';

/** The tokens of a successful response. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** Seconds; undefined if the server named none. */
  readonly expiresIn: number | undefined;
  /** Whether the tokens are bound to the key of the proof that was sent. */
  readonly isBound: boolean;
  /** The granted scopes; undefined if they are the requested ones. */
  readonly scopes: readonly string[] | undefined;
}

/** What is known about a request to a token endpoint, for errors. */
export interface TokenRequestContext {
  readonly issuer: string;
  readonly phase: AuthPhase;
  /** Values that were sent and may not be shown. */
  readonly sent: readonly string[];
  readonly now: number;
  /** Where the values are from, as messages name it. Default: the token response of the issuer. */
  readonly source?: string;
}

/** The same with what the tokens have to be. */
export interface TokensContext extends TokenRequestContext {
  /** Whether tokens that are bound to a key are accepted, or required. RFC 9449. */
  readonly binding: 'none' | 'offered' | 'required';
}

type Document = Readonly<Record<string, unknown>>;

/** Errors that are about the server, and not about the request, with whatever status. RFC 6749, 4.1.2.1; RFC 8628, 3.5. */
const TEMPORARY: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error', 'slow_down']);

/** The characters of a token: visible ASCII, so that it can stand in a header. */
export const TOKEN = /^[\x21-\x7e]+$/;

/**
 * Reads a response of a token endpoint. Servers that are nearly correct are accepted: any 2xx status, `null` for a missing value, numbers as
 * text, no `token_type`. An `id_token` is ignored. The result is a failure of kind `authentication` only if the server has refused the request;
 * everything else that is no token is an outage.
 */
export function readTokenResponse(response: AuthResponse, context: TokensContext): Tokens | Failure {
  const document = readTokenDocument(response, context);
  return isFailure(document) ? document : readTokens(document, context);
}

/** Reads the JSON object of a response, as {@link readTokenResponse} does, without looking at the values in it. */
export function readTokenDocument(response: AuthResponse, context: TokenRequestContext): Document | Failure {
  const { status } = response;
  const { issuer, phase } = context;
  const document = jsonObject(response);
  const error = errorCodeOf(document?.error);
  if (error !== undefined && !isOutageStatus(status) && !TEMPORARY.has(error))
    return refused(context, status, error, document);
  if (status >= 300 || document === undefined) {
    const what = status >= 300 ? `HTTP ${status}` : 'a body that is not JSON';
    const retryAfter = retryAfterOf(response.header('retry-after'), context.now, response.header('date'));
    return unreachable(`The token endpoint of ${issuer} answered with ${what}`, {
      phase,
      issuer,
      status,
      ...(retryAfter !== undefined && { retryAfter }),
    });
  }
  return document;
}

/** Reads the values of a successful response, from a server or a function of the user. */
export function readTokens(document: Document, context: TokensContext): Tokens | Failure {
  const { access_token: accessToken, refresh_token: refreshToken, token_type: type } = document;
  if (typeof accessToken !== 'string' || !TOKEN.test(accessToken))
    return invalid(context, 'it has no access token that can stand in a header');
  const isBound = typeof type === 'string' && type.toLowerCase() === 'dpop';
  const isBearer = typeof type !== 'string' || type.toLowerCase() === 'bearer';
  const { binding } = context;
  if ((isBound && binding === 'none') || (isBearer && binding === 'required') || !(isBound || isBearer)) {
    const expected = { none: 'Bearer', offered: 'DPoP or Bearer', required: 'DPoP' }[binding];
    const shown = typeof type === 'string' ? printable(type).slice(0, 40) : 'missing';
    return invalid(context, `its token type is ${shown}, and this client expects ${expected}`);
  }
  return {
    accessToken,
    isBound,
    refreshToken: typeof refreshToken === 'string' && refreshToken !== '' ? refreshToken : undefined,
    expiresIn: readLifetime(document.expires_in),
    scopes: typeof document.scope === 'string' ? readScopes(document.scope) : undefined,
  };
}

/** A lifetime in seconds. With 0, and with a value that is no number, only a refusal shows that the token has expired. */
function readLifetime(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : value;
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}

function invalid({ issuer, phase, source }: TokenRequestContext, why: string): Failure {
  const what = source ?? `The token response of ${issuer}`;
  return authFailure('MCP_AUTH_RESPONSE_INVALID', phase, `${what} is invalid: ${why}`, { issuer });
}

function refused(
  { issuer, phase, sent }: TokenRequestContext,
  status: number,
  error: string,
  document: Document | undefined,
): Failure {
  const description = shownDescription(document?.error_description, sent);
  const said = description === undefined ? error : `${error}: ${description}`;
  return authFailure('MCP_TOKEN_REQUEST_REFUSED', phase, `${issuer} refused the request for a token: ${said}`, {
    issuer,
    status,
    error,
  });
}
