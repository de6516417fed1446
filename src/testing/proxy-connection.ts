import type { Socket } from 'node:net';
import type { Environment } from '../util/environment.js';
import { ByteLane } from './byte-lane.js';
import type { PlannedFault, Way } from './fault-plan.js';
import { HttpFraming, statusOf } from './http-framing.js';
import type { Head, Portion } from './http-framing.js';
import type { ByteFault, ExchangeFault } from './proxy-faults.js';

/** An HTTP request that was received completely. */
export interface ProxiedRequest {
  readonly head: Head;
  readonly body: Buffer;
  readonly bytes: Buffer;
}

/** The fault of a request or piece, and a function to call when all of it has reached its destination. */
export interface ProxyPlan<Name extends string> extends PlannedFault<Name> {
  readonly reached?: () => void;
}

/** What a connection needs from its proxy. */
export interface ProxyPorts {
  readonly environment: Environment;
  /** Milliseconds. */
  readonly slowTime: number;
  /** Seconds. */
  readonly retryAfter: number;
  /** Opens a connection to the server. */
  connect(): Socket;
  /** Decides which fault hits a request, and records it. */
  planRequest(request: ProxiedRequest): ProxyPlan<ExchangeFault>;
  /** Decides which fault hits bytes that are not HTTP, and records it. */
  planBytes(way: Way): ProxyPlan<ByteFault>;
}

/** A request that waits for its response. */
interface Exchange extends ProxyPlan<ExchangeFault> {
  /** Bytes of the response body before the one that a fault hits. */
  untilHit: number;
}

/** The most bytes that are corrupted. */
const SPOILED = 3;
/** The last byte of a body of unknown length that a fault may hit. */
const DEEPEST = 1_000;

/** One connection of a client, and its connection to the server. Requests pass one after the other. */
export class ProxyConnection {
  readonly #client: Socket;
  readonly #ports: ProxyPorts;
  readonly #toClient: ByteLane;
  #server: Socket | undefined;
  #toServer: ByteLane | undefined;
  readonly #requests = new HttpFraming('request');
  readonly #responses = new HttpFraming('response');
  /** The request that is being received: its head, and then its body. */
  readonly #pieces: Buffer[] = [];
  readonly #waiting: ProxiedRequest[] = [];
  #exchange: Exchange | undefined;
  /** Client and server have agreed on another protocol. */
  #switched = false;
  /** Nothing passes any more. The server may still run the request. */
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
    this.#toClient = new ByteLane(client, ports.environment);
    client.setNoDelay();
    client.on('data', (chunk: Buffer) => {
      if (this.#switched) this.#carry('to-server', chunk);
      else this.#receive(chunk);
    });
    client.on('error', () => undefined);
    client.on('close', () => {
      this.#toClient.close();
      if (!this.#severed) this.#leaveServer();
    });
    this.#count(client);
  }

  /** Ends it at once, like a server that crashes. */
  destroy(): void {
    this.#severed = true;
    this.#reset();
    this.#leaveServer();
  }

  #reset(): void {
    // Where an end is on its way the system refuses a reset, and Node would keep the socket for ever.
    if (this.#client.writableEnded) this.#client.destroy();
    else this.#client.resetAndDestroy();
  }

  #leaveServer(): void {
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

  #receive(chunk: Buffer): void {
    for (const portion of this.#requests.read(chunk)) {
      this.#pieces.push(portion.bytes);
      if (!portion.last) continue;
      const body = Buffer.concat(this.#pieces.slice(1));
      this.#waiting.push({ head: portion.head, body, bytes: Buffer.concat(this.#pieces) });
      this.#pieces.length = 0;
    }
    this.#askNext();
  }

  #askNext(): void {
    while (this.#exchange === undefined && !this.#severed) {
      const request = this.#waiting.shift();
      if (request === undefined) return;
      this.#ask(request);
    }
  }

  #ask(request: ProxiedRequest): void {
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

