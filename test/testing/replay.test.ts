import { readFileSync, writeFileSync } from 'node:fs';

import { HttpTransport, MCPClient, MCPConnection } from '../../src/index.js';
import type { MCPClientOptions, MCPProtocolVersion, StdioTransport } from '../../src/index.js';
import { createScriptedServer, parseRecording, readRecording, replay } from '../../src/testing/index.js';
import type { ReplayReport } from '../../src/testing/index.js';
import { httpStage } from '../chaos/http-stage.js';
import { memoryCourse } from '../chaos/memory-course.js';
import { realCourse } from '../chaos/real-course.js';
import { stdioStage } from '../chaos/stdio-stage.js';
import { webSocketStage } from '../chaos/websocket-stage.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { LONG, sample } from '../support/long-form.js';
import { scratchDirectory, textOf, toolsServer } from '../support/servers/fixture-servers.js';
import { HttpProcess } from '../support/servers/http-process.js';
import { scriptedServer } from '../support/servers/scripts.js';
import { PDF, skillAnswers, skillEntry, skillScript } from '../support/servers/skills.js';
import { errorFrom, rejection, turns } from '../support/outcomes.js';
import { RecordedLines, replayed } from '../support/recordings.js';

// Processes start slowly on a machine that is busy.
jest.setTimeout(60_000);

const scratch = scratchDirectory();

/** What became of each call, in short. */
function outcomes({ calls }: ReplayReport): string[] {
  return calls.map(({ name, outcome }) => {
    if (outcome === undefined) return `${name}: open`;
    if ('ok' in outcome) return `${name}: ok`;
    return `${name}: ${'aborted' in outcome ? 'aborted' : `${outcome.code} ${outcome.delivery ?? ''}`}`;
  });
}

/** A session over stdio with a crash, a replayed request, an aborted call and one that takes too long. */
async function crash(file: string): Promise<string[]> {
  const transport = toolsServer({ first: scratch('first') });
  const client = new MCPClient(transport, { record: file, autoReconnect: true, reconnectDelay: 1 });
  const announced = new ClientRecorder(client, ['notification']);
  await client.connect();
  await client.listTools();
  expect(textOf(await client.callTool('echo', { text: 'a secret' }))).toBe('a secret');
  const only = client.callTool('hang');
  const read = client.callTool('look');
  const lost = errorFrom(only);
  await announced.first('notification', 2);
  process.kill((client.transport as StdioTransport).pid as number, 'SIGKILL');
  expect(await lost).toMatchObject({ delivery: 'unknown' });
  expect(Number(textOf(await read))).toBe(transport.pid);
  const controller = new AbortController();
  const given = rejection(client.callTool('hang', {}, { signal: controller.signal }));
  await announced.first('notification', 3);
  controller.abort(new Error('enough'));
  expect(await given).toBe(controller.signal.reason);
  expect(await errorFrom(client.callTool('hang', {}, { timeout: 50 }))).toMatchObject({ code: 'MCP_TIMEOUT' });
  await client.close();
  return announced.state;
}

describe('a session with a crash', () => {
  test('is replayed to the same states and outcomes, a hundred times', async () => {
    const file = scratch('crash.ndjson');
    const states = await crash(file);
    const recording = await readRecording(file);
    const first = await replayed(recording);
    expect(first.states).toEqual(states);
    expect(states).toEqual([
      ...['connecting', 'initializing', 'ready', 'reconnecting'],
      ...['connecting', 'initializing', 'ready', 'closed'],
    ]);
    expect(outcomes(first).filter((outcome) => outcome.startsWith('submit tools/call'))).toEqual([
      'submit tools/call: ok',
      'submit tools/call: MCP_PROCESS_EXITED unknown',
      'submit tools/call: ok',
      'submit tools/call: aborted',
      'submit tools/call: MCP_TIMEOUT unknown',
    ]);
    for (let again = 0; again < (LONG ? 100 : 2); again += 1) expect(await replayed(recording)).toEqual(first);
    expect(readFileSync(file, 'utf8')).not.toContain('a secret');
  });
});

