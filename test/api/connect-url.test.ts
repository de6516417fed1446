import { HttpTransport, MCPClient, SseTransport, WebSocketTransport } from '../../src/index.js';
import type { ConnectTarget } from '../../src/index.js';
import { transportFor } from '../../src/api/connect-target.js';
import { legacyServer, ScriptedHttpServer } from '../support/http-server.js';
import { errorFrom } from '../support/outcomes.js';
import { SseServer } from '../support/sse-server.js';
import { ScriptedWebSocketServer } from '../support/websocket-server.js';

/** The transport for a target, which it would speak over. */
async function made(target: ConnectTarget): Promise<[name: string, url: string | undefined, headers: unknown]> {
  const transport = await transportFor(target);
  if (transport instanceof SseTransport) return ['SseTransport', transport.sseUrl, transport.headers];
  if (transport instanceof HttpTransport || transport instanceof WebSocketTransport) {
    return [transport.constructor.name, transport.url, transport.headers];
  }
  return [transport.constructor.name, undefined, undefined];
}

describe('the transport for a target', () => {
  const headers = { 'X-Key': 'one' };
  test.each<[ConnectTarget, string, string, object]>([
    ['http://a.invalid/mcp', 'HttpTransport', 'http://a.invalid/mcp', {}],
    [new URL('https://a.invalid/mcp'), 'HttpTransport', 'https://a.invalid/mcp', {}],
    ['ws://a.invalid/mcp', 'WebSocketTransport', 'ws://a.invalid/mcp', {}],
    [new URL('WSS://a.invalid/mcp'), 'WebSocketTransport', 'wss://a.invalid/mcp', {}],
    [{ url: 'http://a.invalid/', headers }, 'HttpTransport', 'http://a.invalid/', headers],
    [{ url: 'http://a.invalid/', type: 'streamable-http' }, 'HttpTransport', 'http://a.invalid/', {}],
    [{ url: 'http://a.invalid/', headers, type: 'sse' }, 'SseTransport', 'http://a.invalid/', headers],
    [{ url: 'wss://a.invalid/', headers }, 'WebSocketTransport', 'wss://a.invalid/', headers],
    [{ url: 'ws://a.invalid/', type: 'ws' }, 'WebSocketTransport', 'ws://a.invalid/', {}],
  ])('%p is reached over %s', async (target, name, url, given) => {
    expect(await made(target)).toEqual([name, url, given]);
  });

  test.each<[ConnectTarget, string]>([
    ['nowhere', 'url'],
    ['ftp://a.invalid', 'url'],
    [{ url: 'http://a.invalid/', type: 'ws' }, 'url'],
    [{ url: 'ws://a.invalid/', type: 'http' }, 'url'],
    [{ url: 'ws://a.invalid/', type: 'sse' }, 'sseUrl'],
  ])('%p is refused', async (target, field) => {
    expect(await errorFrom(transportFor(target))).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field } });
  });
});

describe('MCPClient.connect() with a URL', () => {
  test('speaks over HTTP', async () => {
    const server = await ScriptedHttpServer.start(legacyServer(() => undefined));
    try {
      await using client = await MCPClient.connect(server.url);
      expect(await client.getServerInfo()).toMatchObject({ era: 'legacy', name: 'scripted' });
    } finally {
      await server.close();
    }
  });

  const serverInfo = { name: 'scripted', version: '1' };
  const answerTo = ({ id, method }: { readonly id?: unknown; readonly method?: string }): object | undefined => {
    if (id === undefined) return undefined;
    const result = method === 'ping' ? {} : { protocolVersion: '2024-11-05', capabilities: {}, serverInfo };
    return method === 'initialize' || method === 'ping'
      ? { jsonrpc: '2.0', id, result }
      : { jsonrpc: '2.0', id, error: { code: -32_601, message: 'Unknown method' } };
  };

  test('speaks over a WebSocket', async () => {
    const server = await ScriptedWebSocketServer.start({
      serve: (text, { socket }) => {
        const answer = answerTo(JSON.parse(text) as object);
        if (answer !== undefined) socket.send(JSON.stringify(answer));
      },
    });
    try {
      await using client = await MCPClient.connect(server.url);
      expect(await client.getServerInfo()).toMatchObject({ era: 'legacy', name: 'scripted' });
      await client.ping();
    } finally {
      await server.close();
    }
  });

  test('speaks over HTTP+SSE when an entry says so', async () => {
    const server = await SseServer.start({
      serve: (message, stream) => {
        const answer = answerTo(message);
        if (answer !== undefined) stream.event(answer);
      },
    });
    try {
      await using client = await MCPClient.connect({ url: server.url, type: 'sse' });
      expect(await client.getServerInfo()).toMatchObject({ era: 'legacy', name: 'scripted' });
      await client.ping();
    } finally {
      await server.close();
    }
  });
});
