import { isObject } from '../checks/problem.js';
import type { UncheckedObject } from '../checks/problem.js';
import { decimalNumber } from '../../util/decimal-text.js';
import { isFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { classifyMessage, isRequestId } from './json-rpc.js';
import type { JSONRPCErrorObject, JSONRPCRequest } from './json-rpc.js';
import { errorObjectOf, readLeniently } from './lenient-reading.js';

/** The request whose exchange it is. */
type AskedRequest = Pick<JSONRPCRequest, 'id' | 'method'>;

/** How a value in the exchange of a request relates to that request. */
export type Reading =
  /** The response; `value` is to be passed on. */
  | { readonly kind: 'answer'; readonly value: unknown }
  /** An invalid response. */
  | { readonly kind: 'spoiled'; readonly failure: Failure }
  /** Another message: a notification, a server request, or a response to another request. */
  | { readonly kind: 'other' };

const OTHER: Reading = { kind: 'other' };

/**
 * Finds the response to a request in a value from its exchange. An error without a valid id belongs to the request of the exchange; with `alone`
 * any error does, because the body contains nothing else. Batches are legacy. 2026-07-28 basic/transports/streamable-http.
 */
export function readAnswer(value: unknown, request: AskedRequest, alone: boolean, modern: boolean): Reading {
  if (!Array.isArray(value)) return readOne(value, request, alone);
  const refusal = modern ? classifyMessage(value) : '';
  if (isFailure(refusal)) return spoiled(refusal);
  for (const one of value as readonly unknown[]) {
    const reading = readOne(one, request, false);
    if (reading.kind !== 'other') return reading.kind === 'answer' ? { kind: 'answer', value } : reading;
  }
  return OTHER;
}

function readOne(value: unknown, request: AskedRequest, alone: boolean): Reading {
  if (!isObject(value)) return OTHER;
  const answer = isNamelessError(value, request, alone) ? { ...value, id: request.id } : value;
  if (!isIdOf(request, answer.id)) return OTHER;
  const kind = classifyMessage(answer);
  const read = isFailure(kind) ? readLeniently(answer, () => request.method) : { kind };
  if (isFailure(kind) && isFailure(read)) {
    return answer.method === undefined || answer.method === null ? spoiled(kind) : OTHER;
  }
  // It is passed on unchanged: the receiver reads it in the same way and reports the problem.
  return read.kind === 'result' || read.kind === 'error' ? { kind: 'answer', value: answer } : OTHER;
}

function isNamelessError(value: UncheckedObject, request: AskedRequest, alone: boolean): boolean {
  const { error, result, method, id } = value;
  if (error === undefined || error === null || isObject(result)) return false;
  if (typeof method === 'string' && method !== '') return false;
  return !isIdOf(request, id) && (alone || !isRequestId(id));
}

/** Whether an id is that of a request, also when the server wrote the number as text. */
export function isIdOf(request: AskedRequest, id: unknown): boolean {
  return id === request.id || decimalNumber(id) === request.id;
}

/** The JSON-RPC error in the body of an HTTP error response; undefined if there is none. */
export function rpcErrorOf(value: unknown): JSONRPCErrorObject | undefined {
  if (!isObject(value) || value.error === undefined || value.error === null) return undefined;
  const { code, message } = isObject(value.error) ? value.error : {};
  const isProper = Number.isInteger(code) && typeof message === 'string';
  return isProper || value.jsonrpc === '2.0' ? errorObjectOf(value.error) : undefined;
}

function spoiled(failure: Failure): Reading {
  return { kind: 'spoiled', failure: { ...failure, delivery: 'answered' } };
}
