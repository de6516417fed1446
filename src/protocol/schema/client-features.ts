import type { MetaObject, ResultFields } from './base.js';
import type { ElicitRequest, ElicitResult } from './elicitation.js';
import type { RequestParams } from './request-meta.js';
import type { CreateMessageRequest, CreateMessageResult } from './sampling.js';

/** A place in the file system that a client lets a server work in. A hint, not a fence. Deprecated since 2026-07-28. 2026-07-28 client/roots. */
export interface Root {
  /** A `file:` URI. */
  uri: string;
  name?: string;
  _meta?: MetaObject;
}

/** Asks for the client's roots. */
export interface ListRootsRequest {
  method: 'roots/list';
  params?: RequestParams;
}

/** The client's roots. */
export interface ListRootsResult {
  roots: Root[];
  _meta?: MetaObject;
}

/**
 * A question from a server to its client. Up to 2025-11-25 it is a JSON-RPC request, since 2026-07-28 an entry in an
 * {@link InputRequiredResult}.
 */
export type InputRequest = CreateMessageRequest | ListRootsRequest | ElicitRequest;

/** Questions by keys of the server's choice. */
export interface InputRequests {
  [key: string]: InputRequest;
}

/** The answer to an {@link InputRequest}. */
export type InputResponse = CreateMessageResult | ListRootsResult | ElicitResult;

/** Answers by the keys of their questions. */
export interface InputResponses {
  [key: string]: InputResponse;
}

/**
 * "I cannot finish before you tell me something". The client answers by sending the same request again, with `inputResponses`
 * and with `requestState` as it came. At least one of the two fields is there. 2026-07-28 basic/patterns/mrtr.
 */
export interface InputRequiredResult extends ResultFields {
  resultType: 'input_required';
  inputRequests?: InputRequests;
  /** Opaque: to be sent back byte for byte. */
  requestState?: string;
}

/** The parameters of a request that may be answered by an {@link InputRequiredResult}. The client fills them in for the next round. */
export interface InputResponseRequestParams extends RequestParams {
  inputResponses?: InputResponses;
  requestState?: string;
}
