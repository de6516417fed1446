import { checkCallOptions, CONNECT_OPTIONS } from './options/call-options.js';
import type {
  CallToolOptions,
  CallToolParams,
  ConnectOptions,
  RequestOptions,
  ResultSchema,
} from './options/call-options.js';
import type { MCPProtocolVersion } from '../protocol/revisions.js';
import type { Params } from '../protocol/messages/json-rpc.js';
import type {
  CallToolResult,
  GetPromptResult,
  Implementation,
  MCPPrompt,
  MCPResource,
  MCPTool,
  ReadResourceResult,
  ServerCapabilities,
} from '../protocol/schema/index.js';
import type { MCPTransport } from '../transports/transport.js';
import { connectOrDispose, transportFor } from './connect-target.js';
import type { ConnectTarget } from './connect-target.js';
import { Core } from './core.js';
import type { NotificationHandler } from './notification-handlers.js';
import { callTool, callToolOf, getPrompt, readResource, request } from './operations/operations.js';
import { PROTOCOL, resolveOptions } from './options/options.js';
import type { MCPProtocolOptions } from './options/options.js';
import { serverInfoOf } from './server-info.js';
import type { ServerInfo } from './server-info.js';

/**
 * One protocol session as promises, without cache, health checks or reconnection. {@link MCPClient} is what most programs want; its
 * `protocol` is one of these over the same connection.
 */
export class MCPProtocol {
  readonly #core: Core;

  /**
   * @param target what {@link MCPClient} takes
   * @throws MCPError with code `MCP_INVALID_PARAMS` when the target or an option cannot be used.
   */
  constructor(target: ConnectTarget, options?: MCPProtocolOptions);
  /** @internal */
  constructor(core: Core);
  constructor(source: ConnectTarget | Core, options: MCPProtocolOptions = {}) {
    if (source instanceof Core) {
      this.#core = source;
    } else {
      const transport = transportFor(source);
      this.#core = new Core(transport, { ...resolveOptions(options, PROTOCOL, transport), retry: 'never' });
    }
  }

  /**
   * Constructs and initializes: `await using protocol = await MCPProtocol.connect(target)`. When that fails nothing is left behind.
   * @throws what {@link MCPProtocol.initialize} throws.
   */
  static async connect(target: ConnectTarget, options?: MCPProtocolOptions): Promise<MCPProtocol> {
    const protocol = new MCPProtocol(target, options);
    await connectOrDispose(protocol, () => protocol.initialize());
    return protocol;
  }

  /**
   * Negotiates a session, in whichever era the server speaks. While there is one it is returned again.
   * @throws MCPConnectionError, MCPTimeoutError, MCPTransportError or MCPProtocolError when that fails; the signal's reason when it is aborted.
   */
  async initialize(options: ConnectOptions = {}): Promise<ServerInfo> {
    checkCallOptions('initialize', options, CONNECT_OPTIONS);
    return serverInfoOf(await this.#core.connect(options));
  }

  /** Ends the session; pending requests reject at once, the promise never rejects. May be called twice. */
  shutdown(): Promise<void> {
    return this.#core.connection.disconnect();
  }

  /** Same as {@link MCPProtocol.shutdown}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /** Whether a session stands. */
  get initialized(): boolean {
    return this.#core.connection.session !== undefined;
  }

  /** What the server said about itself; undefined before a session stands, or when it said nothing. */
  get serverInfo(): Implementation | undefined {
    return this.#core.connection.session?.serverInfo;
  }

  /** What the server can do; undefined before a session stands. */
  get serverCapabilities(): ServerCapabilities | undefined {
    return this.#core.connection.session?.capabilities;
  }

  /** The revision of the session; undefined before one stands. */
  get protocolVersion(): MCPProtocolVersion | undefined {
    return this.#core.connection.session?.protocolVersion;
  }

  /** What the server is told about this client. */
  get clientInfo(): Implementation {
    return this.#core.options.clientInfo;
  }

  /** Milliseconds until a request is given up. */
  get timeout(): number {
    return this.#core.options.timeout;
  }

  /** The transport that was given, or made for the target. */
  get transport(): MCPTransport {
    return this.#core.transport;
  }

  /**
   * All tools, all pages. 2026-07-28 server/tools.
   * @throws what {@link MCPClient.listTools} throws.
   */
  listTools(options?: RequestOptions): Promise<MCPTool[]> {
    return this.#core.listCache.list('tools', { ...options, useCache: false });
  }

  /**
   * All prompts, all pages. 2026-07-28 server/prompts.
   * @throws what {@link MCPClient.listPrompts} throws.
   */
  listPrompts(options?: RequestOptions): Promise<MCPPrompt[]> {
    return this.#core.listCache.list('prompts', { ...options, useCache: false });
  }

  /**
   * All resources, all pages. 2026-07-28 server/resources.
   * @throws what {@link MCPClient.listResources} throws.
   */
  listResources(options?: RequestOptions): Promise<MCPResource[]> {
    return this.#core.listCache.list('resources', { ...options, useCache: false });
  }

  /**
   * Calls a tool. 2026-07-28 server/tools.
   * @throws what {@link MCPClient.callTool} throws.
   */
  callTool<Result = CallToolResult>(
    call: CallToolParams,
    resultSchema: ResultSchema<Result> | undefined,
    options?: CallToolOptions,
  ): Promise<Result>;
  callTool(call: CallToolParams, options?: CallToolOptions): Promise<CallToolResult>;
  callTool(name: string, args?: Readonly<Record<string, unknown>>, options?: CallToolOptions): Promise<CallToolResult>;
  callTool(
    call: string | CallToolParams,
    second?: Readonly<Record<string, unknown>> | CallToolOptions | ResultSchema<unknown>,
    options?: CallToolOptions,
  ): Promise<unknown> {
    return typeof call === 'string'
      ? callTool(this.#core, call, second as Readonly<Record<string, unknown>> | undefined, options)
      : callToolOf(this.#core, call, second, options);
  }

  /**
   * Fills in a prompt. 2026-07-28 server/prompts.
   * @throws what {@link MCPClient.getPrompt} throws.
   */
  getPrompt(name: string, args?: Readonly<Record<string, string>>, options?: RequestOptions): Promise<GetPromptResult> {
    return getPrompt(this.#core, name, args, options);
  }

  /**
   * Reads a resource. 2026-07-28 server/resources.
   * @throws what {@link MCPClient.readResource} throws.
   */
  readResource(uri: string, options?: RequestOptions): Promise<ReadResourceResult> {
    return readResource(this.#core, uri, options);
  }

  /**
   * Makes any request. The result is what the server sent: its shape is not checked.
   * @throws what {@link MCPClient.request} throws.
   */
  request(method: string, params?: Params, options?: RequestOptions): Promise<object> {
    return request(this.#core, method, params, options);
  }

  /**
   * Sends any notification.
   * @throws MCPConnectionError when no session stands; MCPProtocolError when its revision does not have this notification.
   */
  notify(method: string, params?: Params): Promise<void> {
    return this.#core.notify(method, params);
  }

  /** Same as {@link MCPClient.rootsChanged}. */
  rootsChanged(): Promise<void> {
    return this.#core.rootsChanged();
  }

  /** Calls `handler` at each notification of this name; short names (`tools/list_changed`) and wire names both work. */
  addNotificationHandler(method: string, handler: NotificationHandler): void {
    this.#core.handlers.add(method, handler);
  }

  /** Undoes {@link MCPProtocol.addNotificationHandler}. */
  removeNotificationHandler(method: string, handler: NotificationHandler): void {
    this.#core.handlers.remove(method, handler);
  }
}
