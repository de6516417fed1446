import type { MCPError } from '../errors.js';
import type { ConnectionState } from '../machines/connection/connection-context.js';
import { failure } from '../util/failure.js';
import { healthScore } from '../diagnostics/health-score.js';
import { A_DURATION, invalidOption, isDuration, OptionReader } from '../option-checks.js';
import type { MCPTransport } from '../transports/transport.js';
import type { AuthorizationStatus, SignInOptions } from './operations/authorization-status.js';
import type { Skills } from './operations/skills/skills.js';
import { MCPClient } from './client.js';
import { connectOrDispose, transportFor } from './connect-target.js';
import type { ConnectTarget } from './connect-target.js';
import { Core } from './core.js';
import type { MCPClientEventName, MCPClientEvents } from './events.js';
import type { HealthReport } from './health-report.js';
import { CONNECTION, connectTimeoutOf } from './options/mcp-connection-options.js';
import type { MCPConnectionOptions } from './options/mcp-connection-options.js';
import { resolveOptions } from './options/options.js';
import { explain } from './explanation.js';
import { suspend } from './suspension.js';
import type { SuspendedClient } from './suspended-client.js';

/** The simplified state of a connection, for display. */
export type ConnectionStatus = 'disconnected' | 'connecting' | 'connected' | 'reconnecting' | 'error';

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

/**
 * A named connection that checks the health of its server and reconnects.
 *
 * @example
 * await using connection = await MCPConnection.connect('files', 'https://example.com/mcp');
 * const client = connection.getClient();
 */
export class MCPConnection {
  /** The given name. Errors and explanations contain it. */
  readonly name: string;
  /** The given transport, or the one that was created for the target. */
  readonly transport: MCPTransport;
  readonly #core: Core;
  readonly #view: MCPClient;
  readonly #monitor: boolean;
  readonly #interval: number;

  /**
   * @param target a transport, a URL, or one entry of an `mcpServers` file
   * @throws MCPError with code `MCP_INVALID_PARAMS` if the name, the target or an option is invalid.
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
   * Creates a connection and connects it: `await using connection = await MCPConnection.connect('files', target)`. If connecting fails, all
   * resources are released.
   * @throws the errors of the constructor and of {@link MCPClient.connect}.
   */
  static async connect(name: string, target: ConnectTarget, options?: MCPConnectionOptions): Promise<MCPConnection> {
    const connection = new MCPConnection(name, target, options);
    await connectOrDispose(connection, () => connection.connect());
    return connection;
  }

  /**
   * Connects and starts the health checks. `timeout` is in milliseconds; default: `connectTimeout`.
   * @throws the errors of {@link MCPClient.connect}.
   */
  async connect(timeout?: number): Promise<MCPClient> {
    if (timeout !== undefined && !isDuration(timeout)) throw invalidOption('timeout', A_DURATION, timeout);
    // Before connecting, so that a later stopMonitoring() or startMonitoring() overrides it.
    if (this.#monitor) this.#watch(this.#interval);
    await this.#core.connect({ timeout });
    return this.#view;
  }

  /** Closes the connection and stops the health checks. Pending calls reject at once; the promise never rejects. May be called twice. */
  disconnect(): Promise<void> {
    this.#watch(0);
    return this.#core.disconnect();
  }

  /** Same as {@link MCPConnection.disconnect}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.disconnect();
  }

  /**
   * Closes the connection, stops the health checks and exports the session: see {@link MCPClient.suspend}. Pass the result to another
   * connection as the option `resume`, or to {@link MCPClient.resume}. Health score and counters are not exported.
   * @throws MCPConnectionError if not connected, also while reconnecting; then nothing changes.
   */
  async suspend(): Promise<SuspendedClient> {
    const suspended = await suspend(this.#core);
    this.#watch(0);
    return suspended;
  }

  /**
   * Closes the link, if there is one, and connects again at once. Resets the attempt counter and the restart budget. Never rejects: it
   * resolves with null if connecting fails, and `lastError` has the error.
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
   * The client of this connection.
   * @throws MCPConnectionError if not connected.
   */
  getClient(): MCPClient {
    if (this.isConnected()) return this.#view;
    const message = `The connection "${this.name}" is not connected (its status is ${this.status})`;
    const { failure: cause } = this.#core.connection.facts;
    throw this.#core.errors.of(failure('connection', 'MCP_NOT_CONNECTED', message, { delivery: 'not-sent', cause }));
  }

  /**
   * Adds a listener like {@link MCPClient.on}, also before the first connect, when there is no client yet. Returns a function that removes
   * it.
   */
  on<Name extends MCPClientEventName>(event: Name, listener: (...args: MCPClientEvents[Name]) => unknown): () => void {
    return this.#view.on(event, listener);
  }

  /** Same as {@link MCPClient.skills}; each call rejects if not connected. */
  get skills(): Skills {
    return this.#view.skills;
  }

  /** Same as {@link MCPClient.authorization}. */
  get authorization(): AuthorizationStatus | undefined {
    return this.#view.authorization;
  }

  /** Same as {@link MCPClient.signIn}. */
  signIn(options?: SignInOptions): Promise<void> {
    return this.#view.signIn(options);
  }

  /** Same as {@link MCPClient.signOut}. */
  signOut(): Promise<void> {
    return this.#view.signOut();
  }

  /** Whether there is a session. It may be degraded. */
  isConnected(): boolean {
    return this.#core.connection.session !== undefined;
  }

  /** Whether the connection has a session and a health score of at least `threshold`. */
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
   * Starts the health checks at every `healthCheckInterval`. Connects in the background if not connected, and emits `error` if this fails.
   */
  startMonitoring(): void {
    this.#watch(this.#interval);
    this.#core.connect().catch((thrown: unknown) => {
      this.#core.events.emit('error', thrown as MCPError);
    });
  }

