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

/** What is being typed. 2026-07-28 server/utilities/completion. */
export interface CompleteRequestParams extends RequestParams {
  ref: PromptReference | ResourceTemplateReference;
  argument: {
    name: string;
    /** As far as it is typed. */
    value: string;
  };
  /** Arguments that are settled already. Since 2025-06-18. */
  context?: { arguments?: { [name: string]: string } };
}

/** Asks how an argument may go on. */
export interface CompleteRequest {
  method: 'completion/complete';
  params: CompleteRequestParams;
}

/** How an argument may go on. */
export interface CompleteResult extends ResultFields {
  completion: {
    /** At most 100, says the specification. */
    values: string[];
    /** How many there are in all. */
    total?: number;
    /** Whether there are more than these. */
    hasMore?: boolean;
  };
}
