import { MCPClient } from '../../src/index.js';
import type { MCPClientOptions } from '../../src/index.js';
import { createScriptedServer, SimulatedEnvironment } from '../../src/testing/index.js';
import type { ScriptedServer, ScriptedServerOptions } from '../../src/testing/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { errorFrom, isSettled, rejection } from '../support/outcomes.js';

interface Pair extends AsyncDisposable {
  readonly server: ScriptedServer;
  readonly client: MCPClient;
  readonly clock: SimulatedEnvironment;
}

/** A server and a client that is connected to it, in one simulated time. */
async function pair(script: ScriptedServerOptions, options: MCPClientOptions = {}): Promise<Pair> {
  const clock = new SimulatedEnvironment();
  const server = createScriptedServer({ environment: clock, ...script });
  const client = new MCPClient(server.transport, { environment: clock, ...options });
  await client.connect();
  return {
    server,
    client,
    clock,
    [Symbol.asyncDispose]: async () => {
      await client.disconnect();
      await server[Symbol.asyncDispose]();
      await clock.settle();
      if (clock.pending.length > 0) throw new Error(`Timers are left: ${JSON.stringify(clock.pending)}`);
    },
  };
}

const TEXT = { content: [{ type: 'text', text: 'done' }] };

describe.each(['2026-07-28', '2025-11-25', '2024-11-05'] as const)('a scripted server of %s', (revision) => {
  test('negotiates, and answers what it has handlers for', async () => {
    await using scene = await pair({
      revision,
      serverInfo: { name: 'shop', version: '3.0.0' },
      handlers: { 'tools/call': ({ arguments: args }) => ({ ...TEXT, structuredContent: args }) },
    });
    expect(await scene.client.getServerInfo()).toMatchObject({
      name: 'shop',
      version: '3.0.0',
      protocolVersion: revision,
    });
    expect(await scene.client.callTool('buy', { amount: 2 })).toMatchObject({ structuredContent: { amount: 2 } });
    expect(await scene.client.ping()).toBe(0);
    expect(await errorFrom(scene.client.request('own/method'))).toMatchObject({ errorCode: -32601 });
  });

  test('sends change notifications to clients that subscribed', async () => {
    await using scene = await pair({ revision, capabilities: { tools: { listChanged: true } } });
    const heard = new ClientRecorder(scene.client, ['notification']);
    await scene.clock.settle();
    scene.server.notify('notifications/tools/list_changed');
    await heard.until(() => heard.notification.some(({ method }) => method === 'notifications/tools/list_changed'));
  });
});

describe('a handler', () => {
  test('that returns nothing sends no response', async () => {
    await using scene = await pair({ handlers: { 'tools/call': () => undefined } }, { timeout: 400 });
    const failing = errorFrom(scene.client.callTool('x'));
    await scene.clock.advance(400);
    expect(await failing).toMatchObject({ code: 'MCP_TIMEOUT', delivery: 'unknown' });
  });

  test('refuses with the error that it throws', async () => {
    await using scene = await pair({
      handlers: {
        'tools/call': () => {
          throw Object.assign(new Error('No such thing'), { code: -32050, data: { x: 1 } });
        },
        'own/broken': () => Promise.reject(new Error('Oh')),
      },
    });
    expect(await errorFrom(scene.client.callTool('x'))).toMatchObject({
      errorCode: -32050,
      details: { reason: 'No such thing' },
    });
    expect(await errorFrom(scene.client.request('own/broken'))).toMatchObject({ errorCode: -32603 });
  });

  test('takes its time on the clock of the server, and reports progress', async () => {
    await using scene = await pair({
      handlers: {
        'tools/call': async (_, { progress, wait }) => {
          progress(1, 2);
          await wait(5_000);
          return TEXT;
        },
      },
    });
    const heard: unknown[] = [];
    const calling = scene.client.callTool('x', {}, { onProgress: (progress) => heard.push(progress) });
    expect(await isSettled(calling)).toBe(false);
    expect(heard).toEqual([{ progress: 1, total: 2, attempt: 1 }]);
    await scene.clock.advance(5_000);
    expect(await calling).toMatchObject(TEXT);
  });

  test('learns that it was cancelled, and then its answer is not sent', async () => {
    let signal: AbortSignal | undefined;
    await using scene = await pair({
      handlers: {
        'tools/call': async (_, request) => {
          ({ signal } = request);
          await request.wait(1_000);
          return TEXT;
        },
      },
    });
    const heard = new ClientRecorder(scene.client);
    const caller = new AbortController();
    const calling = scene.client.callTool('x', {}, { signal: caller.signal });
    calling.catch(() => undefined);
    await scene.clock.settle();
    expect(signal?.aborted).toBe(false);
    caller.abort(new Error('never mind'));
    await scene.clock.settle();
    expect(signal?.aborted).toBe(true);
    await scene.clock.advance(1_000);
    expect(heard.warning).toEqual([]);
  });
});

