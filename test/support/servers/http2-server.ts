import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import type { Http2SecureServer, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';

import type { PostedMessage } from './http-server.js';
import { identity } from './tls.js';
import { Waiting } from '../waiting.js';

/** One request that came over HTTP/2, and the means to answer it. */
export class Http2Visit {
  /** What its stream was reset with; undefined while it is open. */
  reset: number | undefined;

  constructor(
    readonly stream: ServerHttp2Stream,
    readonly headers: IncomingHttpHeaders,
    readonly body: string,
  ) {}

  get method(): string {
    return this.headers[':method'] ?? '';
  }

  /** The message that was posted; empty without one. */
  get message(): PostedMessage {
    return this.body === '' ? {} : (JSON.parse(this.body) as PostedMessage);
  }

  status(status: number, headers: Record<string, string> = {}): void {
    this.stream.respond({ ':status': status, ...headers }, { endStream: true });
  }

  /** Answers the request that was posted. */
  result(result: unknown, headers: Record<string, string> = {}): void {
    this.stream.respond({ ':status': 200, 'content-type': 'application/json', ...headers });
    this.stream.end(JSON.stringify({ jsonrpc: '2.0', id: this.message.id, result }));
  }

  error(status: number, code: number, message: string): void {
    const { id = null } = this.message;
    this.stream.respond({ ':status': status, 'content-type': 'application/json' });
    this.stream.end(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } }));
  }

  /** Begins a stream of events. */
  events(): this {
    this.stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
    return this;
  }

  /** Sends an event of a stream. */
  event(message: unknown, id?: string): this {
    this.stream.write(`${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(message)}\n\n`);
    return this;
  }
}

/** A server of HTTP/2 over TLS on the loopback interface that does what a test says, and writes down what it was asked. */
export class Http2Server {
  readonly visits: Http2Visit[] = [];
  readonly sessions: ServerHttp2Session[] = [];
  readonly #server: Http2SecureServer;
  readonly #sockets: Socket[] = [];
  readonly #waiting = new Waiting();

  private constructor(script: (visit: Http2Visit) => void) {
    this.#server = createSecureServer({ ...identity('server'), allowHTTP1: false });
    this.#server.on('connection', (socket: Socket) => this.#sockets.push(socket));
    this.#server.on('session', (session) => {
      this.sessions.push(session);
      session.on('error', () => undefined);
      this.#waiting.wake();
    });
    this.#server.on('stream', (stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on('error', () => undefined);
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.once('end', () => {
        const visit = new Http2Visit(stream, headers, Buffer.concat(chunks).toString());
        stream.once('close', () => {
          visit.reset = stream.rstCode;
          this.#waiting.wake();
        });
        this.visits.push(visit);
        this.#waiting.wake();
        script(visit);
      });
    });
  }

  static async start(script: (visit: Http2Visit) => void, port = 0): Promise<Http2Server> {
    const server = new Http2Server(script);
    server.#server.listen(port, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}/mcp`;
  }

  /** The visits with this method of JSON-RPC. */
  asked(method: string): Http2Visit[] {
    return this.visits.filter(({ message }) => message.method === method);
  }

  /** Resolves when `met` holds, which is asked again after each request, and after each end of one. */
  async until(met: () => boolean): Promise<void> {
    await this.#waiting.until(
      met,
      () => `asked for ${this.visits.map(({ method, body }) => `${method} ${body}`).join()}`,
    );
  }

  /** Resets every connection to it. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Ends it, and every connection to it. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const session of this.sessions) session.destroy();
    await closed;
  }
}
