import type { Socket } from 'node:net';
import type { Environment } from '../util/environment.js';
import { ByteQueue } from './byte-queue.js';
import type { PlannedFault, Direction } from './fault-plan.js';
import { HttpFraming, statusOf } from './http-framing.js';
import type { Head, Portion } from './http-framing.js';
import type { ByteFault, ExchangeFault } from './proxy-faults.js';

/** A complete HTTP request. */
export interface ProxiedRequest {
  readonly head: Head;
  readonly body: Buffer;
  readonly bytes: Buffer;
}

/** The fault of a request or of bytes. `reached` is called when they are passed on completely. */
export interface ProxyPlan<Name extends string> extends PlannedFault<Name> {
  readonly reached?: () => void;
}

/** The effects of a connection on its proxy. */
export interface ProxyPorts {
  readonly environment: Environment;
  /** Milliseconds. */
  readonly slowTime: number;
  /** Seconds. */
  readonly retryAfter: number;
  /** Opens a connection to the server. */
  connect(): Socket;
  /** Chooses the fault of a request, and records it. */
  planRequest(request: ProxiedRequest): ProxyPlan<ExchangeFault>;
  /** Chooses the fault of bytes of another protocol, and records it. */
  planBytes(direction: Direction): ProxyPlan<ByteFault>;
}

/** A request that was passed on and has no complete response yet. */
interface Exchange extends ProxyPlan<ExchangeFault> {
  /** How many bytes of the response body precede the byte that a fault hits. */
  untilHit: number;
}

/** How many bytes `corrupt` changes at most. */
const MAX_CORRUPT = 3;
/** In a body of unknown length, a fault hits a byte before this one. */
const MAX_DEPTH = 1_000;

/** A connection of a client and its connection to the server. Requests are passed on one after the other. */
export class ProxyConnection {
  readonly #client: Socket;
  readonly #ports: ProxyPorts;
  readonly #toClient: ByteQueue;
  #server: Socket | undefined;
  #toServer: ByteQueue | undefined;
  readonly #requests = new HttpFraming('request');
  readonly #responses = new HttpFraming('response');
  /** The head and the body so far of the incomplete request. */
  readonly #pieces: Buffer[] = [];
  readonly #queue: ProxiedRequest[] = [];
  #exchange: Exchange | undefined;
  /** Whether client and server have switched to another protocol. */
  #switched = false;
  /** Whether the client is disconnected. The server may continue its request. */
  #severed = false;
  /** Resolves when both sockets are closed. */
  readonly gone: Promise<void>;
  /** The number of open sockets. */
  #open = 0;
  #over!: () => void;

  constructor(client: Socket, ports: ProxyPorts) {
    this.gone = new Promise((resolve) => {
      this.#over = resolve;
    });
    this.#client = client;
    this.#ports = ports;
    this.#toClient = new ByteQueue(client, ports.environment);
    client.setNoDelay();
    client.on('data', (chunk: Buffer) => {
      if (this.#switched) this.#passBytes('to-server', chunk);
      else this.#receiveRequests(chunk);
    });
    client.on('error', () => undefined);
    client.on('close', () => {
      this.#toClient.close();
      if (!this.#severed) this.#disconnectServer();
    });
    this.#count(client);
  }

  /** Resets both connections, as a crashed server does. */
  destroy(): void {
    this.#severed = true;
    this.#reset();
    this.#disconnectServer();
  }

  #reset(): void {
    // After `end()` the system refuses a reset, and Node would keep the socket forever.
    if (this.#client.writableEnded) this.#client.destroy();
    else this.#client.resetAndDestroy();
  }

  #disconnectServer(): void {
    this.#toServer?.close();
    this.#server?.destroy();
  }

  #count(socket: Socket): void {
    this.#open += 1;
    socket.on('close', () => {
      this.#open -= 1;
      if (this.#open === 0) this.#over();
    });
  }

  #receiveRequests(chunk: Buffer): void {
    for (const portion of this.#requests.read(chunk)) {
      this.#pieces.push(portion.bytes);
      if (!portion.last) continue;
      const body = Buffer.concat(this.#pieces.slice(1));
      this.#queue.push({ head: portion.head, body, bytes: Buffer.concat(this.#pieces) });
      this.#pieces.length = 0;
    }
    this.#handleNext();
  }

  #handleNext(): void {
    while (this.#exchange === undefined && !this.#severed) {
      const request = this.#queue.shift();
      if (request === undefined) return;
      this.#handle(request);
    }
  }

