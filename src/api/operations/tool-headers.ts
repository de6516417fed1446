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

/** What decides whether parameters are repeated as headers. */
interface HeaderRule {
  readonly transport: Pick<MCPTransport, 'framing'>;
  readonly connection: { readonly facts: Pick<ConnectionFacts, 'era'> };
}

/** What {@link callableTools} uses of a client. */
export interface ToolFilter extends HeaderRule {
  readonly events: Pick<Events, 'warnOnce'>;
}

/** What sending a call of a tool uses of a client. */
export interface ToolCaller extends HeaderRule {
  readonly listCache: {
    tool(name: string): MCPTool | undefined;
    listToolsAnew(options: ListOptions): Promise<void>;
  };
  submit(
    method: string,
    params: Params | undefined,
    options: SubmitOptions,
    repeatable?: boolean,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Outcome>;
}

/** What the definitions say, so that each is read once. */
const known = new WeakMap<object, ParameterHeaders>();

function headersOf({ inputSchema }: MCPTool): ParameterHeaders {
  let headers = known.get(inputSchema);
  if (headers === undefined) {
    headers = parameterHeadersOf(inputSchema);
    known.set(inputSchema, headers);
  }
  return headers;
}

/** Only modern HTTP repeats parameters as headers; elsewhere the annotations mean nothing. */
function repeatsParameters({ transport, connection }: HeaderRule): boolean {
  return transport.framing === 'per-request' && connection.facts.era === 'modern';
}

/**
 * The tools that can be called. One whose parameters cannot be repeated as its definition wants is left out, with a warning.
 * 2026-07-28 server/tools, "x-mcp-header".
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

/** The headers of a call, as the definition that was received last wants them. */
export function headersOfCall(client: ToolCaller, params: Params | undefined): Record<string, string> | undefined {
  const name = params?.name;
  const tool = repeatsParameters(client) && typeof name === 'string' ? client.listCache.tool(name) : undefined;
  if (tool === undefined) return undefined;
  const headers = headersOf(tool);
  if (!('headers' in headers) || headers.headers.length === 0) return undefined;
  return parameterHeaderValues(headers.headers, params?.arguments);
}

/**
 * Whether the server wants other headers than the definition that is known says. The call was refused before it ran: it may be made
 * once more when the tools are listed anew. 2026-07-28 basic/transports/streamable-http.
 */
export function wantsOtherHeaders(client: HeaderRule, outcome: Outcome): boolean {
  if (!(outcome instanceof RequestFailure) || !repeatsParameters(client)) return false;
  return outcome.failure?.code === 'MCP_RPC_ERROR' && outcome.failure.errorCode === ErrorCode.HeaderMismatch;
}

/**
 * Lists the tools anew, and makes a call again with the headers that their definitions want now. When they cannot be listed, the call ends as
 * it was refused: the caller asked for nothing else.
 */
export async function callWithOtherHeaders(
  client: ToolCaller,
  refused: Outcome,
  params: Params | undefined,
  options: SubmitOptions,
  repeatable?: boolean,
): Promise<Outcome> {
  try {
    await client.listCache.listToolsAnew(options);
  } catch (thrown) {
    if (options.signal?.aborted === true) throw thrown;
    return refused;
  }
  return client.submit('tools/call', params, options, repeatable, headersOfCall(client, params));
}
