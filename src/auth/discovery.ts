import { isFailure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import { LATEST_LEGACY } from '../protocol/revisions.js';
import { authFailure, isOutage, unreachable } from './auth-failures.js';
import { DEVICE_CODE } from './grants/device.js';
import { isOutageStatus, jsonObject } from './network/guarded-fetch.js';
import type { AuthResponse, GuardedFetch } from './network/guarded-fetch.js';
import { PROOF_ALGORITHM } from './proof-key.js';
import { readScopes } from './scopes.js';
import { readServerMetadata, stringsOf } from './server-metadata.js';
import type { AuthorizationServerMetadata } from './server-metadata.js';

/** What the user decided about discovery. */
export interface DiscoveryOptions {
  /** An issuer to use in place of the one that the server names, or the whole metadata of one. */
  readonly authorizationServer: string | AuthorizationServerMetadata | undefined;
  /** The value of the parameter `resource`; false for none; undefined for the one that the server names. */
  readonly resource: string | false | undefined;
  /** Whether the origin is the authorization server of a server without resource metadata. 2025-03-26 basic/authorization. */
  readonly legacyDiscovery: boolean;
  /** Whether tokens are bound to a key. RFC 9449. */
  readonly dpop: 'auto' | boolean;
  /** The grant type that the authorization server has to offer; undefined for none. */
  readonly grantType: string | undefined;
}

/** The authorization server that is responsible for a server. */
export interface Discovered {
  /** The parameter `resource` of all requests, character for character; undefined for none. RFC 8707. */
  readonly resource: string | undefined;
  /** `scopes_supported` of the resource. */
  readonly resourceScopes: readonly string[] | undefined;
  readonly metadata: AuthorizationServerMetadata;
  /** Whether tokens are to be bound to a key. */
  readonly bindsTokens: boolean;
}

/** The metadata of a protected resource. RFC 9728, 2. */
interface ResourceMetadata {
  readonly resource: string;
  readonly scopes: readonly string[] | undefined;
  readonly issuers: readonly string[];
  /** Whether the resource accepts only tokens that are bound to a key. RFC 9449, 6.1. */
  readonly requiresBinding: boolean;
}

/** The most authorization servers of a resource that are considered. */
const MOST_SERVERS = 8;

/** What is known from earlier: a search may find nothing because the server cannot say it at the moment. */
export interface KnownServers {
  /** Issuers with which there are credentials already, the best first. */
  readonly issuers: readonly string[];
  /** The resource for which they are. */
  readonly resource: string | undefined;
  /** Metadata of an issuer that was read a short time ago. */
  readonly metadata: AuthorizationServerMetadata | undefined;
  /** Whether the challenge requires a token that is bound to a key. */
  readonly requiresBinding: boolean;
}

/** Finds the authorization server of an MCP server. Each instance makes one search; every URL that was requested is remembered for errors. */
export class Discovery {
  readonly #server: URL;
  readonly #options: DiscoveryOptions;
  readonly #network: GuardedFetch;
  readonly #signal: AbortSignal;
  readonly #tried: string[] = [];
  #requiresBinding = false;

  constructor(server: URL, options: DiscoveryOptions, network: GuardedFetch, signal: AbortSignal) {
    this.#server = server;
    this.#options = options;
    this.#network = network;
    this.#signal = signal;
  }

  /**
   * @param named the URL of the resource metadata in the challenge; then no other is tried
   * Rejects with a failure.
   */
  async search(named: string | undefined, known: KnownServers): Promise<Discovered> {
    const { authorizationServer, legacyDiscovery } = this.#options;
    this.#requiresBinding = known.requiresBinding;
    if (typeof authorizationServer === 'object') {
      const found = await this.#resourceMetadata(named).catch(forgetAuthFailure);
      return this.#checked(authorizationServer, found);
    }
    const found = await this.#resourceMetadata(named);
    const issuers = authorizationServer === undefined ? (found?.issuers ?? []) : [authorizationServer];
    if (issuers.length > 0) return this.#first(inOrder(issuers, known.issuers), found, known);
    // The server had resource metadata when these credentials were issued.
    const earlier = found === undefined && (await this.#earlier(known, named === undefined && legacyDiscovery));
    if (earlier) return earlier;
    if (found === undefined && named !== undefined)
      throw this.#nothingFound('The resource metadata that the challenge names');
    if (!legacyDiscovery) throw this.#nothingFound();
    return this.#checked(await this.#legacyServer(), found);
  }

  async #resourceMetadata(named: string | undefined): Promise<ResourceMetadata | undefined> {
    if (named !== undefined) {
      const document = await this.#document(named, 'resource metadata');
      return document && this.#readResource(document);
    }
    const { origin, pathname } = this.#server;
    const path = pathname === '/' ? '' : pathname;
    for (const place of new Set([path, ''])) {
      const document = await this.#document(
        `${origin}/.well-known/oauth-protected-resource${place}`,
        'resource metadata',
      );
      if (document !== undefined) return this.#readResource(document);
    }
    return undefined;
  }

  /** The resource must be this server, or a parent of its path. RFC 9728, 3.3. */
  #readResource(document: Readonly<Record<string, unknown>>): ResourceMetadata {
    const { resource, scopes_supported: scopes, authorization_servers: issuers } = document;
    const { dpop_bound_access_tokens_required: requiresBinding } = document;
    if (typeof resource !== 'string' || !covers(resource, this.#server)) {
      const shown = typeof resource === 'string' ? resource : 'no resource';
      throw authFailure(
        'MCP_RESOURCE_MISMATCH',
        'discovery',
        `The resource metadata is for ${shown}, not for ${shownServer(this.#server)}`,
        { server: shownServer(this.#server), resource: shown },
      );
    }
    return {
      resource,
      scopes: Array.isArray(scopes) ? readScopes(scopes) : undefined,
      issuers: (stringsOf(issuers) ?? []).slice(0, MOST_SERVERS),
      requiresBinding: requiresBinding === true,
    };
  }

  /** The first of some issuers whose metadata can be read. An outage ends the search, because another server may be the wrong one. */
  async #first(
    issuers: readonly string[],
    found: Partial<ResourceMetadata> | undefined,
    { metadata: read }: KnownServers,
  ): Promise<Discovered> {
    let reason: Failure | undefined;
    for (const issuer of issuers) {
      try {
        const metadata = issuer === read?.issuer ? read : await this.#serverMetadata(issuer);
        if (metadata !== undefined) return this.#checked(metadata, found);
      } catch (thrown) {
        if (!isFailure(thrown) || isOutage(thrown)) throw thrown;
        reason ??= thrown;
      }
    }
    throw reason ?? this.#nothingFound();
  }

  /** @param asLegacy whether the origin has its turn as a server of 2025-03-26 afterwards */
  async #earlier(known: KnownServers, asLegacy: boolean): Promise<Discovered | undefined> {
    const { resource } = known;
    const { origin } = this.#server;
    const issuers = known.issuers.filter((one) => !asLegacy || (one !== origin && one !== `${origin}/`));
    if (issuers.length === 0) return undefined;
    return this.#first(issuers, resource === undefined ? {} : { resource }, known).catch(forgetAuthFailure);
  }

  async #serverMetadata(issuer: string): Promise<AuthorizationServerMetadata | undefined> {
    const refusal = this.#network.refusal(issuer, 'authorization server');
    if (refusal !== undefined) throw refusal;
    for (const place of metadataPlaces(new URL(issuer))) {
      const document = await this.#document(place, 'authorization server metadata');
      if (document !== undefined) return this.#readServer(issuer, document);
    }
    return undefined;
  }

  /** The identifier is compared as a string. RFC 8414, 3.3. */
  #readServer(issuer: string, document: Readonly<Record<string, unknown>>): AuthorizationServerMetadata {
    if (document.issuer !== issuer) {
      const other = typeof document.issuer === 'string' ? document.issuer : 'none';
      throw authFailure(
        'MCP_ISSUER_MISMATCH',
        'discovery',
        `The metadata of the authorization server ${issuer} names another issuer: ${other}`,
        { issuer, received: other },
      );
    }
    return readServerMetadata(issuer, document);
  }

  /** Without any resource metadata the origin is the authorization server, with endpoints at fixed paths. 2025-03-26 basic/authorization. */
  async #legacyServer(): Promise<AuthorizationServerMetadata> {
    const { origin } = this.#server;
    const place = `${origin}/.well-known/oauth-authorization-server`;
    const document = await this.#document(place, 'authorization server metadata', {
      'mcp-protocol-version': LATEST_LEGACY,
    });
    if (document !== undefined) {
      // Such servers may write the slash of the root or not: there is no other document to compare with.
      const issuer = document.issuer === `${origin}/` ? `${origin}/` : origin;
      return this.#readServer(issuer, document);
    }
    return {
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      registration_endpoint: `${origin}/register`,
      code_challenge_methods_supported: ['S256'],
    };
  }

  /** Reads a document; undefined if there is none at this place. Rejects with a failure if the server cannot answer at the moment. */
  async #document(
    url: string,
    purpose: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, unknown>> | undefined> {
    this.#tried.push(withoutQuery(url));
    let response: AuthResponse;
    try {
      response = await this.#network.fetch({
        method: 'GET',
        url,
        headers: { accept: 'application/json', ...headers },
        signal: this.#signal,
      });
    } catch (thrown) {
      // A page for people that redirects elsewhere is no metadata.
      if (isFailure(thrown) && thrown.code === 'MCP_REDIRECT_REFUSED') return undefined;
      throw thrown;
    }
    const { status } = response;
    if (isOutageStatus(status))
      throw unreachable(`The ${purpose} could not be read: ${withoutQuery(url)} answered with HTTP ${status}`, {
        phase: 'discovery',
        url: withoutQuery(url),
        status,
      });
    return status === 200 ? jsonObject(response) : undefined;
  }

  #checked(metadata: AuthorizationServerMetadata, found: Partial<ResourceMetadata> | undefined): Discovered {
    const { resource, grantType } = this.#options;
    for (const [name, purpose, requiredBy] of ENDPOINTS) {
      const endpoint = metadata[name];
      if (endpoint === undefined && requiredBy(grantType)) throw unsupported(metadata, `it has no ${purpose}`);
      const refusal = endpoint === undefined ? undefined : this.#network.refusal(endpoint, purpose);
      if (refusal !== undefined) throw refusal;
    }
    const { code_challenge_methods_supported: methods, grant_types_supported: grants } = metadata;
    if (grantType === SIGN_IN && methods?.includes('S256') !== true)
      throw unsupported(metadata, 'it does not announce PKCE with S256 (`code_challenge_methods_supported`)');
    if (grantType !== undefined && grants?.includes(grantType) === false)
      throw unsupported(metadata, `it does not offer the grant \`${grantType}\``);
    return {
      bindsTokens: this.#bindsTokens(metadata, found?.requiresBinding === true),
      resource: resource === false ? undefined : (resource ?? found?.resource ?? shownServer(this.#server)),
      resourceScopes: found?.scopes,
      metadata,
    };
  }

  /** Servers that list no algorithm may support the one that this client has. */
  #bindsTokens(metadata: AuthorizationServerMetadata, isRequired: boolean): boolean {
    const { dpop } = this.#options;
    if (dpop === false || (dpop === 'auto' && !isRequired && !this.#requiresBinding)) return false;
    if (metadata.dpop_signing_alg_values_supported?.includes(PROOF_ALGORITHM) === false)
      throw unsupported(metadata, `it does not bind tokens to a key with ${PROOF_ALGORITHM} (DPoP)`);
    return true;
  }

  #nothingFound(what = 'The metadata of an authorization server'): Failure {
    const tried = this.#tried.slice(0, 10);
    return authFailure(
      'MCP_AUTH_DISCOVERY_FAILED',
      'discovery',
      `${what} was not found. Requested: ${tried.join(', ')}`,
      {
        server: shownServer(this.#server),
        tried,
      },
    );
  }
}

/** The grant type of a sign-in in a browser. */
const SIGN_IN = 'authorization_code';

/** The endpoints whose URLs are checked, and the grant types that require them. */
const ENDPOINTS = [
  ['authorization_endpoint', 'authorization endpoint', (type: string | undefined) => type === SIGN_IN],
  ['token_endpoint', 'token endpoint', (type: string | undefined) => type !== undefined],
  ['registration_endpoint', 'registration endpoint', () => false],
  [
    'device_authorization_endpoint',
    'device authorization endpoint',
    (type: string | undefined) => type === DEVICE_CODE,
  ],
] as const;

function unsupported({ issuer }: AuthorizationServerMetadata, why: string): Failure {
  return authFailure('MCP_AUTH_UNSUPPORTED', 'discovery', `The authorization server ${issuer} cannot be used: ${why}`, {
    issuer,
  });
}

/** Given metadata needs no discovery: resource metadata that is missing or wrong does not matter then. An outage does. */
function forgetAuthFailure(thrown: unknown): undefined {
  if (isFailure(thrown) && !isOutage(thrown) && thrown.code !== 'MCP_RESOURCE_MISMATCH') return undefined;
  throw thrown;
}

/** The URLs at which the metadata of an issuer may be. 2026-07-28 basic/authorization, "Authorization Server Metadata Discovery". */
export function metadataPlaces({ origin, pathname }: URL): string[] {
  const path = pathname.replace(/\/$/, '');
  const oauth = `${origin}/.well-known/oauth-authorization-server${path}`;
  const openid = `${origin}/.well-known/openid-configuration`;
  return path === ''
    ? [oauth, openid]
    : [oauth, `${openid}${path}`, `${origin}${path}/.well-known/openid-configuration`];
}

/** Issuers with the preferred ones first. */
function inOrder(issuers: readonly string[], preferred: readonly string[]): string[] {
  return [...new Set([...preferred.filter((one) => issuers.includes(one)), ...issuers])];
}

/** Whether a resource is a server, or a parent of its path on the same origin. */
export function covers(resource: string, server: URL): boolean {
  if (!URL.canParse(resource)) return false;
  const { origin, pathname, hash, username, password } = new URL(resource);
  if (origin !== server.origin || hash !== '' || username !== '' || password !== '') return false;
  const parent = pathname.replace(/\/$/, '');
  return (
    parent === '' ||
    server.pathname === pathname ||
    server.pathname === parent ||
    server.pathname.startsWith(`${parent}/`)
  );
}

/** The URL of a server without credentials and query; it is also the canonical URI of one that names no resource. */
export function shownServer({ origin, pathname }: URL): string {
  return pathname === '/' ? origin : `${origin}${pathname}`;
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}
