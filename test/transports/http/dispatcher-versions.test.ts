import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import type { Dispatcher } from 'undici';

import { HttpTransport, MCPClient, SseTransport } from '../../../src/index.js';
import { compiled } from '../../support/compiled.js';
import { request } from '../../support/http-link.js';
import { httpScene } from '../../support/http-scene.js';
import { legacyServer } from '../../support/servers/http-server.js';
import { LinkRecorder } from '../../support/link-recorder.js';
import { ProxyServer } from '../../support/servers/proxy-server.js';
import { SseServer } from '../../support/servers/sse-server.js';
import { CA, identity } from '../../support/servers/tls.js';
import { RUNS_UNDICI_8, undiciVersion } from '../../support/servers/undici-versions.js';

const { endLater, open, serve } = httpScene();

function keep<Kind extends Dispatcher>(dispatcher: Kind): Kind {
  endLater(() => dispatcher.destroy());
  return dispatcher;
}

/** A legacy server with a session, whose calls are answered on streams; those of the tool `hang` never. */
const streaming = legacyServer(
  (visit) => {
    const { method, params } = visit.message;
    if (method !== 'tools/call') return false;
    const progressToken = params?._meta?.progressToken;
    visit.stream().event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: 1 } });
    if (params?.name !== 'hang') visit.resultEvent({ content: [] }).end();
    return true;
  },
  { sessionId: 's-1' },
);

const VERSIONS = ([5, 6, 7, 8] as const).filter((version) => version < 8 || RUNS_UNDICI_8);

