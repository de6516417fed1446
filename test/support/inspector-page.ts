import WebSocket from 'ws';

import type { InspectRecord, ServerMessage, World } from '../../src/inspect/records.js';
import { apply, copyWorld, emptyWorld } from '../../src/inspect/world.js';
import type { InspectorServer } from '../../src/inspect/index.js';
import { Waiting } from './waiting.js';

type OfKind<Kind> = Extract<InspectRecord, { k: Kind }>;

/** What the page of an inspector hears, without a browser. */
export class InspectorPage {
  readonly #socket: WebSocket;
  readonly #waiting = new Waiting();
  /** Everything that came, as it came. */
  received = '';
  hellos: Extract<ServerMessage, { t: 'hello' }>[] = [];
  records: InspectRecord[] = [];
  world: World = emptyWorld();
  /** The code with which the server ended the connection. */
  closed: number | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      this.received += `${text}\n`;
      this.#take(JSON.parse(text) as ServerMessage);
    });
    socket.on('close', (code) => {
      this.closed = code;
      this.#waiting.wake();
    });
    socket.on('error', () => undefined);
  }

  static async open({ url }: Pick<InspectorServer, 'url'>): Promise<InspectorPage> {
    const page = new InspectorPage(new WebSocket(liveUrl(url), { origin: new URL(url).origin }));
    await page.until(() => page.hellos.length > 0);
    return page;
  }

  until(met: () => boolean): Promise<void> {
    return this.#waiting.until(met, () => `the page heard of ${this.records.length} records`);
  }

  /** Resolves with the first record of this kind that fits. */
  async untilRecord<Kind extends InspectRecord['k']>(
    kind: Kind,
    fits: (record: OfKind<Kind>) => boolean = () => true,
  ): Promise<OfKind<Kind>> {
    let found: OfKind<Kind> | undefined;
    await this.until(() => (found = this.all(kind).find(fits)) !== undefined);
    return found as OfKind<Kind>;
  }

  all<Kind extends InspectRecord['k']>(kind: Kind): OfKind<Kind>[] {
    return this.records.filter((record): record is OfKind<Kind> => record.k === kind);
  }

  /** Reads nothing until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    await this.until(() => this.closed !== undefined);
  }

  #take(message: ServerMessage): void {
    if (message.t === 'hello') {
      this.hellos.push(message);
      this.world = copyWorld(message.base);
      this.records = [];
    }
    for (const record of message.records) {
      this.records.push(record);
      apply(this.world, record);
    }
    this.#waiting.wake();
  }
}

/** Where the page connects to. */
export function liveUrl(url: string): string {
  return `${url.replace('http:', 'ws:')}live`;
}
