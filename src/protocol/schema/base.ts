import type { RequestId } from '../messages/json-rpc.js';

/** Any value that JSON can hold. */
export type JSONValue = string | number | boolean | null | JSONObject | JSONArray;

/** A JSON object. The peer chooses the keys. */
export interface JSONObject {
  [key: string]: JSONValue;
}

/** A JSON array. */
export type JSONArray = JSONValue[];

/** The sender of a message in a conversation, or the audience of a piece of content. */
export type Role = 'user' | 'assistant';

/** Severity of a log message, in ascending order as RFC 5424 has it. 2026-07-28 server/utilities/logging. */
export type LoggingLevel = 'debug' | 'info' | 'notice' | 'warning' | 'error' | 'critical' | 'alert' | 'emergency';

/** An opaque position in a list, to be sent back unchanged. The empty string is a valid cursor. 2026-07-28 server/utilities/pagination. */
export type Cursor = string;

/** Associates progress notifications with a request; unique among the requests in flight. 2026-07-28 basic/patterns/progress. */
export type ProgressToken = string | number;

/** A `_meta` object: additional data, under keys with a prefix. 2026-07-28 basic/index, "_meta". */
export interface MetaObject {
  [key: string]: unknown;
}

/**
 * The `_meta` of a notification. Every notification of a `subscriptions/listen` stream names that request's id.
 * 2026-07-28 basic/patterns/subscriptions.
 */
export interface NotificationMetaObject extends MetaObject {
  'io.modelcontextprotocol/subscriptionId'?: RequestId;
}

/** The `_meta` of a result. Servers of 2026-07-28 should identify themselves, for display and logs only. 2026-07-28 basic/index. */
export interface ResultMetaObject extends MetaObject {
  'io.modelcontextprotocol/serverInfo'?: Implementation;
}

/** Whether a result ends the request (`complete`, also when absent) or requests input. 2026-07-28 basic/index. */
export type ResultType = 'complete' | 'input_required' | (string & {});

/** The fields that every result may have. Before 2026-07-28 there was no `resultType`. */
export interface ResultFields {
  _meta?: ResultMetaObject;
  resultType?: ResultType;
}

/** A result of any shape, such as the result of an unknown method. */
export interface Result extends ResultFields {
  [key: string]: unknown;
}

/** An empty result, for `ping`, `logging/setLevel`, `resources/subscribe` and others. */
export type EmptyResult = Result;

/** One page of a list. */
export interface PaginatedResult extends ResultFields {
  /** The cursor of the next page; absent on the last page. */
  nextCursor?: Cursor;
}

/** Whether a cached result may be used with other credentials. Unknown values mean `private`. */
export type CacheScope = 'public' | 'private' | (string & {});

/**
 * A result with cache information. Servers before 2026-07-28 send none.
 * 2026-07-28 server/utilities/caching.
 */
export interface CacheableResult extends ResultFields {
  /** The time for which the result is fresh after it was received, in ms. Absent or negative means 0. */
  ttlMs?: number;
  /** Absent means `private`. */
  cacheScope?: CacheScope;
}

/** An icon to show beside a name, since 2025-11-25. The source comes from the server: load it with care. 2026-07-28 basic/index, "icons". */
export interface Icon {
  /** An `https:` or `data:` URI. */
  src: string;
  mimeType?: string;
  /** Sizes such as `"48x48"`, or `"any"` for a scalable icon. Absent: any size. */
  sizes?: string[];
  /** The theme of the icon. Absent: any. */
  theme?: 'light' | 'dark' | (string & {});
}

/** An object with icons. */
export interface Icons {
  icons?: Icon[];
}

/** A name for programs and a title for people. Without a title the name is shown. */
export interface BaseMetadata {
  name: string;
  title?: string;
}

/**
 * The name and version of an MCP implementation. They are self-reported: use them for display and logs, not for decisions. `title` since 2025-06-18,
 * the rest of the optional fields since 2025-11-25.
 */
export interface Implementation extends BaseMetadata, Icons {
  version: string;
  description?: string;
  websiteUrl?: string;
}

/** Advice on how to use a piece of content or a resource. 2026-07-28 server/resources, "Annotations". */
export interface Annotations {
  audience?: Role[];
  /** From 0, entirely optional, to 1, effectively required. */
  priority?: number;
  /** When it was last changed, as ISO 8601. Since 2025-06-18. */
  lastModified?: string;
}
