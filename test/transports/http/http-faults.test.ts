import type { Socket } from 'node:net';

import { Agent } from 'undici';

import { ByteServer } from '../../support/servers/byte-server.js';
import { request } from '../../support/http-link.js';
import { httpScene } from '../../support/http-scene.js';
import { legacyServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';
import { hastyEnvironment } from '../../support/link-recorder.js';
import { isSettled } from '../../support/outcomes.js';
import { freePort } from '../../support/servers/http-process.js';

const { endLater, open, serve } = httpScene();

async function serveBytes(connected: (socket: Socket) => void): Promise<string> {
  const server = await ByteServer.start(connected);
  endLater(() => server.close());
  return server.url;
}

describe('a request of which no byte reached a server', () => {
  test('because nobody listens, was not sent', async () => {
    const opened = await open(`http://127.0.0.1:${await freePort()}/mcp?key=secret`);
    const failure = await opened.failureOf(request(1, 'ping'));
    expect(failure).toMatchObject({
      kind: 'transport',
      code: 'MCP_TRANSPORT_FAILED',
      delivery: 'not-sent',
      details: { reason: 'ECONNREFUSED' },
    });
    expect(JSON.stringify(failure)).not.toContain('secret');
  });

  test('because the name does not exist, was not sent', async () => {
    const opened = await open('http://no-such-host.invalid/mcp');
    expect(await opened.failureOf(request(1, 'ping'))).toMatchObject({
      code: 'MCP_TRANSPORT_FAILED',
      delivery: 'not-sent',
    });
  });

  test('because TLS fails, was not sent', async () => {
    const server = await serve((visit) => {
      visit.result({});
    });
    const opened = await open(server.url.replace('http:', 'https:'));
    expect(await opened.failureOf(request(1, 'ping'))).toMatchObject({
      code: 'MCP_TRANSPORT_FAILED',
      delivery: 'not-sent',
    });
    expect(server.visits).toEqual([]);
  });
});

describe('a message that waits for TLS', () => {
  test('was not sent when the link is closed', async () => {
    const server = await ByteServer.start(() => undefined);
    endLater(() => server.close());
    const opened = await open(server.url.replace('http:', 'https:'), {}, hastyEnvironment(20));
    const failures = [
      opened.failureOf(request(1, 'ping')),
      opened.failureOf({ jsonrpc: '2.0', method: 'notifications/cancelled' }),
    ];
    await server.connected(2);
    await opened.link.close();
    for (const failure of failures) {
      expect(await failure).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'not-sent' });
    }
  });

  test('can be taken back once, if it is a request', async () => {
    const server = await ByteServer.start(() => undefined);
    endLater(() => server.close());
    const opened = await open(server.url.replace('http:', 'https:'));
    const failure = opened.failureOf(request(1, 'ping'));
    await server.connected(1);
    expect([2, 1, 1].map((id) => opened.link.cancelUnsent?.(id))).toEqual([false, true, false]);
    expect(await failure).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'not-sent' });
  });
});

