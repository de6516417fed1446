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
 * Which requests the client may send again if their response was lost. `auto`: requests that only read, or that the server marks as safe to
 * repeat; `safe`: all, because the caller knows that repeating is safe; `never`: none.
 */
export type RetryPolicy = 'auto' | 'safe' | 'never';

/** Whether a tool result with `isError: true` is thrown as an {@link MCPToolError} or returned. */
export type ToolErrorPolicy = 'throw' | 'return';

/**
 * How an invalid tool result, or structured output that does not match the output schema, is handled: `'strict'` rejects with the result in
 * `details.result`, `'warn'` returns it and emits `warning`, `'off'` returns it without validation.
 */
export type ValidationPolicy = 'strict' | 'warn' | 'off';

/** Options of an {@link MCPProtocol}. */
export interface MCPProtocolOptions extends HandlerOptions {
  /** Timeout of a request in ms, with the time in the queue. Progress restarts it. Default 30 000. */
  readonly timeout?: number | undefined;
  /** Absolute timeout of a call in ms, which nothing restarts or pauses. Default: no limit. */
  readonly maxTotalTimeout?: number | undefined;
  /** Name and version of your program, which are sent to the server. Default: name and version of this package. */
  readonly clientInfo?: Implementation | undefined;
  /**
   * Extensions of the protocol that your program supports, by identifier, with their settings (`{}` for none), such as `{
   * 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } }`. The client announces them to the server and does nothing
   * else with them. `capabilities.extensions` of {@link ServerInfo} has the extensions of the server. Default: none, and with a
   * grant of `oauth()` without a person the extension of that grant. 2026-07-28 basic/versioning, "Extensions".
   */
  readonly extensions?: Readonly<Record<string, JSONObject>> | undefined;
  /**
   * Timeout of `connect()` with the handshake, in ms. Default: `timeout`. Without `timeout` it is 60 000 for servers that are downloaded
   * before their first start, by `npx`, `uvx`, `docker run` and similar commands, and 30 000 for others.
   */
  readonly connectTimeout?: number | undefined;
  /**
   * How long a person may take to sign in, and the function of a grant to obtain a token, in ms, with `auth: oauth()`. Timeouts of calls stand
   * still while a person is asked. Default 300 000.
   */
  readonly authTimeout?: number | undefined;
  /** The era or revision to use. Default `'auto'`: the client detects it. */
  readonly era?: EraChoice | undefined;
  /** The era of the server, if it is known from an earlier connection. It saves the detection. */
  readonly priorEra?: Era | undefined;
  /** How long the client waits for a response to `server/discover` before it also sends `initialize`, in ms. Default 5 000. */
  readonly probeTimeout?: number | undefined;
  /** Whether a tool result with `isError: true` is thrown or returned. Default `'throw'`: an {@link MCPToolError}. */
  readonly onToolError?: ToolErrorPolicy | undefined;
  /**
   * How an invalid tool result, or structured output that does not match its schema, is handled. Default `'strict'`: an
   * {@link MCPProtocolError} with the result in `details.result`. An unusable schema is a `warning`, except with `'off'`.
   */
  readonly validate?: ValidationPolicy | undefined;
  /** Limits of what a server may cost the client. The size of its messages is a limit of the transport. */
  readonly limits?: ClientLimits | undefined;
  /** Shows every actor, event and snapshot to an inspector, without secrets unless it has `redact: false`. Default: none. */
  readonly inspect?: InspectTarget | undefined;
  /**
   * Records all inputs and outputs of the connection, for `replay` of `mcp-actors/testing`: a file name, or {@link RecordOptions}.
   * Pseudonyms replace secrets, except with `redact: false`. Default: no recording.
   */
  readonly record?: string | RecordOptions | undefined;
  /** The clock, timers and random numbers, for tests. Default: those of this process. */
  readonly environment?: Environment | undefined;
}

