import type { Failure } from './failure.js';
import { classifyMessage, isRequestId } from './json-rpc.js';
import type { JSONRPCErrorObject, RequestId } from './json-rpc.js';

/** What a value that came in the exchange of a request is for that request. */
export type Reading =
  /** The answer; `value` is what to hand on. */
  | { readonly kind: 'answer'; readonly value: unknown }
  /** Meant to be the answer, and not fit to be one. */
  | { readonly kind: 'spoiled'; readonly failure: Failure }
  /** Something else: a notification, a question of the server, or an answer to somebody else. */
  | { readonly kind: 'other' };

/**
 * Looks for the answer to a request in what came in its exchange. An error without a usable id can only be about the request that it came
 * in answer to; `alone` says that any error can, because nothing else was said. Batches are legacy. 2026-07-28 basic/transports/streamable-http.
 */
export function readAnswer(value: unknown, id: RequestId, alone: boolean, modern: boolean): Reading {
  if (Array.isArray(value)) {
    const refusal = modern ? classifyMessage(value) : '';
    if (typeof refusal !== 'string') return spoiled(refusal);
    const answer = value.find((one) => isObject(one) && one.method === undefined && one.id === id) as unknown;
    if (answer === undefined) return { kind: 'other' };
    const kind = classifyMessage(answer);
    return typeof kind === 'string' ? { kind: 'answer', value } : spoiled(kind);
  }
  if (!isObject(value) || value.method !== undefined) return { kind: 'other' };
  const nameless = isObject(value.error) && value.id !== id && (alone || !isRequestId(value.id));
  const answer = nameless ? { ...value, id } : value;
  if (answer.id !== id) return { kind: 'other' };
  const kind = classifyMessage(answer);
  return typeof kind === 'string' ? { kind: 'answer', value: answer } : spoiled(kind);
}

/** The error in what came with a status of HTTP that says there is one; undefined when there is none that JSON-RPC would understand. */
export function rpcErrorOf(value: unknown): JSONRPCErrorObject | undefined {
  const { error } = isObject(value) ? (value as { error?: Partial<JSONRPCErrorObject> | null }) : {};
  return Number.isInteger(error?.code) && typeof error?.message === 'string'
    ? (error as JSONRPCErrorObject)
    : undefined;
}

function spoiled(failure: Failure): Reading {
  return { kind: 'spoiled', failure: { ...failure, delivery: 'answered' } };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
