import { inspect } from 'node:util';

import { createInspectorServer } from '../../src/inspect/index.js';
import type { InspectorServer } from '../../src/inspect/index.js';
import { MCPClient } from '../../src/index.js';
import type { MCPClientOptions, MCPTransport } from '../../src/index.js';
import { ClientRecorder } from './client-recorder.js';
import { InspectorPage } from './inspector-page.js';
import { printed } from './markers.js';

/** A client of which everything is collected that it tells: errors, events, explanations, its recording, and the page of an inspector. */
export class WatchedClient {
  readonly client: MCPClient;
  readonly recorder: ClientRecorder;
  readonly recording: string[] = [];
  readonly errors: unknown[] = [];
  readonly #inspector: InspectorServer;
  readonly #page: InspectorPage;

  private constructor(
    transport: MCPTransport,
    options: MCPClientOptions,
    inspector: InspectorServer,
    page: InspectorPage,
  ) {
    this.#inspector = inspector;
    this.#page = page;
    this.client = new MCPClient(transport, {
      inspect: inspector,
      record: {
        write: (line) => {
          this.recording.push(line);
        },
      },
      onToolError: 'throw',
      reconnectDelay: 0,
      maxReconnectAttempts: 1,
      ...options,
    });
    this.recorder = new ClientRecorder(this.client);
  }

  static async watch(transport: MCPTransport, options: MCPClientOptions = {}): Promise<WatchedClient> {
    const inspector = await createInspectorServer();
    return new WatchedClient(transport, options, inspector, await InspectorPage.open(inspector));
  }

  /** Does something that may fail, and keeps the error. */
  async try(action: (client: MCPClient) => Promise<unknown>): Promise<unknown> {
    try {
      await action(this.client);
      return undefined;
    } catch (thrown) {
      this.errors.push(thrown);
      return thrown;
    }
  }

  /** Everything that was told so far, by where. */
  async told(): Promise<Record<string, string>> {
    const explanation = this.client.explain();
    await this.client.disconnect();
    const { warning, error } = this.recorder;
    const html = await (await fetch(this.#inspector.url)).text();
    await this.#page.until(() => this.#page.all('step').some(({ tag }) => tag === 'closed'));
    return {
      errors: this.errors.map(printed).join('\n'),
      events: [...warning, ...error].map(printed).join('\n'),
      explanation: `${explanation}\n${this.client.explain()}`,
      client: inspect(this.client, { depth: 10, showHidden: true }),
      recording: this.recording.join('\n'),
      page: html + this.#page.received,
    };
  }

  async close(): Promise<void> {
    await this.client.disconnect();
    await this.#inspector.close();
  }
}
