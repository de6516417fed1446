// The quick start of the README with a real server: connect, list, call, close.
import { MCPClient } from 'mcp-actors';

export async function quickStart(print: (line: string) => void): Promise<void> {
  await using client = await MCPClient.connect({
    command: process.execPath,
    args: [require.resolve('@modelcontextprotocol/server-everything/dist/index.js'), 'stdio'],
  });

  const tools = await client.listTools();
  print(`${tools.length} tools, ${tools[0]?.name} is the first`);

  const { content } = await client.callTool('echo', { message: 'hello' });
  for (const block of content) {
    if (block.type === 'text') print(block.text);
  }
}
