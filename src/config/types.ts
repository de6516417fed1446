import type { MCPClientOptions } from '../api/options/options.js';
import type { ConnectTarget } from '../api/connect-target.js';
import type { ConfigFiles } from './files.js';
import type { TrustStore } from './trust/trust-store.js';

/** The names of the sources, in the order of their precedence within a folder. A source is a program that owns config files. */
export const SOURCE_NAMES = [
  'mcp-actors',
  'claude-code',
  'claude-desktop',
  'vscode',
  'copilot',
  'cursor',
  'windsurf',
  'cline',
  'zed',
  'codex',
  'gemini',
  'opencode',
  'continue',
  'goose',
  'mcporter',
  'inspector',
] as const;

/** A program that owns config files. `'mcp-actors'` is this package: `.mcp.json` of a project, and `mcp.json` of the user. */
export type SourceName = (typeof SOURCE_NAMES)[number];

/** The transport of an entry. `'unknown'`: the entry has neither a command nor a URL. */
export type ServerTransport = 'stdio' | 'http' | 'sse' | 'websocket' | 'unknown';

/**
 * What a {@link ConfigProblem} is about. Programs may compare it.
 *
 * - `syntax`: the file is not JSON, TOML or YAML. None of its servers can be started.
 * - `file-unreadable`: a config file, or a file that an entry names, cannot be read.
 * - `invalid-file`, `invalid-entry`, `invalid-value`: a value has the wrong type, or is out of range.
 * - `unknown-key`: no key of the program that owns the file.
 * - `duplicate-key`: a key or a name is used twice in one object; the last one counts, of a list the first one.
 * - `unknown-type`, `no-transport`, `ambiguous-transport`: it is not clear how to reach the server.
 * - `unset-variable`, `unsupported-variable`, `foreign-variable`, `missing-input`: a variable has no value here.
 * - `untrusted`: the entry is of a project file, and the user has not agreed to it.
 * - `trust-store`: the remembered agreements cannot be read or written.
 */
export type ConfigProblemCode =
  | 'syntax'
  | 'file-unreadable'
  | 'invalid-file'
  | 'invalid-entry'
  | 'invalid-value'
  | 'unknown-key'
  | 'duplicate-key'
  | 'unknown-type'
  | 'no-transport'
  | 'ambiguous-transport'
  | 'unset-variable'
  | 'unsupported-variable'
  | 'foreign-variable'
  | 'missing-input'
  | 'untrusted'
  | 'trust-store';

/** Something in a config file that is wrong or has no effect. The message never contains values of variables, headers or inputs. */
export interface ConfigProblem {
  /** A sentence in English. Its wording may change. */
  readonly message: string;
  readonly file: string;
  /** The line in the file, from 1. */
  readonly line: number;
  /** The column in the line, from 1, if it is known. */
  readonly column?: number | undefined;
  /** The name of the server, if it is about one. */
  readonly server?: string | undefined;
  /** With an `'error'` the server cannot be started; a `'warning'` changes nothing. */
  readonly level: 'error' | 'warning';
  readonly code: ConfigProblemCode;
}

/** The place of an entry. */
export interface ServerSource {
  /** The program that owns the file. */
  readonly client: SourceName;
  readonly file: string;
  /** The line of the entry in the file, from 1. */
  readonly line: number;
  /** Whether the file belongs to a project, which may come from another person, or to the user. */
  readonly scope: 'project' | 'user';
}

/** Which tools of a server are used. `exclude` wins. */
export interface ToolFilter {
  /** The names of the only tools to use. Default: all. */
  readonly include?: readonly string[] | undefined;
  /** The names of tools not to use. Default: none. */
  readonly exclude?: readonly string[] | undefined;
}

/** What an entry contains about sign-in, for `oauth()` of `mcp-actors/auth`. */
export interface ConfiguredAuth {
  /** False if the entry forbids to sign in. */
  readonly enabled: boolean;
  readonly clientId?: string | undefined;
  /** A secret. It is not part of the JSON of a server. */
  readonly clientSecret?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  /** The parameter `resource` of RFC 8707. */
  readonly resource?: string | undefined;
  readonly redirectUri?: string | undefined;
  /** The port of the redirect URI on this machine. */
  readonly callbackPort?: number | undefined;
  /** The URL of the metadata of the authorization server. RFC 8414. */
  readonly metadataUrl?: string | undefined;
}

/** The member `"mcpActors"` of an entry: settings that only this package reads. */
export interface ServerSettings {
  /** Whether the server is started with the first call. */
  readonly lazy?: boolean | undefined;
  /** How long the server may be idle before it is stopped, in ms. */
  readonly idleTimeout?: number | undefined;
  /** The most calls at the same time. */
  readonly concurrency?: number | undefined;
  /** The era or revision of the server. It is also in `options`. */
  readonly era?: string | undefined;
  /** Whether the server stays running between commands. */
  readonly keep?: boolean | undefined;
  /** How many copies of the server run. */
  readonly replicas?: number | undefined;
  /** Whether the tools are compared with the lock file, or the path of this file. */
  readonly pin?: boolean | string | undefined;
}

/** Options of an {@link MCPClient} that an entry can set. Times are in ms. */
export type ServerOptions = Pick<MCPClientOptions, 'timeout' | 'connectTimeout' | 'era'>;

/**
 * An entry without secrets: commands, arguments and URLs as they are written in the file, with `${VARIABLE}` in place of values, and only the
 * names of variables and headers. It can be shown and logged. Control characters are removed.
 */
