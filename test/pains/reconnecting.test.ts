import { connect as connectSocket, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

import {
  HttpTransport,
  MCPClient,
  MCPConnection,
  SseTransport,
  StdioTransport,
  WebSocketTransport,
} from '../../src/index.js';
import type { MCPClientOptions, MCPConnectionOptions, MCPTransport } from '../../src/index.js';
import { chaosProxy } from '../../src/testing/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { textOf, toolsServer } from '../support/servers/fixture-servers.js';
import { freePort, HttpProcess } from '../support/servers/http-process.js';
import { sdkServer } from '../support/servers/real-servers.js';
import { Waiting } from '../support/waiting.js';

/** What is to be closed after a test, the last thing first. */
const open: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

describe('pain 2: "no auto reconnect at all, user code must build a new transport and client"', () => {
  const options: MCPClientOptions = { autoReconnect: true, reconnectDelay: 20, maxReconnectAttempts: 50 };
  const everything: [string, Record<string, unknown>] = ['echo', { message: 'hi', text: 'hi' }];

  /** A network between the client and a server, which can be taken away for a while. */
  async function network(server: HttpProcess, url: string): Promise<{ url: string; strike: () => unknown }> {
    open.push(() => server.kill());
    const proxy = await chaosProxy(url);
    open.push(() => proxy[Symbol.asyncDispose]());
    return { url: proxy.url, strike: () => void proxy.hangUp(150) };
  }

  test.each<[string, () => Promise<{ transport: MCPTransport; strike: () => unknown }>]>([
    [
      'a process',
      async () => {
        const transport = toolsServer();
        return { transport, strike: () => process.kill(transport.pid as number, 'SIGKILL') };
      },
    ],
    [
      'HTTP',
      async () => {
        const server = await HttpProcess.official('sessions');
        const { url, strike } = await network(server, server.url);
        return { transport: new HttpTransport(url), strike };
      },
    ],
    [
      'HTTP+SSE',
      async () => {
        const server = await HttpProcess.everything('sse', await freePort());
        const { url, strike } = await network(server, `http://127.0.0.1:${server.port}/sse`);
        return { transport: new SseTransport(url), strike };
      },
    ],
    [
      'a WebSocket',
      async () => {
        const server = await HttpProcess.webSocket();
        const { url, strike } = await network(server, server.webSocketUrl);
        return { transport: new WebSocketTransport(url), strike };
      },
    ],
  ])('over %s the same client and the same transport go on, and calls made meanwhile wait', async (what, start) => {
    const { transport, strike } = await start();
    const client = new MCPClient(transport, options);
    open.push(() => client.close());
    const recorder = new ClientRecorder(client);
    await client.connect();
    const [name, args] = what === 'a WebSocket' ? (['add', { a: 1, b: 1 }] as const) : everything;
    const before = textOf(await client.callTool(name, args));
    for (let round = 0; round < 2; round += 1) {
      strike();
      // Over HTTP nobody notices before the next call. Elsewhere the loss is seen by itself.
      if (transport.framing === 'shared') await recorder.until(() => client.state !== 'ready');
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => client.callTool(name, args, { retry: 'safe' })),
      );
      expect(answers.map(textOf)).toEqual(Array(5).fill(before));
      expect(client.transport).toBe(transport);
      recorder.state.length = 0;
    }
  });
});

