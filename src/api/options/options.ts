import { systemEnvironment } from '../../util/environment.js';
import type { Environment } from '../../util/environment.js';
import type { ConnectionPolicy } from '../../machines/connection/connection-context.js';
import { acceptable } from '../../protocol/negotiation.js';
import type { EraChoice } from '../../protocol/negotiation.js';
import { isExtensionIdentifier } from '../../protocol/extensions.js';
import { PACKAGE } from '../../util/package.js';
import type { ServerRequestHandlers } from '../../protocol/server-requests/server-requests.js';
import { eraOf } from '../../protocol/revisions.js';
import type { Era } from '../../protocol/revisions.js';
import type { ClientCapabilities, Implementation, JSONObject } from '../../protocol/schema/index.js';
import type { MCPTransport } from '../../transports/transport.js';
import {
  invalidOption,
  isDuration,
  isPlainObject,
  optionNames,
  OptionReader,
  refuseUnknownOptions,
} from '../../option-checks.js';
import { checkedInspector } from './inspect-option.js';
import type { InspectTarget } from './inspect-option.js';
import { recordOptions } from './record-option.js';
import { clientLimits } from './client-limits.js';
import type { ClientLimits, ResolvedClientLimits } from './client-limits.js';
import { serverRequestHandlers } from './handler-options.js';
import type { HandlerOptions } from './handler-options.js';
import type { RecordOptions, ResolvedRecordOptions } from '../../recording/record-options.js';
import { readSuspended } from '../suspended-client.js';
import type { SuspendedClient } from '../suspended-client.js';

/**
 * Which requests the client may send again when their response was lost: `auto`: requests that only read; `safe`: all, because the caller says
 * that repeating is safe; `never`: none.
 */
export type RetryPolicy = 'auto' | 'safe' | 'never';

/** What a tool result with `isError: true` becomes. */
export type ToolErrorPolicy = 'throw' | 'return';

/**
 * What happens to a tool's result of the wrong shape, and to structured output that does not fit the tool's output schema: `'strict'` rejects
 * with it in `details.result`, `'warn'` hands it out and emits `warning`, `'off'` hands it out as the server sent it.
 */
export type ValidationPolicy = 'strict' | 'warn' | 'off';

/** Options of an {@link MCPProtocol}. */
export interface MCPProtocolOptions extends HandlerOptions {
  /** Milliseconds until a request is given up, queueing included; progress restarts it. Default 30 000. */
  readonly timeout?: number | undefined;
  /** Milliseconds until a call is given up whatever happens. Default: no limit. */
  readonly maxTotalTimeout?: number | undefined;
  /** What the server is told about this client. Default: name and version of this package. */
  readonly clientInfo?: Implementation | undefined;
  /**
   * Extensions of the protocol that your program supports, by identifier, with their settings (`{}` for none), such as
   * `{ 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } }`. The server is told of them; which of them it supports
   * is in `capabilities.extensions` of {@link ServerInfo}. This library does nothing else about them. Default: none. 2026-07-28
   * basic/versioning, "Extensions".
   */
  readonly extensions?: Readonly<Record<string, JSONObject>> | undefined;
  /**
   * Milliseconds that `connect()` may take, handshake included. Default: `timeout`. Where none is given, it is 60 000 for a server that has to be
   * downloaded before its first start: one that `npx`, `uvx`, `docker run` and the like start.
   */
  readonly connectTimeout?: number | undefined;
  /** Which era or revision to speak. Default `'auto'`: find out. */
  readonly era?: EraChoice | undefined;
  /** What is known about the server's era from an earlier connection; saves the question. */
  readonly priorEra?: Era | undefined;
  /** Milliseconds of silence after which a server is also offered the handshake of older revisions. Default 5 000. */
  readonly probeTimeout?: number | undefined;
  /** What a tool result with `isError: true` becomes. Default `'throw'`: an {@link MCPToolError}. */
  readonly onToolError?: ToolErrorPolicy | undefined;
  /**
   * What happens to a tool's result of the wrong shape, and to structured output that does not fit its schema. Default `'strict'`: an
   * {@link MCPProtocolError} that has it in `details.result`. A schema that cannot be used is a `warning` in any case but `'off'`.
   */
  readonly validate?: ValidationPolicy | undefined;
  /** How much a server may cost. How much of it is read is a limit of the transport. */
  readonly limits?: ClientLimits | undefined;
  /** Shows every actor, event and snapshot to an inspector, without secrets unless it has `redact: false`. Default: none. */
  readonly inspect?: InspectTarget | undefined;
  /**
   * Writes down everything that happens to the connection, so that `replay` of `mcp-actors/testing` can do it again: the name of a file,
   * or more. Secrets become pseudonyms unless that says otherwise. Default: nothing is recorded.
   */
  readonly record?: string | RecordOptions | undefined;
  /** The clock, timers and randomness. Default: those of this process. For tests. */
  readonly environment?: Environment | undefined;
}

