import { execFile } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import {
  HttpTransport,
  MCPClient,
  MCPConnection,
  MCPTimeoutError,
  MCPToolError,
  StdioTransport,
} from '../../src/index.js';
import type { MCPClientOptions } from '../../src/index.js';
import { createScriptedServer, SimulatedEnvironment } from '../../src/testing/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { compiled } from '../support/compiled.js';
import { readLog, scratchDirectory, serverFixture, textOf, toolsServer } from '../support/servers/fixture-servers.js';
import { ScriptedHttpServer, modernServer } from '../support/servers/http-server.js';
import type { HttpVisit } from '../support/servers/http-server.js';
import { errorFrom, rejection } from '../support/outcomes.js';
import { isAlive, processFixture } from '../support/servers/processes.js';
import { sdkServer } from '../support/servers/real-servers.js';

const scratch = scratchDirectory();

describe('pain 13: "60 s kills long tools, progress does not extend it, and the total limit is not enforced"', () => {
  const MINUTE = 60_000;

  /** A tool that works for ten minutes, and says so every twenty seconds if it is asked to. */
  async function withLongTool(
    reports: boolean,
    test: (client: MCPClient, clock: SimulatedEnvironment, warnings: unknown[]) => Promise<void>,
  ): Promise<void> {
    const clock = new SimulatedEnvironment();
    await using server = createScriptedServer({
      environment: clock,
      handlers: {
        'tools/call': async (_params, { wait, progress }) => {
          for (let step = 1; step <= 30; step += 1) {
            await wait(20_000);
            if (reports) progress(step, 30);
          }
          return { content: [{ type: 'text', text: 'built' }] };
        },
      },
    });
    await using client = new MCPClient(server.transport, { environment: clock });
    await client.connect();
    const recorder = new ClientRecorder(client);
    await test(client, clock, recorder.warning);
    expect(recorder.error).toEqual([]);
  }

  test('a tool that reports progress may take ten minutes with a timeout of thirty seconds', () =>
    withLongTool(true, async (client, clock) => {
      const seen: number[] = [];
      const building = client.callTool(
        'build',
        {},
        { timeout: 30_000, onProgress: ({ progress }) => seen.push(progress) },
      );
      await clock.advance(10 * MINUTE);
      expect(textOf(await building)).toBe('built');
      expect(seen).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    }));

  test('progress extends it without a listener, too: every call requests progress', () =>
    withLongTool(true, async (client, clock, warnings) => {
      const building = client.callTool('build', {}, { timeout: 30_000 });
      await clock.advance(10 * MINUTE);
      expect(textOf(await building)).toBe('built');
      expect(warnings).toEqual([]);
    }));

  test('one that does not is given up after thirty seconds, and after ten minutes when that is asked for', () =>
    withLongTool(false, async (client, clock) => {
      const short = errorFrom(client.callTool('build', {}, { timeout: 30_000 }));
      const long = client.callTool('build', {}, { timeout: 11 * MINUTE });
      await clock.advance(30_000);
      expect(await short).toBeInstanceOf(MCPTimeoutError);
      await clock.advance(10 * MINUTE);
      expect(textOf(await long)).toBe('built');
    }));

  test('the total limit holds whatever is reported', () =>
    withLongTool(true, async (client, clock) => {
      const limits = { timeout: 30_000, maxTotalTimeout: MINUTE };
      const building = errorFrom(client.callTool('build', {}, { ...limits, onProgress: () => undefined }));
      const started = clock.now();
      await clock.advance(MINUTE);
      expect(await building).toMatchObject({ code: 'MCP_TIMEOUT', delivery: 'unknown' });
      expect(clock.now() - started).toBe(MINUTE);
    }));

  test('the answer that comes too late is a warning', async () => {
    await using client = await MCPClient.connect(toolsServer());
    const { warning, error } = new ClientRecorder(client);
    expect(await errorFrom(client.callTool('late', {}, { timeout: 20 }))).toMatchObject({ code: 'MCP_TIMEOUT' });
    await client.callTool('release');
    expect(warning).toEqual([expect.objectContaining({ code: 'MCP_UNKNOWN_RESPONSE' })]);
    expect(error).toEqual([]);
  });
});

