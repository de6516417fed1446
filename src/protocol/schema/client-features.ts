import type { MetaObject, ResultFields } from './base.js';
import type { ElicitRequest, ElicitResult } from './elicitation.js';
import type { RequestParams } from './request-meta.js';
import type { CreateMessageRequest, CreateMessageResult } from './sampling.js';

/**
 * A directory that a client allows a server to use. It is advice; the client does not enforce it. Deprecated since 2026-07-28. 2026-07-28
 * client/roots.
 */
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
 * A server request. Up to 2025-11-25 it is a JSON-RPC request, since 2026-07-28 an entry in an {@link InputRequiredResult}.
 */
export type InputRequest = CreateMessageRequest | ListRootsRequest | ElicitRequest;

/** Server requests by key. The server chooses the keys. */
export interface InputRequests {
  [key: string]: InputRequest;
}

/** The response to an {@link InputRequest}. */
export type InputResponse = CreateMessageResult | ListRootsResult | ElicitResult;

/** Responses by the keys of their requests. */
export interface InputResponses {
  [key: string]: InputResponse;
}

/**
 * A result that requests input. The client sends the same request again, with `inputResponses` and the unchanged `requestState`. At least one of
 * the two fields is present. 2026-07-28 basic/patterns/mrtr.
 */
export interface InputRequiredResult extends ResultFields {
  resultType: 'input_required';
  inputRequests?: InputRequests;
  /** Opaque; to be sent back unchanged. */
  requestState?: string;
}

/** The parameters of a request that may be answered by an {@link InputRequiredResult}. The client fills them in for the next round. */
export interface InputResponseRequestParams extends RequestParams {
  inputResponses?: InputResponses;
  requestState?: string;
}
