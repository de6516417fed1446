import { constants } from 'node:http2';

import { Agent } from 'undici';

import { HttpTransport, MCPClient } from '../../src/index.js';
import type { MCPClientOptions } from '../../src/index.js';
import { endAfterEach } from '../support/endings.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { Http2Server } from '../support/servers/http2-server.js';
import type { Http2Visit } from '../support/servers/http2-server.js';
import { errorFrom, rejection } from '../support/outcomes.js';
import { CA } from '../support/servers/tls.js';

const endLater = endAfterEach();

const DONE = { content: [{ type: 'text', text: 'done' }] };

/** A legacy server with a session; what a test has to say comes first. */
function legacy(script: (visit: Http2Visit) => unknown): (visit: Http2Visit) => void {
  return (visit) => {
    if (script(visit) === true) return;
    const { method, id } = visit.message;
    const serverInfo = { name: 'scripted', version: '1' };
    if (visit.method === 'DELETE') visit.status(204);
    else if (visit.method === 'GET') visit.status(405);
    else if (method === 'server/discover') visit.error(400, -32_000, 'Bad Request: not initialized');
    else if (method === 'initialize') {
      visit.result(
        { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo },
        { 'mcp-session-id': 's1' },
      );
    } else if (id === undefined) visit.status(202);
    else if (method === 'tools/call') visit.result(DONE);
    else visit.result({});
  };
}

const isCall = (visit: Http2Visit): boolean => visit.message.method === 'tools/call';

async function meet(
  script: (visit: Http2Visit) => unknown,
  options?: MCPClientOptions,
): Promise<{ server: Http2Server; client: MCPClient }> {
  const server = await Http2Server.start(legacy(script));
  endLater(() => server.close());
  const dispatcher = new Agent({ allowH2: true, connect: { ca: CA } });
  endLater(() => dispatcher.destroy());
  const client = new MCPClient(new HttpTransport(server.url, { dispatcher }), options);
  endLater(() => client.close());
  await client.connect();
  return { server, client };
}