export interface ServerDescription {
  readonly name: string;
  readonly transport: ServerTransport;
  readonly command?: string | undefined;
  /** Arguments; values that look like secrets are replaced by `…`. */
  readonly args?: readonly string[] | undefined;
  readonly cwd?: string | undefined;
  /** The names of the environment variables for the server. */
  readonly env?: readonly string[] | undefined;
  readonly envFile?: string | undefined;
  /** The URL, without credentials and values of its query. */
  readonly url?: string | undefined;
  /** The names of the headers. */
  readonly headers?: readonly string[] | undefined;
  /** A command that prints headers. */
  readonly headersHelper?: string | undefined;
}

/** An entry of a project file for the option `trust`: show it to the user. */
export interface UntrustedEntry extends ServerDescription {
  readonly source: ServerSource;
  /** Whether the user has agreed to another version of this entry. */
  readonly changed: boolean;
  /** The hash that is remembered: it changes with every part of the entry that could change what is started. */
  readonly hash: string;
}

/** The JSON of a {@link ConfiguredServer}. It contains no secrets. */
export interface ConfiguredServerJson extends ServerDescription {
  readonly enabled: boolean;
  readonly trusted: boolean;
  readonly usable: boolean;
  readonly options: ServerOptions;
  readonly tools: ToolFilter;
  readonly auth?: Omit<ConfiguredAuth, 'clientSecret'> | undefined;
  readonly settings: ServerSettings;
  readonly source: ServerSource;
  readonly hiddenBy?: ServerSource | undefined;
  readonly problems: readonly ConfigProblem[];
}

/** A server of a config file. */
export interface ConfiguredServer {
  readonly name: string;
  /**
   * The first argument of `MCPClient.connect`; undefined when the server cannot be started, which `problems` explains. It contains secrets. An
   * entry with a `headersHelper` has a transport here, a new one each time the property is read: its command runs when a client connects.
   */
  readonly target: ConnectTarget | undefined;
  /** The second argument of `MCPClient.connect`. */
  readonly options: ServerOptions;
  readonly transport: ServerTransport;
  /** False if the entry is switched off. Its `target` is set nevertheless. */
  readonly enabled: boolean;
  /** False for an entry of a project file to which the user has not agreed. Its `target` is undefined. */
  readonly trusted: boolean;
  readonly tools: ToolFilter;
  readonly auth?: ConfiguredAuth | undefined;
  readonly settings: ServerSettings;
  /** The entry without secrets. */
  readonly description: ServerDescription;
  readonly source: ServerSource;
  /** The entry with the same name that is used in place of this one. */
  readonly hiddenBy?: ServerSource | undefined;
  readonly problems: readonly ConfigProblem[];
  /** The server without secrets, for `JSON.stringify` and `console.log`. */
  toJSON(): ConfiguredServerJson;
}

/** A value that VS Code asks for: `${input:id}`. */
export interface ConfigInput {
  readonly id: string;
  readonly description?: string | undefined;
  /** Whether what is typed must not be visible. */
  readonly password: boolean;
  readonly default?: string | undefined;
  /** The allowed values of a `pickString`. */
  readonly options?: readonly string[] | undefined;
}

/** Options of {@link loadServers}. Without options it reads the files of this machine and refuses the entries of project files. */
export interface LoadServersOptions {
  /** The folder whose project files are read, with the folders above it up to the root of the repository. Default: that of this process. */
  readonly cwd?: string | undefined;
  /** The home folder of the user. Default: `os.homedir()`. */
  readonly home?: string | undefined;
  /** Decides where files are and how paths are written. Default: that of this process. */
  readonly platform?: NodeJS.Platform | undefined;
  /** The values of variables. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Reads files. Default: the file system. */
  readonly files?: ConfigFiles | undefined;
  /** The sources to read. Default: all. */
  readonly sources?: readonly SourceName[] | undefined;
  /** The path of the only file to read. Its format follows from its name and its content. Default: the files of `sources`. */
  readonly config?: string | undefined;
  /**
   * Decides about entries of project files to which the user has not agreed yet: true for all, or a list with an answer for each. Called once per
   * file. Agreements are remembered in `trustStore`. Default: all are refused.
   */
  readonly trust?:
    | ((entries: readonly UntrustedEntry[]) => boolean | readonly boolean[] | Promise<boolean | readonly boolean[]>)
    | undefined;
  /** Remembers agreements. Default: {@link fileTrustStore}, or with `files` none. */
  readonly trustStore?: TrustStore | undefined;
  /**
   * Asks the user for an input of VS Code; undefined if the user gave none. Called once per input of a file, for entries that are trusted, after the
   * variable `MCP_INPUT_<ID>`. Default: the default of the input.
   */
  readonly input?: ((input: ConfigInput) => Promise<string | undefined>) | undefined;
  /** The names of the servers for which the user may be asked, by `trust` and `input`. Other servers are loaded, too. Default: all. */
  readonly only?: readonly string[] | undefined;
  /** Replaces variables that are not set by nothing, instead of refusing to start the server. Default false. */
  readonly allowUnset?: boolean | undefined;
}

/** The result of {@link loadServers}. */
export interface LoadedServers {
  /** The servers by name. Also servers that are switched off, not trusted, or cannot be started. */
  readonly servers: ReadonlyMap<string, ConfiguredServer>;
  /** Servers that have the same name as one of `servers`, from files of lower precedence. */
  readonly hidden: readonly ConfiguredServer[];
  /** The problems of all files and servers. */
  readonly problems: readonly ConfigProblem[];
}
