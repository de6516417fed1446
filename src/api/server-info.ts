import type { Era, MCPProtocolVersion } from '../protocol/revisions.js';
import type { ServerCapabilities } from '../protocol/schema/index.js';
import type { Session } from '../protocol/session.js';

/** What is known about the server of a session. Name and version are what it says about itself: good for display, not for trust. */
export interface ServerInfo {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly title?: string | undefined;
  readonly protocolVersion: MCPProtocolVersion;
  readonly era: Era;
  readonly capabilities: ServerCapabilities;
  readonly instructions?: string | undefined;
}

/** What a session says about its server. */
export function serverInfoOf({ serverInfo, protocolVersion, era, capabilities, instructions }: Session): ServerInfo {
  return {
    name: serverInfo?.name,
    version: serverInfo?.version,
    title: serverInfo?.title,
    protocolVersion,
    era,
    capabilities,
    instructions,
  };
}
