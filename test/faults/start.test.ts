import { readFileSync } from 'node:fs';

import { MCPClient, MCPTimeoutError, MCPTransportError, StdioTransport } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { scratchDirectory, textOf, toolsServer } from '../support/servers/fixture-servers.js';
import { errorFrom, turns } from '../support/outcomes.js';
import { isAlive, processFixture } from '../support/servers/processes.js';

jest.setTimeout(30_000);

const scratch = scratchDirectory();
const node = process.execPath;

function exitsAtStart(how: string, words?: string): StdioTransport {
  return new StdioTransport(node, [processFixture('exit-at-start'), how, ...(words === undefined ? [] : [words])]);
}

describe('a server that exits at its start', () => {
  test('connect() rejects with exit code, signal and the end of standard error', async () => {
    const client = new MCPClient(exitsAtStart('7', 'first line\nAPI_KEY is not set\n'));
    const error = await errorFrom(client.connect());
    expect(error).toBeInstanceOf(MCPTransportError);
    expect(error).toMatchObject({
      code: 'MCP_PROCESS_EXITED',
      exitCode: 7,
      signal: null,
      stderr: 'first line\nAPI_KEY is not set\n',
    });
    expect((error as MCPTransportError).pid).toEqual(expect.any(Number));
    expect(client.state).toBe('closed');
    await client.disconnect();
  });

  test('connect() does not wait for any deadline', async () => {
    const client = new MCPClient(exitsAtStart('1'), { connectTimeout: Infinity, probeTimeout: 3_600_000 });
    expect(await errorFrom(client.connect())).toMatchObject({ exitCode: 1 });
    await client.disconnect();
  });

  test('is started twice, because server/discover may have ended it, and the error describes both exits', async () => {
    const client = new MCPClient(exitsAtStart('3'));
    const error = await errorFrom(client.connect());
    expect(error.cause).toBeInstanceOf(MCPTransportError);
    expect(error.cause).toMatchObject({ exitCode: 3 });
    expect((error.cause as MCPTransportError).pid).not.toBe((error as MCPTransportError).pid);
    await client.disconnect();
  });

  test('it is started once when its era is known', async () => {
    const starts = scratch('starts');
    const client = new MCPClient(toolsServer({ starts, failures: 5 }), { priorEra: 'legacy' });
    const error = await errorFrom(client.connect());
    expect(error.cause).toBeUndefined();
    expect(readFileSync(starts, 'utf8')).toBe('.');
    await client.disconnect();
  });

  test('explain() shows what it said and what one can do', async () => {
    const client = new MCPClient(exitsAtStart('7', 'API_KEY is not set\n'));
    const error = await errorFrom(client.connect());
    for (const text of [error.explain(), client.explain()]) {
      expect(text).toContain('exited with code 7');
      expect(text).toContain('API_KEY is not set');
      expect(text).toMatch(/Hint: A setting of the server is missing, perhaps a secret: set it in `env`/);
    }
    expect(client.explain()).toMatch(/^The state is closed/);
    await client.disconnect();
  });

  test('a server that a signal ended is distinguished from one that exited', async () => {
    const client = new MCPClient(exitsAtStart('SIGKILL'));
    const error = await errorFrom(client.connect());
    expect(error).toMatchObject({ code: 'MCP_PROCESS_EXITED', exitCode: null, signal: 'SIGKILL' });
    expect(error.message).toContain('was killed by SIGKILL');
    await client.disconnect();
  });

  test('the same client connects at once when the server is ready', async () => {
    const starts = scratch('starts');
    const client = new MCPClient(toolsServer({ starts, failures: 2 }));
    expect(await errorFrom(client.connect())).toMatchObject({ exitCode: 9, stderr: 'not yet\n' });
    await client.connect();
    expect(client.state).toBe('ready');
    expect(textOf(await client.callTool('echo', { text: 'hi' }))).toBe('hi');
    await client.disconnect();
  });

  test('retryInitialConnect starts it again until it stays', async () => {
    const starts = scratch('starts');
    const client = new MCPClient(toolsServer({ starts, failures: 6 }), {
      retryInitialConnect: true,
      reconnectDelay: 1,
    });
    const { state: states } = new ClientRecorder(client);
    await client.connect();
    expect(client.state).toBe('ready');
    expect(states.filter((state) => state === 'reconnecting')).toHaveLength(3);
    expect(readFileSync(starts, 'utf8')).toHaveLength(7);
    await client.disconnect();
  });

  test('retryInitialConnect gives up after maxReconnectAttempts', async () => {
    const starts = scratch('starts');
    const client = new MCPClient(toolsServer({ starts, failures: 100 }), {
      retryInitialConnect: true,
      maxReconnectAttempts: 2,
      reconnectDelay: 1,
      priorEra: 'legacy',
    });
    expect(await errorFrom(client.connect())).toMatchObject({ exitCode: 9 });
    expect(client.state).toBe('closed');
    expect(readFileSync(starts, 'utf8')).toHaveLength(3);
    await client.disconnect();
  });

  test('retryInitialConnect ends when the last connect() timed out or was aborted', async () => {
    const client = new MCPClient(new StdioTransport('no-such-program-anywhere'), {
      retryInitialConnect: true,
      maxReconnectAttempts: 1_000,
      reconnectDelay: 20,
      maxReconnectDelay: 20,
    });
    expect(await errorFrom(client.connect({ timeout: 200 }))).toMatchObject({ code: 'MCP_TIMEOUT' });
    expect(client.state).toBe('closed');
    await client.disconnect();
  });
});

