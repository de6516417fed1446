/** Called with the reason of an abort. Must not throw. */
type Callback = (reason: unknown) => void;

/** The callbacks of one signal; this object is the event listener. */
class Callbacks {
  readonly all = new Set<Callback>();
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  handleEvent(): void {
    const reason = reasonOf(this.#signal);
    for (const callback of [...this.all]) if (this.all.has(callback)) callback(reason);
  }
}

const callbacksOf = new WeakMap<AbortSignal, Callbacks>();

/**
 * Calls a function when a signal is aborted. All callbacks of one signal share one listener, because Node warns of a leak at the eleventh
 * listener. A function must not be passed twice for one signal.
 * @returns a function that removes the callback, and the listener with the last one
 */
export function onAbort(signal: AbortSignal, callback: Callback): () => void {
  let callbacks = callbacksOf.get(signal);
  if (callbacks === undefined) {
    callbacks = new Callbacks(signal);
    signal.addEventListener('abort', callbacks);
    callbacksOf.set(signal, callbacks);
  }
  const { all } = callbacks;
  const listener = callbacks;
  all.add(callback);
  return () => {
    if (!all.delete(callback) || all.size > 0) return;
    callbacksOf.delete(signal);
    try {
      signal.removeEventListener('abort', listener);
    } catch {
      // The value only looks like an AbortSignal.
    }
  };
}

function reasonOf(signal: AbortSignal): unknown {
  try {
    return signal.reason;
  } catch (thrown) {
    return thrown;
  }
}
