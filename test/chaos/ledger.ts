/** A call as a server saw it arrive. */
export interface Entry {
  /** What the caller named it; no two calls have the same key. */
  readonly key: string;
  /** Which server it was: the number of a link, or of a process. */
  readonly server: number;
  /** The JSON-RPC id: the same message that comes twice is one attempt. */
  readonly id: string | number;
}

/** What the servers of a schedule have run. */
export class Ledger {
  readonly #runs = new Map<string, Set<string>>();

  add({ key, server, id }: Entry): void {
    const runs = this.#runs.get(key) ?? new Set();
    this.#runs.set(key, runs.add(`${server}/${id}`));
  }

  /** How often a call was run. */
  runs(key: string): number {
    return this.#runs.get(key)?.size ?? 0;
  }
}
