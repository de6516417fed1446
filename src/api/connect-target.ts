import { closest } from '../util/did-you-mean.js';
import { suggestedUrl } from '../diagnostics/url-advice.js';
import { HttpTransport } from '../transports/http/http-transport.js';
import type { HeadersOption } from '../transports/network-options.js';
import { SseTransport } from '../transports/sse/sse-transport.js';
import type { StdioTransportOptions } from '../transports/stdio/stdio-options.js';
import { StdioTransport } from '../transports/stdio/stdio-transport.js';
import { MCPTransport } from '../transports/transport.js';
import { WebSocketTransport } from '../transports/websocket/websocket-transport.js';
import { describeValue, oneOfThese, unusableOption } from '../option-checks.js';

/** An entry of an `mcpServers` file that starts a process. Keys of other programs, such as `disabled`, are ignored. */
export interface StdioServerEntry {
  readonly command: string;
  /** Numbers and booleans become text. */
  readonly args?: readonly (string | number | boolean)[] | null | undefined;
  /** Numbers and booleans become text. */
  readonly env?: StdioTransportOptions['env'] | null;
  readonly cwd?: string | null | undefined;
  /** `"stdio"` or `"local"`, in some files. */
  readonly type?: string | null | undefined;
  readonly url?: null | undefined;
}

/** The fields besides the URL of an entry of an `mcpServers` file. */
export interface NetworkServerEntry {
  readonly headers?: HeadersOption | null | undefined;
  /** `"http"`, `"streamable-http"`, `"sse"` (only HTTP+SSE of 2024-11-05) or `"ws"`, in some files. */
  readonly type?: string | null | undefined;
  readonly command?: null | undefined;
}

/**
 * An entry of an `mcpServers` file for a server over HTTP, or over a WebSocket if its URL begins with `ws:` or `wss:`. Keys of other
 * programs, such as `disabled`, are ignored.
 */
export interface HttpServerEntry extends NetworkServerEntry {
  readonly url: string | URL;
}

/** Like {@link HttpServerEntry}, with another key for the URL, which some programs write. */
export type OtherHttpServerEntry = NetworkServerEntry &
  ({ readonly serverUrl: string } | { readonly httpUrl: string }) & { readonly url?: null | undefined };

/** The server of a client: a transport, a URL, or an entry of an `mcpServers` file. */
export type ConnectTarget = MCPTransport | string | URL | StdioServerEntry | HttpServerEntry | OtherHttpServerEntry;

/** Connects a new client. Disposes it if this fails, because the caller of a static `connect` has no reference to it. */
export async function connectOrDispose(client: AsyncDisposable, connect: () => Promise<unknown>): Promise<void> {
  try {
    await connect();
  } catch (thrown) {
    // Not awaited: the caller need not wait until a process has exited.
    void client[Symbol.asyncDispose]();
    throw thrown;
  }
}

/**
 * Creates the transport for a target, without opening a link.
 * @throws MCPError with code `MCP_INVALID_PARAMS`; it describes valid targets, and shows no value that may be a secret
 */
export function transportFor(target: ConnectTarget): MCPTransport {
  // A config file may contain any value, and the transport may come from another copy of this package.
  const given: unknown = target;
  if (isTransport(given)) return given;
  if (given instanceof URL) return networkTransportFor(given, {});
  if (typeof given === 'string') return networkTransportFor(checkedText(given), {});
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return transportForEntry(given as Entry);
  const expected = Array.isArray(given) ? `${A_TARGET}; an entry has \`command\` and \`args\`` : A_TARGET;
  throw unusableOption('target', expected, describeValue(given));
}

const A_TARGET = 'a URL, a server entry or a transport';
const SCHEMES = ['http:', 'https:', 'ws:', 'wss:'];
const A_URL = 'a URL that begins with http://, https://, ws:// or wss://';

/** Whether a target is a transport, perhaps of another copy of this package. */
export function isTransport(value: unknown): value is MCPTransport {
  if (value instanceof MCPTransport) return true;
  return typeof (value as { openLink?: unknown } | null | undefined)?.openLink === 'function';
}

/** Checks the URL of a server. */
function checkedText(text: string): string {
  const trimmed = text.trim();
  if (URL.canParse(trimmed) && SCHEMES.includes(new URL(trimmed).protocol)) return trimmed;
  const [expected, received] = adviceFor(trimmed);
  throw unusableOption('target', expected, received);
}

