import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

import {
  HttpTransport,
  MCPClient,
  MCPTimeoutError,
  MCPTransportError,
  SseTransport,
  StdioTransport,
  WebSocketTransport,
} from '../../src/index.js';
import type { MCPTransport } from '../../src/index.js';
import { freePort, HttpProcess } from '../support/servers/http-process.js';
import { scratchDirectory, serverFixture, textOf, toolsServer } from '../support/servers/fixture-servers.js';
import { errorFrom } from '../support/outcomes.js';
import { isAlive, processFixture } from '../support/servers/processes.js';
import { typeCosts } from '../support/type-costs.js';

const scratch = scratchDirectory();
const node = process.execPath;

describe('pain 6: "connect() hangs when the server never answers or dies at start"', () => {
  /** Takes connections and never says a word. */
  let mute: Server;
  let url: string;
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    mute = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined).resume());
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    url = `127.0.0.1:${(mute.address() as AddressInfo).port}/mcp`;
  });

  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => mute.close(resolve));
  });

  test.each<[string, () => MCPTransport]>([
    ['a process', () => new StdioTransport(node, [processFixture('stays'), 'deaf'])],
    ['HTTP', () => new HttpTransport(`http://${url}`)],
    ['HTTP+SSE', () => new SseTransport(`http://${url}`)],
    ['a WebSocket', () => new WebSocketTransport(`ws://${url}`)],
  ])('%s that never answers: it rejects at its deadline, and says what it waited for', async (_what, transport) => {
    const client = new MCPClient(transport());
    const error = await errorFrom(client.connect({ timeout: 300 }));
    expect(error).toBeInstanceOf(MCPTimeoutError);
    expect(error).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: 300, phase: 'connecting' } });
    expect(client.state).toBe('closed');
    await client.close();
  });

  test.each(['0', '1', 'SIGKILL', 'SIGSEGV'])(
    'a process that ends with %s: it rejects without a deadline',
    async (how) => {
      const transport = new StdioTransport(node, [processFixture('exit-at-start'), how]);
      const client = new MCPClient(transport, { connectTimeout: Infinity, probeTimeout: 3_600_000 });
      expect(await errorFrom(client.connect())).toMatchObject({ code: 'MCP_PROCESS_EXITED' });
      await client.close();
    },
  );

  test('a person who gives up need not wait for either', async () => {
    const client = new MCPClient(new StdioTransport(node, [processFixture('stays'), 'deaf']));
    const controller = new AbortController();
    const connecting = client.connect({ signal: controller.signal, timeout: Infinity });
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(connecting).rejects.toBe(reason);
    await client.close();
  });
});

describe('pain 7: "startup failure says only connection closed"', () => {
  test('a script that is not there: the error has the exit code and what node said', async () => {
    const client = new MCPClient(new StdioTransport(node, ['/no/such/server.js']));
    const error = (await errorFrom(client.connect())) as MCPTransportError;
    expect(error).toMatchObject({ code: 'MCP_PROCESS_EXITED', exitCode: 1, signal: null });
    expect(error.stderr).toContain('Cannot find module');
    expect(error.explain()).toMatch(/exited with code 1[^]*Cannot find module[^]*Hint: /);
    expect(client.explain()).toContain('Cannot find module');
    await client.close();
  });

  test('a setting that is missing: the error has the stderr of the server', async () => {
    const words = 'Error: set SERVICE_URL\\n    and try again\n';
    const client = new MCPClient(new StdioTransport(node, [processFixture('exit-at-start'), '78', words]));
    const error = (await errorFrom(client.connect())) as MCPTransportError;
    expect(error).toMatchObject({ exitCode: 78, stderr: words });
    expect(error.explain()).toContain('SERVICE_URL');
    await client.close();
  });

  test('a program that is not there: the error names it, and what can be done', async () => {
    const client = new MCPClient(new StdioTransport('no-such-program-anywhere'));
    const error = await errorFrom(client.connect());
    expect(error).toBeInstanceOf(MCPTransportError);
    expect(error.message).toContain('no-such-program-anywhere');
    expect(error.explain()).toMatch(/Hint: /);
    await client.close();
  });

  test('a port without a server: the error names it, and is more than a bare "fetch failed"', async () => {
    const port = await freePort();
    const client = new MCPClient(new HttpTransport(`http://127.0.0.1:${port}/mcp`));
    const error = await errorFrom(client.connect());
    expect(error).toMatchObject({ name: 'MCPTransportError', delivery: 'not-sent' });
    expect(error.explain()).toContain(String(port));
    expect(error.explain()).toMatch(/Hint: /);
    await client.close();
  });
});

