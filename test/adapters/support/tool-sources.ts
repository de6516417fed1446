import type { ToolSource } from '../../../src/adapters/tool-source.js';
import type { CallToolResult, MCPTool } from '../../../src/index.js';

/** A call that a source received. */
export type ReceivedCall = Parameters<ToolSource['callTool']>;

/** A source with these tools, which responds to each call with `respond`. */
export function sourceOf(
  tools: readonly MCPTool[],
  respond: (...call: ReceivedCall) => CallToolResult | Promise<CallToolResult> = () => ({ content: [] }),
): ToolSource & { readonly calls: readonly ReceivedCall[] } {
  const calls: ReceivedCall[] = [];
  return {
    calls,
    listTools: async () => tools,
    callTool: async (...call) => {
      calls.push(call);
      return respond(...call);
    },
  };
}
