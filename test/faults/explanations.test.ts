import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { HttpTransport, MCPClient, StdioTransport, WebSocketTransport } from '../../src/index.js';
import type { MCPClientOptions, MCPTransport } from '../../src/index.js';
import { ByteServer } from '../support/servers/byte-server.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { freePort } from '../support/servers/http-process.js';
import { legacyServer, modernServer, ScriptedHttpServer } from '../support/servers/http-server.js';
import type { HttpVisit } from '../support/servers/http-server.js';
import { ClientAndServer } from '../support/scripted-clients.js';
import { errorFrom } from '../support/outcomes.js';
import { legacyScript, silence } from '../support/servers/scripts.js';
import { SimulatedEnvironment } from '../support/simulated-environment.js';

jest.setTimeout(30_000);

/** What the error of a failed attempt to connect tells, and what its client does. */
async function told(transport: MCPTransport, options: MCPClientOptions = {}): Promise<string> {
  await using client = new MCPClient(transport, options);
  const error = await errorFrom(client.connect());
  expect(hintsIn(client.explain())).toHaveLength(1);
  return error.explain();
}

function hintsIn(text: string): string[] {
  return text.split('\n').filter((line) => line.startsWith('Hint: '));
}

const node = (program: string): StdioTransport => new StdioTransport(process.execPath, ['-e', program]);

describe('a process that cannot serve hints at what to do', () => {
  test.each<[string, () => StdioTransport, string]>([
    [
      'a file that was not found',
      () => new StdioTransport(process.execPath, ['/no/such/server.js']),
      'is missing: check',
    ],
    [
      'a command that its shell does not find',
      () => new StdioTransport('sh', ['-c', 'no-such-command']),
      'was not found',
    ],
    ['an end without a word', () => node(''), 'exited without an error'],
    ['a death by a signal', () => node('process.kill(process.pid, "SIGKILL")'), 'ran out of memory'],
    ['a command with its arguments in it', () => new StdioTransport('node server.js'), 'put each argument into `args`'],
  ])('%s', async (_what, transport, expected) => {
    const [hint] = hintsIn(await told(transport()));
    expect(hint).toContain(expected);
  });

  test('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const telling = told(node(`require("net").createServer().listen(${port}, "127.0.0.1")`));
    const [hint] = hintsIn(await telling.finally(() => server.close()));
    expect(hint).toContain('The port of the server is in use');
  });

  test('noise on its standard output, and then nothing', async () => {
    const clock = new SimulatedEnvironment();
    await using client = new MCPClient(node('console.log("Starting ..."); setInterval(() => {}, 1_000)'), {
      environment: clock,
    });
    const recorder = new ClientRecorder(client);
    const connecting = errorFrom(client.connect());
    await recorder.first('warning');
    await clock.advance(30_000);
    const text = (await connecting).explain();
    expect(text).toContain('Last problem: The server wrote a line that is not JSON: "Starting ..." [MCP_INVALID_JSON]');
    for (const told of [text, client.explain()])
      expect(hintsIn(told)[0]).toContain('Configure it to log to standard error');
    const closing = client.close();
    await clock.advance(10_000);
    await closing;
  });
});

