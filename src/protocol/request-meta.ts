import type { Params, RequestId } from './messages/json-rpc.js';
import type { MCPProtocolVersion } from './revisions.js';
import { modernCapabilities } from './server-requests/server-requests.js';
import type { LoggingLevel } from './schema/index.js';
import type { ClientIdentity } from './session.js';

/** The keys that every modern request carries. 2026-07-28 basic/index, "_meta". */
export const META = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const;

/** The metadata that is the same for every request of a session, so that it is built once. Undefined in the legacy era. */
export type SessionMeta = Readonly<Record<string, unknown>> | undefined;

/** What each modern request says about itself. */
export function modernMeta(
  version: MCPProtocolVersion,
  identity: ClientIdentity,
  logLevel: LoggingLevel | undefined,
): SessionMeta {
  const meta: Record<string, unknown> = {
    [META.protocolVersion]: version,
    [META.clientInfo]: identity.clientInfo,
    [META.clientCapabilities]: modernCapabilities(identity.capabilities),
  };
  if (logLevel !== undefined) meta[META.logLevel] = logLevel;
  return meta;
}

/**
 * The parameters as they go over the wire: the caller's, with the session's metadata and the progress token. What the library says
 * wins over what the caller put into `_meta`.
 */
export function withMeta(
  params: Params | undefined,
  meta: SessionMeta,
  progressToken: RequestId | undefined,
): Params | undefined {
  if (meta === undefined && progressToken === undefined) return params;
  const own = params?._meta;
  const token = progressToken === undefined ? undefined : { progressToken };
  if (typeof own === 'object') return replaceMeta(params, { ...own, ...meta, ...token });
  return replaceMeta(params, token === undefined ? meta : { progressToken, ...meta });
}

/** `_meta` comes first, as the token does above, because V8 takes ten times as long to add a property to a copy. */
function replaceMeta(params: Params | undefined, meta: SessionMeta): Params {
  const sent: Record<string, unknown> = { _meta: meta, ...params };
  sent._meta = meta;
  return sent;
}
