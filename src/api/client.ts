import { RequestFailure } from '../machines/request/outcome.js';
import type { MCPError } from '../errors.js';
import type { ConnectionState } from '../machines/connection/connection-context.js';
import type { ListName } from '../protocol/cache-rules.js';
import { capabilityNames } from '../protocol/methods.js';
import type { MCPCapability } from '../protocol/methods.js';
import type { Era } from '../protocol/revisions.js';
import type {
  CompleteRequestParams,
  CompleteResult,
  LoggingLevel,
  MCPPrompt,
  MCPResource,
  MCPResourceTemplate,
  MCPTool,
} from '../protocol/schema/index.js';
import { checkCallOptions, CONNECT_OPTIONS, HEALTH_OPTIONS } from './options/call-options.js';
import type { ConnectOptions, ListOptions, RequestOptions } from './options/call-options.js';
import { MCPCalls } from './calls.js';
import { connectOrDispose, transportFor } from './connect-target.js';
import type { ConnectTarget } from './connect-target.js';
import { Core } from './core.js';
import type { HealthReport } from './health-report.js';
import type { MCPClientEventName, MCPClientEvents } from './events.js';
import { listItems } from './lists/list-pages.js';
import type { ListItems } from './lists/list-pages.js';
import { complete, ping, setLogLevel, subscribe, unsubscribe } from './operations/operations.js';
import { explain } from './explanation.js';
import { suspend } from './suspension.js';
import type { SuspendedClient } from './suspended-client.js';
import { CLIENT, resolveOptions } from './options/options.js';
import type { MCPClientOptions } from './options/options.js';
import { MCPProtocol } from './protocol.js';
import { serverInfoOf } from './server-info.js';
import type { ServerInfo } from './server-info.js';

/** What {@link MCPClient.healthCheck} found. */
export interface ClientHealth extends HealthReport {
  readonly connected: boolean;
  readonly state: ConnectionState;
  readonly serverInfo: ServerInfo | undefined;
  readonly capabilities: readonly MCPCapability[];
  /** The class of the transport. */
  readonly transportType: string;
  /** Milliseconds until the server answered; undefined when it did not. */
  readonly latency: number | undefined;
  readonly error?: MCPError | undefined;
}

/** A client of one Model Context Protocol server, of any revision. */
export class MCPClient extends MCPCalls {
  readonly #core: Core;
  /** The same session without cache and reconnection policy of its own. */
  readonly protocol: MCPProtocol;

