import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';

import { MCPClient, MCPConnection } from '../../src/index.js';
import type { MCPClientOptions, MCPError } from '../../src/index.js';
import { createScriptedServer, readRecording } from '../../src/testing/index.js';
import { scratchDirectory } from '../support/servers/fixture-servers.js';
import { errorFrom } from '../support/outcomes.js';
import { RecordedLines, replayed } from '../support/recordings.js';

const scratch = scratchDirectory();

/** A server that says much, and a client of it. */
function meet(record: MCPClientOptions['record'], text = 'hello') {
  const server = createScriptedServer({ handlers: { 'tools/call': () => ({ content: [{ type: 'text', text }] }) } });
  const client = new MCPClient(server.transport, { record });
  const errors: MCPError[] = [];
  client.on('error', (error) => errors.push(error));
  return { client, errors, server };
}

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

describe('a recording in a file', () => {
  test('is complete when close() resolves, readable only for its owner, and not open any more', async () => {
    const file = scratch('session.ndjson');
    writeFileSync(file, 'something older that is much longer than a line');
    chmodSync(file, 0o644);
    const { client, server } = meet(file);
    await client.connect();
    await client.callTool('x', { a: 'b' });
    await client.close();
    const { header, entries, cut } = await readRecording(file);
    expect(cut).toBeUndefined();
    expect(header).toMatchObject({ redacted: true, transport: { type: 'MemoryTransport', framing: 'shared' } });
    expect(header.by).toMatch(/^mcp-actors@\d/);
    expect(header.policy.maxReconnectAttempts).toBe(3);
    expect(entries.at(-1)).toMatchObject({ type: 'settled', outcome: { ok: true } });
    expect(entries.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['connect', 'link.opened', 'message.out', 'message.in', 'submit', 'state', 'disconnect']),
    );
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(openFiles()).not.toContain(file);
    await server[Symbol.asyncDispose]();
  });

  test('goes on when the client connects again', async () => {
    const file = scratch('again.ndjson');
    const { client, server } = meet({ file });
    for (let time = 0; time < 2; time += 1) {
      await client.connect();
      await client.callTool('x');
      await client.close();
    }
    const report = await replayed(file);
    expect(report.states.filter((state) => state === 'ready')).toHaveLength(2);
    await server[Symbol.asyncDispose]();
  });

  test('ends at its limit with one warning, and the client goes on', async () => {
    const file = scratch('full.ndjson');
    const { client, errors, server } = meet({ file, limit: 5_000 }, 'x'.repeat(100));
    await client.connect();
    for (let call = 0; call < 20; call += 1) await client.callTool('x');
    await client.close();
    expect(errors.map(({ code, details }) => [code, details['why']])).toEqual([['MCP_RECORDING_ENDED', 'full']]);
    expect(statSync(file).size).toBeLessThan(5_100);
    expect((await readRecording(file)).cut).toBe('full');
    expect((await replayed(file)).states).toContain('ready');
    await server[Symbol.asyncDispose]();
  });

  test.each(['/dev/full', '/no/such/directory/file'])(
    'that cannot be written (%s) is reported once, and the client goes on',
    async (file) => {
      const { client, errors, server } = meet(file);
      await client.connect();
      for (let call = 0; call < 3; call += 1) await client.callTool('x');
      await client.close();
      expect(errors.map(({ code, details }) => [code, details['why']])).toEqual([['MCP_RECORDING_ENDED', 'failed']]);
      await server[Symbol.asyncDispose]();
    },
  );

  test('on a disk that does not keep up ends before it fills the memory', async () => {
    const file = scratch('pipe');
    // Nothing is written into a pipe before somebody reads it.
    execFileSync('mkfifo', [file]);
    const recorded = { file, redact: false, limit: Infinity };
    const { client, errors, server } = meet(recorded, 'x'.repeat(1024 * 1024));
    await client.connect();
    for (let call = 0; call < 20; call += 1) await client.callTool('x');
    expect(errors.map(({ code, details }) => [code, details['why']])).toEqual([['MCP_RECORDING_ENDED', 'slow']]);
    const reader = await open(file);
    const closing = client.close();
    for (let chunk = await reader.read(); chunk.bytesRead > 0; chunk = await reader.read());
    await closing;
    await reader.close();
    await server[Symbol.asyncDispose]();
  });
});

