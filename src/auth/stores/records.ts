import { createHash } from 'node:crypto';

import { AUTH_METHODS } from '../client-identity.js';
import type { ClientAuthMethod, ClientIdentity } from '../client-identity.js';
import { ProofKey } from '../proof-key.js';
import { stringsOf } from '../server-metadata.js';
import { TOKEN } from '../token-response.js';

/** What an authorization server granted for one server and one account. */
export interface Grant {
  readonly server: string;
  readonly account: string;
  readonly issuer: string;
  readonly client: ClientIdentity;
  readonly resource: string | undefined;
  /** How the tokens were obtained: see `sourceOf`. */
  readonly source: string;
  /** All scopes that were ever requested for it. */
  readonly requested: readonly string[];
  readonly granted: readonly string[];
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** When the access token expires, in ms since the Unix epoch; undefined if it is unknown. */
  readonly expiresAt: number | undefined;
  /** When the access token should be renewed in the background. */
  readonly agesAt: number | undefined;
  /** Changes with each sign-in, and not with a refresh. */
  readonly signIn: string;
  /** The key to which the tokens are bound; undefined for tokens that are not bound. */
  readonly proofKey: ProofKey | undefined;
}

/** The key of a grant. Its parts are hashes, because URLs and names may contain anything. */
export function grantKey(server: string, account: string): string {
  return `grant/${hash(server)}/${hash(account)}`;
}

/** The key of a registration. */
export function clientKey(issuer: string, redirectUri: string): string {
  return `client/${hash(issuer)}/${hash(redirectUri)}`;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** The secret and the key of a client that the user gave are left out: the user gives them again, perhaps others. */
export function writeGrant(grant: Grant): string {
  const { client } = grant;
  const written = client.dynamic ? client : { ...client, secret: undefined, signing: undefined };
  return JSON.stringify({ version: 1, ...grant, client: written, proofKey: grant.proofKey?.record });
}

/** Reads a grant; undefined if it is not one for this server and account. */
export function readGrant(text: string | undefined, server: string, account: string): Grant | undefined {
  const read = parse(text);
  if (read?.version !== 1 || read.server !== server || read.account !== account) return undefined;
  const client = readClient(read.client);
  const { issuer, accessToken, refreshToken, resource, expiresAt, agesAt, signIn, source } = read;
  const requested = stringsOf(read.requested);
  const granted = stringsOf(read.granted);
  if (client === undefined || requested === undefined || granted === undefined) return undefined;
  const proofKey = ProofKey.read(read.proofKey);
  // Without its key a token cannot be used.
  if (read.proofKey !== undefined && proofKey === undefined) return undefined;
  if (!isText(issuer) || !isText(accessToken) || !TOKEN.test(accessToken) || !isText(signIn)) return undefined;
  if (!isText(source)) return undefined;
  return {
    ...{ server, account, issuer, client, source, requested, granted, accessToken, signIn, proofKey },
    resource: isText(resource) ? resource : undefined,
    refreshToken: isText(refreshToken) ? refreshToken : undefined,
    expiresAt: typeof expiresAt === 'number' ? expiresAt : undefined,
    agesAt: typeof agesAt === 'number' ? agesAt : undefined,
  };
}

export function writeRegistration(
  issuer: string,
  given: string,
  client: ClientIdentity,
  scopes: readonly string[],
): string {
  return JSON.stringify({ version: 1, issuer, given, client, scopes });
}

/** Reads the registration of a client for an issuer and a redirect URI; undefined if it is of another, or lacks a scope that is needed. */
export function readRegistration(
  text: string | undefined,
  issuer: string,
  given: string,
  scopes: readonly string[],
): ClientIdentity | undefined {
  const read = parse(text);
  if (read?.version !== 1 || read.issuer !== issuer || read.given !== given) return undefined;
  const registered = stringsOf(read.scopes);
  return scopes.every((scope) => registered?.includes(scope)) ? readClient(read.client) : undefined;
}

function readClient(value: unknown): ClientIdentity | undefined {
  const { id, secret, method, dynamic, secretExpiresAt, redirectUri } = (value ?? {}) as Record<string, unknown>;
  const known = METHODS.find((one) => one === method);
  // Both are empty for some grants without a person.
  if (typeof id !== 'string' || known === undefined || typeof redirectUri !== 'string') return undefined;
  return {
    ...{ id, redirectUri, method: known, dynamic: dynamic === true },
    secret: isText(secret) ? secret : undefined,
    ...(typeof secretExpiresAt === 'number' && { secretExpiresAt }),
  };
}

/** The methods of clients in the store. */
const METHODS: readonly ClientAuthMethod[] = [...AUTH_METHODS, 'private_key_jwt'];

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function parse(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
