import type { MCPClient } from '../../api/client.js';
import type { NotificationHandler } from '../../api/notification-handlers.js';
import type { CallToolParams, ListOptions, RequestOptions, ResultSchema } from '../../api/options/call-options.js';
import type {
  CallToolResult,
  CompleteRequestParams,
  CompleteResult,
  EmptyResult,
  GetPromptResult,
  Implementation,
  LoggingLevel,
  MCPPrompt,
  MCPResource,
  MCPResourceTemplate,
  MCPTool,
  ReadResourceResult,
  ServerCapabilities,
} from '../../protocol/schema/index.js';
import { invalidOption, isPlainObject } from '../../option-checks.js';
import { methodOf } from './notification-schema.js';
import type { SdkNotification, SdkNotificationSchema } from './notification-schema.js';
import { withSdkErrors } from './sdk-error.js';
import { requestOptionsOf, schemaAndOptions } from './sdk-options.js';
import type { SdkRequestOptions } from './sdk-options.js';

/** The parameters of a list: the cursor of a page. */
export interface SdkPageParams {
  /** Requests the page of this cursor from the server. Default: all pages, from the list cache while it is fresh. */
  readonly cursor?: string | undefined;
}

/** A list of the server. Without a cursor in the parameters it is complete. */
export type SdkPage<Name extends string, Item> = { [Key in Name]: Item[] } & { nextCursor?: string };

/**
 * The methods of the official `Client` (`@modelcontextprotocol/sdk` 1, `@modelcontextprotocol/client` 2) over an {@link MCPClient}. All
 * methods reject with an {@link SdkError}, and with the reason of the signal when that is aborted. Create it with {@link asSdkClient}.
 */
export class SdkClient {
  readonly #client: MCPClient;
  /** One handler for each method, as in the official client. */
  readonly #handlers = new Map<string, NotificationHandler>();

  /** @internal */
  constructor(client: MCPClient) {
    this.#client = client;
  }

  /** The capabilities of the server; undefined without a session. */
  getServerCapabilities(): ServerCapabilities | undefined {
    return this.#client.protocol.serverCapabilities;
  }

  /** Name and version of the server; undefined without a session. */
  getServerVersion(): Implementation | undefined {
    return this.#client.protocol.serverInfo;
  }

  /** The instructions of the server; undefined if there are none. */
  getInstructions(): string | undefined {
    return this.#client.instructions;
  }

  /** The revision of the session; undefined without one. */
  getNegotiatedProtocolVersion(): string | undefined {
    return this.#client.protocol.protocolVersion;
  }

  /**
   * The tools of the server. 2026-07-28 server/tools.
   * @throws SdkError as {@link MCPClient.listTools} fails.
   */
  listTools(params?: SdkPageParams, options?: SdkRequestOptions): Promise<SdkPage<'tools', MCPTool>> {
    return this.#list('tools/list', 'tools', params, options, (given) => this.#client.listTools(given));
  }

  /**
   * The prompts of the server. 2026-07-28 server/prompts.
   * @throws SdkError as {@link MCPClient.listPrompts} fails.
   */
  listPrompts(params?: SdkPageParams, options?: SdkRequestOptions): Promise<SdkPage<'prompts', MCPPrompt>> {
    return this.#list('prompts/list', 'prompts', params, options, (given) => this.#client.listPrompts(given));
  }

  /**
   * The resources of the server. 2026-07-28 server/resources.
   * @throws SdkError as {@link MCPClient.listResources} fails.
   */
  listResources(params?: SdkPageParams, options?: SdkRequestOptions): Promise<SdkPage<'resources', MCPResource>> {
    return this.#list('resources/list', 'resources', params, options, (given) => this.#client.listResources(given));
  }

