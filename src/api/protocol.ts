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
 * One protocol session, without list cache, health checks, reconnection or retries. Most programs use {@link MCPClient}; its property
 * `protocol` is an `MCPProtocol` over the same connection.
 */
export class MCPProtocol extends MCPCalls {
  readonly #core: Core;

  /**
   * @param target a transport, a URL, or one entry of an `mcpServers` file
   * @throws MCPError with code `MCP_INVALID_PARAMS` if the target or an option is invalid.
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
   * Creates and initializes a session: `await using protocol = await MCPProtocol.connect(target)`. If this fails, all resources are
   * released.
   * @throws the errors of the constructor and of {@link MCPProtocol.initialize}.
   */
  static async connect(target: ConnectTarget, options?: MCPProtocolOptions): Promise<MCPProtocol> {
    const protocol = new MCPProtocol(target, options);
    await connectOrDispose(protocol, () => protocol.initialize());
    return protocol;
  }

  /**
   * Connects and negotiates a session, in the era of the server. With a session it resolves at once.
   * @throws the errors of {@link MCPClient.connect}.
   */
  async initialize(options: ConnectOptions = {}): Promise<ServerInfo> {
    checkCallOptions('initialize', options, CONNECT_OPTIONS);
    return serverInfoOf(await this.#core.connect(options));
  }

  /** Closes the session. Pending requests reject at once; the promise never rejects. May be called twice. */
  shutdown(): Promise<void> {
    return this.#core.disconnect();
  }

  /** Same as {@link MCPProtocol.shutdown}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /** Whether there is a session. */
  get initialized(): boolean {
    return this.#core.connection.session !== undefined;
  }

  /** Name and version of the server; undefined without a session, or if the server did not send them. */
  get serverInfo(): Implementation | undefined {
    return this.#core.connection.session?.serverInfo;
  }

  /** The capabilities of the server; undefined without a session. */
  get serverCapabilities(): ServerCapabilities | undefined {
    return this.#core.connection.session?.capabilities;
  }

  /** The revision of the session; undefined without a session. */
  get protocolVersion(): MCPProtocolVersion | undefined {
    return this.#core.connection.session?.protocolVersion;
  }

  /** Name and version of this client, which are sent to the server. */
  get clientInfo(): Implementation {
    return this.#core.options.clientInfo;
  }

  /**
   * All tools, from all pages. 2026-07-28 server/tools.
   * @throws the errors of {@link MCPClient.listTools}.
   */
  listTools(options?: RequestOptions): Promise<MCPTool[]> {
    return this.#core.listCache.list('tools', { ...options, useCache: false });
  }

  /**
   * All prompts, from all pages. 2026-07-28 server/prompts.
   * @throws the errors of {@link MCPClient.listTools}.
   */
  listPrompts(options?: RequestOptions): Promise<MCPPrompt[]> {
    return this.#core.listCache.list('prompts', { ...options, useCache: false });
  }

  /**
   * All resources, from all pages. 2026-07-28 server/resources.
   * @throws the errors of {@link MCPClient.listTools}.
   */
  listResources(options?: RequestOptions): Promise<MCPResource[]> {
    return this.#core.listCache.list('resources', { ...options, useCache: false });
  }
}

function coreFor(target: ConnectTarget, options: MCPProtocolOptions): Core {
  const transport = transportFor(target);
  return new Core(transport, { ...resolveOptions(options, PROTOCOL, transport), retry: 'never' });
}
