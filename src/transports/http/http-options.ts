import { isLoopback } from '../../auth/network/addresses.js';
import type { Authorizer } from '../../auth/authorizer.js';
import { OAuth } from '../../auth/oauth-object.js';
import { TokenAuthorizer } from '../../auth/token-authorizer.js';
import type { TokenSource } from '../../auth/token-source.js';
import { failure } from '../../util/failure.js';
import { USER_AGENT } from '../../util/package.js';
import { percentDecoded } from '../../util/percent-decoding.js';
import type { Era } from '../../protocol/revisions.js';
import { FEWEST_CONNECTIONS } from './connection-shares.js';
import type { HttpLimits } from '../transport-limits.js';
import { checkNetworkOptions, checkUrl, hasFunction, readHeaders } from '../network-options.js';
import type { HeadersOption } from '../network-options.js';
import { invalidOption, isWholeNumber, optionNames } from '../../option-checks.js';
import type { OptionReader } from '../../option-checks.js';

/**
 * A dispatcher of undici 5 to 8 (an `Agent`, `Pool`, `ProxyAgent` or mock), or the one of Node's `fetch`. The type is minimal, so that every
 * version of undici fits. Over HTTP/2 (`new Agent({ allowH2: true })`) undici sends only one POST at a time per connection, so do not limit the
 * number of connections.
 */
export interface HttpDispatcher {
  dispatch(options: object, handler: object): boolean;
}

/** The protocols of URLs that are reached over HTTP. */
export const HTTP: readonly string[] = ['http:', 'https:'];

/** Options of an {@link HttpTransport}. */
export interface HttpTransportOptions {
  /** Headers for every request. Headers of the protocol cannot be changed. Errors never contain their values. */
  readonly headers?: HeadersOption | undefined;
  /** Time to open a connection or to terminate a session, in ms. It does not limit requests. Default 30 000. */
  readonly timeout?: number | undefined;
  /** The source of tokens for `Authorization: Bearer`, called before each request, or the result of `oauth()` of `mcp-actors/auth`. */
  readonly auth?: TokenSource | OAuth | undefined;
  /**
   * The dispatcher that sends the requests: an undici `Agent`, `Pool`, `ProxyAgent` or mock, with your certificates and limits. The transport
   * does not close it. Default: a connection pool of the transport.
   */
  readonly dispatcher?: HttpDispatcher | undefined;
  /** The era of the server from an earlier connection; saves a negotiation request. The option of the client takes precedence. */
  readonly priorEra?: Era | undefined;
  readonly limits?: HttpLimits | undefined;
}

/** The names of the options of an {@link HttpTransport}. */
export const HTTP_OPTIONS = optionNames<HttpTransportOptions>({
  headers: true,
  timeout: true,
  auth: true,
  dispatcher: true,
  priorEra: true,
  limits: true,
});

/** Headers of the protocol, which the option `headers` cannot change. */
const OURS = new Set([
  'accept',
  'accept-encoding',
  'content-type',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
]);

/**
 * Checks the arguments of an {@link HttpTransport}, and returns the URL and the headers.
 * @throws MCPError with code `MCP_INVALID_PARAMS`; `details` has `field`, `expected` and `received`, never the value.
 */
export function checkHttpOptions(
  owner: string,
  url: unknown,
  options: HttpTransportOptions,
): { url: URL; headers: Readonly<Record<string, string>> } {
  const parsed = checkUrl(owner, 'url', url, HTTP);
  const read = checkHttpCalls(owner, options, HTTP_OPTIONS);
  read.optional('priorEra', (era) => era === 'modern' || era === 'legacy', '"modern" or "legacy"');
  return { url: parsed, headers: readHeaders(owner, options) };
}

const LIMITS = optionNames<HttpLimits>({ maxMessageBytes: true, maxConnections: true });

/** Checks the options that all transports over HTTP have. */
export function checkHttpCalls<Options extends Omit<HttpTransportOptions, 'priorEra'>>(
  owner: string,
  options: Options,
  names: ReadonlySet<string>,
): OptionReader<Options> {
  const { read, limits } = checkNetworkOptions<Options, HttpLimits>(owner, options, names, LIMITS);
  limits.optional(
    'maxConnections',
    (most) => most === Infinity || (isWholeNumber(most) && most >= FEWEST_CONNECTIONS),
    `a whole number of at least ${FEWEST_CONNECTIONS}, or Infinity`,
  );
  read.optional(
    'auth',
    (auth) => OAuth.settingsOf(auth) !== undefined || hasFunction(auth, 'token'),
    'an object with a function `token`, or the result of oauth()',
  );
  read.optional(
    'dispatcher',
    (dispatcher) => hasFunction(dispatcher, 'dispatch'),
    'a dispatcher of undici 5 or later, such as an Agent or a ProxyAgent',
  );
  return read;
}

/**
 * The headers for every request as a flat list of names and values: the given ones, but for ours, credentials from the URL, and a `User-Agent`
 * where none was given.
 */
export function fixedHeaders(
  url: URL,
  headers: Readonly<Record<string, string>>,
  auth?: TokenSource | OAuth,
): string[] {
  const kept = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !OURS.has(name) && !(auth !== undefined && name === 'authorization'));
  const authorized = auth !== undefined || kept.some(([name]) => name === 'authorization');
  if (!authorized && (url.username !== '' || url.password !== '')) {
    const credentials = `${percentDecoded(url.username)}:${percentDecoded(url.password)}`;
    kept.push(['authorization', `Basic ${Buffer.from(credentials).toString('base64')}`]);
  }
  if (!kept.some(([name]) => name === 'user-agent')) kept.push(['user-agent', USER_AGENT]);
  return kept.flat();
}

/** Refuses to send tokens of an `OAuth` over plain HTTP to another machine. */
export function checkTokenUrl(owner: string, field: string, url: URL, auth: TokenSource | OAuth | undefined): void {
  const settings = OAuth.settingsOf(auth);
  if (settings === undefined || url.protocol === 'https:' || settings.network.allowHttp || isLoopback(url)) return;
  throw invalidOption(
    field,
    'an https URL, or one of this machine (`network.allowHttp` of oauth() lifts this rule)',
    url.href,
    owner,
  );
}

/**
 * The source of the credentials of a link.
 * @param given the authorization of the connection, which a transport with an `OAuth` needs
 */
export function authorizerOf(
  auth: TokenSource | OAuth | undefined,
  given: Authorizer | undefined,
  keepSecret: (value: string) => void,
): Authorizer | undefined {
  if (auth === undefined || auth instanceof OAuth) {
    if (auth === undefined || given !== undefined) return given;
    throw failure(
      'connection',
      'MCP_INVALID_PARAMS',
      'A transport with oauth() cannot be driven by hand: give it to a client',
      {
        delivery: 'not-sent',
        details: { field: 'auth' },
      },
    );
  }
  return new TokenAuthorizer(auth, keepSecret);
}

/** The source of tokens, by which the list cache compares; none for an `OAuth`, whose authorization has an identity. */
export function tokensOf(auth: TokenSource | OAuth | undefined): TokenSource | undefined {
  return auth instanceof OAuth ? undefined : auth;
}