describe('a request that may have arrived', () => {
  test.each([
    ['is reset before the answer', (socket: Socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['is closed before the answer', (socket: Socket) => socket.once('data', () => socket.end())],
    ['is answered with something other than HTTP', (socket: Socket) => socket.end('220 mail.example ESMTP\r\n')],
  ])('fails at once with an unknown fate when its connection %s', async (_, connected) => {
    const opened = await open(await serveBytes(connected));
    const failure = await opened.failureOf(request(1, 'ping'));
    expect(failure).toMatchObject({ kind: 'transport', delivery: 'unknown' });
  });

  test.each([
    ['of a known length', 'content-length: 100\r\n\r\n{"jsonrpc"'],
    ['in chunks', 'transfer-encoding: chunked\r\n\r\n5\r\n{"jso\r\n'],
  ])('fails at once when its answer %s breaks off', async (_, rest) => {
    const url = await serveBytes((socket) => {
      socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${rest}`));
    });
    const opened = await open(url);
    expect(await opened.failureOf(request(1, 'ping'))).toMatchObject({
      code: 'MCP_STREAM_BROKEN',
      delivery: 'unknown',
    });
  });

  test('waits when only headers came, until it is abandoned, and then its connection is closed', async () => {
    const server = await serve((visit) => {
      visit.response.writeHead(200, { 'content-type': 'application/json' });
      visit.response.flushHeaders();
    });
    const opened = await open(server.url);
    const failure = opened.failureOf(request(1, 'ping'));
    await server.until(() => server.visits.length === 1);
    expect(await isSettled(failure)).toBe(false);
    opened.link.abandon?.(1);
    expect(await failure).toMatchObject({ kind: 'connection', delivery: 'unknown' });
    await server.visits[0]?.closed();
  });
});

describe('an answer that is none', () => {
  test.each([
    [500, 'text/html', '<h1>oops</h1>'],
    [404, 'text/plain', 'no such page'],
    [400, 'application/json', '{"error":"bad request"}'],
    [400, 'application/json', 'not json'],
    [502, 'application/json', '{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"overloaded"}}'],
  ])('with HTTP %i and %s is a failure that tells the status', async (status, contentType, body) => {
    const server = await serve((visit) => {
      visit.response.writeHead(status, { 'content-type': contentType, 'retry-after': '7' }).end(body);
    });
    const opened = await open(`${server.url}?key=secret`);
    const failure = await opened.failureOf(request(1, 'tools/list'));
    expect(failure).toMatchObject({
      kind: 'transport',
      code: 'MCP_HTTP_STATUS',
      errorCode: status,
      delivery: 'answered',
      details: { url: server.url, status, retryAfter: 7_000, contentType },
    });
    expect(opened.recorder.messages).toEqual([]);
  });

  test('because of its content type is a failure that names it', async () => {
    const server = await serve((visit) => {
      visit.response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>log in</h1>');
    });
    const opened = await open(server.url);
    expect(await opened.failureOf(request(1, 'tools/list'))).toMatchObject({
      code: 'MCP_HTTP_STATUS',
      delivery: 'answered',
      details: { contentType: 'text/html' },
    });
  });
});

describe('a redirect', () => {
  test.each([307, 308])('with %i within the origin is followed, with body and headers', async (status) => {
    const server = await serve((visit) => {
      if (visit.path === '/mcp') visit.status(status, { location: '/other?x=1' });
      else visit.result({});
    });
    const opened = await open(server.url, { headers: { authorization: 'Bearer secret' } });
    await opened.link.send(request(1, 'ping'));
    expect(server.visits.map(({ path }) => path)).toEqual(['/mcp', '/other?x=1']);
    expect(server.visits[1]?.message.method).toBe('ping');
    expect(server.visits[1]?.headers.authorization).toBe('Bearer secret');
  });

  test.each(['never ends', 'breaks off'])(
    'whose body %s is followed at once, and its connection is closed',
    async (how) => {
      const server = await serve((visit) => {
        if (visit.path !== '/mcp') return;
        visit.response.writeHead(307, { location: '/other' }).write('this w');
      });
      const opened = await open(server.url);
      const answer = opened.link.send(request(1, 'ping'));
      await server.until(() => server.visits.length === 2);
      const [first, second] = server.visits;
      if (how === 'breaks off') first?.reset();
      else expect(first?.response.closed).toBe(false);
      second?.result({});
      await answer;
      await first?.closed();
    },
  );

  test('whose body never ends is followed where there is no more than one connection', async () => {
    const server = await serve((visit) => {
      if (visit.path === '/mcp') visit.response.writeHead(307, { location: '/other' }).write('this w');
      else visit.result({});
    });
    const dispatcher = new Agent({ connections: 1 });
    endLater(() => dispatcher.close());
    const opened = await open(server.url, { dispatcher });
    await opened.link.send(request(1, 'ping'));
    await server.visits[0]?.closed();
  });

  test('that leads to another one closes the connections of both, although neither body ends', async () => {
    const paths: Record<string, string> = { '/mcp': '/second', '/second': '/third' };
    const server = await serve((visit) => {
      const location = paths[visit.path];
      if (location === undefined) visit.result({});
      else visit.response.writeHead(307, { location }).write('this w');
    });
    const opened = await open(server.url);
    await opened.link.send(request(1, 'ping'));
    const [first, second] = server.visits;
    await Promise.all([first?.closed(), second?.closed()]);
    expect(opened.recorder.timers.size).toBe(0);
  });

  test('whose body never ends is given up with its request', async () => {
    const server = await serve((visit) => {
      if (visit.path === '/mcp') visit.response.writeHead(307, { location: '/other' }).write('this w');
    });
    const opened = await open(server.url);
    const failure = opened.failureOf(request(1, 'ping'));
    await server.until(() => server.visits.length === 2);
    opened.link.abandon?.(1);
    expect(await failure).toMatchObject({ kind: 'connection', delivery: 'unknown' });
    expect(opened.recorder.timers.size).toBe(0);
    for (const visit of server.visits) await visit.closed();
  });

  test('to another origin is refused, and nothing of the request gets there', async () => {
    const elsewhere = await serve((visit) => {
      visit.result({});
    });
    const server = await serve((visit) => {
      visit.status(307, { location: elsewhere.url });
    });
    const opened = await open(server.url, { headers: { authorization: 'Bearer secret' } });
    const failure = await opened.failureOf(request(1, 'ping'));
    expect(failure).toMatchObject({
      code: 'MCP_REDIRECT_REFUSED',
      delivery: 'answered',
      details: { status: 307, from: server.origin, to: elsewhere.origin },
    });
    expect(elsewhere.visits).toEqual([]);
  });

  test('that would make a GET of a POST, that goes nowhere, or that goes on for ever is refused', async () => {
    const locations = ['/other', undefined];
    const statuses = [302, 307];
    const server = await serve((visit) => {
      const location = locations.length > 0 ? locations.shift() : '/mcp';
      visit.status(statuses.shift() ?? 307, location === undefined ? {} : { location });
    });
    const opened = await open(server.url);
    for (const id of [1, 2, 3]) {
      expect(await opened.failureOf(request(id, 'ping'))).toMatchObject({ code: 'MCP_REDIRECT_REFUSED' });
    }
    expect(server.visits).toHaveLength(1 + 1 + 6);
  });
});

describe('who asks', () => {
  test('is said with a token that is asked for anew before each request', async () => {
    let count = 0;
    const server = await serve(legacyServer(() => false, { sessionId: 's1' }));
    const opened = await open(server.url, {
      auth: { token: () => Promise.resolve(`token-${(count += 1)}`) },
      headers: { authorization: 'Bearer old', 'x-own': 'kept' },
    });
    await opened.shakeHands();
    await opened.link.send(request(1, 'ping'));
    await opened.link.close();
    expect(server.visits.map(({ headers }) => headers.authorization)).toEqual(
      ['token-1', 'token-2', 'token-3', 'token-4'].map((token) => `Bearer ${token}`),
    );
    expect(server.visits.at(-1)).toMatchObject({
      method: 'DELETE',
      headers: { 'x-own': 'kept', 'mcp-session-id': 's1' },
    });
  });

  test.each([
    ['throws', () => Promise.reject(new Error('the vault is closed'))],
    ['gives something that cannot stand in a header', () => 'line\r\nbreak'],
  ])('is not known when the source of tokens %s, and then nothing is sent', async (_, token) => {
    const server = await serve((visit) => {
      visit.result({});
    });
    const opened = await open(server.url, { auth: { token } });
    const failure = await opened.failureOf(request(1, 'ping'));
    expect(failure).toMatchObject({ kind: 'authentication', delivery: 'not-sent' });
    expect(JSON.stringify(failure)).not.toContain('break');
    expect(server.visits).toEqual([]);
  });

  test('is what a 401 is about, and a 403 with a challenge', async () => {
    const replies: [number, string][] = [
      [401, 'Bearer resource_metadata="https://a.example/prm", scope="read write"'],
      [403, 'Bearer error="insufficient_scope", scope="admin"'],
    ];
    const server = await serve((visit) => {
      const [status, challenge] = replies.shift() ?? [401, ''];
      visit.response.setHeader('www-authenticate', challenge);
      visit.error(status, -32_000, 'who are you?');
    });
    const opened = await open(server.url);
    expect(await opened.failureOf(request(1, 'ping'))).toMatchObject({
      kind: 'authentication',
      code: 'MCP_AUTHENTICATION_REQUIRED',
      errorCode: 401,
      details: { scheme: 'bearer', resourceMetadata: 'https://a.example/prm', requiredScope: 'read write' },
    });
    expect(await opened.failureOf(request(2, 'ping'))).toMatchObject({
      errorCode: 403,
      details: { error: 'insufficient_scope', requiredScope: 'admin' },
    });
  });

  test('is not what a 403 with an error of JSON-RPC and no challenge is about', async () => {
    const server = await serve((visit) => {
      visit.error(403, -32_600, 'bad origin');
    });
    const opened = await open(server.url);
    await opened.link.send(request(1, 'ping'));
    expect(opened.recorder.messages).toEqual([
      { jsonrpc: '2.0', id: 1, error: { code: -32_600, message: 'bad origin' } },
    ]);
  });
});

test('one exchange is reset while fifty others stream on, and they finish', async () => {
  const streams: HttpVisit[] = [];
  const server = await serve((visit) => {
    streams.push(visit.stream().event({ jsonrpc: '2.0', method: 'notifications/begun' }));
  });
  const opened = await open(server.url);
  const sent = Array.from({ length: 51 }, (_, id) => Promise.resolve(opened.link.send(request(id, 'work'))));
  const outcomes = Promise.allSettled(sent);
  await server.until(() => streams.length === 51);
  const [victim, ...others] = streams;
  victim?.reset();
  await victim?.closed();
  for (const one of others) one.resultEvent({}).end();
  const rejected = (await outcomes).flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  );
  expect(rejected).toMatchObject([{ delivery: 'unknown' }]);
});
