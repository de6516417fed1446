import type { Annotations, BaseMetadata, CacheableResult, Icons, MetaObject, PaginatedResult } from './base.js';
import type { InputResponseRequestParams } from './client-features.js';
import type { BlobResourceContents, MCPResource, TextResourceContents } from './content.js';
import type { PaginatedRequestParams, RequestParams } from './request-meta.js';

/** A family of resources: the schema's `ResourceTemplate`. 2026-07-28 server/resources, "Resource Templates". */
export interface MCPResourceTemplate extends BaseMetadata, Icons {
  /** RFC 6570. */
  uriTemplate: string;
  description?: string;
  /** Only when every resource of the family has the same type. */
  mimeType?: string;
  annotations?: Annotations;
  _meta?: MetaObject;
}

/** Asks for a page of the resources. */
export interface ListResourcesRequest {
  method: 'resources/list';
  params?: PaginatedRequestParams;
}

/** A page of the resources. */
export interface ListResourcesResult extends PaginatedResult, CacheableResult {
  resources: MCPResource[];
}

/** Asks for a page of the resource templates. */
export interface ListResourceTemplatesRequest {
  method: 'resources/templates/list';
  params?: PaginatedRequestParams;
}

/** A page of the resource templates. */
export interface ListResourceTemplatesResult extends PaginatedResult, CacheableResult {
  resourceTemplates: MCPResourceTemplate[];
}

/** Names one resource. */
export interface ResourceRequestParams extends RequestParams {
  uri: string;
}

/** Which resource to read. */
export interface ReadResourceRequestParams extends ResourceRequestParams, InputResponseRequestParams {}

/** Reads a resource. */
export interface ReadResourceRequest {
  method: 'resources/read';
  params: ReadResourceRequestParams;
}

/** What a resource holds: several entries when it is, say, a folder. */
export interface ReadResourceResult extends CacheableResult {
  contents: (TextResourceContents | BlobResourceContents)[];
}

/** Asks to be told when a resource changes. Only up to 2025-11-25: `subscriptions/listen` does it since. */
export interface SubscribeRequest {
  method: 'resources/subscribe';
  params: ResourceRequestParams;
}

/** Asks not to be told any more. Only up to 2025-11-25. */
export interface UnsubscribeRequest {
  method: 'resources/unsubscribe';
  params: ResourceRequestParams;
}