  /**
   * @param target a transport, a URL, or one entry of an `mcpServers` file. Nothing is opened or started before {@link MCPClient.connect}.
   * @throws MCPError with code `MCP_INVALID_PARAMS` when the target or an option cannot be used.
   */
  constructor(target: ConnectTarget, options?: MCPClientOptions);
  /** @internal */
  constructor(core: Core);
  constructor(source: ConnectTarget | Core, options: MCPClientOptions = {}) {
    const core = source instanceof Core ? source : coreFor(source, options);
    super(core);
    this.#core = core;
    this.protocol = new MCPProtocol(this.#core);
  }

  /**
   * Constructs and connects: `await using client = await MCPClient.connect(target)`. The target is a transport, a URL, or one
   * entry of an `mcpServers` file. When connecting fails the client is disconnected: nothing is left behind.
   * @throws what {@link MCPClient.connect} throws, and MCPError with code `MCP_INVALID_PARAMS` for a target that cannot be used.
   */
  static async connect(target: ConnectTarget, options?: MCPClientOptions): Promise<MCPClient> {
    const client = new MCPClient(target, options);
    await connectOrDispose(client, () => client.connect());
    return client;
  }

  /**
   * Goes on where another client was suspended, perhaps in another process: with `HttpTransport` in its session, without a handshake, and
   * with the lists that it knew for as long as they may be reused; over any other transport, and when the server has forgotten the session,
   * in a new one. Subscriptions and log level are as they were; listeners and handlers have to be added again. Without a handshake
   * nothing is sent before there is something to say: whether the server is there shows with the first call.
   *
   * Two clients must not go on from the same suspension: they would share one session, which only one of them can listen to, and which is
   * over when one of them disconnects.
   * @param suspended what {@link MCPClient.suspend} returned, as it is or as JSON
   * @throws what {@link MCPClient.connect} throws; MCPError with code `MCP_INVALID_PARAMS` for what was not made by `suspend()`, and when
   * the target is another server.
   */
  static resume(
    suspended: SuspendedClient | string,
    target: ConnectTarget,
    options?: Omit<MCPClientOptions, 'resume'>,
  ): Promise<MCPClient> {
    return MCPClient.connect(target, { ...options, resume: suspended });
  }

  /**
   * Connects and negotiates. While connected the same information is returned again; concurrent calls share one attempt, each with
   * its own deadline. `timeout` is in milliseconds and covers both; default: `connectTimeout`.
   * @throws MCPTimeoutError, MCPTransportError, MCPConnectionError, MCPProtocolError or MCPAuthenticationError when that fails; the
   * signal's reason when it is aborted.
   */
  async connect(options: ConnectOptions = {}): Promise<ServerInfo> {
    checkCallOptions('connect', options, CONNECT_OPTIONS);
    return serverInfoOf(await this.#core.connect(options));
  }

  /**
   * Ends the connection. Pending calls reject in this very call; the promise resolves when no process, socket or timer is left, and
   * never rejects. May be called twice.
   */
  disconnect(): Promise<void> {
    return this.#core.connection.disconnect();
  }

  /** Same as {@link MCPClient.disconnect}. */
  close(): Promise<void> {
    return this.disconnect();
  }

  /** Same as {@link MCPClient.disconnect}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.disconnect();
  }

  /**
   * Ends the connection like {@link MCPClient.disconnect}, but leaves the session of an HTTP server alive, and resolves with all that
   * {@link MCPClient.resume} needs to go on with it. Keep that as a secret. Pending calls reject in this very call: those in flight with
   * `delivery: 'unknown'`, and those that waited with `'not-sent'`. Await what you want to see the end of before.
   * @throws MCPConnectionError when not connected, also while reconnecting; then nothing has changed.
   */
  suspend(): Promise<SuspendedClient> {
    return suspend(this.#core);
  }

  /** Whether a session stands, be it healthy or not. */
  isConnected(): boolean {
    return this.#core.connection.session !== undefined;
  }

  /** The state of the connection, one of seven. */
  get state(): ConnectionState {
    return this.#core.connection.state;
  }

  /** The era of the session; undefined while none stands. */
  get era(): Era | undefined {
    return this.#core.connection.session?.era;
  }

  /** What the server wants to have said about how to use it; undefined when it said nothing. */
  get instructions(): string | undefined {
    return this.#core.connection.session?.instructions;
  }

  /** Milliseconds that `connect()` may take. */
  get connectTimeout(): number {
    return this.#core.options.connectTimeout;
  }

  /** Whether a lost connection is opened again: the policy in force. */
  get autoReconnect(): boolean {
    return this.#core.options.policy.autoReconnect;
  }

  /** Attempts to bring a lost connection back before it is given up. */
  get maxReconnectAttempts(): number {
    return this.#core.options.policy.maxReconnectAttempts;
  }

  /**
   * What is known about the server.
   * @throws MCPConnectionError when not connected.
   */
  async getServerInfo(): Promise<ServerInfo> {
    return Promise.resolve(serverInfoOf(this.#core.session()));
  }

  /**
   * What the server can do, as names such as `tools` or `resources.subscribe`. The object is in {@link ServerInfo}.
   * @throws MCPConnectionError when not connected.
   */
  async getCapabilities(): Promise<MCPCapability[]> {
    return Promise.resolve(capabilityNames(this.#core.session().capabilities));
  }

  /**
   * All tools, all pages. A list that is still fresh is handed out again. 2026-07-28 server/tools.
   * @throws MCPCapabilityError when the server has no tools; MCPProtocolError with code `MCP_PAGINATION` when its pages have no end; what
   * {@link MCPCalls.request} throws.
   */
  listTools(options?: ListOptions): Promise<MCPTool[]> {
    return this.#core.listCache.list('tools', options);
  }

  /**
   * All prompts, all pages. 2026-07-28 server/prompts.
   * @throws MCPCapabilityError when the server has no prompts; MCPProtocolError with code `MCP_PAGINATION` when its pages have no end; what
   * {@link MCPCalls.request} throws.
   */
  listPrompts(options?: ListOptions): Promise<MCPPrompt[]> {
    return this.#core.listCache.list('prompts', options);
  }

  /**
   * All resources, all pages. 2026-07-28 server/resources.
   * @throws MCPCapabilityError when the server has no resources; MCPProtocolError with code `MCP_PAGINATION` when its pages have no end;
   * what {@link MCPCalls.request} throws.
   */
  listResources(options?: ListOptions): Promise<MCPResource[]> {
    return this.#core.listCache.list('resources', options);
  }

  /**
   * All resource templates, all pages. 2026-07-28 server/resources.
   * @throws MCPCapabilityError when the server has no resources; MCPProtocolError with code `MCP_PAGINATION` when its pages have no end;
   * what {@link MCPCalls.request} throws.
   */
  listResourceTemplates(options?: ListOptions): Promise<MCPResourceTemplate[]> {
    return this.#core.listCache.list('resourceTemplates', options);
  }

  /**
   * The tools one by one; a page is fetched when it is reached, and none is kept. 2026-07-28 server/utilities/pagination.
   * @throws what {@link MCPClient.listTools} throws, where it is iterated; MCPProtocolError with code `MCP_PAGINATION`, too, when the
   * session with a legacy server changes between two pages.
   */
  tools(options?: RequestOptions): AsyncGenerator<MCPTool, void, undefined> {
    return this.#iterate('tools', options);
  }

  /**
   * The prompts one by one, as {@link MCPClient.tools} are.
   * @throws what {@link MCPClient.tools} throws.
   */
  prompts(options?: RequestOptions): AsyncGenerator<MCPPrompt, void, undefined> {
    return this.#iterate('prompts', options);
  }

  /**
   * The resources one by one, as {@link MCPClient.tools} are.
   * @throws what {@link MCPClient.tools} throws.
   */
  resources(options?: RequestOptions): AsyncGenerator<MCPResource, void, undefined> {
    return this.#iterate('resources', options);
  }

  #iterate<Name extends ListName>(
    name: Name,
    options?: RequestOptions,
  ): AsyncGenerator<ListItems[Name], void, undefined> {
    return listItems(this.#core, name, options);
  }

  /**
   * Completes an argument of a prompt or a resource template. 2026-07-28 server/utilities/completion.
   * @throws what {@link MCPCalls.request} throws.
   */
  complete(
    params: Pick<CompleteRequestParams, 'ref' | 'argument' | 'context'>,
    options?: RequestOptions,
  ): Promise<CompleteResult['completion']> {
    return complete(this.#core, params, options);
  }

  /**
   * Asks for a notification when a resource changes, and resolves when the server has agreed to that. In the modern era it becomes part
   * of one `subscriptions/listen`. It is kept over reconnects; when it fails it is not kept. 2026-07-28 basic/patterns/subscriptions;
   * 2025-11-25 server/resources.
   * @throws MCPCapabilityError when the server cannot or does not want to do that; MCPTimeoutError when it does not say in time;
   * MCPError with code `MCP_INVALID_PARAMS` when `uri` is no string.
   */
  subscribe(uri: string, options?: RequestOptions): Promise<void> {
    return subscribe(this.#core, uri, options);
  }

  /**
   * Undoes {@link MCPClient.subscribe}.
   * @throws what {@link MCPCalls.request} throws; the resource is watched no longer all the same.
   */
  unsubscribe(uri: string, options?: RequestOptions): Promise<void> {
    return unsubscribe(this.#core, uri, options);
  }

  /**
   * Asks for log messages of this level and above; they come as `log` events. Kept over reconnects. 2026-07-28
   * server/utilities/logging.
   * @throws MCPCapabilityError when the server does not log; MCPError with code `MCP_INVALID_PARAMS` for a level that there is not.
   */
  setLogLevel(level: LoggingLevel, options?: RequestOptions): Promise<void> {
    return setLogLevel(this.#core, level, options);
  }

  /**
   * Asks the server for a sign of life and resolves with the milliseconds it took. In the modern era it is a `server/discover`. That a
   * server does not know the question is a sign of life, too. 2025-11-25 basic/utilities/ping.
   * @throws what {@link MCPCalls.request} throws.
   */
  ping(options?: Pick<RequestOptions, 'timeout' | 'signal'>): Promise<number> {
    return ping(this.#core, options);
  }

  /** Listens to an event. Returns the function that ends it. */
  on<Name extends MCPClientEventName>(event: Name, listener: (...args: MCPClientEvents[Name]) => unknown): () => void {
    return this.#core.events.on(event, listener);
  }

  /**
   * Asks anew for every list that the server serves.
   * @throws MCPConnectionError when not connected.
   */
  refreshCache(): Promise<void> {
    return this.#core.listCache.refresh();
  }

  /** Asks the server for a sign of life, over the wire, and says what is known. Does not reject, whatever the server does. */
  async healthCheck(options: Pick<ConnectOptions, 'timeout'> = {}): Promise<ClientHealth> {
    checkCallOptions('healthCheck', options, HEALTH_OPTIONS);
    const { connection, transport } = this.#core;
    const { ok, latency, outcome } = await this.#core.probe(options);
    const { session } = connection;
    const { failure } = connection.facts;
    const why = outcome instanceof RequestFailure && !ok ? (failure ?? outcome.failure) : undefined;
    return {
      connected: session !== undefined,
      state: connection.state,
      serverInfo: session && serverInfoOf(session),
      capabilities: session === undefined ? [] : capabilityNames(session.capabilities),
      transportType: transport.constructor.name,
      latency: ok ? latency : undefined,
      ...this.#core.health,
      ...(why !== undefined && { error: this.#core.errors.of(why) }),
    };
  }

  /** Why the client is in the state it is in: the last transitions, what failed and what led to it, and a hint. For a person. */
  explain(): string {
    return explain(this.#core);
  }
}

function coreFor(target: ConnectTarget, options: MCPClientOptions): Core {
  const transport = transportFor(target);
  return new Core(transport, resolveOptions(options, CLIENT, transport));
}
