/** Where tokens come from. It is asked before each request, so that it may renew them. */
export interface TokenSource {
  /** The token for the header `Authorization: Bearer`. */
  token(): string | Promise<string>;
}
