import { inspect } from 'node:util';

import { ProofKey } from '../../src/auth/proof-key.js';
import { readProof, sha256 } from '../support/servers/proofs.js';

const URL_OF_SERVER = new URL('https://mcp.example.com/mcp?session=1#part');
const NOW = 1_790_000_000_999;

describe('a proof', () => {
  const key = ProofKey.generate();

  test('is signed, names its request without query and fragment, and contains the public key only', () => {
    const proof = readProof(key.prove('POST', URL_OF_SERVER, NOW));
    expect(proof).toEqual({
      header: { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty: 'EC', crv: 'P-256', x: key.record.x, y: key.record.y } },
      claims: {
        jti: expect.any(String) as string,
        htm: 'POST',
        htu: 'https://mcp.example.com/mcp',
        iat: 1_790_000_000,
      },
      thumbprint: key.thumbprint,
    });
  });

  test('of a request with a token contains the hash of the token', () => {
    const prover = key.prover('secret token', () => NOW);
    expect(readProof(prover.prove('GET', URL_OF_SERVER))?.claims).toMatchObject({
      htm: 'GET',
      ath: sha256('secret token'),
    });
  });

  test('is never made twice', () => {
    const all = Array.from({ length: 50 }, () => readProof(key.prove('POST', URL_OF_SERVER, NOW))?.claims.jti);
    expect(new Set(all).size).toBe(50);
  });
});

describe('nonces', () => {
  test('are kept for each endpoint, the last one each', () => {
    const key = ProofKey.generate();
    const prover = key.prover('token', () => NOW);
    const other = new URL('https://as.example.com/token');
    key.noteNonce(other, 'first');
    key.noteNonce(other, 'second');
    prover.noteNonce(URL_OF_SERVER, 'own');
    expect(readProof(key.prove('POST', other, NOW))?.claims.nonce).toBe('second');
    expect(readProof(prover.prove('POST', URL_OF_SERVER))?.claims.nonce).toBe('own');
    expect(readProof(key.prove('POST', new URL('https://third.example.com/'), NOW))?.claims.nonce).toBeUndefined();
  });

  test.each([
    ['an empty one', ''],
    ['one that cannot stand in a header', 'a\nb'],
    ['a very long one', 'n'.repeat(2_000)],
  ])('%s does not count', (_what, nonce) => {
    const key = ProofKey.generate();
    key.noteNonce(URL_OF_SERVER, 'good');
    key.noteNonce(URL_OF_SERVER, nonce);
    expect(readProof(key.prove('POST', URL_OF_SERVER, NOW))?.claims.nonce).toBe('good');
  });

  test('of many endpoints are not all kept', () => {
    const key = ProofKey.generate();
    const urls = Array.from({ length: 6 }, (_, index) => new URL(`https://server-${index}.example.com/`));
    for (const url of urls) key.noteNonce(url, `nonce of ${url.host}`);
    const kept = urls.filter((url) => readProof(key.prove('POST', url, NOW))?.claims.nonce === `nonce of ${url.host}`);
    expect(kept).toEqual(urls.slice(2));
  });
});

describe('the record of a key', () => {
  test('gives the same key', () => {
    const key = ProofKey.generate();
    const read = ProofKey.read(JSON.parse(JSON.stringify(key.record)));
    expect(read?.thumbprint).toBe(key.thumbprint);
    expect(readProof(read?.prove('POST', URL_OF_SERVER, NOW))?.thumbprint).toBe(key.thumbprint);
  });

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'key'],
    ['another curve', { kty: 'EC', crv: 'P-384', x: 'AA', y: 'AA', d: 'AA' }],
    ['a public key', { ...ProofKey.generate().record, d: undefined }],
    ['a point that is not on the curve', { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA', d: 'AAAA' }],
  ])('%s is no key', (_what, value) => {
    expect(ProofKey.read(value)).toBeUndefined();
  });

  test('of which the public part belongs to another key is not used with that part', () => {
    const key = ProofKey.generate();
    const { x, y } = ProofKey.generate().record;
    const read = ProofKey.read({ ...key.record, x, y });
    expect(read?.thumbprint).toBe(key.thumbprint);
  });
});

test('printing a key does not show its private part', () => {
  const key = ProofKey.generate();
  expect(inspect(key, { depth: 10, showHidden: true })).not.toContain(key.record.d);
});
