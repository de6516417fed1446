import { MCPClient, MCPConnection } from '../../src/index.js';
import type { Environment, MCPTransport } from '../../src/index.js';
import type { Schedule } from './schedule.js';

/** What is put to the test: a client, or a connection that supervises one. */
export interface Subject {
  /** Null for a connection that has not stood yet. */
  client(): MCPClient | null;
  connect(options?: { signal?: AbortSignal; timeout?: number }): Promise<unknown>;
  /** What a user does who does not want to wait for the client to notice. A client alone cannot do it. */
  reconnect(): Promise<unknown>;
  disconnect(): Promise<void>;
}

/** Makes the subject of a schedule. */
export function subjectOf(
  schedule: Schedule,
  transport: MCPTransport,
  environment: Environment,
  record?: (line: string) => void,
): Subject {
  const options = { ...schedule.options, environment, record: record && { write: record } };
  if (!schedule.supervised) {
    const client = new MCPClient(transport, options);
    return {
      client: () => client,
      connect: (how) => client.connect(how),
      reconnect: () => Promise.resolve(),
      disconnect: () => client.disconnect(),
    };
  }
  const { connectTimeout, healthCheckInterval = 0, ...rest } = options;
  const connection = new MCPConnection('chaos', transport, {
    ...rest,
    connectionTimeout: connectTimeout,
    monitor: healthCheckInterval > 0,
    healthCheckInterval,
  });
  return {
    client: () => connection.client,
    connect: (how) => connection.connect(how?.timeout),
    reconnect: () => connection.reconnect(),
    disconnect: () => connection.disconnect(),
  };
}
