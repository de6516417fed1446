import { invalidOption, isPlainObject, oneOfThese, unusableOption } from '../../option-checks.js';
import type { ClientAuthMethod } from '../client-identity.js';
import { A_KEY, SigningKey } from './signing-key.js';
import type { PrivateKeyJwk, SigningAlgorithm } from './signing-key.js';

/** A client that was registered at an authorization server by hand. */
export interface RegisteredClient {
  readonly id: string;
  readonly secret?: string | undefined;
  /**
   * The private key with which the client signs assertions, in place of a secret: PEM (PKCS#8, PKCS#1 or SEC1, not encrypted) or JWK. RSA with 2048
   * bits or more, EC P-256, P-384 or P-521, or Ed25519. RFC 7523, 2.2.
   */
  readonly key?: string | PrivateKeyJwk | undefined;
  /** How `key` signs. Default: as the key allows and the server lists, preferably RS256, ES256, ES384, ES512 or EdDSA. */
  readonly alg?: SigningAlgorithm | undefined;
  /**
   * How the client authenticates. Default: `none` without a secret and a key, `private_key_jwt` with a key, else the method that the server lists,
   * preferably Basic.
   */
  readonly authMethod?: ClientAuthMethod | undefined;
  /** The issuer that knows the client. The client is refused at any other one. Default: any. */
  readonly issuer?: string | undefined;
}

/** A client that describes itself: its id is the https URL of a metadata document. 2025-11-25 basic/authorization. */
export interface DocumentedClient {
  readonly metadataUrl: string;
}

/** The client that the program is at authorization servers; a function chooses one by the issuer, undefined for one that is registered. */
export type ClientOption =
  RegisteredClient | DocumentedClient | ((issuer: string) => RegisteredClient | DocumentedClient | undefined);

/** A {@link RegisteredClient}, checked. */
export interface GivenRegistration {
  readonly id: string;
  readonly secret: string | undefined;
  readonly key: SigningKey | undefined;
  readonly alg: SigningAlgorithm | undefined;
  readonly authMethod: ClientAuthMethod | undefined;
  readonly issuer: string | undefined;
}

/** A client of the user: registered by hand, or described by a document that it publishes. */
export type GivenClient = GivenRegistration | DocumentedClient;

const A_CLIENT = '{ id, secret? | key?, alg?, authMethod?, issuer? }, { metadataUrl }, or a function of the issuer';
const METADATA_URL = 'an https URL with a path, without fragment, credentials and dot segments';

/**
 * A function that chooses the client for an issuer.
 * @param owner the function that takes the option, for errors
 */
export function clientChooser(
  option: ClientOption | undefined,
  owner: string,
): (issuer: string) => GivenClient | undefined {
  if (option === undefined) return () => undefined;
  if (typeof option !== 'function') {
    const client = readClient(option, 'client', owner);
    return () => client;
  }
  return (issuer) => {
    const chosen = option(issuer);
    return chosen === undefined ? undefined : readClient(chosen, 'client()', owner);
  };
}

function readClient(given: unknown, field: string, owner: string): GivenClient {
  const { id, metadataUrl } = (isPlainObject(given) ? given : {}) as Readonly<Record<string, unknown>>;
  if (metadataUrl === undefined) return readRegisteredClient(given, field, owner, A_CLIENT);
  if (id !== undefined || !isMetadataUrl(metadataUrl))
    throw invalidOption(`${field}.metadataUrl`, METADATA_URL, metadataUrl, owner);
  return { metadataUrl };
}

/**
 * Checks a client that was registered by hand.
 * @param expected what the option may be, for errors
 * @throws MCPError with code `MCP_INVALID_PARAMS`
 */
export function readRegisteredClient(
  given: unknown,
  field: string,
  owner: string,
  expected: string,
): GivenRegistration {
  const { id, secret, issuer, ...rest } = (isPlainObject(given) ? given : {}) as Readonly<Record<string, unknown>>;
  if (!isText(id)) throw invalidOption(field, expected, given, owner);
  if (secret !== undefined && !isText(secret)) throw invalidOption(`${field}.secret`, 'a string', secret, owner);
  if (issuer !== undefined && !isText(issuer)) throw invalidOption(`${field}.issuer`, 'an issuer', issuer, owner);
  const { key, alg } = readKey(rest, secret, field, owner);
  const { authMethod } = rest;
  const possible = methodsWith(secret, key);
  const method = possible.find((one) => one === authMethod);
  if (authMethod !== undefined && method === undefined)
    throw invalidOption(`${field}.authMethod`, possible.map((one) => `"${one}"`).join(' or '), authMethod, owner);
  return { id, secret, key, alg, authMethod: method, issuer };
}

/** The key is checked here, so that a wrong one does not wait for the first request. It is not shown. */
function readKey(
  { key: given, alg }: Readonly<Record<string, unknown>>,
  secret: string | undefined,
  field: string,
  owner: string,
): Pick<GivenRegistration, 'key' | 'alg'> {
  if (given !== undefined && secret !== undefined)
    throw invalidOption(`${field}.key`, 'undefined beside `secret`', given, owner);
  const key = given === undefined ? undefined : SigningKey.read(given);
  if (given !== undefined && key === undefined)
    throw isPemInOneLine(given)
      ? unusableOption(`${field}.key`, A_KEY, 'a PEM with the characters `\\n` in place of line ends', owner)
      : invalidOption(`${field}.key`, A_KEY, given, owner);
  const algorithms = key?.algorithms ?? [];
  const known = algorithms.find((one) => one === alg);
  if (alg !== undefined && known === undefined) {
    const possible = key === undefined ? 'undefined without `key`' : `${oneOfThese(algorithms)} with this key`;
    throw invalidOption(`${field}.alg`, possible, alg, owner);
  }
  return { key, alg: known };
}

/** A variable of the environment has often the two characters. */
function isPemInOneLine(given: unknown): boolean {
  return typeof given === 'string' && given.startsWith('-----BEGIN ') && given.includes('\\n');
}

function methodsWith(secret: string | undefined, key: SigningKey | undefined): readonly ClientAuthMethod[] {
  if (key !== undefined) return ['private_key_jwt'];
  return secret === undefined ? ['none'] : ['client_secret_basic', 'client_secret_post'];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** `URL` removes dot segments, so the text is compared with what it makes of it. */
function isMetadataUrl(given: unknown): given is string {
  if (typeof given !== 'string' || !URL.canParse(given)) return false;
  const url = new URL(given);
  const { protocol, pathname, hash, username, password } = url;
  if (protocol !== 'https:' || pathname === '/' || hash !== '' || username !== '' || password !== '') return false;
  return !/\/(?:\.|%2e){1,2}(?:\/|$)/i.test(given.replace(/[?#].*$/s, ''));
}
