import type { CallToolOptions } from '../api/options/call-options.js';
import type { CallToolResult, MCPTool } from '../protocol/schema/index.js';

/** The tools of one server or many: an `MCPClient`, a group, or any object with these two methods. */
export interface ToolSource {
  /** The tools, with the names that `callTool` takes. */
  listTools(options?: { readonly signal?: AbortSignal | undefined }): Promise<readonly MCPTool[]>;
  /** Calls a tool. */
  callTool(name: string, args?: Readonly<Record<string, unknown>>, options?: CallToolOptions): Promise<CallToolResult>;
}
