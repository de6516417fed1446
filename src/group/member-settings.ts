import type { ConnectTarget } from '../api/connect-target.js';
import { isTransport } from '../api/connect-target.js';
import type { MCPConnectionOptions } from '../api/options/mcp-connection-options.js';
import { raise } from '../errors.js';
import { invalidOption, isPlainObject, isWholeNumber, optionNames, OptionReader } from '../option-checks.js';
import { safeText } from '../util/printable.js';
import type { GroupToolFilter } from './tool-filter.js';

/** Settings of a server that groups use. `loadServers` reads them from the member `mcpActors` of an entry. */
export interface GroupServerSettings {
  /** Whether the server is started with the first call that needs it, and not by `connect()`. Default: the option of the group. */
  readonly lazy?: boolean | undefined;
  /**
   * How long the server may be idle before it is put to sleep, in ms; Infinity for no limit. A server is not idle while a call, a subscription
   * or a server request is open. Default: the option of the group.
   */
  readonly idleTimeout?: number | undefined;
  /** The most calls at the same time. Default: no limit besides that of the group. */
  readonly concurrency?: number | undefined;
  /** Whether the server never sleeps. Default false. */
  readonly keep?: boolean | undefined;
}

/** A server of a group, with settings. */
export interface GroupServer extends GroupServerSettings {
  /** A transport, a URL, or one entry of an `mcpServers` file. A transport belongs to one group only. */
  readonly target: ConnectTarget;
  /** Options of its {@link MCPConnection}. They override the option `defaults` of the group. */
  readonly options?: MCPConnectionOptions | undefined;
  /** The tools that may be used. Default: all. */
  readonly tools?: GroupToolFilter | undefined;
}

/** The parts of a server of `loadServers` that groups use: see `ConfiguredServer` of `mcp-actors/config`. */
export interface GroupConfiguredServer {
  readonly target: ConnectTarget | undefined;
  readonly options: MCPConnectionOptions;
  readonly enabled: boolean;
  readonly trusted: boolean;
  readonly tools: GroupToolFilter;
  readonly settings: GroupServerSettings;
  /** The entry without secrets. It selects the entry of the list cache. */
  readonly description: object;
  readonly problems: readonly { readonly level: string; readonly message: string }[];
}

/** A server of a group: what `loadServers` returns, a target, or a target with settings. */
export type GroupServerInput = ConnectTarget | GroupServer | GroupConfiguredServer;

/** The servers of a group, by name. */
export type GroupServers = ReadonlyMap<string, GroupServerInput> | Readonly<Record<string, GroupServerInput>>;

/** A server that is started when it is needed, with all settings. */
export interface MemberSettings {
  readonly target: ConnectTarget;
  readonly options: MCPConnectionOptions;
  readonly lazy: boolean;
  readonly idleTimeout: number;
  readonly concurrency: number;
  readonly tools: GroupToolFilter | undefined;
  /** The part of a config entry that selects the entry of the list cache. */
  readonly description: object | undefined;
}

/** A server that is not started. */
export interface ExcludedServer {
  readonly status: 'disabled' | 'untrusted' | 'invalid';
  readonly reason: string;
}

/** The defaults of settings. */
export interface SettingsDefaults {
  readonly lazy: boolean;
  readonly idleTimeout: number;
  readonly defaults: MCPConnectionOptions;
}

const NAMES = optionNames<GroupServer>({
  target: true,
  options: true,
  tools: true,
  lazy: true,
  idleTimeout: true,
  concurrency: true,
  keep: true,
});
const FILTER = optionNames<GroupToolFilter>({ include: true, exclude: true });
const A_LIMIT = 'a whole number above 0, or Infinity';

/** Whether a value may limit a number of things. */
export function isLimit(value: unknown): value is number {
  return value === Infinity || isWholeNumber(value);
}

/** The names and servers of a Map or an object. */
export function entriesOf(servers: GroupServers): [string, GroupServerInput][] {
  const given: unknown = servers;
  if (given instanceof Map) return [...(given as Map<string, GroupServerInput>)];
  if (!isPlainObject(given)) throw invalidOption('servers', 'a Map or an object of servers by name', given);
  const { servers: inner } = given as { readonly servers?: unknown };
  if (inner instanceof Map) {
    throw invalidOption('servers', 'the member `servers` of the result of loadServers()', given);
  }
  return Object.entries(given as Record<string, GroupServerInput>);
}

