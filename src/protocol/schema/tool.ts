import type { BaseMetadata, Icons, MetaObject } from './base.js';

/**
 * What a tool takes: a JSON Schema whose root is an object. Any keyword may stand beside `type`, and all are kept. Without `$schema` it is
 * of the dialect 2020-12.
 */
export interface ToolInputSchema {
  $schema?: string;
  type: 'object';
  [keyword: string]: unknown;
}

/** What a tool's `structuredContent` looks like: any JSON Schema, before 2026-07-28 one whose root is an object. Since 2025-06-18. */
export interface ToolOutputSchema {
  $schema?: string;
  [keyword: string]: unknown;
}

/** Hints about what a tool does. They are the server's word: believe them as far as you trust the server. Since 2025-03-26. */
export interface ToolAnnotations {
  /** Shown when the tool itself has no title. */
  title?: string;
  /** The tool changes nothing. Default false. */
  readOnlyHint?: boolean;
  /** The tool may destroy something, which matters when it is not read-only. Default true. */
  destructiveHint?: boolean;
  /** A second call with the same arguments changes nothing more. Default false. */
  idempotentHint?: boolean;
  /** The tool reaches out to an open world, as a web search does. Default true. */
  openWorldHint?: boolean;
}

/** How a tool runs. Only in 2025-11-25, with its core tasks. */
export interface ToolExecution {
  /** Whether the tool may or must be called as a task. Default `forbidden`. */
  taskSupport?: 'forbidden' | 'optional' | 'required' | (string & {});
}

/** A tool that a server offers: the schema's `Tool`. 2026-07-28 server/tools. */
export interface MCPTool extends BaseMetadata, Icons {
  description?: string;
  inputSchema: ToolInputSchema;
  outputSchema?: ToolOutputSchema;
  annotations?: ToolAnnotations;
  /** Only in 2025-11-25. */
  execution?: ToolExecution;
  _meta?: MetaObject;
}