/** What a server asks is answered, refused, taken back and lost, and a handler uses the client. */
async function questions(record: MCPClientOptions['record']): Promise<unknown[]> {
  const asked = new Map<string, () => void>();
  const server = createScriptedServer({
    revision: '2025-11-25',
    handlers: { 'tools/call': () => ({ content: [{ type: 'text', text: 'a secret of a tool' }] }) },
  });
  let turn = 0;
  const client: MCPClient = new MCPClient(server.transport, {
    record,
    autoReconnect: true,
    reconnectDelay: 1,
    limits: { maxServerRequests: 2 },
    roots: () => {
      if ((turn += 1) > 1) throw new Error('a secret of a handler');
      return [{ uri: 'file:///a/secret/root', name: 'a secret name' }];
    },
    sampling: async ({ systemPrompt }) => {
      const result = await client.callTool('helper', { of: systemPrompt });
      return { role: 'assistant', model: 'm', content: { type: 'text', text: textOf(result) } };
    },
    elicitation: ({ message }, { signal }) =>
      new Promise((_resolve, reject) => {
        asked.set(message, () => {
          reject(new Error('too late'));
        });
        signal.addEventListener('abort', () => {
          reject(new Error('enough'));
        });
      }),
  });
  const announced = new ClientRecorder(client);
  await client.connect();
  const requestedSchema = { type: 'object', properties: {} };
  const ask = (id: string, method: string, params: object = {}): void => {
    server.send({ jsonrpc: '2.0', id, method, params });
  };
  const answered = (): unknown[] => server.received.filter((message) => !('method' in message));
  const untilAnswered = async (count: number): Promise<void> => {
    while (answered().length < count) await turns(1);
  };
  ask('roots', 'roots/list');
  await untilAnswered(1);
  ask('throws', 'roots/list');
  ask('sampling', 'sampling/createMessage', { messages: [], maxTokens: 5, systemPrompt: 'a secret prompt' });
  await untilAnswered(3);
  ask('wrong', 'elicitation/create', { message: 7 });
  ask('back', 'elicitation/create', { message: 'a secret question', requestedSchema });
  await untilAnswered(4);
  ask('lost', 'elicitation/create', { message: 'another secret question', requestedSchema });
  ask('many', 'elicitation/create', { message: 'one too many', requestedSchema });
  await untilAnswered(5);
  server.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'back' } });
  await turns();
  server.hangUp();
  await announced.until(() => announced.state.filter((state) => state === 'ready').length === 2);
  for (const late of asked.values()) late();
  await client.close();
  await server[Symbol.asyncDispose]();
  return answered();
}

describe('a session in which the server asks', () => {
  test.each([true, false])('is replayed to the same answers (redacted: %s)', async (redact) => {
    const recorded = new RecordedLines();
    const answers = await questions({ write: recorded.write, redact });
    expect(answers).toMatchObject([
      { id: 'roots', result: { roots: [{ uri: 'file:///a/secret/root' }] } },
      { id: 'throws', error: { code: -32603 } },
      { id: 'sampling', result: { content: { text: 'a secret of a tool' } } },
      { id: 'wrong', error: { code: -32602 } },
      { id: 'many', error: { code: -32603 } },
    ]);
    const first = await replayed(recorded.read());
    expect(outcomes(first).filter((outcome) => outcome.startsWith('submit'))).toEqual(['submit tools/call: ok']);
    for (let again = 0; again < 20; again += 1) expect(await replayed(recorded.read())).toEqual(first);
    expect(recorded.text.includes('secret')).toBe(!redact);
  });
});

