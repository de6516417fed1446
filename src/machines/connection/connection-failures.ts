import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { withoutNumbers } from '../../util/printable.js';
import type { SilentServer } from '../../transports/transport.js';
import type { ConnectionFacts } from './connection-context.js';

export const DISCONNECTED = failure('connection', 'MCP_CONNECTION_CLOSED', 'The connection was closed by disconnect()');
export const SUSPENDED = failure('connection', 'MCP_CONNECTION_CLOSED', 'The client was suspended by suspend()');
export const RENEWED = failure('connection', 'MCP_CONNECTION_LOST', 'The connection was renewed by reconnect()');
export const SESSION_LOST = failure('transport', 'MCP_SESSION_LOST', 'The server no longer knows the session');
export const ABANDONED = failure(
  'connection',
  'MCP_CONNECTION_CLOSED',
  'Connecting was stopped because no caller waits for it',
);

/** A failure of the second start of a server has the first ending as its cause. */
export function withFirstEnding({ firstEnding }: ConnectionFacts, why: Failure): Failure {
  if (firstEnding === undefined || why.cause !== undefined) return why;
  return { ...why, cause: endingOf(firstEnding, why) };
}

/** The ending of the first start. When the second start ended in the same way, the message says only that. */
function endingOf(first: Failure, second: Failure): Failure {
  return wayOf(first) === wayOf(second)
    ? { ...first, message: 'The server was started once before and ended in the same way' }
    : first;
}

/** How a server ended, without what differs from start to start: process ids and times in its texts. */
function wayOf({ message, details }: Failure): string {
  const { exitCode, signal, stderr } = details ?? {};
  return JSON.stringify([withoutNumbers(message + (typeof stderr === 'string' ? stderr : '')), exitCode, signal]);
}

/** Connecting timed out: for the first caller whose deadline has passed, or for an attempt without callers. */
export function timeoutOf({ waiters, armedFor, policy }: ConnectionFacts, server: SilentServer | undefined): Failure {
  const expired = waiters.find(({ deadline }) => deadline <= armedFor);
  return connectTimedOut(expired?.timeout ?? policy.connectTimeout, server);
}

/** Failures that another attempt would only repeat. */
export function isFinal(why: Failure): boolean {
  return why.kind === 'capability' || why.kind === 'authentication' || why.code === 'MCP_UNSUPPORTED_VERSION';
}

/** There is no session. */
export function notConnected(): Failure {
  return failure('connection', 'MCP_NOT_CONNECTED', 'Not connected', { delivery: 'not-sent' });
}

/** The failure of requests and callers while the connection is closed. */
export function whyClosed(facts: ConnectionFacts): Failure {
  const cause = reasonOf(facts);
  if (cause === undefined)
    return failure('connection', 'MCP_NOT_CONNECTED', 'Not connected: the connection was closed', {
      delivery: 'not-sent',
    });
  return failure('connection', 'MCP_NOT_CONNECTED', `Not connected: ${cause.message}`, { delivery: 'not-sent', cause });
}

/** The failure of `suspend()` without an established session. */
export function nothingToSuspend(facts: ConnectionFacts): Failure {
  const cause = reasonOf(facts);
  const message = `There is no session to suspend${cause === undefined ? '' : `: ${cause.message}`}`;
  return failure('connection', 'MCP_NOT_CONNECTED', message, { delivery: 'not-sent', cause });
}

/** Why there is no session; undefined when the user disconnected, or never connected. */
function reasonOf({ suspended, failure: why }: ConnectionFacts): Failure | undefined {
  return suspended ? SUSPENDED : why;
}

/** Connecting timed out. `server` has what a started server wrote to stderr, which may be the cause. */
export function connectTimedOut(timeout: number, server: SilentServer | undefined): Failure {
  const launcher = server?.launcher;
  const why = launcher === undefined ? '' : `: at a first start \`${launcher}\` may still be downloading the server`;
  return failure('timeout', 'MCP_TIMEOUT', `Connecting took longer than ${timeout} ms${why}`, {
    delivery: 'not-sent',
    details: { operation: 'connect', timeout, phase: 'connecting', ...server },
  });
}

/** The connection was lost once more than its budget allows; the last loss is the cause. */
export function crashLoop({ losses, policy, failure: cause }: ConnectionFacts): Failure {
  const { maxRestarts, window } = policy.restarts;
  const [first = 0] = losses;
  const within = Math.round((losses.at(-1) ?? 0) - first);
  const times = losses.length === 1 ? 'once' : `${losses.length} times within ${within} ms`;
  const message = `The connection was lost ${times}, which is more than \`maxRestarts\` (${maxRestarts}) in \`restartWindow\` (${window} ms)`;
  const details = { losses: losses.length, within, maxRestarts, restartWindow: window };
  return failure('connection', 'MCP_CRASH_LOOP', message, { details, cause });
}
