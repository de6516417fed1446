import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { inspect } from 'node:util';
import type { JSONRPCMessage } from '../../../src/protocol/messages/json-rpc.js';
import type { Link } from '../../../src/transports/link.js';
import { WebSocketTransport } from '../../../src/transports/websocket/websocket-transport.js';
import type { WebSocketTransportOptions } from '../../../src/transports/websocket/websocket-transport.js';
import { hastyEnvironment, LinkRecorder } from '../../support/link-recorder.js';
import { errorThrownBy } from '../../support/outcomes.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';
import { ScriptedWebSocketServer } from '../../support/servers/websocket-server.js';
import type { WebSocketBehaviour } from '../../support/servers/websocket-server.js';
import { transportContract } from '../contract.js';

transportContract('WebSocketTransport', async () => {
  const { serve } = await import('../../fixtures/contract-peer.mjs');
  const server = await ScriptedWebSocketServer.start({
    serve: (text, { socket }) => {
      serve(JSON.parse(text), {
        send: (answer) => {
          socket.send(JSON.stringify(answer));
        },
        close: () => {
          socket.close(1_000);
        },
      });
    },
  });
  return { transport: new WebSocketTransport(server.url), dispose: () => server.close() };
});

function ask(id: number | string, params?: Record<string, unknown>): JSONRPCMessage {
  return { jsonrpc: '2.0', id, method: 'ping', ...(params && { params }) };
}

describe('constructing a WebSocketTransport', () => {
  test('what it was given can be read, and does not change with what the caller does afterwards', () => {
    const headers = { 'X-Key': 'one' };
    const transport = new WebSocketTransport('wss://a.invalid/mcp?x=1#part', { headers, timeout: 5_000 });
    headers['X-Key'] = 'two';
    expect(transport).toMatchObject({
      url: 'wss://a.invalid/mcp?x=1',
      headers: { 'X-Key': 'one' },
      timeout: 5_000,
      framing: 'shared',
      connected: false,
      websocket: undefined,
    });
    expect(new WebSocketTransport(new URL('ws://a.invalid'))).toMatchObject({ headers: {}, timeout: 30_000 });
  });

  test('printing it shows no header and no password', () => {
    const transport = new WebSocketTransport('ws://me:hunter22@a.invalid/', { headers: { key: 'hunter22' } });
    expect(inspect(transport, { depth: 10, showHidden: true })).not.toContain('hunter22');
    expect(JSON.stringify(transport)).not.toContain('hunter22');
  });

  test.each<[field: string, received: string, args: unknown[]]>([
    ['url', 'undefined', []],
    ['url', 'a string', ['http://a.invalid']],
    ['options', 'an array', ['ws://a.invalid', []]],
    ['headers.Upgrade', 'a string', ['ws://a.invalid', { headers: { Upgrade: 'h2c' } }]],
    ['headers.Sec-WebSocket-Key', 'a string', ['ws://a.invalid', { headers: { 'Sec-WebSocket-Key': 'mine' } }]],
    ['timeout', '-1', ['ws://a.invalid', { timeout: -1 }]],
    ['agent', 'an object', ['ws://a.invalid', { agent: {} }]],
    ['limits.maxMessageBytes', '0', ['ws://a.invalid', { limits: { maxMessageBytes: 0 } }]],
  ])('refuses a wrong %s at once: %s', (field, received, args) => {
    const error = errorThrownBy(() => Reflect.construct(WebSocketTransport, args) as unknown);
    expect(error).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field, received } });
  });
});

