import { MCPClient } from '../../src/index.js';
import type { MCPClientEventName, MCPClientOptions } from '../../src/index.js';
import { ClientRecorder } from './client-recorder.js';
import { serverWith } from './servers/scripts.js';
import type { Script, ScriptedServer } from './servers/scripts.js';
import { SimulatedEnvironment } from './simulated-environment.js';

/** How a meeting goes: what the client is told, and which of its events are of interest beside states and problems. */
export interface MeetingOptions extends Omit<MCPClientOptions, 'record'> {
  readonly record?: readonly MCPClientEventName[];
}

/** A client and a scripted server in one simulated time, which passes when the test says so. */
export class Meeting implements AsyncDisposable {
  readonly server: ScriptedServer;
  readonly client: MCPClient;
  /** What the client announced. */
  readonly announced: ClientRecorder;
  readonly clock: SimulatedEnvironment;

  private constructor(server: ScriptedServer, clock: SimulatedEnvironment, options: MeetingOptions) {
    const { record, ...clientOptions } = options;
    this.server = server;
    this.clock = clock;
    this.client = new MCPClient(server.transport, { environment: clock, ...clientOptions });
    this.announced = new ClientRecorder(this.client, record);
  }

  /** The two have not spoken yet. */
  static async arrange(script?: Script, options: MeetingOptions = {}): Promise<Meeting> {
    const clock = new SimulatedEnvironment();
    return new Meeting(await serverWith(script, clock), clock, options);
  }

  /** The client is connected. */
  static async begin(script?: Script, options?: MeetingOptions): Promise<Meeting> {
    const meeting = await Meeting.arrange(script, options);
    await meeting.client.connect();
    return meeting;
  }

  /** Ends it, and sees to it that the client has left no timer. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.disconnect();
    await this.server[Symbol.asyncDispose]();
    if (this.clock.pending.length > 0) throw new Error(`Timers are left: ${JSON.stringify(this.clock.pending)}`);
  }
}
