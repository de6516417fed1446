// A connection that reconnects: the server is killed, and the next call runs on a new server process.
import { MCPConnection, StdioTransport } from 'mcp-actors';

export async function supervised(print: (line: string) => void): Promise<void> {
  const everything = require.resolve('@modelcontextprotocol/server-everything/dist/index.js');
  const transport = new StdioTransport(process.execPath, [everything, 'stdio']);
  await using connection = new MCPConnection('everything', transport, { reconnectDelay: 100 });

  const client = await connection.connect();
  client.on('state', (state, from) => {
    print(`${from} → ${state}`);
  });

  const lost = new Promise<void>((resolve) => {
    const stop = client.on('state', () => {
      stop();
      resolve();
    });
  });
  process.kill(transport.pid ?? 0, 'SIGKILL');
  await lost;

  const tools = await client.listTools({ useCache: false });
  print(
    `${tools.length} tools after ${connection.connectionCount} connections; health score ${connection.healthScore}`,
  );
}
