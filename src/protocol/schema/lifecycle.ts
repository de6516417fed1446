import type { CacheableResult, Implementation, LoggingLevel, ResultFields } from './base.js';
import type { ClientCapabilities, ServerCapabilities } from './capabilities.js';
import type { RequestParams } from './request-meta.js';

/** Asks a server of 2026-07-28 or later what it is. 2026-07-28 server/discover. */
export interface DiscoverRequest {
  method: 'server/discover';
  params?: RequestParams;
}

/** What a server of 2026-07-28 or later is. Who it is stands in `_meta["io.modelcontextprotocol/serverInfo"]`. 2026-07-28 server/discover. */
export interface DiscoverResult extends CacheableResult {
  /** The revisions that the server speaks. */
  supportedVersions: string[];
  capabilities: ServerCapabilities;
  /** How to use the server, in words for a language model. */
  instructions?: string;
  /** Where servers written before the release of 2026-07-28 say who they are. Prefer the one in `_meta`. */
  serverInfo?: Implementation;
}

/** What a client says in a handshake. Only up to 2025-11-25. 2025-11-25 basic/lifecycle. */
export interface InitializeRequestParams extends RequestParams {
  /** The newest revision that the client speaks. */
  protocolVersion: string;
  capabilities: ClientCapabilities;
  clientInfo: Implementation;
}

/** Opens a session. Only up to 2025-11-25. */
export interface InitializeRequest {
  method: 'initialize';
  params: InitializeRequestParams;
}

/** What a server says in a handshake. Only up to 2025-11-25. 2025-11-25 basic/lifecycle. */
export interface InitializeResult extends ResultFields {
  /** The revision that the session will speak: the client's, or another that the server prefers. */
  protocolVersion: string;
  capabilities: ServerCapabilities;
  serverInfo: Implementation;
  /** How to use the server, in words for a language model. */
  instructions?: string;
}

/** Asks whether the other side is there. Both sides may, only up to 2025-11-25. 2025-11-25 basic/utilities/ping. */
export interface PingRequest {
  method: 'ping';
  params?: RequestParams;
}

/** From which level up log messages are wanted. */
export interface SetLevelRequestParams extends RequestParams {
  level: LoggingLevel;
}

/** Sets the log level of a session. Only up to 2025-11-25: since then it rides in each request's `_meta`. */
export interface SetLevelRequest {
  method: 'logging/setLevel';
  params: SetLevelRequestParams;
}