describe('over HTTP/2, with a dispatcher that allows it,', () => {
  test('a session works from handshake to termination', async () => {
    const { server, client } = await meet(() => false);
    expect(textOf(await client.callTool('work'))).toBe('done');
    await client.close();
    expect(server.visits.at(-1)).toMatchObject({ method: 'DELETE', headers: { 'mcp-session-id': 's1' } });
  });

  test('a hundred calls are under way at once, answered in any order', async () => {
    const held: Http2Visit[] = [];
    const { server, client } = await meet((visit) => isCall(visit) && held.push(visit) > 0);
    const calls = Array.from({ length: 100 }, (_, at) => client.callTool(`tool-${at}`));
    await server.until(() => held.length === 100);
    for (const visit of held.reverse()) {
      visit.result({ content: [{ type: 'text', text: String(visit.message.params?.name) }] });
    }
    expect((await Promise.all(calls)).map(textOf)).toEqual(calls.map((_, at) => `tool-${at}`));
  });

  test('an answer comes on a stream, after what is said before it', async () => {
    const { client } = await meet((visit) => {
      if (!isCall(visit)) return false;
      const progressToken = visit.message.params?._meta?.progressToken;
      visit
        .events()
        .event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: 1 } });
      visit.event({ jsonrpc: '2.0', id: visit.message.id, result: DONE });
      visit.stream.end();
      return true;
    });
    const progress: unknown[] = [];
    const onProgress = (news: { progress: number }): unknown => progress.push(news.progress);
    expect(textOf(await client.callTool('work', {}, { onProgress }))).toBe('done');
    expect(progress).toEqual([1]);
  });

  test('a stream that goes on after the answer is let go, and the connection stays', async () => {
    const { server, client } = await meet((visit) => {
      if (!isCall(visit) || visit.message.params?.name !== 'stream') return false;
      visit.events().event({ jsonrpc: '2.0', id: visit.message.id, result: DONE });
      return true;
    });
    expect(textOf(await client.callTool('stream'))).toBe('done');
    const [visit] = server.asked('tools/call');
    await server.until(() => visit?.reset !== undefined);
    expect(textOf(await client.callTool('work'))).toBe('done');
    expect(server.sessions.every(({ destroyed }) => !destroyed)).toBe(true);
  });

  test('an aborted call resets its stream, the server gets the cancellation, and the connection stays open', async () => {
    const { server, client } = await meet((visit) => isCall(visit) && visit.message.params?.name === 'slow');
    const impatient = new AbortController();
    const slow = rejection(client.callTool('slow', {}, { signal: impatient.signal }));
    await server.until(() => server.asked('tools/call').length === 1);
    impatient.abort('enough');
    expect(await slow).toBe('enough');
    const [visit] = server.asked('tools/call');
    await server.until(() => visit?.reset !== undefined && server.asked('notifications/cancelled').length === 1);
    expect(textOf(await client.callTool('work'))).toBe('done');
    expect(server.sessions.every(({ destroyed }) => !destroyed)).toBe(true);
  });

  test.each([
    ['before its head', 'MCP_TRANSPORT_FAILED', () => undefined],
    ['in its body', 'MCP_STREAM_BROKEN', (visit: Http2Visit) => visit.events().event({ jsonrpc: '2.0', method: 'x' })],
  ])('an answer whose stream the server resets %s is lost, and no other', async (_, code, begin) => {
    const held: Http2Visit[] = [];
    const { server, client } = await meet((visit) => isCall(visit) && held.push(visit) > 0);
    const [broken, other] = [errorFrom(client.callTool('broken')), client.callTool('other')];
    await server.until(() => held.length === 2);
    const [first, second] = held.sort((one) => (one.message.params?.name === 'broken' ? -1 : 1));
    if (first !== undefined) begin(first);
    first?.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    expect(await broken).toMatchObject({ code, delivery: 'unknown' });
    second?.result(DONE);
    expect(textOf(await other)).toBe('done');
    expect(server.sessions.every(({ destroyed }) => !destroyed)).toBe(true);
  });

  test('a call whose stream the server refuses was not sent, and is made again', async () => {
    let refused = 0;
    const { server, client } = await meet(
      (visit) => {
        if (!isCall(visit) || refused === 2) return false;
        refused += 1;
        visit.stream.close(constants.NGHTTP2_REFUSED_STREAM);
        return true;
      },
      { autoReconnect: true, reconnectDelay: 1 },
    );
    expect(textOf(await client.callTool('work'))).toBe('done');
    expect(server.asked('tools/call')).toHaveLength(3);
  });

  test.each<[string, (visit: Http2Visit, server: Http2Server) => unknown]>([
    ['says that it goes away', ({ stream }) => stream.session?.goaway(constants.NGHTTP2_NO_ERROR)],
    ['says that it is in trouble', ({ stream }) => stream.session?.goaway(constants.NGHTTP2_INTERNAL_ERROR)],
    ['ends the connection', ({ stream }) => stream.session?.destroy()],
    [
      'cuts the connection',
      (_visit, server) => {
        server.cut();
      },
    ],
  ])('a server that %s is sent no call a second time, and the next one gets a new connection', async (_what, end) => {
    const held: Http2Visit[] = [];
    const { server, client } = await meet(
      (visit) => isCall(visit) && visit.message.params?.name !== 'work' && held.push(visit) > 0,
      { autoReconnect: true, reconnectDelay: 1 },
    );
    const lost = [errorFrom(client.callTool('one')), errorFrom(client.callTool('two'))];
    await server.until(() => held.length === 2);
    for (const visit of held) end(visit, server);
    for (const error of await Promise.all(lost)) expect(error).toMatchObject({ delivery: 'unknown' });
    expect(textOf(await client.callTool('work'))).toBe('done');
    expect(server.asked('tools/call').map(({ message }) => message.params?.name)).toEqual(['one', 'two', 'work']);
  });
});
