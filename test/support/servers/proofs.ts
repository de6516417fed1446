import { createHash, createPublicKey, verify } from 'node:crypto';
import type { JsonWebKey } from 'node:crypto';

/** What a proof of DPoP contains, RFC 9449, 4.2. */
export interface Proof {
  readonly header: { readonly typ: string; readonly alg: string; readonly jwk: Record<string, string> };
  readonly claims: {
    readonly jti: string;
    readonly htm: string;
    readonly htu: string;
    readonly iat: number;
    readonly ath?: string;
    readonly nonce?: string;
  };
  /** The hash of the key, RFC 7638. */
  readonly thumbprint: string;
}

/** Reads a proof and checks its signature; undefined if it is not one. */
export function readProof(text: string | readonly string[] | undefined): Proof | undefined {
  if (typeof text !== 'string') return undefined;
  const [header = '', payload = '', signature = ''] = text.split('.');
  const read = decoded(header) as Proof['header'];
  const key = createPublicKey({ key: read.jwk as JsonWebKey, format: 'jwk' });
  const isSigned = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  const { crv, kty, x, y } = read.jwk;
  return isSigned
    ? { header: read, claims: decoded(payload) as Proof['claims'], thumbprint: sha256({ crv, kty, x, y }) }
    : undefined;
}

/** The hash of a text, or of the JSON of an object. */
export function sha256(value: string | object): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return createHash('sha256').update(text).digest('base64url');
}

function decoded(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}
