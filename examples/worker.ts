// A worker that lives for one task: it goes on in the session that the last one left, and leaves it to the next.
import { HttpTransport, MCPClient } from 'mcp-actors';

/** Where workers leave things for each other. What they leave is a secret. */
export interface Shelf {
  left?: string;
}

export async function worker(url: string, shelf: Shelf, message: string): Promise<string> {
  const transport = new HttpTransport(url);
  await using client =
    shelf.left === undefined ? await MCPClient.connect(transport) : await MCPClient.resume(shelf.left, transport);
  const tools = await client.listTools(); // fetched by the first worker, known to the others
  const { content } = await client.callTool('echo', { message });
  shelf.left = JSON.stringify(await client.suspend());
  const [block] = content;
  return `${block?.type === 'text' ? block.text : ''}, with ${tools.length} tools`;
}
