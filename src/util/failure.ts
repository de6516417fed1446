import { safeDetails, safeMessage } from './printable.js';

/**
 * Whether the server may have run a request that did not end in a result.
 *
 * - `not-sent`: it did not run; it is safe to repeat.
 * - `unknown`: it was sent and the server sent no response (HTTP 502 or 504 comes from a gateway), so it may have run.
 * - `answered`: the server responded, with an error or with an invalid response.
 */
export type Delivery = 'not-sent' | 'unknown' | 'answered';

/** Selects the error class of a failure. */
export type FailureKind =
  'connection' | 'timeout' | 'transport' | 'protocol' | 'capability' | 'authentication' | 'tool';

/** The values of `MCPError.code`. They are stable. */
export type FailureCode =
  | 'MCP_ERROR'
  | 'MCP_NOT_CONNECTED'
  | 'MCP_CONNECTION_CLOSED'
  | 'MCP_CONNECTION_LOST'
  | 'MCP_CRASH_LOOP'
  | 'MCP_QUEUE_FULL'
  | 'MCP_TIMEOUT'
  | 'MCP_TRANSPORT_BUSY'
  | 'MCP_TRANSPORT_FAILED'
  | 'MCP_HTTP_STATUS'
  | 'MCP_SESSION_LOST'
  | 'MCP_STREAM_BROKEN'
  | 'MCP_REDIRECT_REFUSED'
  | 'MCP_SPAWN_FAILED'
  | 'MCP_PROCESS_EXITED'
  | 'MCP_MESSAGE_TOO_LARGE'
  | 'MCP_MEMORY_LIMIT'
  | 'MCP_INVALID_JSON'
  | 'MCP_INVALID_MESSAGE'
  | 'MCP_INVALID_RESULT'
  | 'MCP_INVALID_PARAMS'
  | 'MCP_UNSUPPORTED_VERSION'
  | 'MCP_UNKNOWN_RESPONSE'
  | 'MCP_RPC_ERROR'
  | 'MCP_RESOURCE_NOT_FOUND'
  | 'MCP_SKILL_INVALID'
  | 'MCP_PAGINATION'
  | 'MCP_CAPABILITY_MISSING'
  | 'MCP_INPUT_FAILED'
  | 'MCP_INPUT_LIMIT'
  | 'MCP_AUTHENTICATION_REQUIRED'
  | 'MCP_AUTH_BUSY'
  | 'MCP_AUTH_DISCOVERY_FAILED'
  | 'MCP_AUTH_RESPONSE_INVALID'
  | 'MCP_AUTH_UNREACHABLE'
  | 'MCP_AUTH_UNSUPPORTED'
  | 'MCP_AUTH_URL_FORBIDDEN'
  | 'MCP_CLIENT_UNKNOWN'
  | 'MCP_GRANT_FAILED'
  | 'MCP_ISSUER_MISMATCH'
  | 'MCP_REGISTRATION_REFUSED'
  | 'MCP_RESOURCE_MISMATCH'
  | 'MCP_SCOPE_INSUFFICIENT'
  | 'MCP_SIGN_IN_CANCELLED'
  | 'MCP_SIGN_IN_DENIED'
  | 'MCP_SIGN_IN_REQUIRED'
  | 'MCP_CALLBACK_UNAVAILABLE'
  | 'MCP_SIGN_IN_TIMEOUT'
  | 'MCP_TOKEN_REFUSED'
  | 'MCP_TOKEN_REQUEST_REFUSED'
  | 'MCP_TOKEN_STORE_FAILED'
  | 'MCP_TOOL_ERROR'
  | 'MCP_HANDLER_FAILED'
  | 'MCP_INTERNAL'
  | 'MCP_SERVER_REQUEST_REFUSED'
  | 'MCP_SERVER_REQUEST_WITHDRAWN'
  | 'MCP_RECORDING_ENDED';

/**
 * An error as plain data. Machines, snapshots and logs contain failures; the facade makes an `Error` with the caller's stack.
 */
export interface Failure {
  readonly kind: FailureKind;
  readonly code: FailureCode;
  readonly message: string;
  /** The JSON-RPC error code or the HTTP status, when there is one. */
  readonly errorCode?: number | undefined;
  readonly delivery?: Delivery | undefined;
  /** Plain data for programs. The fields depend on `code`. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** The cause: another failure, or an error from a lower layer. */
  readonly cause?: unknown;
  /** A safe copy of `details.data` without secrets, for printers. */
  readonly shownData?: unknown;
}

