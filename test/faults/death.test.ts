import { mkdirSync, readFileSync, rmSync } from 'node:fs';

import { MCPClient, MCPConnectionError, MCPTransportError } from '../../src/index.js';
import type { MCPClientOptions, StdioTransport } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { scratchDirectory, textOf, toolsServer } from '../support/servers/fixture-servers.js';
import { errorFrom, isSettled } from '../support/outcomes.js';
import { isAlive, waitForExit } from '../support/servers/processes.js';

jest.setTimeout(30_000);

const scratch = scratchDirectory();

describe('a server that dies while calls are under way', () => {
  test('ends the call with what is known of its death, and not by a timer', async () => {
    await using client = await MCPClient.connect(toolsServer(), { timeout: Infinity });
    const error = await errorFrom(client.callTool('die', { code: 7, words: 'out of memory\n' }));
    expect(error).toBeInstanceOf(MCPTransportError);
    expect(error).toMatchObject({
      code: 'MCP_PROCESS_EXITED',
      delivery: 'unknown',
      exitCode: 7,
      signal: null,
      stderr: 'out of memory\n',
    });
    expect(error.explain()).toContain('it may have run');
  });

  test('rejects with the name of the signal that ended the server', async () => {
    await using client = await MCPClient.connect(toolsServer());
    const error = await errorFrom(client.callTool('die', { signal: 'SIGSEGV' }));
    expect(error).toMatchObject({ exitCode: null, signal: 'SIGSEGV', delivery: 'unknown' });
  });

  test('rejects all of them, also calls that only read', async () => {
    await using client = await MCPClient.connect(toolsServer({ first: scratch('first') }));
    const recorder = new ClientRecorder(client, ['notification']);
    const calls = [client.callTool('hang'), client.readResource('x:1'), client.callTool('hang')];
    const errors = Promise.all(calls.map((call) => errorFrom(call)));
    await recorder.first('notification', calls.length);
    const died = await errorFrom(client.callTool('die', { code: 1 }));
    for (const error of [died, ...(await errors)]) {
      expect(error).toMatchObject({ code: 'MCP_PROCESS_EXITED', exitCode: 1, delivery: 'unknown' });
    }
  });

  test('without autoReconnect the client is closed, reports why, and connects again on connect()', async () => {
    await using client = await MCPClient.connect(toolsServer());
    const recorder = new ClientRecorder(client);
    const { pid } = client.transport as StdioTransport;
    process.kill(pid as number, 'SIGKILL');
    await recorder.until(() => client.state === 'closed');
    expect(recorder.state).toEqual(['closed']);
    expect(client.isConnected()).toBe(false);
    expect(client.explain()).toMatch(/was killed by SIGKILL[^]*Hint: /);
    const refused = await errorFrom(client.callTool('echo'));
    expect(refused).toBeInstanceOf(MCPConnectionError);
    expect(refused).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent', cause: { signal: 'SIGKILL' } });
    await client.connect();
    expect(client.state).toBe('ready');
    expect(textOf(await client.callTool('echo', { text: 'back' }))).toBe('back');
    expect(client.explain()).not.toContain('SIGKILL');
  });
});

