/** Why a request is made. `probe`: it negotiates. `background`: no call waits for it. `terminate`: it ends a session. */
export type RequestPurpose = 'call' | 'probe' | 'background' | 'terminate';

/** What a request is sent with. */
export interface Credentials {
  /** The header `Authorization`; undefined for none. */
  readonly authorization: string | undefined;
  /** The number of the token, by which a refusal is matched to it. */
  readonly generation: number;
}

/** The refusal of a request. */
export interface Refusal {
  readonly purpose: RequestPurpose;
  /** The credentials that were sent. */
  readonly sent: Credentials;
  /** 401, or 403 with a challenge. */
  readonly status: number;
  /** The headers `WWW-Authenticate`. */
  readonly challenge: string | readonly string[] | undefined;
  /** The statuses of the refusals of the same request before. */
  readonly earlier: readonly number[];
}

/** The source of the credentials of requests. */
export interface Authorizer {
  /** The credentials for a request, at once if there are any. Rejects with a failure. */
  credentials(purpose: RequestPurpose): Credentials | Promise<Credentials>;
  /** How often a request is repeated at most. */
  readonly mostRenewals: number;
  /** Other credentials, with which the request is repeated; undefined if there are none: the refusal is the response. Rejects with a failure. */
  renew(refusal: Refusal): Promise<Credentials | undefined>;
  /** The server has accepted the credentials. */
  accepted(sent: Credentials): void;
}
