import type { LoggingLevel, MetaObject, Implementation, ProgressToken } from './base.js';
import type { ClientCapabilities } from './capabilities.js';

/**
 * The `_meta` of a request. Only `progressToken` exists in every revision; the other keys began with 2026-07-28, where each request carries its
 * metadata instead of relying on a handshake. 2026-07-28 basic/index.
 */
export interface RequestMetaObject extends MetaObject {
  progressToken?: ProgressToken;
  'io.modelcontextprotocol/protocolVersion'?: string;
  'io.modelcontextprotocol/clientCapabilities'?: ClientCapabilities;
  'io.modelcontextprotocol/clientInfo'?: Implementation;
  /** The lowest level of log messages for this request. Without it the server sends none. */
  'io.modelcontextprotocol/logLevel'?: LoggingLevel;
}

/** The `_meta` that 2026-07-28 requires in every request. */
export interface ModernRequestMetaObject extends RequestMetaObject {
  'io.modelcontextprotocol/protocolVersion': string;
  'io.modelcontextprotocol/clientCapabilities': ClientCapabilities;
}

/** The parameters that every request may have. The client fills in `_meta` as the revision requires. */
export interface RequestParams {
  _meta?: RequestMetaObject;
}

/** The parameters of a request for one page of a list. */
export interface PaginatedRequestParams extends RequestParams {
  /** The `nextCursor` of the previous page; absent for the first page. */
  cursor?: string;
}
