import { readFileSync } from 'node:fs';
import path from 'node:path';

const FIXTURES = path.resolve(__dirname, '../../fixtures/tls');

/** Where the certificate of the authority is that signed those of the tests; nobody else trusts it. */
export const CA_FILE = path.join(FIXTURES, 'ca.pem');

/** That certificate. */
export const CA = readFileSync(CA_FILE);

/** Somebody's certificate and private key. test/fixtures/tls/make.sh says who is who. */
export function identity(name: 'server' | 'expired' | 'elsewhere' | 'client'): { cert: Buffer; key: Buffer } {
  const read = (file: string): Buffer => readFileSync(path.join(FIXTURES, file));
  return { cert: read(`${name}.pem`), key: read(`${name}-key.pem`) };
}
