import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { systemEnvironment } from '../util/environment.js';
import type { Environment, TimerHandle } from '../util/environment.js';
import { optionNames, refuseUnknownOptions, unusableOption } from '../option-checks.js';
import type { JSONRPCRequest } from '../protocol/messages/json-rpc.js';
import { FaultPlan, refusals } from './fault-plan.js';
import type { Direction } from './fault-plan.js';
import { ProxyConnection } from './proxy-connection.js';
import type { ProxiedRequest, ProxyPlan } from './proxy-connection.js';
import { BYTE_FAULTS, EXCHANGE_FAULTS } from './proxy-faults.js';
import type { ByteFault, ExchangeFault, ProxyFault, ProxyFaultRates, ProxyHit } from './proxy-faults.js';

/** Options of {@link chaosProxy}: rates of faults and their durations. */
export interface ChaosProxyOptions extends ProxyFaultRates {
  /** The seed of all random choices. Default 1. */
  readonly seed?: number;
  /** The delay of a response by `slow`, in milliseconds. Default 1 000. */
  readonly slowTime?: number;
  /** The `Retry-After` of `busy`, in seconds. Default 1. */
  readonly retryAfter?: number;
  /** Selects what may be hit. The faults of the selected requests do not depend on this selection. Default: everything. */
  readonly only?: (hit: ProxyHit) => boolean;
  /** The clock of pauses and of `faults`. Default: the clock of this process. */
  readonly environment?: Environment;
}

/**
 * Starts a proxy on a free port of 127.0.0.1. It adds faults of TCP and of HTTP between a client and a real server. They are chosen by a
 * seed: the n-th request gets the same fault in each run. It supports Streamable HTTP, HTTP+SSE and WebSocket.
 *
 * @example
 * await using proxy = await chaosProxy('http://localhost:3000/mcp', { resetAfter: 0.1 });
 * const client = await MCPClient.connect(proxy.url);
 * @param url the URL of the server, with the scheme http or ws
 * @throws MCPError with code `MCP_INVALID_PARAMS` for another URL, unknown options, invalid rates, and rates with a sum of more than 1.
 */
export async function chaosProxy(url: string | URL, options: ChaosProxyOptions = {}): Promise<ChaosProxy> {
  return ChaosProxy.start(url, options);
}

const OPTIONS = optionNames<ChaosProxyOptions>({
  refuse: true,
  split: true,
  slow: true,
  truncate: true,
  corrupt: true,
  resetBefore: true,
  resetAfter: true,
  forget: true,
  unavailable: true,
  busy: true,
  seed: true,
  slowTime: true,
  retryAfter: true,
  only: true,
  environment: true,
});

/** A proxy that adds faults. Made by {@link chaosProxy}; give its `url` to the client. */
export class ChaosProxy implements AsyncDisposable {
  /** The faults that happened, in order. */
  readonly faults: readonly ProxyFault[];
  readonly #faults: ProxyFault[] = [];
  readonly #target: URL;
  readonly #options: ChaosProxyOptions;
  readonly #environment: Environment;
  readonly #server: Server;
  readonly #connections = new Set<ProxyConnection>();
  readonly #refuses: () => boolean;
  readonly #requestPlan: FaultPlan<ExchangeFault>;
  readonly #bytePlans: Readonly<Record<Direction, FaultPlan<ByteFault>>>;
  readonly #counts = { connections: 0, requests: 0, 'to-server': 0, 'to-client': 0 };
  readonly #forgotten = new Set<string>();
  #port = 0;
  #closed = false;
  #endPause: (() => void) | undefined;
  /** Settles after all calls of `hangUp` so far. Never rejects. */
  #listening: Promise<void> = Promise.resolve();