describe('a WebSocketTransport', () => {
  let server: ScriptedWebSocketServer | undefined;
  let transport: WebSocketTransport | undefined;

  afterEach(async () => {
    await transport?.closeLink();
    await server?.close();
    server = transport = undefined;
  });

  async function start(behaviour?: WebSocketBehaviour): Promise<ScriptedWebSocketServer> {
    return (server = await ScriptedWebSocketServer.start(behaviour));
  }

  async function open(
    url: string,
    options?: WebSocketTransportOptions,
    heard = new LinkRecorder(),
  ): Promise<{ link: Link; heard: LinkRecorder; transport: WebSocketTransport }> {
    transport = new WebSocketTransport(url, options);
    const link = await transport.openLink(heard.events, new AbortController().signal);
    return { link, heard, transport };
  }

  /** What opening fails with. */
  async function refusal(url: string, options?: WebSocketTransportOptions): Promise<unknown> {
    const heard = new LinkRecorder();
    const thrown: unknown = await open(url, options, heard).then(
      () => 'it opened',
      (error: unknown) => error,
    );
    await transport?.closeLink();
    expect(heard.log).toEqual([]);
    expect(heard.timers.size).toBe(0);
    return thrown;
  }

  describe('the handshake', () => {
    test('offers the subprotocol and no compression, and carries headers', async () => {
      const { url } = await start({ options: { perMessageDeflate: true } });
      const { transport, heard } = await open(url, { headers: { 'X-Key': 'mine' } });
      expect(server?.visit.request.headers).toMatchObject({ 'sec-websocket-protocol': 'mcp', 'x-key': 'mine' });
      expect(server?.visit.request.headers).not.toHaveProperty('sec-websocket-extensions');
      expect(transport.websocket).toMatchObject({ protocol: 'mcp', readyState: 1, bufferedAmount: 0 });
      await transport.closeLink();
      expect(transport.websocket).toBeUndefined();
      expect(heard.log).toEqual([]);
    });

    test('carries the credentials of the URL, which are not seen afterwards', async () => {
      const { url } = await start();
      const { transport } = await open(url.replace('//', '//me:p%40ss@'));
      const basic = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
      expect(server?.visit.request.headers.authorization).toBe(basic);
      expect(transport.websocket?.url).toBe(url);
    });

    test('goes on without the subprotocol when the server chooses none, and reports that', async () => {
      const { url } = await start({ options: { handleProtocols: () => false } });
      const { heard, link, transport } = await open(url);
      expect(transport.websocket?.protocol).toBe('');
      await heard.until(() => heard.log.length > 0);
      expect(heard.problems).toEqual([
        {
          kind: 'protocol',
          code: 'MCP_INVALID_MESSAGE',
          message: `${url} did not choose the subprotocol "mcp"; the client continues without it`,
          details: { url, field: 'sec-websocket-protocol' },
        },
      ]);
      await link.send(ask(1));
      await server?.until(() => server?.visit.received.length === 1);
      expect(server?.handshakes).toHaveLength(2);
      expect(server?.connections).toBe(1);
    });

    test('fails when the server chooses another subprotocol', async () => {
      const { url } = await start({ upgrade: (request, socket) => acceptWith(request, socket, 'graphql-ws') });
      expect(await refusal(url)).toMatchObject({
        kind: 'transport',
        code: 'MCP_TRANSPORT_FAILED',
        delivery: 'not-sent',
        message: `The WebSocket handshake with ${url} failed: the server chose the subprotocol "graphql-ws" but the client offered "mcp"`,
        details: { url, subprotocol: 'graphql-ws' },
      });
      await server?.until(() => server?.connections === 0);
    });

    test.each<[string, string, object]>([
      [
        'a page',
        'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nhi',
        { kind: 'transport', code: 'MCP_HTTP_STATUS', errorCode: 200, details: { contentType: 'text/html' } },
      ],
      [
        '503',
        'HTTP/1.1 503 Unavailable\r\nretry-after: 3\r\ncontent-length: 0\r\n\r\n',
        { code: 'MCP_HTTP_STATUS', errorCode: 503, details: { status: 503, retryAfter: 3_000 } },
      ],
      [
        'a redirect',
        'HTTP/1.1 302 Found\r\nlocation: ws://elsewhere.invalid/\r\ncontent-length: 0\r\n\r\n',
        { code: 'MCP_HTTP_STATUS', errorCode: 302 },
      ],
      [
        '401 with a challenge',
        'HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer scope="a b"\r\ncontent-length: 0\r\n\r\n',
        {
          kind: 'authentication',
          code: 'MCP_AUTHENTICATION_REQUIRED',
          errorCode: 401,
          details: { status: 401, requiredScope: 'a b' },
        },
      ],
      [
        '403 with a challenge',
        'HTTP/1.1 403 Forbidden\r\nwww-authenticate: Bearer error="insufficient_scope"\r\n\r\n',
        { kind: 'authentication', details: { status: 403, error: 'insufficient_scope' } },
      ],
      ['junk', 'nothing of HTTP\r\n\r\n', { code: 'MCP_TRANSPORT_FAILED' }],
      [
        'an acceptance that is wrong',
        'HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: x\r\nsec-websocket-protocol: mcp\r\n\r\n',
        { code: 'MCP_TRANSPORT_FAILED', message: expect.stringContaining('Sec-WebSocket-Accept') as string },
      ],
    ])('fails with what the server answers: %s', async (_, head, expected) => {
      const { url } = await start({ upgrade: (_request, socket) => socket.write(head) });
      expect(await refusal(url)).toMatchObject({ delivery: 'not-sent', ...expected });
      await server?.until(() => server?.connections === 0);
    });

    test('fails at once when no server listens on the port', async () => {
      const { url } = await start();
      await server?.close();
      expect(await refusal(url)).toMatchObject({
        kind: 'transport',
        code: 'MCP_TRANSPORT_FAILED',
        delivery: 'not-sent',
        message: expect.stringContaining(`Cannot reach ${url}`) as string,
        details: { reason: 'ECONNREFUSED' },
      });
    });

    test('fails at once when the name is not known', async () => {
      expect(await refusal('ws://no-such-host.invalid/')).toMatchObject({
        details: { url: 'ws://no-such-host.invalid/' },
      });
    });

    test('takes no longer than its timeout, and leaves no connection', async () => {
      const { url } = await start({ upgrade: () => undefined });
      expect(await refusal(url, { timeout: 100 })).toMatchObject({ kind: 'timeout', details: { phase: 'connecting' } });
      await server?.until(() => server?.connections === 0);
    });

    test('an abort leaves no connection', async () => {
      const { url } = await start({ upgrade: () => undefined });
      const controller = new AbortController();
      transport = new WebSocketTransport(url);
      const opening = transport.openLink(new LinkRecorder().events, controller.signal);
      const outcome = expect(opening).rejects.toBe('enough');
      await server?.until(() => server?.handshakes.length === 1);
      controller.abort('enough');
      await outcome;
      await transport.closeLink();
      await server?.until(() => server?.connections === 0);
    });

    test('messages that the server sends at once are not lost', async () => {
      const { url } = await start({ greet: ({ socket }) => socket.send(JSON.stringify(ask('s'))) });
      const { heard } = await open(url);
      await heard.until(() => heard.log.length > 0);
      expect(heard.messages).toEqual([ask('s')]);
    });
  });

  describe('messages of the server', () => {
    test('what is binary or no JSON is reported, and the link goes on', async () => {
      const { url } = await start();
      const { heard } = await open(url);
      const { socket } = (server as ScriptedWebSocketServer).visit;
      socket.send(Buffer.from(JSON.stringify(ask('binary'))));
      socket.send('hunter22 {');
      socket.send('');
      socket.send(JSON.stringify([ask('s')]));
      await heard.until(() => heard.log.length > 3);
      expect(heard.problems).toMatchObject([
        { code: 'MCP_INVALID_MESSAGE', message: expect.stringContaining('binary message of 47 bytes') as string },
        { code: 'MCP_INVALID_JSON' },
        { code: 'MCP_INVALID_JSON' },
      ]);
      expect(JSON.stringify(heard.problems)).not.toContain('hunter22');
      expect(heard.messages).toEqual([[ask('s')]]);
    });

    test('a message in many fragments is one', async () => {
      const { url } = await start();
      const { heard } = await open(url);
      const { socket } = (server as ScriptedWebSocketServer).visit;
      const bytes = Buffer.from(JSON.stringify(ask('é漢🎉')));
      bytes.forEach((byte, at) => {
        socket.send(Buffer.of(byte), { binary: false, fin: at === bytes.length - 1 });
      });
      await heard.until(() => heard.log.length > 0);
      expect(heard.messages).toEqual([ask('é漢🎉')]);
    });

    test.each([
      ['in one frame', 1],
      ['in fragments', 5],
    ])('one that is longer than the limit ends the link with the limit: %s', async (_, fragments) => {
      const { url } = await start();
      const { heard, link } = await open(url, { limits: { maxMessageBytes: 1_000 } });
      const { socket } = (server as ScriptedWebSocketServer).visit;
      for (let at = 1; at <= fragments; at += 1)
        socket.send('x'.repeat(300 * (6 - fragments)), { fin: at === fragments });
      expect(await heard.untilClosed()).toMatchObject({
        kind: 'transport',
        code: 'MCP_MESSAGE_TOO_LARGE',
        message: `A message of ${url} is longer than limits.maxMessageBytes, 1000`,
        details: { field: 'limits.maxMessageBytes', limit: 1_000 },
      });
      expect(heard.messages).toEqual([]);
      await expect(link.send(ask(1))).rejects.toMatchObject({ delivery: 'not-sent' });
      await server?.until(() => server?.visit.closed?.code === 1_009);
    });

    test('frames against the rules end the link', async () => {
      const { url } = await start({
        upgrade: (request, socket) => {
          acceptWith(request, socket, 'mcp');
          socket.write(Buffer.from([0xf1, 0x01, 0x41]));
        },
      });
      const heard = new LinkRecorder(hastyEnvironment(20));
      await open(url, {}, heard);
      expect(await heard.untilClosed()).toMatchObject({
        code: 'MCP_TRANSPORT_FAILED',
        message: expect.stringContaining(`${url} violated the WebSocket protocol`) as string,
        details: { url, reason: 'WS_ERR_UNEXPECTED_RSV_2_3' },
      });
      await transport?.closeLink();
      await server?.until(() => server?.connections === 0);
    });
  });

  describe('the end', () => {
    test.each([
      [1_000, 'done'],
      [undefined, undefined],
    ])('a server that closes with %p closes cleanly', async (code, reason) => {
      const { url } = await start();
      const { heard, transport } = await open(url);
      server?.visit.socket.close(code, reason);
      expect(await heard.untilClosed()).toBeUndefined();
      expect(transport.connected).toBe(false);
      await transport.closeLink();
      expect(heard.timers.size).toBe(0);
    });

    test.each([
      [1_001, '', 'closed the connection with code 1001 (going away)'],
      [1_008, 'no token', 'closed the connection with code 1008 (policy violation): no token'],
      [1_011, 'kaputt', 'closed the connection with code 1011 (internal error): kaputt'],
      [4_000, 'mine', 'closed the connection with code 4000: mine'],
    ])('a server that closes with %d says why', async (code, reason, message) => {
      const { url } = await start();
      const { heard, link } = await open(url);
      server?.visit.socket.close(code, reason);
      expect(await heard.untilClosed()).toEqual({
        kind: 'transport',
        code: 'MCP_TRANSPORT_FAILED',
        message: `${url} ${message}`,
        details: { url, code, reason },
      });
      await expect(link.send(ask(1))).rejects.toMatchObject({ delivery: 'not-sent', details: { code } });
    });

    test('the close reason of a server cannot reveal the secrets that it received', async () => {
      const { url } = await start();
      const secret = 'hunter22secret';
      const { heard } = await open(url.replace('//', `//me:${secret}@`), { headers: { 'X-Key': `Key ${secret}x` } });
      server?.visit.socket.close(1_008, `bad ${secret} \u001b[31m${secret}x`);
      const reason = await heard.untilClosed();
      expect(JSON.stringify(reason)).not.toContain(secret);
      expect(reason?.details).toMatchObject({ reason: 'bad [redacted] [redacted]' });
    });

    test('a connection that breaks off says so', async () => {
      const { url } = await start();
      const { heard } = await open(url);
      (server as ScriptedWebSocketServer).visit.request.socket.resetAndDestroy();
      expect(await heard.untilClosed()).toMatchObject({
        code: 'MCP_TRANSPORT_FAILED',
        message: `The connection to ${url} broke off (ECONNRESET)`,
        details: { url, code: 1_006 },
      });
    });

    test('closing sends code 1000, and later messages are ignored', async () => {
      const { url } = await start();
      const { heard, transport } = await open(url);
      await transport.closeLink();
      await server?.until(() => server?.visit.closed !== undefined);
      expect(server?.visit.closed).toEqual({ code: 1_000, reason: '' });
      await server?.until(() => server?.connections === 0);
      expect(heard.log).toEqual([]);
      expect(heard.timers.size).toBe(0);
    });

    test('closing does not wait long for a server that does not close its side', async () => {
      const { url } = await start({ upgrade: (request, socket) => acceptWith(request, socket, 'mcp') });
      const heard = new LinkRecorder(hastyEnvironment(20));
      const { transport } = await open(url, {}, heard);
      await transport.closeLink();
      await server?.until(() => server?.connections === 0);
      expect(heard.timers.size).toBe(0);
    });
  });

  describe('signs of life', () => {
    test('a server that answers pings is asked every 30 s and kept', async () => {
      const { url } = await start();
      const environment = new SimulatedEnvironment();
      const { heard, transport } = await open(url, {}, new LinkRecorder(environment));
      let pings = 0;
      server?.visit.socket.on('ping', () => (pings += 1));
      for (let minute = 1; minute <= 5; minute += 1) {
        const pong = new Promise((resolve) => watched(transport).once('pong', resolve));
        await environment.advance(30_000);
        await pong;
        expect(pings).toBe(minute);
      }
      expect(environment.pending).toHaveLength(1);
      await transport.closeLink();
      expect(environment.pending).toEqual([]);
      expect(heard.log).toEqual([]);
    });

    test('a server that is silent from one ping to the next is gone, and nothing is waited for', async () => {
      const { url } = await start({ upgrade: (request, socket) => acceptWith(request, socket, 'mcp') });
      const environment = new SimulatedEnvironment();
      const { heard, transport } = await open(url, {}, new LinkRecorder(environment));
      await environment.advance(59_999);
      expect(heard.log).toEqual([]);
      expect(transport.connected).toBe(true);
      await environment.advance(1);
      expect(await heard.untilClosed()).toMatchObject({
        kind: 'transport',
        code: 'MCP_TRANSPORT_FAILED',
        message: `${url} did not answer a ping within 30000 ms`,
        details: { url, timeout: 30_000 },
      });
      await transport.closeLink();
      await server?.until(() => server?.connections === 0);
      expect(environment.pending).toEqual([]);
    });

    test('a message that takes minutes to arrive keeps the link', async () => {
      let peer: Duplex | undefined;
      const { url } = await start({
        upgrade: (request, socket) => {
          peer = socket;
          acceptWith(request, socket, 'mcp');
        },
      });
      const environment = new SimulatedEnvironment();
      const { heard, transport } = await open(url, {}, new LinkRecorder(environment));
      const text = JSON.stringify(ask('slow'));
      const frame = Buffer.concat([Buffer.of(0x81, text.length), Buffer.from(text)]);
      for (const byte of frame) {
        const socket = socketOf(transport);
        const before = socket.bytesRead;
        peer?.write(Buffer.of(byte));
        while (socket.bytesRead === before) await environment.settle();
        await environment.advance(30_000);
      }
      await heard.until(() => heard.log.length > 0);
      expect(heard.log).toEqual([{ type: 'message', message: ask('slow') }]);
      peer?.destroy();
      await heard.untilClosed();
    });
  });

  describe('sending', () => {
    test('waits while the network does not keep up, and nothing is lost or reordered', async () => {
      const { url } = await start();
      const { link } = await open(url);
      const { visit } = server as ScriptedWebSocketServer;
      visit.socket.pause();
      const text = 'x'.repeat(64 * 1024);
      const results = Array.from({ length: 200 }, (_, id) => link.send(ask(id, { text })));
      const at = results.findIndex((result) => result !== undefined);
      expect(at).toBeGreaterThan(0);
      expect(results.slice(at).every((result) => result instanceof Promise)).toBe(true);
      expect(transport?.websocket?.bufferedAmount).toBeLessThan(1024 * 1024);
      let resolved = false;
      void results.at(-1)?.then(() => (resolved = true));
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(resolved).toBe(false);
      visit.socket.resume();
      await Promise.all(results.map(async (result) => result));
      await server?.until(() => visit.received.length === 200);
      const ids = visit.received.map((one) => (JSON.parse(one) as { id: number }).id);
      expect(ids).toEqual(Array.from({ length: 200 }, (_, id) => id));
    });

    test('what waits when the link ends was not sent', async () => {
      const { url } = await start();
      const { link, heard } = await open(url);
      const { visit } = server as ScriptedWebSocketServer;
      visit.socket.pause();
      const text = 'x'.repeat(1024 * 1024);
      const results = Array.from({ length: 50 }, (_, id) => link.send(ask(id, { text })));
      const fates = Promise.all(results.map(async (result) => result?.catch((reason: unknown) => reason)));
      visit.request.socket.resetAndDestroy();
      expect((await fates).at(-1)).toMatchObject({ kind: 'transport', delivery: 'not-sent' });
      await heard.untilClosed();
    });

    test('a request that waits can be cancelled, never arrives, and leaves the others in order', async () => {
      const { url } = await start();
      const { link } = await open(url);
      const { visit } = server as ScriptedWebSocketServer;
      visit.socket.pause();
      const text = 'x'.repeat(256 * 1024);
      const sent = Array.from({ length: 60 }, (_, id) => link.send(ask(id, { text })));
      const outcomes = Promise.allSettled(sent.map(async (one) => one));
      const first = sent.findIndex((one) => one !== undefined);
      const even = Array.from({ length: 60 }, (_, id) => id % 2 === 0 && link.cancelUnsent?.(id) === true);
      expect(even).toEqual(Array.from({ length: 60 }, (_, id) => id % 2 === 0 && id >= first));
      visit.socket.resume();
      const rejected = (await outcomes).flatMap(({ status }, id) => (status === 'rejected' ? [id] : []));
      expect(rejected).toEqual(even.flatMap((cancelled, id) => (cancelled ? [id] : [])));
      await server?.until(() => visit.received.length === 60 - rejected.length);
      const ids = visit.received.map((one) => (JSON.parse(one) as { id: number }).id);
      expect(ids).toEqual(Array.from({ length: 60 }, (_, id) => id).filter((id) => !rejected.includes(id)));
      expect(link.cancelUnsent?.(59)).toBe(false);
    });

    test('messages of one tick reach the server in one read', async () => {
      const { url } = await start();
      const { link } = await open(url);
      const { visit } = server as ScriptedWebSocketServer;
      let reads = 0;
      visit.request.socket.on('data', () => (reads += 1));
      for (let id = 0; id < 50; id += 1) expect(link.send(ask(id))).toBeUndefined();
      await server?.until(() => visit.received.length === 50);
      expect(reads).toBe(1);
    });

    test('a message that JSON cannot express is not sent', async () => {
      const { url } = await start();
      const { link } = await open(url);
      const message = { jsonrpc: '2.0', id: 1, method: 'ping', params: { big: 1n } } as unknown as JSONRPCMessage;
      await expect(link.send(message)).rejects.toMatchObject({ code: 'MCP_INVALID_PARAMS', delivery: 'not-sent' });
    });
  });
});

/** Accepts a handshake by hand; what comes after it is nobody's. */
function acceptWith(request: IncomingMessage, socket: Duplex, subprotocol: string): void {
  const key = `${request.headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  socket.write(
    [
      'HTTP/1.1 101 Switching Protocols',
      'upgrade: websocket',
      'connection: upgrade',
      `sec-websocket-accept: ${createHash('sha1').update(key).digest('base64')}`,
      `sec-websocket-protocol: ${subprotocol}`,
      '\r\n',
    ].join('\r\n'),
  );
}

/** The connection of a transport as the package `ws` sees it. */
function watched(transport: WebSocketTransport): import('ws').WebSocket {
  return transport.websocket as import('ws').WebSocket;
}

function socketOf(transport: WebSocketTransport): Socket {
  return (transport.websocket as unknown as { _socket: Socket })._socket;
}