/** Options of an {@link MCPClient}. */
export interface MCPClientOptions extends MCPProtocolOptions {
  /** Whether a lost connection is opened again. Default false. */
  readonly autoReconnect?: boolean | undefined;
  /** Attempts to bring a lost connection back before it is given up. Default 3. */
  readonly maxReconnectAttempts?: number | undefined;
  /**
   * Milliseconds before the first of these attempts, doubled for each next one, with full jitter. Over HTTP calls that cannot reach the
   * server are made again after this time, too. Default 1 000.
   */
  readonly reconnectDelay?: number | undefined;
  /**
   * The most milliseconds between two attempts. Default 60 000. A server that refuses an attempt and asks to be left alone for longer
   * (`Retry-After`, RFC 9110, 10.2.3) is left alone for that time, at most five minutes.
   */
  readonly maxReconnectDelay?: number | undefined;
  /**
   * How often a connection that stood may be lost and brought back within `restartWindow`, or the server forget its session. Once more, and
   * it is taken for a crash loop and closed. Infinity for any number. Default 10.
   */
  readonly maxRestarts?: number | undefined;
  /** Milliseconds for which a lost connection counts towards `maxRestarts`. Default 300 000. */
  readonly restartWindow?: number | undefined;
  /**
   * Whether a first connect that failed is tried again like a lost connection. Default false. When the server asks to be left alone for longer
   * than anybody waits for `connect()`, it rejects at once with what the server said.
   */
  readonly retryInitialConnect?: boolean | undefined;
  /** What calls do while the connection is being made: wait, or fail. Default `'wait'`. */
  readonly whenDisconnected?: 'wait' | 'fail' | undefined;
  /** How many calls may wait for the connection. Default 1 000. */
  readonly maxQueued?: number | undefined;
  /** What may be sent again when its answer was lost. Default `'auto'`. */
  readonly retry?: RetryPolicy | undefined;
  /** Whether `retry: 'auto'` believes a server that says a tool only reads, or may be repeated. Default true. */
  readonly trustAnnotations?: boolean | undefined;
  /** Milliseconds between health checks. Default 0: none. */
  readonly healthCheckInterval?: number | undefined;
  /**
   * What another client returned from `suspend()`, as it is or as JSON: the first `connect()` goes on with its session, without a
   * handshake where the transport can (`HttpTransport`), else with one. Default: none.
   */
  readonly resume?: SuspendedClient | string | undefined;
}

/** All options with their defaults. */
export interface ResolvedOptions {
  readonly timeout: number;
  readonly maxTotalTimeout: number | undefined;
  readonly clientInfo: Implementation;
  readonly extensions: ClientCapabilities['extensions'];
  readonly connectTimeout: number;
  readonly priorEra: Era | undefined;
  readonly onToolError: ToolErrorPolicy;
  readonly validate: ValidationPolicy;
  readonly limits: ResolvedClientLimits;
  readonly inspect: InspectTarget | undefined;
  readonly record: ResolvedRecordOptions | undefined;
  readonly environment: Environment;
  readonly serverRequestHandlers: ServerRequestHandlers;
  readonly whenDisconnected: 'wait' | 'fail';
  readonly maxQueued: number;
  readonly retry: RetryPolicy;
  readonly trustAnnotations: boolean;
  readonly healthCheckInterval: number;
  readonly resume: SuspendedClient | undefined;
  readonly policy: ConnectionPolicy;
}

/** The names of the options of an {@link MCPProtocol}. */
const PROTOCOL_NAMES: Readonly<Record<keyof MCPProtocolOptions, true>> = {
  timeout: true,
  maxTotalTimeout: true,
  clientInfo: true,
  extensions: true,
  connectTimeout: true,
  era: true,
  priorEra: true,
  probeTimeout: true,
  onToolError: true,
  validate: true,
  limits: true,
  inspect: true,
  record: true,
  environment: true,
  sampling: true,
  elicitation: true,
  roots: true,
};

/** The names of the options of an {@link MCPClient}. */
export const CLIENT_NAMES: Readonly<Record<keyof MCPClientOptions, true>> = {
  ...PROTOCOL_NAMES,
  autoReconnect: true,
  maxReconnectAttempts: true,
  reconnectDelay: true,
  maxReconnectDelay: true,
  maxRestarts: true,
  restartWindow: true,
  retryInitialConnect: true,
  whenDisconnected: true,
  maxQueued: true,
  retry: true,
  trustAnnotations: true,
  healthCheckInterval: true,
  resume: true,
};

/** What takes options, and the defaults that it has of its own. */
export interface OptionOwner {
  readonly name: string;
  readonly names: ReadonlySet<string>;
  readonly autoReconnect: boolean;
  readonly maxReconnectAttempts: number;
  readonly healthCheckInterval: number;
}

const DEFAULTS = { autoReconnect: false, maxReconnectAttempts: 3, healthCheckInterval: 0 };

export const PROTOCOL: OptionOwner = {
  ...DEFAULTS,
  name: 'MCPProtocol',
  names: optionNames<MCPProtocolOptions>(PROTOCOL_NAMES),
};

