// Errors: their class, whether the call may have run (`delivery`), and the reason.
import { MCPClient, MCPError, MCPToolError, MCPTransportError, StdioTransport } from 'mcp-actors';

export async function errors(print: (line: string) => void): Promise<void> {
  const everything = require.resolve('@modelcontextprotocol/server-everything/dist/index.js');
  await using client = await MCPClient.connect(new StdioTransport(process.execPath, [everything, 'stdio']));

  // A tool error is thrown; `onToolError: 'return'` returns the result instead.
  try {
    await client.callTool('no-such-tool');
  } catch (error) {
    if (error instanceof MCPToolError) print(`${error.code}: ${error.message}`);
  }

  // An aborted call rejects with the reason of the signal.
  const reason = new Error('changed my mind');
  try {
    await client.callTool('trigger-long-running-operation', {}, { signal: AbortSignal.abort(reason) });
  } catch (error) {
    print(error === reason ? 'aborted with my own reason' : 'unexpected');
  }

  // The error of a server that does not start contains the reason.
  try {
    await MCPClient.connect({
      command: process.execPath,
      args: ['-e', 'console.error("no licence"); process.exit(3)'],
    });
  } catch (error) {
    if (MCPTransportError.isInstance(error)) print(`exit code ${error.exitCode}, stderr: ${error.stderr?.trim()}`);
    if (MCPError.isInstance(error)) print(error.explain());
  }
}