  #handle(request: ProxiedRequest): void {
    const plan = this.#ports.planRequest(request);
    switch (plan.fault) {
      case 'resetBefore':
        this.destroy();
        break;
      case 'forget':
        this.#refuse(request, '404 Not Found');
        break;
      case 'unavailable':
        this.#refuse(request, '503 Service Unavailable');
        break;
      case 'busy':
        this.#refuse(request, `503 Service Unavailable\r\nretry-after: ${this.#ports.retryAfter}`);
        break;
      default:
        this.#forward(request, plan);
    }
  }

  /** Responds in place of the server. */
  #refuse({ head }: ProxiedRequest, status: string): void {
    this.#toClient.write(Buffer.from(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`));
    if (head.headers.get('connection')?.toLowerCase() === 'close') this.#sever('end');
  }

  #forward({ bytes }: ProxiedRequest, plan: ProxyPlan<ExchangeFault>): void {
    this.#exchange = { ...plan, untilHit: 0 };
    const toServer = this.#serverQueue();
    const written = (): void => {
      plan.reached?.();
      if (plan.fault === 'resetAfter' && plan.share < 0.5) this.#sever('reset');
    };
    if (plan.fault === 'split') toServer.writeInPieces(bytes, written);
    else toServer.write(bytes, written);
  }

  #serverQueue(): ByteQueue {
    if (this.#toServer !== undefined) return this.#toServer;
    const server = (this.#server = this.#ports.connect());
    server.setNoDelay();
    server.on('data', (chunk: Buffer) => {
      if (this.#switched) this.#passBytes('to-client', chunk);
      else this.#receiveResponses(chunk);
    });
    server.on('error', () => {
      this.destroy();
    });
    server.on('end', () => {
      this.#toClient.do(() => this.#client.end());
    });
    server.on('close', () => this.#toServer?.close());
    this.#count(server);
    return (this.#toServer = new ByteQueue(server, this.#ports.environment));
  }

  #receiveResponses(chunk: Buffer): void {
    for (const portion of this.#responses.read(chunk)) {
      if (this.#switched) this.#passBytes('to-client', portion.bytes);
      else this.#pass(portion);
    }
  }

  #pass({ part, bytes, head, last }: Portion): void {
    const status = statusOf(head);
    // Informational responses, and data without a request.
    if (this.#exchange === undefined || (status < 200 && status !== 101)) {
      if (!this.#severed) this.#toClient.write(bytes);
      return;
    }
    // The exchange ends with the switch to another protocol.
    const over = last || status === 101;
    if (!this.#severed) this.#passResponse(this.#exchange, { part, bytes, head, last: over });
    if (!over) return;
    this.#exchange = undefined;
    this.#switched = status === 101;
    if (this.#severed) this.#disconnectServer();
    else this.#handleNext();
  }

  #passResponse(exchange: Exchange, portion: Portion): void {
    const { fault, share } = exchange;
    const { part, bytes, head } = portion;
    if (part === 'head') exchange.untilHit = depthOf(head, share);
    const hit = hitOf(exchange, portion);
    if (fault === 'slow' && part === 'head') this.#toClient.pause(this.#ports.slowTime);
    if (fault === 'split') this.#toClient.writeInPieces(bytes);
    else if (fault === 'resetAfter') this.#sever('reset');
    else if (fault === 'corrupt' && hit !== undefined) this.#toClient.write(corrupted(bytes, hit));
    else if (fault === 'truncate' && hit !== undefined) {
      this.#toClient.write(bytes.subarray(0, hit));
      this.#sever('end');
    } else this.#toClient.write(bytes);
  }

  /** Passes on bytes of another protocol. */
  #passBytes(direction: Direction, chunk: Buffer): void {
    const lane = direction === 'to-server' ? this.#toServer : this.#toClient;
    if (this.#severed || lane === undefined) return;
    const { fault, share, reached } = this.#ports.planBytes(direction);
    const hit = Math.floor(share * chunk.length);
    if (fault === 'slow') lane.pause(this.#ports.slowTime);
    if (fault === 'split') lane.writeInPieces(chunk, reached);
    else if (fault === 'resetBefore') this.destroy();
    else if (fault === 'truncate') {
      lane.write(chunk.subarray(0, hit));
      lane.do(() => {
        this.#sever('end');
      });
    } else if (fault === 'corrupt') lane.write(corrupted(chunk, hit), reached);
    else {
      lane.write(chunk, () => {
        reached?.();
        if (fault === 'resetAfter') this.#sever('reset');
      });
    }
  }

  /** Ends the connection of the client. The server keeps the request. */
  #sever(how: 'end' | 'reset'): void {
    if (this.#severed) return;
    this.#severed = true;
    if (how === 'reset') this.#reset();
    else this.#toClient.do(() => this.#client.end());
    if (this.#switched) this.#server?.end();
  }
}

/** How many bytes of a body precede the byte that a fault hits. */
function depthOf({ headers }: Head, share: number): number {
  const length = headers.get('content-length');
  return Math.floor(length === undefined ? share * share * MAX_DEPTH : share * Number(length));
}

/** The index of the byte in a portion that a fault hits: the chosen one, or the last byte of a shorter response. */
function hitOf(exchange: Exchange, { part, bytes, last }: Portion): number | undefined {
  if (part === 'head') return last ? bytes.length - 1 : undefined;
  const { untilHit } = exchange;
  exchange.untilHit -= bytes.length;
  if (untilHit < 0) return undefined;
  if (untilHit < bytes.length) return untilHit;
  return last ? bytes.length - 1 : undefined;
}

/** Writes NUL, which is invalid in JSON, in headers and in event streams, so that every reader can detect it. */
function corrupted(bytes: Buffer, from: number): Buffer {
  return Buffer.from(bytes).fill(0, from, Math.min(from + MAX_CORRUPT, bytes.length));
}
