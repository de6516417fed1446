import type { MCPClient } from '../api/client.js';
import type { MCPClientEventName, MCPClientEvents } from '../api/events.js';
import type { ServerInfo } from '../api/server-info.js';
import type { ListOptions, RequestOptions } from '../api/options/call-options.js';
import type { MCPCapability } from '../protocol/methods.js';
import type { Params } from '../protocol/messages/json-rpc.js';
import type {
  CompleteRequestParams,
  CompleteResult,
  GetPromptResult,
  LoggingLevel,
  MCPPrompt,
  MCPResource,
  MCPResourceTemplate,
  MCPTool,
  ReadResourceResult,
} from '../protocol/schema/index.js';
import type { GroupServerStatus } from './group-events.js';
import type { Limits, Member } from './member.js';
import { callMember, toolCall } from './tool-call.js';
import type { CallArguments } from './tool-call.js';

/**
 * The operations of an {@link MCPClient} for one server of a group, with the server's own names. Each call wakes the server when necessary, within
 * the limits of the call.
 *
 * @example
 * const files = group.client('files');
 * await files.subscribe('file:///notes.md'); // keeps the server awake until unsubscribe()
 */
export class GroupClient {
  /** The name of the server in the group. */
  readonly server: string;
  readonly #member: Member;
  readonly #subscriptions: Map<string, () => void>;

  /** @internal */
  constructor(member: Member, subscriptions: Map<string, () => void>) {
    this.server = member.name;
    this.#member = member;
    this.#subscriptions = subscriptions;
  }

