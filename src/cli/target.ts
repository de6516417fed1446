import type { MCPClientOptions } from '../api/options/options.js';
import type { ConnectTarget } from '../api/connect-target.js';
import type { OAuth } from '../auth/oauth-object.js';
import type { ConfiguredAuth, ConfiguredServer, ToolFilter } from '../config/types.js';
import type { Secrets } from '../transports/secrets.js';
import type { MCPTransport } from '../transports/transport.js';
import type { CommandContext } from './command-context.js';
import { CommandError } from './exit-codes.js';
import { headersOf, variablesOf } from './headers.js';
import { fileLength, shownWord } from './server-name.js';
import { signsIn, storedSignIn } from './sign-in/stored-sign-in.js';
import { oneLine } from './terminal.js';

/** Flags of every command that connects to a server. */
export interface TargetFlags {
  readonly header?: readonly string[] | undefined;
  readonly env?: readonly string[] | undefined;
  readonly cwd?: string | undefined;
  readonly transport?: 'http' | 'sse' | 'ws' | undefined;
  readonly config?: string | undefined;
  readonly trust?: boolean | undefined;
  readonly account?: string | undefined;
}

/** A server that a command connects to. */
export interface Target {
  /** What the user called it: a name, a URL, or the program. */
  readonly label: string;
  /** Creates the transport. Nothing is started before a client connects. */
  readonly transport: () => Promise<MCPTransport>;
  /** The same with another sign-in than the stored one. Undefined for servers that have no sign-in. */
  readonly transportWith?: ((auth: OAuth) => Promise<MCPTransport>) | undefined;
  readonly options: MCPClientOptions;
  /** The URL of the server; undefined for one that is started. */
  readonly url?: string | undefined;
  /** The entry of a config file; undefined for a URL or a command line. */
  readonly entry?: ConfiguredServer | undefined;
  /** The tools that may be used. */
  readonly tools?: ToolFilter | undefined;
  /** What makes the server the same one as in an earlier command, without secrets. */
  readonly identity: unknown;
}

const IS_URL = /^(?:https?|wss?):\/\//i;

/** Whether a word is a URL, and not the name of a server. */
export function isUrl(word: string): boolean {
  return IS_URL.test(word);
}

/**
 * Refuses flags that do not fit the server. A flag without effect looks like one that does not help.
 * @param isStarted whether the server is a program that is started, not a URL
 * @throws CommandError that names the flag
 */
function checkFlags(isStarted: boolean, label: string, flags: TargetFlags): void {
  const wrong = isStarted
    ? [flags.header && '--header', flags.transport && '--transport'].find(Boolean)
    : [flags.env && '--env', flags.cwd && '--cwd'].find(Boolean);
  if (wrong === undefined) return;
  const [needed, kind] = isStarted ? ['a server at a URL', 'is started'] : ['a server that is started', 'is at a URL'];
  throw new CommandError(`${wrong} is for ${needed}, and "${label}" ${kind}.`);
}

/**
 * Refuses flags that are for one server, where several are used: a secret would reach each of them.
 * @throws CommandError that names the flag
 */
export function checkFlagsOfAll(flags: TargetFlags): void {
  const wrong = [flags.header && '--header', flags.env && '--env', flags.cwd && '--cwd'].find(Boolean);
  if (wrong) throw new CommandError(`${wrong} is for one server: name the server before the flags.`);
}

/** The words of a command that has a target and an item, such as a tool. */
export interface Words {
  readonly target: string | undefined;
  readonly item: string | undefined;
  readonly rest: readonly string[];
}

/**
 * Splits the words of a command into target, item and the rest. After `--` there is a command line in place of a target; `server.tool` is a
 * target and an item in one word.
 */
