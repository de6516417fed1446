/** Why a token is asked for once more: the server did not take the last one. */
export interface TokenRefusal {
  /** The token that was refused. */
  readonly token: string;
  /** 401, or 403 with a challenge. */
  readonly status: number;
  /** What the challenge said was wrong, such as `invalid_token` or `insufficient_scope`. */
  readonly error: string | undefined;
  /** The scope that the challenge asked for. */
  readonly requiredScope: string | undefined;
  /** Where the challenge said that the metadata of the resource is. RFC 9728. */
  readonly resourceMetadata: string | undefined;
}

/** Where tokens come from. It is asked before each request, and before a list that was kept is handed out, so that it may renew them. */
export interface TokenSource {
  /**
   * The token for the header `Authorization: Bearer`. When the server refuses it, the source is asked once more, with the refusal; if
   * it has another token then, the request is sent a second time, and never a third.
   */
  token(refusal?: TokenRefusal): string | Promise<string>;
}
