import { describeThrown, failure, lookable } from './failure.js';
import type { Failure } from './failure.js';

/**
 * Calls a function that the user gave for something: a handler, a listener, `onProgress`. What it throws, or rejects with, is reported and
 * goes no further.
 */
export function callUserFunction(purpose: string, fn: () => unknown, report: (problem: Failure) => void): void {
  tellUserFunction(purpose, fn, undefined, report);
}

/** The same for a function that is told something, so often that a closure each time would cost more than the call. */
export function tellUserFunction<Told>(
  purpose: string,
  fn: (told: Told) => unknown,
  told: Told,
  report: (problem: Failure) => void,
): void {
  try {
    const returned = fn(told);
    if ((typeof returned === 'object' && returned !== null) || typeof returned === 'function')
      reportRejection(purpose, returned, report);
  } catch (thrown) {
    report(handlerFailed(purpose, thrown));
  }
}

/** Whatever has a method `then` may be a promise: of another realm, or of a library. A promise of our own finds out, whatever that throws. */
function reportRejection(purpose: string, returned: object, report: (problem: Failure) => void): void {
  new Promise((settle) => {
    settle(returned);
  }).catch((thrown: unknown) => {
    report(handlerFailed(purpose, thrown));
  });
}

/** What a function of the user that failed means. */
export function handlerFailed(purpose: string, thrown: unknown): Failure {
  const message = `The function for ${purpose} failed: ${describeThrown(thrown)}`;
  return failure('protocol', 'MCP_HANDLER_FAILED', message, {
    details: { handler: purpose },
    cause: lookable(thrown),
  });
}

/**
 * Calls a function that the user gave for something that is waited for, for as long as the signal is not aborted: then it rejects with
 * the reason, and what the function does later is of no interest. Rejects with what the function throws.
 */
export function askUserFunction<Value>(fn: () => Value | Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason is whatever the caller gave
      reject(signal.reason);
    };
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener('abort', abort, { once: true });
    // In a promise of its own, so that what it throws at once and what it rejects with are the same.
    new Promise<Value>((settle) => {
      settle(fn());
    })
      .finally(() => {
        signal.removeEventListener('abort', abort);
      })
      .then(resolve, reject);
  });
}
