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
import { checkCallOptions, CONNECT_OPTIONS, HEALTH_OPTIONS, SIGN_IN_OPTIONS } from './options/call-options.js';
import type { ConnectOptions, ListOptions, RequestOptions } from './options/call-options.js';
import { authorizationStatus, signIn, signOut } from './operations/sign-in.js';
import type { AuthorizationStatus, SignInOptions } from './operations/authorization-status.js';
import { MCPCalls } from './calls.js';
import { connectOrDispose, transportFor } from './connect-target.js';
import type { ConnectTarget } from './connect-target.js';
import { Core } from './core.js';
import type { HealthReport } from './health-report.js';
import type { MCPClientEventName, MCPClientEvents } from './events.js';
import { listItems } from './lists/list-pages.js';
import type { ListItems } from './lists/list-pages.js';
import { complete, ping, setLogLevel, subscribe, unsubscribe } from './operations/operations.js';
import { Skills } from './operations/skills/skills.js';
import { explain } from './explanation.js';
import { suspend } from './suspension.js';
import type { SuspendedClient } from './suspended-client.js';
import { CLIENT, resolveOptions } from './options/options.js';
import type { MCPClientOptions } from './options/options.js';
import { MCPProtocol } from './protocol.js';
import { serverInfoOf } from './server-info.js';
import type { ServerInfo } from './server-info.js';

/** The result of {@link MCPClient.healthCheck}. */
export interface ClientHealth extends HealthReport {
  readonly connected: boolean;
  readonly state: ConnectionState;
  readonly serverInfo: ServerInfo | undefined;
  readonly capabilities: readonly MCPCapability[];
  /** The class name of the transport. */
  readonly transportType: string;
  /** Response time of the server, in ms; undefined if it did not respond. */
  readonly latency: number | undefined;
  readonly error?: MCPError | undefined;
}

/**
 * A client of one Model Context Protocol server, of any revision.
 *
 * @example
 * await using client = await MCPClient.connect('https://example.com/mcp');
 * const tools = await client.listTools();
 */
export class MCPClient extends MCPCalls {
  readonly #core: Core;
  /** The same session with the methods of {@link MCPProtocol}, which do not use the list cache. */
  readonly protocol: MCPProtocol;
  /** The skills of the server. Extension io.modelcontextprotocol/skills (SEP-2640). */
  readonly skills: Skills;

