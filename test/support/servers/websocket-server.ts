import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { ServerOptions as SecureServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { ServerOptions, WebSocket } from 'ws';
import { Waiting } from '../waiting.js';

/** One client of a {@link ScriptedWebSocketServer}. */
export interface WebSocketVisit {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  /** The text messages that came. */
  readonly received: string[];
  /** What the client closed with. */
  closed?: { readonly code: number; readonly reason: string };
}

/** What differs from a server that only listens. */
export interface WebSocketBehaviour {
  readonly options?: ServerOptions;
  /** Speaks first. */
  readonly greet?: (visit: WebSocketVisit) => void;
  readonly serve?: (text: string, visit: WebSocketVisit) => void;
  /** Answers the handshake, in place of the server. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex) => void;
  /** Makes it one of TLS. */
  readonly tls?: SecureServerOptions;
}

/** A WebSocket server on the loopback interface that does what a test says, and writes down what it heard. */
export class ScriptedWebSocketServer {
  readonly visits: WebSocketVisit[] = [];
  /** The requests to open a connection. */
  readonly handshakes: IncomingMessage[] = [];
  readonly #http: Server;
  readonly #scheme: string;
  readonly #server: WebSocketServer;
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Waiting();

  private constructor({ options, greet, serve, upgrade, tls }: WebSocketBehaviour) {
    this.#server = new WebSocketServer({ noServer: true, ...options });
    this.#http = tls === undefined ? createServer() : createSecureServer(tls);
    this.#scheme = tls === undefined ? 'ws' : 'wss';
    this.#http.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        this.#waiting.wake();
      });
      socket.on('error', () => undefined);
    });
    this.#http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.handshakes.push(request);
      this.#waiting.wake();
      if (upgrade !== undefined) {
        // Nobody else reads it, so nobody else would notice that the client has gone.
        socket.on('end', () => socket.end()).resume();
        upgrade(request, socket);
      } else
        this.#server.handleUpgrade(request, socket, head, (client) => this.#welcome(client, request, greet, serve));
    });
  }

  static async start(behaviour: WebSocketBehaviour = {}): Promise<ScriptedWebSocketServer> {
    const server = new ScriptedWebSocketServer(behaviour);
    await new Promise<void>((resolve) => server.#http.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#http.address() as AddressInfo).port}/mcp`;
  }

  /** Connections that are open now, of whatever kind. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** The client that came last. */
  get visit(): WebSocketVisit {
    const last = this.visits.at(-1);
    if (last === undefined) throw new Error('No client has connected');
    return last;
  }

  /** Resolves when `met` holds, which is asked again after each event. */
  async until(met: () => boolean): Promise<void> {
    await this.#waiting.until(met, () => `${this.visits.length} clients, ${this.connections} connections`);
  }

  /** Ends it, and every connection to it. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#http.close(resolve));
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #welcome(
    socket: WebSocket,
    request: IncomingMessage,
    greet: WebSocketBehaviour['greet'],
    serve: WebSocketBehaviour['serve'],
  ): void {
    const visit: WebSocketVisit = { socket, request, received: [] };
    this.visits.push(visit);
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      visit.received.push(text);
      serve?.(text, visit);
      this.#waiting.wake();
    });
    socket.on('close', (code, reason) => {
      visit.closed = { code, reason: reason.toString() };
      this.#waiting.wake();
    });
    socket.on('error', () => undefined);
    greet?.(visit);
    this.#waiting.wake();
  }
}