  /**
   * The resource templates of the server. 2026-07-28 server/resources.
   * @throws SdkError as {@link MCPClient.listResourceTemplates} fails.
   */
  listResourceTemplates(
    params?: SdkPageParams,
    options?: SdkRequestOptions,
  ): Promise<SdkPage<'resourceTemplates', MCPResourceTemplate>> {
    return this.#list('resources/templates/list', 'resourceTemplates', params, options, (given) =>
      this.#client.listResourceTemplates(given),
    );
  }

  /**
   * Calls a tool. A result with `isError: true` is returned, not thrown. Version 1 of the official client takes a schema before the options,
   * version 2 the options alone; both work. 2026-07-28 server/tools.
   * @throws SdkError as {@link MCPClient.callTool} fails; the error of the schema.
   */
  callTool<Result = CallToolResult>(
    params: CallToolParams,
    resultSchema: ResultSchema<Result> | undefined,
    options?: SdkRequestOptions,
  ): Promise<Result>;
  callTool(params: CallToolParams, options?: SdkRequestOptions): Promise<CallToolResult>;
  async callTool(
    params: CallToolParams,
    second?: ResultSchema<unknown> | SdkRequestOptions,
    third?: SdkRequestOptions,
  ): Promise<unknown> {
    const { schema, result } = await withSdkErrors(async () => {
      // A call in the form of MCPClient would be sent without its arguments.
      if (!isPlainObject(params))
        throw invalidOption('params', '{ name, arguments }, as the official client takes them', params, 'callTool');
      const { schema, options } = schemaAndOptions(second, third);
      return { schema, result: await this.#client.callTool(params, { ...options, onToolError: 'return' }) };
    });
    return schema === undefined ? result : schema.parse(result);
  }

  /**
   * Gets a prompt. 2026-07-28 server/prompts.
   * @throws SdkError as {@link MCPClient.getPrompt} fails.
   */
  getPrompt(
    params: { readonly name: string; readonly arguments?: Readonly<Record<string, string>> | undefined },
    options?: SdkRequestOptions,
  ): Promise<GetPromptResult> {
    return this.#call(options, (given) => this.#client.getPrompt(params.name, params.arguments, given));
  }

  /**
   * Reads a resource. 2026-07-28 server/resources.
   * @throws SdkError as {@link MCPClient.readResource} fails.
   */
  readResource(params: { readonly uri: string }, options?: SdkRequestOptions): Promise<ReadResourceResult> {
    return this.#call(options, (given) => this.#client.readResource(params.uri, given));
  }

  /**
   * Subscribes to changes of a resource. The subscription is renewed after reconnects. 2026-07-28 basic/patterns/subscriptions.
   * @throws SdkError as {@link MCPClient.subscribe} fails.
   */
  subscribeResource(params: { readonly uri: string }, options?: SdkRequestOptions): Promise<EmptyResult> {
    return this.#empty(options, (given) => this.#client.subscribe(params.uri, given));
  }

  /**
   * Ends a subscription.
   * @throws SdkError as {@link MCPClient.unsubscribe} fails.
   */
  unsubscribeResource(params: { readonly uri: string }, options?: SdkRequestOptions): Promise<EmptyResult> {
    return this.#empty(options, (given) => this.#client.unsubscribe(params.uri, given));
  }

  /**
   * Completes an argument. 2026-07-28 server/utilities/completion.
   * @throws SdkError as {@link MCPClient.complete} fails.
   */
  complete(
    params: Pick<CompleteRequestParams, 'ref' | 'argument' | 'context'>,
    options?: SdkRequestOptions,
  ): Promise<Pick<CompleteResult, 'completion'>> {
    return this.#call(options, async (given) => ({ completion: await this.#client.complete(params, given) }));
  }

  /**
   * Sets the minimum level of log messages. 2026-07-28 server/utilities/logging.
   * @throws SdkError as {@link MCPClient.setLogLevel} fails.
   */
  setLoggingLevel(level: LoggingLevel, options?: SdkRequestOptions): Promise<EmptyResult> {
    return this.#empty(options, (given) => this.#client.setLogLevel(level, given));
  }

  /**
   * Sends `ping`, or `server/discover` to a modern server. 2025-11-25 basic/utilities/ping.
   * @throws SdkError as {@link MCPClient.ping} fails.
   */
  ping(options?: SdkRequestOptions): Promise<EmptyResult> {
    return this.#empty(options, ({ timeout, signal }) => this.#client.ping({ timeout, signal }));
  }

  /**
   * Sends any request. Without a schema the result is returned as the server sent it.
   * @throws SdkError as {@link MCPClient.request} fails; the error of the schema.
   */
  async request<Result = object>(
    request: SdkNotification,
    second?: ResultSchema<Result> | SdkRequestOptions,
    third?: SdkRequestOptions,
  ): Promise<Result> {
    const { schema, result } = await withSdkErrors(async () => {
      const { schema, options } = schemaAndOptions(second, third);
      return { schema, result: await this.#client.request(request.method, request.params, options) };
    });
    return schema === undefined ? (result as Result) : schema.parse(result);
  }

  /**
   * Sends any notification.
   * @throws SdkError as {@link MCPClient.notify} fails.
   */
  notification({ method, params }: SdkNotification): Promise<void> {
    return withSdkErrors(() => this.#client.notify(method, params));
  }

  /**
   * Notifies a legacy server that the roots have changed.
   * @throws SdkError as {@link MCPClient.rootsChanged} fails.
   */
  sendRootsListChanged(): Promise<void> {
    return withSdkErrors(() => this.#client.rootsChanged());
  }

  /**
   * Sets the handler of a notification, in place of an earlier one. Version 1 of the official client takes a schema with a literal `method`,
   * version 2 the method; both work. The client emits `error` if the handler or the schema throws.
   * @throws MCPError with code `MCP_INVALID_PARAMS` if the method is unknown, or there is no handler.
   */
  setNotificationHandler(method: string, handler: (notification: SdkNotification) => unknown): void;
  setNotificationHandler<Notification>(
    notificationSchema: SdkNotificationSchema<Notification>,
    handler: (notification: Notification) => unknown,
  ): void;
  setNotificationHandler(schemaOrMethod: unknown, handler: (notification: never) => unknown): void {
    const method = methodOf(schemaOrMethod);
    this.removeNotificationHandler(method);
    const { parse } = schemaOrMethod as Partial<ResultSchema<unknown>>;
    const added: NotificationHandler = (params) => {
      const notification = { method, ...(params !== undefined && { params }) };
      return handler((parse === undefined ? notification : parse.call(schemaOrMethod, notification)) as never);
    };
    this.#handlers.set(method, added);
    this.#client.addNotificationHandler(method, added);
  }

  /** Removes the handler of a notification. */
  removeNotificationHandler(method: string): void {
    const handler = this.#handlers.get(method);
    if (handler === undefined) return;
    this.#handlers.delete(method);
    this.#client.removeNotificationHandler(method, handler);
  }

  /** Closes the client: see {@link MCPClient.disconnect}. The promise never rejects. */
  close(): Promise<void> {
    return this.#client.close();
  }

  #call<Result>(
    options: SdkRequestOptions | undefined,
    call: (options: RequestOptions) => Promise<Result>,
  ): Promise<Result> {
    return withSdkErrors(() => call(requestOptionsOf(options)));
  }

  async #empty(
    options: SdkRequestOptions | undefined,
    call: (options: RequestOptions) => Promise<unknown>,
  ): Promise<EmptyResult> {
    await this.#call(options, call);
    return {};
  }

  /** A page, or the whole list as a copy: callers of the official client own their result, and some change it. */
  #list<Name extends string, Item>(
    method: string,
    name: Name,
    { cursor }: SdkPageParams = {},
    options: SdkRequestOptions | undefined,
    list: (options: ListOptions) => Promise<Item[]>,
  ): Promise<SdkPage<Name, Item>> {
    return this.#call(options, async (given) =>
      cursor === undefined
        ? ({ [name]: structuredClone(await list(given)) } as SdkPage<Name, Item>)
        : ((await this.#client.request(method, { cursor }, given)) as SdkPage<Name, Item>),
    );
  }
}
