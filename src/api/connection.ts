import type { MCPError } from '../errors.js';
import type { ConnectionState } from '../machines/connection/connection-context.js';
import { failure } from '../util/failure.js';
import { healthScore } from '../diagnostics/health-score.js';
import { A_DURATION, invalidOption, isDuration, optionNames, OptionReader } from '../option-checks.js';
import type { MCPTransport } from '../transports/transport.js';
import { MCPClient } from './client.js';
import { connectOrDispose, transportFor } from './connect-target.js';
import type { ConnectTarget } from './connect-target.js';
import { Core } from './core.js';
import type { MCPClientEventName, MCPClientEvents } from './events.js';
import type { HealthReport } from './health-report.js';
import { CLIENT_NAMES, defaultConnectTimeout, resolveOptions } from './options/options.js';
import type { MCPClientOptions, OptionOwner } from './options/options.js';
import { explain } from './explanation.js';
import { suspend } from './suspension.js';
import type { SuspendedClient } from './suspended-client.js';

/** The state of a connection as supervisors show it. */
export type ConnectionStatus = 'disconnected' | 'connecting' | 'connected' | 'reconnecting' | 'error';

/** Options of an {@link MCPConnection}: those of a client, with other defaults. */
export interface MCPConnectionOptions extends MCPClientOptions {
  /** Default true. */
  readonly autoReconnect?: boolean | undefined;
  /** Default 5. */
  readonly maxReconnectAttempts?: number | undefined;
  /** Milliseconds between health checks. Default 30 000. */
  readonly healthCheckInterval?: number | undefined;
  /**
   * Milliseconds that `connect()` may take, handshake included. Default 30 000, and 60 000 for a server that has to be downloaded before its
   * first start: one that `npx`, `uvx`, `docker run` and the like start.
   */
  readonly connectTimeout?: number | undefined;
  /** Another name for `connectTimeout`. An error when both are given and differ. */
  readonly connectionTimeout?: number | undefined;
  /** Whether `connect()` begins to monitor. Default true. */
  readonly monitor?: boolean | undefined;
}

/** The result of {@link MCPConnection.healthCheck}. */
export interface ConnectionHealth
  extends
    HealthReport,
    Pick<
      MCPConnection,
      'name' | 'status' | 'lastConnected' | 'lastError' | 'reconnectAttempts' | 'connectionCount' | 'errorCount'
    > {
  readonly connected: boolean;
  /** Age of the current session, in ms; 0 without a session. */
  readonly uptime: number;
  readonly transportType: string;
  /** Milliseconds until the server responded; undefined when it did not. */
  readonly latency: number | undefined;
}

/** The result of {@link MCPConnection.getInfo}. */
export interface ConnectionInfo extends Pick<
  MCPConnection,
  'name' | 'transport' | 'client' | 'status' | 'lastConnected' | 'lastError' | 'reconnectAttempts' | 'healthScore'
