import { Budget } from '../../src/util/budget.js';
import { Connection } from '../../src/machines/connection/connection.js';
import type { ConnectionOptions } from '../../src/machines/connection/connection-options.js';
import type { ConnectionPolicy, ConnectionState } from '../../src/machines/connection/connection-context.js';
import type { Outcome } from '../../src/machines/request/outcome.js';
import type { RequestSpec } from '../../src/machines/request/request-spec.js';
import { isFailure } from '../../src/util/failure.js';
import type { Failure } from '../../src/util/failure.js';
import type { JSONRPCErrorObject, JSONRPCMessage, JSONRPCRequest } from '../../src/protocol/messages/json-rpc.js';
import { methodEntry } from '../../src/protocol/methods.js';
import { acceptable } from '../../src/protocol/negotiation.js';
import type { Session } from '../../src/protocol/session.js';
import type { Link, LinkEvents } from '../../src/transports/link.js';
import { MCPTransport } from '../../src/transports/transport.js';
import { requestSpec } from '../../src/machines/request/request-spec.js';
import { discoverResult, initializeResult } from './servers/scripts.js';
import { SimulatedEnvironment } from './simulated-environment.js';

/** What a server says to a request; undefined for nothing at all. */
export type Reply = { readonly result: object } | { readonly error: JSONRPCErrorObject } | undefined;

/** A server without a script. */
export type Behaviour = (request: JSONRPCRequest, link: ManualLink) => Reply;

const REFUSAL: Reply = { error: { code: -32601, message: 'Method not found' } };

/** Answers the questions of the modern negotiation, and everything else with an empty result. */
export const modernServer: Behaviour = ({ method }) =>
  method === 'initialize' ? REFUSAL : { result: method === 'server/discover' ? discoverResult() : {} };

/** Answers the handshake, and everything else with an empty result. */
export const legacyServer: Behaviour = ({ method }) =>
  method === 'server/discover' ? REFUSAL : { result: method === 'initialize' ? initializeResult() : {} };

export const silentServer: Behaviour = () => undefined;

/** Does not open, as long as somebody wants it to. */
export function neverOpens(_attempt: number, signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
}

/** A link of a {@link ManualTransport}. */
export class ManualLink implements Link {
  readonly sent: JSONRPCMessage[] = [];
  closed = false;
  readonly #transport: ManualTransport;
  readonly #events: LinkEvents;

  constructor(transport: ManualTransport, events: LinkEvents) {
    this.#transport = transport;
    this.#events = events;
  }

  send(message: JSONRPCMessage): Promise<void> | undefined {
    this.sent.push(message);
    this.#transport.log.push('method' in message ? message.method : 'answer');
    const pending = this.#transport.sending(message);
    if (pending === undefined) this.#hear(message);
    else
      pending.then(
        () => {
          this.#hear(message);
        },
        () => undefined,
      );
    return pending;
  }

  #hear(message: JSONRPCMessage): void {
    if (!('method' in message && 'id' in message)) return;
    const reply = this.#transport.server(message, this);
    if (reply !== undefined) this.says({ jsonrpc: '2.0', id: message.id, ...reply });
  }

  /** Speaks for the server. Like a real link it never speaks while it is spoken to. */
  says(message: unknown): void {
    queueMicrotask(() => {
      this.#events.message(message);
    });
  }

  /** The server, or what lies between, ends the link. */
  ends(why?: Failure): void {
    this.#events.closed(why);
  }

  close(): Promise<void> {
    this.#transport.log.push('close');
    this.closed = true;
    return this.#transport.closing();
  }

  /** The methods of what was sent over this link. */
  get methods(): string[] {
    return this.sent.flatMap((message) => ('method' in message ? [message.method] : []));
  }
}

/** A transport without a server: the test does by hand what its links do. */
export class ManualTransport extends MCPTransport {
  /** Everything that was done to it and its links, in order. */
  readonly log: string[] = [];
  readonly links: ManualLink[] = [];
  /** The signals of all attempts to open a link. */
  readonly attempts: AbortSignal[] = [];
  /** Decides when an attempt to open a link succeeds, or fails. */
  opening: (attempt: number, signal: AbortSignal) => Promise<unknown> | undefined = () => undefined;
  /** What sending a message returns. */
  sending: (message: JSONRPCMessage) => Promise<void> | undefined = () => undefined;
  /** Decides how long closing a link takes. */
  closing: () => Promise<void> = () => Promise.resolve();
  server: Behaviour;

  constructor(server: Behaviour = modernServer) {
    super({ timeout: 3_600_000 });
    this.server = server;
  }

  protected async open(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    this.log.push('open');
    this.attempts.push(signal);
    await this.opening(this.attempts.length, signal);
    const link = new ManualLink(this, events);
    this.links.push(link);
    return link;
  }

