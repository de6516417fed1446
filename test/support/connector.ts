import { MCPClient } from '../../src/index.js';
import type { MCPClientOptions } from '../../src/index.js';
import { endAfterEach } from './endings.js';
import { serverWith } from './servers/scripts.js';
import type { Script, ScriptedServer } from './servers/scripts.js';

/** For the top of a test file. Gives back a function that connects a client to a server with a script; both are ended after the test. */
export function connector(): (
  script: Script,
  options?: MCPClientOptions,
) => Promise<{ readonly server: ScriptedServer; readonly client: MCPClient }> {
  const endLater = endAfterEach();
  return async (script, options = {}) => {
    const server = await serverWith(script, options.environment);
    endLater(() => server[Symbol.asyncDispose]());
    const client = new MCPClient(server.transport, options);
    endLater(() => client.close());
    await client.connect();
    return { server, client };
  };
}
