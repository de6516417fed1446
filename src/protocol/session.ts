import type { Era, MCPProtocolVersion } from './revisions.js';
import type { ClientCapabilities, ServerCapabilities } from './schema/index.js';
import type { Implementation } from './schema/index.js';

/** What negotiation found out about the server, whichever way it was asked. */
export interface Session {
  readonly era: Era;
  readonly protocolVersion: MCPProtocolVersion;
  readonly capabilities: ServerCapabilities;
  readonly serverInfo?: Implementation | undefined;
  readonly instructions?: string | undefined;
}

/** Who this client says it is, and what it can do. */
export interface ClientIdentity {
  readonly clientInfo: Implementation;
  readonly capabilities: ClientCapabilities;
}