/** Passes bytes on between a client and a server, until it is told to pass on nothing more over the connections that there are. */
class Relay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  connections = 0;

  constructor(port: number) {
    this.#server = createServer((near) => {
      this.connections += 1;
      const far = connectSocket(port, '127.0.0.1');
      for (const socket of [near, far]) this.#sockets.add(socket.on('error', () => undefined));
      near.pipe(far).pipe(near);
    });
  }

  static async start(port: number): Promise<Relay> {
    const relay = new Relay(port);
    await new Promise<void>((resolve) => relay.#server.listen(0, '127.0.0.1', resolve));
    open.push(() => relay.#close());
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** As a router does that has forgotten the connections: nothing arrives, and nobody is told. */
  forget(): void {
    for (const socket of this.#sockets) socket.unpipe().resume();
  }

  async #close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

describe('pain 4: "an idle connection dies silently, and that is found out only at the next call"', () => {
  const options: MCPConnectionOptions = { healthCheckInterval: 200, reconnectDelay: 1 };

  test('a network that passes on nothing more is noticed without a call, and left', async () => {
    const server = await HttpProcess.webSocket();
    open.push(() => server.kill());
    const relay = await Relay.start(server.port);
    const transport = new WebSocketTransport(`ws://127.0.0.1:${relay.port}/mcp`);
    const connection = new MCPConnection('idle', transport, options);
    open.push(() => connection.disconnect());
    const client = await connection.connect();
    const recorder = new ClientRecorder(client);
    relay.forget();
    await recorder.until(() => recorder.state.includes('ready') && recorder.state.includes('reconnecting'));
    expect(recorder.state.indexOf('degraded')).toBeLessThan(recorder.state.indexOf('reconnecting'));
    expect(relay.connections).toBeGreaterThan(1);
    expect(textOf(await client.callTool('add', { a: 1, b: 2 }))).toBe('3');
  });

  test('so is a process that is frozen; another one takes its place', async () => {
    const transport = toolsServer();
    const connection = new MCPConnection('frozen', transport, options);
    open.push(() => connection.disconnect());
    const client = await connection.connect();
    const recorder = new ClientRecorder(client);
    const frozen = transport.pid as number;
    process.kill(frozen, 'SIGSTOP');
    await recorder.until(() => recorder.state.includes('ready') && recorder.state.includes('reconnecting'), 20_000);
    expect(textOf(await client.callTool('pid'))).not.toBe(String(frozen));
  });
});

describe('pain 5: "the heartbeat itself kills good connections"', () => {
  /** A client whose server is looked after all the time, and what the checks found. */
  async function watched(
    transport: MCPTransport,
    healthCheckInterval: number,
  ): Promise<{
    client: MCPClient;
    states: string[];
    checks: (count: number) => Promise<boolean[]>;
  }> {
    const waiting = new Waiting();
    const found: boolean[] = [];
    const client = new MCPClient(transport, {
      healthCheckInterval,
      inspect: (event) => {
        const { type, event: inner } = event as { type: string; event?: { type: string; check?: { ok: boolean } } };
        if (type !== '@xstate.event' || inner?.type !== 'health.checked') return;
        found.push(inner.check?.ok === true);
        waiting.wake();
      },
    });
    open.push(() => client.close());
    await client.connect();
    const states: string[] = [];
    client.on('state', (state) => states.push(state));
    return {
      client,
      states,
      checks: async (count) => {
        await waiting.until(
          () => found.length >= count,
          () => `heard of ${found.length} checks`,
        );
        return found;
      },
    };
  }

  /** Speaks JSON-RPC over lines; `react` is what it does at a message. */
  function own(react: string): StdioTransport {
    const program = `
      const say = (message) => console.log(JSON.stringify({ jsonrpc: '2.0', ...message }));
      const initialize = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'own', version: '1' } };
      require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
        const { id, method } = JSON.parse(line);
        if (method === 'initialize') say({ id, result: initialize });
        else if (method === 'server/discover') say({ id, error: { code: -32601, message: 'unknown' } });
        else if (id !== undefined) { ${react} }
      });`;
    return new StdioTransport(process.execPath, ['--eval', program]);
  }

  test('a server that does not know ping is alive', async () => {
    const { client, states, checks } = await watched(
      own(`say({ id, error: { code: -32601, message: 'unknown' } });`),
      400,
    );
    expect((await checks(3)).includes(true)).toBe(true);
    expect(states.filter((state) => state !== 'degraded' && state !== 'ready')).toEqual([]);
    expect(client.isConnected()).toBe(true);
  });

  test('a server of 2026, where there is no ping, is asked something else', async () => {
    const { client, states, checks } = await watched(sdkServer('reject'), 400);
    expect(client.era).toBe('modern');
    expect((await checks(3)).includes(true)).toBe(true);
    expect(states.filter((state) => state !== 'degraded' && state !== 'ready')).toEqual([]);
  });

  test('a server that is so busy with a call that it cannot answer anything else is left to work', async () => {
    const busy = `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, method === 'tools/call' ? 1500 : 0);
      say({ id, result: { content: [{ type: 'text', text: 'done' }] } });`;
    const { client, states, checks } = await watched(own(busy), 50);
    expect(textOf(await client.callTool('work'))).toBe('done');
    // Each of these would have been a reason to give the connection up.
    expect((await checks(4)).filter((ok) => !ok).length).toBeGreaterThan(3);
    expect(states).not.toContain('reconnecting');
    expect(states).not.toContain('closed');
  });
});
