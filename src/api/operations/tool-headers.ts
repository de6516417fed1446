import { RequestFailure } from '../../machines/request/outcome.js';
import type { Outcome } from '../../machines/request/outcome.js';
import { failure } from '../../util/failure.js';
import { ErrorCode } from '../../protocol/messages/json-rpc.js';
import type { Params } from '../../protocol/messages/json-rpc.js';
import { parameterHeadersOf, parameterHeaderValues } from '../../protocol/parameter-headers.js';
import type { ParameterHeaders } from '../../protocol/parameter-headers.js';
import type { MCPTool } from '../../protocol/schema/index.js';
import type { MCPTransport } from '../../transports/transport.js';
import type { ConnectionFacts } from '../../machines/connection/connection-context.js';
import type { Events } from '../events.js';
import type { ListOptions, SubmitOptions } from '../options/call-options.js';

/** What {@link repeatsParameters} uses of a client. */
interface HeaderRule {
  readonly transport: Pick<MCPTransport, 'framing'>;
  readonly connection: { readonly facts: Pick<ConnectionFacts, 'era'> };
}

/** What {@link callableTools} uses of a client. */
export interface ToolFilter extends HeaderRule {
  readonly events: Pick<Events, 'warnOnce'>;
}

/** What sending a tool call uses of a client. */
export interface ToolCaller extends HeaderRule {
  readonly listCache: {
    tool(name: string): MCPTool | undefined;
    relistTools(options: ListOptions): Promise<void>;
  };
  submit(
    method: string,
    params: Params | undefined,
    options: SubmitOptions,
    repeatable?: boolean,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Outcome>;
}

/** The headers of each input schema. */
const cache = new WeakMap<object, ParameterHeaders>();

function headersOf({ inputSchema }: MCPTool): ParameterHeaders {
  let headers = cache.get(inputSchema);
  if (headers === undefined) {
    headers = parameterHeadersOf(inputSchema);
    cache.set(inputSchema, headers);
  }
  return headers;
}

/** Whether parameters are repeated as headers: only over modern HTTP. */
function repeatsParameters({ transport, connection }: HeaderRule): boolean {
  return transport.framing === 'per-request' && connection.facts.era === 'modern';
}

/**
 * The tools that can be called. A tool with an invalid `x-mcp-header` is left out, with a warning. 2026-07-28 server/tools, "x-mcp-header".
 */
export function callableTools(client: ToolFilter, tools: readonly MCPTool[]): MCPTool[] {
  if (!repeatsParameters(client)) return [...tools];
  return tools.filter((tool) => {
    const headers = headersOf(tool);
    if (!('invalid' in headers)) return true;
    const message = `The tool ${tool.name} is left out of the list: ${headers.invalid}`;
    const problem = failure('protocol', 'MCP_INVALID_RESULT', message, {
      details: { method: 'tools/list', tool: tool.name },
    });
    client.events.warnOnce(problem);
    return false;
  });
}

/** The headers of a call, by the last known definition of the tool. */
export function headersOfCall(client: ToolCaller, params: Params | undefined): Record<string, string> | undefined {
  const name = params?.name;
  const tool = repeatsParameters(client) && typeof name === 'string' ? client.listCache.tool(name) : undefined;
  if (tool === undefined) return undefined;
  const headers = headersOf(tool);
  if (!('headers' in headers) || headers.headers.length === 0) return undefined;
  return parameterHeaderValues(headers.headers, params?.arguments);
}

/**
 * Whether the server refused a call because the headers do not match the current definition of the tool. The call did not run, so it may be
 * sent again after the tools are listed again. 2026-07-28 basic/transports/streamable-http.
 */
export function isHeaderMismatch(client: HeaderRule, outcome: Outcome): boolean {
  if (!(outcome instanceof RequestFailure) || !repeatsParameters(client)) return false;
  return outcome.failure?.code === 'MCP_RPC_ERROR' && outcome.failure.errorCode === ErrorCode.HeaderMismatch;
}

/**
 * Lists the tools again, and sends the call again with the headers of the current definition. If the listing fails, returns the refusal of
 * the call.
 */
export async function retryWithNewHeaders(
  client: ToolCaller,
  refused: Outcome,
  params: Params | undefined,
  options: SubmitOptions,
  repeatable?: boolean,
): Promise<Outcome> {
  try {
    await client.listCache.relistTools(options);
  } catch (thrown) {
    if (options.signal?.aborted === true) throw thrown;
    return refused;
  }
  return client.submit('tools/call', params, options, repeatable, headersOfCall(client, params));
}
