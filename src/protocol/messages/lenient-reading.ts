import { isObject } from '../checks/problem.js';
import { decimalNumber } from '../../util/decimal-text.js';
import { failure, isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { classifyMessage, ErrorCode, isRequestId } from './json-rpc.js';
import type { JSONRPCErrorObject, JSONRPCMessage, MessageKind, RequestId } from './json-rpc.js';
import { isResultless } from '../methods.js';
import { safeText } from '../../util/printable.js';

/** A message that departs from JSON-RPC only in members that the client does not act on. */
export interface LenientMessage {
  readonly kind: MessageKind;
  /** The same message in valid form. */
  readonly message: JSONRPCMessage;
  /** A warning that says what was wrong. Undefined when the only fault was `null` in place of an absent member. */
  readonly deviation: Failure | undefined;
}

/** The members of the envelope. `null` counts as absent in each of them: many serializers write every member of their class. */
const ENVELOPE: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error']);

/** The longest text that is made of an error without a message, in characters. */
const LONGEST_TEXT = 1_000;

/**
 * Reads a value that `classifyMessage` refused. Returns the message in valid form if it is unambiguous, otherwise the failure.
 *
 * @param methodOf the method of the pending request with this id: some servers repeat it in the response, and what the result has to be
 *   depends on it
 */
export function readLeniently(value: unknown, methodOf: (id: unknown) => string | undefined): LenientMessage | Failure {
  if (!isObject(value)) return classifyMessage(value) as Failure;
  const given: Record<string, unknown> = Object.fromEntries(
    Object.entries(value).filter(([name, member]) => member !== null || !ENVELOPE.has(name)),
  );
  const method = methodOf(given.id);
  // Some servers send `null`, `[]` or `true` for an empty result.
  if ('result' in value && given.error === undefined && isResultless(method) && !isObject(given.result))
    given.result = {};
  const problem = classifyMessage(given);
  if (!isFailure(problem)) return { kind: problem, message: given as unknown as JSONRPCMessage, deviation: undefined };
  const mended = mend(given, method);
  const kind = classifyMessage(mended);
  if (isFailure(kind)) return kind;
  return { kind, message: mended as unknown as JSONRPCMessage, deviation: deviationOf(problem) };
}

function mend(
  { method, params, result, error, ...others }: Readonly<Record<string, unknown>>,
  askedMethod: string | undefined,
): Record<string, unknown> {
  const outcome = outcomeOf(result, error);
  const isResponse = typeof method !== 'string' || method === '' || method === askedMethod;
  if (isResponse && (result !== undefined || error !== undefined)) {
    const { id, ...nameless } = others;
    // An error without an id is about a message of the client; an invalid id is treated in the same way.
    return { ...('error' in outcome && !isRequestId(id) ? nameless : others), ...outcome, jsonrpc: '2.0' };
  }
  // PHP encodes an empty object as an empty array. A notification with invalid parameters is kept without them.
  const drop = isEmptyArray(params) || (others.id === undefined && !isObject(params));
  return { ...others, ...outcome, method, ...(!drop && params !== undefined && { params }), jsonrpc: '2.0' };
}

/** The result, or the error in valid form. If both are present, an empty one is left out. */
function outcomeOf(result: unknown, error: unknown): { readonly result?: unknown; readonly error?: unknown } {
  if (error === undefined || saysNothing(error)) return result === undefined ? {} : { result };
  return { ...(isObject(result) && { result }), error: errorObjectOf(error) };
}

/** Whether a value is what a serializer makes of an empty one, such as `false`, `{}` or `{"code":0,"message":""}`. */
function saysNothing(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.values(value).every((member) => !member) : !value;
}

function isEmptyArray(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/**
 * An error in valid form. A code that is no integer becomes -32603, "Internal error", and stays readable in the message.
 * JSON-RPC 2.0, "Error object".
 */
export function errorObjectOf(error: unknown): JSONRPCErrorObject {
  const { code: given, message, data, ...others } = isObject(error) ? error : { message: error };
  const text = [message, data, others].find(saysSomething);
  const reason = text === undefined ? 'no message' : textOf(text);
  const more = data !== undefined && data !== null && { data };
  const code = decimalNumber(given);
  if (code !== undefined && Number.isInteger(code)) return { code, message: reason, ...more };
  return {
    code: ErrorCode.InternalError,
    message: saysSomething(given) ? `${reason} (${textOf(given)})` : reason,
    ...more,
  };
}

function saysSomething(value: unknown): boolean {
  return !saysNothing(value);
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return safeText(JSON.stringify(value), LONGEST_TEXT);
  } catch {
    // Too deeply nested, or not JSON at all: it came from this process.
    return 'no message';
  }
}

function deviationOf({ details }: Failure): Failure {
  const { field, expected, received } = details ?? {};
  const message = `The server sent an invalid message that the client could still read: ${String(field)} must be ${String(expected)}, got ${String(received)}`;
  return failure('protocol', 'MCP_INVALID_MESSAGE', message, { details });
}

/** The error response to a request that is not a valid one. JSON-RPC 2.0, "Error object". */
export function invalidRequest(id: RequestId, { message, details }: Failure): JSONRPCMessage {
  const code = details?.field === 'params' ? ErrorCode.InvalidParams : ErrorCode.InvalidRequest;
  return { jsonrpc: '2.0', id, error: { code, message } };
}
