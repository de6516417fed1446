import { invalidOption, optionNames, OptionReader } from '../../option-checks.js';
import type { MCPTransport } from '../../transports/transport.js';
import { CLIENT_NAMES, defaultConnectTimeout } from './options.js';
import type { MCPClientOptions, OptionOwner } from './options.js';

/** Options of an `MCPConnection`: the options of a client, with other defaults. */
export interface MCPConnectionOptions extends MCPClientOptions {
  /** Default true. */
  readonly autoReconnect?: boolean | undefined;
  /** Default 5. */
  readonly maxReconnectAttempts?: number | undefined;
  /** Milliseconds between health checks. Default 30 000. */
  readonly healthCheckInterval?: number | undefined;
  /**
   * Timeout of `connect()` with the handshake, in ms. Default 30 000, and 60 000 for servers that are downloaded before their first start,
   * by `npx`, `uvx`, `docker run` and similar commands.
   */
  readonly connectTimeout?: number | undefined;
  /** An alias of `connectTimeout`. If both are given they must be equal. */
  readonly connectionTimeout?: number | undefined;
  /** Whether `connect()` starts the health checks. Default true. */
  readonly monitor?: boolean | undefined;
}

/** The names and defaults of the options of a connection. */
export const CONNECTION: OptionOwner = {
  name: 'MCPConnection',
  names: optionNames<MCPConnectionOptions>({ ...CLIENT_NAMES, connectionTimeout: true, monitor: true }),
  autoReconnect: true,
  maxReconnectAttempts: 5,
  healthCheckInterval: 30_000,
};

/** The timeout of `connect()`, from either of its options. */
export function connectTimeoutOf(options: MCPConnectionOptions, transport: MCPTransport): number {
  const read = new OptionReader(options);
  const alias = read.milliseconds('connectionTimeout', defaultConnectTimeout(transport));
  const timeout = read.milliseconds('connectTimeout', alias);
  if (options.connectionTimeout !== undefined && timeout !== alias) {
    const expected = `the same value as connectTimeout (${timeout}), because it is an alias`;
    throw invalidOption('connectionTimeout', expected, alias);
  }
  return timeout;
}