/** Options of an {@link MCPClient}. */
export interface MCPClientOptions extends MCPProtocolOptions {
  /** Whether the client reconnects after it lost the connection. Default false. */
  readonly autoReconnect?: boolean | undefined;
  /** How many attempts to reconnect are made before the connection is closed. Default 3. */
  readonly maxReconnectAttempts?: number | undefined;
  /**
   * Delay before the first attempt to reconnect, in ms. It doubles with each attempt, with full jitter. Calls over HTTP that cannot reach
   * the server are sent again after the same delays. Default 1 000.
   */
  readonly reconnectDelay?: number | undefined;
  /**
   * Maximum delay between two attempts, in ms. Default 60 000. A longer `Retry-After` of the server (RFC 9110, section 10.2.3) is
   * respected, up to five minutes.
   */
  readonly maxReconnectDelay?: number | undefined;
  /**
   * How many losses of an established connection or session are allowed within `restartWindow`. One more is a crash loop, which closes the
   * connection. Infinity for any number. Default 10.
   */
  readonly maxRestarts?: number | undefined;
  /** How long a loss counts towards `maxRestarts`, in ms. Default 300 000. */
  readonly restartWindow?: number | undefined;
  /**
   * Whether the first connect is retried like a lost connection. Default false. If the `Retry-After` of the server is longer than the rest
   * of `connectTimeout`, `connect()` rejects at once with the server's response.
   */
  readonly retryInitialConnect?: boolean | undefined;
  /** Whether calls wait or fail while the connection is being opened. Default `'wait'`. */
  readonly whenDisconnected?: 'wait' | 'fail' | undefined;
  /** Maximum number of calls that wait for the connection. Default 1 000. */
  readonly maxQueued?: number | undefined;
  /** Which requests may be sent again if their response was lost. Default `'auto'`. */
  readonly retry?: RetryPolicy | undefined;
  /** Whether `retry: 'auto'` trusts the annotations `readOnlyHint` and `idempotentHint` of tools. Default true. */
  readonly trustAnnotations?: boolean | undefined;
  /** Time between two health checks, in ms. Default 0: none. */
  readonly healthCheckInterval?: number | undefined;
  /**
   * The result of `suspend()` of another client, or its JSON. The first `connect()` continues its session: over `HttpTransport` without a
   * handshake, over other transports with one. Default: none.
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
  readonly authTimeout: number;
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
  authTimeout: true,
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

/** A class that takes options, and its own defaults. */
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

/** The default of `timeout`, in ms. */
export const DEFAULT_TIMEOUT = 30_000;

/** The default of `connectTimeout` over a transport. */
export function defaultConnectTimeout({ connectTimeout }: MCPTransport): number {
  // A custom transport, or one of another copy of this package, may not have this property.
  return isDuration(connectTimeout) ? connectTimeout : DEFAULT_TIMEOUT;
}

/**
 * Checks the options and adds the defaults. The checks are hand-written, so that no schema library has to be loaded.
 * @throws MCPError with code `MCP_INVALID_PARAMS` for an unknown option or an invalid value.
 */
export function resolveOptions(given: MCPClientOptions, owner: OptionOwner, transport: MCPTransport): ResolvedOptions {
  if (!isPlainObject(given)) throw invalidOption('options', 'an object', given);
  refuseUnknownOptions(owner.name, given, owner.names, { advice: adviceFor });
  const read = new OptionReader(given);
  const timeout = read.milliseconds('timeout', DEFAULT_TIMEOUT);
  const connectTimeout = read.milliseconds('connectTimeout', given.timeout ?? defaultConnectTimeout(transport));
  const era = given.era ?? 'auto';
  if (!['auto', 'modern', 'legacy'].includes(era) && eraOf(era) === undefined) {
    throw invalidOption('era', '"auto", "modern", "legacy" or a supported revision', era);
  }
  return {
    timeout,
    connectTimeout,
    authTimeout: read.milliseconds('authTimeout', 300_000),
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

/** Options of transports, which are often passed to a client by mistake, and the transport that takes them. */
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

/** Checks the extensions and returns a copy. */
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
    throw invalidOption('extensions', 'settings that can be converted to JSON', given);
  }
}
