import { checkCallOptions, CONNECT_OPTIONS } from './options/call-options.js';
import type { ConnectOptions, RequestOptions } from './options/call-options.js';
import type { MCPProtocolVersion } from '../protocol/revisions.js';
import type { Implementation, MCPPrompt, MCPResource, MCPTool, ServerCapabilities } from '../protocol/schema/index.js';
import { MCPCalls } from './calls.js';
import { connectOrDispose, transportFor } from './connect-target.js';
import type { ConnectTarget } from './connect-target.js';
import { Core } from './core.js';
import { PROTOCOL, resolveOptions } from './options/options.js';
import type { MCPProtocolOptions } from './options/options.js';
import { serverInfoOf } from './server-info.js';
import type { ServerInfo } from './server-info.js';

/**
 * One protocol session as promises, without cache, health checks or reconnection. {@link MCPClient} is what most programs want; its
 * `protocol` is one of these over the same connection.
 */
export class MCPProtocol extends MCPCalls {
  readonly #core: Core;

  /**
   * @param target what {@link MCPClient} takes
   * @throws MCPError with code `MCP_INVALID_PARAMS` when the target or an option cannot be used.
   */
  constructor(target: ConnectTarget, options?: MCPProtocolOptions);
  /** @internal */
  constructor(core: Core);
  constructor(source: ConnectTarget | Core, options: MCPProtocolOptions = {}) {
    const core = source instanceof Core ? source : coreFor(source, options);
    super(core);
    this.#core = core;
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
}

function coreFor(target: ConnectTarget, options: MCPProtocolOptions): Core {
  const transport = transportFor(target);
  return new Core(transport, { ...resolveOptions(options, PROTOCOL, transport), retry: 'never' });
}
