import type { MCPClient } from '../../api/client.js';
import { invalidOption } from '../../option-checks.js';
import { isObject } from '../../protocol/checks/problem.js';
import { SdkClient } from './sdk-client.js';

export type { SdkClient, SdkPage, SdkPageParams } from './sdk-client.js';
export { SdkError } from './sdk-error.js';
export type { SdkNotification, SdkNotificationSchema } from './notification-schema.js';
export type { SdkRequestOptions } from './sdk-options.js';

/**
 * Gives a client the methods of the official `Client`, for code that expects one: Anthropic's `mcpTools`, Google's `mcpToTool`, langchain's
 * `loadMcpTools`. Connect the client before; `close()` disconnects it. Handlers of sampling, elicitation and roots are options of the
 * {@link MCPClient}, so there is no `setRequestHandler`.
 *
 * The type of the result is {@link SdkClient}, or the type that the place of the call expects, such as the official `Client`: that class has
 * private members, so no other type is assignable to it. `Client` must have `callTool`.
 *
 * @throws MCPError with code `MCP_INVALID_PARAMS` if `client` is not an {@link MCPClient}.
 * @example
 * const client = await MCPClient.connect('https://example.com/mcp');
 * const ai = new GoogleGenAI({});
 * const config = { tools: [mcpToTool(asSdkClient(client))] };
 */
export function asSdkClient<Client extends { callTool(...args: never[]): Promise<unknown> } = SdkClient>(
  client: MCPClient,
): Client {
  if (!isObject(client) || !('protocol' in client)) throw invalidOption('client', 'an MCPClient', client);
  return new SdkClient(client) as unknown as Client;
}
