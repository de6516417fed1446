import { MCPError } from '../errors.js';
import { isHeaderValue, isToken } from '../protocol/http-headers.js';

/** Refuses a value that is not as expected. */
export type Check = (field: string, good: boolean, expected: string, value: unknown) => void;

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

/**
 * What refuses wrong arguments of a transport, which it names. It throws MCPError with code `MCP_INVALID_PARAMS`; `details` has `field`,
 * `expected` and `received`, never the value.
 */
export function checker(transport: string): Check {
  return (field, good, expected, value) => {
    if (good) return;
    const received = describe(value);
    throw new MCPError(`${transport}: ${field} must be ${expected}, got ${received}`, {
      code: 'MCP_INVALID_PARAMS',
      details: { field, expected, received },
    });
  };
}

/** Refuses what is no URL of these protocols, and gives it back without its fragment. */
export function checkUrl(check: Check, field: string, given: unknown, protocols: readonly string[]): URL {
  const expected = `a URL with ${protocols.map((one) => `${one}//`).join(' or ')}`;
  check(field, typeof given === 'string' || given instanceof URL, expected, given);
  const text = String(given);
  check(field, URL.canParse(text), expected, given);
  const url = new URL(text);
  check(field, protocols.includes(url.protocol), expected, given);
  url.hash = '';
  return url;
}

/** Refuses what is wrong about the options that all transports over a network have. */
export function checkNetworkOptions(check: Check, options: unknown): Record<string, unknown> {
  check('options', isObject(options), 'an object', options);
  const { headers, timeout, limits } = options as Record<string, unknown>;
  const optional = (field: string, value: unknown, good: boolean, expected: string): void => {
    check(field, value === undefined || good, expected, value);
  };
  checkHeaders(check, headers);
  optional('timeout', timeout, typeof timeout === 'number' && timeout > 0, 'a number of milliseconds above 0');
  optional('limits', limits, isObject(limits), 'an object');
  const { maxMessageBytes } = (limits ?? {}) as Record<string, unknown>;
  const whole = Number.isInteger(maxMessageBytes) && (maxMessageBytes as number) > 0;
  optional('limits.maxMessageBytes', maxMessageBytes, whole, 'a whole number of bytes above 0');
  return options as Record<string, unknown>;
}

function checkHeaders(check: Check, headers: unknown): void {
  check('headers', headers === undefined || isObject(headers), 'an object of strings', headers);
  for (const [name, value] of Object.entries((headers ?? {}) as Record<string, unknown>)) {
    check('headers', isToken(name), 'names that are tokens of HTTP', 'another name');
    const good = typeof value === 'string' && isHeaderValue(value);
    check(`headers.${name}`, good, 'a string of Latin-1 without line breaks', value);
    const free = !FORBIDDEN.has(name.toLowerCase()) && !/^sec-websocket-/i.test(name);
    check(`headers.${name}`, free, 'left to the connection', value);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value has a method of that name. */
export function hasFunction(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[name] === 'function';
}

/** What a value is; never what it says, since it may be a secret. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'number') return String(value);
  if (typeof value === 'object') return Array.isArray(value) ? 'an array' : 'an object';
  return `a ${typeof value}`;
}
