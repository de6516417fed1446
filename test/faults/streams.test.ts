import { MCPClient, SseTransport, WebSocketTransport } from '../../src/index.js';
import type { MCPClientOptions } from '../../src/index.js';
import type { HttpVisit, PostedMessage } from '../support/servers/http-server.js';
import { errorFrom } from '../support/outcomes.js';
import { SseServer } from '../support/servers/sse-server.js';
import type { SseBehaviour } from '../support/servers/sse-server.js';
import { ScriptedWebSocketServer } from '../support/servers/websocket-server.js';
import type { WebSocketVisit } from '../support/servers/websocket-server.js';

/** What a server says to a message; `undefined` when it leaves it unanswered. */
type Answering = (message: PostedMessage) => object | undefined;

const serverInfo = { name: 'scripted', version: '1' };
const handshake = { protocolVersion: '2024-11-05', capabilities: { tools: {} }, serverInfo };

/** Answers everything but calls of tools. */
const answerTo: Answering = ({ id, method }) => {
  if (id === undefined || method === undefined || method === 'tools/call') return undefined;
  const results: Record<string, object> = { initialize: handshake, ping: {}, 'tools/list': { tools: [] } };
  const result = results[method];
  return result === undefined
    ? { jsonrpc: '2.0', id, error: { code: -32_601, message: 'Unknown method' } }
    : { jsonrpc: '2.0', id, result };
};

let client: MCPClient;
let closeServer: () => Promise<void>;

afterEach(async () => {
  await client.disconnect();
  await closeServer();
});

const again: MCPClientOptions = { autoReconnect: true, reconnectDelay: 10, maxReconnectDelay: 20 };

async function overSse(
  behaviour: SseBehaviour,
  options?: MCPClientOptions,
  answering: Answering = answerTo,
): Promise<SseServer> {
  const server = await SseServer.start({
    serve: (message, stream) => {
      const answer = answering(message);
      if (answer !== undefined) stream.event(answer);
    },
    ...behaviour,
  });
  closeServer = () => server.close();
  client = new MCPClient(new SseTransport(server.url), { era: 'legacy', ...options });
  await client.connect();
  return server;
}

async function overWebSocket(
  options?: MCPClientOptions,
  serve?: (message: PostedMessage, visit: WebSocketVisit) => boolean,
): Promise<ScriptedWebSocketServer> {
  const server = await ScriptedWebSocketServer.start({
    serve: (text, visit) => {
      const message = JSON.parse(text) as PostedMessage;
      if (serve?.(message, visit) === true) return;
      const answer = answerTo(message);
      if (answer !== undefined) visit.socket.send(JSON.stringify(answer));
    },
  });
  closeServer = () => server.close();
  client = new MCPClient(new WebSocketTransport(server.url), { era: 'legacy', ...options });
  await client.connect();
  return server;
}

function asks(method: string): (visit: HttpVisit) => boolean {
  return ({ message }) => message.method === method;
}

