import { HttpTransport, SseTransport, StdioTransport, WebSocketTransport } from '../../src/index.js';
import type { MCPTransport } from '../../src/index.js';
import { ScriptedHttpServer } from '../support/servers/http-server.js';
import type { HttpVisit } from '../support/servers/http-server.js';
import { expectNoMarker, MARKER, marked } from '../support/markers.js';
import { serverFixture } from '../support/servers/fixture-servers.js';
import { initializeResult } from '../support/servers/scripts.js';
import { WatchedClient } from '../support/watched-client.js';
import { SseServer } from '../support/servers/sse-server.js';
import { ScriptedWebSocketServer } from '../support/servers/websocket-server.js';

jest.setTimeout(60_000);

const CREDENTIALS = `${encodeURIComponent(marked('user'))}:${encodeURIComponent(marked('password'))}`;
const QUERY = `key=${encodeURIComponent(marked('query'))}&${encodeURIComponent(marked('name'))}`;
const HEADERS = { 'X-Key': marked('header'), Cookie: `a=1; session=${MARKER}-cookie` };

/** A URL with secrets in it, but none in its path. */
function secretUrl(url: string): string {
  return `${url.replace('://', `://${CREDENTIALS}@`)}?${QUERY}`;
}

let closing: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  await Promise.all(closing.map((one) => one.close()));
  closing = [];
});

async function watch(transport: MCPTransport): Promise<WatchedClient> {
  const watched = await WatchedClient.watch(transport);
  closing.push(watched);
  return watched;
}

/** What a server was sent, in every way to write it. */
function quoteOf({ headers, path }: Pick<HttpVisit, 'headers' | 'path'>): string {
  const { authorization = '', 'x-key': key, cookie, 'mcp-session-id': session } = headers;
  const [, basic = ''] = authorization.split(' ');
  const all = [
    authorization,
    Buffer.from(basic, 'base64').toString(),
    key,
    cookie,
    session,
    path,
    decodeURIComponent(path),
  ];
  return all.map((one) => `${String(one)} ${JSON.stringify(one)} ${encodeURIComponent(String(one))}`).join('\n');
}

/** A text that may stand in a header. */
function inHeader(text: string): string {
  return text.replace(/[^ -~]/g, ' ');
}

