import { failure } from '../util/failure.js';
import type { Failure, FailureCode, FailureParts } from '../util/failure.js';
import { printable } from '../util/printable.js';

/** The part of the flow that failed. */
export type AuthPhase =
  'discovery' | 'registration' | 'sign-in' | 'token request' | 'refresh' | 'request' | 'store' | 'sign-out';

/** A failure of the flow that another attempt would only repeat. No byte of the call that waits for the token was accepted by the server. */
export function authFailure(
  code: FailureCode,
  phase: AuthPhase,
  message: string,
  details?: Readonly<Record<string, unknown>>,
  parts?: Pick<FailureParts, 'cause' | 'errorCode'>,
): Failure {
  return failure('authentication', code, message, { delivery: 'not-sent', details: { phase, ...details }, ...parts });
}

/** An authorization server, or the metadata of a resource, is out of reach at the moment. Trying again later may succeed. */
export function unreachable(message: string, details: Readonly<Record<string, unknown>>, cause?: unknown): Failure {
  return failure('transport', 'MCP_AUTH_UNREACHABLE', message, { delivery: 'not-sent', details, cause });
}

/** The lock without which no token may be obtained is not available at the moment. Trying again later may succeed. */
export function lockUnavailable(message: string, cause?: unknown): Failure {
  return failure('connection', 'MCP_AUTH_BUSY', message, { delivery: 'not-sent', details: { phase: 'store' }, cause });
}

/** Whether a failure says nothing about credentials, because a server could not be reached, or another process has the lock. */
export function isOutage({ kind, code }: Failure): boolean {
  return kind === 'transport' || code === 'MCP_AUTH_BUSY';
}

/** The longest text of a server about an error that is shown, in characters. */
const LONGEST_DESCRIPTION = 200;

/** The value of `error` if it is one: it has visible ASCII only. RFC 6749, 5.2. */
export function errorCodeOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,100}$/.test(value) ? value : undefined;
}

/**
 * What a server wrote about an error, for messages: printable, at most 200 characters; undefined if it contains a value that was sent to the
 * server.
 */
export function shownDescription(value: unknown, sent: readonly string[]): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  if (sent.some((secret) => secret.length > 3 && value.includes(secret))) return undefined;
  const clean = printable(value).replace(/\s+/g, ' ').trim();
  return clean === '' ? undefined : clean.slice(0, LONGEST_DESCRIPTION);
}