describe('a session over HTTP', () => {
  let server: HttpProcess | undefined;

  afterEach(async () => {
    await server?.kill();
  });

  test.each(['dual', 'sessions'] as const)(
    'is replayed, with the server forgetting it and gone for a while (%s)',
    async (mode) => {
      const recorded = new RecordedLines();
      server = await HttpProcess.official(mode);
      const { port } = server;
      const reconnecting = {
        autoReconnect: true,
        maxReconnectAttempts: Infinity,
        reconnectDelay: 20,
        maxReconnectDelay: 100,
      };
      await using client = new MCPClient(new HttpTransport(server.url), { record: recorded, ...reconnecting });
      const announced = new ClientRecorder(client, ['toolsChanged']);
      await client.connect();
      await client.listTools();
      await client.callTool('count', { to: 3 }, { onProgress: () => undefined });
      await server.command('forget');
      await client.callTool('echo', { text: 'a' });
      await server.kill();
      const away = client.callTool('echo', { text: 'b' }, { retry: 'safe' });
      server = await HttpProcess.official(mode, port);
      expect(textOf(await away)).toBe('b');
      await client.close();
      const report = await replayed(recorded.read());
      expect(report.states).toEqual(announced.state);
      expect(outcomes(report).filter((outcome) => outcome === 'submit tools/call: ok')).toHaveLength(3);
    },
  );
});

describe('a session that one client suspends and another resumes', () => {
  test('is replayed in both halves', async () => {
    const halves = [new RecordedLines(), new RecordedLines()] as const;
    const server = await HttpProcess.official('sessions');
    const transport = new HttpTransport(server.url);
    const one = new MCPClient(transport, { record: halves[0] });
    await one.connect();
    const { sessionId } = transport;
    await one.callTool('echo', { text: 'a' });
    const left = await one.suspend();
    const other = await MCPClient.resume(left, new HttpTransport(server.url), { record: halves[1] });
    await other.callTool('echo', { text: 'b' });
    await other.close();
    await server.kill();
    expect(outcomes(await replayed(halves[0].read())).at(-1)).toBe('suspend: ok');
    const { paths } = await replayed(halves[1].read());
    expect(paths).toContain('linked.initializing.resuming');
    expect(sessionId).toBeDefined();
    for (const { text } of halves) expect(text).not.toContain(sessionId);
  });
});

