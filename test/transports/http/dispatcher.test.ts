import { Agent, MockAgent, Pool, ProxyAgent } from 'undici';
import type { Dispatcher } from 'undici';

import { HttpTransport, MCPClient, MCPTransportError, SseTransport } from '../../../src/index.js';
import type { HttpTransportOptions } from '../../../src/index.js';
import { request } from '../../support/http-link.js';
import { httpScene } from '../../support/http-scene.js';
import { legacyServer, modernServer } from '../../support/servers/http-server.js';
import { errorFrom } from '../../support/outcomes.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';
import { ProxyServer } from '../../support/servers/proxy-server.js';
import { CA, identity } from '../../support/servers/tls.js';

const { endLater, open, serve } = httpScene();

async function serveProxy(): Promise<ProxyServer> {
  const proxy = await ProxyServer.start();
  endLater(() => proxy.close());
  return proxy;
}

function keep<Kind extends Dispatcher>(dispatcher: Kind): Kind {
  endLater(() => dispatcher.destroy());
  return dispatcher;
}

/** Uses a server in a session with a stream, twice over, and ends both. */
async function useTwice(url: string, dispatcher: Dispatcher): Promise<void> {
  for (let time = 1; time <= 2; time += 1) {
    await using client = await MCPClient.connect(new HttpTransport(url, { dispatcher }));
    const progress: unknown[] = [];
    await client.callTool('work', {}, { onProgress: (news) => progress.push(news.progress) });
    expect(progress).toEqual([1]);
  }
}

/** A legacy server with a session, whose calls are answered on streams. */
const streaming = legacyServer(
  (visit) => {
    const { method, params } = visit.message;
    if (method !== 'tools/call') return false;
    const progressToken = params?._meta?.progressToken;
    visit.stream().event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: 1 } });
    visit.resultEvent({ content: [] }).end();
    return true;
  },
  { sessionId: 's1' },
);