describe('pain 17: "events of an old transport hit the new connection"', () => {
  test('connecting again at once after a failure: the end of the first process does not end the second', async () => {
    const starts = scratch('starts');
    await using client = new MCPClient(toolsServer({ starts, failures: 2 }));
    expect(await errorFrom(client.connect())).toMatchObject({ exitCode: 9 });
    await client.connect();
    const states: string[] = [];
    client.on('state', (state) => states.push(state));
    for (let call = 0; call < 20; call += 1) await client.callTool('echo', { text: 'hi' });
    expect(states).toEqual([]);
  });

  test('the same over HTTP, with a server that came up meanwhile', async () => {
    const port = await freePort();
    await using client = new MCPClient(new HttpTransport(`http://127.0.0.1:${port}/mcp`));
    expect(await errorFrom(client.connect())).toMatchObject({ delivery: 'not-sent' });
    const server = await HttpProcess.official('sessions', port);
    try {
      await client.connect();
      expect(textOf(await client.callTool('echo', { text: 'hi' }))).toBe('hi');
      expect(client.state).toBe('ready');
    } finally {
      await client.close();
      await server.kill();
    }
  });

  test('messages and the end of a server are ignored while the next one is used', async () => {
    const transport = toolsServer();
    const client = await MCPClient.connect(transport);
    const states: string[] = [];
    client.on('state', (state) => states.push(state));
    const problems: unknown[] = [];
    client.on('error', (problem) => problems.push(problem));
    client.on('warning', (problem) => problems.push(problem));
    for (let round = 0; round < 3; round += 1) {
      const pid = Number(textOf(await client.callTool('pid')));
      // It answers this when it is asked to end, that is, when nobody listens any more.
      const late = errorFrom(client.callTool('late'));
      // What is answered shows that the call before it has arrived.
      await client.callTool('pid');
      const ending = client.close();
      const connecting = client.connect();
      expect(await late).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'unknown' });
      await ending;
      await connecting;
      expect(isAlive(pid)).toBe(false);
      expect(textOf(await client.callTool('echo', { text: `${round}` }))).toBe(`${round}`);
    }
    expect(states.filter((state) => state === 'ready')).toHaveLength(3);
    expect(problems).toEqual([]);
    await client.close();
  });
});

describe('pain 30: "TS2589, tsc runs out of memory, and many servers start slowly"', () => {
  test('a program that connects, lists and calls costs the compiler next to nothing', () => {
    const { instantiations, packages, complaints } = typeCosts(`
      import { HttpTransport, MCPClient } from './index.js';
      export async function use(): Promise<string> {
        await using client = await MCPClient.connect(new HttpTransport('http://a.invalid'));
        const tools = await client.listTools();
        const results = await Promise.all(tools.map(({ name }) => client.callTool(name, { a: [1, { b: 2 }] })));
        return results.flatMap(({ content }) => content.map((one) => (one.type === 'text' ? one.text : ''))).join();
      }`);
    expect(complaints).toEqual([]);
    // Those of Node, and of nothing that the package is made of.
    expect(packages).toEqual(['@types/node', 'undici-types']);
    expect(instantiations).toBeLessThan(5_000);
    // The whole package is compiled for it.
  }, 180_000);

  test('thirteen servers, each of which takes as long as all others to start, start at the same time', async () => {
    const started = scratch('started');
    // As slow as any: it does not answer before all of them were started.
    const script = 'echo >> "$0"; until [ "$(wc -l < "$0")" -ge 13 ]; do sleep 0.05; done; exec "$1" "$2"';
    const transports = Array.from(
      { length: 13 },
      () => new StdioTransport('sh', ['-c', script, started, node, serverFixture('tools')]),
    );
    const clients = await Promise.all(
      transports.map((transport) => MCPClient.connect(transport, { connectTimeout: 100_000, probeTimeout: 100_000 })),
    );
    expect(await Promise.all(clients.map(async (one) => textOf(await one.callTool('echo', { text: 'hi' }))))).toEqual(
      clients.map(() => 'hi'),
    );
    await Promise.all(clients.map((client) => client.close()));
  }, 120_000);
});
