import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import type { KeyObject, KeyPairKeyObjectResult, webcrypto } from 'node:crypto';
import { inspect } from 'node:util';

import { clientCredentials, oauth } from '../../../src/auth/index.js';
import type { OAuthOptions, PrivateKeyJwk, SigningAlgorithm } from '../../../src/auth/index.js';
import { identityOf } from '../../../src/auth/clients/given-client.js';
import { readRegisteredClient } from '../../../src/auth/clients/client-options.js';
import { SigningKey } from '../../../src/auth/clients/signing-key.js';
import { errorThrownBy } from '../../support/outcomes.js';

const ec = (namedCurve: string): KeyPairKeyObjectResult => generateKeyPairSync('ec', { namedCurve });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const p256 = ec('P-256');
const ed25519 = generateKeyPairSync('ed25519');

const FACTS = { audience: 'https://as.example', now: 1_000_500, newId: () => 'id-1' };

function pem(key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1' = 'pkcs8'): string {
  return String(key.export({ format: 'pem', type }));
}

function jwk(key: KeyObject): PrivateKeyJwk {
  return key.export({ format: 'jwk' }) as PrivateKeyJwk;
}

function read(given: unknown): SigningKey {
  const key = SigningKey.read(given);
  if (key === undefined) throw new Error('The key was not read');
  return key;
}

const parsed = (part = ''): Record<string, unknown> =>
  JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;

