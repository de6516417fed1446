/** Why a request is made. `probe`: it negotiates. `background`: no call waits for it. `terminate`: it ends a session. */
export type RequestPurpose = 'call' | 'probe' | 'background' | 'terminate';

/** What a request is sent with. */
export interface Credentials {
  /** The header `Authorization`; undefined for none. */
  readonly authorization: string | undefined;
  /** The number of the token, by which a refusal is matched to it. */
  readonly generation: number;
  /** Proves that the client has the key to which the token is bound; undefined for a token that is not bound. */
  readonly prover?: RequestProver | undefined;
}

/** Makes the headers `DPoP` of requests that are sent with one token. RFC 9449. */
export interface RequestProver {
  /** A new proof for one request. */
  prove(method: string, url: URL): string;
  /** A response of the server had a nonce, which the next proofs have to contain. */
  noteNonce(url: URL, nonce: string): void;
}

/** A request that needs credentials, and may have to wait for them. */
export interface Applicant {
  readonly purpose: RequestPurpose;
  /** A person is asked to sign in, and the request waits for that. */
  park(): void;
  /** No person is asked any more. The request may still have to wait. */
  unpark(): void;
}

/** A refusal of a request. */
export interface RefusedAttempt {
  /** The credentials that were sent. */
  readonly sent: Credentials;
  /** 401, or 403 with a challenge. */
  readonly status: number;
  /** The headers `WWW-Authenticate`. */
  readonly challenge: string | readonly string[] | undefined;
}

/** The last refusal of a request. */
export interface Refusal extends RefusedAttempt {
  /** The refusals of the same request before. */
  readonly earlier: readonly RefusedAttempt[];
}

/** The source of the credentials of requests. */
export interface Authorizer {
  /** The credentials for a request, at once if there are any. Rejects with a failure. */
  credentials(applicant: Applicant): Credentials | Promise<Credentials>;
  /** How often a request is repeated at most. */
  readonly mostRenewals: number;
  /** Other credentials, with which the request is repeated; undefined if there are none: the refusal is the response. Rejects with a failure. */
  renew(applicant: Applicant, refusal: Refusal): Promise<Credentials | undefined>;
  /** The server has accepted the credentials. */
  accepted(sent: Credentials): void;
  /**
   * Notifies a listener whether a person is asked to sign in, while no request can be sent without that: at once if so, and when it changes.
   * Returns a function that ends this.
   */
  watch?(listener: (asked: boolean) => void): () => void;
}