describe('a server that is killed while the client reconnects by itself', () => {
  const options: MCPClientOptions = { autoReconnect: true, reconnectDelay: 1 };

  test('is started again, and the client emits each state', async () => {
    await using client = await MCPClient.connect(toolsServer(), options);
    const recorder = new ClientRecorder(client);
    const before = textOf(await client.callTool('pid'));
    process.kill(Number(before), 'SIGKILL');
    await recorder.until(() => recorder.state.includes('ready'));
    expect(recorder.state).toEqual(['reconnecting', 'connecting', 'initializing', 'ready']);
    const after = textOf(await client.callTool('pid'));
    expect(after).not.toBe(before);
    await waitForExit(Number(before));
  });

  test('calls made meanwhile wait and are answered', async () => {
    await using client = await MCPClient.connect(toolsServer(), options);
    const recorder = new ClientRecorder(client);
    process.kill((client.transport as StdioTransport).pid as number, 'SIGKILL');
    await recorder.until(() => client.state === 'reconnecting');
    const calls = [1, 2, 3].map((number) => client.callTool('echo', { text: `call ${number}` }));
    expect((await Promise.all(calls)).map(textOf)).toEqual(['call 1', 'call 2', 'call 3']);
  });

  test('what only reads is asked again', async () => {
    const first = scratch('first');
    await using client = await MCPClient.connect(toolsServer({ first }), options);
    const recorder = new ClientRecorder(client, ['notification']);
    await client.listTools();
    const reading = client.readResource('x:1');
    const looking = client.callTool('look');
    await recorder.first('notification', 2);
    const dead = readFileSync(first, 'utf8');
    process.kill(Number(dead), 'SIGKILL');
    const { contents } = await reading;
    const { pid } = client.transport as StdioTransport;
    expect(contents).toEqual([{ uri: 'x:1', text: String(pid) }]);
    expect(textOf(await looking)).toBe(String(pid));
    expect(String(pid)).not.toBe(dead);
  });

  test('a tool that says it only reads is not asked again by a client that does not trust that', async () => {
    const first = scratch('first');
    await using client = await MCPClient.connect(toolsServer({ first }), { ...options, trustAnnotations: false });
    const recorder = new ClientRecorder(client, ['notification']);
    await client.listTools();
    const looking = errorFrom(client.callTool('look'));
    await recorder.first('notification');
    process.kill(Number(readFileSync(first, 'utf8')), 'SIGKILL');
    expect(await looking).toMatchObject({ delivery: 'unknown', signal: 'SIGKILL' });
  });

  test('a call that may have done something is not asked again, and fails as unknown before the server is back', async () => {
    const log = scratch('log');
    await using client = await MCPClient.connect(toolsServer({ log }), options);
    const recorder = new ClientRecorder(client, ['notification']);
    const hanging = errorFrom(client.callTool('hang'));
    await recorder.first('notification');
    process.kill((client.transport as StdioTransport).pid as number, 'SIGKILL');
    const error = await hanging;
    expect(client.state).toBe('reconnecting');
    expect(error).toBeInstanceOf(MCPTransportError);
    expect(error).toMatchObject({ delivery: 'unknown', signal: 'SIGKILL' });
    await recorder.until(() => recorder.state.includes('ready'));
    await client.callTool('echo');
    expect(readFileSync(log, 'utf8').match(/"name":"hang"/g)).toHaveLength(1);
  });

  test.each([
    ['safe', 'callTool', true],
    ['never', 'readResource', false],
  ] as const)('retry: "%s" decides for a %s', async (retry, method, repeated) => {
    const first = scratch('first');
    await using client = await MCPClient.connect(toolsServer({ first }), options);
    const recorder = new ClientRecorder(client, ['notification']);
    const asked =
      method === 'callTool' ? client.callTool('look', {}, { retry }) : client.readResource('x:1', { retry });
    const outcome = asked.then(
      () => true,
      () => false,
    );
    await recorder.first('notification');
    process.kill(Number(readFileSync(first, 'utf8')), 'SIGKILL');
    expect(await outcome).toBe(repeated);
  });

  test('it is given up after so many attempts; what waited fails as not sent, what was asked before as unknown', async () => {
    const starts = scratch('starts');
    const first = scratch('first');
    const transport = toolsServer({ starts, first });
    await using client = await MCPClient.connect(transport, { ...options, maxReconnectAttempts: 2 });
    const recorder = new ClientRecorder(client, ['notification']);
    const reading = errorFrom(client.readResource('x:1'));
    await recorder.first('notification');
    // From now on it does not start.
    rmSync(starts);
    mkdirSync(starts);
    process.kill(transport.pid as number, 'SIGKILL');
    await recorder.until(() => client.state === 'reconnecting');
    const waiting = errorFrom(client.callTool('echo'));
    expect(await waiting).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
    expect(await reading).toMatchObject({ code: 'MCP_PROCESS_EXITED', delivery: 'unknown' });
    expect(client.state).toBe('closed');
    expect(recorder.state.filter((state) => state === 'reconnecting')).toHaveLength(2);
    rmSync(starts, { recursive: true });
  });

  test('one that dies again and again soon after its start is given up, too', async () => {
    const starts = scratch('starts');
    await using client = new MCPClient(toolsServer({ starts }), { ...options, maxReconnectAttempts: 3 });
    client.on('state', (state) => {
      if (state === 'ready') process.kill((client.transport as StdioTransport).pid as number, 'SIGKILL');
    });
    const recorder = new ClientRecorder(client);
    await client.connect();
    await recorder.until(() => client.state === 'closed');
    expect(recorder.state.filter((state) => state === 'ready')).toHaveLength(4);
    expect(readFileSync(starts, 'utf8')).toBe('....');
    expect(client.explain()).toContain('was killed by SIGKILL');
  });

  test('a server that is lost after each restart is given up as a crash loop, and connect() starts it again', async () => {
    const starts = scratch('starts');
    await using client = new MCPClient(toolsServer({ starts }), {
      ...options,
      maxReconnectAttempts: 99,
      maxRestarts: 2,
    });
    const recorder = new ClientRecorder(client);
    await client.connect();
    for (const deaths of [1, 2, 3]) {
      const dying = await errorFrom(client.callTool('die', { code: 3, words: 'no space left on device\n' }));
      expect(dying).toMatchObject({ exitCode: 3, delivery: 'unknown' });
      await recorder.until(
        () => recorder.state.filter((state) => state === 'ready').length >= deaths + 1 || client.state === 'closed',
      );
    }
    expect(readFileSync(starts, 'utf8')).toBe('...');
    const refused = await errorFrom(client.callTool('echo'));
    expect(refused).toMatchObject({
      delivery: 'not-sent',
      cause: {
        code: 'MCP_CRASH_LOOP',
        details: { losses: 3, maxRestarts: 2, restartWindow: 300_000 },
        cause: { exitCode: 3 },
      },
    });
    for (const text of [refused.explain(), client.explain()]) {
      expect(text).toMatch(
        /was lost 3 times within \d+ ms, which is more than `maxRestarts` \(2\) in `restartWindow` \(300000 ms\)/,
      );
      expect(text).toContain('no space left on device');
    }
    expect(client.explain()).toContain('Lost in the last 300000 ms: 3 (`maxRestarts`: 2).');
    await client.connect();
    expect(textOf(await client.callTool('echo', { text: 'back' }))).toBe('back');
  });

  test('disconnect() while it reconnects ends that', async () => {
    const client = new MCPClient(toolsServer(), { ...options, reconnectDelay: 3_600_000 });
    const recorder = new ClientRecorder(client);
    await client.connect();
    process.kill((client.transport as StdioTransport).pid as number, 'SIGKILL');
    await recorder.until(() => client.state === 'reconnecting');
    const waiting = errorFrom(client.callTool('echo'));
    const connecting = errorFrom(client.connect());
    await client.disconnect();
    expect(client.state).toBe('closed');
    expect(await waiting).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'not-sent' });
    expect(await connecting).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
  });
});

describe('what a server started itself', () => {
  test('is dead when disconnect() has resolved, even if it ignores signals', async () => {
    const client = await MCPClient.connect(toolsServer());
    const grandchild = Number(textOf(await client.callTool('family')));
    expect(isAlive(grandchild)).toBe(true);
    await client.disconnect();
    expect(isAlive(grandchild)).toBe(false);
  });

  test('is dead soon after the server was killed', async () => {
    const client = await MCPClient.connect(toolsServer());
    const grandchild = Number(textOf(await client.callTool('family')));
    process.kill((client.transport as StdioTransport).pid as number, 'SIGKILL');
    await waitForExit(grandchild);
    await client.disconnect();
    expect(await isSettled(client.disconnect())).toBe(true);
  });
});
