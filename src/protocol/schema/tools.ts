import type { CacheableResult, PaginatedResult, ResultFields } from './base.js';
import type { InputResponseRequestParams } from './client-features.js';
import type { ContentBlock } from './content.js';
import type { PaginatedRequestParams } from './request-meta.js';
import type { TaskMetadata } from './tasks.js';
import type { MCPTool } from './tool.js';

/** Asks for a page of the tools. */
export interface ListToolsRequest {
  method: 'tools/list';
  params?: PaginatedRequestParams;
}

/** A page of the tools. */
export interface ListToolsResult extends PaginatedResult, CacheableResult {
  tools: MCPTool[];
}

/** Which tool to call, and with what. */
export interface CallToolRequestParams extends InputResponseRequestParams {
  name: string;
  arguments?: { [name: string]: unknown };
  /** Asks to run the call as a task. Only in 2025-11-25. */
  task?: TaskMetadata;
}

/** Calls a tool. */
export interface CallToolRequest {
  method: 'tools/call';
  params: CallToolRequestParams;
}

/** What a tool answered. 2026-07-28 server/tools, "Tool Result". */
export interface CallToolResult extends ResultFields {
  content: ContentBlock[];
  /**
   * The result as data. Any JSON value, of which `null`, `false` and `0` are some: it is there when `'structuredContent' in result`.
   * Before 2026-07-28 an object. Since 2025-06-18.
   */
  structuredContent?: unknown;
  /** The tool ran and failed; `content` says how, in words for a language model. Default false. */
  isError?: boolean;
}