  #use<Options extends Limits, Result>(
    call: string,
    options: Options | undefined,
    work: (client: MCPClient, options: Options) => Promise<Result>,
  ): Promise<Result> {
    return this.#member.use(call, options ?? ({} as Options), work);
  }

  /** The state of the server. */
  get status(): GroupServerStatus {
    return this.#member.state;
  }

  /**
   * Calls a tool, as {@link MCPClient.callTool} does. 2026-07-28 server/tools.
   *
   * @throws MCPError with `delivery: 'not-sent'` if the server cannot be started, or the limits pass before the call is sent; the error has the
   * class and the code of the reason, and `details.explanation`. MCPError with code `MCP_INVALID_PARAMS` for a tool that may not be used. The
   * errors of {@link MCPClient.callTool}.
   */
  readonly callTool: MCPClient['callTool'] = (async (...args: CallArguments) => {
    const call = toolCall(args);
    return callMember(this.#member, call, call.name);
  }) as MCPClient['callTool'];

  /**
   * Reads a resource, as {@link MCPClient.readResource} does. 2026-07-28 server/resources.
   * @throws the errors of {@link GroupClient.request}
   */
  readResource(uri: string, options?: RequestOptions): Promise<ReadResourceResult> {
    return this.#use('The reading of a resource', options, (client, own) => client.readResource(uri, own));
  }

  /**
   * Gets a prompt, as {@link MCPClient.getPrompt} does. 2026-07-28 server/prompts.
   * @throws the errors of {@link GroupClient.request}
   */
  getPrompt(name: string, args?: Readonly<Record<string, string>>, options?: RequestOptions): Promise<GetPromptResult> {
    return this.#use('The reading of a prompt', options, (client, own) => client.getPrompt(name, args, own));
  }

  /**
   * Completes an argument, as {@link MCPClient.complete} does. 2026-07-28 server/utilities/completion.
   * @throws the errors of {@link GroupClient.request}
   */
  complete(
    params: Pick<CompleteRequestParams, 'ref' | 'argument' | 'context'>,
    options?: RequestOptions,
  ): Promise<CompleteResult['completion']> {
    return this.#use('The completion', options, (client, own) => client.complete(params, own));
  }

  /**
   * Sends any request, as {@link MCPClient.request} does.
   * @throws MCPError with `delivery: 'not-sent'` if the server cannot be started, or the limits pass before the request is sent; the error has
   * the class and the code of the reason, and `details.explanation`. The errors of {@link MCPClient.request}.
   */
  request(method: string, params?: Params, options?: RequestOptions): Promise<object> {
    return this.#use('The request', options, (client, own) => client.request(method, params, own));
  }

  /**
   * All tools that may be used, from all pages. 2026-07-28 server/tools.
   * @throws the errors of {@link MCPClient.listTools} and {@link GroupClient.request}
   */
  async listTools(options: ListOptions = {}): Promise<MCPTool[]> {
    return [...(await this.#member.list('tools', options))];
  }

  /**
   * All prompts, from all pages. Without the capability the list is empty. 2026-07-28 server/prompts.
   * @throws the errors of {@link GroupClient.listTools}
   */
  async listPrompts(options: ListOptions = {}): Promise<MCPPrompt[]> {
    return [...(await this.#member.list('prompts', options))];
  }

  /**
   * All resources, from all pages. Without the capability the list is empty. 2026-07-28 server/resources.
   * @throws the errors of {@link GroupClient.listTools}
   */
  async listResources(options: ListOptions = {}): Promise<MCPResource[]> {
    return [...(await this.#member.list('resources', options))];
  }

  /**
   * All resource templates, from all pages. Without the capability the list is empty. 2026-07-28 server/resources.
   * @throws the errors of {@link GroupClient.listTools}
   */
  async listResourceTemplates(options: ListOptions = {}): Promise<MCPResourceTemplate[]> {
    return [...(await this.#member.list('resourceTemplates', options))];
  }

  /**
   * Subscribes to changes of a resource, as {@link MCPClient.subscribe} does. The server stays awake until {@link GroupClient.unsubscribe}.
   * 2026-07-28 basic/patterns/subscriptions.
   * @throws the errors of {@link MCPClient.subscribe} and {@link GroupClient.request}
   */
  async subscribe(uri: string, options?: RequestOptions): Promise<void> {
    await this.#use('The subscription', options, async (client, own) => {
      await client.subscribe(uri, own);
      if (!this.#subscriptions.has(uri)) this.#subscriptions.set(uri, this.#member.hold());
    });
  }

  /**
   * Ends a subscription, as {@link MCPClient.unsubscribe} does. Afterwards the server may sleep.
   * @throws the errors of {@link MCPClient.unsubscribe} and {@link GroupClient.request}
   */
  async unsubscribe(uri: string, options?: RequestOptions): Promise<void> {
    try {
      await this.#use('The end of the subscription', options, (client, own) => client.unsubscribe(uri, own));
    } finally {
      // Read afterwards: a subscription that was requested before may have begun meanwhile.
      this.#subscriptions.get(uri)?.();
      this.#subscriptions.delete(uri);
    }
  }

  /**
   * Sets the minimum level of log messages, as {@link MCPClient.setLogLevel} does. 2026-07-28 server/utilities/logging.
   * @throws the errors of {@link MCPClient.setLogLevel} and {@link GroupClient.request}
   */
  setLogLevel(level: LoggingLevel, options?: RequestOptions): Promise<void> {
    return this.#use('The log level', options, (client, own) => client.setLogLevel(level, own));
  }

  /**
   * The round-trip time in ms, as {@link MCPClient.ping} measures it.
   * @throws the errors of {@link MCPClient.ping} and {@link GroupClient.request}
   */
  ping(options?: Pick<RequestOptions, 'timeout' | 'signal'>): Promise<number> {
    return this.#use('The ping', options, (client, own) => client.ping(own));
  }

  /**
   * Name, version, revision and capabilities of the server.
   * @throws the errors of {@link GroupClient.request}
   */
  getServerInfo(options?: Pick<RequestOptions, 'timeout' | 'signal'>): Promise<ServerInfo> {
    return this.#use('The information about the server', options, (client) => client.getServerInfo());
  }

  /**
   * The capabilities of the server, as names such as `tools` or `resources.subscribe`.
   * @throws the errors of {@link GroupClient.request}
   */
  getCapabilities(options?: Pick<RequestOptions, 'timeout' | 'signal'>): Promise<MCPCapability[]> {
    return this.#use('The capabilities', options, (client) => client.getCapabilities());
  }

  /** Adds a listener, as {@link MCPClient.on} does. It stays while the server sleeps. Returns a function that removes it. */
  on<Name extends MCPClientEventName>(event: Name, listener: (...args: MCPClientEvents[Name]) => unknown): () => void {
    return this.#member.connection.on(event, listener);
  }

  /** Explains the state of the server and of its connection, for people. Sends nothing. */
  explain(): string {
    return this.#member.explain();
  }
}
