import type { CacheableResult, Implementation, LoggingLevel, ResultFields } from './base.js';
import type { ClientCapabilities, ServerCapabilities } from './capabilities.js';
import type { RequestParams } from './request-meta.js';

/** Requests the description of a server, since 2026-07-28. 2026-07-28 server/discover. */
export interface DiscoverRequest {
  method: 'server/discover';
  params?: RequestParams;
}

/**
 * The description of a server, since 2026-07-28. Its name and version are in `_meta["io.modelcontextprotocol/serverInfo"]`. 2026-07-28
 * server/discover.
 */
export interface DiscoverResult extends CacheableResult {
  /** The revisions that the server supports. */
  supportedVersions: string[];
  capabilities: ServerCapabilities;
  /** Instructions for a language model that uses the server. */
  instructions?: string;
  /** Servers written before the release of 2026-07-28 identify themselves here. Prefer the field in `_meta`. */
  serverInfo?: Implementation;
}

/** The parameters of `initialize`. Only up to 2025-11-25. 2025-11-25 basic/lifecycle. */
export interface InitializeRequestParams extends RequestParams {
  /** The newest revision that the client supports. */
  protocolVersion: string;
  capabilities: ClientCapabilities;
  clientInfo: Implementation;
}

/** Opens a session. Only up to 2025-11-25. */
export interface InitializeRequest {
  method: 'initialize';
  params: InitializeRequestParams;
}

/** The result of `initialize`. Only up to 2025-11-25. 2025-11-25 basic/lifecycle. */
export interface InitializeResult extends ResultFields {
  /** The revision of the session: the client's, or another that the server prefers. */
  protocolVersion: string;
  capabilities: ServerCapabilities;
  serverInfo: Implementation;
  /** Instructions for a language model that uses the server. */
  instructions?: string;
}

/** Checks whether the peer responds. Both sides may send it, only up to 2025-11-25. 2025-11-25 basic/utilities/ping. */
export interface PingRequest {
  method: 'ping';
  params?: RequestParams;
}

/** The lowest level of log messages to send. */
export interface SetLevelRequestParams extends RequestParams {
  level: LoggingLevel;
}

/** Sets the log level of a session. Only up to 2025-11-25: since then it is in the `_meta` of each request. */
export interface SetLevelRequest {
  method: 'logging/setLevel';
  params: SetLevelRequestParams;
}
