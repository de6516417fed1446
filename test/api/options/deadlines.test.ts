import { MCPClient, MCPTimeoutError, MemoryTransport } from '../../../src/index.js';
import type { MCPClientOptions } from '../../../src/index.js';
import { ClientRecorder } from '../../support/client-recorder.js';
import { errorFrom, isSettled } from '../../support/outcomes.js';
import { answer, initializeResult, legacyScript, scriptedServer, silence } from '../../support/servers/scripts.js';
import type { ReceivedRequest, Script, ScriptedServer } from '../../support/servers/scripts.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';

let environment: SimulatedEnvironment;
let server: ScriptedServer;
let client: MCPClient;

async function connect(options: MCPClientOptions = {}, script: Script = {}): Promise<void> {
  environment = new SimulatedEnvironment();
  server = await scriptedServer(legacyScript('2025-11-25', { 'tools/call': silence, ...script }), environment);
  client = new MCPClient(server.transport, { environment, ...options });
  await client.connect();
}

afterEach(async () => {
  await client.disconnect();
  await server[Symbol.asyncDispose]();
  // Nothing is left to happen.
  expect(environment.pending).toEqual([]);
});

/** Expects that a call ends exactly when so many milliseconds have passed from now on. */
async function endsAfter(call: Promise<unknown>, milliseconds: number): Promise<MCPTimeoutError> {
  const error = errorFrom(call);
  await environment.advance(milliseconds - 1);
  expect(await isSettled(error)).toBe(false);
  await environment.advance(1);
  expect(await isSettled(error)).toBe(true);
  const ended = await error;
  if (!(ended instanceof MCPTimeoutError)) throw ended;
  return ended;
}

/** Reports progress of a request. */
function progress({ params }: ReceivedRequest, done: number): void {
  const { progressToken } = params?.['_meta'] as { progressToken: unknown };
  server.notify('notifications/progress', { progressToken, progress: done });
}

describe('the error of a time-out', () => {
  test('has the given number, whichever call or option it was given to', async () => {
    await connect();
    const [transport] = MemoryTransport.pair();
    const silent = new MCPClient(transport, { connectTimeout: 25.25 });
    expect((await errorFrom(silent.connect())).details.timeout).toBe(25.25);
    expect((await errorFrom(silent.connect({ timeout: 12.5 }))).details.timeout).toBe(12.5);
    await using peer = await scriptedServer(
      legacyScript('2025-11-25', {
        'tools/call': silence,
        'tools/list': silence,
        'resources/read': silence,
        'resources/subscribe': silence,
        ping: silence,
      }),
    );
    await using real = await MCPClient.connect(peer.transport);
    const timeout = 15.125;
    const calls = [
      real.callTool('slow', {}, { timeout }),
      real.listTools({ timeout }),
      real.tools({ timeout }).next(),
      real.readResource('x:1', { timeout }),
      real.subscribe('x:1', { timeout }),
      real.ping({ timeout }),
      real.callTool('slow', {}, { maxTotalTimeout: timeout }),
      real.listTools({ maxTotalTimeout: timeout, useCache: false }),
    ];
    for (const error of await Promise.all(calls.map((call) => errorFrom(call)))) {
      expect(error).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout } });
      expect(error.message).toContain(' 15.125 ms');
    }
    const { error } = await real.healthCheck({ timeout });
    expect(error?.details).toMatchObject({ timeout });
  });
});

describe('a call without an answer', () => {
  test('ends after the timeout of the client, which is 30 seconds', async () => {
    await connect();
    const error = await endsAfter(client.callTool('slow'), 30_000);
    expect(error).toMatchObject({
      code: 'MCP_TIMEOUT',
      delivery: 'unknown',
      message: 'tools/call "slow" got no answer within 30000 ms',
      details: { operation: 'tools/call', timeout: 30_000, phase: 'waiting' },
    });
    expect(error.explain()).toContain('raise `timeout`');
    expect(client.state).toBe('ready');
  });

  test('ends after the timeout that the client was given, or the call', async () => {
    await connect({ timeout: 500 });
    await endsAfter(client.callTool('slow'), 500);
    await endsAfter(client.callTool('slow', {}, { timeout: 700 }), 700);
  });

  test('sends a cancellation to the server when it times out', async () => {
    await connect();
    const call = endsAfter(client.callTool('slow', {}, { timeout: 100 }), 100);
    const { id } = await server.receive('tools/call');
    await call;
    const { params } = await server.receive('notifications/cancelled');
    expect(params).toEqual({ requestId: id, reason: 'tools/call got no answer within 100 ms' });
  });

  test('waits for ever when the timeout is Infinity', async () => {
    await connect({ timeout: Infinity });
    const call = errorFrom(client.callTool('slow'));
    await environment.advance(1e12);
    expect(await isSettled(call)).toBe(false);
    await client.disconnect();
    expect(await call).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
  });

  test('leaves the deadlines of others alone', async () => {
    await connect();
    const long = client.callTool('slow', {}, { timeout: 1_000 });
    const answered = client.callTool('slow', {}, { timeout: 500 });
    const short = errorFrom(client.callTool('slow', {}, { timeout: 100 }));
    await server.receive('tools/call');
    server.respond(await server.receive('tools/call'), { content: [] });
    await answered;
    await endsAfter(long, 1_000);
    expect((await short).details).toMatchObject({ timeout: 100 });
  });
});

