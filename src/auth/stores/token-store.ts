/**
 * Keeps grants and registrations, as text. Values are secrets: they contain tokens. Keys contain no names of users and no secrets.
 *
 * One process uses a store at a time: processes that refresh the same token lock each other out.
 */
export interface TokenStore {
  /** Resolves with the value, or with undefined if there is none. */
  read(key: string): Promise<string | undefined>;
  /**
   * Writes a value at once, or deletes it if it is undefined. With `expected` only if that is the stored value; resolves with false otherwise.
   * If it rejects, the client goes on with what it has in memory.
   */
  write(key: string, value: string | undefined, expected?: string): Promise<boolean>;
}
