/** Locks of this process, by name. Each is held by one holder at a time; the others wait in order. */
export class LocalLocks {
  readonly #last = new Map<string, Promise<void>>();

  /** Resolves with the function that releases the lock. Rejects with the reason of the signal, and then holds nothing. */
  async take(name: string, signal: AbortSignal): Promise<() => void> {
    let release: () => void = () => undefined;
    const mine = new Promise<void>((resolve) => {
      release = resolve;
    });
    const before = this.#last.get(name);
    const all = before === undefined ? mine : before.then(() => mine);
    this.#last.set(name, all);
    void all.then(() => {
      if (this.#last.get(name) === all) this.#last.delete(name);
    });
    try {
      await abortable(before, signal);
    } catch (thrown) {
      release();
      throw thrown;
    }
    return release;
  }
}

const locks = new WeakMap<object, LocalLocks>();

/** The locks of everything in this process that uses a store: several `oauth()` objects may share it. */
export function locksOf(store: object): LocalLocks {
  const known = locks.get(store);
  if (known !== undefined) return known;
  const made = new LocalLocks();
  locks.set(store, made);
  return made;
}

function abortable(promise: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (promise === undefined) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', stop, { once: true });
    void promise.then(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
  });
}
