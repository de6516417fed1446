/** Why a person is asked to sign in: there is no grant, it has expired, or it lacks scopes. */
export type SignInReason = 'sign-in' | 'expired' | 'scopes';

/** A request to a person to sign in. It is passed to `onPrompt`. */
export interface SignInPrompt {
  /**
   * `redirect`: the person opens {@link SignInPrompt.url} in a browser, which ends at the redirect URI. `device`: the person opens it at any device and
   * enters or confirms {@link SignInPrompt.userCode}.
   */
  readonly kind: 'redirect' | 'device';
  readonly reason: SignInReason;
  /** The URL of the MCP server, as the program has configured it. */
  readonly server: string;
  /** The identifier of the authorization server. */
  readonly issuer: string;
  readonly scopes: readonly string[];
  /** The page to open. It is a secret while the sign-in lasts. */
  readonly url: string;
  /** The code that the person enters, or compares if the page shows it. Only of a `device`. RFC 8628, 3.3. */
  readonly userCode?: string | undefined;
  /** When the sign-in ends without a result, in ms since the Unix epoch. */
  readonly expiresAt: number;
  /** Aborted when the sign-in is over, or no longer needed: close the dialog. */
  readonly signal: AbortSignal;
  /** Opens the page in the browser of this machine. Resolves with whether that succeeded. */
  open(): Promise<boolean>;
  /**
   * Passes the URL that the browser was redirected to, or its query. With `listen` the client usually gets it itself; a person on another machine can
   * paste it. A `device` has no redirect.
   * @throws MCPError with code `MCP_INVALID_PARAMS` if it does not belong to this sign-in, which then continues to wait.
   */
  complete(callbackUrl: string): void;
  /** Ends the sign-in. The calls that wait for it fail with `MCP_SIGN_IN_CANCELLED`. */
  cancel(): void;
}
