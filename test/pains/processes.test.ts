import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { MCPClient, MCPConnection, MCPError, StdioTransport } from '../../src/index.js';
import type { CallToolResult, JSONRPCMessage } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { compiled } from '../support/compiled.js';
import { readLog, scratchDirectory, serverFixture, textOf, toolsServer } from '../support/servers/fixture-servers.js';
import { errorFrom, rejection } from '../support/outcomes.js';
import { isAlive, processFixture, waitForExit } from '../support/servers/processes.js';

const node = process.execPath;
const scratch = scratchDirectory();

/** What `process` started and has ended without anybody having taken note of it. */
async function zombies(): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'ppid=,stat=,pid=,args=']);
  return stdout.split('\n').filter((row) => new RegExp(`^\\s*${process.pid}\\s+Z`).test(row));
}

describe('pain 3: "a crashed stdio server stays dead until the whole app restarts, and its status says connected"', () => {
  test('it is started again as often as it is killed, and the status is true all the time', async () => {
    const transport = toolsServer();
    await using connection = new MCPConnection('crashing', transport, { reconnectDelay: 1, monitor: false });
    const client = await connection.connect();
    const recorder = new ClientRecorder(client);
    const pids = new Set<string>();
    for (let crash = 1; crash <= 4; crash += 1) {
      const pid = textOf(await client.callTool('pid'));
      pids.add(pid);
      process.kill(Number(pid), 'SIGKILL');
      await recorder.until(() => recorder.state.includes('reconnecting'));
      expect(['reconnecting', 'connecting']).toContain(connection.status);
      expect(connection.isConnected()).toBe(false);
      expect(connection.lastError?.message).toContain('was killed by SIGKILL');
      // Made while there is no server.
      expect(textOf(await client.callTool('echo', { text: `after crash ${crash}` }))).toBe(`after crash ${crash}`);
      expect(connection.status).toBe('connected');
      recorder.state.length = 0;
    }
    expect(pids.size).toBe(4);
    expect(connection.connectionCount).toBe(5);
  });

  test('one that cannot be started any more is an error, and never "connected"', async () => {
    const transport = toolsServer();
    await using connection = new MCPConnection('gone', transport, { reconnectDelay: 1, maxReconnectAttempts: 0 });
    const client = await connection.connect();
    const recorder = new ClientRecorder(client);
    process.kill(transport.pid as number, 'SIGKILL');
    await recorder.until(() => client.state === 'closed');
    expect(connection.status).toBe('error');
    expect(connection.isHealthy()).toBe(false);
    expect(await errorFrom(client.callTool('pid'))).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
  });
});

describe('pain 8: "unread stderr blocks the child"', () => {
  test('megabytes of it before the handshake and during calls hold up nothing, and neither does closing', async () => {
    const server = `"${node}" "${serverFixture('tools')}"`;
    const chatter = `"${node}" "${processFixture('chatty-stderr')}" 4 < /dev/null >&2`;
    const client = await MCPClient.connect(new StdioTransport('sh', ['-c', `${chatter}; exec ${server}`]));
    expect(textOf(await client.callTool('chatter', { mebibytes: 4 }))).toBe('done');
    expect(await client.listTools()).not.toEqual([]);
    const { pid } = client.transport as StdioTransport;
    await client.close();
    expect(isAlive(pid as number)).toBe(false);
  });
});

describe('pain 9: "send() never settles, and EPIPE crashes the process"', () => {
  const large = 'x'.repeat(256 * 1024);

  test('calls to a server that closes its standard input all end', async () => {
    // A server that can be called, until it reads no more.
    const transport = new StdioTransport(node, [
      '--eval',
      `const lines = require('readline').createInterface({ input: process.stdin });
       lines.on('line', (line) => {
         const { id, method } = JSON.parse(line);
         const result = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'a', version: '1' } };
         const answer = method === 'initialize' ? { result } : { error: { code: -32601, message: 'no' } };
         if (method === 'tools/call') { require('fs').closeSync(0); setInterval(() => {}, 1e6); }
         else if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
       });`,
    ]);
    const client = await MCPClient.connect(transport, { timeout: Infinity });
    const calls = Array.from({ length: 32 }, () => errorFrom(client.callTool('any', { large })));
    const errors = await Promise.all(calls);
    expect(errors.every(({ delivery }) => delivery === 'not-sent' || delivery === 'unknown')).toBe(true);
    await client.close();
  });

  test('calls to a server that is killed while it reads all settle, and unwritten calls are not-sent', async () => {
    const transport = toolsServer();
    const client = await MCPClient.connect(transport, { timeout: Infinity });
    const pid = transport.pid as number;
    process.kill(pid, 'SIGSTOP');
    const calls = Array.from({ length: 64 }, () => errorFrom(client.callTool('echo', { text: large })));
    // What fits into the pipe is written; the rest waits.
    await new Promise((resolve) => setImmediate(resolve));
    process.kill(pid, 'SIGKILL');
    const errors = await Promise.all(calls);
    expect(errors.every((error) => error instanceof MCPError)).toBe(true);
    expect(errors.at(-1)?.delivery).toBe('not-sent');
    await client.close();
  });
});

