import { gzipSync } from 'node:zlib';
import type { Socket } from 'node:net';

import { MCPClient, SseTransport } from '../../../src/index.js';
import type { MCPError } from '../../../src/index.js';
import { ByteServer } from '../../support/servers/byte-server.js';
import { modernRequest, request } from '../../support/http-link.js';
import { httpScene } from '../../support/http-scene.js';
import { legacyServer, modernServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';
import { LinkRecorder } from '../../support/link-recorder.js';
import { errorFrom, turns } from '../../support/outcomes.js';

const { endLater, open, serve } = httpScene();

/** A server that answers each request in bytes of its own. */
async function serveBytes(answer: (socket: Socket, id: unknown) => void): Promise<ByteServer> {
  const server = await ByteServer.http((socket, body) => {
    answer(socket, body === '' ? undefined : (JSON.parse(body) as { id?: unknown }).id);
  });
  endLater(() => server.close());
  return server;
}

const CRLF = '\r\n';
const result = (id: unknown): string => JSON.stringify({ jsonrpc: '2.0', id, result: {} });
const head = (...lines: string[]): string => ['HTTP/1.1 200 OK', ...lines, '', ''].join(CRLF);
const JSON_TYPE = 'content-type: application/json';
const EVENTS = 'content-type: text/event-stream';
const length = (text: string): string => `content-length: ${Buffer.byteLength(text)}`;
const whole = (id: unknown): string => `${head(JSON_TYPE, length(result(id)))}${result(id)}`;

describe('an answer that is unusual, and that HTTP allows, is read:', () => {
  test.each<[string, (socket: Socket, id: unknown) => void]>([
    [
      'of HTTP/1.0, ended by the connection',
      (socket, id) => socket.end(`HTTP/1.0 200 OK\r\n${JSON_TYPE}\r\n\r\n${result(id)}`),
    ],
    ['a stream of HTTP/1.0', (socket, id) => socket.end(`HTTP/1.0 200 OK\r\n${EVENTS}\r\n\r\ndata: ${result(id)}\n\n`)],
    [
      'with a length and a connection that closes',
      (socket, id) => socket.end(whole(id).replace(CRLF, '\r\nconnection: close\r\n')),
    ],
    ['after early hints', (socket, id) => socket.write(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${whole(id)}`)],
    ['without a reason phrase', (socket, id) => socket.write(whole(id).replace(' OK', ''))],
    ['with headers in capitals', (socket, id) => socket.write(whole(id).replace(JSON_TYPE, JSON_TYPE.toUpperCase()))],
    [
      'in chunks with extensions and trailers',
      (socket, id) => {
        const size = result(id).length.toString(16);
        socket.write(
          `${head(JSON_TYPE, 'transfer-encoding: chunked', 'trailer: x-sum')}${size};a=b\r\n${result(id)}\r\n0\r\nx-sum: 1\r\n\r\n`,
        );
      },
    ],
    ['with status 202', (socket, id) => socket.write(whole(id).replace('200 OK', '202 Accepted'))],
    ['without a content type', (socket, id) => socket.write(whole(id).replace(`${JSON_TYPE}\r\n`, ''))],
    [
      'after a byte order mark',
      (socket, id) => socket.write(`${head(JSON_TYPE, length(`\ufeff${result(id)}`))}\ufeff${result(id)}`),
    ],
    [
      'after blank lines',
      (socket, id) => socket.write(`${head(JSON_TYPE, length(`\r\n\n ${result(id)}\n`))}\r\n\n ${result(id)}\n`),
    ],
    [
      'said to be of identity',
      (socket, id) => socket.write(whole(id).replace(CRLF, '\r\ncontent-encoding: identity\r\n')),
    ],
  ])('%s', async (_, answer) => {
    const server = await serveBytes(answer);
    const opened = await open(server.url);
    for (const id of [1, 2, 3]) await opened.link.send(request(id, 'ping'));
    expect(opened.recorder.messages).toEqual([1, 2, 3].map((id) => ({ jsonrpc: '2.0', id, result: {} })));
    expect(opened.recorder.problems).toEqual([]);
  });
});

/** Values of `Content-Encoding` for bodies that are not compressed. */
const PLAIN = [
  ...[
    'none',
    'None',
    'identity',
    'Identity',
    'IDENTITY',
    ' identity ',
    'identity, identity',
    'identity,none',
    ',',
    ', ,',
  ],
  ...['', ' ', 'utf-8', 'UTF-8', '7bit', 'binary', 'null', 'undefined', 'plain', 'aws-chunked'],
];

describe.each(PLAIN)('a body that is said to be encoded as "%s" is read', (encoding) => {
  const coded = `content-encoding:${encoding}`;

  test('when it is an answer, a stream, or the reason of a refusal', async () => {
    const server = await serveBytes((socket, id) => {
      const event = `data: ${result(id)}\n\n`;
      if (id === 1) socket.write(whole(id).replace(CRLF, `${CRLF}${coded}${CRLF}`));
      else if (id === 2) socket.write(`${head(EVENTS, coded, length(event))}${event}`);
      else if (id === 3) {
        const text = 'down for the night';
        socket.write(`${head('content-type: text/plain', coded, length(text))}${text}`.replace('200 OK', '503 No'));
      } else {
        const error = JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32_602, message: 'Unknown tool' } });
        socket.write(`${head(JSON_TYPE, coded, length(error))}${error}`.replace('200 OK', '400 Bad Request'));
      }
    });
    const opened = await open(server.url);
    for (const id of [1, 2]) await opened.link.send(request(id, 'ping'));
    expect(opened.recorder.messages).toEqual([1, 2].map((id) => ({ jsonrpc: '2.0', id, result: {} })));
    expect(await opened.failureOf(request(3, 'ping'))).toMatchObject({ details: { reason: 'down for the night' } });
    await opened.link.send(request(4, 'tools/call', { name: 'x' }));
    expect(opened.recorder.messages.at(-1)).toMatchObject({ id: 4, error: { message: 'Unknown tool' } });
    expect(opened.recorder.problems).toEqual([]);
  });

  test('when it is the stream of HTTP+SSE', async () => {
    const server = await serveBytes((socket, id) => {
      if (id !== undefined) socket.write(`HTTP/1.1 202 Accepted\r\n${coded}\r\ncontent-length: 0\r\n\r\n`);
      else socket.write(`${head(EVENTS, coded)}event: endpoint\ndata: /post\n\ndata: ${result(1)}\n\n`);
    });
    const transport = new SseTransport(server.url);
    const recorder = new LinkRecorder();
    const link = await transport.openLink(recorder.events, new AbortController().signal);
    endLater(() => transport.closeLink());
    await link.send(request(1, 'ping'));
    await recorder.until(() => recorder.messages.length > 0);
    expect(recorder.messages).toEqual([{ jsonrpc: '2.0', id: 1, result: {} }]);
  });
});

describe.each([
  ['gzip', 'gzip'],
  ['GZip', 'gzip'],
  [' br ', 'br'],
  ['identity, gzip', 'gzip'],
  ['deflate, x-gzip', 'deflate, x-gzip'],
  [`identity${CRLF}content-encoding: zstd`, 'zstd'],
])('a body that is compressed as "%s" although that was not asked for', (encoding, named) => {
  test('is refused by the name of the encoding, and the hint says what to do', async () => {
    const server = await serveBytes((socket, id) => {
      socket.write(whole(id).replace(CRLF, `${CRLF}content-encoding:${encoding}${CRLF}`));
    });
    const error = await errorFrom(MCPClient.connect(server.url, { era: 'legacy' }));
    expect(error).toMatchObject({ code: 'MCP_HTTP_STATUS', details: { contentEncoding: named, status: 200 } });
    expect(error.message).toContain(`the content encoding "${named}", which was not asked for`);
    expect(error.explain()).toContain('`accept-encoding: identity`');
  });

  test('is refused when it is the stream of HTTP+SSE', async () => {
    const server = await serveBytes((socket) => socket.write(head(EVENTS, `content-encoding:${encoding}`)));
    const error = await errorFrom(MCPClient.connect(new SseTransport(server.url)));
    expect(error).toMatchObject({ code: 'MCP_HTTP_STATUS', details: { contentEncoding: named } });
  });
});

describe('an answer that HTTP forbids fails at once, and may have been the work of the request:', () => {
  test.each<[string, (socket: Socket, id: unknown) => void]>([
    [
      'with a megabyte of headers',
      (socket) => socket.write(head(...Array.from({ length: 1_000 }, (_, at) => `x-${at}: ${'y'.repeat(1_000)}`))),
    ],
    ['with a header that never ends', (socket) => socket.write(`HTTP/1.1 200 OK\r\nx-a: ${'y'.repeat(1_000_000)}`)],
    ['with two lengths', (socket, id) => socket.write(whole(id).replace(CRLF, '\r\ncontent-length: 3\r\n'))],
    [
      'with a length that is none',
      (socket, id) => socket.write(`${head(JSON_TYPE, 'content-length: lots')}${result(id)}`),
    ],
    ['with a negative length', (socket, id) => socket.write(`${head(JSON_TYPE, 'content-length: -5')}${result(id)}`)],
    [
      'with a length and chunks',
      (socket, id) => socket.write(whole(id).replace(CRLF, '\r\ntransfer-encoding: chunked\r\n')),
    ],
    [
      'in chunks of no size',
      (socket, id) => socket.write(`${head(JSON_TYPE, 'transfer-encoding: chunked')}zz\r\n${result(id)}\r\n0\r\n\r\n`),
    ],
    [
      'in chunks larger than they say',
      (socket, id) => socket.write(`${head(JSON_TYPE, 'transfer-encoding: chunked')}3\r\n${result(id)}\r\n0\r\n\r\n`),
    ],
    ['with a null in a header', (socket, id) => socket.write(whole(id).replace(CRLF, '\r\nx-a: \0\r\n'))],
    ['of another protocol', (socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n')],
    ['with a status that is none', (socket, id) => socket.write(whole(id).replace('200', '99999'))],
    [
      'that switches protocols',
      (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: mcp\r\nconnection: upgrade\r\n\r\n'),
    ],
    [
      'that lets the client continue, unasked',
      (socket, id) => socket.write(`HTTP/1.1 100 Continue\r\n\r\n${whole(id)}`),
    ],
    ['shorter than its length', (socket, id) => socket.end(`${head(JSON_TYPE, 'content-length: 1000')}${result(id)}`)],
  ])('%s', async (_, answer) => {
    const server = await serveBytes(answer);
    const opened = await open(server.url);
    const failure = await opened.failureOf(request(1, 'ping'));
    expect(failure).toMatchObject({ kind: 'transport', delivery: 'unknown' });
    expect(failure.code).toMatch(/^MCP_(TRANSPORT_FAILED|STREAM_BROKEN)$/);
    expect(opened.recorder.messages).toEqual([]);
  });
});

test('headers that are too large are explained with what can be done', async () => {
  const server = await serveBytes((socket) => socket.write(`HTTP/1.1 200 OK\r\nx-a: ${'y'.repeat(20_000)}\r\n\r\n`));
  const error = await errorFrom(MCPClient.connect(server.url));
  expect(error).toMatchObject({ code: 'MCP_TRANSPORT_FAILED', details: { reason: 'UND_ERR_HEADERS_OVERFLOW' } });
  expect(error.explain()).toContain('`maxHeaderSize`');
});

describe('an answer with nothing in it, or something else, fails at once and says so:', () => {
  test.each<[string, (visit: HttpVisit) => void, object]>([
    ['200 and no body', (visit) => visit.status(200), { code: 'MCP_STREAM_BROKEN', delivery: 'unknown' }],
    ['202 and no body', (visit) => visit.status(202), { code: 'MCP_STREAM_BROKEN', delivery: 'unknown' }],
    ['204', (visit) => visit.status(204), { code: 'MCP_STREAM_BROKEN', delivery: 'unknown' }],
    ['304', (visit) => visit.status(304), { delivery: 'unknown' }],
    [
      'a body that is compressed although that was not asked for',
      (visit) => {
        visit.response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
        visit.response.end(gzipSync(result(visit.message.id)));
      },
      { code: 'MCP_HTTP_STATUS', delivery: 'answered', details: { contentEncoding: 'gzip' } },
    ],
    [
      'a stream that is compressed although that was not asked for',
      (visit) => {
        visit.stream({ 'content-encoding': 'br' }).resultEvent({});
      },
      { code: 'MCP_HTTP_STATUS', delivery: 'answered', details: { contentEncoding: 'br' } },
    ],
    [
      'a refusal that is compressed',
      (visit) => {
        visit.response.writeHead(503, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
        visit.response.end(gzipSync('{}'));
      },
      { code: 'MCP_HTTP_STATUS', errorCode: 503, delivery: 'answered' },
    ],
  ])('%s', async (_, script, expected) => {
    const server = await serve(script);
    const opened = await open(server.url);
    for (const message of [request(1, 'ping'), modernRequest(2, 'tools/list')]) {
      expect(await opened.failureOf(message)).toMatchObject(expected);
    }
    expect(opened.recorder.messages).toEqual([]);
  });
});

describe('a notification is taken, whatever comes back with a status of success:', () => {
  test.each<[string, (visit: HttpVisit) => void]>([
    ['200 and an answer', (visit) => visit.json({ jsonrpc: '2.0', result: {} })],
    ['202 and a page', (visit) => visit.response.writeHead(202, { 'content-type': 'text/html' }).end('<p>thanks</p>')],
    ['204', (visit) => visit.status(204)],
    ['a stream that never ends', (visit) => visit.stream()],
    ['half a body', (visit) => visit.response.writeHead(200, { 'content-length': 100 }).write('half')],
  ])('%s', async (_, script) => {
    const server = await serve(script);
    const opened = await open(server.url);
    await opened.link.send({ jsonrpc: '2.0', method: 'notifications/a' });
    await opened.link.close();
    expect(opened.recorder.log).toEqual([]);
  });
});

test('what follows an answer on its connection is the answer to nothing', async () => {
  const server = await serveBytes((socket, id) => {
    socket.write(`${whole(id)}${whole(Number(id) + 1)}`);
  });
  const opened = await open(server.url);
  await opened.link.send(request(1, 'ping'));
  await opened.link.send(request(2, 'ping'));
  expect(opened.recorder.messages).toEqual([1, 2].map((id) => ({ jsonrpc: '2.0', id, result: {} })));
  expect(server.sockets).toHaveLength(2);
});

test('a hundred thousand events before the answer are heard, in order', async () => {
  const count = 100_000;
  const server = await serve((visit) => {
    visit.stream();
    const event = (value: number): string =>
      `data: {"jsonrpc":"2.0","method":"notifications/a","params":{"value":${value}}}\n\n`;
    visit.response.write(Array.from({ length: count }, (_, value) => event(value)).join(''));
    visit.resultEvent({}).end();
  });
  const opened = await open(server.url);
  await opened.link.send(request(1, 'work'));
  const { messages } = opened.recorder;
  expect(messages).toHaveLength(count + 1);
  expect(
    messages.every((message, at) => at === count || (message as { params: { value: number } }).params.value === at),
  ).toBe(true);
});

test('a server that asks thousands of times at once is answered over 25 connections at a time, and some requests not at all', async () => {
  const [asked, most, together] = [3_000, 1_000, 25];
  let [held, answered]: [HttpVisit[] | undefined, number] = [[], 0];
  let call: HttpVisit | undefined;
  const take = (visit: HttpVisit): void => {
    visit.status(202);
    answered += 1;
    if (answered === most) call?.resultEvent({ content: [] }).end();
  };
  const server = await serve(
    legacyServer((visit) => {
      const { method, id } = visit.message;
      if (method === 'tools/call') {
        call = visit.stream();
        for (let question = 0; question < asked; question += 1)
          call.event({ jsonrpc: '2.0', id: question, method: 'ping' });
        return true;
      }
      if (method !== undefined || id === undefined) return false;
      if (held === undefined) take(visit);
      else held.push(visit);
      return true;
    }),
  );
  await using client = await MCPClient.connect(server.url);
  const errors: MCPError[] = [];
  const refused = new Promise<void>((resolve) => {
    client.on('error', (error) => {
      errors.push(error);
      resolve();
    });
  });
  const called = client.callTool('ask');
  await refused;
  const details = { field: 'limits.maxPendingReplies', limit: most };
  expect(errors[0]).toMatchObject({ code: 'MCP_QUEUE_FULL', delivery: 'not-sent', details });
  await server.until(() => held?.length === together);
  await turns();
  expect(held).toHaveLength(together);
  const first = held;
  held = undefined;
  first.forEach(take);
  await called;
  expect(answered).toBe(most);
  expect(errors).toHaveLength(1);
});

test('an answer that is nested a hundred thousand times over harms nobody', async () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const server = await serve(
    modernServer((visit) => {
      if (visit.message.method !== 'tools/call') return false;
      const content = `"content":[],"structuredContent":${deep}`;
      const text = `{"jsonrpc":"2.0","id":${String(visit.message.id)},"result":{"resultType":"complete",${content}}}`;
      visit.response.writeHead(200, { 'content-type': 'application/json' }).end(text);
      return true;
    }),
  );
  await using client = await MCPClient.connect(server.url);
  expect(await client.callTool('dig')).toHaveProperty('structuredContent');
});

test('a server that refuses a large message before it has come fails it with the status', async () => {
  const server = await ByteServer.start((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      socket.pause();
    });
  });
  endLater(() => server.close());
  const opened = await open(server.url);
  const failure = await opened.failureOf(request(1, 'work', { text: 'x'.repeat(20 * 1024 * 1024) }));
  expect(failure).toMatchObject({ code: 'MCP_HTTP_STATUS', errorCode: 413, delivery: 'answered' });
});

describe('a connection that the server closes while it is idle', () => {
  /** Answers one request for each connection, says that more are welcome, and closes it when the next one comes. */
  async function serveOnce(heard: string[]): Promise<ByteServer> {
    const server = await ByteServer.start((socket) => {
      socket.once('data', (first) => {
        const { id, method } = JSON.parse(first.toString().split('\r\n\r\n')[1] ?? '') as {
          id: number;
          method: string;
        };
        heard.push(method);
        const results: Record<string, object> = {
          'server/discover': { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } },
          'tools/list': { tools: [] },
          'tools/call': { content: [] },
        };
        const body = JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', ...results[method] } });
        socket.write(`${head(JSON_TYPE, length(body))}${body}`);
        socket.once('data', () => socket.resetAndDestroy());
      });
    });
    endLater(() => server.close());
    return server;
  }

  test('costs nothing when the request may be repeated', async () => {
    const heard: string[] = [];
    const server = await serveOnce(heard);
    await using client = await MCPClient.connect(server.url);
    for (let time = 0; time < 5; time += 1) {
      await turns();
      expect(await client.listTools({ useCache: false })).toEqual([]);
    }
    expect(server.sockets.length).toBeGreaterThan(1);
    expect(heard.filter((method) => method === 'tools/list')).toHaveLength(5);
  });

  test('makes a call that may not be repeated fail, with an unknown fate, and it is not sent twice', async () => {
    const heard: string[] = [];
    const server = await serveOnce(heard);
    await using client = await MCPClient.connect(server.url);
    // A connection can be used again only in the turn after its answer.
    await turns();
    expect(await errorFrom(client.callTool('charge'))).toMatchObject({ delivery: 'unknown' });
    expect(heard).not.toContain('tools/call');
    expect(await client.callTool('charge')).toMatchObject({ content: [] });
    expect(heard.filter((method) => method === 'tools/call')).toHaveLength(1);
  });

  test('and whose end has come is not used again', async () => {
    const server = await ByteServer.http((socket, body) => {
      socket.end(whole((JSON.parse(body) as { id: unknown }).id));
    });
    endLater(() => server.close());
    const opened = await open(server.url);
    for (const id of [1, 2, 3, 4, 5]) await opened.link.send(request(id, 'ping'));
    expect(opened.recorder.messages).toHaveLength(5);
  });
});
