import { MCPClient, MCPTransport } from '../../../src/index.js';
import type { JSONRPCMessage, Link, LinkEvents, MCPTool, SendOptions } from '../../../src/index.js';
import { errorFrom } from '../../support/outcomes.js';

/** A tool whose parameter `where` is to be repeated as a header of this name. */
function tool(header: string): MCPTool {
  const where = { type: 'string', 'x-mcp-header': header };
  return { name: 'look', inputSchema: { type: 'object', properties: { where } } };
}

/** A modern server with exchanges, such as one behind HTTP, that refuses calls without the header it wants. */
class HeaderServer extends MCPTransport {
  override readonly framing = 'per-request';
  /** The headers of each call that came. */
  readonly calls: SendOptions['headers'][] = [];
  lists = 0;
  /** Lists are refused. */
  broken = false;
  wanted = 'Place';
  /** The name that the list says. */
  listed = 'Place';

  protected open(events: LinkEvents): Promise<Link> {
    return Promise.resolve({
      send: (message: JSONRPCMessage, options?: SendOptions) => {
        if ('method' in message && 'id' in message) {
          const answer = this.#answer(message.method, options?.headers);
          const { id } = message;
          queueMicrotask(() => {
            events.message({ jsonrpc: '2.0', id, ...answer });
          });
        }
        return undefined;
      },
      close: () => Promise.resolve(),
    });
  }

  #answer(method: string, headers: SendOptions['headers']): object {
    switch (method) {
      case 'server/discover':
        return { result: { supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, resultType: 'complete' } };
      case 'tools/list':
        this.lists += 1;
        if (this.broken) return { error: { code: -32603, message: 'The list is broken' } };
        return { result: { tools: [tool(this.listed)], resultType: 'complete' } };
      default:
        this.calls.push(headers);
        if (headers?.[`Mcp-Param-${this.wanted}`] === undefined) {
          return { error: { code: -32020, message: 'A header is missing' } };
        }
        return { result: { content: [], resultType: 'complete' } };
    }
  }
}

/** The ways to call a tool. */
const WAYS: [string, (client: MCPClient, where: string) => Promise<object>][] = [
  ['callTool()', (client, where) => client.callTool('look', { where })],
  ['request()', (client, where) => client.request('tools/call', { name: 'look', arguments: { where } })],
];

test.each(WAYS)('%s repeats the parameters that its definition wants as headers', async (_, call) => {
  const server = new HeaderServer();
  await using client = await MCPClient.connect(server);
  await client.listTools();
  await call(client, 'here');
  expect(server.calls).toEqual([{ 'Mcp-Param-Place': 'here' }]);
});

test.each(WAYS)('%s that is refused for its headers is made once more with those of the new list', async (_, call) => {
  const server = new HeaderServer();
  await using client = await MCPClient.connect(server);
  await client.listTools();
  server.wanted = server.listed = 'Spot';
  await call(client, 'here');
  expect(server.calls).toEqual([{ 'Mcp-Param-Place': 'here' }, { 'Mcp-Param-Spot': 'here' }]);
  expect(server.lists).toBe(2);
});

test('request() with what names no tool is sent as it is', async () => {
  const server = new HeaderServer();
  await using client = await MCPClient.connect(server);
  await client.listTools();
  await errorFrom(client.request('tools/call'));
  await errorFrom(client.request('tools/call', { name: 5, arguments: 'none' }));
  expect(server.calls.every((headers) => headers === undefined)).toBe(true);
});

test.each(WAYS)('%s that is refused for its headers again is not made a third time', async (_, call) => {
  const server = new HeaderServer();
  await using client = await MCPClient.connect(server);
  await client.listTools();
  server.wanted = 'Elsewhere';
  const error = await errorFrom(call(client, 'here'));
  expect(error).toMatchObject({ code: 'MCP_RPC_ERROR', errorCode: -32020, delivery: 'answered' });
  expect(server.calls).toHaveLength(2);
});

test.each(WAYS)('%s that is refused for its headers ends so when the tools cannot be listed', async (_, call) => {
  const server = new HeaderServer();
  await using client = await MCPClient.connect(server);
  await client.listTools();
  server.wanted = 'Spot';
  server.broken = true;
  const error = await errorFrom(call(client, 'here'));
  expect(error).toMatchObject({ code: 'MCP_RPC_ERROR', errorCode: -32020, details: { tool: 'look' } });
  expect(error.message).toContain('tools/call "look" failed: A header is missing');
  expect(server.calls).toHaveLength(1);
});
