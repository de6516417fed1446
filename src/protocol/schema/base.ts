import type { RequestId } from '../messages/json-rpc.js';

/** Any value that JSON can hold. */
export type JSONValue = string | number | boolean | null | JSONObject | JSONArray;

/** An object of JSON: the keys are the peer's choice. */
export interface JSONObject {
  [key: string]: JSONValue;
}

/** An array of JSON. */
export type JSONArray = JSONValue[];

/** Who speaks in a conversation, or whom a piece of content is for. */
export type Role = 'user' | 'assistant';

/** Severity of a log message, in ascending order as RFC 5424 has it. 2026-07-28 server/utilities/logging. */
export type LoggingLevel = 'debug' | 'info' | 'notice' | 'warning' | 'error' | 'critical' | 'alert' | 'emergency';

/** A place in a list, to be handed back as it came. The empty string is a cursor too. 2026-07-28 server/utilities/pagination. */
export type Cursor = string;

/** What ties progress notifications to a request: unique among the requests in flight. 2026-07-28 basic/patterns/progress. */
export type ProgressToken = string | number;

/** The `_meta` of anything: data beside the protocol, under keys with a prefix. 2026-07-28 basic/index, "_meta". */
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

/** The `_meta` of a result. Servers of 2026-07-28 should say who they are, for display and logs only. 2026-07-28 basic/index. */
export interface ResultMetaObject extends MetaObject {
  'io.modelcontextprotocol/serverInfo'?: Implementation;
}

/** Says whether a result ends the request (`complete`, also when absent) or asks for more. 2026-07-28 basic/index. */
export type ResultType = 'complete' | 'input_required' | (string & {});

/** The fields that every result may have. Before 2026-07-28 there was no `resultType`. */
export interface ResultFields {
  _meta?: ResultMetaObject;
  resultType?: ResultType;
}

/** A result without a shape of its own, such as that of a method this library does not know. */
export interface Result extends ResultFields {
  [key: string]: unknown;
}

/** A result that has nothing to say, such as the answer to `ping`, `logging/setLevel` or `resources/subscribe`. */
export type EmptyResult = Result;

/** One page of a list. */
export interface PaginatedResult extends ResultFields {
  /** Where the next page starts; absent on the last page. */
  nextCursor?: Cursor;
}

/** Whether a cached result may be used under other credentials than those it was fetched with. Unknown means `private`. */
export type CacheScope = 'public' | 'private' | (string & {});

/**
 * A result that says how long it may be reused. Servers before 2026-07-28 say nothing, which means not at all.
 * 2026-07-28 server/utilities/caching.
 */
export interface CacheableResult extends ResultFields {
  /** How long the result stays fresh after it was received, in milliseconds. Absent or negative means 0. */
  ttlMs?: number;
  /** Absent means `private`. */
  cacheScope?: CacheScope;
}

/** A picture to show beside a name, since 2025-11-25. Its source is the server's word: load it with care. 2026-07-28 basic/index, "icons". */
export interface Icon {
  /** An `https:` or `data:` URI. */
  src: string;
  mimeType?: string;
  /** `"48x48"` and the like, or `"any"` for a picture that scales. Absent: any size. */
  sizes?: string[];
  /** The background the picture was made for. Absent: any. */
  theme?: 'light' | 'dark' | (string & {});
}

/** What has icons. */
export interface Icons {
  icons?: Icon[];
}

/** A name for programs and a title for people. Without a title the name is shown. */
export interface BaseMetadata {
  name: string;
  title?: string;
}

/**
 * A program that speaks MCP. It says this of itself: show it and log it, decide nothing by it. `title` since 2025-06-18,
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