describe('pain 10: "npx, uv and sh -c leave zombies and grandchildren after close"', () => {
  test.each([
    ['sh', ['-c', `"${node}" "${serverFixture('tools')}"; true`]],
    // Like npx: a process that starts the server, stays and does not pass on signals.
    [
      node,
      [
        '--eval',
        `process.on('SIGTERM', () => {});
         require('child_process').spawn(${JSON.stringify(node)}, [${JSON.stringify(serverFixture('tools'))}], { stdio: 'inherit' });`,
      ],
    ],
  ])('a server behind %s is gone with its wrapper and with what it started itself', async (command, args) => {
    const client = await MCPClient.connect(new StdioTransport(command, args));
    const wrapper = (client.transport as StdioTransport).pid as number;
    const server = Number(textOf(await client.callTool('pid')));
    const grandchild = Number(textOf(await client.callTool('family')));
    expect(server).not.toBe(wrapper);
    expect([wrapper, server, grandchild].map(isAlive)).toEqual([true, true, true]);
    await client.close();
    expect([wrapper, server, grandchild].map(isAlive)).toEqual([false, false, false]);
    expect(await zombies()).toEqual([]);
  });

  test('the real npx, too', async () => {
    const client = await MCPClient.connect({ command: 'npx', args: ['--no', 'mcp-server-everything', 'stdio'] });
    const { pid } = client.transport as StdioTransport;
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,pgid=']);
    const group = stdout
      .split('\n')
      .map((row) => row.trim().split(/\s+/).map(Number))
      .flatMap(([id = 0, leader]) => (leader === pid ? [id] : []));
    expect(group.length).toBeGreaterThan(1);
    await client.close();
    expect(group.filter(isAlive)).toEqual([]);
    expect(await zombies()).toEqual([]);
  });

  test('what a server started is also gone when the server was killed, and before the next one starts', async () => {
    await using client = await MCPClient.connect(toolsServer(), { autoReconnect: true, reconnectDelay: 1 });
    const grandchild = Number(textOf(await client.callTool('family')));
    process.kill((client.transport as StdioTransport).pid as number, 'SIGKILL');
    await client.callTool('echo', { text: 'over the next one' }, { retry: 'safe' });
    await waitForExit(grandchild);
  });
});

