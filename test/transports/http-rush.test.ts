import { HttpTransport, MCPClient } from '../../src/index.js';
import { ByteServer } from '../support/byte-server.js';
import { OpenedLink, request } from '../support/http-link.js';
import { legacyServer, ScriptedHttpServer } from '../support/http-server.js';
import { rejection } from '../support/outcomes.js';
import { SimulatedEnvironment } from '../support/simulated-environment.js';

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

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
    cleanups.push(() => server.close());
    const transport = new HttpTransport(server.url);
    // No time passes, so that this does not depend on how quick the machine is.
    const { link, recorder } = await OpenedLink.open(transport, new SimulatedEnvironment());
    cleanups.push(() => transport.closeLink());
    await Promise.all(numbers(1_000).map(async (id) => link.send(request(id, 'ping'))));
    expect(recorder.messages).toHaveLength(1_000);
    // An agent of undici takes a connection that has just been left a moment later.
    expect(server.sockets.length).toBeLessThanOrEqual(130);
  });

  test('do not wait for each other, when the server does not answer', async () => {
    const server = await ScriptedHttpServer.start(legacyServer(({ message }) => message.method === 'tools/call'));
    cleanups.push(() => server.close());
    const client = await MCPClient.connect(new HttpTransport(server.url));
    cleanups.push(() => client.disconnect());
    const calls = Promise.allSettled(numbers(300).map((number) => client.callTool(`tool-${number}`)));
    await server.until(() => server.asked('tools/call').length === 300);
    await client.disconnect();
    expect((await calls).every(({ status }) => status === 'rejected')).toBe(true);
  });
});

test('a call that waits for its turn is not sent in a session that was lost meanwhile', async () => {
  const script = legacyServer(
    (visit) => {
      // Of those that are sent, only the first is answered.
      if (visit.message.id === 0) visit.status(404);
      return visit.message.method === 'ping';
    },
    { sessionId: 's-1' },
  );
  const server = await ScriptedHttpServer.start(script);
  cleanups.push(() => server.close());
  const transport = new HttpTransport(server.url);
  const opened = await OpenedLink.open(transport, new SimulatedEnvironment());
  cleanups.push(() => transport.closeLink());
  await opened.shakeHands();
  const sends = numbers(70).map((id) => rejection(Promise.resolve(opened.link.send(request(id, 'ping')))));
  const told = await Promise.all([sends[0], ...sends.slice(64)]);
  for (const one of told) expect(one).toMatchObject({ code: 'MCP_SESSION_LOST', delivery: 'not-sent' });
  expect(server.asked('ping').length).toBeLessThanOrEqual(64);
  expect(opened.news).toEqual(['lost']);
  await transport.closeLink();
  await Promise.all(sends);
});
