import { demandOf } from '../../protocol/challenge.js';
import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { NO_RESPONSE } from '../../diagnostics/hints.js';
import { safeText } from '../../util/printable.js';
import { retryAfterOf } from '../../protocol/http-headers.js';
import type { JSONRPCErrorObject } from '../../protocol/messages/json-rpc.js';
import { compressionOf, headerOf } from './http-head.js';
import type { ResponseHead } from './http-head.js';
import { PATIENCE } from './post-lane.js';

/** A URL without what may be secret in it: neither credentials nor the query. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** Errors of TLS that come while something is written say what is wrong in the middle of a text of OpenSSL. */
const OPENSSL = /:SSL routines:[^:]*:([^:]+):/;

/** What happened, in words and as a code. Of several addresses that could not be reached the first one counts. */
function reasonOf(error: Error): { readonly words: string; readonly code: string | undefined } {
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  const { message } = error.message === '' && first instanceof Error ? first : error;
  const tls = OPENSSL.exec(message)?.[1];
  // Where Node gives such an error a code it makes it in the same way; the prefix depends on the version of OpenSSL.
  if (tls !== undefined)
    return { words: `TLS failed: ${tls}`, code: `ERR_SSL_${tls.toUpperCase().replaceAll(' ', '_')}` };
  return { words: message || error.name, code: (error as NodeJS.ErrnoException).code ?? error.name };
}

/** No answer came, or not all of it. `sent`: a byte of the request may have reached the server. */
export function exchangeFailed(url: URL, error: Error, sent: boolean, begun: boolean): Failure {
  const shown = shownUrl(url);
  const { words: reason, code } = reasonOf(error);
  const details = { url: shown, reason: code };
  if (begun) {
    const message = `The answer of ${shown} broke off: ${reason}`;
    return failure('transport', 'MCP_STREAM_BROKEN', message, { delivery: 'unknown', details, cause: error });
  }
  const message = sent ? `${shown} gave no answer: ${reason}` : `Cannot reach ${shown}: ${reason}`;
  return failure('transport', 'MCP_TRANSPORT_FAILED', message, {
    delivery: sent ? 'unknown' : 'not-sent',
    details,
    cause: error,
  });
}

/** The body or the stream ended without an error, but contained no response. */
export function endedWithoutAnswer(url: URL, head: ResponseHead | undefined, what: 'The stream' | 'The body'): Failure {
  return failure('transport', 'MCP_STREAM_BROKEN', `${what} of ${shownUrl(url)} ended without the answer`, {
    delivery: 'unknown',
    details: {
      url: shownUrl(url),
      ...(head !== undefined && { status: head.status }),
      ...(what === 'The body' && { reason: NO_RESPONSE }),
    },
  });
}

/** The stream of a response broke and could not be resumed. The server may have run the request, although it refuses to resume the stream. */
export function resumptionFailed(cause: Failure): Failure {
  const message = `The stream of the answer broke and could not be resumed: ${cause.message}`;
  return failure('transport', 'MCP_STREAM_BROKEN', message, { delivery: 'unknown', cause });
}

/**
 * Statuses of gateways that timed out or lost the response of the server, which may have run the request. All other statuses are refusals, or
 * come from the server itself. RFC 9110, 15; common gateways use 499 and 520 to 599.
 */
const MAY_HAVE_RUN: ReadonlySet<number> = new Set([408, 499, 502, 504, 520, 521, 522, 523, 524, 598, 599]);

/**
 * The server, or a gateway before it, refused the message with a status.
 * @param why what it said to that: an error of JSON-RPC, or words
 */
export function statusFailure(url: URL, head: ResponseHead, now: number, why?: JSONRPCErrorObject | string): Failure {
  const { status } = head;
  const retryAfter = retryAfterOf(headerOf(head, 'retry-after'), now, headerOf(head, 'date'));
  const contentType = headerOf(head, 'content-type');
  const reason = typeof why === 'object' ? why.message : why;
  const said = reason === undefined ? '' : `: ${reason}`;
  return failure('transport', 'MCP_HTTP_STATUS', `${shownUrl(url)} answered with HTTP ${status}${said}`, {
    errorCode: status,
    delivery: typeof why !== 'object' && MAY_HAVE_RUN.has(status) ? 'unknown' : 'answered',
    details: {
      url: shownUrl(url),
      status,
      ...(retryAfter !== undefined && { retryAfter }),
      ...(contentType !== undefined && { contentType }),
      ...(typeof why === 'object' && { rpcCode: why.code }),
      ...(reason !== undefined && { reason }),
    },
  });
}

/**
 * The server requires a token, or does not accept the one that it got. 2025-11-25 basic/authorization.
 * @param authorized whether the request had a header `Authorization`
 */