describe('a session in memory', () => {
  test.each<MCPProtocolVersion>(['2025-11-25', '2026-07-28'])(
    'is replayed with everything that %s has',
    async (revision) => {
      const recorded = new RecordedLines();
      const server = createScriptedServer({
        revision,
        capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} },
        handlers: {
          'tools/list': () => ({ tools: [{ name: 'work', inputSchema: { type: 'object' } }], ttlMs: 1_000_000 }),
          'resources/subscribe': () => ({}),
          'logging/setLevel': () => ({}),
          'tools/call': (_params, { progress }) => {
            progress(1, 2);
            progress(2, 2);
            return { content: [] };
          },
        },
      });
      const connection = new MCPConnection('it', server.transport, { record: recorded, reconnectDelay: 0 });
      const client = await connection.connect();
      const states = new ClientRecorder(client, ['toolsChanged']).state;
      // What is asked for inside of a listener has to be repeated inside of it.
      client.on('state', (state) => {
        if (state === 'ready') void client.callTool('work', { from: 'a listener' }, { retry: 'safe' });
      });
      const progress: number[] = [];
      await client.callTool('work', {}, { onProgress: (news) => void progress.push(news.progress) });
      expect(progress).toEqual([1, 2]);
      await client.subscribe('file:///home/ada/secret.txt');
      await client.setLogLevel('warning');
      await Promise.all([client.listTools(), client.listTools({ useCache: false }), client.ping()]);
      server.notify('notifications/tools/list_changed');
      await client.listTools();
      await connection.reconnect();
      server.hangUp();
      await client.callTool('work', {}, { retry: 'safe' });
      await client.healthCheck();
      await connection.disconnect();
      expect(recorded.text).not.toContain('ada');
      const report = await replayed(recorded.read());
      expect(report.states.slice(-states.length)).toEqual(states);
      expect(outcomes(report).filter((outcome) => outcome !== 'submit tools/call: ok')).toContain('connect: ok');
      await server[Symbol.asyncDispose]();
    },
  );

  test('is replayed as well from a recording without redaction', async () => {
    const recorded = new RecordedLines();
    await using server = createScriptedServer({
      handlers: { 'tools/call': (params) => ({ content: [], said: params }) },
    });
    const client = new MCPClient(server.transport, { record: { write: recorded.write, redact: false } });
    await client.connect();
    await client.callTool('x', { text: '∞', password: 'hunter2' });
    await client.close();
    expect(recorded.text).toContain('hunter2');
    await replayed(recorded.read());
  });

  test.each([true, false])('is replayed with verified and refused skills (redacted: %s)', async (redact) => {
    const recorded = new RecordedLines();
    const dynamic = { ...skillEntry('skill://live'), resources: 'dynamic' };
    const answers = skillAnswers([PDF, dynamic], { [PDF.uri]: 'a secret text' });
    const server = await scriptedServer(skillScript('modern', answers));
    const client = new MCPClient(server.transport, { record: { write: recorded.write, redact } });
    await client.connect();
    expect(await client.skills.list()).toEqual([PDF, dynamic]);
    expect(await errorFrom(client.skills.read(PDF.uri))).toMatchObject({ code: 'MCP_SKILL_INVALID' });
    await client.close();
    await server[Symbol.asyncDispose]();
    expect(outcomes(await replayed(recorded.read()))).toEqual([
      ...[
        'connect: ok',
        'submit skills/list: ok',
        'submit skills/get: ok',
        'submit resources/read: ok',
        'disconnect: ok',
      ],
    ]);
    for (const secret of ['a secret text', PDF.frontmatter.description])
      expect(recorded.text.includes(secret)).toBe(!redact);
  });

  test('is replayed with calls whose signal was aborted before, and with one signal for several calls', async () => {
    const recorded = new RecordedLines();
    await using server = createScriptedServer({ handlers: { 'tools/call': () => undefined } });
    const client = new MCPClient(server.transport, { record: recorded });
    const signal = AbortSignal.abort();
    await rejection(client.connect({ signal }));
    await client.connect();
    await rejection(client.callTool('x', {}, { signal }));
    const controller = new AbortController();
    const both = [1, 2].map((n) => rejection(client.callTool('x', { n }, { signal: controller.signal })));
    controller.abort();
    await Promise.all(both);
    await client.close();
    expect(outcomes(await replayed(recorded.read()))).toEqual([
      'connect: aborted',
      'connect: ok',
      'submit tools/call: aborted',
      'submit tools/call: aborted',
      'submit tools/call: aborted',
      'disconnect: ok',
    ]);
  });
});

describe('a schedule of calls, faults and deaths', () => {
  test.each(Array.from({ length: LONG ? 40 : 4 }, (_, index) => index + 1))(
    'is replayed with seed %d',
    async (seed) => {
      const recorded = new RecordedLines();
      expect((await memoryCourse(seed, recorded.write)).violations).toEqual([]);
      const report = await replayed(recorded.read());
      expect(report.calls.length).toBeGreaterThan(2);
    },
  );
});

describe('a schedule over a real transport', () => {
  // With health checks, whose answers come by themselves: then it matters whether ticks come before promises.
  const stages = { stdio: stdioStage, http: httpStage, websocket: webSocketStage };

  test.each(['stdio', 'http', 'websocket'] as const)('is replayed over %s', async (name) => {
    for (const seed of sample([5, 8], 1)) {
      const recorded = new RecordedLines();
      await realCourse(seed, stages[name], recorded.write);
      const report = await replayed(recorded.read());
      expect(report.calls.length).toBeGreaterThan(2);
    }
  });
});

