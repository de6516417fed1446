import type { AssertionFacts, SigningAlgorithm, SigningKey } from './clients/signing-key.js';

/** How a client authenticates at the token endpoint. OpenID Connect Core 1.0, 9. */
export type ClientAuthMethod = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none';

/** The methods of clients without a key. */
export const AUTH_METHODS: readonly ClientAuthMethod[] = ['client_secret_basic', 'client_secret_post', 'none'];

/** A client as one authorization server knows it. */
export interface ClientIdentity {
  readonly id: string;
  readonly secret: string | undefined;
  readonly method: ClientAuthMethod;
  /** What signs for the method `private_key_jwt`. It is never stored. */
  readonly signing?: { readonly key: SigningKey; readonly alg: SigningAlgorithm } | undefined;
  /** Whether this library registered it, and so may register again. */
  readonly dynamic: boolean;
  /** When the secret expires, in ms since the Unix epoch; undefined for never. */
  readonly secretExpiresAt?: number | undefined;
  /** The redirect URI with which it was registered; the one of the grant if that was refused. Empty for a grant without a browser. */
  readonly redirectUri: string;
}

/** Adds the credentials of the client to a request for tokens. The type fits oauth4webapi. */
export type ClientAuthentication = (server: unknown, client: unknown, body: URLSearchParams, headers: Headers) => void;

/** How servers recognize what the key of a client has signed. RFC 7521, 4.2. */
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * The one way in which a client authenticates. A secret is never sent by a client with the method `none`.
 * @param facts what the assertion of a client with a key is for
 */
export function authenticationOf(
  { id, secret, method, signing }: ClientIdentity,
  facts: AssertionFacts,
): ClientAuthentication {
  return (_server, _client, body, headers) => {
    if (method === 'client_secret_basic' && secret !== undefined) {
      const credentials = `${asInForm(id)}:${asInForm(secret)}`;
      headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`);
      return;
    }
    body.set('client_id', id);
    if (method === 'client_secret_post' && secret !== undefined) body.set('client_secret', secret);
    if (method !== 'private_key_jwt' || signing === undefined) return;
    body.set('client_assertion_type', ASSERTION_TYPE);
    body.set('client_assertion', signing.key.assertion(signing.alg, id, facts));
  };
}

/** A text as forms encode it. RFC 6749, 2.3.1 and Appendix B. */
function asInForm(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

/** The method of a client with a secret, where neither it nor a registration response names one: Basic unless only others are listed. */
export function methodFor(secret: string | undefined, listed: readonly string[] | undefined): ClientAuthMethod {
  if (secret === undefined) return 'none';
  if (listed === undefined || listed.includes('client_secret_basic')) return 'client_secret_basic';
  return listed.includes('client_secret_post') ? 'client_secret_post' : 'client_secret_basic';
}
