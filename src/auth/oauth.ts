import {
  invalidOption,
  isPlainObject,
  isWholeNumber,
  OptionReader,
  optionNames,
  unusableOption,
} from '../option-checks.js';
import { clientChooser } from './clients/client-options.js';
import type { ClientOption } from './clients/client-options.js';
import type { OAuthGrant } from './grants/grant.js';
import { interactive } from './grants/interactive.js';
import { isUnattended } from './grants/unattended.js';
import type { UnattendedGrant } from './grants/unattended.js';
import { locksOf } from './local-locks.js';
import { OAuth } from './oauth-object.js';
import type { NetworkSettings } from './oauth-settings.js';
import { readScopes, union } from './scopes.js';
import type { AuthorizationServerMetadata } from './server-metadata.js';
import { memoryStore } from './stores/memory-store.js';
import type { TokenStore } from './stores/token-store.js';

/** Limits of the requests to authorization servers. */
export interface OAuthNetworkOptions {
  /** Time for one request, in ms. Default 10 000. */
  readonly timeout?: number | undefined;
  /** The longest response, in bytes. Default 262 144. */
  readonly maxBytes?: number | undefined;
  /** Allow private and reserved addresses although the URL of the MCP server has none. Default false. */
  readonly allowPrivate?: boolean | undefined;
  /** Allow plain HTTP to other machines. It protects neither codes nor tokens. Default false. */
  readonly allowHttp?: boolean | undefined;
  /** Sends the requests: an undici `Agent`, `ProxyAgent` or mock. It is then responsible for the addresses of names. */
  readonly dispatcher?: { dispatch(options: object, handler: object): boolean } | undefined;
}

/** Options of {@link oauth}. */
export interface OAuthOptions {
  /** How tokens are obtained. Default: {@link interactive}, which opens the browser of this machine. */
  readonly grant?: OAuthGrant | undefined;
  /**
   * Default: the client registers itself at each authorization server that allows it. RFC 7591. A grant without a person that sends token requests
   * requires this option.
   */
  readonly client?: ClientOption | undefined;
  /** The name that is registered. Default: the name of the client's `clientInfo`. */
  readonly clientName?: string | undefined;
  /** The page of the program that is registered. */
  readonly clientUri?: string | undefined;
  /** The logo that is registered. */
  readonly logoUri?: string | undefined;
  /** Scopes to add to the required ones, or a function that decides which are requested. Default: the required ones. */
  readonly scopes?: readonly string[] | ((asked: readonly string[]) => readonly string[]) | undefined;
  /** `'auto'`: request `offline_access` from servers that list it, if a person signs in. Default `'auto'`. */
  readonly offlineAccess?: 'auto' | false | undefined;
  /** Separates several persons, or tenants, at one URL. Default `'default'`. */
  readonly account?: string | undefined;
  /** Keeps the tokens. Default: {@link memoryStore}; {@link fileStore} and {@link redisStore} keep them for several processes. */
  readonly store?: TokenStore | undefined;
  /**
   * When a person may be asked to sign in: `'auto'`: whenever it is necessary. `'connect'`: only while the client connects. `'never'`: only
   * stored tokens are used. A grant without a person is used in any case. Default `'auto'`.
   */
  readonly prompt?: 'auto' | 'connect' | 'never' | undefined;
  /** An issuer to trust in place of the one that the server names, or its whole metadata. Default: named by the server. */
  readonly authorizationServer?: string | AuthorizationServerMetadata | undefined;
  /** The parameter `resource` of RFC 8707, or false for none. Default: named by the server. */
  readonly resource?: string | false | undefined;
  /** Parameters to add to the authorization request; null removes one. The parameters that protect the flow cannot be changed. */
  readonly parameters?: Readonly<Record<string, string | null>> | undefined;
  /** The same for token requests. */
  readonly tokenParameters?: Readonly<Record<string, string | null>> | undefined;
  /**
   * Whether tokens are bound to a key of this client, so that they are useless to others (DPoP, RFC 9449). `'auto'`: if the MCP server requires it.
   * With true, other tokens are refused. Default `'auto'`.
   */
  readonly dpop?: 'auto' | boolean | undefined;
  /** Whether the origin is the authorization server of a server without resource metadata, as in 2025-03-26. Default true. */
  readonly legacyDiscovery?: boolean | undefined;
  readonly network?: OAuthNetworkOptions | undefined;
}

const NAMES = optionNames<OAuthOptions>({
  grant: true,
  client: true,
  clientName: true,
  clientUri: true,
  logoUri: true,
  scopes: true,
  offlineAccess: true,
  account: true,
  store: true,
  prompt: true,
  authorizationServer: true,
  resource: true,
  parameters: true,
  tokenParameters: true,
  dpop: true,
  legacyDiscovery: true,
  network: true,
});

const NETWORK_NAMES = optionNames<OAuthNetworkOptions>({
  timeout: true,
  maxBytes: true,
  allowPrivate: true,
  allowHttp: true,
  dispatcher: true,
});

const OWNER = 'oauth()';
const A_GRANT = 'the result of a function such as interactive(), or { unattended: true, obtain }';

/**
 * Makes the option `auth` of a transport, which carries out the whole OAuth flow: it finds the authorization server, registers the client, lets
 * a person sign in, and keeps and renews the tokens. Nothing is requested before a server requires a token.
 * @example
 * const auth = oauth();
 * await using client = await MCPClient.connect(new HttpTransport('https://mcp.example.com/mcp', { auth }));
 * @throws MCPError with code `MCP_INVALID_PARAMS` when an option is invalid; `details.field` names it.
 */
