import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { excerpt } from '../../util/printable.js';

/** An identifier of a request. `0` and strings are as good as any other; `null` is not one. JSON-RPC 2.0. */
export type RequestId = string | number;

/** Parameters of a request or notification: MCP only uses objects. */
export type Params = Readonly<Record<string, unknown>>;

/** A request. */
export interface JSONRPCRequest {
  readonly jsonrpc: '2.0';
  readonly id: RequestId;
  readonly method: string;
  readonly params?: Params;
}

/** A notification. */
export interface JSONRPCNotification {
  readonly jsonrpc: '2.0';
  readonly method: string;
  readonly params?: Params;
}

/** A response with a result. */
export interface JSONRPCResultResponse {
  readonly jsonrpc: '2.0';
  readonly id: RequestId;
  readonly result: Readonly<Record<string, unknown>>;
}

/** The error of a response. */
export interface JSONRPCErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** A response with an error. The id is missing only if the peer could not read it. */
export interface JSONRPCErrorResponse {
  readonly jsonrpc: '2.0';
  readonly id?: RequestId;
  readonly error: JSONRPCErrorObject;
}

/** Any single message of JSON-RPC 2.0 as MCP uses it. */
export type JSONRPCMessage = JSONRPCRequest | JSONRPCNotification | JSONRPCResultResponse | JSONRPCErrorResponse;

/** Error codes that this client sends or understands. 2026-07-28 basic/index, "Error codes". */
export const ErrorCode = {
  ParseError: -32700,
  InvalidRequest: -32600,
  MethodNotFound: -32601,
  InvalidParams: -32602,
  InternalError: -32603,
  /** Only up to 2025-11-25; later servers answer `InvalidParams`. */
  ResourceNotFound: -32002,
  /** Only in 2025-11-25. */
  URLElicitationRequired: -32042,
  HeaderMismatch: -32020,
  MissingRequiredClientCapability: -32021,
  UnsupportedProtocolVersion: -32022,
} as const;

/** The kind of an incoming message. */
export type MessageKind = 'request' | 'notification' | 'result' | 'error';

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value may serve as the id of a request: a string or an integer. */
export function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || (typeof value === 'number' && Number.isInteger(value));
}

/**
 * Classifies a single incoming value, or returns why it is invalid. Unknown fields are allowed and kept. The fields of the envelope must be
 * valid, because otherwise a response could reach the wrong caller.
 */
export function classifyMessage(value: unknown): MessageKind | Failure {
  if (!isObject(value)) return invalid('a message', 'an object', Array.isArray(value) ? 'an array' : kindOf(value));
  if (value.jsonrpc !== '2.0') return invalid('jsonrpc', '"2.0"', kindOf(value.jsonrpc));
  const { method } = value;
  if (method === undefined) return classifyResponse(value);
  if (typeof method !== 'string') return invalid('method', 'a string', kindOf(method));
  if ('result' in value || 'error' in value) return invalid('method', 'no result or error beside it', 'both');
  if (value.params !== undefined && !isObject(value.params))
    return invalid('params', 'an object', kindOf(value.params));
  if (value.id === undefined) return 'notification';
  return isRequestId(value.id) ? 'request' : invalid('id', 'a string or an integer', kindOf(value.id));
}

function classifyResponse(value: Record<string, unknown>): MessageKind | Failure {
  const { id, result, error } = value;
  if (result !== undefined) {
    if (error !== undefined) return invalid('error', 'absent beside a result', kindOf(error));
    if (!isRequestId(id)) return invalid('id', 'a string or an integer', kindOf(id));
    return isObject(result) ? 'result' : invalid('result', 'an object', kindOf(result));
  }
  if (error === undefined) return invalid('a message', 'a method, a result or an error', 'none of them');
  if (id !== undefined && id !== null && !isRequestId(id)) return invalid('id', 'a string or an integer', kindOf(id));
  if (!isObject(error)) return invalid('error', 'an object', kindOf(error));
  if (!Number.isInteger(error.code)) return invalid('error.code', 'an integer', kindOf(error.code));
  if (typeof error.message !== 'string') return invalid('error.message', 'a string', kindOf(error.message));
  return 'error';
}

function invalid(field: string, expected: string, received: string): Failure {
  return failure('protocol', 'MCP_INVALID_MESSAGE', `Invalid message: ${field} must be ${expected}, got ${received}`, {
    details: { field, expected, received },
  });
}

/** The name of a value's type, never the value: it may be a secret. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** The failure of a request that got an error response. */
export function rpcFailure(method: string, { code, message, data }: JSONRPCErrorObject, params?: Params): Failure {
  const details = { method, reason: message, ...(data !== undefined && { data }) };
  const facts = { errorCode: code, delivery: 'answered', details } as const;
  const said = excerpt(message);
  if (ABOUT_A_RESOURCE.has(method) && meansNotFound(code, data)) {
    const uri = params?.uri;
    const text = `The server does not have the resource ${String(uri)}: ${said} (${code})`;
    return failure('protocol', 'MCP_RESOURCE_NOT_FOUND', text, { ...facts, details: { ...details, uri } });
  }
  return failure('protocol', 'MCP_RPC_ERROR', `${method} failed: ${said} (${code})`, facts);
}

/** The methods that are about one resource, which `params.uri` names. */
const ABOUT_A_RESOURCE: ReadonlySet<string> = new Set(['resources/read', 'resources/subscribe']);

/** Servers of all revisions use either code. 2026-07-28 server/resources, "Error Handling". */
function meansNotFound(code: number, data: unknown): boolean {
  if (code === ErrorCode.ResourceNotFound) return true;
  return code === ErrorCode.InvalidParams && isObject(data) && typeof data.uri === 'string';
}

/** The error response to a server request that this client does not support. */
export function methodNotFound(id: RequestId, method: string): JSONRPCErrorResponse {
  return {
    jsonrpc: '2.0',
    id,
    error: { code: ErrorCode.MethodNotFound, message: `This client does not support ${method}` },
  };
}
