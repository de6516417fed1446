import type { InspectTarget } from '../api/options/inspect-option.js';
import { checkedInspector } from '../api/options/inspect-option.js';
import type { MCPConnectionOptions } from '../api/options/mcp-connection-options.js';
import { invalidOption, isPlainObject, optionNames, OptionReader } from '../option-checks.js';
import { steady, systemEnvironment } from '../util/environment.js';
import type { Environment } from '../util/environment.js';
import type { ListCache } from './lists/list-cache.js';
import { isLimit } from './member-settings.js';
import type { SettingsDefaults } from './member-settings.js';
import type { PrefixOption } from './names.js';

/** Options of an {@link MCPClientGroup}. */
export interface MCPClientGroupOptions {
  /** Whether servers are started with the first call that needs them, and not by `connect()`. Default false. */
  readonly lazy?: boolean | undefined;
  /** How long a server may be idle before it is put to sleep, in ms; Infinity for no limit. Default 300 000. */
  readonly idleTimeout?: number | undefined;
  /**
   * How many processes are started at the same time. A start that takes more than 100 ms makes room for the next one, so a server that never
   * answers does not hold up the others. Default 4.
   */
  readonly startLimit?: number | undefined;
  /** The most calls of all servers at the same time. When a call ends, servers with waiting calls take turns. Default: no limit. */
  readonly concurrency?: number | undefined;
  /** The most calls that wait: for a server that is being started, or because of `concurrency`. Default 1 000. */
  readonly maxQueued?: number | undefined;
  /** Keeps the lists of servers that are not running: {@link fileListCache} or {@link memoryListCache}. Default: none. */
  readonly listCache?: ListCache | undefined;
  /**
   * The names of tools and prompts. `true`: `server__tool`. `false`: the names of the servers; `connect()` and the first `listTools()` reject if
   * two servers have the same name. A function returns the name. Whenever two tools have one name, the tool of the server that was added first
   * has it; the other tool is left out with a `warning`. Default true.
   */
  readonly prefix?: PrefixOption | undefined;
  /** Options of the connections of all servers, such as `sampling`, `timeout` or `clientInfo`. Default: none. */
  readonly defaults?: MCPConnectionOptions | undefined;
  /** Shows the charts of the servers and of their connections to an inspector, as the option of {@link MCPClient} does. Default: none. */
  readonly inspect?: InspectTarget | undefined;
  /** The clock, timers and random numbers, for tests. Default: those of this process. */
  readonly environment?: Environment | undefined;
}

/** All options with their defaults. */
export interface GroupOptions extends SettingsDefaults {
  readonly startLimit: number;
  readonly concurrency: number;
  readonly maxQueued: number;
  readonly listCache: ListCache | undefined;
  readonly prefix: PrefixOption;
  readonly inspect: InspectTarget | undefined;
  readonly environment: Environment;
}

const NAMES = optionNames<MCPClientGroupOptions>({
  lazy: true,
  idleTimeout: true,
  startLimit: true,
  concurrency: true,
  maxQueued: true,
  listCache: true,
  prefix: true,
  defaults: true,
  inspect: true,
  environment: true,
});

/**
 * Checks the options of a group, and adds the defaults.
 * @throws MCPError with code `MCP_INVALID_PARAMS` for an unknown option or an invalid value
 */
export function groupOptions(given: MCPClientGroupOptions): GroupOptions {
  const owner = 'MCPClientGroup';
  const read = OptionReader.of(owner, given, NAMES);
  read.optional('startLimit', isLimit, 'a whole number above 0, or Infinity');
  read.optional('concurrency', isLimit, 'a whole number above 0, or Infinity');
  read.optional('defaults', isPlainObject, 'an object');
  read.optional('listCache', isListCache, 'an object with the functions `read` and `keep`');
  const { prefix = true, environment = systemEnvironment, inspect, defaults } = given;
  if (typeof prefix !== 'boolean' && typeof prefix !== 'function') {
    throw invalidOption('prefix', 'a boolean or a function', prefix, owner);
  }
  return {
    lazy: read.flag('lazy', false),
    idleTimeout: read.milliseconds('idleTimeout', 300_000),
    startLimit: given.startLimit ?? 4,
    concurrency: given.concurrency ?? Infinity,
    maxQueued: read.count('maxQueued', 1_000),
    listCache: given.listCache,
    prefix,
    inspect: checkedInspector(inspect),
    environment: steady(environment),
    defaults: {
      ...(inspect !== undefined && { inspect }),
      ...(given.environment !== undefined && { environment }),
      ...defaults,
    },
  };
}

function isListCache(value: unknown): boolean {
  const { read, keep } = (value ?? {}) as { readonly read?: unknown; readonly keep?: unknown };
  return typeof read === 'function' && typeof keep === 'function';
}