describe('pain 11: "on Windows npx is not found, or a console window pops up"', () => {
  test('npx is found as the script that it is, with arguments that mean nothing to the shell, and nothing is shown', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'mcp-actors-'));
    try {
      writeFileSync(path.join(directory, 'npx.CMD'), '');
      const host = path.resolve(__dirname, '../fixtures/hosts/windows.mjs');
      const { stdout } = await promisify(execFile)(node, [host, compiled('index'), serverFixture('tools')], {
        env: {
          NODE_PATH: path.resolve(__dirname, '../../node_modules'),
          Path: `C:\\Windows;${directory}`,
          PATHEXT: '.COM;.EXE;.CMD',
        },
      });
      const seen = JSON.parse(stdout) as { started: object[]; answer: CallToolResult; refused: object };
      const hidden = { detached: false, windowsHide: true };
      for (const one of seen.started) expect(one).toMatchObject({ ...hidden, command: 'cmd.exe' });
      expect(seen.started[0]).toMatchObject({
        args: ['/d', '/s', '/c', '"npx ^"-y^" ^"a^ server^" ^"100^%^" ^"^&calc^""'],
        windowsVerbatimArguments: true,
      });
      expect(textOf(seen.answer)).toBe('hi');
      // That of cmd.exe would be "exited with code 1".
      expect(seen.refused).toEqual({
        code: 'MCP_SPAWN_FAILED',
        message: expect.stringContaining('"no-such-program" could not be started: there is no such program') as string,
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('pain 12: "PATH is lost when env is given, or secrets leak to every server"', () => {
  test('a program on PATH is found with env, and gets env and no other variable that is secret', async () => {
    process.env['CLOUD_SECRET'] = 'hidden';
    try {
      const transport = new StdioTransport('node', [serverFixture('tools')], { env: { OWN_KEY: 'own' } });
      await using client = await MCPClient.connect(transport);
      const seen = async (name: string): Promise<string> => textOf(await client.callTool('env', { name }));
      expect(await seen('OWN_KEY')).toBe('own');
      expect(await seen('CLOUD_SECRET')).toBe('');
      expect(await seen('PATH')).toBe(process.env['PATH']);
    } finally {
      delete process.env['CLOUD_SECRET'];
    }
  });
});

describe('pain 39: "a stalled server runs calls that timed out or were aborted long ago, and they fill the memory"', () => {
  /** More than all of the pipe and of the streams may hold is 3 MB of calls. */
  const CALLS = 31;
  const text = 'x'.repeat(100 * 1024);

  interface Stalled {
    readonly client: MCPClient;
    readonly pid: number;
    /** What the server has received since it was stopped. */
    readonly received: () => JSONRPCMessage[];
    /** Wakes the server, and resolves with what it has received until it answered one more call. */
    readonly wake: () => Promise<JSONRPCMessage[]>;
  }

  /** A server that reads nothing, because it is stopped. */
  async function withStalledServer(test: (stalled: Stalled) => Promise<void>): Promise<void> {
    const log = scratch('log');
    const transport = toolsServer({ log });
    await using client = await MCPClient.connect(transport);
    const pid = Number(textOf(await client.callTool('pid')));
    const before = readLog(log).length;
    process.kill(pid, 'SIGSTOP');
    const received = (): JSONRPCMessage[] => readLog(log).slice(before);
    try {
      await test({
        client,
        pid,
        received,
        wake: async () => {
          process.kill(pid, 'SIGCONT');
          await client.callTool('pid');
          return received().slice(0, -1);
        },
      });
    } finally {
      if (isAlive(pid)) process.kill(pid, 'SIGCONT');
    }
  }

  /** The number of each call that the server ran. */
  function ran(received: readonly JSONRPCMessage[]): unknown[] {
    const calls = received.filter((message) => 'method' in message && message.method === 'tools/call');
    return calls.map((call) => ('params' in call ? (call.params?.['arguments'] as { call: number }).call : undefined));
  }

  /** How many the server is told that are given up. */
  function cancellations(received: readonly JSONRPCMessage[]): number {
    return received.filter((message) => 'method' in message && message.method === 'notifications/cancelled').length;
  }

  test('calls that time out before they leave are not sent, and never run', () =>
    withStalledServer(async ({ client, wake }) => {
      const errors = await Promise.all(
        Array.from({ length: CALLS }, (_, call) =>
          errorFrom(client.callTool('echo', { text, call }, { timeout: 300 })),
        ),
      );
      expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['MCP_TIMEOUT']));
      const sent = errors.flatMap(({ delivery }, call) => (delivery === 'not-sent' ? [] : [call]));
      expect(sent.length).toBeLessThan(10);
      const received = await wake();
      expect(ran(received)).toEqual(sent);
      expect(cancellations(received)).toBe(sent.length);
    }));

  test('calls that are aborted before they leave are not sent, whenever that is', () =>
    withStalledServer(async ({ client, wake }) => {
      const [early, late] = [new AbortController(), new AbortController()];
      const outcomes = Array.from({ length: CALLS }, (_, call) =>
        rejection(client.callTool('echo', { text, call }, { signal: call % 2 === 0 ? early.signal : late.signal })),
      );
      early.abort('in the same tick');
      await new Promise(setImmediate);
      late.abort('later');
      expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['in the same tick', 'later']));
      const received = await wake();
      expect(ran(received).length).toBeLessThan(10);
      expect(cancellations(received)).toBe(ran(received).length);
    }));

  test('small calls that are aborted in the tick in which they are made never leave', () =>
    withStalledServer(async ({ client, wake }) => {
      const controller = new AbortController();
      const calls = [1, 2, 3].map((call) =>
        rejection(client.callTool('echo', { call }, { signal: controller.signal })),
      );
      controller.abort('never mind');
      expect(await Promise.all(calls)).toEqual(['never mind', 'never mind', 'never mind']);
      expect(await wake()).toEqual([]);
    }));

  test('closing takes back what has not left, and says so', () =>
    withStalledServer(async ({ client, pid, received }) => {
      const outcomes = Array.from({ length: CALLS }, (_, call) => errorFrom(client.callTool('echo', { text, call })));
      await new Promise(setImmediate);
      const closing = client.close();
      const errors = await Promise.all(outcomes);
      expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['MCP_CONNECTION_CLOSED']));
      const sent = errors.flatMap(({ delivery }, call) => (delivery === 'not-sent' ? [] : [call]));
      expect(sent.length).toBeLessThan(10);
      expect(new Set(sent.map((call) => errors[call]?.delivery))).toEqual(new Set(['unknown']));
      process.kill(pid, 'SIGCONT');
      await closing;
      expect(sent).toEqual(expect.arrayContaining(ran(received())));
    }));

  test('what is given up leaves nothing in memory, and what is not given up still arrives, in order', () =>
    withStalledServer(async ({ client, wake }) => {
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      collect();
      const before = process.memoryUsage().heapUsed;
      const kept = [0, 1].map((call) => client.callTool('echo', { text: `kept ${call}`, call }));
      const controller = new AbortController();
      const outcomes = Array.from({ length: 500 }, (_, call) =>
        rejection(client.callTool('echo', { text: `${call} ${text}`, call: call + 2 }, { signal: controller.signal })),
      );
      kept.push(...[900, 901].map((call) => client.callTool('echo', { text: `kept ${call}`, call })));
      controller.abort('enough');
      await Promise.all(outcomes);
      await new Promise(setImmediate);
      collect();
      // Of 50 MB.
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
      const received = ran(await wake());
      expect([received.slice(0, 2), received.slice(-2)]).toEqual([
        [0, 1],
        [900, 901],
      ]);
      expect((await Promise.all(kept)).map(textOf)).toEqual(['kept 0', 'kept 1', 'kept 900', 'kept 901']);
    }));
});