export const CLIENT: OptionOwner = {
  ...DEFAULTS,
  name: 'MCPClient',
  names: optionNames<MCPClientOptions>(CLIENT_NAMES),
};

const DEFAULT_TIMEOUT = 30_000;

/** The default of `connectTimeout` over a transport. */
export function defaultConnectTimeout({ connectTimeout }: MCPTransport): number {
  // A transport of another copy of this package, or of a user, may not have it.
  return isDuration(connectTimeout) ? connectTimeout : DEFAULT_TIMEOUT;
}

/** Checks options by hand, so that a wrong one is named at once and nothing has to be loaded for it. */
export function resolveOptions(given: MCPClientOptions, owner: OptionOwner, transport: MCPTransport): ResolvedOptions {
  if (!isPlainObject(given)) throw invalidOption('options', 'an object', given);
  refuseUnknownOptions(owner.name, given, owner.names, { advice: adviceFor });
  const read = new OptionReader(given);
  const timeout = read.milliseconds('timeout', DEFAULT_TIMEOUT);
  const connectTimeout = read.milliseconds('connectTimeout', given.timeout ?? defaultConnectTimeout(transport));
  const era = given.era ?? 'auto';
  if (!['auto', 'modern', 'legacy'].includes(era) && eraOf(era) === undefined) {
    throw invalidOption('era', '"auto", "modern", "legacy" or a revision that this client speaks', era);
  }
  return {
    timeout,
    connectTimeout,
    maxTotalTimeout: given.maxTotalTimeout === undefined ? undefined : read.milliseconds('maxTotalTimeout', 0),
    clientInfo: read.identity('clientInfo', PACKAGE),
    extensions: given.extensions === undefined ? undefined : checkedExtensions(given.extensions),
    priorEra: given.priorEra === undefined ? undefined : read.oneOf<Era>('priorEra', ['modern', 'legacy'], 'modern'),
    onToolError: read.oneOf('onToolError', ['throw', 'return'], 'throw'),
    validate: read.oneOf('validate', ['strict', 'warn', 'off'], 'strict'),
    limits: clientLimits(read),
    inspect: checkedInspector(given.inspect),
    record: recordOptions(given.record),
    environment: given.environment ?? systemEnvironment,
    serverRequestHandlers: serverRequestHandlers(given),
    whenDisconnected: read.oneOf('whenDisconnected', ['wait', 'fail'], 'wait'),
    maxQueued: read.count('maxQueued', 1_000),
    retry: read.oneOf('retry', ['auto', 'safe', 'never'], 'auto'),
    trustAnnotations: read.flag('trustAnnotations', true),
    healthCheckInterval: read.count('healthCheckInterval', owner.healthCheckInterval),
    resume: given.resume === undefined ? undefined : readSuspended(given.resume),
    policy: {
      autoReconnect: read.flag('autoReconnect', owner.autoReconnect),
      maxReconnectAttempts: read.count('maxReconnectAttempts', owner.maxReconnectAttempts),
      backoff: {
        delay: read.count('reconnectDelay', 1_000),
        maxDelay: read.count('maxReconnectDelay', 60_000),
      },
      restarts: {
        maxRestarts: read.count('maxRestarts', 10),
        window: read.milliseconds('restartWindow', 300_000),
      },
      retryInitialConnect: read.flag('retryInitialConnect', false),
      connectTimeout,
      probeTimeout: read.milliseconds('probeTimeout', 5_000),
      acceptable: acceptable(era),
    },
  };
}

/** Options of transports, which are often given to a client instead, with a transport that has them. */
const OF_TRANSPORTS = new Map([
  ...['headers', 'auth', 'dispatcher'].map((name) => [name, 'HttpTransport(url'] as const),
  ...['env', 'cwd', 'inheritEnv', 'maxMessageBytes', 'onStderr', 'handleSignals'].map(
    (name) => [name, 'StdioTransport(command, args'] as const,
  ),
  ['agent', 'WebSocketTransport(url'],
]);

function adviceFor(name: string): string | undefined {
  const transport = OF_TRANSPORTS.get(name);
  return transport && `: it is an option of the transport, new ${transport}, { ${name} })`;
}

/** Extensions as they are told to servers: a copy, which does not change any more. */
function checkedExtensions(given: unknown): ClientCapabilities['extensions'] {
  if (!isPlainObject(given)) throw invalidOption('extensions', 'an object of settings by identifier', given);
  for (const [identifier, settings] of Object.entries(given)) {
    if (!isExtensionIdentifier(identifier)) {
      const expected = 'identifiers with a prefix, such as "com.example/name"';
      throw invalidOption('extensions', expected, identifier);
    }
    if (!isPlainObject(settings)) throw invalidOption(`extensions["${identifier}"]`, 'an object', settings);
  }
  try {
    return JSON.parse(JSON.stringify(given)) as ClientCapabilities['extensions'];
  } catch {
    throw invalidOption('extensions', 'settings that JSON can express', given);
  }
}
