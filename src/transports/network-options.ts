import { isHeaderValue, isToken } from '../protocol/http-headers.js';
import type { Era } from '../protocol/revisions.js';
import { suggestedUrl } from '../diagnostics/url-advice.js';
import type { TransportLimits } from './transport-limits.js';
import {
  A_DURATION,
  invalidOption,
  isDuration,
  isWholeNumber,
  OptionReader,
  optionNames,
  unusableOption,
} from '../option-checks.js';

/**
 * Headers of the requests of a transport: an object, a `Headers` (of Node or any undici), a `Map`, or another iterable of pairs of name and
 * value. They are read once, when the transport is created. Values with one name are joined with `, `, as `fetch` does.
 */
export type HeadersOption = Readonly<Record<string, string>> | Iterable<readonly string[]>;

/** The options of all transports over a network. */
export interface NetworkOptions {
  readonly headers?: HeadersOption | undefined;
  readonly timeout?: number | undefined;
  readonly priorEra?: Era | undefined;
  readonly limits?: TransportLimits | undefined;
}

/** Headers that the connection sets itself; undici refuses most of them. */
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

/** Checks that an argument is a URL with one of these protocols. Returns it without its fragment. */
export function checkUrl(owner: string, field: string, given: unknown, protocols: readonly string[]): URL {
  const expected = `a URL with ${protocols.map((one) => `${one}//`).join(' or ')}`;
  if (typeof given !== 'string' && !(given instanceof URL)) throw invalidOption(field, expected, given, owner);
  const text = String(given);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !protocols.includes(url.protocol)) {
    const meant = suggestedUrl(text, protocols);
    throw invalidOption(field, meant === undefined ? expected : `${expected}, such as "${meant}"`, given, owner);
  }
  url.hash = '';
  return url;
}

const LIMITS = optionNames<TransportLimits>({ maxMessageBytes: true });

/** The readers of the options and of their `limits`. */
interface NetworkReaders<Options extends object, Limits extends object> {
  readonly read: OptionReader<Options>;
  readonly limits: OptionReader<Limits>;
}

/** Checks the options of all transports over a network, except the headers: see {@link readHeaders}. */
export function checkNetworkOptions<Options extends NetworkOptions, Limits extends TransportLimits>(
  owner: string,
  options: Options,
  names: ReadonlySet<string>,
  limitNames: ReadonlySet<string> = LIMITS,
): NetworkReaders<Options, Limits> {
  const read = OptionReader.of(owner, options, names);
  read.optional('timeout', isDuration, A_DURATION);
  const limits = read.inside<Limits>('limits', limitNames);
  limits.optional('maxMessageBytes', isWholeNumber, 'a whole number of bytes above 0');
  return { read, limits };
}

/**
 * Reads the option `headers` once, because an iterator cannot be read again. The first spelling of a name is kept.
 * @throws MCPError with code `MCP_INVALID_PARAMS` for an invalid name or value, and for a header that the connection sets itself.
 */
export function readHeaders(owner: string, { headers }: NetworkOptions): Readonly<Record<string, string>> {
  const read = new Map<string, readonly [name: string, value: string]>();
  for (const [name, value] of pairsOf(owner, headers)) {
    if (typeof name !== 'string' || !isToken(name))
      throw unusableOption('headers', 'names that are tokens of HTTP', 'another name', owner);
    if (typeof value !== 'string' || !isHeaderValue(value))
      throw invalidOption(`headers.${name}`, 'a string of Latin-1 without line breaks', value, owner);
    const key = name.toLowerCase();
    if (FORBIDDEN.has(key) || key.startsWith('sec-websocket-'))
      throw invalidOption(`headers.${name}`, 'left to the connection', value, owner);
    const before = read.get(key);
    read.set(key, before === undefined ? [name, value] : [before[0], `${before[1]}, ${value}`]);
  }
  return Object.freeze(Object.fromEntries(read.values()));
}

const HEADERS = 'an object of strings, a Headers, a Map, or a list of pairs of strings';

function* pairsOf(owner: string, given: unknown = {}): Iterable<readonly unknown[]> {
  if (typeof given !== 'object' || given === null) throw invalidOption('headers', HEADERS, given, owner);
  if (!isIterable(given)) {
    const entries = Object.entries(given);
    // A promise, for instance, is an object without entries.
    if (entries.length === 0 && !isPlain(given)) throw invalidOption('headers', HEADERS, given, owner);
    yield* entries;
    return;
  }
  for (const pair of given) {
    if (!Array.isArray(pair) || pair.length !== 2)
      throw unusableOption('headers', HEADERS, 'something else in the list', owner);
    yield pair as unknown[];
  }
}

function isIterable(value: object): value is Iterable<unknown> {
  return typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function';
}

/** Whether an object has no class. Works across realms. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether a value has a method with this name. */
export function hasFunction(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[name] === 'function';
}
