import type { CacheableResult, PaginatedResult, ResultFields } from './base.js';
import type { InputResponseRequestParams } from './client-features.js';
import type { ContentBlock } from './content.js';
import type { PaginatedRequestParams } from './request-meta.js';
import type { TaskMetadata } from './tasks.js';
import type { MCPTool } from './tool.js';

/** Requests a page of the list of tools. */
export interface ListToolsRequest {
  method: 'tools/list';
  params?: PaginatedRequestParams;
}

/** A page of the list of tools. */
export interface ListToolsResult extends PaginatedResult, CacheableResult {
  tools: MCPTool[];
}

/** The name and the arguments of a tool call. */
export interface CallToolRequestParams extends InputResponseRequestParams {
  name: string;
  arguments?: { [name: string]: unknown };
  /** Requests to run the call as a task. Only in 2025-11-25. */
  task?: TaskMetadata;
}

/** Calls a tool. */
export interface CallToolRequest {
  method: 'tools/call';
  params: CallToolRequestParams;
}

/** The result of a tool call. 2026-07-28 server/tools, "Tool Result". */
export interface CallToolResult extends ResultFields {
  content: ContentBlock[];
  /**
   * The result as data: any JSON value, including `null`, `false` and `0`, so test for it with `'structuredContent' in result`. Before
   * 2026-07-28 it is an object. Since 2025-06-18.
   */
  structuredContent?: unknown;
  /** Whether the tool failed; then `content` describes the error for a language model. Default false. */
  isError?: boolean;
}