describe('a recording for a function', () => {
  test('is given whole lines', async () => {
    const recorded = new RecordedLines();
    const { client, server } = meet({ write: recorded.write });
    await client.connect();
    await client.close();
    expect(recorded.lines.length).toBeGreaterThan(10);
    for (const line of recorded.lines) expect(JSON.parse(line)).toBeInstanceOf(Object);
    await server[Symbol.asyncDispose]();
  });

  test('reports the error that the function throws, and calls go on', async () => {
    const thrower = (): void => {
      throw new Error('full');
    };
    const { client, errors, server } = meet({ write: thrower });
    await client.connect();
    await client.callTool('x');
    await client.close();
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['MCP_HANDLER_FAILED']));
    await server[Symbol.asyncDispose]();
  });
});

test('no secret of a session full of them is in its recording', async () => {
  const SECRET = 's3cret-';
  let last = 0;
  const secrets: string[] = [];
  const secret = (): string => {
    secrets.push(`${SECRET}${(last += 1)}`);
    return secrets.at(-1) ?? '';
  };
  const recorded = new RecordedLines();
  const server = createScriptedServer({
    revision: '2025-11-25',
    capabilities: {
      tools: {},
      resources: { subscribe: true },
      prompts: {},
      logging: {},
      experimental: { x: { y: secret() } },
    },
    handlers: {
      'tools/list': () => ({ tools: [{ name: 'work', description: secret(), inputSchema: { type: 'object' } }] }),
      'tools/call': ({ name }, { progress }) => {
        progress(1);
        if (name === 'fail') {
          throw Object.assign(new Error(secret()), { code: -32603, data: { token: secret() } });
        }
        return { content: [{ type: 'text', text: secret() }], structuredContent: { key: secret(), pin: 73_519_284 } };
      },
      'resources/list': () => ({ resources: [{ uri: `x:${secret()}`, name: secret() }], nextCursor: secret() }),
      'resources/read': () => ({ contents: [{ uri: `x:${secret()}`, text: secret() }] }),
      'resources/subscribe': () => ({}),
      'prompts/get': () => ({ messages: [{ role: 'user', content: { type: 'text', text: secret() } }] }),
    },
  });
  const connection = new MCPConnection(secret(), server.transport, { record: recorded, reconnectDelay: 0 });
  const client = await connection.connect();
  await client.listTools();
  await client.callTool('work', { password: secret(), nested: [{ pin: 73_519_284, deep: secret() }] });
  await errorFrom(client.callTool('fail', { password: secret() }));
  await errorFrom(client.listResources());
  await client.readResource(`x:${secret()}`);
  await client.subscribe(`x:${secret()}`);
  await client.getPrompt('ask', { about: secret() });
  server.notify('notifications/message', { level: 'info', logger: secret(), data: { token: secret() } });
  await client.request('custom/method', { name: secret(), _meta: { key: secret() } }).catch(() => undefined);
  await client.notify('custom/news', { token: secret() }).catch(() => undefined);
  server.hangUp();
  await client.callTool('work', { password: secret() }, { retry: 'safe' });
  await connection.disconnect();
  await server[Symbol.asyncDispose]();
  expect(secrets.length).toBeGreaterThan(25);
  expect(recorded.text).not.toContain(SECRET);
  expect(recorded.text).not.toContain('73519284');
  await replayed(recorded.read());
});

describe('the option', () => {
  const server = createScriptedServer();

  test.each([
    ['', 'record'],
    [{}, 'record'],
    [{ file: '' }, 'record'],
    [{ file: 1 }, 'record'],
    [{ file: 'x', write: () => undefined }, 'record'],
    [null, 'record'],
    [{ file: 'x', redact: 'no' }, 'record.redact'],
    [{ file: 'x', limit: -1 }, 'record.limit'],
  ])('is refused when it is %j', async (record, field) => {
    const make = async (): Promise<MCPClient> =>
      new MCPClient(server.transport, { record: record as NonNullable<MCPClientOptions['record']> });
    expect(await errorFrom(make())).toMatchObject({
      code: 'MCP_INVALID_PARAMS',
      message: expect.stringContaining(`Invalid ${field}`) as unknown,
    });
    expect(existsSync('x')).toBe(false);
  });
});