/**
 * Reads a server of a group.
 * @throws MCPError with code `MCP_INVALID_PARAMS` for an unknown or invalid setting
 */
export function memberSettings(
  name: string,
  input: GroupServerInput,
  defaults: SettingsDefaults,
): MemberSettings | ExcludedServer {
  if (name === '') throw invalidOption('servers', 'names that are not empty', name);
  if (isConfigured(input)) return fromConfig(name, input, defaults);
  if (!isWithSettings(input)) {
    refuseMisplaced(name, input);
    return settingsFrom(name, { target: input }, defaults);
  }
  return settingsFrom(name, input, defaults);
}

/** The settings that no entry of a program has beside its command or URL. `tools` is a list there. */
const SETTINGS = ['options', 'lazy', 'idleTimeout', 'concurrency', 'keep', 'tools'] as const;

/** Refuses settings inside of a target, where they would have no effect. */
function refuseMisplaced(name: string, target: ConnectTarget): void {
  if (!isPlainObject(target) || isTransport(target)) return;
  const given = target as unknown as Readonly<Record<string, unknown>>;
  const field = SETTINGS.find((one) => given[one] !== undefined && !(one === 'tools' && Array.isArray(given[one])));
  if (field === undefined) return;
  raise(
    `The server "${safeText(name)}" has the setting ${field} inside of its target: write { target: { … }, ${field} }`,
    {
      code: 'MCP_INVALID_PARAMS',
      delivery: 'not-sent',
      details: { field, expected: 'a setting beside `target`', received: 'a setting inside of the target' },
    },
  );
}

function isConfigured(input: GroupServerInput): input is GroupConfiguredServer {
  return isPlainObject(input) && 'settings' in input && 'trusted' in input && 'description' in input;
}

function isWithSettings(input: GroupServerInput): input is GroupServer {
  return isPlainObject(input) && 'target' in input && !isTransport(input);
}

function fromConfig(
  name: string,
  server: GroupConfiguredServer,
  defaults: SettingsDefaults,
): MemberSettings | ExcludedServer {
  const { enabled, trusted, tools, settings, description, problems, options } = server;
  if (!enabled) return { status: 'disabled', reason: 'The entry is switched off' };
  if (!trusted)
    return { status: 'untrusted', reason: 'It is an entry of a project file to which the user has not agreed' };
  const { target } = server;
  if (target === undefined) {
    const why = problems.filter(({ level }) => level === 'error').map(({ message }) => message);
    return { status: 'invalid', reason: why.join('; ') || 'The entry cannot be used' };
  }
  const { lazy, idleTimeout, concurrency, keep } = settings;
  const { description: _none, ...read } = settingsFrom(
    name,
    { target, options, tools, lazy, idleTimeout, concurrency, keep },
    defaults,
  );
  return { ...read, description };
}

function settingsFrom(name: string, server: GroupServer, defaults: SettingsDefaults): MemberSettings {
  const owner = `The server "${name}"`;
  const read = OptionReader.of(owner, server, NAMES);
  read.optional('idleTimeout', (value) => typeof value === 'number' && value > 0, 'a positive number of milliseconds');
  read.optional('concurrency', isLimit, A_LIMIT);
  read.optional('options', isPlainObject, 'an object');
  const { include, exclude } = server.tools ?? {};
  const filter = read.inside<GroupToolFilter>('tools', FILTER);
  filter.optional('include', isNames, 'an array of names of tools');
  filter.optional('exclude', isNames, 'an array of names of tools');
  const keep = read.flag('keep', false);
  return {
    target: server.target,
    options: { ...defaults.defaults, ...server.options },
    lazy: read.flag('lazy', defaults.lazy),
    idleTimeout: keep ? Infinity : (server.idleTimeout ?? defaults.idleTimeout),
    concurrency: server.concurrency ?? Infinity,
    tools: include === undefined && exclude === undefined ? undefined : { include, exclude },
    description: undefined,
  };
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
