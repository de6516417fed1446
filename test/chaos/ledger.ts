import { readFileSync, writeFileSync } from 'node:fs';

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
export interface Ledger {
  /** How often a call was run. */
  runs(key: string): number;
}

function count(entries: readonly Entry[], key: string): number {
  const own = entries.filter((entry) => entry.key === key);
  return new Set(own.map(({ server, id }) => `${server}/${id}`)).size;
}

/** A ledger for servers in this process. */
export class MemoryLedger implements Ledger {
  readonly #entries: Entry[] = [];

  add(entry: Entry): void {
    this.#entries.push(entry);
  }

  runs(key: string): number {
    return count(this.#entries, key);
  }
}

/** A ledger that server processes write, one entry a line. */
export class FileLedger implements Ledger {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    writeFileSync(file, '');
  }

  runs(key: string): number {
    return count(this.entries(), key);
  }

  /** Everything that was written down, in order. */
  entries(): Entry[] {
    const lines = readFileSync(this.#file, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Entry);
  }
}
