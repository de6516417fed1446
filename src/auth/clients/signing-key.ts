import { constants, createPrivateKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { isPlainObject } from '../../option-checks.js';

/** How a client signs. RFC 7518, 3.1; RFC 8037, 3.1; RFC 9864, 2.2. */
export type SigningAlgorithm =
  'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA' | 'Ed25519';

/** A private key as JSON. RFC 7517. */
export interface PrivateKeyJwk {
  readonly kty: string;
  /** Names the key in assertions. */
  readonly kid?: string | undefined;
  readonly [member: string]: unknown;
}

const RS: readonly SigningAlgorithm[] = ['RS256', 'RS384', 'RS512'];
const PS: readonly SigningAlgorithm[] = ['PS256', 'PS384', 'PS512'];
const ED25519: readonly SigningAlgorithm[] = ['EdDSA', 'Ed25519'];

/** The one algorithm of each curve. RFC 7518, 3.4. */
const BY_CURVE = new Map<string | undefined, readonly SigningAlgorithm[]>([
  ['prime256v1', ['ES256']],
  ['secp384r1', ['ES384']],
  ['secp521r1', ['ES512']],
]);

/** The shortest RSA key, in bits. RFC 7518, 3.3. */
const FEWEST_BITS = 2_048;

/** How long an assertion is valid, in seconds. */
const LIFETIME = 60;

/** What an option for a key may be, for errors. */
export const A_KEY = `a private key as PEM (PKCS#8, PKCS#1 or SEC1, not encrypted) or JWK: RSA with ${FEWEST_BITS} bits or more, EC P-256, P-384 or P-521, or Ed25519`;

/** What an assertion is for. */
export interface AssertionFacts {
  /** The issuer of the server that gets it. */
  readonly audience: string;
  /** Ms since the Unix epoch. */
  readonly now: number;
  readonly newId: () => string;
}

/** The private key of a client. Printing it shows nothing of it. */
export class SigningKey {
  /** The algorithms that the key can be used with, the best first. */
  readonly algorithms: readonly SigningAlgorithm[];
  readonly #key: KeyObject;
  readonly #id: string | undefined;

  private constructor(key: KeyObject, algorithms: readonly SigningAlgorithm[], id: string | undefined) {
    this.#key = key;
    this.algorithms = algorithms;
    this.#id = id;
  }

  /** Reads a key; undefined if it is none that can be used. The error of Node is not kept: it may show parts of the text. */
  static read(given: unknown): SigningKey | undefined {
    const jwk = isPlainObject(given) ? (given as Readonly<Record<string, unknown>>) : undefined;
    try {
      if (jwk === undefined && typeof given !== 'string') return undefined;
      const key =
        jwk === undefined ? createPrivateKey(String(given)) : createPrivateKey({ key: { ...jwk }, format: 'jwk' });
      const algorithms = algorithmsOf(key);
      const id = typeof jwk?.kid === 'string' ? jwk.kid : undefined;
      return algorithms.length === 0 ? undefined : new SigningKey(key, algorithms, id);
    } catch {
      return undefined;
    }
  }

  /** Signs the assertion by which a client authenticates. RFC 7523, 3; its audience is the issuer of the server. */
  assertion(alg: SigningAlgorithm, client: string, { audience, now, newId }: AssertionFacts): string {
    const issued = Math.floor(now / 1_000);
    const header = { alg, typ: 'JWT', ...(this.#id !== undefined && { kid: this.#id }) };
    const claims = { iss: client, sub: client, aud: audience, jti: newId(), iat: issued, exp: issued + LIFETIME };
    const input = `${inBase64(header)}.${inBase64(claims)}`;
    return `${input}.${this.#sign(alg, Buffer.from(input)).toString('base64url')}`;
  }

  #sign(alg: SigningAlgorithm, input: Buffer): Buffer {
    if (alg === 'EdDSA' || alg === 'Ed25519') return sign(null, input, this.#key);
    const hash = `sha${alg.slice(2)}`;
    if (alg.startsWith('ES')) return sign(hash, input, { key: this.#key, dsaEncoding: 'ieee-p1363' });
    if (alg.startsWith('RS')) return sign(hash, input, this.#key);
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    return sign(hash, input, { key: this.#key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST });
  }
}

function algorithmsOf({
  asymmetricKeyType: type,
  asymmetricKeyDetails: details = {},
}: KeyObject): readonly SigningAlgorithm[] {
  const { modulusLength = 0, namedCurve, hashAlgorithm } = details;
  switch (type) {
    case 'rsa':
      return modulusLength >= FEWEST_BITS ? [...RS, ...PS] : [];
    case 'rsa-pss':
      return modulusLength >= FEWEST_BITS
        ? PS.filter((alg) => hashAlgorithm === undefined || hashAlgorithm === `sha${alg.slice(2)}`)
        : [];
    case 'ec':
      return BY_CURVE.get(namedCurve) ?? [];
    case 'ed25519':
      return ED25519;
    default:
      return [];
  }
}

function inBase64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
