import type { BaseMetadata, ResultFields } from './base.js';
import type { RequestParams } from './request-meta.js';

/** The prompt whose argument is being typed. */
export interface PromptReference extends BaseMetadata {
  type: 'ref/prompt';
}

/** The resource or resource template whose variable is being typed. */
export interface ResourceTemplateReference {
  type: 'ref/resource';
  /** A URI, or a template of RFC 6570. */
  uri: string;
}

/** The argument to complete. 2026-07-28 server/utilities/completion. */
export interface CompleteRequestParams extends RequestParams {
  ref: PromptReference | ResourceTemplateReference;
  argument: {
    name: string;
    /** The text so far. */
    value: string;
  };
  /** Arguments that are already known. Since 2025-06-18. */
  context?: { arguments?: { [name: string]: string } };
}

/** Requests completions of an argument. */
export interface CompleteRequest {
  method: 'completion/complete';
  params: CompleteRequestParams;
}

/** Completions of an argument. */
export interface CompleteResult extends ResultFields {
  completion: {
    /** At most 100 by the specification. */
    values: string[];
    /** The total number of completions. */
    total?: number;
    /** Whether there are more completions. */
    hasMore?: boolean;
  };
}
