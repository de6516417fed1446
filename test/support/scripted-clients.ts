import { MCPClient } from '../../src/index.js';
import type { MCPClientEventName, MCPClientOptions } from '../../src/index.js';
import { ClientRecorder } from './client-recorder.js';
import { endAfterEach } from './endings.js';
import { scriptedServer } from './servers/scripts.js';
import type { Script, ScriptedServer } from './servers/scripts.js';
import { SimulatedEnvironment } from './simulated-environment.js';

/** Options of the client, and the events to record in addition to states, warnings and errors. */
export interface PairOptions extends Omit<MCPClientOptions, 'record'> {
  readonly record?: readonly MCPClientEventName[];
}

/** A client and a scripted server in one simulated time, which passes only in `clock.advance()`. */
export class ClientAndServer implements AsyncDisposable {
  readonly server: ScriptedServer;
  readonly client: MCPClient;
  /** The events of the client. */
  readonly announced: ClientRecorder;
  readonly clock: SimulatedEnvironment;

  private constructor(server: ScriptedServer, clock: SimulatedEnvironment, options: PairOptions) {
    const { record, ...clientOptions } = options;
    this.server = server;
    this.clock = clock;
    this.client = new MCPClient(server.transport, { environment: clock, ...clientOptions });
    this.announced = new ClientRecorder(this.client, record);
  }

  /** A client that is not connected yet. */
  static async create(script?: Script, options: PairOptions = {}): Promise<ClientAndServer> {
    const clock = new SimulatedEnvironment();
    return new ClientAndServer(await scriptedServer(script, clock), clock, options);
  }

  /** The client is connected. */
  static async connect(script?: Script, options?: PairOptions): Promise<ClientAndServer> {
    const pair = await ClientAndServer.create(script, options);
    await pair.client.connect();
    return pair;
  }

  /** Ends both. Throws if the client has left a timer. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.disconnect();
    await this.server[Symbol.asyncDispose]();
    if (this.clock.pending.length > 0) throw new Error(`Timers are left: ${JSON.stringify(this.clock.pending)}`);
  }
}

/**
 * For the top of a test file. Returns a function that connects a client to a server with a script, in real time unless the options have
 * another `environment`. Both are ended after the test.
 */
export function connectUntilTestEnds(): (
  script: Script,
  options?: MCPClientOptions,
) => Promise<{ readonly server: ScriptedServer; readonly client: MCPClient }> {
  const endLater = endAfterEach();
  return async (script, options = {}) => {
    const server = await scriptedServer(script, options.environment);
    endLater(() => server[Symbol.asyncDispose]());
    const client = new MCPClient(server.transport, options);
    endLater(() => client.close());
    await client.connect();
    return { server, client };
  };
}