/** Describes the valid and the given value, for an error. Only a host or the name of a program is quoted from the text. */
function adviceFor(text: string): [expected: string, received: string] {
  if (text === '') return [A_TARGET, 'an empty string'];
  const url = suggestedUrl(text, ['http:', 'https:']);
  if (url !== undefined) return [`a URL such as "${url}"`, 'a string that does not begin with http:// or https://'];
  if (/^[[{]/.test(text)) return [`${A_TARGET}: parse it with JSON.parse`, 'a string of JSON'];
  const command = commandIn(text);
  if (command === undefined) return [A_URL, 'another string'];
  return [`a URL, or to start a program an entry such as ${command}`, 'a string that is not a URL'];
}

/** The entry for a text that is a command line or the path of a program. */
function commandIn(text: string): string | undefined {
  const [, program] = /^([\w./\\:@~-]{1,60})\s+\S/.exec(text) ?? [];
  if (program !== undefined) return `{ command: ${JSON.stringify(program)}, args: […] }`;
  if (!/^(?:file:|\.{0,2}[\\/]|~[\\/]|[a-z]:[\\/])|\.(?:[cm]?[jt]s|py|sh|exe|cmd|bat|jar)$/i.test(text))
    return undefined;
  if (/\.[cm]?[jt]s$/i.test(text)) return '{ command: "node", args: [path] }';
  return /\.py$/i.test(text) ? '{ command: "python", args: [path] }' : '{ command: path, args: […] }';
}

/** An unchecked entry. */
type Entry = Readonly<Record<string, unknown>>;

/** Keys of the URL. `httpUrl` implies HTTP. */
const URL_KEYS = ['httpUrl', 'url', 'serverUrl'] as const;

type Kind = 'stdio' | 'http' | 'sse' | 'ws';

/** Values of `type`, in lower case and without hyphens. */
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['stdio', 'stdio'],
  ['local', 'stdio'],
  ['http', 'http'],
  ['streamablehttp', 'http'],
  ['sse', 'sse'],
  ['ws', 'ws'],
  ['websocket', 'ws'],
]);

function transportForEntry(entry: Entry): MCPTransport {
  const { command } = entry;
  const addresses = URL_KEYS.filter((name) => entry[name] != null);
  const [key] = addresses;
  if (command == null && key === undefined) throw notAnEntry(entry);
  const kind = kindOf(entry) ?? (key === 'httpUrl' && command == null ? 'http' : undefined);
  if (kind === undefined && command != null && key !== undefined)
    throw unusableOption('entry', `\`command\` or \`${key}\`, or a \`type\` that selects one of them`, 'both');
  if (kind === 'stdio' || key === undefined) {
    if (command == null) throw unusableOption('command', 'the name of a program, because `type` is "stdio"', 'nothing');
    if (kind !== undefined && kind !== 'stdio')
      throw unusableOption('url', `a URL, because \`type\` is "${kind}"`, 'nothing');
    return stdioTransportFor(entry);
  }
  const other = addresses.find((name) => String(entry[name]) !== String(entry[key]));
  if (other !== undefined)
    throw unusableOption(other, `the same value as \`${key}\`, because both are the URL`, 'another value');
  return networkTransportFor(entry[key] as string, entry, kind);
}

function kindOf(entry: Entry): Kind | undefined {
  const { type } = entry;
  if (type == null) return undefined;
  const kind = typeof type === 'string' ? KINDS.get(type.toLowerCase().replace(/[-_ ]/g, '')) : undefined;
  if (kind !== undefined) return kind;
  throw unusableOption(
    'type',
    oneOfThese(['stdio', 'http', 'sse', 'ws']),
    typeof type === 'string' ? 'another string' : describeValue(type),
  );
}

function stdioTransportFor({ command, args, env, cwd }: Entry): StdioTransport {
  const texts = Array.isArray(args) ? args.map((arg: unknown) => (isPlain(arg) ? String(arg) : arg)) : args;
  return new StdioTransport(command as string, (texts ?? []) as string[], {
    env: (env ?? undefined) as StdioTransportOptions['env'],
    cwd: (cwd ?? undefined) as string | undefined,
  });
}

/** Whether a value may be converted to text. */
function isPlain(value: unknown): boolean {
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}

function networkTransportFor(url: string | URL, entry: Entry, kind?: Kind): MCPTransport {
  const headers = (entry.headers ?? undefined) as HeadersOption | undefined;
  if (kind === 'sse') return new SseTransport(url, undefined, { headers });
  const webSocket = kind === undefined ? /^\s*wss?:/i.test(String(url)) : kind === 'ws';
  return webSocket ? new WebSocketTransport(url, { headers }) : new HttpTransport(url, { headers });
}

/** The keys of the entries in config files of several programs. */
const SERVER_KEYS = ['mcpServers', 'servers', 'context_servers', 'mcp_servers', 'mcp'];
/** The maximum number of server names in an error. */
const MAX_NAMES = 20;

/** The error for an object that is not an entry: it may be a whole config file, or an entry with a misspelled key. */
function notAnEntry(entry: Entry): Error {
  const key = SERVER_KEYS.find((name) => namesIn(entry[name]).length > 0);
  const names = namesIn(key === undefined ? entry : entry[key]);
  if (names.length > 0) {
    const shown = names.slice(0, MAX_NAMES).map((name) => JSON.stringify(name));
    const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
    const such = key === undefined ? '' : `, such as file.${key}[${shown[0]}]`;
    return unusableOption('target', `one of its entries${such}`, `all servers of a file: ${shown.join(', ')}${more}`);
  }
  const keys = ['command', ...URL_KEYS];
  const wrong = Object.keys(entry).find((name) => closest(name, keys) !== undefined);
  const meant = wrong === undefined ? undefined : closest(wrong, keys);
  const isMistake = wrong !== undefined && meant !== undefined && wrong !== meant;
  const received = isMistake ? `one with "${wrong}": did you mean "${meant}"?` : 'one with neither';
  return unusableOption('target', 'an entry with `command` (a program) or `url`', received);
}

/** The names of the servers in an object of entries by name. */
function namesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const isEntry = (one: unknown): boolean =>
    typeof one === 'object' && one !== null && ['command', ...URL_KEYS].some((name) => name in one);
  return Object.entries(value).flatMap(([name, one]) => (isEntry(one) ? [name] : []));
}