/** A text that may stand in a parameter of a challenge. */
function inChallenge(text: string): string {
  return inHeader(text).replace(/["\\]/g, '\\$&');
}

/** Ways in which a server quotes what it was sent when a tool is called. */
const WAYS: Record<string, (visit: HttpVisit, quote: string) => void> = {
  'an error of JSON-RPC': (visit, quote) => {
    visit.error(200, -32_000, quote, { quote, [quote]: [quote] });
  },
  'an error of JSON-RPC with a status': (visit, quote) => {
    visit.error(400, -32_000, quote, quote);
  },
  'a text with a status': ({ response }, quote) => {
    response.writeHead(422, inHeader(quote).slice(0, 100), { 'content-type': 'text/plain' }).end(quote);
  },
  'a long text with a status': ({ response }, quote) => {
    response.writeHead(422, { 'content-type': 'text/plain' }).end('x '.repeat(95) + quote.repeat(50));
  },
  'JSON with a status': (visit, quote) => {
    visit.json({ detail: [{ msg: quote }] }, 500);
  },
  'a challenge of 401': (visit, quote) => {
    const text = inChallenge(quote);
    const challenge = `Bearer error="${text}", error_description="${text}", scope="${text}", resource_metadata="${text}"`;
    visit.json({ error: quote }, 401, { 'www-authenticate': challenge });
  },
  'a challenge of 403': (visit, quote) => {
    visit.status(403, { 'www-authenticate': `Bearer error="insufficient_scope", scope="${inChallenge(quote)}"` });
  },
  'a content type': (visit, quote) => {
    visit.json({}, 200, { 'content-type': inHeader(quote) });
  },
  'a content type with a status': (visit, quote) => {
    visit.json({}, 500, { 'content-type': inHeader(quote) });
  },
  'a compression': (visit, quote) => {
    visit.json({}, 200, { 'content-encoding': inHeader(quote) });
  },
  'a redirect to another origin': (visit, quote) => {
    visit.status(307, {
      location: `http://other.invalid/${encodeURIComponent(quote)}?${encodeURIComponent(quote)}`,
    });
  },
  'the result of a tool that failed': (visit, quote) => {
    visit.result({ content: [{ type: 'text', text: quote }], isError: true });
  },
  'a result of the wrong shape': (visit, quote) => {
    visit.result({ content: [{ type: 'text', [quote]: quote }], isError: quote, [quote]: quote });
  },
  'a body that is not JSON': ({ response }, quote) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(`{"${quote}`);
  },
  'events and messages of every kind': (visit, quote) => {
    visit.stream();
    const messages: object[] = [
      { method: quote, params: { quote } },
      { method: `notifications/${MARKER}-cookie` },
      { id: `${MARKER}-cookie`, method: 'ping' },
      { id: quote, method: quote },
      { id: quote, result: {} },
      { id: null, error: { code: -1, message: quote } },
      { method: 'notifications/message', params: { level: quote, data: quote } },
      { method: 'notifications/progress', params: { progressToken: quote, progress: quote } },
      { method: 'notifications/cancelled', params: { requestId: quote, reason: quote } },
      { [quote]: quote },
    ];
    for (const message of messages) visit.event({ jsonrpc: '2.0', ...message });
    visit.response.write(`event: ${inHeader(quote)}\ndata: ${inHeader(quote)}\n\n`);
    visit.response.write(`data: ${inHeader(quote)}\n\n`);
    visit.event({ jsonrpc: '2.0', id: visit.message.id, error: { code: quote, message: { quote } } });
  },
  'a stream that breaks': (visit, quote) => {
    visit.stream().event({ jsonrpc: '2.0', method: quote });
    visit.cut();
  },
};

describe.each(Object.entries(WAYS))('over HTTP %s', (_way, quoting) => {
  test.each(['a token', 'credentials in the URL'])('shows no secret, with %s', async (which) => {
    let tokens = 0;
    const seen: string[] = [];
    const server = await ScriptedHttpServer.start((visit) => {
      const { method } = visit.message;
      seen.push(quoteOf(visit));
      if (method === 'initialize') visit.result(initializeResult(), { 'mcp-session-id': `${MARKER}-session` });
      else if (method === 'server/discover') visit.error(200, -32_601, 'No');
      else if (method === 'tools/call') quoting(visit, seen.join('\n').slice(-4_000));
      else visit.status(method === undefined ? 405 : 202);
    });
    closing.push(server);
    const auth = { token: () => `${MARKER}-token-${(tokens += 1)}` };
    const transport = new HttpTransport(secretUrl(server.url), {
      headers: HEADERS,
      ...(which === 'a token' && { auth }),
    });
    const watched = await watch(transport);
    await watched.try((client) => client.connect());
    expect(watched.errors).toEqual([]);
    await watched.try((client) => client.callTool('x', {}, { timeout: 2_000 }));
    await watched.try((client) => client.request('tools/call', {}, { timeout: 2_000 }));
    expect(watched.errors).not.toEqual([]);
    expectNoMarker(await watched.told());
  });
});

test('all tests of this folder have secrets in their requests and processes, and fail when an error shows one', async () => {
  const server = await ScriptedHttpServer.start((visit) => {
    visit.error(400, -32_000, String(visit.headers['x-seeded-secret']));
  });
  closing.push(server);
  const watched = await watch(new HttpTransport(server.url));
  expect(await watched.try((client) => client.connect())).toMatchObject({
    message: expect.stringContaining('[redacted]') as unknown,
  });
  expect(server.visits[0]?.headers['x-seeded-secret']).toContain(MARKER);
  expect(new StdioTransport('x').env).toMatchObject({ SEEDED_SECRET: expect.stringContaining(MARKER) as unknown });
});

test('over HTTP a function for tokens that quotes its last token shows none', async () => {
  const server = await ScriptedHttpServer.start((visit) => {
    visit.status(401);
  });
  closing.push(server);
  let last = '';
  const token = (): string => {
    if (last !== '')
      throw Object.assign(new Error(`refused ${last}`), { config: { headers: { authorization: last } } });
    return (last = `${MARKER}-token`);
  };
  const watched = await watch(new HttpTransport(server.url, { auth: { token } }));
  const error = await watched.try((client) => client.connect());
  expect(error).toMatchObject({ code: 'MCP_AUTHENTICATION_REQUIRED' });
  expectNoMarker(await watched.told());
});

test('over HTTP a dispatcher that throws what it was given shows no secret', async () => {
  const dispatch = (options: unknown): never => {
    throw Object.assign(new Error(`cannot send ${JSON.stringify(options)}`), {
      options,
      cause: new Error(JSON.stringify(options)),
    });
  };
  const transport = new HttpTransport(secretUrl('http://127.0.0.1:9/mcp'), {
    headers: HEADERS,
    dispatcher: { dispatch },
  });
  const watched = await watch(transport);
  await watched.try((client) => client.connect());
  expect(watched.errors).toHaveLength(1);
  expectNoMarker(await watched.told());
});

test('over HTTP nothing shows the session that a client goes on with', async () => {
  const server = await ScriptedHttpServer.start((visit) => {
    if (visit.message.method === 'initialize')
      visit.result(initializeResult(), { 'mcp-session-id': `${MARKER}-session` });
    else if (visit.message.method === 'tools/call') visit.error(200, -32_000, quoteOf(visit));
    else if (visit.message.method === 'server/discover') visit.error(200, -32_601, 'No');
    else visit.status(visit.message.method === undefined ? 405 : 202);
  });
  closing.push(server);
  const first = await watch(new HttpTransport(server.url));
  await first.client.connect();
  const resume = await first.client.suspend();
  const second = await WatchedClient.watch(new HttpTransport(server.url), { resume });
  closing.push(second);
  await second.client.connect();
  await second.try((client) => client.callTool('x'));
  expect(second.errors).toMatchObject([{ code: 'MCP_TOOL_ERROR' }]);
  expectNoMarker(await second.told());
});

describe('over HTTP+SSE', () => {
  test('what the stream, a post and the endpoint quote shows no secret', async () => {
    for (const where of ['stream', 'post', 'endpoint', 'refusal']) {
      const server = await SseServer.start({
        greet: (visit, endpoint) => {
          if (where === 'refusal')
            visit.json({ error: quoteOf(visit) }, 403, {
              'www-authenticate': `Bearer error="${inChallenge(quoteOf(visit))}"`,
            });
          else if (where === 'endpoint')
            visit.stream().response.write(`event: endpoint\ndata: http://${inHeader(quoteOf(visit))}\n\n`);
          else visit.stream().response.write(`event: endpoint\ndata: ${endpoint}\n\n`);
        },
        accept: (visit) => {
          if (where === 'post' && visit.message.method === 'tools/call') visit.error(500, -32_000, quoteOf(visit));
          else visit.status(202);
        },
        serve: ({ id, method }, stream) => {
          if (method === 'initialize') stream.event({ jsonrpc: '2.0', id, result: initializeResult() });
          else if (method === 'server/discover')
            stream.event({ jsonrpc: '2.0', id, error: { code: -32_601, message: 'No' } });
          else if (where === 'stream' && method === 'tools/call') {
            stream.response.write(`data: ${inHeader(quoteOf(stream))}\n\n`);
            stream.event({
              jsonrpc: '2.0',
              id,
              error: { code: -32_000, message: quoteOf(stream), data: quoteOf(stream) },
            });
          }
        },
      });
      closing.push(server);
      const watched = await watch(
        new SseTransport(secretUrl(server.url), undefined, {
          headers: HEADERS,
          auth: { token: () => `${MARKER}-token` },
        }),
      );
      await watched.try((client) => client.connect({ timeout: 5_000 }));
      await watched.try((client) => client.callTool('x', {}, { timeout: 2_000 }));
      expect(watched.errors).not.toEqual([]);
      expectNoMarker(await watched.told());
    }
  });
});

describe('over a WebSocket', () => {
  test.each(['a refusal', 'a close', 'messages'])('%s shows no secret', async (where) => {
    const server = await ScriptedWebSocketServer.start({
      ...(where === 'a refusal' && {
        upgrade: ({ headers, url = '' }, socket) => {
          const quote = inHeader(quoteOf({ headers, path: url })).slice(0, 2_000);
          socket.end(
            `HTTP/1.1 401 ${quote}\r\nwww-authenticate: Bearer error="${quote}"\r\ncontent-type: ${quote}\r\n\r\n${quote}`,
          );
        },
      }),
      serve: (text, { socket, request: { headers, url = '' } }) => {
        const { id, method } = JSON.parse(text) as { id: unknown; method: string };
        const quote = quoteOf({ headers, path: url });
        const send = (message: object): void => {
          socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
        };
        if (method === 'initialize') send({ id, result: initializeResult() });
        else if (method === 'server/discover') send({ id, error: { code: -32_601, message: 'No' } });
        else if (method !== 'tools/call') return;
        else if (where === 'a close') socket.close(1_011, String(headers['x-key']).repeat(5).slice(0, 120));
        else {
          socket.send(quote);
          send({ method: quote });
          send({ id, error: { code: -32_000, message: quote, data: [quote] } });
        }
      },
    });
    closing.push(server);
    const watched = await watch(new WebSocketTransport(secretUrl(server.url), { headers: HEADERS }));
    await watched.try((client) => client.connect());
    await watched.try((client) => client.callTool('x', {}, { timeout: 2_000 }));
    expect(watched.errors).not.toEqual([]);
    expectNoMarker(await watched.told());
  });
});

describe('over stdio', () => {
  /** A server that quotes its environment and its arguments in the way that its last argument names. */
  const server = serverFixture('quoting');
  const inherited = `${MARKER.toUpperCase()}_INHERITED`;

  beforeAll(() => {
    process.env[inherited] = marked('inherited');
  });
  afterAll(() => {
    delete process.env[inherited];
  });

  function start(way: string): StdioTransport {
    const args = [server, '--token', marked('argument'), `--api-key=${marked('inline')}`, '--way', way];
    return new StdioTransport(process.execPath, args, {
      env: {
        QUOTED_TOKEN: marked('variable'),
        QUOTED_PEM: `-----BEGIN-----\n${MARKER}-line-1\n${MARKER}-line-2\n-----END-----`,
        QUOTED_JSON: JSON.stringify({ Authorization: `Bearer ${marked('json')}` }),
        QUOTED_URL: `postgres://me:${encodeURIComponent(marked('database'))}@localhost/db`,
      },
      inheritEnv: ['PATH', inherited],
    });
  }

  test.each(['start', 'stderr', 'stdout', 'error', 'tool', 'messages', 'deaf'])(
    'what a server quotes shows no secret: %s',
    async (way) => {
      const watched = await watch(start(way));
      await watched.try((client) => client.connect({ timeout: way === 'deaf' ? 1_500 : 20_000 }));
      await watched.try((client) => client.callTool('x', {}, { timeout: 3_000 }));
      expect(watched.errors).not.toEqual([]);
      expectNoMarker(await watched.told());
    },
  );

  test('a server that cannot be started shows none', async () => {
    for (const [command, cwd] of [
      ['/no/such/program', undefined],
      [process.execPath, '/no/such/directory'],
    ] as const) {
      const transport = new StdioTransport(command, ['--token', marked('argument')], {
        env: { TOKEN: marked('variable') },
        cwd,
      });
      const watched = await watch(transport);
      await watched.try((client) => client.connect());
      expect(watched.errors).toHaveLength(1);
      expectNoMarker(await watched.told());
    }
  });
});
