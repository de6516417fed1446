import { invalidOption, isPlainObject, isWholeNumber, OptionReader, optionNames } from '../option-checks.js';
import { AUTH_METHODS } from './client-identity.js';
import type { ClientAuthMethod } from './client-identity.js';
import { interactive } from './grants/interactive.js';
import type { InteractiveGrant } from './grants/interactive.js';
import { locksOf } from './local-locks.js';
import { OAuth } from './oauth-object.js';
import type { GivenClient, NetworkSettings } from './oauth-settings.js';
import { readScopes, union } from './scopes.js';
import type { AuthorizationServerMetadata } from './server-metadata.js';
import { memoryStore } from './stores/memory-store.js';
import type { TokenStore } from './stores/token-store.js';

/** A client that was registered at an authorization server by hand. */
export interface RegisteredClient {
  readonly id: string;
  readonly secret?: string | undefined;
  /** How the client authenticates. Default: `none` without a secret, else the method that the server lists, preferably Basic. */
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
  readonly grant?: InteractiveGrant | undefined;
  /** Default: the client registers itself at each authorization server that allows it. RFC 7591. */
  readonly client?: ClientOption | undefined;
  /** The name that is registered. Default: the name of the client's `clientInfo`. */
  readonly clientName?: string | undefined;
  /** The page of the program that is registered. */
  readonly clientUri?: string | undefined;
  /** The logo that is registered. */
  readonly logoUri?: string | undefined;
  /** Scopes to add to the required ones, or a function that decides which are requested. Default: the required ones. */
  readonly scopes?: readonly string[] | ((asked: readonly string[]) => readonly string[]) | undefined;
  /** `'auto'`: request `offline_access` from servers that list it. Default `'auto'`. */
  readonly offlineAccess?: 'auto' | false | undefined;
  /** Separates several persons, or tenants, at one URL. Default `'default'`. */
  readonly account?: string | undefined;
  /** Keeps the tokens. Default: {@link memoryStore}. */
  readonly store?: TokenStore | undefined;
  /**
   * When a person may be asked to sign in: `'auto'`: whenever it is necessary. `'connect'`: only while the client connects. `'never'`: only
   * stored tokens are used. Default `'auto'`.
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
const A_CLIENT = '{ id, secret?, authMethod?, issuer? }, { metadataUrl }, or a function of the issuer';
const METADATA_URL = 'an https URL with a path, without fragment, credentials and dot segments';

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
  read.optional('grant', isGrant, 'the result of interactive()');
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
  for (const name of ['clientName', 'clientUri', 'logoUri', 'account'] as const)
    read.optional(name, isText, 'a string that is not empty');
  read.optional('offlineAccess', (value) => value === 'auto' || value === false, '"auto" or false');
  read.optional('dpop', (value) => value === 'auto' || typeof value === 'boolean', '"auto" or a boolean');
  read.optional('scopes', (value) => isScopes(value) || typeof value === 'function', 'a list of scopes, or a function');
  read.optional('store', isStore, 'an object with the functions `read` and `write`');
  read.optional('authorizationServer', isServer, 'an issuer, or its metadata with `issuer` and endpoints');
  read.optional('resource', (value) => value === false || isText(value), 'a string, or false');
  for (const name of ['parameters', 'tokenParameters'] as const)
    read.optional(name, isParameters, 'an object of strings and null');
  const { client, scopes = [], offlineAccess = 'auto', account = 'default' } = options;
  const { grant = interactive(), store = memoryStore() } = options;
  return new OAuth({
    ...{ grant, account, store },
    prompt: read.oneOf('prompt', ['auto', 'connect', 'never'], 'auto'),
    client: clientChooser(client),
    preferredIssuer: client !== undefined && 'issuer' in client ? client.issuer : undefined,
    clientName: options.clientName,
    clientUri: options.clientUri,
    logoUri: options.logoUri,
    scopes: typeof scopes === 'function' ? scopes : (asked) => union(asked, scopes),
    offlineAccess: offlineAccess === 'auto',
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
  return isPlainObject(value) && (value as { readonly kind?: unknown }).kind === 'interactive';
}

function isScopes(value: unknown): boolean {
  return Array.isArray(value) && readScopes(value).length === new Set(value).size;
}

function isStore(value: unknown): boolean {
  const { read, write } = (isPlainObject(value) ? value : {}) as Partial<TokenStore>;
  return typeof read === 'function' && typeof write === 'function';
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

function clientChooser(option: ClientOption | undefined): (issuer: string) => GivenClient | undefined {
  if (option === undefined) return () => undefined;
  if (typeof option !== 'function') {
    const client = readClient(option, 'client');
    return () => client;
  }
  return (issuer) => {
    const chosen = option(issuer);
    return chosen === undefined ? undefined : readClient(chosen, 'client()');
  };
}

function readClient(given: unknown, field: string): GivenClient {
  const { id, secret, authMethod, issuer, metadataUrl } = (isPlainObject(given) ? given : {}) as Record<
    string,
    unknown
  >;
  if (metadataUrl !== undefined) {
    if (id !== undefined || !isMetadataUrl(metadataUrl))
      throw invalidOption(`${field}.metadataUrl`, METADATA_URL, metadataUrl, OWNER);
    return { metadataUrl };
  }
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
  if (!isText(id)) throw invalidOption(field, A_CLIENT, given, OWNER);
  if (secret !== undefined && !isText(secret)) throw invalidOption(`${field}.secret`, 'a string', secret, OWNER);
  const method = AUTH_METHODS.find((one) => one === authMethod);
  if (authMethod !== undefined && (method === undefined || (method === 'none') !== (secret === undefined))) {
    const expected = secret === undefined ? '"none"' : '"client_secret_basic" or "client_secret_post"';
    throw invalidOption(`${field}.authMethod`, expected, authMethod, OWNER);
  }
  if (issuer !== undefined && !isText(issuer)) throw invalidOption(`${field}.issuer`, 'an issuer', issuer, OWNER);
  return { id, secret, authMethod: method, issuer };
}

/** `URL` removes dot segments, so the text is compared with what it makes of it. */
function isMetadataUrl(given: unknown): given is string {
  if (typeof given !== 'string' || !URL.canParse(given)) return false;
  const url = new URL(given);
  const { protocol, pathname, hash, username, password } = url;
  if (protocol !== 'https:' || pathname === '/' || hash !== '' || username !== '' || password !== '') return false;
  return !/\/(?:\.|%2e){1,2}(?:\/|$)/i.test(given.replace(/[?#].*$/s, ''));
}
