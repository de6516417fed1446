import type { BaseMetadata, Icons, MetaObject } from './base.js';

/**
 * The schema of the arguments of a tool: a JSON Schema whose root is an object. All keywords are kept. Without `$schema` the dialect is 2020-12.
 */
export interface ToolInputSchema {
  $schema?: string;
  type: 'object';
  [keyword: string]: unknown;
}

/** The schema of a tool's `structuredContent`: any JSON Schema; before 2026-07-28 its root is an object. Since 2025-06-18. */
export interface ToolOutputSchema {
  $schema?: string;
  [keyword: string]: unknown;
}

/** Hints about the behaviour of a tool. They come from the server: rely on them only if you trust the server. Since 2025-03-26. */
export interface ToolAnnotations {
  /** The title, if the tool itself has none. */
  title?: string;
  /** The tool changes nothing. Default false. */
  readOnlyHint?: boolean;
  /** The tool may delete or overwrite data. Only relevant if it is not read-only. Default true. */
  destructiveHint?: boolean;
  /** A repeated call with the same arguments has no further effect. Default false. */
  idempotentHint?: boolean;
  /** The tool interacts with external systems, such as a web search. Default true. */
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