describe('a dispatcher that was given carries all requests, and is left alone', () => {
  test.each<[string, (url: string) => Dispatcher]>([
    ['an Agent', () => new Agent()],
    ['a Pool', (url) => new Pool(new URL(url).origin)],
    [
      'one with interceptors',
      () => new Agent().compose((dispatch) => (options, handler) => dispatch(options, handler)),
    ],
  ])('that is %s', async (_, make) => {
    const server = await serve(streaming);
    const dispatcher = keep(make(server.url));
    const [close, destroy] = [jest.spyOn(dispatcher, 'close'), jest.spyOn(dispatcher, 'destroy')];
    await useTwice(server.url, dispatcher);
    expect(close).not.toHaveBeenCalled();
    expect(destroy).not.toHaveBeenCalled();
    expect(server.visits.filter(({ method }) => method === 'DELETE')).toHaveLength(2);
  });

  test.each([
    ['a tunnel', true, 'http'],
    ['a tunnel, with TLS inside,', true, 'https'],
    ['requests passed on', false, 'http'],
  ])('that is a ProxyAgent, by %s', async (_, proxyTunnel, scheme) => {
    const server = await serve(streaming, 0, scheme === 'https' ? identity('server') : undefined);
    const proxy = await serveProxy();
    const dispatcher = keep(new ProxyAgent({ uri: proxy.url, proxyTunnel, requestTls: { ca: CA } }));
    const [close, destroy] = [jest.spyOn(dispatcher, 'close'), jest.spyOn(dispatcher, 'destroy')];
    await useTwice(server.url, dispatcher);
    expect(close).not.toHaveBeenCalled();
    expect(destroy).not.toHaveBeenCalled();
    const visits = server.visits.map(({ method }) => `${method} ${server.url}`);
    if (proxyTunnel) expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT ${new URL(server.url).host}`]));
    else expect(proxy.asked).toEqual(visits);
    expect(visits.filter((visit) => visit.startsWith('DELETE'))).toHaveLength(2);
  });
});

describe('a proxy', () => {
  test.each(['407 Proxy Authentication Required', '502 Bad Gateway'])(
    'that opens no tunnel, because of %s, is named in the error, and nothing was sent',
    async (refusal) => {
      const server = await serve(modernServer(() => false));
      const proxy = await serveProxy();
      proxy.refusal = refusal;
      const dispatcher = keep(new ProxyAgent(proxy.url));
      const error = await errorFrom(MCPClient.connect(new HttpTransport(server.url, { dispatcher })));
      expect(error).toBeInstanceOf(MCPTransportError);
      expect(error).toMatchObject({ code: 'MCP_TRANSPORT_FAILED', delivery: 'not-sent' });
      expect(error.message).toMatch(new RegExp(`proxy.*${refusal.slice(0, 3)}`, 'i'));
      expect(server.visits).toEqual([]);
    },
  );

  test('that is not there is like a server that is not there', async () => {
    const server = await serve(modernServer(() => false));
    const proxy = await ProxyServer.start();
    const { url } = proxy;
    await proxy.close();
    const dispatcher = keep(new ProxyAgent(url));
    const error = await errorFrom(MCPClient.connect(new HttpTransport(server.url, { dispatcher })));
    expect(error).toMatchObject({ delivery: 'not-sent', details: { reason: 'ECONNREFUSED' } });
    expect(server.visits).toEqual([]);
  });
});

describe('a dispatcher that answers by itself', () => {
  const ORIGIN = 'http://mock.invalid';

  function mocked(): { agent: MockAgent; options: HttpTransportOptions } {
    const agent = new MockAgent();
    endLater(() => agent.close());
    agent.disableNetConnect();
    return { agent, options: { dispatcher: agent } };
  }

  /** Answers each POST as a server would: at once, before `dispatch` has returned. */
  function answerWith(agent: MockAgent, script: (message: { id?: unknown; method: string }) => unknown): void {
    const type = { 'content-type': 'application/json' };
    agent
      .get(ORIGIN)
      .intercept({ path: '/mcp', method: 'POST' })
      .reply(({ body }) => {
        const message = JSON.parse(body as string) as { id?: unknown; method: string };
        if (message.id === undefined) return { statusCode: 202, data: '' };
        const data = JSON.stringify({ jsonrpc: '2.0', id: message.id, ...(script(message) as object) });
        return { statusCode: 200, data, responseOptions: { headers: type } };
      })
      .persist();
  }

  test('makes a client work without a network', async () => {
    const { agent, options } = mocked();
    const info = {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'mock', version: '1' },
    };
    answerWith(agent, ({ method }) => {
      if (method === 'initialize') return { result: info };
      if (method === 'tools/call') return { result: { content: [{ type: 'text', text: 'mocked' }] } };
      return { error: { code: -32_601, message: 'no' } };
    });
    agent.get(ORIGIN).intercept({ path: '/mcp', method: 'GET' }).reply(405).persist();
    await using client = await MCPClient.connect(new HttpTransport(`${ORIGIN}/mcp`, options));
    expect(await client.callTool('work')).toEqual({ content: [{ type: 'text', text: 'mocked' }] });
  });

  test.each([
    ['a status', 503, {}, '', { code: 'MCP_HTTP_STATUS', delivery: 'answered' }],
    ['half a body', 200, { 'content-type': 'application/json' }, '{"jsonrpc"', { code: 'MCP_INVALID_JSON' }],
    ['a stream without the answer', 200, { 'content-type': 'text/event-stream' }, ': \n\n', { delivery: 'unknown' }],
    ['a redirect elsewhere', 307, { location: 'http://else.invalid/' }, '', { code: 'MCP_REDIRECT_REFUSED' }],
    ['no session', 404, {}, '', { code: 'MCP_HTTP_STATUS' }],
    ['a question of who asks', 401, {}, '', { code: 'MCP_AUTHENTICATION_REQUIRED' }],
  ])(
    'with %s makes a request fail, and a notification that cannot be taken',
    async (_, status, headers, body, expected) => {
      const { agent, options } = mocked();
      agent.get(ORIGIN).intercept({ path: '/mcp', method: 'POST' }).reply(status, body, { headers }).persist();
      const opened = await open(`${ORIGIN}/mcp`, options);
      expect(await opened.failureOf(request(1, 'ping'))).toMatchObject(expected);
      if (status < 300) return;
      expect(await opened.failureOf({ jsonrpc: '2.0', method: 'notifications/cancelled' })).toMatchObject(expected);
    },
  );

  test('with an error, or because nothing was agreed on, makes a request fail as one that was not sent', async () => {
    const { agent, options } = mocked();
    agent.get(ORIGIN).intercept({ path: '/mcp', method: 'POST' }).replyWithError(new Error('no route'));
    const opened = await open(`${ORIGIN}/mcp`, options);
    for (const said of ['no route', 'Mock dispatch not matched']) {
      const failure = await opened.failureOf(request(1, 'ping'));
      expect(failure).toMatchObject({ code: 'MCP_TRANSPORT_FAILED', delivery: 'not-sent' });
      expect(failure.message).toContain(said);
    }
  });

  test('serves HTTP+SSE, too', async () => {
    const { agent, options } = mocked();
    agent
      .get(ORIGIN)
      .intercept({ path: '/sse', method: 'GET' })
      .reply(200, 'event: endpoint\ndata: http://else.invalid/\n\n', {
        headers: { 'content-type': 'text/event-stream' },
      });
    const transport = new SseTransport(`${ORIGIN}/sse`, undefined, options);
    const error = await errorFrom(MCPClient.connect(transport));
    expect(error).toMatchObject({ code: 'MCP_REDIRECT_REFUSED' });
  });
});

test('a dispatcher that its owner has closed sends nothing, and the error says so', async () => {
  const server = await serve(modernServer(() => false));
  const dispatcher = new Agent();
  await dispatcher.close();
  const error = await errorFrom(MCPClient.connect(new HttpTransport(server.url, { dispatcher })));
  expect(error).toMatchObject({
    code: 'MCP_TRANSPORT_FAILED',
    delivery: 'not-sent',
    message: expect.stringContaining('destroyed') as string,
  });
});

describe('a dispatcher that ends a response before its head', () => {
  interface Handler {
    onRequestStart(controller: object): void;
    onResponseStart(controller: object, status: number, headers: object): void;
    onResponseData(controller: object, bytes: Buffer): void;
    onResponseEnd(controller: object): void;
  }

  /** Responds to a POST with this text of an event stream, or with nothing, and to a GET with nothing. */
  function endEarly(stream?: string): {
    readonly methods: string[];
    dispatch(options: object, handler: object): boolean;
  } {
    const methods: string[] = [];
    return {
      methods,
      dispatch: (options, handler) => {
        const { method } = options as { readonly method: string };
        const given = handler as Handler;
        const controller = { abort: () => undefined };
        methods.push(method);
        given.onRequestStart(controller);
        if (method === 'POST' && stream !== undefined) {
          given.onResponseStart(controller, 200, { 'content-type': 'text/event-stream' });
          given.onResponseData(controller, Buffer.from(stream));
        }
        given.onResponseEnd(controller);
        return true;
      },
    };
  }

  test('does not keep a request waiting', async () => {
    const opened = await open('http://localhost/mcp', { dispatcher: endEarly() });
    expect(await opened.failureOf(request(1, 'ping'))).toMatchObject({ code: 'MCP_STREAM_BROKEN' });
  });

  test('is asked six times for the rest of a stream', async () => {
    const environment = new SimulatedEnvironment();
    const dispatcher = endEarly('id: e-1\n\n');
    const opened = await open('http://localhost/mcp', { dispatcher }, environment);
    const failure = opened.failureOf(request(1, 'ping'));
    await environment.advance(300_000);
    expect(await failure).toMatchObject({ code: 'MCP_STREAM_BROKEN' });
    expect(dispatcher.methods).toEqual(['POST', ...Array.from({ length: 6 }, () => 'GET')]);
  });
});
