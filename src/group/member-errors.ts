import {
  MCPAuthenticationError,
  MCPCapabilityError,
  MCPError,
  MCPProtocolError,
  MCPTimeoutError,
  MCPToolError,
  MCPTransportError,
  toError,
} from '../errors.js';
import { failure, toTransportFailure } from '../util/failure.js';
import type { Failure, FailureCode, FailureKind } from '../util/failure.js';

/** The classes of errors, the innermost first, with the kinds of their failures. */
const KINDS: readonly (readonly [typeof MCPError, FailureKind])[] = [
  [MCPTimeoutError, 'timeout'],
  [MCPTransportError, 'transport'],
  [MCPAuthenticationError, 'authentication'],
  [MCPCapabilityError, 'capability'],
  [MCPToolError, 'tool'],
  [MCPProtocolError, 'protocol'],
];

/** The failure of a member whose connection rejected with an error. */
export function failureOf(thrown: unknown): Failure {
  if (!MCPError.isInstance(thrown)) return toTransportFailure(thrown);
  const kind = KINDS.find(([Class]) => Class.isInstance(thrown))?.[1] ?? 'connection';
  const { code, message, errorCode, delivery, details } = thrown;
  return failure(kind, code as FailureCode, message, { errorCode, delivery, details, cause: thrown });
}

/** The failure of a call of a member that is down: it has the class and the code of the reason. */
export function notStarted(server: string, call: string, why: Failure, explanation: string): Failure {
  const { kind, code, message, errorCode, details, cause } = why;
  return failure(kind, code, `${call} was not sent, because the server "${server}" is down: ${message}`, {
    errorCode,
    delivery: 'not-sent',
    details: { ...details, server, explanation },
    cause,
  });
}

/** The failure of a call of a member that was removed, or whose group is closed. */
export function removed(server: string, call: string): Failure {
  const message = `${call} was not sent, because the server "${server}" was removed from its group, or the group was closed`;
  return failure('connection', 'MCP_CONNECTION_CLOSED', message, { delivery: 'not-sent', details: { server } });
}

/** A thrown value as an error of this library. */
export function errorOf(thrown: unknown): MCPError {
  return MCPError.isInstance(thrown) ? thrown : toError(failureOf(thrown));
}
