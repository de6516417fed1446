import type { TokenStore } from './token-store.js';

/** A store for this process: its values end with it. The default. */
export function memoryStore(): TokenStore {
  return new MemoryStore();
}

class MemoryStore implements TokenStore {
  // Private, so that printing the store does not show the tokens.
  readonly #values = new Map<string, string>();

  async read(key: string): Promise<string | undefined> {
    return this.#values.get(key);
  }

  async write(key: string, value: string | undefined, expected?: string): Promise<boolean> {
    if (expected !== undefined && this.#values.get(key) !== expected) return false;
    if (value === undefined) this.#values.delete(key);
    else this.#values.set(key, value);
    return true;
  }

  async keys(): Promise<readonly string[]> {
    return [...this.#values.keys()];
  }
}
