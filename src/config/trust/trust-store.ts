/** An agreement of the user to start what an entry of a project file describes. */
export interface Agreement {
  /** The file of the entry. */
  readonly file: string;
  /** The name of the entry. */
  readonly name: string;
  /** The hash of the entry, without values of variables. A changed entry has another one. */
  readonly hash: string;
}

/** Remembers the entries of project files to which the user has agreed. */
export interface TrustStore {
  /** The hash of the entry with this name that the user has agreed to; undefined for none. A rejection counts as none, and is a problem. */
  read(file: string, name: string): Promise<string | undefined>;
  /** Remembers agreements. Each replaces an older one for the same entry. */
  add(agreements: readonly Agreement[]): Promise<void>;
  /** Forgets the agreement for an entry, or without a name those for all entries of the file. */
  remove(file: string, name?: string): Promise<void>;
}

/** A {@link TrustStore} in memory: agreements are forgotten when the program ends. Its functions never reject. */
export function memoryTrustStore(): TrustStore {
  const hashes = new Map<string, Map<string, string>>();
  return {
    async read(file, name) {
      return hashes.get(file)?.get(name);
    },
    async add(agreements) {
      for (const { file, name, hash } of agreements) {
        const ofFile = hashes.get(file) ?? new Map<string, string>();
        hashes.set(file, ofFile.set(name, hash));
      }
    },
    async remove(file, name) {
      if (name === undefined) hashes.delete(file);
      else hashes.get(file)?.delete(name);
    },
  };
}