> {
  /** `state`, `path`, `transportType`, and of the health `latencies` and `reasons`. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

const STATUS: Readonly<Record<Exclude<ConnectionState, 'closed'>, ConnectionStatus>> = {
  idle: 'disconnected',
  connecting: 'connecting',
  initializing: 'connecting',
  ready: 'connected',
  degraded: 'connected',
  reconnecting: 'reconnecting',
};

const CONNECTION: OptionOwner = {
  name: 'MCPConnection',
  names: optionNames<MCPConnectionOptions>({ ...CLIENT_NAMES, connectionTimeout: true, monitor: true }),
  autoReconnect: true,
  maxReconnectAttempts: 5,
  healthCheckInterval: 30_000,
};

/** A connection with a name, that is watched and brought back. */
export class MCPConnection {
  /** The name that was given; it shows in errors and explanations. */
  readonly name: string;
  /** The transport that was given, or made for the target. */
  readonly transport: MCPTransport;
  readonly #core: Core;
  readonly #view: MCPClient;
  readonly #monitor: boolean;
  readonly #interval: number;

  /**
   * @param target what {@link MCPClient} takes
   * @throws MCPError with code `MCP_INVALID_PARAMS` when the name, the target or an option cannot be used.
   */
  constructor(name: string, target: ConnectTarget, options: MCPConnectionOptions = {}) {
    if (typeof name !== 'string' || name === '') throw invalidOption('name', 'a string that is not empty', name);
    const transport = transportFor(target);
    const resolved = resolveOptions(options, CONNECTION, transport);
    const read = new OptionReader(options);
    this.name = name;
    this.transport = transport;
    this.#monitor = read.flag('monitor', true);
    this.#interval = resolved.healthCheckInterval;
    const connectTimeout = connectTimeoutOf(options, transport);
    const policy = { ...resolved.policy, connectTimeout };
    this.#core = new Core(transport, { ...resolved, connectTimeout, policy, healthCheckInterval: 0 }, name);
    this.#view = new MCPClient(this.#core);
  }

  /**
   * Constructs and connects: `await using connection = await MCPConnection.connect('files', target)`. When connecting fails the
   * connection is ended: nothing is left behind.
   * @throws what {@link MCPClient.connect} throws.
   */
  static async connect(name: string, target: ConnectTarget, options?: MCPConnectionOptions): Promise<MCPConnection> {
    const connection = new MCPConnection(name, target, options);
    await connectOrDispose(connection, () => connection.connect());
    return connection;
  }

  /**
   * Connects and begins to monitor. `timeout` is in milliseconds; default: `connectTimeout`.
   * @throws what {@link MCPClient.connect} throws.
   */
  async connect(timeout?: number): Promise<MCPClient> {
    if (timeout !== undefined && !isDuration(timeout)) throw invalidOption('timeout', A_DURATION, timeout);
    // Before it stands, so that what is asked for meanwhile counts.
    if (this.#monitor) this.#watch(this.#interval);
    await this.#core.connect({ timeout });
    return this.#view;
  }

  /** Ends the connection and the monitoring. Pending calls reject at once; the promise never rejects. May be called twice. */
  disconnect(): Promise<void> {
    this.#watch(0);
    return this.#core.connection.disconnect();
  }

  /** Same as {@link MCPConnection.disconnect}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.disconnect();
  }

  /**
   * Ends the connection and the monitoring, and leaves the session to another client: see {@link MCPClient.suspend}. To go on, give what
   * it resolves with to another connection as `resume`, or to {@link MCPClient.resume}. Scores and counters begin anew there.
   * @throws MCPConnectionError when not connected, also while reconnecting; then nothing has changed.
   */
  async suspend(): Promise<SuspendedClient> {
    const suspended = await suspend(this.#core);
    this.#watch(0);
    return suspended;
  }

  /**
   * Drops the link, if there is one, and connects anew at once. Never rejects: it resolves with null when that fails, and `lastError` says
   * why.
   */
  async reconnect(): Promise<MCPClient | null> {
    this.#core.connection.send({ type: 'reconnect' });
    try {
      return await this.connect();
    } catch {
      return null;
    }
  }

  /**
   * The client while connected.
   * @throws MCPConnectionError when not connected.
   */
  getClient(): MCPClient {
    if (this.isConnected()) return this.#view;
    const message = `The connection "${this.name}" is not connected (its status is ${this.status})`;
    const { failure: cause } = this.#core.connection.facts;
    throw this.#core.errors.of(failure('connection', 'MCP_NOT_CONNECTED', message, { delivery: 'not-sent', cause }));
  }

  /**
   * Listens to an event, as with {@link MCPClient.on}, and already before the first connect, when there is no client yet. Returns the
   * function that ends it.
   */
  on<Name extends MCPClientEventName>(event: Name, listener: (...args: MCPClientEvents[Name]) => unknown): () => void {
    return this.#view.on(event, listener);
  }

  /** Whether a session stands, be it healthy or not. */
  isConnected(): boolean {
    return this.#core.connection.session !== undefined;
  }

  /** Whether it is connected and its health score is at least `threshold`. */
  isHealthy(threshold = 0.7): boolean {
    return this.isConnected() && this.healthScore >= threshold;
  }

  /** Sends a request to the server and reports the health of the connection. Never rejects. */
  async healthCheck(): Promise<ConnectionHealth> {
    const { latency } = await this.#view.healthCheck();
    return {
      ...pick(this, [
        'name',
        'status',
        'lastConnected',
        'lastError',
        'reconnectAttempts',
        'connectionCount',
        'errorCount',
      ]),
      connected: this.isConnected(),
      ...this.#core.health,
      uptime: this.#uptime,
      transportType: this.transport.constructor.name,
      latency,
    };
  }

  /**
   * Begins to check the health at every `healthCheckInterval`; connects in the background when not connected. When that fails it is an
   * `error` event.
   */
  startMonitoring(): void {
    this.#watch(this.#interval);
    this.#core.connect().catch((thrown: unknown) => {
      this.#core.events.emit('error', thrown as MCPError);
    });
  }

  /** Ceases to check the health. The connection stays. */
  stopMonitoring(): void {
    this.#watch(0);
  }

  #watch(interval: number): void {
    if (this.#core.connection.facts.healthInterval === interval) return;
    this.#core.connection.send({ type: 'monitor', interval });
  }

  /** The attributes and the state of this connection. Sends nothing. */
  getInfo(): ConnectionInfo {
    const { connection, health } = this.#core;
    const { latencies, reasons } = health;
    return {
      ...pick(this, [
        'name',
        'transport',
        'client',
        'status',
        'lastConnected',
        'lastError',
        'reconnectAttempts',
        'healthScore',
      ]),
      metadata: {
        state: connection.state,
        path: connection.path,
        transportType: this.transport.constructor.name,
        latencies,
        reasons,
      },
    };
  }

  /** Why the connection is in the state it is in. For a person. */
  explain(): string {
    return `Connection "${this.name}". ${explain(this.#core)}`;
  }

  /** Null before the first connect, then one and the same object for ever, valid over reconnects. */
  get client(): MCPClient | null {
    return this.#core.connection.facts.connectionCount === 0 ? null : this.#view;
  }

  /** The state in words of supervisors. */
  get status(): ConnectionStatus {
    const { state, facts } = this.#core.connection;
    if (state !== 'closed') return STATUS[state];
    return facts.failure === undefined ? 'disconnected' : 'error';
  }

  /** 0 to 1 over the last ten checks, each weighing half of the next newer one; 1 before the first. */
  get healthScore(): number {
    return healthScore(this.#core.connection.facts.checks);
  }

  /** When a session was last established. */
  get lastConnected(): Date | undefined {
    return dateOf(this.#core.connection.facts.lastConnected);
  }

  /** Why the connection was lost, or could not be made, the last time that happened and since it last stood. */
  get lastError(): MCPError | undefined {
    return this.#core.errors.last;
  }

  /** Attempts to bring the connection back since it last stood for a while. */
  get reconnectAttempts(): number {
    return this.#core.connection.facts.reconnectAttempts;
  }

  /** Sessions established so far. */
  get connectionCount(): number {
    return this.#core.connection.facts.connectionCount;
  }

  /** Failures so far: attempts that failed and links that were lost. */
  get errorCount(): number {
    return this.#core.connection.facts.errorCount;
  }

  /** Milliseconds of all sessions together. */
  get totalUptime(): number {
    return this.#core.connection.facts.pastUptime + this.#uptime;
  }

  get #uptime(): number {
    const { establishedAt } = this.#core.connection.facts;
    return establishedAt === undefined ? 0 : this.#core.options.environment.now() - establishedAt;
  }

  /** When the server last answered anything. */
  get lastOperationTime(): Date | undefined {
    return dateOf(this.#core.connection.requests.inFlight.lastAnswerAt);
  }

  /** Whether a lost connection is opened again. */
  get autoReconnect(): boolean {
    return this.#core.options.policy.autoReconnect;
  }

  /** Attempts to bring a lost connection back before it is given up. */
  get maxReconnectAttempts(): number {
    return this.#core.options.policy.maxReconnectAttempts;
  }

  /** Milliseconds before the first attempt to bring a lost connection back, doubled for each next one. */
  get reconnectDelay(): number {
    return this.#core.options.policy.backoff.delay;
  }

  /** The most milliseconds between two attempts. */
  get maxReconnectDelay(): number {
    return this.#core.options.policy.backoff.maxDelay;
  }

  /** How often a connection that stood may be lost and brought back within {@link MCPConnection.restartWindow}. */
  get maxRestarts(): number {
    return this.#core.options.policy.restarts.maxRestarts;
  }

  /** Milliseconds for which a lost connection counts towards {@link MCPConnection.maxRestarts}. */
  get restartWindow(): number {
    return this.#core.options.policy.restarts.window;
  }

  /** Milliseconds between health checks. */
  get healthCheckInterval(): number {
    return this.#interval;
  }

  /** Milliseconds that `connect()` may take. */
  get connectTimeout(): number {
    return this.#core.options.connectTimeout;
  }

  /** Same as {@link MCPConnection.connectTimeout}. */
  get connectionTimeout(): number {
    return this.#core.options.connectTimeout;
  }

  /** Whether `connect()` begins to monitor. */
  get monitor(): boolean {
    return this.#monitor;
  }
}

/** The time limit of `connect()`, under either of its names. */
function connectTimeoutOf(options: MCPConnectionOptions, transport: MCPTransport): number {
  const read = new OptionReader(options);
  const alias = read.milliseconds('connectionTimeout', defaultConnectTimeout(transport));
  const timeout = read.milliseconds('connectTimeout', alias);
  if (options.connectionTimeout !== undefined && timeout !== alias) {
    const expected = `the same as connectTimeout (${timeout}), since both are one option`;
    throw invalidOption('connectionTimeout', expected, alias);
  }
  return timeout;
}

function dateOf(milliseconds: number | undefined): Date | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds);
}

/** A copy of these properties. */
function pick<Source, Name extends keyof Source>(source: Source, names: readonly Name[]): Pick<Source, Name> {
  return Object.fromEntries(names.map((name) => [name, source[name]])) as Pick<Source, Name>;
}