  /**
   * @param target a transport, a URL, or one entry of an `mcpServers` file. Nothing is opened or started before {@link MCPClient.connect}.
   * @throws MCPError with code `MCP_INVALID_PARAMS` if the target or an option is invalid.
   */
  constructor(target: ConnectTarget, options?: MCPClientOptions);
  /** @internal */
  constructor(core: Core);
  constructor(source: ConnectTarget | Core, options: MCPClientOptions = {}) {
    const core = source instanceof Core ? source : coreFor(source, options);
    super(core);
    this.#core = core;
    this.protocol = new MCPProtocol(this.#core);
    this.skills = new Skills(this.#core);
  }

  /**
   * Creates a client and connects it: `await using client = await MCPClient.connect(target)`. The target is a transport, a URL, or one
   * entry of an `mcpServers` file. If connecting fails, the client releases all resources.
   * @throws the errors of the constructor and of the method {@link MCPClient.connect}.
   */
  static async connect(target: ConnectTarget, options?: MCPClientOptions): Promise<MCPClient> {
    const client = new MCPClient(target, options);
    await connectOrDispose(client, () => client.connect());
    return client;
  }

  /**
   * Continues a suspended client, perhaps in another process. Over `HttpTransport` it continues the same session without a handshake, and
   * uses the cached lists until they expire. Over other transports, and if the server lost the session, it negotiates a new session.
   * Subscriptions and the log level are restored; listeners and handlers must be added again. Without a handshake the first call shows
   * whether the server is reachable.
   *
   * Resume a suspended client only once. Two clients would share one session: only one of them could receive notifications, and the session
   * would end when one of them disconnects.
   * @param suspended the result of {@link MCPClient.suspend}, or its JSON
   * @throws the errors of {@link MCPClient.connect}; MCPError with code `MCP_INVALID_PARAMS` if `suspended` is invalid or belongs to
   * another server.
   */
  static resume(
    suspended: SuspendedClient | string,
    target: ConnectTarget,
    options?: Omit<MCPClientOptions, 'resume'>,
  ): Promise<MCPClient> {
    return MCPClient.connect(target, { ...options, resume: suspended });
  }

  /**
   * Connects and negotiates. While connected it resolves at once. Concurrent calls share one attempt, each with its own deadline. `timeout`
   * is in milliseconds and covers both steps; default: `connectTimeout`.
   * @throws MCPTimeoutError, MCPTransportError, MCPConnectionError, MCPProtocolError or MCPAuthenticationError if it fails; the signal's
   * reason when it is aborted.
   */
  async connect(options: ConnectOptions = {}): Promise<ServerInfo> {
    checkCallOptions('connect', options, CONNECT_OPTIONS);
    return serverInfoOf(await this.#core.connect(options));
  }

  /**
   * Closes the connection. Pending calls reject synchronously. The promise resolves when all processes, sockets and timers are released,
   * and never rejects. May be called twice.
   */
  disconnect(): Promise<void> {
    return this.#core.disconnect();
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
   * Closes the connection like {@link MCPClient.disconnect}, but does not terminate the session of an HTTP server. Resolves with the data
   * for {@link MCPClient.resume}. Treat this data as a secret. Pending calls reject synchronously: calls in flight with `delivery:
   * 'unknown'`, queued ones with `'not-sent'`. Await important calls first.
   * @throws MCPConnectionError if not connected, also while reconnecting; then nothing changes.
   */
  suspend(): Promise<SuspendedClient> {
    return suspend(this.#core);
  }

  /** Whether there is a session. It may be degraded. */
  isConnected(): boolean {
    return this.#core.connection.session !== undefined;
  }

  /** The state of the connection. */
  get state(): ConnectionState {
    return this.#core.connection.state;
  }

  /** The era of the session; undefined without a session. */
  get era(): Era | undefined {
    return this.#core.connection.session?.era;
  }

  /** The `instructions` of the server, which describe how to use it; undefined if there are none. */
  get instructions(): string | undefined {
    return this.#core.connection.session?.instructions;
  }

  /** Timeout of `connect()`, in ms. */
  get connectTimeout(): number {
    return this.#core.options.connectTimeout;
  }

  /** Whether the client reconnects after it lost the connection. */
  get autoReconnect(): boolean {
    return this.#core.options.policy.autoReconnect;
  }

  /** How many attempts to reconnect are made before the connection is closed. */
  get maxReconnectAttempts(): number {
    return this.#core.options.policy.maxReconnectAttempts;
  }

  /**
   * Name, version, revision and capabilities of the server.
   * @throws MCPConnectionError if not connected.
   */
  async getServerInfo(): Promise<ServerInfo> {
    return Promise.resolve(serverInfoOf(this.#core.session()));
  }

  /**
   * The capabilities of the server, as names such as `tools` or `resources.subscribe`. {@link ServerInfo} has them as an object.
   * @throws MCPConnectionError if not connected.
   */
  async getCapabilities(): Promise<MCPCapability[]> {
    return Promise.resolve(capabilityNames(this.#core.session().capabilities));
  }

  /**
   * All tools, from all pages. Returns the cached list while it is fresh. 2026-07-28 server/tools.
   * @throws MCPCapabilityError if the server has no tools; MCPProtocolError with code `MCP_PAGINATION` if the list exceeds
   * `limits.maxPages` or `limits.maxListBytes`, or a cursor repeats; the errors of {@link MCPCalls.request}.
   */
  listTools(options?: ListOptions): Promise<MCPTool[]> {
    return this.#core.listCache.list('tools', options);
  }

  /**
   * All prompts, from all pages. Returns the cached list while it is fresh. 2026-07-28 server/prompts.
   * @throws the errors of {@link MCPClient.listTools}.
   */
  listPrompts(options?: ListOptions): Promise<MCPPrompt[]> {
    return this.#core.listCache.list('prompts', options);
  }

  /**
   * All resources, from all pages. Returns the cached list while it is fresh. 2026-07-28 server/resources.
   * @throws the errors of {@link MCPClient.listTools}.
   */
  listResources(options?: ListOptions): Promise<MCPResource[]> {
    return this.#core.listCache.list('resources', options);
  }

  /**
   * All resource templates, from all pages. Returns the cached list while it is fresh. 2026-07-28 server/resources.
   * @throws the errors of {@link MCPClient.listTools}.
   */
  listResourceTemplates(options?: ListOptions): Promise<MCPResourceTemplate[]> {
    return this.#core.listCache.list('resourceTemplates', options);
  }

  /**
   * Iterates over the tools. Each page is requested when the iteration reaches it; nothing is cached. 2026-07-28
   * server/utilities/pagination.
   *
   * @example
   * for await (const tool of client.tools()) console.log(tool.name);
   * @throws the errors of {@link MCPClient.listTools}, during the iteration; MCPProtocolError with code `MCP_PAGINATION` also if the
   * session with a legacy server changes between two pages.
   */
  tools(options?: RequestOptions): AsyncGenerator<MCPTool, void, undefined> {
    return this.#iterate('tools', options);
  }

  /**
   * Iterates over the prompts, like {@link MCPClient.tools}.
   * @throws the errors of {@link MCPClient.tools}.
   */
  prompts(options?: RequestOptions): AsyncGenerator<MCPPrompt, void, undefined> {
    return this.#iterate('prompts', options);
  }

  /**
   * Iterates over the resources, like {@link MCPClient.tools}.
   * @throws the errors of {@link MCPClient.tools}.
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
   * @throws the errors of {@link MCPCalls.request}.
   */
  complete(
    params: Pick<CompleteRequestParams, 'ref' | 'argument' | 'context'>,
    options?: RequestOptions,
  ): Promise<CompleteResult['completion']> {
    return complete(this.#core, params, options);
  }

  /**
   * Subscribes to changes of a resource: the server sends `notifications/resources/updated`. Resolves when the server has acknowledged the
   * subscription. It is renewed after reconnects. 2026-07-28 basic/patterns/subscriptions; 2025-11-25 server/resources.
   * @throws MCPCapabilityError if the server does not support or refuses the subscription; MCPTimeoutError if it does not acknowledge it in
   * time; MCPError with code `MCP_INVALID_PARAMS` if `uri` is not a string.
   */
  subscribe(uri: string, options?: RequestOptions): Promise<void> {
    return subscribe(this.#core, uri, options);
  }

  /**
   * Ends a subscription of {@link MCPClient.subscribe}.
   * @throws the errors of {@link MCPCalls.request}. The subscription is not renewed in this case either.
   */
  unsubscribe(uri: string, options?: RequestOptions): Promise<void> {
    return unsubscribe(this.#core, uri, options);
  }

  /**
   * Sets the minimum level of the log messages that the server sends; the client emits them as `log` events. It is restored after
   * reconnects. 2026-07-28 server/utilities/logging.
   * @throws MCPCapabilityError if the server has no logging; MCPError with code `MCP_INVALID_PARAMS` for an unknown level.
   */
  setLogLevel(level: LoggingLevel, options?: RequestOptions): Promise<void> {
    return setLogLevel(this.#core, level, options);
  }

  /**
   * Sends `ping`, or `server/discover` in the modern era, and resolves with the round-trip time in ms. Any response counts, also "method
   * not found". 2025-11-25 basic/utilities/ping.
   * @throws the errors of {@link MCPCalls.request}.
   */
  ping(options?: Pick<RequestOptions, 'timeout' | 'signal'>): Promise<number> {
    return ping(this.#core, options);
  }

  /** The state of the sign-in; undefined unless the transport has `auth: oauth()`. It changes with the event `authorization`. */
  get authorization(): AuthorizationStatus | undefined {
    return authorizationStatus(this.#core);
  }

  /**
   * Has a person sign in, or obtains a token with a grant without a person, unless there is a token with these scopes. It also ends the state
   * `failed` after a sign-in that was cancelled or has failed, and needs no connection. MCP 2026-07-28 basic/authorization.
   * @throws MCPAuthenticationError if the sign-in fails; MCPError with code `MCP_INVALID_PARAMS` if the transport has no `auth: oauth()`; the
   * signal's reason when it is aborted.
   * @example
   * button.onclick = () => client.signIn({ scopes: ['files:write'] });
   */
  signIn(options: SignInOptions = {}): Promise<void> {
    checkCallOptions('signIn', options, SIGN_IN_OPTIONS);
    return signIn(this.#core, options);
  }

  /**
   * Deletes the tokens from the store, and revokes them at the authorization server, if it can do that (RFC 7009). Calls in flight continue, and
   * later ones have no token. No person is asked to sign in until {@link MCPClient.signIn} or {@link MCPClient.connect} is called.
   * @throws MCPError with code `MCP_INVALID_PARAMS` if the transport has no `auth: oauth()`.
   */
  signOut(): Promise<void> {
    return signOut(this.#core);
  }

  /** Adds a listener of an event. Returns a function that removes it. */
  on<Name extends MCPClientEventName>(event: Name, listener: (...args: MCPClientEvents[Name]) => unknown): () => void {
    return this.#core.events.on(event, listener);
  }

  /**
   * Requests all lists of the server again.
   * @throws MCPConnectionError if not connected; the errors of {@link MCPClient.listTools}.
   */
  refreshCache(): Promise<void> {
    return this.#core.listCache.refresh();
  }

  /** Sends a request to the server and reports the health of the connection. Rejects only for invalid options. */
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

  /** Explains the current state for people: the last state changes and messages, the last failure, and a hint. */
  explain(): string {
    return explain(this.#core);
  }
}

function coreFor(target: ConnectTarget, options: MCPClientOptions): Core {
  const transport = transportFor(target);
  return new Core(transport, resolveOptions(options, CLIENT, transport));
}