describe('a test that responds by itself', () => {
  const byHand = { handlers: { 'tools/call': () => undefined } };

  test('receives each request, and responds with a result or an error', async () => {
    await using scene = await pair(byHand);
    const [first, second] = [scene.client.callTool('one'), errorFrom(scene.client.callTool('two'))];
    const one = await scene.server.receive('tools/call');
    const two = await scene.server.receive('tools/call');
    expect([one, two]).toMatchObject([{ params: { name: 'one' } }, { params: { name: 'two' } }]);
    scene.server.respondWithError(two, -32050, 'Not now', { x: 1 });
    scene.server.respond(one, TEXT);
    expect(await first).toMatchObject(TEXT);
    expect(await second).toMatchObject({ errorCode: -32050, details: { reason: 'Not now', data: { x: 1 } } });
  });

  test('asks the client, and waits for its answer', async () => {
    await using scene = await pair({ revision: '2025-11-25' });
    scene.server.send({ jsonrpc: '2.0', id: 'mine', method: 'ping' });
    expect(await scene.server.receiveResponse()).toEqual({ jsonrpc: '2.0', id: 'mine', result: {} });
    expect(scene.server.methods.at(-1)).toBe('(result)');
  });

  test('receives notifications, too', async () => {
    await using scene = await pair({ revision: '2025-11-25' });
    expect(await scene.server.receive('notifications/initialized')).not.toHaveProperty('id');
  });

  test('may take everything into its hands, negotiation included', async () => {
    await using server = createScriptedServer({ revision: '2025-11-25', handlers: { '*': () => undefined } });
    await using client = new MCPClient(server.transport, { era: 'legacy' });
    const connecting = client.connect();
    const handshake = await server.receive('initialize');
    const serverInfo = { name: 'by hand', version: '1' };
    server.respond(handshake, { protocolVersion: '2025-11-25', capabilities: {}, serverInfo });
    expect(await connecting).toMatchObject({ name: 'by hand' });
  });

  test('gets an error with the messages that were received instead', async () => {
    await using scene = await pair({ revision: '2025-11-25' });
    await scene.server.receive('notifications/initialized');
    await expect(scene.server.receive('tools/call', 1)).rejects.toThrow(
      'No tools/call was received within 1 ms; received: server/discover, initialize, notifications/initialized',
    );
    const waiting = rejection(scene.server.receiveResponse());
    await scene.server[Symbol.asyncDispose]();
    expect(String(await waiting)).toContain('No response was received before the server ended; received: ');
  });
});

describe('a scripted server that hangs up', () => {
  test('goes no further with what it was doing, and serves the next client', async () => {
    let finished = 0;
    await using scene = await pair(
      {
        handlers: {
          'tools/call': async (_, { wait }) => {
            await wait(1_000);
            finished += 1;
            return TEXT;
          },
        },
      },
      { autoReconnect: true, reconnectDelay: 10 },
    );
    const failing = errorFrom(scene.client.callTool('x'));
    await scene.clock.settle();
    scene.server.hangUp();
    expect(await failing).toMatchObject({ code: 'MCP_CONNECTION_LOST', delivery: 'unknown' });
    await scene.clock.advance(10_000);
    expect(finished).toBe(0);
    expect(scene.client.state).toBe('ready');
    expect(scene.server.links).toBe(2);
  });

  test('for a while answers when the while is over', async () => {
    await using scene = await pair({}, { autoReconnect: true, reconnectDelay: 10 });
    scene.server.hangUp(3_000);
    await scene.clock.advance(2_999);
    expect(scene.client.state).toBe('initializing');
    await scene.clock.advance(1);
    await scene.clock.settle();
    expect(scene.client.state).toBe('ready');
  });
});

test('a scripted server remembers what came last, and does not grow with all that ever came', async () => {
  await using scene = await pair({ revision: '2025-11-25', remember: 5, handlers: { count: ({ to }) => ({ to }) } });
  for (let to = 0; to < 100; to += 1) await scene.client.request('count', { to });
  const { received } = scene.server;
  expect(received.length).toBeGreaterThanOrEqual(5);
  expect(received.length).toBeLessThanOrEqual(10);
  expect(received.at(-1)).toMatchObject({ method: 'count', params: { to: 99 } });
  // Of one kind, too, the oldest that nobody waited for go.
  const { to } = (await scene.server.receive('count')).params as { to: number };
  expect(to).toBeGreaterThanOrEqual(90);
});