export function splitWords(words: readonly string[], { serverCommand }: Pick<CommandContext, 'serverCommand'>): Words {
  const [first, second, ...others] = words;
  if (serverCommand !== undefined) return { target: undefined, item: first, rest: words.slice(1) };
  if (first === undefined || isUrl(first)) return { target: first, item: second, rest: others };
  const isItem = second !== undefined && !/^(?:\{|[^=]+:?=)/.test(second);
  const dot = first.lastIndexOf('.');
  // A dot in a path, or the one of `mcp.json:linear`, does not begin an item.
  const start = Math.max(first.lastIndexOf('/'), first.lastIndexOf('\\'), fileLength(first)) + 1;
  if (isItem || dot <= start || dot === first.length - 1) return { target: first, item: second, rest: others };
  return { target: first.slice(0, dot), item: first.slice(dot + 1), rest: words.slice(1) };
}

/**
 * Finds the server that the user named: a URL, the command line after `--`, or an entry of a config file.
 * @throws CommandError if there is none, with the nearest name
 */
export async function findTarget(
  word: string | undefined,
  flags: TargetFlags,
  context: CommandContext,
): Promise<Target> {
  const { serverCommand } = context;
  if (serverCommand !== undefined && word !== undefined)
    throw new CommandError(
      `"${shownWord(word)}" is a target, and the command line after "--" is one too.`,
      undefined,
      'Give one of them.',
    );
  if (serverCommand !== undefined) return targetOfCommand(serverCommand, flags, context);
  if (word === undefined) throw new CommandError('Which server? Name a server, a URL, or a command line after "--".');
  if (isUrl(word)) return targetOfUrl(word, flags, context);
  const { checkUsable, configuredServer } = await import('./config-target.js');
  const server = await configuredServer(word, flags, context);
  checkUsable(server);
  return targetOfOne(server, flags, context);
}

/**
 * The target for the entry that the user named.
 * @throws CommandError for flags that do not fit it
 */
export function targetOfOne(server: ConfiguredServer, flags: TargetFlags, context: CommandContext): Target {
  checkFlags(server.description.url === undefined, oneLine(server.name, 60), flags);
  return targetOfServer(server, flags, context);
}

/** The target for an entry of a config file. The entry must be usable. */
export function targetOfServer(server: ConfiguredServer, flags: TargetFlags, context: CommandContext): Target {
  const { name, description, options, tools, auth } = server;
  return {
    label: oneLine(name, 60),
    url: description.url,
    entry: server,
    tools,
    options,
    identity: description,
    // Read late: an entry with a command for headers has a new transport each time.
    transport: async () => transportOfEntry(server.target, auth, flags, context),
    ...(hasSignIn(server, flags) && {
      transportWith: async (given) => transportOfEntry(server.target, auth, flags, context, given),
    }),
  };
}

/** Whether a person can sign in to the server of an entry. */
function hasSignIn({ description, auth }: ConfiguredServer, flags: TargetFlags): boolean {
  const { url, headers = [], transport } = description;
  if (url === undefined || auth?.enabled === false) return false;
  const kind = flags.transport ?? (transport === 'websocket' ? 'ws' : undefined);
  const given = (flags.header ?? []).map((line) => line.replace(/\s*:.*$/s, ''));
  return !isWebSocket(url, kind) && !signsIn([...headers, ...given]);
}

async function transportOfEntry(
  entry: ConnectTarget | undefined,
  auth: ConfiguredAuth | undefined,
  flags: TargetFlags,
  context: CommandContext,
  given?: OAuth,
): Promise<MCPTransport> {
  const { isTransport, transportFor } = await import('../api/connect-target.js');
  if (entry === undefined) throw new CommandError('The server cannot be started.');
  if (typeof entry === 'string' || entry instanceof URL || isTransport(entry)) return transportFor(entry);
  if ('command' in entry && entry.command != null) {
    const { StdioTransport } = await import('../transports/stdio/stdio-transport.js');
    const { command, args, env, cwd } = entry;
    const transport: MCPTransport = new StdioTransport(command, (args ?? []).map(String), {
      env: flags.env === undefined ? (env ?? undefined) : { ...env, ...variablesOf(flags.env, context.env) },
      cwd: flags.cwd ?? cwd ?? undefined,
      onStderr: stderrPrinter(context, () => transport.secrets),
    });
    return transport;
  }
  if (!('url' in entry) || entry.url == null) return transportFor(entry);
  const headers = {
    ...(entry.headers as Record<string, string> | undefined),
    ...headersOf(flags.header ?? [], context),
  };
  const kind = entry.type === 'sse' || entry.type === 'ws' ? entry.type : undefined;
  return networkTransport(String(entry.url), flags.transport ?? kind, headers, flags, auth, given);
}

function targetOfCommand(words: readonly string[], flags: TargetFlags, context: CommandContext): Target {
  const [command, ...args] = words;
  if (command === undefined) throw new CommandError('"--" must be followed by the command line of a server.');
  checkFlags(true, oneLine(command, 60), flags);
  const env = variablesOf(flags.env ?? [], context.env);
  return {
    label: command,
    options: {},
    identity: { command, args, cwd: flags.cwd ?? context.cwd },
    transport: async () => {
      const { StdioTransport } = await import('../transports/stdio/stdio-transport.js');
      const onStderr = stderrPrinter(context, () => transport.secrets);
      const transport: MCPTransport = new StdioTransport(command, args, { env, cwd: flags.cwd, onStderr });
      return transport;
    },
  };
}

/** Prints what a server writes to stderr, with `--verbose`: without the secrets that it was given. */
export function stderrPrinter(
  { terminal }: Pick<CommandContext, 'terminal'>,
  secrets: () => Pick<Secrets, 'hide'>,
): ((text: string) => void) | undefined {
  if (!terminal.verbose) return undefined;
  return (text) => {
    for (const line of secrets().hide(text).split('\n'))
      if (line.trim() !== '') terminal.note(terminal.styleNote('faint', `stderr: ${oneLine(line)}`));
  };
}

function targetOfUrl(word: string, flags: TargetFlags, context: CommandContext): Target {
  if (!URL.canParse(word)) throw new CommandError(`"${shownWord(word)}" is not a URL.`);
  const url = new URL(word);
  checkFlags(false, `${url.origin}${url.pathname}`, flags);
  const headers = headersOf(flags.header ?? [], context);
  return {
    label: `${url.origin}${url.pathname}`,
    options: {},
    // Without the query and the password, which may be secrets.
    identity: { url: `${url.origin}${url.pathname}`, transport: flags.transport },
    transport: async () => networkTransport(word, flags.transport, headers, flags),
    url: word,
    ...signInOf(word, flags.transport, headers, flags),
  };
}

function isWebSocket(url: string, kind: TargetFlags['transport']): boolean {
  return kind === 'ws' || (kind === undefined && /^wss?:/i.test(url));
}

/** How a person signs in to the server at a URL. A WebSocket, and a server that gets a header in place of tokens, have no sign-in. */
export function signInOf(
  url: string,
  kind: TargetFlags['transport'],
  headers: Readonly<Record<string, string>>,
  flags: TargetFlags,
): Pick<Target, 'transportWith'> {
  if (isWebSocket(url, kind) || signsIn(Object.keys(headers))) return {};
  return { transportWith: (auth) => networkTransport(url, kind, headers, flags, undefined, auth) };
}

/** The transport for a URL, with the tokens of an earlier sign-in unless another one is given. */
export async function networkTransport(
  url: string,
  kind: TargetFlags['transport'],
  headers: Readonly<Record<string, string>>,
  flags: TargetFlags,
  entry?: ConfiguredAuth,
  given?: OAuth,
): Promise<MCPTransport> {
  if (isWebSocket(url, kind)) {
    const { WebSocketTransport } = await import('../transports/websocket/websocket-transport.js');
    return new WebSocketTransport(url, { headers });
  }
  const auth = given ?? (await storedSignIn(url, headers, flags, entry));
  if (kind === 'sse') {
    const { SseTransport } = await import('../transports/sse/sse-transport.js');
    return new SseTransport(url, undefined, { headers, auth });
  }
  const { HttpTransport } = await import('../transports/http/http-transport.js');
  return new HttpTransport(url, { headers, auth });
}
