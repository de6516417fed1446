import { describeThrown, failure } from './failure.js';
import type { Failure } from './failure.js';

/**
 * Calls a function that the user gave for something: a handler, a listener, `onProgress`. What it throws, or rejects with, is reported and
 * goes no further.
 */
export function callUserFunction(purpose: string, fn: () => unknown, report: (problem: Failure) => void): void {
  const failed = (thrown: unknown): void => {
    const message = `The function for ${purpose} failed: ${describeThrown(thrown)}`;
    report(failure('protocol', 'MCP_HANDLER_FAILED', message, { details: { handler: purpose }, cause: thrown }));
  };
  try {
    const returned = fn();
    if (returned instanceof Promise) returned.catch(failed);
  } catch (thrown) {
    failed(thrown);
  }
}
