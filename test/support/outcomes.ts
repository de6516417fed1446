import { MCPError } from '../../src/index.js';

/** What a promise rejects with. A promise that resolves is a failure of the test. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (thrown) {
    return thrown;
  }
  throw new Error(`Expected a rejection, got ${JSON.stringify(value)}`);
}

/** The error of this library that a promise rejects with. */
export async function errorFrom(promise: Promise<unknown>): Promise<MCPError> {
  const thrown = await rejection(promise);
  if (thrown instanceof MCPError) return thrown;
  throw new Error('Expected an MCPError', { cause: thrown });
}

/** The error of this library that a function throws. */
export function errorThrownBy(call: () => unknown): MCPError {
  let value: unknown;
  try {
    value = call();
  } catch (thrown) {
    if (thrown instanceof MCPError) return thrown;
    throw new Error('Expected an MCPError', { cause: thrown });
  }
  throw new Error(`Expected an MCPError, got ${JSON.stringify(value)}`);
}

/** Lets everything happen that needs no time. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Whether a promise has settled when everything has happened that needs no time. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  promise.then(note, note);
  await turns();
  return settled;
}
