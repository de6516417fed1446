// A worker for a single task: it resumes the session of the previous worker, and suspends it for the next one.
import { HttpTransport, MCPClient } from 'mcp-actors';

/** The storage for suspended sessions. Treat its content as a secret. */
export interface Shelf {
  left?: string;
}

export async function worker(url: string, shelf: Shelf, message: string): Promise<string> {
  const transport = new HttpTransport(url);
  await using client =
    shelf.left === undefined ? await MCPClient.connect(transport) : await MCPClient.resume(shelf.left, transport);
  const tools = await client.listTools(); // requested by the first worker, cached for the others
  const { content } = await client.callTool('echo', { message });
  shelf.left = JSON.stringify(await client.suspend());
  const [block] = content;
  return `${block?.type === 'text' ? block.text : ''}, with ${tools.length} tools`;
}
