import { safeDetails, safeMessage } from './printable.js';

/**
 * What is known about the fate of a request that did not end in a result.
 *
 * - `not-sent`: it never ran, so it is safe to repeat.
 * - `unknown`: it was sent and no answer of the server came (that of a gateway, such as HTTP 502 or 504, is none), so it may have run.
 * - `answered`: the server answered, with an error or with something that could not be used.
 */
export type Delivery = 'not-sent' | 'unknown' | 'answered';

/** Which of the error classes a failure becomes. */
export type FailureKind =
  'connection' | 'timeout' | 'transport' | 'protocol' | 'capability' | 'authentication' | 'tool';

/** The stable strings in `MCPError.code`. */
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
  | 'MCP_PAGINATION'
  | 'MCP_CAPABILITY_MISSING'
  | 'MCP_INPUT_FAILED'
  | 'MCP_INPUT_LIMIT'
  | 'MCP_AUTHENTICATION_REQUIRED'
  | 'MCP_TOOL_ERROR'
  | 'MCP_HANDLER_FAILED'
  | 'MCP_INTERNAL'
  | 'MCP_SERVER_REQUEST_REFUSED'
  | 'MCP_SERVER_REQUEST_WITHDRAWN'
  | 'MCP_RECORDING_ENDED';

/**
 * An error as plain data. Inside the library failures travel through machines, snapshots and logs; an `Error` object, with the
 * stack of the caller, is made from one at the very edge.
 */
export interface Failure {
  readonly kind: FailureKind;
  readonly code: FailureCode;
  readonly message: string;
  /** The JSON-RPC error code or the HTTP status, when there is one. */
  readonly errorCode?: number | undefined;
  readonly delivery?: Delivery | undefined;
  /** Plain data for programs; the documented fields depend on `code`. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** What led to this failure: another failure, or the error that a lower layer threw. */
  readonly cause?: unknown;
  /** What printers show in place of `details.data`: a safe copy, without secrets. */
  readonly shownData?: unknown;
}

/** The parts of a failure besides its kind, code and message. */
export type FailureParts = Omit<Failure, 'kind' | 'code' | 'message'>;

/**
 * Writes a failure down; `parts` adds what is known beyond the message. This is the one place where text of strangers is made safe: control
 * characters, escapes and what else a reader does not see are taken out of the message and of the details, long texts are cut, and further
 * lines of the message begin with a bar. `details.data` and `details.result` are data for programs, and left as they came.
 */
export function failure(kind: FailureKind, code: FailureCode, message: string, parts?: FailureParts): Failure {
  const text = safeMessage(message);
  if (parts?.details === undefined) return { kind, code, message: text, ...parts };
  return { kind, code, message: text, ...parts, details: safeDetails(parts.details) };
}

/** The same failure with another message, and with other details if they are given. */
export function rephrased(why: Failure, message: string, details = why.details): Failure {
  const { kind, code, message: _message, ...parts } = why;
  return failure(kind, code, message, { ...parts, ...(details !== undefined && { details }) });
}

const KINDS: ReadonlySet<unknown> = new Set<FailureKind>([
  ...(['connection', 'timeout', 'transport', 'protocol', 'capability', 'authentication', 'tool'] as const),
]);

/** Whether a caught value is a failure rather than something that a lower layer threw. Never throws. */
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

/** A failure of the transport from whatever was thrown. A failure is returned as it is. Never throws. */
export function toTransportFailure(thrown: unknown, delivery?: Delivery): Failure {
  if (isFailure(thrown)) return thrown;
  const cause = lookable(thrown);
  const message = cause instanceof Error ? describeThrown(cause) : `The transport failed: ${describeThrown(cause)}`;
  return failure('transport', 'MCP_TRANSPORT_FAILED', message, { delivery, cause });
}

const UNLOOKABLE = 'a thrown object that cannot be looked at';

/** One line about a value that somebody threw: what it says if it is a text or has a message, else what kind of value it is. Never throws. */
export function describeThrown(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  if (typeof thrown !== 'object' || thrown === null) return `a thrown ${thrown === null ? 'null' : typeof thrown}`;
  try {
    const { message } = thrown as { readonly message?: unknown };
    // Errors of other realms, such as those of `node:vm`, are no instances of `Error` here.
    if (typeof message === 'string') return message;
    return thrown instanceof Error ? String(message) : 'a thrown object';
  } catch {
    return UNLOOKABLE;
  }
}

/** Causes below a cause that are looked at. */
const DEEPEST = 20;

/**
 * A thrown value as the cause of a failure: the value itself, or an `Error` in place of one that throws when it is looked at, such as a
 * revoked proxy. The result can be printed safely.
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