describe('maxTotalTimeout', () => {
  test('ends a call by itself, however long its timeout is', async () => {
    await connect();
    const error = await endsAfter(client.callTool('slow', {}, { timeout: Infinity, maxTotalTimeout: 250 }), 250);
    expect(error.message).toBe('tools/call "slow" got no answer within 250 ms (maxTotalTimeout)');
    expect(error.details).toEqual({ operation: 'tools/call', timeout: 250, phase: 'waiting', tool: 'slow' });
  });

  test('of the client holds for its calls', async () => {
    await connect({ maxTotalTimeout: 250 });
    await endsAfter(client.callTool('slow'), 250);
    await endsAfter(client.callTool('slow', {}, { maxTotalTimeout: 300 }), 300);
  });

  test('leaves a shorter timeout as it is', async () => {
    await connect({ maxTotalTimeout: 1_000 });
    const error = await endsAfter(client.callTool('slow', {}, { timeout: 100 }), 100);
    expect(error.message).not.toContain('maxTotalTimeout');
  });
});

describe('progress', () => {
  test('restarts the timeout, each time', async () => {
    await connect({ timeout: 100 });
    const call = client.callTool('slow', {}, { onProgress: () => undefined });
    const asked = await server.receive('tools/call');
    for (let time = 1; time <= 5; time += 1) {
      await environment.advance(99);
      progress(asked, time);
    }
    await environment.settle();
    await endsAfter(call, 100);
  });

  test('does not put off maxTotalTimeout', async () => {
    await connect({ timeout: 100 });
    const call = client.callTool('slow', {}, { maxTotalTimeout: 250, onProgress: () => undefined });
    const ended = errorFrom(call);
    const asked = await server.receive('tools/call');
    for (let time = 1; time <= 4; time += 1) {
      await environment.advance(60);
      progress(asked, time);
    }
    await environment.settle();
    expect(await isSettled(ended)).toBe(false);
    await environment.advance(10);
    expect((await ended).message).toContain('maxTotalTimeout');
  });

  test('of one call does nothing for another', async () => {
    await connect({ timeout: 100 });
    const moving = errorFrom(client.callTool('slow', {}, { onProgress: () => undefined }));
    const still = errorFrom(client.callTool('slow', {}, { onProgress: () => undefined }));
    const asked = await server.receive('tools/call');
    await environment.advance(60);
    progress(asked, 1);
    await environment.advance(40);
    expect(await isSettled(still)).toBe(true);
    expect(await isSettled(moving)).toBe(false);
    await environment.advance(60);
    expect(await isSettled(moving)).toBe(true);
  });
});

describe('a call that waits for the connection', () => {
  /** A client whose server takes so many milliseconds to shake hands. */
  async function connecting(milliseconds: number, options: MCPClientOptions = {}): Promise<Promise<unknown>> {
    environment = new SimulatedEnvironment();
    const initialize = [{ wait: milliseconds }, ...answer(initializeResult())];
    server = await scriptedServer({ initialize, 'tools/call': silence }, environment);
    client = new MCPClient(server.transport, { environment, ...options });
    return client.connect().catch((thrown: unknown) => thrown);
  }

  test('has its timeout also while it waits, and was not sent', async () => {
    void connecting(10_000);
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    const error = await endsAfter(client.callTool('x', {}, { timeout: 300 }), 300);
    expect(error).toMatchObject({
      delivery: 'not-sent',
      message: 'tools/call "x" was not sent within 300 ms',
      details: { operation: 'tools/call', timeout: 300, phase: 'queued' },
    });
  });

  test('has one timeout for the wait and for the answer', async () => {
    void connecting(200);
    await new Promise((resolve) => setImmediate(resolve));
    const error = await endsAfter(client.callTool('x', {}, { timeout: 300 }), 300);
    expect(error).toMatchObject({ delivery: 'unknown', details: { phase: 'waiting' } });
    expect(server.methods).toContain('tools/call');
  });

  test('ends with the connection that failed, and not with its own timeout', async () => {
    const done = connecting(10_000, { connectTimeout: 100 });
    await new Promise((resolve) => setImmediate(resolve));
    const call = errorFrom(client.callTool('x', {}, { timeout: 5_000 }));
    await environment.advance(100);
    expect(await isSettled(call)).toBe(true);
    expect(await call).toMatchObject({
      code: 'MCP_NOT_CONNECTED',
      delivery: 'not-sent',
      cause: { code: 'MCP_TIMEOUT', details: { operation: 'connect' } },
    });
    expect(await done).toBeInstanceOf(MCPTimeoutError);
  });
});

test('an answer in time leaves no timer and no warning', async () => {
  await connect({}, { 'tools/call': answer({ content: [] }) });
  const recorder = new ClientRecorder(client);
  await Promise.all(Array.from({ length: 10 }, () => client.callTool('x', {}, { maxTotalTimeout: 1_000 })));
  await environment.settle();
  expect(environment.pending.filter(({ delay }) => delay === 1_000 || delay === 30_000)).toEqual([]);
  await environment.advance(60_000);
  expect(recorder).toMatchObject({ warning: [], error: [] });
});

test('ping() has the timeout that it is given', async () => {
  await connect({}, { ping: silence });
  const error = await endsAfter(client.ping({ timeout: 70 }), 70);
  expect(error.details).toEqual({ operation: 'ping', timeout: 70, phase: 'waiting' });
});
