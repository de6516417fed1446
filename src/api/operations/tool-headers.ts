import { RequestFailure } from '../../machines/request/outcome.js';
import type { Outcome } from '../../machines/request/outcome.js';
import { failure } from '../../util/failure.js';
import { ErrorCode } from '../../protocol/messages/json-rpc.js';
import type { Params } from '../../protocol/messages/json-rpc.js';
import { parameterHeadersOf, parameterHeaderValues } from '../../protocol/parameter-headers.js';
import type { ParameterHeaders } from '../../protocol/parameter-headers.js';
import type { MCPTool } from '../../protocol/schema/index.js';
import type { Core, SubmitOptions } from '../core.js';

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
function repeatsParameters({ transport, connection }: Core): boolean {
  return transport.framing === 'per-request' && connection.facts.era === 'modern';
}

/**
 * The tools that can be called. One whose parameters cannot be repeated as its definition wants is left out, with a warning.
 * 2026-07-28 server/tools, "x-mcp-header".
 */
export function callableTools(core: Core, tools: readonly MCPTool[]): MCPTool[] {
  if (!repeatsParameters(core)) return [...tools];
  return tools.filter((tool) => {
    const headers = headersOf(tool);
    if (!('invalid' in headers)) return true;
    const message = `The tool ${tool.name} is left out of the list: ${headers.invalid}`;
    const problem = failure('protocol', 'MCP_INVALID_RESULT', message, {
      details: { method: 'tools/list', tool: tool.name },
    });
    core.events.warnOnce(problem);
    return false;
  });
}

/** The headers of a call, as the definition that was received last wants them. */
function headersFor(core: Core, params: Params | undefined): Record<string, string> | undefined {
  const name = params?.name;
  const tool = repeatsParameters(core) && typeof name === 'string' ? core.listCache.tool(name) : undefined;
  if (tool === undefined) return undefined;
  const headers = headersOf(tool);
  if (!('headers' in headers) || headers.headers.length === 0) return undefined;
  return parameterHeaderValues(headers.headers, params?.arguments);
}

/** Sends a call of a tool, with the headers that its definition wants. */
export function submitToolCall(
  core: Core,
  params: Params | undefined,
  options: SubmitOptions,
  repeatable?: boolean,
): Promise<Outcome> {
  return core.submit('tools/call', params, options, repeatable, headersFor(core, params));
}

/**
 * Whether the server wants other headers than the definition that is known says. The call was refused before it ran: it may be made
 * once more when the tools are listed anew. 2026-07-28 basic/transports/streamable-http.
 */
export function wantsOtherHeaders(core: Core, outcome: Outcome): boolean {
  if (!(outcome instanceof RequestFailure) || !repeatsParameters(core)) return false;
  return outcome.failure?.code === 'MCP_RPC_ERROR' && outcome.failure.errorCode === ErrorCode.HeaderMismatch;
}

/**
 * Lists the tools anew, and makes a call again with the headers that their definitions want now. When they cannot be listed, the call ends as
 * it was refused: the caller asked for nothing else.
 */
export async function callWithOtherHeaders(
  core: Core,
  refused: Outcome,
  params: Params | undefined,
  options: SubmitOptions,
  repeatable?: boolean,
): Promise<Outcome> {
  try {
    await core.listCache.listToolsAnew(options);
  } catch (thrown) {
    if (options.signal?.aborted === true) throw thrown;
    return refused;
  }
  return submitToolCall(core, params, options, repeatable);
}