describe('a client over HTTP+SSE', () => {
  test('loses its calls with the stream, at once and not by their timeout', async () => {
    const server = await overSse({});
    const call = errorFrom(client.callTool('slow', {}, { retry: 'never' }));
    await server.http.until(() => server.posts.some(asks('tools/call')));
    server.stream.response.end(`data: {"jsonrpc":"2.0","id":${server.posts.length - 1},"resu`);
    expect(await call).toMatchObject({
      name: 'MCPTransportError',
      code: 'MCP_STREAM_BROKEN',
      delivery: 'unknown',
      message: expect.stringContaining('ended in the middle of an event') as string,
    });
    expect(client.state).toBe('closed');
  });

  test('repeats what only reads on a new stream, and nothing else', async () => {
    let cut = true;
    const answering: Answering = (message) => {
      if (message.method !== 'tools/list' || !cut) return answerTo(message);
      return undefined;
    };
    const server = await overSse({}, again, answering);
    const reading = client.listTools();
    const writing = errorFrom(client.callTool('write', {}));
    await server.http.until(() => server.posts.some(asks('tools/list')) && server.posts.some(asks('tools/call')));
    cut = false;
    server.stream.reset();
    expect(await reading).toEqual([]);
    expect(await writing).toMatchObject({ delivery: 'unknown' });
    expect(server.posts.filter(asks('tools/call')).length).toBe(1);
    expect(server.streams.length).toBe(2);
  });

  test('opens another stream when a post fails, and repeats what only reads', async () => {
    let lost: unknown;
    const server = await overSse(
      {
        accept: (visit) => {
          if (visit.message.method !== 'tools/list' || lost !== undefined) visit.status(202);
          else {
            lost = visit.message.id;
            visit.reset();
          }
        },
      },
      again,
      (message) => (message.id !== undefined && message.id === lost ? undefined : answerTo(message)),
    );
    expect(await client.listTools()).toEqual([]);
    expect(server.streams.length).toBe(2);
  });

  test('passes on what a server refuses, and stays connected', async () => {
    await overSse({
      accept: (visit) => {
        const { method } = visit.message;
        if (method === 'tools/list') visit.status(401, { 'www-authenticate': 'Bearer scope="tools"' });
        else if (method === 'tools/call') visit.status(500, { 'content-type': 'text/html' });
        else visit.status(202);
      },
      serve: (message, stream) => {
        const answer = message.method === 'tools/list' ? undefined : answerTo(message);
        if (answer !== undefined) stream.event(answer);
      },
    });
    expect(await errorFrom(client.listTools())).toMatchObject({
      name: 'MCPAuthenticationError',
      errorCode: 401,
      details: { requiredScope: 'tools' },
    });
    expect(await errorFrom(client.callTool('any', {}))).toMatchObject({
      name: 'MCPTransportError',
      code: 'MCP_HTTP_STATUS',
      errorCode: 500,
    });
    expect(client.state).toBe('ready');
  });

  test('fails one call for an answer that is too long, and goes on', async () => {
    const server = await SseServer.start({
      serve: (message, stream) => {
        const { id, method } = message;
        const content = [{ type: 'text', text: 'x'.repeat(5_000) }];
        const answer = method === 'tools/call' ? { jsonrpc: '2.0', id, result: { content } } : answerTo(message);
        if (answer !== undefined) stream.event(answer);
      },
    });
    closeServer = () => server.close();
    const transport = new SseTransport(server.url, undefined, { limits: { maxMessageBytes: 2_000 } });
    client = new MCPClient(transport, { era: 'legacy' });
    await client.connect();
    expect(await errorFrom(client.callTool('large', {}))).toMatchObject({
      code: 'MCP_MESSAGE_TOO_LARGE',
      delivery: 'answered',
      details: { field: 'limits.maxMessageBytes', limit: 2_000 },
    });
    await client.ping();
  });
});

describe('a client over a WebSocket', () => {
  test('rejects its calls at once when the connection is lost, with the reason of the server', async () => {
    const server = await overWebSocket();
    const call = errorFrom(client.callTool('slow', {}, { retry: 'never' }));
    await server.until(() => server.visit.received.some((text) => text.includes('tools/call')));
    server.visit.socket.close(1_011, 'out of memory');
    expect(await call).toMatchObject({
      name: 'MCPTransportError',
      delivery: 'unknown',
      message: `tools/call "slow": ${server.url} closed the connection with code 1011 (internal error): out of memory`,
      details: { code: 1_011, reason: 'out of memory' },
    });
    expect(client.state).toBe('closed');
  });

  test('repeats read-only calls on a new connection, also when the server closes cleanly', async () => {
    let cut = true;
    const server = await overWebSocket(again, ({ method }, { socket }) => {
      if (method !== 'tools/list' || !cut) return false;
      cut = false;
      socket.close(1_000);
      return true;
    });
    expect(await client.listTools()).toEqual([]);
    expect(server.visits.length).toBe(2);
  });

  test('emits a warning for data that is not a message, and calls go on', async () => {
    const server = await overWebSocket();
    const warnings: string[] = [];
    client.on('warning', ({ code }) => warnings.push(code));
    server.visit.socket.send(Buffer.from('{}'));
    server.visit.socket.send('[[[');
    server.visit.socket.send('{"jsonrpc":"1.0"}');
    await client.ping();
    expect(warnings).toEqual(['MCP_INVALID_MESSAGE', 'MCP_INVALID_JSON', 'MCP_INVALID_MESSAGE']);
  });
});
