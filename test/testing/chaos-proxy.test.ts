import { once } from 'node:events';
import { connect, createServer, Server } from 'node:net';
import { WebSocket } from 'ws';
import { systemEnvironment } from '../../src/util/environment.js';
import { HttpTransport, MCPClient, SseTransport, WebSocketTransport } from '../../src/index.js';
import { chaosProxy } from '../../src/testing/index.js';
import type { ChaosProxy, ChaosProxyOptions, ProxyFault, ProxyHit } from '../../src/testing/index.js';
import { ScriptedHttpServer } from '../support/servers/http-server.js';
import type { HttpVisit } from '../support/servers/http-server.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { freePort, HttpProcess } from '../support/servers/http-process.js';
import { stepsOf, THREE_STEPS } from '../support/servers/real-servers.js';
import { errorFrom } from '../support/outcomes.js';
import { ScriptedWebSocketServer } from '../support/servers/websocket-server.js';

const TEXT = 'café 漢字 🎉';

/** A proxy in front of a server that answers every POST with its own body, or does what a test says. */
class Bench implements AsyncDisposable {
  private constructor(
    readonly server: ScriptedHttpServer,
    readonly proxy: ChaosProxy,
  ) {}

  static async open(options: ChaosProxyOptions, script = echo): Promise<Bench> {
    const server = await ScriptedHttpServer.start(script);
    return new Bench(server, await chaosProxy(server.url, options));
  }

