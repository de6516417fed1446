import type { Params } from '../protocol/messages/json-rpc.js';
import type { CallToolResult, GetPromptResult, ReadResourceResult } from '../protocol/schema/index.js';
import type { MCPTransport } from '../transports/transport.js';
import type { Core } from './core.js';
import type { NotificationHandler } from './notification-handlers.js';
import { callTool, callToolOf } from './operations/call-tool.js';
import type { FailedToolResult, TypedToolResult } from './operations/typed-output.js';
import { getPrompt, readResource, request } from './operations/operations.js';
import type {
  CallToolOptions,
  CallToolParams,
  RequestOptions,
  ResultSchema,
  TypedCallOptions,
} from './options/call-options.js';

/** The calls that {@link MCPClient} and {@link MCPProtocol} have in common. */
export abstract class MCPCalls {
  readonly #core: Core;

  /** @internal */
  protected constructor(core: Core) {
    this.#core = core;
  }

  /** The given transport, or the one that was created for the target. */
  get transport(): MCPTransport {
    return this.#core.transport;
  }

  /** Timeout of a request, in ms. */
  get timeout(): number {
    return this.#core.options.timeout;
  }

  /**
   * Calls a tool. The arguments of the official client work as well: `callTool({ name, arguments }, options)`, also with a schema for the
   * result before the options. 2026-07-28 server/tools.
   *
   * With `schema`, a schema of zod 4, valibot, arktype or any other Standard Schema, `structuredContent` is validated with it, in place of the
   * output schema of the tool, and has its type.
   *
   * @example
   * const result = await client.callTool('echo', { text: 'hello' }, { timeout: 5_000 });
   * const schema = z.object({ temperature: z.number() });
   * const { structuredContent } = await client.callTool('weather', { city: 'Bern' }, { schema });
   * console.log(structuredContent.temperature.toFixed(1));
   * @throws MCPToolError if the server refuses the call, or the tool reports an error and `onToolError` is not `'return'`; MCPTimeoutError
   * at the deadline; MCPConnectionError with `delivery` if the connection is lost; MCPProtocolError with code `MCP_INVALID_RESULT` and the
   * result in `details.result` if the result is invalid, does not match the output schema and `validate` is `'strict'`, or does not match
   * `schema`, then with `details.issues`; the signal's reason when it is aborted.
   */
  callTool<Output>(
    call: CallToolParams,
    options: TypedCallOptions<Output> & { readonly onToolError: 'return' },
  ): Promise<TypedToolResult<Output> | FailedToolResult>;
  callTool<Output>(
    call: CallToolParams,
    options: TypedCallOptions<Output> & { readonly onToolError?: 'throw' | undefined },
  ): Promise<TypedToolResult<Output>>;
  callTool<Output>(
    name: string,
    args: Readonly<Record<string, unknown>> | undefined,
    options: TypedCallOptions<Output> & { readonly onToolError: 'return' },
  ): Promise<TypedToolResult<Output> | FailedToolResult>;
  callTool<Output>(
    name: string,
    args: Readonly<Record<string, unknown>> | undefined,
    options: TypedCallOptions<Output> & { readonly onToolError?: 'throw' | undefined },
  ): Promise<TypedToolResult<Output>>;
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
   * Reads a resource. 2026-07-28 server/resources.
   * @throws MCPProtocolError with code `MCP_RESOURCE_NOT_FOUND` if the server does not have the resource; the errors of
   * {@link MCPCalls.request}.
   */
  readResource(uri: string, options?: RequestOptions): Promise<ReadResourceResult> {
    return readResource(this.#core, uri, options);
  }

  /**
   * Gets a prompt with its arguments filled in. All arguments are strings. 2026-07-28 server/prompts.
   * @throws the errors of {@link MCPCalls.request}.
   */
  getPrompt(name: string, args?: Readonly<Record<string, string>>, options?: RequestOptions): Promise<GetPromptResult> {
    return getPrompt(this.#core, name, args, options);
  }

  /**
   * Sends any request, for instance one without a method in this class. The result is returned as the server sent it: it is not validated,
   * and further pages are not requested. `params._meta` is sent, except the keys that the protocol reserves. 2026-07-28 basic/index.
   * @throws MCPConnectionError if there is no connection, or if it is lost (`delivery` is `unknown` if the server may have run the
   * request); MCPTimeoutError at the deadline; MCPTransportError if HTTP fails; MCPProtocolError if the server responds with an error;
   * MCPCapabilityError if the server lacks the capability that the method needs; MCPAuthenticationError if it requires a token; MCPError
   * with code `MCP_INVALID_PARAMS` for invalid arguments; the signal's reason when it is aborted.
   */
  request(method: string, params?: Params, options?: RequestOptions): Promise<object> {
    return request(this.#core, method, params, options);
  }

  /**
   * Sends any notification.
   * @throws MCPConnectionError without a session; MCPProtocolError if its revision does not have this notification.
   */
  notify(method: string, params?: Params): Promise<void> {
    return this.#core.notify(method, params);
  }

  /**
   * Notifies a legacy server that the option `roots` has changed, so that it requests the roots again. Sends nothing to a modern server, or
   * while disconnected: these servers request the roots when they need them. 2025-11-25 client/roots, "Root List Changes".
   * @throws MCPError with code `MCP_INVALID_PARAMS` if this client has no option `roots`.
   */
  rootsChanged(): Promise<void> {
    return this.#core.rootsChanged();
  }

  /**
   * Calls `handler` for each notification with this method, with or without the prefix: `tools/list_changed` or
   * `notifications/tools/list_changed`. Handlers stay registered across reconnects.
   */
  addNotificationHandler(method: string, handler: NotificationHandler): void {
    this.#core.handlers.add(method, handler);
  }

  /** Removes a handler that was added with {@link MCPCalls.addNotificationHandler}. */
  removeNotificationHandler(method: string, handler: NotificationHandler): void {
    this.#core.handlers.remove(method, handler);
  }
}