/** The parts of a failure besides its kind, code and message. */
export type FailureParts = Omit<Failure, 'kind' | 'code' | 'message'>;

/**
 * Makes a failure. This is the one place where untrusted text is made safe: control characters, escape sequences and invisible characters are
 * removed from the message and the details, long texts are cut, and further lines of the message begin with a bar. `details.data` and
 * `details.result` are data for programs and stay unchanged.
 */
export function failure(kind: FailureKind, code: FailureCode, message: string, parts?: FailureParts): Failure {
  const text = safeMessage(message);
  if (parts?.details === undefined) return { kind, code, message: text, ...parts };
  return { kind, code, message: text, ...parts, details: safeDetails(parts.details) };
}

/** A copy of a failure with another message and, optionally, other details. */
export function rephrased(why: Failure, message: string, details = why.details): Failure {
  const { kind, code, message: _message, ...parts } = why;
  return failure(kind, code, message, { ...parts, ...(details !== undefined && { details }) });
}

const KINDS: ReadonlySet<unknown> = new Set<FailureKind>([
  ...(['connection', 'timeout', 'transport', 'protocol', 'capability', 'authentication', 'tool'] as const),
]);

/** Whether a caught value is a failure. Never throws. */
export function isFailure(value: unknown): value is Failure {
  try {
    return (
      typeof value === 'object' &&
      value !== null &&
      !(value instanceof Error) &&
      KINDS.has((value as Failure).kind) &&
      typeof (value as Failure).code === 'string' &&
      typeof (value as Failure).message === 'string'
    );
  } catch {
    // A revoked proxy, or a getter that throws.
    return false;
  }
}

/** Converts a thrown value to a transport failure. Returns a failure unchanged. Never throws. */
export function toTransportFailure(thrown: unknown, delivery?: Delivery): Failure {
  if (isFailure(thrown)) return thrown;
  const cause = lookable(thrown);
  const message = cause instanceof Error ? describeThrown(cause) : `The transport failed: ${describeThrown(cause)}`;
  return failure('transport', 'MCP_TRANSPORT_FAILED', message, { delivery, cause });
}

/**
 * The failure of something in whose code an exception was thrown. Never throws.
 * @param event what became of it, as the beginning of the message
 */
export function internalFailure(
  thrown: unknown,
  kind: FailureKind,
  event: string,
  parts: Pick<Failure, 'delivery'> = {},
): Failure {
  if (isFailure(thrown) && thrown.code === 'MCP_INTERNAL') return thrown;
  const message = `${event} because of an exception inside this library: ${describeThrown(thrown)}`;
  return failure(kind, 'MCP_INTERNAL', message, { ...parts, cause: lookable(thrown) });
}

const UNLOOKABLE = 'a thrown object that cannot be looked at';

/** Describes a thrown value in one line: its text or message, else its type. Never throws. */
export function describeThrown(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  if (typeof thrown !== 'object' || thrown === null) return `a thrown ${thrown === null ? 'null' : typeof thrown}`;
  try {
    const { message } = thrown as { readonly message?: unknown };
    // Errors of other realms, such as `node:vm`, are not instances of this `Error`.
    if (typeof message === 'string') return message;
    return thrown instanceof Error ? String(message) : 'a thrown object';
  } catch {
    return UNLOOKABLE;
  }
}

/** How many nested causes are checked. */
const DEEPEST = 20;

/**
 * A thrown value that can be printed as the cause of a failure. A value that throws when it is read, such as a revoked proxy, is replaced by an
 * `Error`.
 */
export function lookable(thrown: unknown): unknown {
  try {
    let one = thrown;
    for (let depth = 0; typeof one === 'object' && one !== null && depth <= DEEPEST; depth++) {
      const { name, message, stack, cause } = one as Readonly<Record<string, unknown>>;
      if (one instanceof Error) void `${String(name)}${String(message)}${String(stack)}`;
      one = cause;
    }
    return thrown;
  } catch {
    return new Error(UNLOOKABLE);
  }
}

/** Whether a value is an instance of a class; also of a revoked proxy it can be asked. */
export function isInstance<Value>(value: unknown, of: abstract new (...args: never[]) => Value): value is Value {
  try {
    return value instanceof of;
  } catch {
    return false;
  }
}

/** The same failure with another delivery, for the request that it ended. */
export function withDelivery(cause: Failure, delivery: Delivery): Failure {
  return cause.delivery === delivery ? cause : { ...cause, delivery };
}