  /** The bodies that the server was sent. */
  get bodies(): string[] {
    return this.server.visits.map(({ body }) => body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.server.close();
  }
}

function echo(visit: HttpVisit): void {
  const { response, body } = visit;
  response.writeHead(200, { 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** What comes over a connection of one's own until it ends: the bytes, in the pieces in which they came, and how it ended. */
interface ReceivedMessage {
  readonly pieces: Buffer[];
  readonly text: string;
  readonly end: string;
}

/** Asks for something as curl would, over a connection of its own. */
async function ask(proxy: ChaosProxy, body: string, headers: Record<string, string> = {}): Promise<ReceivedMessage> {
  const { hostname, port, pathname } = new URL(proxy.url);
  const lines = Object.entries({
    host: 'x',
    connection: 'close',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  const head = [`POST ${pathname} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`)].join('\r\n');
  const socket = connect(Number(port), hostname);
  socket.write(`${head}\r\n\r\n${body}`);
  const pieces: Buffer[] = [];
  let end = 'closed';
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    end = error.code ?? error.message;
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return { pieces, text: Buffer.concat(pieces).toString(), end };
}

/** What is listed of a fault, without what differs from run to run. */
function listed({ faults }: ChaosProxy): Partial<ProxyFault>[] {
  return faults.map(({ at, ...fault }) => {
    expect(at).toBeGreaterThan(0);
    return fault;
  });
}

const CALL = JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { text: TEXT } });
const OF_CALL = { connection: 0, index: 0, direction: undefined, httpMethod: 'POST', method: 'tools/call', id: 7 };

describe.each([
  ['no rates', {}],
  ['all bytes in pieces', { split: 1 }],
] as const)('a proxy with %s passes on', (_, options) => {
  jest.setTimeout(60_000);
  let server: HttpProcess | undefined;
  let proxy: ChaosProxy | undefined;
  let client: MCPClient | undefined;

  afterEach(async () => {
    await client?.close();
    expect(proxy?.faults.length).toEqual('split' in options ? expect.any(Number) : 0);
    await proxy?.[Symbol.asyncDispose]();
    await server?.terminate();
  });

  test('the official server over Streamable HTTP', async () => {
    server = await HttpProcess.official('sessions');
    proxy = await chaosProxy(server.url, options);
    const connected = (client = await MCPClient.connect(new HttpTransport(proxy.url)));
    const echo = async (id: number): Promise<unknown> => textOf(await connected.callTool('echo', { text: TEXT + id }));
    expect(await Promise.all([1, 2, 3].map(echo))).toEqual([`${TEXT}1`, `${TEXT}2`, `${TEXT}3`]);
  });

  test('server-everything over HTTP+SSE, progress included', async () => {
    server = await HttpProcess.everything('sse', await freePort());
    proxy = await chaosProxy(server.url.replace(/mcp$/, 'sse'), options);
    client = await MCPClient.connect(new SseTransport(proxy.url));
    expect((await stepsOf(client, ...THREE_STEPS)).steps).toEqual([1, 2, 3]);
  });

  test('an SDK server over WebSocket', async () => {
    server = await HttpProcess.webSocket();
    proxy = await chaosProxy(server.webSocketUrl, options);
    client = await MCPClient.connect(new WebSocketTransport(proxy.url));
    const messages: unknown[] = [];
    const counted = await client.callTool('count', { to: 3 }, { onProgress: (one) => messages.push(one.message) });
    expect(textOf(counted)).toBe('3');
    expect(messages).toEqual(['step 1', 'step 2', 'step 3']);
  });
});

describe('with faults of bytes', () => {
  test('split bytes come a few at a time both ways, and all of them', async () => {
    await using bench = await Bench.open({ split: 1 });
    const { pieces, text, end } = await ask(bench.proxy, CALL);
    expect(text.split('\r\n\r\n')[1]).toBe(CALL);
    expect(end).toBe('closed');
    // More than one arrive together when this process is busy.
    expect(pieces.length).toBeGreaterThan(5);
    expect(bench.bodies).toEqual([CALL]);
    expect(listed(bench.proxy)).toEqual([{ fault: 'split', ...OF_CALL, reached: true }]);
  });

  test('an answer that is slow begins slowTime later', async () => {
    await using bench = await Bench.open({ slow: 1, slowTime: 150 });
    const before = performance.now();
    const { text } = await ask(bench.proxy, CALL);
    expect(performance.now() - before).toBeGreaterThanOrEqual(149);
    expect(text).toContain(CALL);
    expect(listed(bench.proxy)).toEqual([{ fault: 'slow', ...OF_CALL, reached: true }]);
  });

  test('an answer that is truncated ends in the middle of its body', async () => {
    await using bench = await Bench.open({ truncate: 1 });
    const { text, end } = await ask(bench.proxy, CALL);
    const [head, body = CALL] = text.split('\r\n\r\n');
    expect(head).toContain('200 OK');
    expect(body.length).toBeLessThan(CALL.length);
    expect(CALL.startsWith(body.replace(/\ufffd+$/, ''))).toBe(true);
    expect(end).toBe('closed');
    expect(bench.bodies).toEqual([CALL]);
    expect(listed(bench.proxy)).toEqual([{ fault: 'truncate', ...OF_CALL, reached: true }]);
  });

  test.each<[what: string, answer: (visit: HttpVisit) => void, whole: string]>([
    ['a stream of events', (visit) => visit.stream().event('hi').end(), '\r\n0\r\n\r\n'],
    ['a status alone', (visit) => visit.status(202, { 'content-length': '0' }), '\r\n\r\n'],
  ])('%s that is truncated is never complete', async (_, answer, whole) => {
    await using bench = await Bench.open({ truncate: 1 }, answer);
    const { text, end } = await ask(bench.proxy, CALL);
    expect(text).toContain('HTTP/1.1 20');
    expect(text.endsWith(whole)).toBe(false);
    expect(end).toBe('closed');
  });

  test('an answer that is corrupted has as many bytes, and some of them are NUL', async () => {
    await using bench = await Bench.open({ corrupt: 1 });
    const { pieces, text, end } = await ask(bench.proxy, CALL);
    const whole = `${text.split('\r\n\r\n')[0]}\r\n\r\n${CALL}`;
    const bytes = Buffer.concat(pieces);
    expect(bytes).toHaveLength(Buffer.byteLength(whole));
    const changed = [...Buffer.from(whole)].flatMap((byte, index) => (bytes[index] === byte ? [] : [bytes[index]]));
    expect(changed.length).toBeGreaterThan(0);
    expect(new Set(changed)).toEqual(new Set([0]));
    expect(end).toBe('closed');
    expect(listed(bench.proxy)).toEqual([{ fault: 'corrupt', ...OF_CALL, reached: true }]);
  });

  test('an answer that has no body is corrupted in its head', async () => {
    await using bench = await Bench.open({ corrupt: 1 }, (visit) => {
      visit.status(202, { 'content-length': '0' });
    });
    const { text } = await ask(bench.proxy, CALL);
    expect(text).toMatch(/^HTTP\/1.1 202 [^]*\0$/);
  });

  test('a reset before the request leaves the server without it', async () => {
    await using bench = await Bench.open({ resetBefore: 1 });
    expect(await ask(bench.proxy, CALL)).toMatchObject({ text: '', end: 'ECONNRESET' });
    expect(bench.bodies).toEqual([]);
    expect(listed(bench.proxy)).toEqual([{ fault: 'resetBefore', ...OF_CALL, reached: false }]);
  });

  test('a reset after the request, at once or in place of the answer, leaves the server with it', async () => {
    await using bench = await Bench.open({ resetAfter: 1 });
    for (let asked = 1; asked <= 8; asked += 1) {
      expect(await ask(bench.proxy, CALL)).toMatchObject({ text: '', end: 'ECONNRESET' });
      await bench.server.until(() => bench.bodies.length === asked);
    }
    expect(bench.proxy.faults.map(({ reached }) => reached)).toEqual(Array(8).fill(true));
  });
});

describe('with faults of HTTP', () => {
  test('a server that is unavailable answers 503, and one that is busy says when to come back', async () => {
    await using unavailable = await Bench.open({ unavailable: 1 });
    expect((await ask(unavailable.proxy, CALL)).text).toBe(
      'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n',
    );
    expect(listed(unavailable.proxy)).toEqual([{ fault: 'unavailable', ...OF_CALL, reached: false }]);
    await using busy = await Bench.open({ busy: 1, retryAfter: 3 });
    expect((await ask(busy.proxy, CALL)).text).toContain('\r\nretry-after: 3\r\n');
    expect([...unavailable.bodies, ...busy.bodies]).toEqual([]);
  });

  test('a session that was forgotten stays forgotten, and others are not', async () => {
    let once = true;
    const only = (): boolean => once;
    await using bench = await Bench.open({ forget: 1, only });
    const session = (id: string): Record<string, string> => ({ 'mcp-session-id': id });
    expect((await ask(bench.proxy, CALL)).text).toContain('200 OK');
    expect((await ask(bench.proxy, CALL, session('a'))).text).toContain('404 Not Found');
    once = false;
    expect((await ask(bench.proxy, CALL, session('a'))).text).toContain('404 Not Found');
    expect((await ask(bench.proxy, CALL, session('b'))).text).toContain('200 OK');
    expect(bench.bodies).toHaveLength(2);
    expect(bench.proxy.faults.map(({ fault, index, reached }) => [fault, index, reached])).toEqual([
      ['forget', 1, false],
      ['forget', 2, false],
    ]);
  });

  test('a connection that is refused is reset before anything can be said', async () => {
    await using bench = await Bench.open({ refuse: 1 });
    expect(await ask(bench.proxy, CALL)).toMatchObject({ text: '', end: 'ECONNRESET' });
    expect(listed(bench.proxy)).toEqual([
      { fault: 'refuse', connection: 0, index: undefined, direction: undefined, reached: false },
    ]);
    expect(bench.proxy.requests).toBe(0);
  });

  test('while the proxy has hung up nothing listens, and afterwards it listens at the same place', async () => {
    await using bench = await Bench.open({});
    const { url } = bench.proxy;
    const back = bench.proxy.hangUp(50);
    // The port is given up in the next turn.
    await new Promise(setImmediate);
    expect((await ask(bench.proxy, CALL)).end).toBe('ECONNREFUSED');
    await back;
    expect(bench.proxy.url).toBe(url);
    expect((await ask(bench.proxy, CALL)).text).toContain(CALL);
  });

  test('a proxy that is ended while it has hung up does not come back', async () => {
    await using bench = await Bench.open({});
    const back = bench.proxy.hangUp(1_000_000);
    await bench.proxy[Symbol.asyncDispose]();
    await back;
    expect((await ask(bench.proxy, CALL)).end).toBe('ECONNREFUSED');
  });

  test('a proxy that cannot come back because its place is taken says so, may try again, and can be ended', async () => {
    let goOn: () => void = () => undefined;
    let paused: () => void = () => undefined;
    const pause = new Promise<void>((resolve) => (paused = resolve));
    const setTimeout = (fn: () => void): undefined => {
      goOn = fn;
      paused();
    };
    await using bench = await Bench.open({
      environment: { ...systemEnvironment, setTimeout, clearTimeout: () => undefined },
    });
    const { proxy } = bench;
    const back = proxy.hangUp(1);
    await pause;
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(Number(new URL(proxy.url).port), '127.0.0.1', resolve));
    goOn();
    await expect(back).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(proxy.hangUp()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await new Promise((resolve) => taken.close(resolve));
    await proxy.hangUp();
    expect((await ask(proxy, CALL)).text).toContain(CALL);
    await proxy[Symbol.asyncDispose]();
    expect((await ask(proxy, CALL)).end).toBe('ECONNREFUSED');
  });

  test('a proxy that could not come back can be ended', async () => {
    const listen = jest.spyOn(Server.prototype, 'listen');
    await using bench = await Bench.open({});
    listen.mockImplementationOnce(function (this: Server) {
      this.emit('error', new Error('no port is free'));
      return this;
    });
    await expect(bench.proxy.hangUp()).rejects.toThrow('no port is free');
    await bench.proxy[Symbol.asyncDispose]();
    expect(bench.proxy.connections).toBe(0);
    listen.mockRestore();
  });

  test('a connection that cannot be accepted, as where no file may be opened any more, does not end the process', async () => {
    const listen = jest.spyOn(Server.prototype, 'listen');
    await using bench = await Bench.open({});
    const server = listen.mock.contexts.at(-1) as Server;
    listen.mockRestore();
    server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
    expect((await ask(bench.proxy, CALL)).text).toContain(CALL);
  });

  test('a proxy may be ended while a connection is ending', async () => {
    const ends: Promise<void>[] = [];
    const only = (): boolean => ends.push(bench.proxy[Symbol.asyncDispose]()) > 0;
    await using bench = await Bench.open({ unavailable: 1, only });
    await ask(bench.proxy, CALL);
    await Promise.all(ends);
    expect(ends).toHaveLength(1);
    expect(bench.proxy.connections).toBe(0);
  });

  test('a server that cannot be reached looks like one that resets', async () => {
    await using proxy = await chaosProxy(`http://127.0.0.1:${await freePort()}/mcp`);
    expect(await ask(proxy, CALL)).toMatchObject({ text: '', end: 'ECONNRESET' });
    expect(proxy.connections).toBe(0);
  });
});

describe('the seed', () => {
  const rates = { unavailable: 0.3, busy: 0.2, resetBefore: 0.2 };

  async function fates(options: ChaosProxyOptions): Promise<(string | undefined)[]> {
    await using bench = await Bench.open(options);
    for (let asked = 0; asked < 20; asked += 1) await ask(bench.proxy, CALL);
    return Array.from({ length: 20 }, (_, index) => bench.proxy.faults.find((one) => one.index === index)?.fault);
  }

  test('decides the fault of each request, whichever others `only` spares', async () => {
    const first = await fates({ ...rates, seed: 5 });
    expect(new Set(first)).toEqual(new Set([undefined, 'unavailable', 'busy', 'resetBefore']));
    expect(await fates({ ...rates, seed: 5 })).toEqual(first);
    expect(await fates({ ...rates, seed: 6 })).not.toEqual(first);
    const only = ({ index = 0 }: ProxyHit): boolean => index % 2 === 0;
    expect(await fates({ ...rates, seed: 5, only })).toEqual(
      first.map((one, index) => (index % 2 === 0 ? one : undefined)),
    );
  });

  test('and `only` gets the message that the fault would hit', async () => {
    const hits: ProxyHit[] = [];
    await using bench = await Bench.open({ busy: 1, only: (hit) => hits.push(hit) === 0 });
    await ask(bench.proxy, CALL);
    await ask(bench.proxy, 'no JSON');
    expect(hits).toMatchObject([
      { fault: 'busy', connection: 0, index: 0, httpMethod: 'POST', message: JSON.parse(CALL) as object },
      { fault: 'busy', connection: 1, index: 1, httpMethod: 'POST' },
    ]);
    expect(hits[1]?.message).toBeUndefined();
    expect(bench.bodies).toEqual([CALL, 'no JSON']);
    expect(bench.proxy.faults).toEqual([]);
  });
});

describe('what it is given', () => {
  test.each([
    [{ split: 1.5 }, 'Invalid split: expected a probability in [0, 1], got 1.5'],
    [{ refuse: -1 }, 'Invalid refuse: expected a probability in [0, 1], got -1'],
    [{ split: 0.6, slow: 0.6 }, 'Invalid rates requests: expected a sum of at most 1, got 1.2'],
  ])('is checked: %j', async (rates, message) => {
    const error = await errorFrom(chaosProxy('http://127.0.0.1:1', rates));
    expect(error).toMatchObject({ code: 'MCP_INVALID_PARAMS', message });
  });

  test.each(['https://a.invalid', 'nowhere'])('is a URL that it can speak to, which %s is not', async (url) => {
    const error = await errorFrom(chaosProxy(url));
    expect(error.message).toBe(`Invalid url: expected a URL with the scheme http or ws, got ${url}`);
  });
});

describe('over a WebSocket', () => {
  /** A connection through a proxy to a server that answers each text with itself. */
  async function meet(
    options: ChaosProxyOptions,
  ): Promise<{ proxy: ChaosProxy; heard: string[]; sent: string[] } & AsyncDisposable> {
    const server = await ScriptedWebSocketServer.start({
      serve: (text, { socket }) => {
        socket.send(text);
      },
    });
    // The handshake itself is spared.
    const proxy = await chaosProxy(server.url, { ...options, only: ({ direction }) => direction !== undefined });
    const socket = new WebSocket(proxy.url, 'mcp');
    const heard: string[] = [];
    socket.on('error', () => undefined);
    await once(socket, 'open');
    const over = new Promise((resolve) => socket.once('close', resolve));
    const echoed = new Promise((resolve) => {
      socket.on('message', (data: Buffer) => resolve(heard.push(data.toString())));
    });
    socket.send(CALL);
    await Promise.race([over, echoed]);
    return {
      proxy,
      heard,
      get sent() {
        return server.visit.received;
      },
      [Symbol.asyncDispose]: async () => {
        await proxy[Symbol.asyncDispose]();
        await over;
        await server.close();
      },
    };
  }

  test('bytes in pieces arrive in whole', async () => {
    await using meeting = await meet({ split: 1 });
    expect(meeting.heard).toEqual([CALL]);
    expect(listed(meeting.proxy)).toMatchObject([
      { fault: 'split', direction: 'to-server', connection: 0, index: 0, reached: true },
      { fault: 'split', direction: 'to-client', connection: 0, index: 0 },
    ]);
  });

  test.each(['truncate', 'resetBefore'] as const)('%s leaves the server without the message', async (fault) => {
    await using meeting = await meet({ [fault]: 1 });
    expect(meeting).toMatchObject({ heard: [], sent: [] });
    expect(listed(meeting.proxy)).toMatchObject([{ fault, direction: 'to-server', reached: false }]);
  });

  test('resetAfter leaves the server with the message, and the client without the answer', async () => {
    await using meeting = await meet({ resetAfter: 1 });
    expect(meeting.heard).toEqual([]);
    expect(listed(meeting.proxy)).toMatchObject([{ fault: 'resetAfter', direction: 'to-server', reached: true }]);
  });

  test('an answer that is corrupted never passes for another one', async () => {
    await using meeting = await meet({ corrupt: 1 });
    expect(meeting.sent).toEqual([CALL]);
    for (const text of meeting.heard) expect(() => JSON.parse(text) as unknown).toThrow();
    expect(listed(meeting.proxy)).toMatchObject([{ fault: 'corrupt', direction: 'to-client' }]);
  });
});