describe('pain 14: "an abort looks like a timeout, leaves a listener, and the server gets no cancellation"', () => {
  test('an official server that works on it gets the cancellation, and the caller gets the reason of the signal', async () => {
    let heard = '';
    let cancelled!: () => void;
    const told = new Promise<void>((resolve) => (cancelled = resolve));
    const transport = sdkServer('serve', {
      onStderr: (text) => {
        heard += text;
        if (heard.includes('cancelled')) cancelled();
      },
    });
    await using client = await MCPClient.connect(transport);
    const recorder = new ClientRecorder(client);
    const controller = new AbortController();
    const reason = new Error('the user pressed Escape');
    const call = rejection(client.callTool('hang', {}, { signal: controller.signal, timeout: Infinity }));
    // What is answered shows that the call before it has arrived.
    await client.callTool('add', { a: 1, b: 2 });
    controller.abort(reason);
    expect(await call).toBe(reason);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    await told;
    expect(recorder.error).toEqual([]);
    expect(client.state).toBe('ready');
  });

  test('a signal that ends by itself is an AbortSignal.timeout() like anywhere else', async () => {
    await using client = await MCPClient.connect(toolsServer());
    const signal = AbortSignal.timeout(20);
    expect(await rejection(client.callTool('hang', {}, { signal }))).toBe(signal.reason);
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
  });
});

describe('pain 16: "an unhandled rejection or an uncaught error takes the app down"', () => {
  test('a program that handles only its own promises survives everything', async () => {
    const careless = path.resolve(__dirname, '../fixtures/hosts/careless.mjs');
    const args = [careless, compiled('index'), serverFixture('tools'), processFixture('exit-at-start')];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--unhandled-rejections=strict', ...args], {
      env: { ...process.env, NODE_PATH: path.resolve(__dirname, '../../node_modules') },
    });
    expect(stdout).toBe('still here\n');
    expect(stderr).toBe('');
    // It starts a dozen processes.
  }, 120_000);
});

describe('pain 18: "progress comes after the response, or its handler is lost"', () => {
  test('ninety reports of an official server come in order, all before the answer', async () => {
    await using client = await MCPClient.connect(sdkServer());
    const calls = [3, 90].map(async (to) => {
      const seen: number[] = [];
      const result = await client.callTool('count', { to }, { onProgress: ({ progress }) => seen.push(progress) });
      expect(textOf(result)).toBe(String(to));
      expect(seen).toEqual(Array.from({ length: to }, (_, index) => index + 1));
    });
    await Promise.all(calls);
  });

  test('of a flood not every report is passed on, but the last one is, and before the result', async () => {
    await using client = await MCPClient.connect(sdkServer());
    const seen: number[] = [];
    await client.callTool('count', { to: 2_000 }, { onProgress: ({ progress }) => seen.push(progress) });
    expect(seen.at(-1)).toBe(2_000);
    expect(seen).toEqual([...seen].sort((one, other) => one - other));
  });

  test('a report after the response is ignored', async () => {
    await using client = await MCPClient.connect(toolsServer());
    const { error } = new ClientRecorder(client);
    const seen: number[] = [];
    const onProgress = ({ progress }: { progress: number }): number => seen.push(progress);
    const late = [1, 2, 3, 4, 5].map((progressToken) =>
      JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: 99 } }),
    );
    await client.callTool('echo', { text: 'hi' }, { onProgress });
    await client.callTool('say', { output: `${late.join('\n')}\n` });
    expect(seen).toEqual([]);
    expect(error).toEqual([]);
    expect(client.state).toBe('ready');
  });
});

describe('pain 21: "pages are ignored, or the cursor never advances"', () => {
  test('all pages are read, and a cursor that leads nowhere is an error', async () => {
    let stuck = false;
    await using server = createScriptedServer({
      handlers: {
        'tools/list': ({ cursor }) => {
          const page = Number(cursor ?? 0);
          const tools = [{ name: `tool-${page}`, inputSchema: { type: 'object' } }];
          const nextCursor = stuck ? 'same' : page < 4 ? String(page + 1) : undefined;
          return { resultType: 'complete', tools, nextCursor, ttlMs: 0, cacheScope: 'private' };
        },
      },
    });
    await using client = await MCPClient.connect(server.transport);
    expect((await client.listTools()).map(({ name }) => name)).toEqual([0, 1, 2, 3, 4].map((page) => `tool-${page}`));
    stuck = true;
    expect(await errorFrom(client.listTools({ useCache: false }))).toMatchObject({ code: 'MCP_PAGINATION' });
  });
});

describe('pain 22: "the tool list is stale after a reconnect or after list_changed"', () => {
  test('both are noticed, the list is read again, and the difference is reported', async () => {
    const transport = sdkServer();
    await using client = new MCPClient(transport, { autoReconnect: true, reconnectDelay: 1 });
    const recorder = new ClientRecorder(client, ['toolsChanged']);
    await client.connect();
    const names = async (): Promise<string[]> => (await client.listTools()).map(({ name }) => name);
    expect(await names()).not.toContain('grown');
    await client.callTool('grow');
    await recorder.first('toolsChanged');
    expect(recorder.toolsChanged[0]).toMatchObject({ added: ['grown'], removed: [], changed: [] });
    expect(await names()).toContain('grown');
    // The next process has not grown.
    process.kill(transport.pid as number, 'SIGKILL');
    await recorder.first('toolsChanged', 2);
    expect(recorder.toolsChanged[1]).toMatchObject({ added: [], removed: ['grown'] });
    expect(await names()).not.toContain('grown');
  });
});