describe('a replay', () => {
  async function session(): Promise<string[]> {
    const recorded = new RecordedLines();
    await using server = createScriptedServer({ handlers: { 'tools/call': () => ({ content: [] }) } });
    const client = new MCPClient(server.transport, { record: recorded });
    await client.connect();
    await client.callTool('x');
    await client.close();
    return recorded.lines;
  }

  /** The number of the first line that says this. */
  function lineOf(lines: readonly string[], text: string): number {
    return lines.findIndex((line) => line.includes(text)) + 1;
  }

  function changed(lines: readonly string[], from: string, to: string): string {
    return `${lines.map((line) => line.replace(from, to)).join('\n')}\n`;
  }

  test('names the line where it goes another way', async () => {
    const lines = await session();
    const text = changed(lines, '"path":"linked.established.ready"', '"path":"linked.established.degraded"');
    const { divergence } = await replay(parseRecording(text));
    expect(divergence).toMatchObject({
      line: lineOf(lines, 'linked.established.ready'),
      expected: { type: 'path', path: 'linked.established.degraded' },
      happened: { type: 'path', path: 'linked.established.ready' },
    });
  });

  test('accepts a recording made before a state got inner states, and no other path', async () => {
    const lines = await session();
    const outer = changed(lines, '"path":"linked.connecting.opening"', '"path":"linked.connecting"');
    expect(outer).not.toContain('connecting.opening');
    expect((await replay(parseRecording(outer))).divergence).toBeUndefined();
    const inner = changed(lines, '"path":"closed.done"', '"path":"closed.done.long"');
    expect((await replay(parseRecording(inner))).divergence).toMatchObject({ expected: { path: 'closed.done.long' } });
  });

  test('names the line of an outcome that is another', async () => {
    const lines = await session();
    const text = changed(
      lines,
      '"type":"settled","call":2,"outcome":{"ok":true}',
      '"type":"settled","call":2,"outcome":{"aborted":true}',
    );
    const { divergence } = await replay(parseRecording(text));
    expect(divergence).toMatchObject({
      line: lineOf(lines, '"type":"settled","call":2'),
      expected: { outcome: { aborted: true } },
      happened: { outcome: { ok: true } },
    });
  });

  test('names the line of what did not happen, and of what happened beside', async () => {
    const lines = await session();
    const sent = lineOf(lines, '"type":"submit"');
    const without = [...lines.slice(0, sent - 1), ...lines.slice(sent)].join('\n') + '\n';
    const { divergence } = await replay(parseRecording(without));
    expect(divergence).toMatchObject({ line: sent, expected: { type: 'timer.set' } });
    expect(divergence?.happened).toBeUndefined();
    const opened = lineOf(lines, '"type":"link.opened"');
    const beside = await replay(
      parseRecording([...lines.slice(0, opened - 1), ...lines.slice(opened)].join('\n') + '\n'),
    );
    expect(beside.divergence).toMatchObject({ line: opened, happened: { type: 'link.opened' } });
  });

  test('notices an answer that was changed, and what the client sends because of it', async () => {
    const lines = await session();
    const text = changed(lines, '"supportedVersions":["2026-07-28"]', '"supportedVersions":["2025-11-25"]');
    expect((await replay(parseRecording(text))).divergence).toBeDefined();
  });

  test('goes as far as a recording that ends in mid-sentence', async () => {
    const lines = await session();
    const file = scratch('torn.ndjson');
    const end = lineOf(lines, '"type":"disconnect"');
    writeFileSync(file, `${lines.slice(0, end - 1).join('\n')}\n${lines[end - 1]?.slice(0, 20)}`);
    expect((await readRecording(file)).cut).toBe('torn');
    const report = await replayed(file);
    expect(report.states).toEqual(['connecting', 'initializing', 'ready']);
  });

  test('refuses a text that is not a recording, or one of another version', async () => {
    const lines = await session();
    expect(() => parseRecording('{"format":"har"}\n')).toThrow('not a recording');
    expect(() => parseRecording('')).toThrow('not a recording');
    expect(() => parseRecording(changed(lines, '"version":2', '"version":1'))).toThrow('version 1');
    expect(() => parseRecording(`${lines[0]}\nnonsense\n`)).toThrow('Line 2 of the recording is not JSON');
    expect(() => parseRecording(`${lines[0]}\n{"type":"connect"}\n`)).toThrow(
      'Line 2 of the recording is invalid: "at"',
    );
    expect(() => parseRecording(`${lines[0]}\nnull\n`)).toThrow('Line 2 of the recording is invalid');
    const { transport: _transport, ...header } = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(() => parseRecording(`${JSON.stringify(header)}\n`)).toThrow(
      'Line 1 of the recording is invalid: "transport.type"',
    );
    await expect(replay(scratch('missing'))).rejects.toThrow('ENOENT');
  });
});