export function oauth(options: OAuthOptions = {}): OAuth {
  const read = OptionReader.of(OWNER, options, NAMES);
  read.optional('grant', isGrant, A_GRANT);
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
  for (const name of ['clientName', 'clientUri', 'logoUri', 'account'] as const)
    read.optional(name, isText, 'a string that is not empty');
  read.optional('offlineAccess', (value) => value === 'auto' || value === false, '"auto" or false');
  read.optional('dpop', (value) => value === 'auto' || typeof value === 'boolean', '"auto" or a boolean');
  read.optional('scopes', (value) => isScopes(value) || typeof value === 'function', 'a list of scopes, or a function');
  read.optional(
    'store',
    isStore,
    'an object with the functions `read` and `write`, and perhaps `lease`, `watch` and `keys`',
  );
  read.optional('authorizationServer', isServer, 'an issuer, or its metadata with `issuer` and endpoints');
  read.optional('resource', (value) => value === false || isText(value), 'a string, or false');
  for (const name of ['parameters', 'tokenParameters'] as const)
    read.optional(name, isParameters, 'an object of strings and null');
  const { client, scopes = [], offlineAccess = 'auto', account = 'default' } = options;
  const { grant = interactive(), store = memoryStore() } = options;
  const chooseClient = clientChooser(client, OWNER);
  checkClient(grant, client);
  return new OAuth({
    ...{ grant, account, store },
    prompt: read.oneOf('prompt', ['auto', 'connect', 'never'], 'auto'),
    client: chooseClient,
    preferredIssuer: client !== undefined && 'issuer' in client ? client.issuer : undefined,
    clientName: options.clientName,
    clientUri: options.clientUri,
    logoUri: options.logoUri,
    scopes: typeof scopes === 'function' ? scopes : (asked) => union(asked, scopes),
    // Such a grant needs no refresh token.
    offlineAccess: offlineAccess === 'auto' && !isUnattended(grant),
    authorizationServer: options.authorizationServer,
    resource: options.resource,
    parameters: { ...options.parameters },
    tokenParameters: { ...options.tokenParameters },
    dpop: options.dpop ?? 'auto',
    legacyDiscovery: read.flag('legacyDiscovery', true),
    network: readNetwork(read, options.network),
    locks: locksOf(store),
    clientIssuers: new Map(),
  });
}

function isGrant(value: unknown): boolean {
  if (isUnattended(value)) {
    const { grantType, extension } = value as Readonly<Record<keyof UnattendedGrant, unknown>>;
    const isName = (one: unknown): boolean => one === undefined || (typeof one === 'string' && one !== '');
    return isName(grantType) && isName(extension);
  }
  const { kind } = (isPlainObject(value) ? value : {}) as { readonly kind?: unknown };
  return kind === 'interactive' || kind === 'device';
}

/** No client is registered for a grant without a person. */
function checkClient(grant: OAuthGrant, client: ClientOption | undefined): void {
  const type = isUnattended(grant) ? grant.grantType : undefined;
  if (type === undefined || typeof client === 'function') return;
  if (client === undefined) throw invalidOption('client', `given with the grant type ${type}`, client, OWNER);
  // RFC 6749, 4.4: the client is all that such a token stands for.
  const isConfidential = 'id' in client && (client.secret !== undefined || client.key !== undefined);
  if (type === 'client_credentials' && !isConfidential)
    throw unusableOption(
      'client',
      `a client with \`secret\` or \`key\` for the grant type ${type}`,
      `one with ${namesOf(client)}`,
      OWNER,
    );
}

/** The properties of a client that have a value: a variable of the environment may be missing. */
function namesOf(client: object): string {
  const given = Object.entries(client).filter(([, value]) => value !== undefined);
  return given.map(([name]) => `\`${name}\``).join(' and ');
}

function isScopes(value: unknown): boolean {
  return Array.isArray(value) && readScopes(value).length === new Set(value).size;
}

function isStore(value: unknown): boolean {
  const { read, write, lease, watch, keys } = (isPlainObject(value) ? value : {}) as Partial<TokenStore>;
  const isOptional = (one: unknown): boolean => one === undefined || typeof one === 'function';
  const areOptional = [lease, watch, keys].every(isOptional);
  return typeof read === 'function' && typeof write === 'function' && areOptional;
}

function isServer(value: unknown): boolean {
  if (typeof value === 'string') return URL.canParse(value);
  return isPlainObject(value) && typeof (value as { readonly issuer?: unknown }).issuer === 'string';
}

function isParameters(value: unknown): boolean {
  return isPlainObject(value) && Object.values(value).every((one) => one === null || typeof one === 'string');
}

function readNetwork(options: OptionReader<OAuthOptions>, given: OAuthNetworkOptions = {}): NetworkSettings {
  const read = options.inside<OAuthNetworkOptions>('network', NETWORK_NAMES);
  read.optional('maxBytes', isWholeNumber, 'a whole number of bytes above 0');
  const isDispatcher = (value: unknown): boolean =>
    typeof (value as { readonly dispatch?: unknown } | null)?.dispatch === 'function';
  read.optional('dispatcher', isDispatcher, 'a dispatcher of undici 5 or later, such as an Agent or a ProxyAgent');
  return {
    timeout: read.milliseconds('timeout', 10_000),
    maxBytes: given.maxBytes ?? 262_144,
    allowPrivate: read.flag('allowPrivate', false),
    allowHttp: read.flag('allowHttp', false),
    dispatcher: given.dispatcher,
  };
}
