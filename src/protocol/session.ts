import type { Era, MCPProtocolVersion } from './revisions.js';
import type { ClientCapabilities, ServerCapabilities } from './schema/index.js';
import type { Implementation } from './schema/index.js';

/** The result of a negotiation, in either era. */
export interface Session {
  readonly era: Era;
  readonly protocolVersion: MCPProtocolVersion;
  readonly capabilities: ServerCapabilities;
  readonly serverInfo?: Implementation | undefined;
  readonly instructions?: string | undefined;
}

/** The name, version and capabilities of this client. */
export interface ClientIdentity {
  readonly clientInfo: Implementation;
  readonly capabilities: ClientCapabilities;
}
