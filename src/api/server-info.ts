import type { Era, MCPProtocolVersion } from '../protocol/revisions.js';
import type { ServerCapabilities } from '../protocol/schema/index.js';
import type { Session } from '../protocol/session.js';

/** The server of a session. It sends its name and version itself, so use these for display only. */
export interface ServerInfo {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly title?: string | undefined;
  readonly protocolVersion: MCPProtocolVersion;
  readonly era: Era;
  readonly capabilities: ServerCapabilities;
  readonly instructions?: string | undefined;
}

/** Copies the server information of a session. */
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
