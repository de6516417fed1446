import type { Dispatcher } from 'undici';
import { MCPError } from '../errors.js';
import { isHeaderValue, isToken } from '../protocol/http-headers.js';
import type { Era } from '../protocol/revisions.js';
import type { TokenSource } from './http-endpoint.js';
import type { TransportLimits } from './limits.js';

/** What an {@link HttpTransport} may be told besides the URL. */
export interface HttpTransportOptions {
  /** Headers for every request. Those that the protocol sets itself cannot be changed. Their values never show in errors. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds that making a connection, or ending a session, may take. Never a limit on requests. Default 30 000. */
  readonly timeout?: number | undefined;
  /** Where tokens for `Authorization: Bearer` come from. Asked before each request. */
  readonly auth?: TokenSource | undefined;
  /**
   * Sends the requests instead of connections of our own: an undici `Agent`, `Pool`, `ProxyAgent` or mock, with certificates and limits as
   * you like. It is not closed with the transport.
   */
  readonly dispatcher?: Dispatcher | undefined;
  /** What is known about the server's era from an earlier connection; saves the question. The option of the client comes first. */
  readonly priorEra?: Era | undefined;
  readonly limits?: TransportLimits | undefined;
}

/** Headers that belong to the connection and not to its user; undici refuses most of them. */
const FORBIDDEN = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

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
 * Refuses what cannot reach a server, before anybody tries, and gives back the URL.
 * @throws MCPError with code `MCP_INVALID_PARAMS`; `details` has `field`, `expected` and `received`, never the value.
 */
export function checkHttpOptions(transport: string, url: unknown, options: unknown): URL {
  const check = checker(transport);
  const parsed = checkUrl(check, 'url', url, ['http:', 'https:']);
  check('options', isObject(options), 'an object', options);
  const { headers, timeout, auth, dispatcher, priorEra, limits } = options as Record<string, unknown>;
  const optional = (field: string, value: unknown, good: boolean, expected: string): void => {
    check(field, value === undefined || good, expected, value);
  };
  checkHeaders(check, headers);
  optional('timeout', timeout, typeof timeout === 'number' && timeout > 0, 'a number of milliseconds above 0');
  optional('auth', auth, hasFunction(auth, 'token'), 'an object with a function `token`');
  optional('dispatcher', dispatcher, hasFunction(dispatcher, 'dispatch'), 'a dispatcher of undici');
  optional('priorEra', priorEra, priorEra === 'modern' || priorEra === 'legacy', '"modern" or "legacy"');
  optional('limits', limits, isObject(limits), 'an object');
  const { maxMessageBytes } = (limits ?? {}) as Record<string, unknown>;
  const whole = Number.isInteger(maxMessageBytes) && (maxMessageBytes as number) > 0;
  optional('limits.maxMessageBytes', maxMessageBytes, whole, 'a whole number of bytes above 0');
  return parsed;
}

type Check = (field: string, good: boolean, expected: string, value: unknown) => void;

/** Names the class in what it says. */
function checker(transport: string): Check {
  return (field, good, expected, value) => {
    if (good) return;
    const received = describe(value);
    throw new MCPError(`${transport}: ${field} must be ${expected}, got ${received}`, {
      code: 'MCP_INVALID_PARAMS',
      details: { field, expected, received },
    });
  };
}

function checkUrl(check: Check, field: string, given: unknown, protocols: readonly string[]): URL {
  const expected = `a URL with ${protocols.map((one) => `${one}//`).join(' or ')}`;
  check(field, typeof given === 'string' || given instanceof URL, expected, given);
  const text = String(given);
  check(field, URL.canParse(text), expected, given);
  const url = new URL(text);
  check(field, protocols.includes(url.protocol), expected, given);
  url.hash = '';
  return url;
}

function checkHeaders(check: Check, headers: unknown): void {
  check('headers', headers === undefined || isObject(headers), 'an object of strings', headers);
  for (const [name, value] of Object.entries((headers ?? {}) as Record<string, unknown>)) {
    check('headers', isToken(name), 'names that are tokens of HTTP', 'another name');
    const good = typeof value === 'string' && isHeaderValue(value);
    check(`headers.${name}`, good, 'a string of Latin-1 without line breaks', value);
    check(`headers.${name}`, !FORBIDDEN.has(name.toLowerCase()), 'left to the connection', value);
  }
}

/** The headers for every request as a flat list of names and values: what was given, but for ours, and credentials from the URL. */
export function fixedHeaders(url: URL, { headers = {}, auth }: HttpTransportOptions): string[] {
  const kept = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !OURS.has(name) && !(auth !== undefined && name === 'authorization'));
  const authorized = auth !== undefined || kept.some(([name]) => name === 'authorization');
  if (!authorized && (url.username !== '' || url.password !== '')) {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    kept.push(['authorization', `Basic ${Buffer.from(credentials).toString('base64')}`]);
  }
  return kept.flat();
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasFunction(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[name] === 'function';
}

/** What a value is; never what it says, since it may be a secret. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'number') return String(value);
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
