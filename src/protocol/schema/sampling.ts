import type { JSONObject, MetaObject, Role } from './base.js';
import type { AudioContent, ContentBlock, ImageContent, TextContent } from './content.js';
import type { RequestParams } from './request-meta.js';
import type { TaskMetadata } from './tasks.js';
import type { MCPTool } from './tool.js';

/** A tool call of a language model. Since 2025-11-25. 2026-07-28 client/sampling. */
export interface ToolUseContent {
  type: 'tool_use';
  /** Associates the {@link ToolResultContent} with this call. */
  id: string;
  name: string;
  input: { [name: string]: unknown };
  _meta?: MetaObject;
}

/** The result of a tool call of a language model. Since 2025-11-25. */
export interface ToolResultContent {
  type: 'tool_result';
  toolUseId: string;
  content: ContentBlock[];
  /** Any JSON value; an object in 2025-11-25. */
  structuredContent?: unknown;
  /** Default false. */
  isError?: boolean;
  _meta?: MetaObject;
}

/** One piece of content in a conversation with a language model. */
export type SamplingMessageContentBlock =
  TextContent | ImageContent | AudioContent | ToolUseContent | ToolResultContent;

/** One message of a conversation with a language model. */
export interface SamplingMessage {
  role: Role;
  /** Several blocks since 2025-11-25. */
  content: SamplingMessageContentBlock | SamplingMessageContentBlock[];
  _meta?: MetaObject;
}

/** A part of a model's name, such as `sonnet`. */
export interface ModelHint {
  name?: string;
}

/** The model preferences of a server. Advice only. Hints come first, in order; priorities go from 0 to 1. */
export interface ModelPreferences {
  hints?: ModelHint[];
  costPriority?: number;
  speedPriority?: number;
  intelligencePriority?: number;
}

/** Whether the model may, must or must not use a tool. Since 2025-11-25. */
export interface ToolChoice {
  /** Default `auto`. */
  mode?: 'auto' | 'required' | 'none';
}

/** The parameters of a sampling request. 2026-07-28 client/sampling. */
export interface CreateMessageRequestParams extends RequestParams {
  messages: SamplingMessage[];
  maxTokens: number;
  modelPreferences?: ModelPreferences;
  systemPrompt?: string;
  /** Values other than `none` are deprecated since 2025-11-25. */
  includeContext?: 'none' | 'thisServer' | 'allServers';
  temperature?: number;
  stopSequences?: string[];
  /** Data for the provider of the model. */
  metadata?: JSONObject;
  /** Since 2025-11-25, for clients with the capability `sampling.tools`. */
  tools?: MCPTool[];
  toolChoice?: ToolChoice;
  /** Only in 2025-11-25. */
  task?: TaskMetadata;
}

/** Requests a message from a language model. Deprecated since 2026-07-28. */
export interface CreateMessageRequest {
  method: 'sampling/createMessage';
  params: CreateMessageRequestParams;
}

/** The message of the language model. */
export interface CreateMessageResult extends SamplingMessage {
  /** The name of the model. */
  model: string;
  stopReason?: 'endTurn' | 'stopSequence' | 'maxTokens' | 'toolUse' | (string & {});
}
