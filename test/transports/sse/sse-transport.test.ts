import { inspect } from 'node:util';
import { SseTransport } from '../../../src/transports/sse/sse-transport.js';
import type { SseTransportOptions } from '../../../src/transports/sse/sse-transport.js';
import type { Link } from '../../../src/transports/link.js';
import type { JSONRPCMessage } from '../../../src/protocol/messages/json-rpc.js';
import type { HttpVisit } from '../../support/servers/http-server.js';
import { LinkRecorder } from '../../support/link-recorder.js';
import { errorThrownBy } from '../../support/outcomes.js';
import { SseServer, welcome } from '../../support/servers/sse-server.js';
import type { SseBehaviour } from '../../support/servers/sse-server.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';
import { transportContract } from '../contract.js';

transportContract(
  'SseTransport',
  async () => {
    const { serve } = await import('../../fixtures/contract-peer.mjs');
    const server = await SseServer.start({
      serve: (message, stream) => {
        serve(message, {
          send: (answer) => stream.event(answer),
          close: () => {
            stream.end();
          },
        });
      },
    });
    return { transport: new SseTransport(server.url), dispose: () => server.close() };
  },
  { ordered: false },
);

const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' } as const;

function ask(id: number | string, method = 'ping'): JSONRPCMessage {
  return { jsonrpc: '2.0', id, method };
}

function methods(visits: readonly HttpVisit[]): string[] {
  return visits.map(({ message }) => message.method ?? 'answer');
}

describe('constructing an SseTransport', () => {
  test('what it was given can be read, and does not change with what the caller does afterwards', () => {
    const headers = { 'X-Key': 'one' };
    const transport = new SseTransport('http://a.invalid/sse', new URL('http://a.invalid/post#part'), {
      headers,
      timeout: 5_000,
    });
    headers['X-Key'] = 'two';
    expect(transport).toMatchObject({
      sseUrl: 'http://a.invalid/sse',
      postUrl: 'http://a.invalid/post',
      headers: { 'X-Key': 'one' },
      timeout: 5_000,
      framing: 'shared',
      connected: false,
    });
    expect(new SseTransport(new URL('https://a.invalid'))).toMatchObject({
      sseUrl: 'https://a.invalid/',
      postUrl: undefined,
      headers: {},
      timeout: 30_000,
    });
  });

  test('printing it shows no header and no password', () => {
    const transport = new SseTransport('http://me:hunter22@a.invalid/', undefined, { headers: { key: 'hunter22' } });
    expect(inspect(transport, { depth: 10, showHidden: true })).not.toContain('hunter22');
    expect(JSON.stringify(transport)).not.toContain('hunter22');
  });

  test.each<[field: string, received: string, args: unknown[]]>([
    ['sseUrl', 'undefined', []],
    ['sseUrl', 'a string', ['not a url']],
    ['sseUrl', 'a string', ['ws://a.invalid']],
    ['postUrl', 'a string', ['http://a.invalid', '/post']],
    ['postUrl', 'an object', ['http://a.invalid', {}]],
    ['options', 'null', ['http://a.invalid', undefined, null]],
    ['headers.Key', 'a string', ['http://a.invalid', undefined, { headers: { Key: 'hunter22\n' } }]],
    ['timeout', '0', ['http://a.invalid', undefined, { timeout: 0 }]],
    ['auth', 'a function', ['http://a.invalid', undefined, { auth: () => 'token' }]],
    ['dispatcher', 'an object', ['http://a.invalid', undefined, { dispatcher: {} }]],
    ['limits.maxMessageBytes', '-1', ['http://a.invalid', undefined, { limits: { maxMessageBytes: -1 } }]],
  ])('refuses a wrong %s at once: %s', (field, received, args) => {
    const error = errorThrownBy(() => Reflect.construct(SseTransport, args) as unknown);
    expect(error).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field, received } });
    expect(error.message).toContain(`SseTransport: ${field} must be `);
    expect(error.message).not.toContain('hunter22');
  });
});