  /** Answers in place of the server. */
  #refuse({ head }: ProxiedRequest, status: string): void {
    this.#toClient.write(Buffer.from(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`));
    if (head.headers.get('connection')?.toLowerCase() === 'close') this.#sever('end');
  }

  #forward({ bytes }: ProxiedRequest, plan: ProxyPlan<ExchangeFault>): void {
    this.#exchange = { ...plan, untilHit: 0 };
    const toServer = this.#serverLane();
    const written = (): void => {
      plan.reached?.();
      if (plan.fault === 'resetAfter' && plan.share < 0.5) this.#sever('reset');
    };
    if (plan.fault === 'split') toServer.dribble(bytes, written);
    else toServer.write(bytes, written);
  }

  #serverLane(): ByteLane {
    if (this.#toServer !== undefined) return this.#toServer;
    const server = (this.#server = this.#ports.connect());
    server.setNoDelay();
    server.on('data', (chunk: Buffer) => {
      if (this.#switched) this.#carry('to-client', chunk);
      else this.#answer(chunk);
    });
    server.on('error', () => {
      this.destroy();
    });
    server.on('end', () => {
      this.#toClient.do(() => this.#client.end());
    });
    server.on('close', () => this.#toServer?.close());
    this.#count(server);
    return (this.#toServer = new ByteLane(server, this.#ports.environment));
  }

  #answer(chunk: Buffer): void {
    for (const portion of this.#responses.read(chunk)) {
      if (this.#switched) this.#carry('to-client', portion.bytes);
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
    // No more of this exchange comes after the switch.
    const over = last || status === 101;
    if (!this.#severed) this.#passAnswer(this.#exchange, { part, bytes, head, last: over });
    if (!over) return;
    this.#exchange = undefined;
    this.#switched = status === 101;
    if (this.#severed) this.#leaveServer();
    else this.#askNext();
  }

  #passAnswer(exchange: Exchange, portion: Portion): void {
    const { fault, share } = exchange;
    const { part, bytes, head } = portion;
    if (part === 'head') exchange.untilHit = depthOf(head, share);
    const hit = hitOf(exchange, portion);
    if (fault === 'slow' && part === 'head') this.#toClient.pause(this.#ports.slowTime);
    if (fault === 'split') this.#toClient.dribble(bytes);
    else if (fault === 'resetAfter') this.#sever('reset');
    else if (fault === 'corrupt' && hit !== undefined) this.#toClient.write(spoil(bytes, hit));
    else if (fault === 'truncate' && hit !== undefined) {
      this.#toClient.write(bytes.subarray(0, hit));
      this.#sever('end');
    } else this.#toClient.write(bytes);
  }

  /** Passes on bytes of an unknown protocol. */
  #carry(way: Way, chunk: Buffer): void {
    const lane = way === 'to-server' ? this.#toServer : this.#toClient;
    if (this.#severed || lane === undefined) return;
    const { fault, share, reached } = this.#ports.planBytes(way);
    const hit = Math.floor(share * chunk.length);
    if (fault === 'slow') lane.pause(this.#ports.slowTime);
    if (fault === 'split') lane.dribble(chunk, reached);
    else if (fault === 'resetBefore') this.destroy();
    else if (fault === 'truncate') {
      lane.write(chunk.subarray(0, hit));
      lane.do(() => {
        this.#sever('end');
      });
    } else if (fault === 'corrupt') lane.write(spoil(chunk, hit), reached);
    else {
      lane.write(chunk, () => {
        reached?.();
        if (fault === 'resetAfter') this.#sever('reset');
      });
    }
  }

  /** Ends the connection of the client. Requests that have reached the server stay there. */
  #sever(how: 'end' | 'reset'): void {
    if (this.#severed) return;
    this.#severed = true;
    if (how === 'reset') this.#reset();
    else this.#toClient.do(() => this.#client.end());
    if (this.#switched) this.#server?.end();
  }
}

/** How many bytes of a body pass before the one that a fault hits. */
function depthOf({ headers }: Head, share: number): number {
  const length = headers.get('content-length');
  return Math.floor(length === undefined ? share * share * DEEPEST : share * Number(length));
}

/** The byte of a portion that is hit: the planned one, or the last of the response if it is shorter. */
function hitOf(exchange: Exchange, { part, bytes, last }: Portion): number | undefined {
  if (part === 'head') return last ? bytes.length - 1 : undefined;
  const { untilHit } = exchange;
  exchange.untilHit -= bytes.length;
  if (untilHit < 0) return undefined;
  if (untilHit < bytes.length) return untilHit;
  return last ? bytes.length - 1 : undefined;
}

/** NUL is not allowed in JSON, in headers and in event streams, so the client can detect it. */
function spoil(bytes: Buffer, from: number): Buffer {
  return Buffer.from(bytes).fill(0, from, Math.min(from + SPOILED, bytes.length));
}
