import { toError } from '../../errors.js';
import type { MCPError } from '../../errors.js';
import { describeThrown, lookable } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { authFailure } from '../auth-failures.js';

const failures = new WeakMap<object, Failure>();

/** The error of a failure, for functions of the user: if such a function passes it on, the failure is found again. */
export function grantError(why: Failure): MCPError {
  const error = toError(why);
  failures.set(error, why);
  return error;
}

/** Why a function of the user did not give a token. @param name the function, as messages name it */
export function grantFailure(name: string, thrown: unknown): Failure {
  const known = typeof thrown === 'object' && thrown !== null ? failures.get(thrown) : undefined;
  return (
    known ??
    authFailure(
      'MCP_GRANT_FAILED',
      'token request',
      `${name} failed: ${describeThrown(thrown)}`,
      {},
      { cause: lookable(thrown) },
    )
  );
}

/** The result of a function of the user that is not what it must be. */
export function invalidResult(name: string, expected: string): MCPError {
  return grantError(authFailure('MCP_GRANT_FAILED', 'token request', `${name} must resolve with ${expected}`));
}

/** Calls a function of the user that a grant needs. Rejects with an error that names the function. */
export async function callOfGrant<Value>(name: string, fn: () => Value | Promise<Value>): Promise<Value> {
  try {
    return await fn();
  } catch (thrown) {
    throw grantError(grantFailure(name, thrown));
  }
}
