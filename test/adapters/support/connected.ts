import { MCPClient } from '../../../src/index.js';
import type { MCPTool } from '../../../src/index.js';
import { endAfterEach } from '../../support/endings.js';
import { connectUntilTestEnds } from '../../support/scripted-clients.js';
import { referenceServer } from '../../support/servers/real-servers.js';
import { answer, legacyScript } from '../../support/servers/scripts.js';

/** Functions that connect clients until a test ends. */
export function connectedClients() {
  const endLater = endAfterEach();
  const connect = connectUntilTestEnds();
  return {
    connect,
    /** A client of server-everything. */
    everything: async (): Promise<MCPClient> => {
      const client = await MCPClient.connect(referenceServer('everything'));
      endLater(() => client.close());
      return client;
    },
    /** A client of a server with the tool `a`, whose calls have this result. */
    serverWith: (result: object, tool: Partial<MCPTool> = {}) => {
      const tools = [{ name: 'a', inputSchema: { type: 'object' }, ...tool }];
      return connect(legacyScript('2025-11-25', { 'tools/list': answer({ tools }), 'tools/call': answer(result) }));
    },
  };
}
