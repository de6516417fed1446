import type { Annotations, BaseMetadata, Icons, MetaObject } from './base.js';

/** Text. */
export interface TextContent {
  type: 'text';
  text: string;
  annotations?: Annotations;
  _meta?: MetaObject;
}

/** A picture. */
export interface ImageContent {
  type: 'image';
  /** The bytes in base64. */
  data: string;
  mimeType: string;
  annotations?: Annotations;
  _meta?: MetaObject;
}

/** A sound. Since 2025-03-26. */
export interface AudioContent {
  type: 'audio';
  /** The bytes in base64. */
  data: string;
  mimeType: string;
  annotations?: Annotations;
  _meta?: MetaObject;
}

/** Common fields of text and binary resource contents. */
export interface ResourceContents {
  uri: string;
  mimeType?: string;
  _meta?: MetaObject;
}

/** The contents of a resource that is text. */
export interface TextResourceContents extends ResourceContents {
  text: string;
}

/** The contents of a resource that is not text. */
export interface BlobResourceContents extends ResourceContents {
  /** The bytes in base64. */
  blob: string;
}

/** A resource of a server: the schema's `Resource`. 2026-07-28 server/resources. */
export interface MCPResource extends BaseMetadata, Icons {
  uri: string;
  description?: string;
  mimeType?: string;
  annotations?: Annotations;
  /** Bytes of the raw contents, before base64. */
  size?: number;
  _meta?: MetaObject;
}

/** A resource that may be read, and need not be in the list of resources. Since 2025-06-18. */
export interface ResourceLink extends MCPResource {
  type: 'resource_link';
}

/** The contents of a resource, embedded in a message or a tool's result. */
export interface EmbeddedResource {
  type: 'resource';
  resource: TextResourceContents | BlobResourceContents;
  annotations?: Annotations;
  _meta?: MetaObject;
}

// A string type that overlaps with no string literal. It does not exist at runtime.
declare enum UnknownContentType {
  Unknown = 'a type that this library does not know',
}

/**
 * A content block of an unknown type, unchanged. Later revisions may add types, and a result is not rejected because of one. `block.type ===
 * 'text'` narrows a {@link ContentBlock} to {@link TextContent}; the `default` branch of a `switch` over the known types has this type. To test
 * for another type, compare it as a string: `(block.type as string) === 'video'`.
 */
export interface UnknownContent {
  type: UnknownContentType;
  [key: string]: unknown;
}

/** The content blocks that the specification knows. */
export type KnownContentBlock = TextContent | ImageContent | AudioContent | ResourceLink | EmbeddedResource;

/** One piece of content in a tool's result or a prompt's message. 2026-07-28 server/tools, "Tool Result". */
export type ContentBlock = KnownContentBlock | UnknownContent;
