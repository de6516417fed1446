import { HttpTransport, MCPClient } from '../../../src/index.js';
import { ByteServer } from '../../support/servers/byte-server.js';
import { request } from '../../support/http-link.js';
import { httpScene } from '../../support/http-scene.js';
import { legacyServer } from '../../support/servers/http-server.js';
import { errorFrom, rejection } from '../../support/outcomes.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';

const { endLater, open, serve } = httpScene();

/** The numbers below this one. */
function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

describe('a thousand calls at once', () => {
  test('go over a tenth as many connections, when the server answers soon', async () => {
    const server = await ByteServer.http((socket, body) => {
      const { id } = JSON.parse(body) as { id: number };
      const answer = JSON.stringify({ jsonrpc: '2.0', id, result: {} });
      const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}`;
      socket.write(`${head}\r\n\r\n${answer}`);
    });
    endLater(() => server.close());
    // No time passes, so that this does not depend on how quick the machine is.
    const { link, recorder } = await open(server.url, {}, new SimulatedEnvironment());
    await Promise.all(numbers(1_000).map(async (id) => link.send(request(id, 'ping'))));
    expect(recorder.messages).toHaveLength(1_000);
    // An agent of undici takes a connection that has just been left a moment later.
    expect(server.sockets.length).toBeLessThanOrEqual(130);
  });

  test('do not wait for each other, when the server does not answer', async () => {
    const server = await serve(legacyServer(({ message }) => message.method === 'tools/call'));
    const client = await MCPClient.connect(new HttpTransport(server.url, { limits: { maxConnections: 400 } }));
    endLater(() => client.disconnect());
    const calls = Promise.allSettled(numbers(300).map((number) => client.callTool(`tool-${number}`)));
    await server.until(() => server.asked('tools/call').length === 300);
    await client.disconnect();
    expect((await calls).every(({ status }) => status === 'rejected')).toBe(true);
  });
});

describe('a thousand calls that hang', () => {
  const hanging = legacyServer(({ message }) => message.method === 'tools/call', { sessionId: 's-1' });

  test('take 170 connections, and keep pings waiting no longer', async () => {
    const server = await serve(hanging);
    const client = await MCPClient.connect(new HttpTransport(server.url), { healthCheckInterval: 0 });
    endLater(() => client.disconnect());
    const hung = numbers(1_000).map(() => rejection(client.callTool('hang', {}, { timeout: 60_000 })));
    await server.until(() => server.asked('tools/call').length === 170);
    const late = await errorFrom(client.callTool('late', {}, { timeout: 100 }));
    expect(late).toMatchObject({ code: 'MCP_TIMEOUT', delivery: 'not-sent' });
    expect(await client.ping()).toBeGreaterThanOrEqual(0);
    const given = new AbortController();
    const freed = rejection(client.callTool('freed', {}, { signal: given.signal }));
    given.abort();
    await freed;
    await client.disconnect();
    await Promise.all(hung);
    expect(server.asked('tools/call')).toHaveLength(170);
  });

  test('are cancelled, each, and make room for the next', async () => {
    const server = await serve(hanging);
    const client = await MCPClient.connect(new HttpTransport(server.url, { limits: { maxConnections: 8 } }));
    endLater(() => client.disconnect());
    const calls = numbers(20).map(() => rejection(client.callTool('hang', {}, { timeout: 300 })));
    await Promise.all(calls);
    await server.until(() => server.asked('notifications/cancelled').length > 0);
    const sent = server.asked('tools/call').length;
    expect(sent).toBeLessThan(20);
    expect(client.state).toBe('ready');
  });

  test('do not keep the end of the session waiting', async () => {
    const server = await serve(hanging);
    const client = await MCPClient.connect(new HttpTransport(server.url, { limits: { maxConnections: 4 } }));
    const hung = numbers(20).map(() => rejection(client.callTool('hang')));
    await server.until(() => server.asked('tools/call').length === 1);
    await client.disconnect();
    await Promise.all(hung);
    expect(server.visits.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
  });
});

test('a call that waits for its turn is not sent in a session that was lost meanwhile', async () => {
  const script = legacyServer(
    (visit) => {
      // Of those that are sent, only the first is answered.
      if (visit.message.id === 0) visit.status(404);
      return visit.message.method === 'work';
    },
    { sessionId: 's-1' },
  );
  const server = await serve(script);
  const opened = await open(server.url, {}, new SimulatedEnvironment());
  await opened.shakeHands();
  const sends = numbers(70).map((id) => rejection(Promise.resolve(opened.link.send(request(id, 'work')))));
  const told = await Promise.all([sends[0], ...sends.slice(64)]);
  for (const one of told) expect(one).toMatchObject({ code: 'MCP_SESSION_LOST', delivery: 'not-sent' });
  const statusOf = (one: unknown): unknown =>
    (one as { readonly details: { readonly status?: number } }).details.status;
  expect(told.map(statusOf)).toEqual([404, ...told.slice(1).map(() => undefined)]);
  expect(server.asked('work').length).toBeLessThanOrEqual(64);
  expect(opened.news).toEqual(['lost']);
  await opened.link.close();
  await Promise.all(sends);
});
