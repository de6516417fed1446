import type { SignInPrompt } from '../../auth/grants/sign-in-prompt.js';
import type { MCPError } from '../../errors.js';

/** The state of the sign-in of a client whose transport has `auth: oauth()`. */
export interface AuthorizationStatus {
  /**
   * - `none`: there is no token, and none was required so far.
   * - `authorized`: there is a token.
   * - `refreshing`: a token is renewed. Calls wait if the one before has expired.
   * - `working`: the client finds the authorization server, registers itself, or requests tokens.
   * - `awaiting-user`: a person is asked to sign in.
   * - `failed`: there is no token, and `error` says why.
   */
  readonly state: 'none' | 'authorized' | 'refreshing' | 'working' | 'awaiting-user' | 'failed';
  /** The identifier of the authorization server; undefined without tokens. */
  readonly issuer?: string;
  /** The option `account` of `oauth()`. */
  readonly account: string;
  /** The scopes that were granted. */
  readonly scopes: readonly string[];
  /** When the token expires, in ms since the Unix epoch; undefined if the server did not say. */
  readonly expiresAt?: number;
  /** What the person was asked, in `awaiting-user`. Its URL is a secret. */
  readonly prompt?: SignInPrompt;
  readonly error?: MCPError;
}

/** Options of {@link MCPClient.signIn}. */
export interface SignInOptions {
  /** Scopes that the token needs, beside the granted ones. Default: none. */
  readonly scopes?: readonly string[] | undefined;
  /** Ends the wait, and the sign-in if no other caller waits for it. */
  readonly signal?: AbortSignal | undefined;
}
