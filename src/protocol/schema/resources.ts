import type { Annotations, BaseMetadata, CacheableResult, Icons, MetaObject, PaginatedResult } from './base.js';
import type { InputResponseRequestParams } from './client-features.js';
import type { BlobResourceContents, MCPResource, TextResourceContents } from './content.js';
import type { PaginatedRequestParams, RequestParams } from './request-meta.js';

/** A template for URIs of resources: the schema's `ResourceTemplate`. 2026-07-28 server/resources, "Resource Templates". */
export interface MCPResourceTemplate extends BaseMetadata, Icons {
  /** RFC 6570. */
  uriTemplate: string;
  description?: string;
  /** Only if all matching resources have the same type. */
  mimeType?: string;
  annotations?: Annotations;
  _meta?: MetaObject;
}

/** Requests a page of the list of resources. */
export interface ListResourcesRequest {
  method: 'resources/list';
  params?: PaginatedRequestParams;
}

/** A page of the list of resources. */
export interface ListResourcesResult extends PaginatedResult, CacheableResult {
  resources: MCPResource[];
}

/** Requests a page of the list of resource templates. */
export interface ListResourceTemplatesRequest {
  method: 'resources/templates/list';
  params?: PaginatedRequestParams;
}

/** A page of the list of resource templates. */
export interface ListResourceTemplatesResult extends PaginatedResult, CacheableResult {
  resourceTemplates: MCPResourceTemplate[];
}

/** The URI of a resource. */
export interface ResourceRequestParams extends RequestParams {
  uri: string;
}

/** The resource to read. */
export interface ReadResourceRequestParams extends ResourceRequestParams, InputResponseRequestParams {}

/** Reads a resource. */
export interface ReadResourceRequest {
  method: 'resources/read';
  params: ReadResourceRequestParams;
}

/** The contents of a resource; a folder, for instance, may have several entries. */
export interface ReadResourceResult extends CacheableResult {
  contents: (TextResourceContents | BlobResourceContents)[];
}

/** Subscribes to changes of a resource. Only up to 2025-11-25; replaced by `subscriptions/listen`. */
export interface SubscribeRequest {
  method: 'resources/subscribe';
  params: ResourceRequestParams;
}

/** Ends a subscription. Only up to 2025-11-25. */
export interface UnsubscribeRequest {
  method: 'resources/unsubscribe';
  params: ResourceRequestParams;
}
