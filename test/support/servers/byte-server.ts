import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

import { Waiting } from '../waiting.js';

/** A server of bytes on the loopback interface: what a protocol makes of them is the client's business. */
export class ByteServer {
  /** The connections that were made, in order. */
  readonly sockets: Socket[] = [];
  readonly #server: Server;
  readonly #waiting = new Waiting();

  private constructor(connected: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
      connected(socket);
      this.#waiting.wake();
    });
  }

  static async start(connected: (socket: Socket) => void): Promise<ByteServer> {
    const server = new ByteServer(connected);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  /** Answers the requests of HTTP that come, one after the other, in bytes. A request must fit into one chunk. */
  static async http(answer: (socket: Socket, body: string, head: string) => void): Promise<ByteServer> {
    return ByteServer.start((socket) => {
      socket.on('data', (chunk) => {
        const [head = '', body = ''] = chunk.toString().split('\r\n\r\n');
        answer(socket, body, head);
      });
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/mcp`;
  }

  /** Resolves when so many connections were made. */
  async connected(count: number): Promise<void> {
    await this.#waiting.until(
      () => this.sockets.length >= count,
      () => `${this.sockets.length} connections were made`,
    );
  }

  /** Ends it, and every connection to it. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}
