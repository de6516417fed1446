import { raise } from '../errors.js';
import { isHeaderValue, isToken } from '../protocol/http-headers.js';
import { suggestedUrl } from '../diagnostics/url-advice.js';
import type { TransportLimits } from './transport-limits.js';
import { optionNames, refuseUnknownOptions } from './option-names.js';

/**
 * Headers for the requests of a transport: an object, a `Headers` (of Node or of any undici), a `Map`, or any other iterable of pairs of a
 * name and a value. They are read once, when the transport is made. Values of one name are joined by `, `, as `fetch` does.
 */
export type HeadersOption = Readonly<Record<string, string>> | Iterable<readonly string[]>;

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
 * What refuses wrong arguments of a transport, which it names. It throws MCPError with code `MCP_INVALID_PARAMS`; `details` has `name`,
 * `expected` and `received`, never the value.
 */
export function checker(transport: string): Check {
  return (field, good, expected, value) => {
    if (good) return;
    const received = describe(value);
    raise(`${transport}: ${field} must be ${expected}, got ${received}`, {
      code: 'MCP_INVALID_PARAMS',
      delivery: 'not-sent',
      details: { name: field, field, expected, received },
    });
  };
}

/** Refuses what is no URL of these protocols, and gives it back without its fragment. */
export function checkUrl(check: Check, field: string, given: unknown, protocols: readonly string[]): URL {
  const expected = `a URL with ${protocols.map((one) => `${one}//`).join(' or ')}`;
  check(field, typeof given === 'string' || given instanceof URL, expected, given);
  const text = String(given);
  const good = URL.canParse(text) && protocols.includes(new URL(text).protocol);
  const meant = good ? undefined : suggestedUrl(text, protocols);
  check(field, good, meant === undefined ? expected : `${expected}, such as "${meant}"`, given);
  const url = new URL(text);
  url.hash = '';
  return url;
}

const LIMITS = optionNames<TransportLimits>({ maxMessageBytes: true });

/** Refuses what is wrong about the options that all transports over a network have, but for the headers: see {@link readHeaders}. */
export function checkNetworkOptions(
  check: Check,
  transport: string,
  options: unknown,
  names: ReadonlySet<string>,
  limitNames: ReadonlySet<string> = LIMITS,
): Record<string, unknown> {
  check('options', isObject(options), 'an object', options);
  refuseUnknownOptions(transport, options as object, names);
  const { timeout, limits } = options as Record<string, unknown>;
  const optional = (field: string, value: unknown, good: boolean, expected: string): void => {
    check(field, value === undefined || good, expected, value);
  };
  optional('timeout', timeout, typeof timeout === 'number' && timeout > 0, 'a number of milliseconds above 0');
  optional('limits', limits, isObject(limits), 'an object');
  if (limits !== undefined) refuseUnknownOptions('limits', limits as object, limitNames, { prefix: 'limits.' });
  const { maxMessageBytes } = (limits ?? {}) as Record<string, unknown>;
  const whole = Number.isInteger(maxMessageBytes) && (maxMessageBytes as number) > 0;
  optional('limits.maxMessageBytes', maxMessageBytes, whole, 'a whole number of bytes above 0');
  return options as Record<string, unknown>;
}

/**
 * Reads the option `headers`, once: an iterator can be read no second time. Names keep their case, the first one where several differ in it.
 * @throws MCPError with code `MCP_INVALID_PARAMS` when a name or value cannot be sent, or belongs to the connection.
 */
export function readHeaders(check: Check, options: unknown): Readonly<Record<string, string>> {
  const read = new Map<string, readonly [name: string, value: string]>();
  for (const [name, value] of pairsOf(check, (options as { headers?: unknown }).headers)) {
    check('headers', typeof name === 'string' && isToken(name), 'names that are tokens of HTTP', 'another name');
    const good = typeof value === 'string' && isHeaderValue(value);
    check(`headers.${String(name)}`, good, 'a string of Latin-1 without line breaks', value);
    const key = String(name).toLowerCase();
    check(
      `headers.${String(name)}`,
      !FORBIDDEN.has(key) && !key.startsWith('sec-websocket-'),
      'left to the connection',
      value,
    );
    const before = read.get(key);
    read.set(key, before === undefined ? [String(name), String(value)] : [before[0], `${before[1]}, ${String(value)}`]);
  }
  return Object.freeze(Object.fromEntries(read.values()));
}

const HEADERS = 'an object of strings, a Headers, a Map, or a list of pairs of strings';

function* pairsOf(check: Check, given: unknown = {}): Iterable<readonly unknown[]> {
  check('headers', typeof given === 'object' && given !== null, HEADERS, given);
  const object = given as object;
  if (!isIterable(object)) {
    const entries = Object.entries(object);
    // A promise, for instance, is an object without entries.
    check('headers', entries.length > 0 || isPlain(object), HEADERS, given);
    yield* entries;
    return;
  }
  for (const pair of object) {
    check('headers', Array.isArray(pair) && pair.length === 2, HEADERS, 'something else in the list');
    yield pair as unknown[];
  }
}

function isIterable(value: object): value is Iterable<unknown> {
  return typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function';
}

/** Also an object that another realm made. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
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
