import { createECDH, createHash, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';

import { systemEnvironment } from '../util/environment.js';
import { isHeaderValue } from '../protocol/http-headers.js';
import type { RequestProver } from './authorizer.js';

/** The algorithm of all proofs: ECDSA with P-256 and SHA-256. RFC 7518, 3.4. */
export const PROOF_ALGORITHM = 'ES256';

/** The longest nonce that is kept, in characters. */
const LONGEST_NONCE = 1_024;

/** The most endpoints whose nonces are kept: that of the MCP server and that for tokens, and one more of each after a move. */
const MOST_NONCES = 4;

/** The private key of P-256 in a store. RFC 7517. */
export interface ProofKeyRecord {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
  readonly d: string;
}

/**
 * The key to which tokens are bound: a token is useless without it. Each request has a proof of its own that the client has the key.
 * Servers may send a nonce with any response, which the next proofs contain. RFC 9449.
 */
export class ProofKey {
  /** The hash of the public key, by which an authorization request names it. RFC 7638; RFC 9449, 10. */
  readonly thumbprint: string;
  readonly #key: KeyObject;
  // Private, so that printing the key does not show it.
  readonly #record: ProofKeyRecord;
  /** The header of all proofs, encoded. */
  readonly #header: string;
  readonly #nonces = new Map<string, string>();

  private constructor(key: KeyObject, record: ProofKeyRecord) {
    this.#key = key;
    this.#record = record;
    const { kty, crv, x, y } = record;
    this.#header = encoded({ typ: 'dpop+jwt', alg: PROOF_ALGORITHM, jwk: { kty, crv, x, y } });
    this.thumbprint = hash(JSON.stringify({ crv, kty, x, y }));
  }

  static generate(): ProofKey {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return new ProofKey(privateKey, privateKey.export({ format: 'jwk' }) as JsonWebKey & ProofKeyRecord);
  }

  /** Reads the key of a record; undefined if it is not one. */
  static read(value: unknown): ProofKey | undefined {
    const { kty, crv, d } = (value ?? {}) as Partial<ProofKeyRecord>;
    if (kty !== 'EC' || crv !== 'P-256' || typeof d !== 'string') return undefined;
    try {
      // Node does not check that the public part belongs to the private one.
      const point = createECDH('prime256v1');
      point.setPrivateKey(d, 'base64url');
      const [x, y] = [point.getPublicKey().subarray(1, 33), point.getPublicKey().subarray(33)];
      const record = { kty, crv, x: x.toString('base64url'), y: y.toString('base64url'), d };
      return new ProofKey(createPrivateKey({ key: record, format: 'jwk' }), record);
    } catch {
      return undefined;
    }
  }

  /** The key as a store keeps it. It is a secret. */
  get record(): ProofKeyRecord {
    return this.#record;
  }

  /** The proofs of requests that are sent with a token. */
  prover(token: string, now: () => number): RequestProver {
    const ath = hash(token);
    return {
      prove: (method, url) => this.prove(method, url, now(), ath),
      noteNonce: (url, nonce) => {
        this.noteNonce(url, nonce);
      },
    };
  }

  /**
   * A proof for one request. RFC 9449, 4.2.
   * @param now the time in ms since the Unix epoch
   * @param ath the hash of the token that is sent; undefined for a request for tokens
   */
  prove(method: string, url: URL, now: number, ath?: string): string {
    const htu = placeOf(url);
    const payload = encoded({
      jti: systemEnvironment.newId(),
      htm: method,
      htu,
      iat: Math.floor(now / 1_000),
      ath,
      nonce: this.#nonces.get(htu),
    });
    const signed = `${this.#header}.${payload}`;
    const signature = sign('sha256', Buffer.from(signed), { key: this.#key, dsaEncoding: 'ieee-p1363' });
    return `${signed}.${signature.toString('base64url')}`;
  }

  /** Keeps the nonce of a response for the next proofs to its endpoint. RFC 9449, 8 and 9. */
  noteNonce(url: URL, nonce: string): void {
    if (nonce === '' || nonce.length > LONGEST_NONCE || !isHeaderValue(nonce)) return;
    // Two servers may have one origin.
    this.#nonces.delete(placeOf(url));
    this.#nonces.set(placeOf(url), nonce);
    const [oldest] = this.#nonces.keys();
    if (this.#nonces.size > MOST_NONCES && oldest !== undefined) this.#nonces.delete(oldest);
  }
}

/** A URL without query and fragment. RFC 9449, 4.2. */
function placeOf({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