describe('pain 40: "a server that announces changes whenever it is listed makes the client list for ever"', () => {
  test('a server process that does so is listed a few times in two seconds, and answers calls meanwhile', async () => {
    const log = scratch('log');
    await using client = await MCPClient.connect(toolsServer({ log, restless: 1 }));
    const { toolsChanged } = new ClientRecorder(client, ['toolsChanged']);
    await client.listTools();
    await sleep(2_000);
    expect(textOf(await client.callTool('echo', { text: 'hi' }))).toBe('hi');
    const lists = readLog(log).filter((message) => 'method' in message && message.method === 'tools/list');
    expect(lists.length).toBeGreaterThan(1);
    expect(lists.length).toBeLessThan(6);
    expect(toolsChanged).toEqual([]);
  });

  test('lists of one moment ask the server process once, and an abort ends only its own', async () => {
    const log = scratch('log');
    await using client = await MCPClient.connect(toolsServer({ log }));
    const controller = new AbortController();
    const aborted = rejection(client.listTools({ signal: controller.signal }));
    const lists = Array.from({ length: 20 }, () => client.listTools());
    controller.abort('enough');
    expect(await aborted).toBe('enough');
    const [first, ...others] = await Promise.all(lists);
    for (const other of others) expect(other).toEqual(first);
    const heard = readLog(log).flatMap((message) => ('method' in message ? [message.method] : []));
    expect(heard.filter((method) => method === 'tools/list')).toHaveLength(1);
    expect(heard).not.toContain('notifications/cancelled');
  });
});

describe('pain 23: "one server that is down breaks all"', () => {
  test('each connection has a life of its own', async () => {
    const options = { connectionTimeout: 5_000 };
    const transports = [
      toolsServer(),
      new StdioTransport('no-such-program-anywhere'),
      new StdioTransport(process.execPath, [processFixture('exit-at-start'), '1']),
      new StdioTransport(process.execPath, [processFixture('stays'), 'deaf']),
    ];
    const connections = transports.map((transport, index) => new MCPConnection(`server ${index}`, transport, options));
    const connecting = connections.map((connection, index) => connection.connect(index === 3 ? 300 : undefined));
    const all = Promise.allSettled(connecting);
    // The one that works does not wait for the others.
    const client = await (connecting[0] as Promise<MCPClient>);
    expect(textOf(await client.callTool('echo', { text: 'hi' }))).toBe('hi');
    const outcomes = await all;
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
    expect(connections.map(({ status }) => status)).toEqual(['connected', 'error', 'error', 'error']);
    await Promise.all(connections.map((connection) => connection.disconnect()));
  });
});

