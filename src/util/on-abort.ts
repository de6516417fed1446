/** Told of an abort, with its reason. Must not throw. */
type Callback = (reason: unknown) => void;

/** The functions that wait for one signal. It is the listener itself. */
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
 * Calls a function when a signal is aborted that may serve any number of calls, clients and connections: all of them share one listener, since
 * Node warns of a leak at the eleventh. A function must not be given twice for one signal.
 * @returns a function that forgets it; with the last one the listener goes
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
