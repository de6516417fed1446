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

/** What a value that came in the exchange of a request is for that request. */
export type Reading =
  /** The answer; `value` is what to hand on. */
  | { readonly kind: 'answer'; readonly value: unknown }
  /** Meant to be the answer, and not fit to be one. */
  | { readonly kind: 'spoiled'; readonly failure: Failure }
  /** Something else: a notification, a question of the server, or an answer to somebody else. */
  | { readonly kind: 'other' };

const OTHER: Reading = { kind: 'other' };

/**
 * Looks for the response to a request in what came in its exchange. An error without a usable id can only be about the request that it came
 * in answer to; `alone` says that any error can, because nothing else was said. Batches are legacy. 2026-07-28 basic/transports/streamable-http.
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
  // It is handed on as it came: who receives it reads it in the same way, and says what was wrong.
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

/** The error in what came with a status of HTTP that says there is one; undefined when there is none that JSON-RPC would understand. */
export function rpcErrorOf(value: unknown): JSONRPCErrorObject | undefined {
  if (!isObject(value) || value.error === undefined || value.error === null) return undefined;
  const { code, message } = isObject(value.error) ? value.error : {};
  const isProper = Number.isInteger(code) && typeof message === 'string';
  return isProper || value.jsonrpc === '2.0' ? errorObjectOf(value.error) : undefined;
}

function spoiled(failure: Failure): Reading {
  return { kind: 'spoiled', failure: { ...failure, delivery: 'answered' } };
}
