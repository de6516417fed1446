/** A key of a store that one process holds: other processes wait for it. See {@link TokenStore.lease}. */
export interface TokenLease {
  /**
   * Whether this process still holds the lease: the store is asked. A process that was stopped for too long has lost it, and learns of that in no
   * other way. If it rejects, the lease counts as lost.
   */
  isHeld(): Promise<boolean>;
  /** Ends the lease, if it is still held. If it rejects, that is ignored: the lease must then end by itself. */
  release(): Promise<void>;
}

/**
 * Keeps grants and registrations, as text. Values are secrets: they contain tokens. Keys contain no names of users and no secrets.
 *
 * A store without {@link TokenStore.lease} is for one process: processes that refresh the same token lock each other out.
 */
export interface TokenStore {
  /** Resolves with the value, or with undefined if there is none. */
  read(key: string): Promise<string | undefined>;
  /**
   * Writes a value at once, or deletes it if it is undefined. With `expected` only if that is the stored value; resolves with false otherwise. The
   * comparison and the writing are one step, also for other processes. If it rejects, the client goes on with what it has in memory.
   */
  write(key: string, value: string | undefined, expected?: string): Promise<boolean>;
  /**
   * Waits until no process holds the lease of a key, and takes it. Its keys are not those of values. The holder keeps it alive by itself, until it is
   * released; the lease of a process that has died ends after some seconds. Rejects with the reason of the signal when that is aborted, and then
   * holds nothing. If it rejects otherwise, the store is out of order: a token that other processes may have is not refreshed then.
   */
  lease?(key: string, signal: AbortSignal): Promise<TokenLease>;
  /**
   * Calls a function when the value of a key may have changed, also by another process, until the returned function is called. What the function
   * throws is ignored. It keeps no process alive. Without it, a change is seen when the value is needed the next time.
   */
  watch?(key: string, changed: () => void): () => void;
  /**
   * Resolves with the keys that have a value, in any order. Values that cannot be read are left out. The client does not use it; programs that show
   * their sign-ins do.
   */
  keys?(): Promise<readonly string[]>;
}