describe('an SseTransport', () => {
  let server: SseServer | undefined;
  let transport: SseTransport | undefined;
  const recorder = (): LinkRecorder => new LinkRecorder();
  /** Its link never waits for long enough to post more than usual, however slow the machine is. */
  const timeless = (): LinkRecorder => new LinkRecorder(new SimulatedEnvironment());

  afterEach(async () => {
    await transport?.closeLink();
    await server?.close();
    server = transport = undefined;
  });

  async function start(behaviour?: SseBehaviour): Promise<SseServer> {
    return (server = await SseServer.start(behaviour));
  }

  async function open(
    url: string,
    options?: SseTransportOptions,
    heard = recorder(),
    postUrl?: string,
  ): Promise<{ link: Link; heard: LinkRecorder; transport: SseTransport }> {
    transport = new SseTransport(url, postUrl, options);
    const link = await transport.openLink(heard.events, new AbortController().signal);
    return { link, heard, transport };
  }

  /** What opening fails with. */
  async function refusal(url: string, options?: SseTransportOptions, heard = recorder()): Promise<unknown> {
    const thrown: unknown = await open(url, options, heard).then(
      () => 'it opened',
      (error: unknown) => error,
    );
    await transport?.closeLink();
    expect(heard.log).toEqual([]);
    expect(heard.timers.size).toBe(0);
    return thrown;
  }

  describe('opening', () => {
    test.each([
      ['a path', '/post?session=1', '/post?session=1'],
      ['a path beside the stream', 'post', '/deep/post'],
      ['a query', '?session=1', '/deep/sse?session=1'],
      ['a whole URL', 'ORIGIN/post', '/post'],
      ['a whole URL with credentials and a fragment', 'CREDENTIALS/post#part', '/post'],
    ])('posts to what the server named: %s', async (_, endpoint, path) => {
      const { http } = await start({
        greet: (visit) => {
          const origin = `http://${visit.headers.host ?? ''}`;
          const named = endpoint.replace('ORIGIN', origin).replace('CREDENTIALS', origin.replace('//', '//me:pw@'));
          welcome(visit, named);
        },
      });
      const { link, transport } = await open(`${http.origin}/deep/sse`);
      expect(transport.postUrl).toBe(`${http.origin}${path}`);
      await link.send(ask(1));
      expect(server?.posts.map((visit) => visit.path)).toEqual([path]);
      expect(server?.posts[0]?.headers).not.toHaveProperty('authorization');
      await transport.closeLink();
      expect(transport.postUrl).toBeUndefined();
    });

    test.each([
      ['another host', 'https://elsewhere.invalid/post', 'https://elsewhere.invalid'],
      ['another port', 'http://127.0.0.1:1/post', 'http://127.0.0.1:1'],
      ['another protocol', 'file:///etc/passwd', 'file:'],
      ['no protocol', '//elsewhere.invalid/post', 'http://elsewhere.invalid'],
    ])('is refused when the server names an endpoint at another origin: %s', async (_, endpoint, to) => {
      const { http, url } = await start({
        greet: (visit) => {
          welcome(visit, endpoint);
        },
      });
      expect(await refusal(url)).toMatchObject({
        kind: 'transport',
        code: 'MCP_REDIRECT_REFUSED',
        delivery: 'not-sent',
        message: `${http.origin} wants messages posted to another origin, ${to}, which is refused`,
        details: { from: http.origin, to },
      });
    });

    test('is refused when the endpoint is no URL, or another event comes first', async () => {
      await start({
        greet: (visit) => {
          welcome(visit, 'http://[');
        },
      });
      expect(await refusal(server?.url ?? '')).toMatchObject({
        code: 'MCP_INVALID_MESSAGE',
        message: expect.stringContaining('named an endpoint that is no URL') as string,
      });
      await server?.close();
      await start({ greet: (visit) => visit.stream().event({ jsonrpc: '2.0', method: 'notifications/message' }) });
      expect(await refusal(server?.url ?? '')).toMatchObject({
        kind: 'protocol',
        code: 'MCP_INVALID_MESSAGE',
        delivery: 'not-sent',
        message: expect.stringContaining('began with the event "message"; HTTP+SSE begins with') as string,
      });
    });

    test.each<[string, (visit: HttpVisit) => void, object]>([
      [
        'a status',
        (visit) => {
          visit.status(500, { 'content-type': 'text/html', 'retry-after': '7' });
        },
        {
          kind: 'transport',
          code: 'MCP_HTTP_STATUS',
          errorCode: 500,
          details: { status: 500, contentType: 'text/html', retryAfter: 7_000 },
        },
      ],
      [
        'status 405, as of a server that has no streams',
        (visit) => {
          visit.status(405);
        },
        { code: 'MCP_HTTP_STATUS', errorCode: 405 },
      ],
      [
        'status 401 with a challenge',
        (visit) => {
          visit.status(401, { 'www-authenticate': 'Bearer scope="a b", resource_metadata="https://a.invalid/m"' });
        },
        {
          kind: 'authentication',
          code: 'MCP_AUTHENTICATION_REQUIRED',
          errorCode: 401,
          details: { status: 401, requiredScope: 'a b', resourceMetadata: 'https://a.invalid/m' },
        },
      ],
      [
        'something else than a stream',
        (visit) => {
          visit.json({});
        },
        { code: 'MCP_HTTP_STATUS', message: expect.stringContaining('the content type "application/json"') as string },
      ],
      [
        'a stream that ends',
        (visit) => {
          visit.stream().end();
        },
        { code: 'MCP_STREAM_BROKEN', message: expect.stringMatching(/^The stream of .* ended$/) as string },
      ],
      [
        'half an event',
        (visit) => {
          visit.stream().response.end('event: endpoint\ndata: /post\n');
        },
        { code: 'MCP_STREAM_BROKEN', message: expect.stringContaining('ended in the middle of an event') as string },
      ],
      [
        'a reset connection',
        (visit) => {
          visit.reset();
        },
        { code: 'MCP_TRANSPORT_FAILED' },
      ],
      [
        'a redirect to another origin',
        (visit) => {
          visit.status(307, { location: 'https://elsewhere.invalid/sse' });
        },
        { code: 'MCP_REDIRECT_REFUSED', details: { to: 'https://elsewhere.invalid' } },
      ],
    ])('fails with what the server answers: %s', async (_, greet, expected) => {
      const { url } = await start({ greet });
      expect(await refusal(url)).toMatchObject({ delivery: 'not-sent', ...expected });
    });

    test('fails at once when no server listens on the port', async () => {
      const { url } = await start();
      await server?.close();
      expect(await refusal(url)).toMatchObject({
        kind: 'transport',
        code: 'MCP_TRANSPORT_FAILED',
        delivery: 'not-sent',
        message: expect.stringContaining('ECONNREFUSED') as string,
      });
    });

    test('takes no longer than its timeout when the endpoint is not named, and leaves no connection', async () => {
      const { url, http } = await start({ greet: (visit) => visit.stream().response.write(': wait for it\n\n') });
      expect(await refusal(url, { timeout: 100 })).toMatchObject({
        kind: 'timeout',
        code: 'MCP_TIMEOUT',
        details: { phase: 'connecting', timeout: 100 },
      });
      await http.visits[0]?.closed();
    });

    test('an abort leaves no connection', async () => {
      const { url, http } = await start({ greet: (visit) => visit.stream() });
      const controller = new AbortController();
      transport = new SseTransport(url);
      const opening = transport.openLink(recorder().events, controller.signal);
      const outcome = expect(opening).rejects.toBe('enough');
      await http.until(() => http.visits.length > 0);
      controller.abort('enough');
      await outcome;
      await http.visits[0]?.closed();
    });

    test('follows redirects at the same origin, and the endpoint is relative to where they lead', async () => {
      const { http } = await start({
        greet: (visit) => {
          if (visit.path === '/') visit.status(302, { location: '/deep/sse' });
          else welcome(visit, 'post');
        },
      });
      const { transport } = await open(http.origin);
      expect(transport.postUrl).toBe(`${http.origin}/deep/post`);
      expect(transport.sseUrl).toBe(`${http.origin}/`);
    });

    test('with a postUrl waits for no endpoint, and minds none', async () => {
      const { http, url } = await start({
        greet: (visit) => {
          visit.stream();
          if (visit.path !== '/sse') welcome(visit, 'https://elsewhere.invalid/');
        },
      });
      const { link, heard, transport } = await open(url, {}, recorder(), `${http.origin}/mine`);
      expect(transport.postUrl).toBe(`${http.origin}/mine`);
      server?.stream.response.write('event: endpoint\ndata: https://elsewhere.invalid/\n\n');
      server?.stream.event(ask('s'));
      await heard.until(() => heard.log.length > 0);
      await link.send(ask(1));
      expect(server?.posts.map(({ path }) => path)).toEqual(['/mine']);
      expect(heard.log).toEqual([{ type: 'message', message: ask('s') }]);
    });
  });

  describe('what goes with each request', () => {
    test('are the headers of the user, which cannot replace those of the protocol', async () => {
      const { url } = await start();
      const headers = { 'X-Key': 'mine', Accept: 'text/plain', 'content-type': 'text/plain' };
      const { link } = await open(url, { headers });
      await link.send(ask(1));
      expect(server?.stream.headers).toMatchObject({ 'x-key': 'mine', accept: 'text/event-stream' });
      expect(server?.posts[0]?.headers).toMatchObject({ 'x-key': 'mine', 'content-type': 'application/json' });
      expect(server?.posts[0]?.headers.accept).not.toContain('text/plain');
    });

    test('is a token, which is read again for each request', async () => {
      const { url } = await start();
      let asked = 0;
      const { link } = await open(url, { auth: { token: async () => `t${(asked += 1)}` } });
      await link.send(ask(1));
      await link.send(ask(2));
      const visits = [server?.stream, ...(server?.posts ?? [])];
      expect(visits.map((visit) => visit?.headers.authorization)).toEqual(['Bearer t1', 'Bearer t2', 'Bearer t3']);
    });

    test('the credentials of the URL go to its origin and to no other', async () => {
      const elsewhere = await SseServer.start();
      try {
        const { url } = await start();
        const own = url.replace('//', '//me:p%40ss@');
        const { link, heard, transport } = await open(own);
        await link.send(ask(1));
        const basic = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
        expect(server?.stream.headers.authorization).toBe(basic);
        expect(server?.posts[0]?.headers.authorization).toBe(basic);
        expect(heard.log).toEqual([]);
        await transport.closeLink();
        const second = await open(own, {}, recorder(), `${elsewhere.http.origin}/post`);
        await second.link.send(ask(1));
        expect(elsewhere.posts).toHaveLength(1);
        expect(elsewhere.posts[0]?.headers).not.toHaveProperty('authorization');
      } finally {
        await transport?.closeLink();
        await elsewhere.close();
      }
    });

    test.each([
      ['2024-11-05', undefined],
      ['2025-06-18', '2025-06-18'],
    ])('the revision, once it is agreed on, if that is one that wants it: %s', async (protocolVersion, header) => {
      const { url } = await start();
      const { link } = await open(url);
      await link.send(ask(1, 'initialize'));
      link.established?.({ era: 'legacy', protocolVersion });
      await link.send(ask(2));
      expect(server?.posts.map(({ headers }) => headers['mcp-protocol-version'])).toEqual([undefined, header]);
    });
  });

  describe('messages of the server', () => {
    test('events of other kinds, comments and events without data are none, and junk is reported', async () => {
      const { url } = await start();
      const { heard } = await open(url);
      const { response } = (server as SseServer).stream;
      response.write(': ping\n\nevent: ping\ndata: {}\n\ndata:\n\nid: 4\n\n');
      response.write('data: hunter22 {\n\nevent: endpoint\ndata: /other\n\n');
      response.write(`data: ${JSON.stringify([ask('s')])}\n\n`);
      await heard.until(() => heard.log.length > 1);
      expect(heard.problems).toMatchObject([{ kind: 'protocol', code: 'MCP_INVALID_JSON' }]);
      expect(JSON.stringify(heard.problems)).not.toContain('hunter22');
      expect(heard.messages).toEqual([[ask('s')]]);
    });

    test('a message over the limit is discarded and reported with its size, and the stream goes on', async () => {
      const { url } = await start();
      const { heard } = await open(url, { limits: { maxMessageBytes: 1_000 } });
      server?.stream.event({ jsonrpc: '2.0', id: 5, result: { text: 'x'.repeat(2_000) } }).event(ask('s'));
      await heard.until(() => heard.log.length > 1);
      expect(heard.problems).toMatchObject([
        {
          code: 'MCP_MESSAGE_TOO_LARGE',
          delivery: 'answered',
          details: { field: 'limits.maxMessageBytes', limit: 1_000, received: 2_053, requestId: 5 },
        },
      ]);
      expect(heard.messages).toEqual([ask('s')]);
    });
  });

  test('an event that never ends is reported when it is far longer than the limit', async () => {
    const { url } = await start();
    const { heard } = await open(url, { limits: { maxMessageBytes: 1_000 } });
    const { response } = (server as SseServer).stream;
    response.write(`data: {"jsonrpc":"2.0","id":5,"result":{"text":"${'x'.repeat(2_000_000)}`);
    await heard.until(() => heard.log.length > 0);
    expect(heard.problems).toMatchObject([{ code: 'MCP_MESSAGE_TOO_LARGE', details: { requestId: 5 } }]);
  });

  describe('losing the stream', () => {
    test.each<[string, (visit: HttpVisit) => void, string]>([
      [
        'it ends',
        (visit) => {
          visit.end();
        },
        'ended',
      ],
      [
        'it ends within an event',
        (visit) => {
          visit.response.end('data: {"jsonrpc":"2.0","id":1,"result":{}}\n');
        },
        'ended in the middle of an event',
      ],
      [
        'its connection is reset',
        (visit) => {
          visit.reset();
        },
        'broke off',
      ],
    ])('ends the link at once: %s', async (_, cut, how) => {
      const { url } = await start();
      const { link, heard, transport } = await open(url);
      await link.send(ask(1));
      cut((server as SseServer).stream);
      expect(await heard.untilClosed(2_000)).toMatchObject({
        kind: 'transport',
        code: 'MCP_STREAM_BROKEN',
        message: expect.stringContaining(how) as string,
        details: { url },
      });
      expect(heard.messages).toEqual([]);
      expect(transport.connected).toBe(false);
      await expect(link.send(ask(2))).rejects.toMatchObject({ code: 'MCP_STREAM_BROKEN', delivery: 'not-sent' });
    });

    test('what was posted may have arrived, and what waited has not', async () => {
      const { url, http } = await start({ accept: () => undefined });
      const { link, heard } = await open(url);
      const fates = [initialized, ask(1), ask(2), ask(3)].map(async (message) =>
        link.send(message)?.catch((reason: unknown) => reason),
      );
      await http.until(() => server?.posts.length === 1);
      server?.stream.end();
      const outcomes = await Promise.all(fates);
      expect(outcomes).toMatchObject([
        { code: 'MCP_STREAM_BROKEN', delivery: 'unknown' },
        { delivery: 'not-sent' },
        { delivery: 'not-sent' },
        { delivery: 'not-sent' },
      ]);
      await heard.untilClosed();
    });
  });

  describe('posting', () => {
    test('nothing follows `notifications/initialized` before that is answered', async () => {
      const held: HttpVisit[] = [];
      const { url, http } = await start({ accept: (visit) => held.push(visit) });
      const { link } = await open(url);
      const sent = [initialized, ask(1), ask(2), ask(3)].map(async (message) => link.send(message));
      await http.until(() => held.length === 1);
      // A server that got others by now would have been told of them.
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(methods(held)).toEqual(['notifications/initialized']);
      held[0]?.status(202);
      await http.until(() => held.length === 4);
      for (const visit of held.slice(1)) visit.status(200);
      await Promise.all(sent);
    });

    test('at most 64 requests are posted at a time; notifications and answers do not wait for them', async () => {
      const held: HttpVisit[] = [];
      const { url, http } = await start({ accept: (visit) => held.push(visit) });
      const { link } = await open(url, {}, timeless());
      const messages: JSONRPCMessage[] = [
        ...Array.from({ length: 70 }, (_, id) => ask(id)),
        { jsonrpc: '2.0', id: 's', result: {} },
        { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
      ];
      const sent = messages.map(async (message) => link.send(message));
      await http.until(() => held.length === 66);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(methods(held).filter((method) => method === 'ping')).toHaveLength(64);
      for (const visit of held.splice(0)) visit.status(202);
      await http.until(() => held.length === 6);
      for (const visit of held) visit.status(202);
      await Promise.all(sent);
    });

    test('at most 25 replies are posted at a time, a thousand wait, and more are refused', async () => {
      const held: HttpVisit[] = [];
      const { url, http } = await start({ accept: (visit) => held.push(visit) });
      const { link } = await open(url);
      const replies = Array.from({ length: 1_030 }, async (_, id) => link.send({ jsonrpc: '2.0', id, result: {} }));
      await expect(replies.at(-1)).rejects.toMatchObject({ code: 'MCP_QUEUE_FULL', delivery: 'not-sent' });
      const settled = Promise.allSettled(replies);
      await http.until(() => held.length === 25);
      // A request goes at once all the same.
      const request = link.send(ask(7));
      await http.until(() => held.length === 26);
      for (const visit of held.splice(0)) visit.status(202);
      await request;
      await http.until(() => held.length === 25);
      await link.close();
      expect((await settled).filter(({ status }) => status === 'fulfilled')).toHaveLength(25);
    });

    test('the end of a post that is no request lets no further request go, and the end of a request lets one go', async () => {
      const held: HttpVisit[] = [];
      const { url, http } = await start({ accept: (visit) => held.push(visit) });
      const { link } = await open(url, {}, timeless());
      const response: JSONRPCMessage = { jsonrpc: '2.0', id: 's', result: {} };
      const requests = Array.from({ length: 70 }, async (_, id) => link.send(ask(id)));
      const others = [1, 2, 3].map(async () => link.send(response));
      await http.until(() => held.length === 67);
      for (const visit of held.filter(({ message }) => 'result' in message)) visit.status(202);
      await Promise.all(others);
      // A message that goes at once shows that nothing went before it.
      const last = link.send(response);
      await http.until(() => held.length === 68);
      expect(methods(held).filter((method) => method === 'ping')).toHaveLength(64);
      held.at(-1)?.status(202);
      await last;
      held[0]?.status(202);
      await http.until(() => held.length === 69);
      for (const visit of held.slice(1)) if (!visit.response.writableEnded) visit.status(202);
      await http.until(() => held.length === 74);
      for (const visit of held.slice(69)) visit.status(202);
      await Promise.all(requests);
      expect(held.map(({ message }) => message.id).filter((id) => typeof id === 'number')).toHaveLength(70);
    });

    test('a request that was given up while it waited is not posted', async () => {
      const held: HttpVisit[] = [];
      const { url, http } = await start({ accept: (visit) => held.push(visit) });
      const { link } = await open(url);
      const [first, second, third] = [initialized, ask(1), ask(2)].map(async (message) => link.send(message));
      expect(['unknown', 1].map((id) => link.cancelUnsent?.(id))).toEqual([false, true]);
      await expect(second).rejects.toMatchObject({ delivery: 'not-sent' });
      await http.until(() => held.length === 1);
      held[0]?.status(202);
      await http.until(() => held.length === 2);
      expect(link.cancelUnsent?.(2)).toBe(false);
      held[1]?.status(202);
      await Promise.all([first, third]);
      expect(held.map(({ message }) => message.id)).toEqual([undefined, 2]);
    });

    test.each([200, 202, 204])('status %d is success, whatever the body says', async (status) => {
      const { url } = await start({
        accept: (visit) => {
          visit.response.writeHead(status).end(status === 204 ? undefined : 'x'.repeat(200_000));
        },
      });
      const { link, heard } = await open(url);
      await link.send(ask(1));
      await link.send(ask(2));
      expect(heard.log).toEqual([]);
    });

    test.each<[string, (visit: HttpVisit) => void, object]>([
      [
        'a 500 with HTML',
        (visit) => {
          visit.response.writeHead(500, { 'content-type': 'text/html' }).end('<h1>Oops</h1>');
        },
        { kind: 'transport', code: 'MCP_HTTP_STATUS', errorCode: 500 },
      ],
      [
        'a 503 that says when to come again',
        (visit) => {
          visit.status(503, { 'retry-after': '2' });
        },
        { code: 'MCP_HTTP_STATUS', details: { status: 503, retryAfter: 2_000 } },
      ],
      [
        'a 401',
        (visit) => {
          visit.status(401);
        },
        { kind: 'authentication', code: 'MCP_AUTHENTICATION_REQUIRED', details: { status: 401 } },
      ],
      [
        'a 403 with a challenge',
        (visit) => {
          visit.status(403, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="x"' });
        },
        { kind: 'authentication', details: { status: 403, requiredScope: 'x', error: 'insufficient_scope' } },
      ],
      [
        'a redirect to another origin',
        (visit) => {
          visit.status(308, { location: 'https://elsewhere.invalid/' });
        },
        { code: 'MCP_REDIRECT_REFUSED', details: { to: 'https://elsewhere.invalid' } },
      ],
    ])('a refusal rejects that message and leaves the link alone: %s', async (_, accept, expected) => {
      let refused = false;
      const { url } = await start({
        accept: (visit) => {
          if (refused) visit.status(202);
          else accept(visit);
          refused = true;
        },
      });
      const { link, heard } = await open(url);
      await expect(link.send(ask(1))).rejects.toMatchObject({ delivery: 'answered', ...expected });
      await link.send(ask(2));
      expect(heard.log).toEqual([]);
    });

    test.each<[string, (visit: HttpVisit) => void, object]>([
      [
        'the session is not known any more',
        (visit) => {
          visit.status(404);
        },
        { code: 'MCP_HTTP_STATUS', errorCode: 404, delivery: 'answered' },
      ],
      [
        'the connection is reset',
        (visit) => {
          visit.reset();
        },
        { code: 'MCP_TRANSPORT_FAILED', delivery: 'unknown' },
      ],
    ])('ends the link when there is no use in more: %s', async (_, accept, expected) => {
      const { url } = await start({ accept });
      const { link, heard } = await open(url);
      await expect(link.send(ask(1))).rejects.toMatchObject(expected);
      expect(await heard.untilClosed()).toMatchObject({ code: (expected as { code: string }).code });
      await server?.stream.closed();
    });

    test('a message that JSON cannot express is not sent', async () => {
      const { url } = await start();
      const { link } = await open(url);
      const message = { jsonrpc: '2.0', id: 1, method: 'ping', params: { big: 1n } } as unknown as JSONRPCMessage;
      await expect(link.send(message)).rejects.toMatchObject({ code: 'MCP_INVALID_PARAMS', delivery: 'not-sent' });
      expect(server?.posts).toEqual([]);
    });
  });

  test('closing ends the stream and what is being posted', async () => {
    const { url, http } = await start({ accept: () => undefined });
    const { link, heard, transport } = await open(url);
    const sent = link.send(ask(1));
    const outcome = expect(sent).rejects.toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'unknown' });
    await http.until(() => server?.posts.length === 1);
    await transport.closeLink();
    await outcome;
    await Promise.all(http.visits.map((visit) => visit.closed()));
    expect(heard.log).toEqual([]);
  });

  test('a dispatcher that was given is used and left alone', async () => {
    const { Agent } = await import('undici');
    const dispatcher = new Agent();
    try {
      const { url, http } = await start();
      const { link, transport } = await open(url, { dispatcher });
      await link.send(ask(1));
      await transport.closeLink();
      await http.visits[0]?.closed();
      expect(dispatcher.closed).toBe(false);
      expect(dispatcher.destroyed).toBe(false);
    } finally {
      await dispatcher.close();
    }
  });
});