describe.each(VERSIONS)('pain 35: "my own dispatcher breaks the client", of undici %i', (version) => {
  const undici = undiciVersion(version);

  const KINDS: [string, (url: string) => Dispatcher][] = [
    ['an Agent', () => new undici.Agent()],
    ['an Agent for HTTP/2 and 1', () => new undici.Agent({ allowH2: true })],
    ['a Pool', (url) => new undici.Pool(new URL(url).origin)],
    ['a BalancedPool', (url) => new undici.BalancedPool(new URL(url).origin)],
    ['the global one', () => undici.getGlobalDispatcher()],
    [
      'an object of the user around an Agent',
      () => {
        const agent = keep(new undici.Agent());
        const dispatch: Dispatcher['dispatch'] = (options, handler) => agent.dispatch(options, handler);
        return { dispatch, destroy: () => Promise.resolve() } as unknown as Dispatcher;
      },
    ],
  ];
  if (version >= 6) {
    KINDS.push(
      ['a RetryAgent', () => new undici.RetryAgent(keep(new undici.Agent()))],
      [
        'one with interceptors',
        () =>
          new undici.Agent().compose(undici.interceptors.retry(), undici.interceptors.redirect({ maxRedirections: 3 })),
      ],
    );
  }

  test.each(KINDS)('that is %s carries a whole session, with a stream', async (_kind, make) => {
    const server = await serve(streaming);
    const dispatcher = make(server.url);
    if (dispatcher !== undici.getGlobalDispatcher()) keep(dispatcher);
    const client = await MCPClient.connect(new HttpTransport(server.url, { dispatcher }));
    endLater(() => client.close());
    const progress: unknown[] = [];
    expect(await client.callTool('work', {}, { onProgress: (news) => progress.push(news.progress) })).toEqual({
      content: [],
    });
    expect(progress).toEqual([1]);
    await client.close();
    await server.until(() => server.visits.some(({ method }) => method === 'DELETE'));
    const sessions = server.visits.slice(2).map(({ headers }) => headers['mcp-session-id']);
    expect(new Set(sessions)).toEqual(new Set(['s-1']));
  });

  test('closes the stream of a call that is aborted', async () => {
    const server = await serve(streaming);
    const dispatcher = keep(new undici.Agent());
    const client = await MCPClient.connect(new HttpTransport(server.url, { dispatcher }));
    endLater(() => client.close());
    const controller = new AbortController();
    const reason = new Error('enough');
    const onProgress = (): void => {
      controller.abort(reason);
    };
    await expect(client.callTool('hang', {}, { signal: controller.signal, onProgress })).rejects.toBe(reason);
    await server.asked('tools/call')[0]?.closed();
    expect(await client.callTool('work')).toEqual({ content: [] });
  });

  test('says of a server that is not there that nothing was sent, and of one that resets that it may have been', async () => {
    const server = await serve((visit) => {
      visit.reset();
    });
    const dispatcher = keep(new undici.Agent());
    const opened = await open(server.url, { dispatcher });
    expect(await opened.failureOf(request(1, 'ping'))).toMatchObject({
      code: 'MCP_TRANSPORT_FAILED',
      delivery: 'unknown',
    });
    await server.close();
    expect(await opened.failureOf(request(2, 'ping'))).toMatchObject({
      code: 'MCP_TRANSPORT_FAILED',
      delivery: 'not-sent',
      details: { reason: 'ECONNREFUSED' },
    });
  });

  test('hands on headers that come several times, and refusals with their reasons', async () => {
    const server = await serve((visit) => {
      if (visit.message.id === 1) {
        visit.status(401, { 'WWW-Authenticate': ['Basic realm="a"', 'Bearer scope="files"'] as unknown as string });
      } else visit.response.writeHead(400, { 'Content-Type': 'text/plain' }).end('no thanks');
    });
    const opened = await open(server.url, { dispatcher: keep(new undici.Agent()) });
    expect(await opened.failureOf(request(1, 'ping'))).toMatchObject({
      code: 'MCP_AUTHENTICATION_REQUIRED',
      details: { requiredScope: 'files' },
    });
    expect(await opened.failureOf(request(2, 'ping'))).toMatchObject({ details: { reason: 'no thanks' } });
  });

  test('may be a ProxyAgent that opens a tunnel for TLS', async () => {
    const server = await serve(streaming, 0, identity('server'));
    const proxy = await ProxyServer.start();
    endLater(() => proxy.close());
    const dispatcher = keep(new undici.ProxyAgent({ uri: proxy.url, requestTls: { ca: CA } }));
    await using client = await MCPClient.connect(new HttpTransport(server.url, { dispatcher }));
    expect(await client.callTool('work')).toEqual({ content: [] });
    expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT ${new URL(server.url).host}`]));
  });

  test('may be a MockAgent, which answers before dispatch returns', async () => {
    const agent = new undici.MockAgent();
    endLater(() => agent.close());
    agent.disableNetConnect();
    agent
      .get('http://mock.invalid')
      .intercept({ path: '/mcp', method: 'POST' })
      .reply(200, '{"jsonrpc":"2.0","id":1,"result":{}}', { headers: { 'content-type': 'application/json' } });
    const opened = await open('http://mock.invalid/mcp', { dispatcher: agent });
    await opened.link.send(request(1, 'ping'));
    expect(opened.recorder.messages).toEqual([{ jsonrpc: '2.0', id: 1, result: {} }]);
    expect(await opened.failureOf(request(2, 'ping'))).toMatchObject({
      code: 'MCP_TRANSPORT_FAILED',
      delivery: 'not-sent',
    });
  });

  test('carries HTTP+SSE', async () => {
    const server = await SseServer.start({
      serve: ({ id }, stream) => {
        stream.event({ jsonrpc: '2.0', id, result: {} });
      },
    });
    endLater(() => server.close());
    const transport = new SseTransport(server.url, undefined, { dispatcher: keep(new undici.Agent()) });
    const recorder = new LinkRecorder();
    const link = await transport.openLink(recorder.events, new AbortController().signal);
    endLater(() => transport.closeLink());
    await link.send(request(1, 'ping'));
    await recorder.until(() => recorder.messages.length > 0);
    await transport.closeLink();
    await server.stream.closed();
  });
});

test('the dispatcher of Node itself carries a whole session', async () => {
  const server = await serve(streaming);
  // In a process of its own: whoever loads undici first, Node or a package, makes the dispatcher that all of them find.
  const program = `
    const found = async () => {
      await fetch(${JSON.stringify(`${server.origin}/fetched`)}).catch(() => undefined);
      return globalThis[Symbol.for('undici.globalDispatcher.2')] ?? globalThis[Symbol.for('undici.globalDispatcher.1')];
    };
    void found().then(async (dispatcher) => {
      const { HttpTransport, MCPClient } = require(${JSON.stringify(compiled('index'))});
      const client = await MCPClient.connect(new HttpTransport(${JSON.stringify(server.url)}, { dispatcher }));
      const progress = [];
      await client.callTool('work', {}, { onProgress: (news) => progress.push(news.progress) });
      await client.close();
      console.log(JSON.stringify(progress));
      process.exit();
    });
  `;
  const child = spawn(process.execPath, ['--eval', program], {
    env: { ...process.env, NODE_PATH: path.resolve(__dirname, '../../../node_modules') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (text: Buffer) => (printed += text.toString()));
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(printed).toBe('[1]\n');
  expect(server.visits.filter(({ path: asked }) => asked === '/fetched')).toHaveLength(1);
  expect(server.visits.at(-1)?.method).toBe('DELETE');
}, 60_000);

test('something that is no dispatcher is refused, and the message says what is wanted', () => {
  const make = (): unknown => new HttpTransport('http://a.invalid', { dispatcher: {} as Dispatcher });
  expect(make).toThrow(
    'dispatcher must be a dispatcher of undici 5 or later, such as an Agent or a ProxyAgent, got an object',
  );
});
