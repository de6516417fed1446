import { describeThrown, failure, lookable } from './failure.js';
import type { Failure } from './failure.js';

/**
 * Calls a function of the user: a handler, a listener, `onProgress`. If it throws or rejects, the error is reported and not rethrown.
 */
export function callUserFunction(purpose: string, fn: () => unknown, report: (problem: Failure) => void): void {
  notifyUserFunction(purpose, fn, undefined, report);
}

/** Like {@link callUserFunction}, for functions that receive an event: it needs no closure for each call. */
export function notifyUserFunction<Event>(
  purpose: string,
  fn: (event: Event) => unknown,
  event: Event,
  report: (problem: Failure) => void,
): void {
  try {
    const returned = fn(event);
    if ((typeof returned === 'object' && returned !== null) || typeof returned === 'function')
      reportRejection(purpose, returned, report);
  } catch (thrown) {
    report(handlerFailed(purpose, thrown));
  }
}

/** Reports a rejection. The value may be a promise of another realm or library, so a native promise resolves it. */
function reportRejection(purpose: string, returned: object, report: (problem: Failure) => void): void {
  new Promise((settle) => {
    settle(returned);
  }).catch((thrown: unknown) => {
    report(handlerFailed(purpose, thrown));
  });
}

/** The failure for a function of the user that threw or rejected. */
export function handlerFailed(purpose: string, thrown: unknown): Failure {
  const message = `The function for ${purpose} failed: ${describeThrown(thrown)}`;
  return failure('protocol', 'MCP_HANDLER_FAILED', message, {
    details: { handler: purpose },
    cause: lookable(thrown),
  });
}

/**
 * Calls a function of the user and returns its result. Rejects with the error of the function, or with the reason of the signal as soon as that
 * is aborted; then the result of the function is ignored.
 */
export function askUserFunction<Value>(fn: () => Value | Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the caller chooses the reason
      reject(signal.reason);
    };
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener('abort', abort, { once: true });
    // The promise turns a synchronous throw into a rejection.
    new Promise<Value>((settle) => {
      settle(fn());
    })
      .finally(() => {
        signal.removeEventListener('abort', abort);
      })
      .then(resolve, reject);
  });
}