  /** Stops the health checks. The connection stays open. */
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

  /** Explains the current state for people: the last state changes and messages, the last failure, and a hint. */
  explain(): string {
    return `Connection "${this.name}". ${explain(this.#core)}`;
  }

  /** The client; null before the first connect. It is the same object after reconnects. */
  get client(): MCPClient | null {
    return this.#core.connection.facts.connectionCount === 0 ? null : this.#view;
  }

  /** The simplified state. */
  get status(): ConnectionStatus {
    const { state, facts } = this.#core.connection;
    if (state !== 'closed') return STATUS[state];
    return facts.failure === undefined ? 'disconnected' : 'error';
  }

  /**
   * The weighted share of successful checks among the last ten, 0 to 1. Each check weighs half of the next newer one. 1 before the first.
   */
  get healthScore(): number {
    return healthScore(this.#core.connection.facts.checks);
  }

  /** The time when the last session was established. */
  get lastConnected(): Date | undefined {
    return dateOf(this.#core.connection.facts.lastConnected);
  }

  /** The error of the last loss or failed attempt; undefined with a session. */
  get lastError(): MCPError | undefined {
    return this.#core.errors.last;
  }

  /** Attempts to reconnect since the connection was last stable. */
  get reconnectAttempts(): number {
    return this.#core.connection.facts.reconnectAttempts;
  }

  /** The number of sessions so far. */
  get connectionCount(): number {
    return this.#core.connection.facts.connectionCount;
  }

  /** The number of failed attempts and lost links so far. */
  get errorCount(): number {
    return this.#core.connection.facts.errorCount;
  }

  /** The total duration of all sessions, in ms. */
  get totalUptime(): number {
    return this.#core.connection.facts.pastUptime + this.#uptime;
  }

  get #uptime(): number {
    const { establishedAt } = this.#core.connection.facts;
    return establishedAt === undefined ? 0 : this.#core.options.environment.now() - establishedAt;
  }

  /** The time of the last response from the server. */
  get lastOperationTime(): Date | undefined {
    return dateOf(this.#core.connection.requests.inFlight.lastAnswerAt);
  }

  /** Whether the connection reconnects after a loss. */
  get autoReconnect(): boolean {
    return this.#core.options.policy.autoReconnect;
  }

  /** How many attempts to reconnect are made before the connection is closed. */
  get maxReconnectAttempts(): number {
    return this.#core.options.policy.maxReconnectAttempts;
  }

  /** Delay before the first attempt to reconnect, in ms. It doubles with each attempt. */
  get reconnectDelay(): number {
    return this.#core.options.policy.backoff.delay;
  }

  /** Maximum delay between two attempts, in ms. */
  get maxReconnectDelay(): number {
    return this.#core.options.policy.backoff.maxDelay;
  }

  /** How many losses of an established connection are allowed within {@link MCPConnection.restartWindow}. */
  get maxRestarts(): number {
    return this.#core.options.policy.restarts.maxRestarts;
  }

  /** How long a loss counts towards {@link MCPConnection.maxRestarts}, in ms. */
  get restartWindow(): number {
    return this.#core.options.policy.restarts.window;
  }

  /** Time between two health checks, in ms. */
  get healthCheckInterval(): number {
    return this.#interval;
  }

  /** Timeout of `connect()`, in ms. */
  get connectTimeout(): number {
    return this.#core.options.connectTimeout;
  }

  /** Same as {@link MCPConnection.connectTimeout}. */
  get connectionTimeout(): number {
    return this.#core.options.connectTimeout;
  }

  /** Whether `connect()` starts the health checks. */
  get monitor(): boolean {
    return this.#monitor;
  }
}

function dateOf(milliseconds: number | undefined): Date | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds);
}

/** A copy of these properties. */
function pick<Source, Name extends keyof Source>(source: Source, names: readonly Name[]): Pick<Source, Name> {
  return Object.fromEntries(names.map((name) => [name, source[name]])) as Pick<Source, Name>;
}
