import type { MCPClient } from '../api/client.js';
import type { CallToolOptions, CallToolParams } from '../api/options/call-options.js';
import { invalidOption, isPlainObject } from '../option-checks.js';
import type { Member } from './member.js';
import { isAllowed } from './tool-filter.js';

/** The arguments of {@link MCPClient.callTool}, in any of its forms. */
export type CallArguments = [call: string | CallToolParams, second?: unknown, third?: CallToolOptions];

/** A call of a tool, for a server that is known later. */
export interface ToolCall {
  readonly name: string;
  readonly options: CallToolOptions;
  /** Calls the tool with its name at the server. */
  send(client: MCPClient, name: string, options: CallToolOptions): Promise<unknown>;
}

/**
 * Reads the arguments of a call: a name, arguments and options; or the parameters, perhaps a schema for the result, and options.
 * @throws MCPError with code `MCP_INVALID_PARAMS` if there is no name
 */
export function toolCall([call, second, third]: CallArguments): ToolCall {
  const given: unknown = call;
  const params = isPlainObject(given) ? (given as CallToolParams) : undefined;
  const name: unknown = params === undefined ? given : params.name;
  if (typeof name !== 'string') throw invalidOption('name', 'the name of a tool, or the parameters of a call', name);
  const withSchema = typeof (second as { readonly parse?: unknown } | null | undefined)?.parse === 'function';
  const isSecond = params !== undefined && third === undefined && !withSchema;
  return {
    name,
    options: ((isSecond ? second : third) as CallToolOptions | undefined) ?? {},
    send: (client, own, options) => {
      // One of the overloads fits, as far as the arguments of the user do: the client checks them.
      const callTool = client.callTool.bind(client) as (...args: unknown[]) => Promise<unknown>;
      const first = params === undefined ? own : { ...params, name: own };
      return isSecond ? callTool(first, options) : callTool(first, second, options);
    },
  };
}

/** Calls a tool of a member. `since` is the time at which the limits of the call begin; default: now. */
export async function callMember(member: Member, call: ToolCall, name: string, since?: number): Promise<unknown> {
  if (!isAllowed(name, member.settings.tools)) {
    throw invalidOption('name', `a tool of "${member.name}" that its setting \`tools\` allows`, name);
  }
  const work = (client: MCPClient, options: CallToolOptions): Promise<unknown> => call.send(client, name, options);
  return member.use(`The call of "${name}"`, call.options, work, { since });
}
