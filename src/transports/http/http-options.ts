import type { TokenSource } from '../../auth/token-source.js';
import { USER_AGENT } from '../../util/package.js';
import { percentDecoded } from '../../util/percent-decoding.js';
import type { Era } from '../../protocol/revisions.js';
import { FEWEST_CONNECTIONS } from './connection-shares.js';
import type { HttpDispatcher } from './http-dispatcher.js';
import type { HttpLimits } from '../transport-limits.js';
import { checkNetworkOptions, checkUrl, checker, hasFunction, readHeaders } from '../network-options.js';
import type { Check, HeadersOption } from '../network-options.js';
import { optionNames } from '../option-names.js';

/** The protocols of URLs that are reached over HTTP. */
export const HTTP: readonly string[] = ['http:', 'https:'];

/** What an {@link HttpTransport} may be told besides the URL. */
export interface HttpTransportOptions {
  /** Headers for every request. Those that the protocol sets itself cannot be changed. Their values never show in errors. */
  readonly headers?: HeadersOption | undefined;
  /** Milliseconds that making a connection, or ending a session, may take. Never a limit on requests. Default 30 000. */
  readonly timeout?: number | undefined;
  /** Where tokens for `Authorization: Bearer` come from. Asked before each request. */
  readonly auth?: TokenSource | undefined;
  /**
   * Sends the requests instead of connections of our own: an undici `Agent`, `Pool`, `ProxyAgent` or mock, with certificates and limits as
   * you like. It is not closed with the transport.
   */
  readonly dispatcher?: HttpDispatcher | undefined;
  /** What is known about the server's era from an earlier connection; saves the question. The option of the client comes first. */
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

/** Headers that say what the message is: whatever somebody wrote into a configuration, these are ours. */
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
 * Refuses what cannot reach a server, before anybody tries, and gives back the URL and the headers.
 * @throws MCPError with code `MCP_INVALID_PARAMS`; `details` has `name`, `expected` and `received`, never the value.
 */
export function checkHttpOptions(
  transport: string,
  url: unknown,
  options: unknown,
): { url: URL; headers: Readonly<Record<string, string>> } {
  const check = checker(transport);
  const parsed = checkUrl(check, 'url', url, HTTP);
  const { priorEra } = checkHttpCalls(check, transport, options, HTTP_OPTIONS);
  const known = priorEra === undefined || priorEra === 'modern' || priorEra === 'legacy';
  check('priorEra', known, '"modern" or "legacy"', priorEra);
  return { url: parsed, headers: readHeaders(check, options) };
}

const LIMITS = optionNames<HttpLimits>({ maxMessageBytes: true, maxConnections: true });

/** Refuses what is wrong about the options that all transports over HTTP have. */
export function checkHttpCalls(
  check: Check,
  transport: string,
  options: unknown,
  names: ReadonlySet<string>,
): Record<string, unknown> {
  const checked = checkNetworkOptions(check, transport, options, names, LIMITS);
  const { auth, dispatcher, limits } = checked;
  const { maxConnections } = (limits ?? {}) as Record<string, unknown>;
  const enough = Number.isInteger(maxConnections) && (maxConnections as number) >= FEWEST_CONNECTIONS;
  const expected = `a whole number of at least ${FEWEST_CONNECTIONS}, or Infinity`;
  check(
    'limits.maxConnections',
    maxConnections === undefined || maxConnections === Infinity || enough,
    expected,
    maxConnections,
  );
  check('auth', auth === undefined || hasFunction(auth, 'token'), 'an object with a function `token`', auth);
  const dispatches = dispatcher === undefined || hasFunction(dispatcher, 'dispatch');
  check('dispatcher', dispatches, 'a dispatcher of undici 5 or later, such as an Agent or a ProxyAgent', dispatcher);
  return checked;
}

/**
 * The headers for every request as a flat list of names and values: the given ones, but for ours, credentials from the URL, and a `User-Agent`
 * where none was given.
 */
export function fixedHeaders(url: URL, headers: Readonly<Record<string, string>>, auth?: TokenSource): string[] {
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
