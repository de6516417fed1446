import type { BaseMetadata, CacheableResult, Icons, MetaObject, PaginatedResult, ResultFields, Role } from './base.js';
import type { InputResponseRequestParams } from './client-features.js';
import type { ContentBlock } from './content.js';
import type { PaginatedRequestParams } from './request-meta.js';

/** An argument that a prompt takes: always a string. */
export interface PromptArgument extends BaseMetadata {
  description?: string;
  /** Default false. */
  required?: boolean;
}

/** A prompt, or a template of one, that a server offers: the schema's `Prompt`. 2026-07-28 server/prompts. */
export interface MCPPrompt extends BaseMetadata, Icons {
  description?: string;
  arguments?: PromptArgument[];
  _meta?: MetaObject;
}

/** One message of a prompt. */
export interface PromptMessage {
  role: Role;
  content: ContentBlock;
}

/** Requests a page of the list of prompts. */
export interface ListPromptsRequest {
  method: 'prompts/list';
  params?: PaginatedRequestParams;
}

/** A page of the list of prompts. */
export interface ListPromptsResult extends PaginatedResult, CacheableResult {
  prompts: MCPPrompt[];
}

/** The name and the arguments of a prompt. */
export interface GetPromptRequestParams extends InputResponseRequestParams {
  name: string;
  arguments?: { [name: string]: string };
}

/** Gets a prompt. */
export interface GetPromptRequest {
  method: 'prompts/get';
  params: GetPromptRequestParams;
}

/** A prompt with its arguments filled in. It must not be cached. */
export interface GetPromptResult extends ResultFields {
  description?: string;
  messages: PromptMessage[];
}