describe('a server of HTTP that cannot serve hints at what to do', () => {
  test.each<[string, (visit: HttpVisit) => void, string | RegExp]>([
    ['another path', (visit) => visit.status(404), /Try http:\/\/127\.0\.0\.1:\d+\/sse\.$/],
    ['another method', (visit) => visit.status(405), 'Is this the MCP endpoint?'],
    ['no type that it could answer in', (visit) => visit.status(406), 'Accept header'],
    ['too many requests', (visit) => visit.status(429, { 'retry-after': '7' }), 'in 7.0 s'],
    ['no service', (visit) => visit.status(503), 'is overloaded'],
    ['a page', (visit) => visit.response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'), 'web page'],
    [
      'a token that is not valid',
      (visit) => visit.status(401, { 'www-authenticate': 'Bearer error="invalid_token"' }),
      'Renew it',
    ],
    [
      'a scope that is too small',
      (visit) => visit.status(403, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="files:read"' }),
      'the scope "files:read"',
    ],
    ['another origin', (visit) => visit.status(307, { location: 'https://b.invalid/mcp' }), 'https://b.invalid'],
  ])('%s', async (_what, script, expected) => {
    const server = await ScriptedHttpServer.start(script);
    const telling = told(new HttpTransport(server.url));
    const [hint] = hintsIn(await telling.finally(() => server.close()));
    expect(hint).toMatch(expected);
  });

  test('nothing that listens', async () => {
    const [hint] = hintsIn(await told(new HttpTransport(`http://127.0.0.1:${await freePort()}/mcp`)));
    expect(hint).toContain('No process listens');
  });

  test('a host that does not exist', async () => {
    const [hint] = hintsIn(await told(new HttpTransport('http://nowhere.invalid/mcp')));
    expect(hint).toMatch(/The host does not exist|The DNS does not respond/);
  });

  test.each([
    ['the banner of SSH', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['lines that end without CR', 'HTTP/1.1 200 OK\nContent-Length: x\n\n'],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nno colon\r\n\r\n'],
    ['a status that is no number', 'HTTP/1.1 abc OK\r\n\r\n'],
  ])('something that does not use HTTP, but sends %s', async (_, bytes) => {
    const server = await ByteServer.start((socket) => void socket.once('data', () => socket.end(bytes)));
    const { port } = server;
    try {
      for (const transport of [
        new HttpTransport(`http://127.0.0.1:${port}/mcp`),
        new WebSocketTransport(`ws://127.0.0.1:${port}/mcp`),
      ]) {
        const [hint] = hintsIn(await told(transport));
        expect(hint).toContain('does not use HTTP');
      }
    } finally {
      await server.close();
    }
  });

  test('headers that are too large for a WebSocket', async () => {
    const bytes = `HTTP/1.1 101 Switching Protocols\r\nx-a: ${'y'.repeat(20_000)}\r\n\r\n`;
    const server = await ByteServer.start((socket) => void socket.once('data', () => socket.end(bytes)));
    const telling = told(new WebSocketTransport(`ws://127.0.0.1:${server.port}/mcp`));
    const [hint] = hintsIn(await telling.finally(() => server.close()));
    expect(hint).toContain('--max-http-header-size');
  });
});

test('a client that waits to reconnect says what it does next, and one that was closed how to go on', async () => {
  await using pair = await ClientAndServer.connect(legacyScript('2025-11-25'), {
    autoReconnect: true,
    maxReconnectAttempts: 4,
    reconnectDelay: 10_000,
  });
  const { client, server, clock } = pair;
  server.hangUp();
  await clock.advance(0);
  const [, left] = /^The next attempt is made in (\d.*)\.$/m.exec(client.explain()) ?? [];
  expect(left).toMatch(/^\d+ ms$|^\d\.\d s$/);
  expect(client.explain()).toContain('Attempts to reconnect: 0 of at most 4.');
  expect(client.explain()).toContain('Lost in the last 300000 ms: 1 (`maxRestarts`: 10).');
  await client.disconnect();
  expect(client.explain()).toMatch(/^The state is closed .*Hint: Call connect\(\) first/s);
});

describe('the error of a call explains itself', () => {
  test('where the connection stood, what had happened and what went over the link', async () => {
    await using pair = await ClientAndServer.connect(
      legacyScript('2025-11-25', { 'tools/call': silence, ping: silence }),
      {
        healthCheckInterval: 1_000,
      },
    );
    const { client, clock } = pair;
    const calling = errorFrom(client.callTool('slow', { patient: 4711 }, { timeout: 4_500 }));
    await clock.advance(4_500);
    const error = await calling;
    const before = error.explain();
    expect(before).toBe(
      [
        'tools/call "slow" got no answer within 4500 ms [MCP_TIMEOUT]',
        '  operation: tools/call',
        '  timeout: 4500',
        '  phase: waiting',
        '  tool: slow',
        'The request was sent and got no response: it may have run.',
        'The state was linked.established.degraded.',
        'idle → connecting, 4.5 s before',
        'connecting → initializing, 4.5 s before',
        'initializing → ready, 4.5 s before',
        'ready → degraded, 2.5 s before',
        'Last messages:',
        '  ← result of initialize #2, 4.5 s before',
        '  → notifications/initialized, 4.5 s before',
        '  → tools/call #3, 4.5 s before',
        '  → ping #4, 3.5 s before',
        '  → notifications/cancelled, 2.5 s before',
        '  → ping #5, 1.5 s before',
        '  → notifications/cancelled, 500 ms before',
        '  → notifications/cancelled, 0 ms before',
        'Hint: If the operation needs this much time, raise `timeout`, or let the server report progress.',
      ].join('\n'),
    );
    // It was written down: what comes later does not change it.
    await client.disconnect();
    await clock.advance(10_000);
    expect(error.explain()).toBe(before);
  });

  test('also when the link was lost with many calls in flight, and all errors have the same explanation', async () => {
    await using pair = await ClientAndServer.connect(legacyScript('2025-11-25', { 'tools/call': silence }));
    const { client, server } = pair;
    const calls = Array.from({ length: 1_000 }, () => errorFrom(client.callTool('x', { patient: 4711 })));
    await server.receive('tools/call');
    server.hangUp();
    const texts = new Set((await Promise.all(calls)).map((error) => error.explain()));
    expect(texts.size).toBe(1);
    expect([...texts][0]).toMatch(/ready → closed, .*→ tools\/call #\d+, /s);
    expect([...texts][0]).not.toContain('4711');
  });

  test('with the status that an exchange failed with', async () => {
    const server = await ScriptedHttpServer.start(
      legacyServer((visit) => visit.message.method === 'tools/call' && (visit.status(503), true)),
    );
    await using client = await MCPClient.connect(new HttpTransport(server.url));
    const error = await errorFrom(client.callTool('x'));
    expect(error.explain()).toMatch(/ {2}→ tools\/call #(\d+), .* {2}✗ tools\/call #\1: HTTP 503, /s);
    await server.close();
  });

  test.each(['{}', 'null', '"ok"', '{"content":[]}', ''])(
    'does not say that a complete body was cut off: %s',
    async (body) => {
      const answer = ({ message, response }: HttpVisit): boolean => {
        if (message.method !== 'tools/call') return false;
        response.writeHead(200, { 'content-type': 'application/json' }).end(body);
        return true;
      };
      const server = await ScriptedHttpServer.start(legacyServer(answer));
      await using client = await MCPClient.connect(new HttpTransport(server.url));
      const error = await errorFrom(client.callTool('x'));
      expect(error).toMatchObject({ code: 'MCP_STREAM_BROKEN', delivery: 'unknown' });
      expect(error.hint).toContain('sent no response');
      await server.close();
    },
  );

  test('but not that of a tool: there the connection does not matter', async () => {
    const server = await ScriptedHttpServer.start(
      modernServer(
        (visit) => visit.message.method === 'tools/call' && (visit.error(200, -32_602, 'no such tool'), true),
      ),
    );
    await using client = await MCPClient.connect(new HttpTransport(server.url));
    const error = await errorFrom(client.callTool('x'));
    expect(error.explain()).not.toContain('Last messages');
    await server.close();
  });
});