export function authenticationFailure(url: URL, head: ResponseHead, authorized: boolean): Failure {
  const { status, headers } = head;
  const demand = demandOf(headers['www-authenticate']);
  const given = Object.fromEntries(Object.entries(demand).filter(([, value]) => value !== undefined));
  const what =
    status === 403 ? 'does not allow this' : authorized ? 'does not accept the token' : 'requires authentication';
  const error = demand.error === undefined ? '' : `: ${demand.error}`;
  return failure('authentication', 'MCP_AUTHENTICATION_REQUIRED', `${shownUrl(url)} ${what} (HTTP ${status})${error}`, {
    errorCode: status,
    delivery: 'answered',
    details: { url: shownUrl(url), status, authorization: authorized ? 'sent' : 'none', ...given },
  });
}

/** Whether headers, names and values in turn, have credentials in them. */
export function hasAuthorization(headers: readonly string[]): boolean {
  return headers.some((name, at) => at % 2 === 0 && name.toLowerCase() === 'authorization');
}

/** Whether a status is about authentication. A 403 may also refuse an Origin or be a protocol error, unless it has a challenge. */
export function isAboutAuthentication({ status, headers }: ResponseHead): boolean {
  return status === 401 || (status === 403 && headers['www-authenticate'] !== undefined);
}

/**
 * The server does not know the session any more, so it did not run the message. 2025-11-25 basic/transports. The message shows the reason that
 * the server sent, because it may have meant something else.
 * @param status the status with which the server refused the message; undefined if the message was not sent
 */
export function sessionLost(url: URL, status?: number, why?: JSONRPCErrorObject | string): Failure {
  const reason = typeof why === 'object' ? why.message : why;
  const said = reason === undefined || reason === '' ? '' : `: ${reason}`;
  const answer = status === undefined ? '' : ` (HTTP ${status})`;
  const message = `${shownUrl(url)} does not know the session any more${answer}${said}`;
  return failure('transport', 'MCP_SESSION_LOST', message, {
    ...(status !== undefined && { errorCode: status }),
    delivery: 'not-sent',
    details: {
      url: shownUrl(url),
      ...(status !== undefined && { status }),
      ...(typeof why === 'object' && { rpcCode: why.code }),
      ...(said !== '' && { reason }),
    },
  });
}

/** More came than was agreed to take. */
export function bodyTooLarge(limit: number, received: number): Failure {
  const field = 'limits.maxMessageBytes';
  const message = `An answer of the server has ${received} bytes or more, which is more than ${field}, ${limit}`;
  return failure('protocol', 'MCP_MESSAGE_TOO_LARGE', message, {
    delivery: 'answered',
    details: { field, limit, received },
  });
}

/** What the server sent is neither JSON nor a stream of events, or it is compressed although that was not asked for. */
export function wrongContent(url: URL, head: ResponseHead): Failure {
  const contentType = headerOf(head, 'content-type');
  const contentEncoding = compressionOf(head);
  const what =
    contentEncoding === undefined
      ? `the content type ${quoted(contentType)}; expected application/json or text/event-stream`
      : `the content encoding ${quoted(contentEncoding)}, which was not asked for`;
  return failure('transport', 'MCP_HTTP_STATUS', `${shownUrl(url)} answered with ${what}`, {
    errorCode: head.status,
    delivery: 'answered',
    details: {
      url: shownUrl(url),
      status: head.status,
      contentType,
      ...(contentEncoding !== undefined && { contentEncoding }),
    },
  });
}

/** The text of a server as part of a message. */
function quoted(text: string | undefined): string {
  return text === undefined ? '(none)' : `"${safeText(text, 80)}"`;
}

/** Milliseconds that a server has to take `notifications/initialized` before the next messages go out without waiting for that. */
export const INITIALIZED_TIMEOUT = 2_000;

/** The server took no notice of `notifications/initialized`. Some never answer it, and work all the same. */
export function initializedUnanswered(url: URL): Failure {
  const method = 'notifications/initialized';
  const message = `${shownUrl(url)} did not answer ${method} within ${INITIALIZED_TIMEOUT} ms; the next messages do not wait for it`;
  return failure('protocol', 'MCP_INVALID_MESSAGE', message, {
    delivery: 'unknown',
    details: { url: shownUrl(url), method, timeout: INITIALIZED_TIMEOUT },
  });
}

/** The server did not take a message that wants no answer, and others wait behind it. */
export function postUnanswered(url: URL): Failure {
  const message = `${shownUrl(url)} did not answer the POST of a message within ${PATIENCE} ms, while others waited behind it`;
  return failure('transport', 'MCP_TRANSPORT_FAILED', message, {
    delivery: 'unknown',
    details: { url: shownUrl(url), timeout: PATIENCE },
  });
}

/** The link was closed before the exchange ended. */
export function linkClosed(delivery: 'not-sent' | 'unknown'): Failure {
  return failure('connection', 'MCP_CONNECTION_CLOSED', 'The connection is closed', { delivery });
}