describe('a server that cannot be started', () => {
  test('a program that is not there is not tried again', async () => {
    const client = new MCPClient(new StdioTransport('no-such-program-anywhere'));
    const { state: states } = new ClientRecorder(client);
    const error = await errorFrom(client.connect());
    expect(error).toBeInstanceOf(MCPTransportError);
    expect(error).toMatchObject({ code: 'MCP_SPAWN_FAILED', delivery: 'not-sent' });
    expect(error.cause).toBeUndefined();
    expect(error.details).toEqual({ command: 'no-such-program-anywhere', errno: 'ENOENT' });
    expect(error.explain()).toMatch(/Hint: Check that the command is installed and on PATH/);
    expect(states).toEqual(['connecting', 'closed']);
  });

  test('a directory that is not there is named', async () => {
    const client = new MCPClient(new StdioTransport(node, [], { cwd: '/no/such/directory' }));
    const error = await errorFrom(client.connect());
    expect(error).toMatchObject({ code: 'MCP_SPAWN_FAILED', details: { cwd: '/no/such/directory', errno: 'ENOENT' } });
    expect(error.message).toContain('its working directory "/no/such/directory"');
  });

  test('a client that MCPClient.connect() did not hand out does not go on trying', async () => {
    const starts = scratch('starts');
    const transport = toolsServer({ starts, failures: 100_000 });
    const options = {
      retryInitialConnect: true,
      reconnectDelay: 1,
      maxReconnectAttempts: 100_000,
      connectTimeout: 500,
    };
    expect(await errorFrom(MCPClient.connect(transport, options))).toBeInstanceOf(MCPTimeoutError);
    // It lets go of the transport when nothing of its last attempt is left.
    const client = new MCPClient(transport, { connectTimeout: 1 });
    for (;;) {
      const { code } = await errorFrom(client.connect());
      if (code === 'MCP_TIMEOUT') break;
      expect(code).toBe('MCP_TRANSPORT_BUSY');
      await turns();
    }
    await client.disconnect();
  });
});

describe('a server that says nothing', () => {
  test('connect() gives up at its deadline and says in which phase', async () => {
    const client = new MCPClient(new StdioTransport(node, ['-e', 'process.stdin.resume()']), { probeTimeout: 50 });
    const error = await errorFrom(client.connect({ timeout: 400 }));
    expect(error).toBeInstanceOf(MCPTimeoutError);
    expect(error).toMatchObject({
      code: 'MCP_TIMEOUT',
      details: { operation: 'connect', timeout: 400, phase: 'connecting' },
      message: 'Connecting took longer than 400 ms',
    });
    expect(client.state).toBe('closed');
    await client.disconnect();
  });

  test('nothing is left of it once disconnect() has resolved', async () => {
    const transport = new StdioTransport(node, ['-e', 'process.stdin.resume()']);
    const client = new MCPClient(transport, { probeTimeout: 50 });
    const recorder = new ClientRecorder(client);
    const connecting = errorFrom(client.connect({ timeout: 500 }));
    await recorder.until(() => client.state === 'initializing');
    const { pid } = transport;
    await connecting;
    await client.disconnect();
    expect(isAlive(pid as number)).toBe(false);
  });

  test('the deadline of connect() is that of the client unless it is given', async () => {
    const client = new MCPClient(new StdioTransport(node, ['-e', 'process.stdin.resume()']), { timeout: 321 });
    expect(await errorFrom(client.connect())).toMatchObject({ details: { timeout: 321 } });
    await client.disconnect();
  });
});

describe('a server that talks before it is asked', () => {
  test('a banner on standard output is a warning and nothing more', async () => {
    const script = `console.log('Server running on stdio'); import(${JSON.stringify(
      `file://${processFixture('../servers/tools')}`,
    )})`;
    const client = new MCPClient(new StdioTransport(node, ['-e', script]));
    const recorder = new ClientRecorder(client);
    await client.connect();
    expect(textOf(await client.callTool('echo', { text: 'hi' }))).toBe('hi');
    expect(recorder.warning).toEqual([expect.objectContaining({ code: 'MCP_INVALID_JSON' })]);
    expect(recorder.warning[0]?.message).toContain('Server running on stdio');
    expect(recorder.error).toEqual([]);
    await client.disconnect();
  });
});

test('the directory of the server can be chosen', async () => {
  await using client = await MCPClient.connect(toolsServer({}, { cwd: '/' }));
  expect(textOf(await client.callTool('cwd'))).toBe('/');
});