describe('pain 24: "a retry after a lost reply runs the side effect twice"', () => {
  const again: MCPClientOptions = { autoReconnect: true, reconnectDelay: 1 };

  test('64 calls that a process was working on when it was killed: each ran once, and says that it may have run', async () => {
    const log = scratch('log');
    const transport = toolsServer({ log });
    await using client = await MCPClient.connect(transport, again);
    const recorder = new ClientRecorder(client, ['notification']);
    const calls = Array.from({ length: 64 }, () => errorFrom(client.callTool('hang')));
    await recorder.first('notification', 64);
    const pid = transport.pid as number;
    process.kill(pid, 'SIGKILL');
    expect(new Set((await Promise.all(calls)).map(({ delivery }) => delivery))).toEqual(new Set(['unknown']));
    expect(textOf(await client.callTool('pid'))).not.toBe(String(pid));
    expect(isAlive(pid)).toBe(false);
    const ran = readLog(log).filter((message) => JSON.stringify(message).includes('"name":"hang"'));
    expect(ran).toHaveLength(64);
  });

  describe('over HTTP, when the connection breaks after the server has done it', () => {
    const tools = [
      { name: 'charge', inputSchema: { type: 'object' } },
      { name: 'balance', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
      { name: 'put', inputSchema: { type: 'object' }, annotations: { idempotentHint: true } },
    ];

    /** What ran, by name. Each first answer is lost on its way. */
    async function withLedger(test: (client: MCPClient, ledger: string[]) => Promise<void>): Promise<void> {
      const ledger: string[] = [];
      const lose = (visit: HttpVisit): boolean => {
        if (visit.message.method !== 'tools/call') return false;
        ledger.push(String(visit.message.params?.['name']));
        if (ledger.length > 1) return false;
        visit.reset();
        return true;
      };
      const server = await ScriptedHttpServer.start(modernServer(lose, tools));
      const client = new MCPClient(new HttpTransport(server.url), again);
      try {
        await client.connect();
        await client.listTools();
        await test(client, ledger);
      } finally {
        await client.close();
        await server.close();
      }
    }

    test('the charge is made once, and the error says that it may have been', () =>
      withLedger(async (client, ledger) => {
        const error = await errorFrom(client.callTool('charge', { amount: 5 }));
        expect(error).toMatchObject({ delivery: 'unknown' });
        expect(error.explain()).toContain('it may have run');
        expect(ledger).toEqual(['charge']);
      }));

    test.each(['balance', 'put'])('a call that the server marks as safe is repeated: %s', (name) =>
      withLedger(async (client, ledger) => {
        expect(textOf(await client.callTool(name))).toBe('done');
        expect(ledger).toEqual([name, name]);
      }),
    );

    test('and what the caller says may be repeated', () =>
      withLedger(async (client, ledger) => {
        expect(textOf(await client.callTool('charge', { key: 'once' }, { retry: 'safe' }))).toBe('done');
        expect(ledger).toEqual(['charge', 'charge']);
      }));
  });

  test('a call that never left is made over the next connection, once', async () => {
    const log = scratch('log');
    const transport = toolsServer({ log });
    await using client = await MCPClient.connect(transport, again);
    const recorder = new ClientRecorder(client);
    process.kill(transport.pid as number, 'SIGKILL');
    await recorder.until(() => client.state === 'reconnecting');
    expect(textOf(await client.callTool('echo', { text: 'once' }))).toBe('once');
    expect(readFileSync(log, 'utf8').match(/"text":"once"/g)).toHaveLength(1);
  });
});

describe('pain 27: "too many calls at once drown the server, or one bad server eats all the time"', () => {
  test('a server that has stopped costs its own callers their time limit, and the callers of another one nothing', async () => {
    const [stopped, works] = [toolsServer(), toolsServer()];
    await using bad = await MCPClient.connect(stopped);
    await using good = await MCPClient.connect(works);
    const pid = stopped.pid as number;
    process.kill(pid, 'SIGSTOP');
    try {
      const lost = Array.from({ length: 500 }, () => errorFrom(bad.callTool('echo', { text: 'hi' }, { timeout: 500 })));
      const texts = Array.from({ length: 500 }, (_, index) => String(index));
      const answers = await Promise.all(texts.map(async (text) => textOf(await good.callTool('echo', { text }))));
      expect(answers).toEqual(texts);
      const errors = await Promise.all(lost);
      expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['MCP_TIMEOUT']));
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    expect(textOf(await bad.callTool('echo', { text: 'back' }))).toBe('back');
  });

  test('what waits for a server that is away is bounded, and what is too much is refused at once', async () => {
    const transport = new StdioTransport(process.execPath, [processFixture('stays'), 'deaf']);
    await using client = new MCPClient(transport, { maxQueued: 100, connectTimeout: 3_600_000, timeout: 3_600_000 });
    const connecting = errorFrom(client.connect());
    const calls = Array.from({ length: 1_000 }, () => errorFrom(client.callTool('any')));
    const refused = await Promise.all(calls.slice(100));
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['MCP_QUEUE_FULL']));
    expect(new Set(refused.map(({ delivery }) => delivery))).toEqual(new Set(['not-sent']));
    await client.close();
    expect((await Promise.all(calls.slice(0, 100))).every(({ delivery }) => delivery === 'not-sent')).toBe(true);
    await connecting;
  });

  test('a rush over HTTP takes the connections that its first calls leave', async () => {
    const sockets = new Set<unknown>();
    const note = ({ response }: HttpVisit): boolean => {
      sockets.add(response.socket);
      return false;
    };
    const server = await ScriptedHttpServer.start(modernServer(note));
    try {
      // No time passes, so that this does not depend on how quick the machine is.
      const environment = new SimulatedEnvironment();
      await using client = await MCPClient.connect(new HttpTransport(server.url), { environment });
      const answers = await Promise.all(Array.from({ length: 1_000 }, () => client.callTool('any')));
      expect(new Set(answers.map(textOf))).toEqual(new Set(['done']));
      expect(sockets.size).toBeLessThan(200);
    } finally {
      await server.close();
    }
  });

  test('a tool that fails all the time does not speak against its server', async () => {
    await using connection = await MCPConnection.connect('files', toolsServer(), { healthCheckInterval: 3_600_000 });
    const client = connection.getClient();
    for (let call = 0; call < 100; call += 1) {
      expect(await errorFrom(client.callTool('fail', { words: 'no' }))).toBeInstanceOf(MCPToolError);
    }
    expect(client.state).toBe('ready');
    expect(await connection.healthCheck()).toMatchObject({ healthScore: 1 });
  });
});
