import { MCPClient } from '../../src/index.js';
import type { MCPClientEventName, MCPClientOptions } from '../../src/index.js';
import { ClientRecorder } from './client-recorder.js';
import { serverWith } from './servers/scripts.js';
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
    return new ClientAndServer(await serverWith(script, clock), clock, options);
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