  private constructor(url: string | URL, options: ChaosProxyOptions) {
    refuseUnknownOptions('chaosProxy', options, OPTIONS);
    const { seed = 1, environment = systemEnvironment } = options;
    this.#target = checkedTarget(url);
    this.#options = options;
    this.#environment = environment;
    this.faults = this.#faults;
    this.#refuses = refusals(seed, options.refuse);
    this.#requestPlan = new FaultPlan(seed, 'requests', ratesOf(EXCHANGE_FAULTS, options));
    this.#bytePlans = {
      // Bytes of a WebSocket client are masked. A corrupt byte could become any other byte, and so change a call unnoticed.
      'to-server': new FaultPlan(seed, 'to-server', ratesOf(BYTE_FAULTS, { ...options, corrupt: 0 })),
      'to-client': new FaultPlan(seed, 'to-client', ratesOf(BYTE_FAULTS, options)),
    };
    this.#server = createServer((socket) => {
      this.#accept(socket);
    });
    // Errors of accepting a connection, such as EMFILE, are visible to the client that connects.
    this.#server.on('error', () => undefined);
  }

  /** Same as {@link chaosProxy}. */
  static async start(url: string | URL, options: ChaosProxyOptions): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(url, options);
    await proxy.#listen();
    return proxy;
  }

  /** The URL of the server, with the host and port of the proxy. */
  get url(): string {
    const url = new URL(this.#target);
    url.hostname = '127.0.0.1';
    url.port = String(this.#port);
    return url.href;
  }

  /** The number of open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /** The number of HTTP requests so far. */
  get requests(): number {
    return this.#counts.requests;
  }

  /**
   * Resets every connection, as a crashed server does, and refuses new ones for `pause` milliseconds (default 0). Resolves when the proxy
   * listens again. Rejects if it cannot, because another process uses its port by then; it may be called again.
   */
  hangUp(pause = 0): Promise<void> {
    const back = this.#listening.then(async () => {
      await this.#stopListening();
      if (pause > 0 && !this.#closed) await this.#wait(pause);
      if (!this.#closed) await this.#listen();
    });
    this.#listening = back.catch(() => undefined);
    return back;
  }

  /** Closes the proxy and all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#endPause?.();
    await this.#listening;
    await this.#stopListening();
  }

  async #listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', () => {
        this.#server.removeListener('error', reject);
        resolve();
      });
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async #stopListening(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const connection of this.#connections) connection.destroy();
    await Promise.all([closed, ...[...this.#connections].map(({ gone }) => gone)]);
  }

  #wait(milliseconds: number): Promise<void> {
    let timer: TimerHandle;
    return new Promise<void>((resolve) => {
      this.#endPause = resolve;
      timer = this.#environment.setTimeout(resolve, milliseconds);
    }).finally(() => {
      this.#environment.clearTimeout(timer);
    });
  }

  #accept(socket: Socket): void {
    const number = this.#counts.connections++;
    const hit = { fault: 'refuse', connection: number, index: undefined, direction: undefined } as const;
    if (this.#refuses() && this.#mayHit(hit)) {
      this.#record(hit);
      socket.on('error', () => undefined);
      socket.resetAndDestroy();
      return;
    }
    const { slowTime = 1_000, retryAfter = 1 } = this.#options;
    const { hostname, port } = this.#target;
    const connection = new ProxyConnection(socket, {
      environment: this.#environment,
      slowTime,
      retryAfter,
      connect: () => connect(Number(port || 80), hostname.replace(/^\[|\]$/g, '')),
      planRequest: (request) => this.#planRequest(number, request),
      planBytes: (direction) => this.#planBytes(number, direction),
    });
    this.#connections.add(connection);
    void connection.gone.then(() => this.#connections.delete(connection));
  }

  #planRequest(connection: number, { head, body }: ProxiedRequest): ProxyPlan<ExchangeFault> {
    const index = this.#counts.requests++;
    const session = head.headers.get('mcp-session-id');
    const planned = this.#requestPlan.next();
    const gone = session !== undefined && this.#forgotten.has(session);
    const fault = gone ? 'forget' : planned.fault;
    if (fault === undefined || (fault === 'forget' && session === undefined)) return { ...planned, fault: undefined };
    const [httpMethod = ''] = head.line.split(' ');
    const hit = { fault, connection, index, direction: undefined, httpMethod, ...messageIn(body) };
    if (!gone && !this.#mayHit(hit)) return { ...planned, fault: undefined };
    if (fault === 'forget') this.#forgotten.add(session as string);
    return { ...planned, fault, reached: this.#record(hit) };
  }

  #planBytes(connection: number, direction: Direction): ProxyPlan<ByteFault> {
    const index = this.#counts[direction]++;
    const planned = this.#bytePlans[direction].next();
    const { fault } = planned;
    if (fault === undefined) return planned;
    const hit = { fault, connection, index, direction };
    return this.#mayHit(hit) ? { ...planned, reached: this.#record(hit) } : { ...planned, fault: undefined };
  }

  #mayHit(hit: ProxyHit): boolean {
    return this.#options.only?.(hit) !== false;
  }

  /** Adds a fault to the list. Returns a function that sets its `reached`. */
  #record({ message, ...hit }: ProxyHit): () => void {
    const about = message === undefined ? {} : { method: message.method, id: message.id };
    const fault = { ...hit, ...about, at: this.#environment.now(), reached: false };
    this.#faults.push(fault);
    return () => {
      fault.reached = true;
    };
  }
}

function ratesOf<Name extends ExchangeFault>(names: readonly Name[], rates: ProxyFaultRates): [Name, number][] {
  return names.map((name) => [name, rates[name] ?? 0]);
}

/** The JSON-RPC request in a body, if there is one. */
function messageIn(body: Buffer): { message?: JSONRPCRequest } {
  try {
    const message = JSON.parse(body.toString()) as Partial<JSONRPCRequest> | null;
    const { method, id } = message ?? {};
    return typeof method === 'string' && id !== undefined ? { message: message as JSONRPCRequest } : {};
  } catch {
    return {};
  }
}

function checkedTarget(url: string | URL): URL {
  const text = String(url);
  if (URL.canParse(text) && ['http:', 'ws:'].includes(new URL(text).protocol)) return new URL(text);
  const expected = 'a URL with the scheme http or ws';
  throw unusableOption('url', expected, text);
}