describe('a key of a client', () => {
  test.each<[string, unknown, SigningAlgorithm]>([
    ['PKCS#8', pem(p256.privateKey), 'ES256'],
    ['SEC1', pem(p256.privateKey, 'sec1'), 'ES256'],
    ['PKCS#1', pem(rsa.privateKey, 'pkcs1'), 'RS256'],
    ['JWK', jwk(p256.privateKey), 'ES256'],
    ['JWK of RSA', jwk(rsa.privateKey), 'RS256'],
    ['JWK of Ed25519', jwk(ed25519.privateKey), 'EdDSA'],
    ['P-384', pem(ec('P-384').privateKey), 'ES384'],
    ['P-521', pem(ec('P-521').privateKey), 'ES512'],
    ['RSA-PSS', pem(generateKeyPairSync('rsa-pss', { modulusLength: 2_048 }).privateKey), 'PS256'],
  ])('is read from %s', (_what, given, alg) => {
    expect(read(given).algorithms[0]).toBe(alg);
  });

  test('signs an assertion for the issuer that its public key verifies', () => {
    const key = read({ ...jwk(p256.privateKey), kid: 'key-7' });
    const [header, claims, signature = ''] = key.assertion('ES256', 'robot', FACTS).split('.');
    expect(parsed(header)).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'key-7' });
    expect(parsed(claims)).toEqual({
      ...{ iss: 'robot', sub: 'robot', aud: 'https://as.example', jti: 'id-1', iat: 1_000, exp: 1_060 },
    });
    const signed = Buffer.from(`${header}.${claims}`);
    const publicKey = { key: p256.publicKey, dsaEncoding: 'ieee-p1363' } as const;
    expect(verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  test.each<[SigningAlgorithm, KeyObject]>([
    ['RS256', rsa.privateKey],
    ['RS384', rsa.privateKey],
    ['RS512', rsa.privateKey],
    ['PS256', rsa.privateKey],
    ['PS384', rsa.privateKey],
    ['PS512', rsa.privateKey],
    ['ES256', p256.privateKey],
    ['EdDSA', ed25519.privateKey],
    ['Ed25519', ed25519.privateKey],
  ])('signs with %s so that WebCrypto verifies it', async (alg, privateKey) => {
    const [header, claims, signature = ''] = read(pem(privateKey)).assertion(alg, 'robot', FACTS).split('.');
    const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
    const hash = `SHA-${alg.slice(2)}`;
    const [imported, used] = ((): [object, object] => {
      if (alg.startsWith('RS')) return [{ name: 'RSASSA-PKCS1-v1_5', hash }, { name: 'RSASSA-PKCS1-v1_5' }];
      if (alg.startsWith('PS'))
        return [
          { name: 'RSA-PSS', hash },
          { name: 'RSA-PSS', saltLength: Number(alg.slice(2)) / 8 },
        ];
      if (alg.startsWith('ES'))
        return [
          { name: 'ECDSA', namedCurve: 'P-256' },
          { name: 'ECDSA', hash },
        ];
      return [{ name: 'Ed25519' }, { name: 'Ed25519' }];
    })();
    const key = await crypto.subtle.importKey('spki', der, imported as webcrypto.RsaHashedImportParams, false, [
      'verify',
    ]);
    const bytes = Buffer.from(signature, 'base64url');
    expect(
      await crypto.subtle.verify(used as webcrypto.AlgorithmIdentifier, key, bytes, Buffer.from(`${header}.${claims}`)),
    ).toBe(true);
  });

  test('signs with the first algorithm of it that the server lists', () => {
    const given = readRegisteredClient({ id: 'robot', key: pem(rsa.privateKey) }, 'client', 'oauth()', 'a client');
    const at = (listed?: readonly string[]) =>
      identityOf(given, { issuer: 'i', token_endpoint_auth_signing_alg_values_supported: listed }, '').signing?.alg;
    expect([at(), at(['ES256', 'PS256']), at(['RS512', 'RS384'])]).toEqual(['RS256', 'PS256', 'RS384']);
    let thrown: unknown;
    try {
      at(['ES256']);
    } catch (problem) {
      thrown = problem;
    }
    expect(thrown).toMatchObject({ code: 'MCP_AUTH_UNSUPPORTED' });
  });

  test('does not show when it is printed', () => {
    const key = jwk(p256.privateKey);
    const auth = oauth({ grant: clientCredentials(), client: { id: 'robot', key } });
    const printed = inspect([auth, read(key)], { depth: 9, showHidden: true });
    expect(printed).not.toContain(String(key.d));
  });
});

describe('the options of a client with a key', () => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey;
  const encrypted = p256.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' });

  test.each<[string, OAuthOptions['client'], string]>([
    ['that is no key', { id: 'a', key: 'MARKER of a key' }, 'client.key'],
    ['that is public', { id: 'a', key: String(p256.publicKey.export({ format: 'pem', type: 'spki' })) }, 'client.key'],
    ['that is encrypted', { id: 'a', key: String(encrypted) }, 'client.key'],
    ['with too few bits', { id: 'a', key: pem(small) }, 'client.key'],
    ['for another purpose', { id: 'a', key: pem(generateKeyPairSync('x25519').privateKey) }, 'client.key'],
    ['on another curve', { id: 'a', key: pem(ec('secp256k1').privateKey) }, 'client.key'],
    ['beside a secret', { id: 'a', key: pem(p256.privateKey), secret: 's' }, 'client.key'],
    ['with an algorithm of another', { id: 'a', key: pem(p256.privateKey), alg: 'RS256' }, 'client.alg'],
    ['with a method for secrets', { id: 'a', key: pem(p256.privateKey), authMethod: 'none' }, 'client.authMethod'],
  ])('refuse one %s when oauth() is called, and do not show it', (_what, client, field) => {
    const problem = errorThrownBy(() => oauth({ client }));
    expect(problem).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field } });
    const printed = inspect(problem, { depth: 9 });
    expect(printed).not.toContain('MARKER');
    expect(printed).not.toContain('BEGIN');
  });

  test('refuse an algorithm or the method of keys without a key', () => {
    expect(errorThrownBy(() => oauth({ client: { id: 'a', alg: 'ES256' } })).details.field).toBe('client.alg');
    const client = { id: 'a', secret: 's', authMethod: 'private_key_jwt' } as const;
    expect(errorThrownBy(() => oauth({ client })).details.field).toBe('client.authMethod');
  });
});

describe('oauth() says what it got', () => {
  const refused = (client: OAuthOptions['client']): string =>
    errorThrownBy(() => oauth({ grant: clientCredentials(), client })).message;

  test('in place of a client with a secret or a key', () => {
    expect(refused({ id: 'robot', secret: undefined })).toContain('got one with `id`');
    expect(refused({ metadataUrl: 'https://app.example/client.json' })).toContain('got one with `metadataUrl`');
  });

  test('when a PEM has the characters of an escape in place of its line ends', () => {
    const key = pem(p256.privateKey).replaceAll('\n', '\\n');
    expect(refused({ id: 'robot', key })).toContain('got a PEM with the characters `\\n` in place of line ends');
  });
});