  /** The newest link. */
  get newest(): ManualLink {
    const link = this.links.at(-1);
    if (link === undefined) throw new Error('No link was opened');
    return link;
  }
}

export interface ManualConnectionOptions extends Partial<
  Omit<ConnectionOptions, 'policy' | 'transport' | 'environment'>
> {
  readonly server?: Behaviour;
  readonly transport?: ManualTransport;
  readonly policy?: Partial<ConnectionPolicy>;
  /** All random numbers; by default a seed decides them. */
  readonly random?: () => number;
  readonly seed?: number;
  /** Hears of each public state, as listeners of users do. */
  readonly entered?: (state: ConnectionState) => void;
}

/** A real connection over a {@link ManualTransport}, in simulated time. */
export class ManualConnection {
  readonly environment: SimulatedEnvironment;
  readonly transport: ManualTransport;
  readonly connection: Connection;
  readonly states: ConnectionState[] = [];
  readonly reports: Failure[] = [];
  readonly notified: string[] = [];
  suspicions = 0;

  constructor({ server, transport, policy, random, seed = 1, entered, ...more }: ManualConnectionOptions = {}) {
    this.environment = new SimulatedEnvironment({ seed });
    this.transport = transport ?? new ManualTransport(server);
    this.connection = new Connection(
      {
        transport: this.transport,
        identity: { clientInfo: { name: 'test', version: '1' }, capabilities: {} },
        environment: random === undefined ? this.environment : { ...this.environment, random },
        policy: {
          autoReconnect: true,
          maxReconnectAttempts: 3,
          backoff: { delay: 1_000, maxDelay: 60_000 },
          restarts: { maxRestarts: Infinity, window: 300_000 },
          retryInitialConnect: false,
          connectTimeout: 30_000,
          probeTimeout: 5_000,
          acceptable: acceptable('auto'),
          ...policy,
        },
        perRequest: false,
        era: undefined,
        healthInterval: 0,
        maxQueued: 1_000,
        maxInputRounds: 10,
        budget: new Budget(),
        ...more,
      },
      {
        entered: (state) => {
          this.states.push(state);
          entered?.(state);
        },
        notified: (method) => this.notified.push(method),
        missedChanges: () => (this.suspicions += 1),
        report: (problem) => this.reports.push(problem),
        tolerated: (fault) => this.reports.push(fault),
      },
    );
  }

  /** A connection that is ready. */
  static async ready(options: ManualConnectionOptions = {}): Promise<ManualConnection> {
    const manual = new ManualConnection(options);
    const outcome = await manual.connect();
    if (isFailure(outcome)) throw new Error(`Not ready: ${outcome.message}`);
    await manual.environment.settle();
    return manual;
  }

  connect(timeout = 30_000, signal?: AbortSignal): Promise<Session | Failure> {
    return this.connection.connect(timeout, signal);
  }

  /** Makes a request. Unless told otherwise it never expires and must not be repeated. */
  ask(method: string, more: Partial<RequestSpec> = {}): Promise<Outcome> {
    return this.connection.requests.submit(
      requestSpec(method, undefined, { entry: { ...methodEntry(method), check: undefined }, ...more }),
    );
  }

  advance(milliseconds: number): Promise<void> {
    return this.environment.advance(milliseconds);
  }

  settle(): Promise<void> {
    return this.environment.settle();
  }

  get state(): ConnectionState {
    return this.connection.state;
  }

  /** Ends the connection; says what is left of it. */
  async end(): Promise<{ timers: number; requests: object; connected: boolean }> {
    await this.connection.disconnect();
    await this.settle();
    return {
      timers: this.environment.pending.length,
      requests: this.connection.requests.counts,
      connected: this.transport.connected,
    };
  }
}

/** What is left of a connection that left nothing. */
export const NOTHING_LEFT = { timers: 0, requests: { inFlight: 0, queued: 0, asking: 0 }, connected: false };

/** A promise and the means to settle it. */
export function deferred<Value = void>(): {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (reason: unknown) => void;
} {
  let resolve!: (value: Value) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<Value>((settle, refuse) => {
    resolve = settle;
    reject = refuse;
  });
  return { promise, resolve, reject };
}

/** What became of a promise, for looking at it without waiting. */
export function watch<Value>(promise: Promise<Value>): { value?: Value; thrown?: unknown; settled: boolean } {
  const seen: { value?: Value; thrown?: unknown; settled: boolean } = { settled: false };
  promise.then(
    (value) => Object.assign(seen, { value, settled: true }),
    (thrown: unknown) => Object.assign(seen, { thrown, settled: true }),
  );
  return seen;
}
