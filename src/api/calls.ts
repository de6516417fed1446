import type { Params } from '../protocol/messages/json-rpc.js';
import type { CallToolResult, GetPromptResult, ReadResourceResult } from '../protocol/schema/index.js';
import type { MCPTransport } from '../transports/transport.js';
import type { Core } from './core.js';
import type { NotificationHandler } from './notification-handlers.js';
import { callTool, callToolOf } from './operations/call-tool.js';
import { getPrompt, readResource, request } from './operations/operations.js';
import type { CallToolOptions, CallToolParams, RequestOptions, ResultSchema } from './options/call-options.js';

/** The calls that {@link MCPClient} and {@link MCPProtocol} have in common. */
export abstract class MCPCalls {
  readonly #core: Core;

  /** @internal */
  protected constructor(core: Core) {
    this.#core = core;
  }

  /** The transport that was given, or made for the target. */
  get transport(): MCPTransport {
    return this.#core.transport;
  }

  /** Timeout of a request, in ms. */
  get timeout(): number {
    return this.#core.options.timeout;
  }

  /**
   * Calls a tool, by name and arguments: `callTool('echo', { text: 'hello' }, { timeout: 5_000 })`. The calls of the official client work as
   * well: `callTool({ name, arguments }, options)`, also with a schema for the result before the options. 2026-07-28 server/tools.
   * @throws MCPToolError when the server refuses the call, or (unless `onToolError` is `'return'`) the tool reports an error;
   * MCPTimeoutError at its deadline; MCPConnectionError with `delivery` when the connection was lost; MCPProtocolError when the
   * result has a wrong shape or structured output does not fit its schema, unless `validate` says otherwise: `details.result` has the
   * result; the signal's reason when it is aborted.
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
   * Reads a resource. 2026-07-28 server/resources.
   * @throws MCPProtocolError with code `MCP_RESOURCE_NOT_FOUND` when the server does not have it, in whatever way it says so; what
   * {@link MCPCalls.request} throws.
   */
  readResource(uri: string, options?: RequestOptions): Promise<ReadResourceResult> {
    return readResource(this.#core, uri, options);
  }

  /**
   * Gets a prompt with its arguments filled in; all arguments are strings. 2026-07-28 server/prompts.
   * @throws what {@link MCPCalls.request} throws.
   */
  getPrompt(name: string, args?: Readonly<Record<string, string>>, options?: RequestOptions): Promise<GetPromptResult> {
    return getPrompt(this.#core, name, args, options);
  }

  /**
   * Makes any request, for methods without a method here. The result is what the server sent: its shape is not checked, nothing is left out
   * of it, and its pages are not followed.
   * `params._meta` is sent, except for the keys that the protocol needs for itself. 2026-07-28 basic/index.
   * @throws MCPConnectionError when there is no connection, and will be none, or when it was lost: `delivery` says whether the request may
   * have been served. MCPTimeoutError at its deadline; MCPTransportError when HTTP fails; MCPProtocolError when the server responds with an
   * error; MCPCapabilityError when the server does not have what the method needs; MCPAuthenticationError when
   * it requires a token; MCPError with code `MCP_INVALID_PARAMS` for invalid arguments; the signal's reason when it is aborted.
   */
  request(method: string, params?: Params, options?: RequestOptions): Promise<object> {
    return request(this.#core, method, params, options);
  }

  /**
   * Sends any notification.
   * @throws MCPConnectionError when there is no session; MCPProtocolError when its revision does not have this notification.
   */
  notify(method: string, params?: Params): Promise<void> {
    return this.#core.notify(method, params);
  }

  /**
   * Notifies the server that the option `roots` has changed, so that it requests the roots again. Nothing is sent to a server of the
   * modern era, nor while there is none: those request them when they need them. 2025-11-25 client/roots, "Root List Changes".
   * @throws MCPError with code `MCP_INVALID_PARAMS` when this client has no `roots`.
   */
  rootsChanged(): Promise<void> {
    return this.#core.rootsChanged();
  }

  /**
   * Calls `handler` for each notification of this name; short names (`tools/list_changed`) and wire names
   * (`notifications/tools/list_changed`) both work. Handlers stay over reconnects.
   */
  addNotificationHandler(method: string, handler: NotificationHandler): void {
    this.#core.handlers.add(method, handler);
  }

  /** Undoes {@link MCPCalls.addNotificationHandler}. */
  removeNotificationHandler(method: string, handler: NotificationHandler): void {
    this.#core.handlers.remove(method, handler);
  }
}
