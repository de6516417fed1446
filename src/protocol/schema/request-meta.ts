import type { LoggingLevel, MetaObject, Implementation, ProgressToken } from './base.js';
import type { ClientCapabilities } from './capabilities.js';

/**
 * The `_meta` of a request. Only `progressToken` exists in every revision; the other keys began with 2026-07-28, where a
 * request describes itself instead of relying on a handshake. 2026-07-28 basic/index.
 */
export interface RequestMetaObject extends MetaObject {
  progressToken?: ProgressToken;
  'io.modelcontextprotocol/protocolVersion'?: string;
  'io.modelcontextprotocol/clientCapabilities'?: ClientCapabilities;
  'io.modelcontextprotocol/clientInfo'?: Implementation;
  /** Asks for log messages about this request, from this level up. Without it the server sends none. */
  'io.modelcontextprotocol/logLevel'?: LoggingLevel;
}

/** The `_meta` that 2026-07-28 demands of every request: the two keys a server refuses to do without. */
export interface ModernRequestMetaObject extends RequestMetaObject {
  'io.modelcontextprotocol/protocolVersion': string;
  'io.modelcontextprotocol/clientCapabilities': ClientCapabilities;
}

/** The parameters that every request may have. The client fills `_meta` in as the revision it speaks demands. */
export interface RequestParams {
  _meta?: RequestMetaObject;
}

/** Asks for one page of a list. */
export interface PaginatedRequestParams extends RequestParams {
  /** The `nextCursor` of the page before; absent for the first page. */
  cursor?: string;
}
