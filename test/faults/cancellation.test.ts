import { getEventListeners } from 'node:events';

import { MCPClient } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { legacyServer, modernServer, ScriptedHttpServer } from '../support/servers/http-server.js';
import { errorFrom, rejection, turns } from '../support/outcomes.js';
import { answer, legacyScript, modernScript, refuse, scriptedServer, silence } from '../support/servers/scripts.js';
import type { Script, ScriptedServer } from '../support/servers/scripts.js';

const text = { content: [{ type: 'text', text: 'done' }] };

describe.each([
  ['legacy', (more: Script) => legacyScript('2025-11-25', more)],
  ['modern', modernScript],
] as const)('giving up a call with a signal, in the %s era', (_era, script) => {
  let server: ScriptedServer;
  let client: MCPClient;
  let controller: AbortController;

  beforeEach(async () => {
    server = await scriptedServer(
      script({ 'tools/call': silence, 'resources/read': answer({ contents: [], resultType: 'complete' }) }),
    );
    client = await MCPClient.connect(server.transport);
    controller = new AbortController();
  });

  afterEach(async () => {
    await client.disconnect();
    await server[Symbol.asyncDispose]();
  });

  test('before it is made: nothing is sent', async () => {
    controller.abort('early');
    expect(await rejection(client.callTool('slow', {}, { signal: controller.signal }))).toBe('early');
    await client.readResource('x:1');
    expect(server.methods).not.toContain('tools/call');
    expect(server.methods).not.toContain('notifications/cancelled');
  });

  test('while it is in flight: it rejects at once with the reason of the signal, and the server gets notifications/cancelled', async () => {
    const reason = { code: 'changed my mind' };
    const call = rejection(client.callTool('slow', {}, { signal: controller.signal }));
    const { id } = await server.receive('tools/call');
    controller.abort(reason);
    expect(await call).toBe(reason);
    expect(await server.receive('notifications/cancelled')).toMatchObject({ params: { requestId: id } });
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  test('without a reason: it rejects as everything does that is aborted', async () => {
    const call = rejection(client.callTool('slow', {}, { signal: controller.signal }));
    await server.receive('tools/call');
    controller.abort();
    expect(await call).toBe(controller.signal.reason);
    expect(await call).toMatchObject({ name: 'AbortError' });
  });

  test('after it was answered: nothing happens', async () => {
    await client.readResource('x:1', { signal: controller.signal });
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    controller.abort();
    await turns();
    expect(server.methods).not.toContain('notifications/cancelled');
  });

  test('and the answer that comes too late is a warning', async () => {
    const recorder = new ClientRecorder(client);
    const call = rejection(client.callTool('slow', {}, { signal: controller.signal }));
    const asked = await server.receive('tools/call');
    controller.abort('enough');
    await call;
    server.respond(asked, text);
    await recorder.first('warning');
    expect(recorder.warning).toEqual([expect.objectContaining({ code: 'MCP_UNKNOWN_RESPONSE' })]);
    expect(client.state).toBe('ready');
  });

  test('one signal ends many calls, and those only', async () => {
    const other = client.callTool('slow');
    const asked = await server.receive('tools/call');
    const calls = Array.from({ length: 100 }, () =>
      rejection(client.callTool('slow', {}, { signal: controller.signal })),
    );
    for (const _call of calls) await server.receive('tools/call');
    // Node would warn of a leak at eleven.
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    controller.abort('all of you');
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['all of you']));
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    server.respond(asked, text);
    expect(await other).toMatchObject(text);
  });

  test('a signal that serves one call after the other collects no listeners', async () => {
    for (let call = 0; call < 20; call += 1) await client.readResource('x:1', { signal: controller.signal });
    for (let call = 0; call < 20; call += 1) {
      await errorFrom(client.request('no/such', {}, { signal: controller.signal, timeout: 1_000 }));
    }
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  test('ends a list between its pages, too', async () => {
    await client.disconnect();
    await server[Symbol.asyncDispose]();
    server = await scriptedServer(
      script({
        'tools/list': ({ params }) =>
          params?.['cursor'] === undefined
            ? answer({ tools: [], nextCursor: 'more', ttlMs: 0, cacheScope: 'public' })
            : silence,
      }),
    );
    client = await MCPClient.connect(server.transport);
    const listing = rejection(client.listTools({ signal: controller.signal }));
    await server.receive('tools/list');
    await server.receive('tools/list');
    controller.abort('enough');
    expect(await listing).toBe('enough');
  });

  test('ping gives up as well', async () => {
    await client.disconnect();
    await server[Symbol.asyncDispose]();
    let asked = 0;
    const first = script({});
    server = await scriptedServer({
      ...first,
      'server/discover': (message) => {
        const steps = first['server/discover'] ?? refuse(-32601);
        return (asked += 1) === 1 ? (typeof steps === 'function' ? steps(message) : (steps as [])) : silence;
      },
      ping: silence,
    });
    client = await MCPClient.connect(server.transport);
    const pinging = rejection(client.ping({ signal: controller.signal }));
    await turns();
    controller.abort('enough');
    expect(await pinging).toBe('enough');
  });
});

test('a call that waits for the connection is given up without being sent', async () => {
  await using server = await scriptedServer({ 'server/discover': silence });
  const client = new MCPClient(server.transport);
  const connecting = errorFrom(client.connect());
  const controller = new AbortController();
  const call = rejection(client.callTool('slow', {}, { signal: controller.signal }));
  await server.receive('server/discover');
  controller.abort('enough');
  expect(await call).toBe('enough');
  await client.disconnect();
  await connecting;
  expect(server.methods).toEqual(['server/discover']);
});

test('the connect() that is given up cancels nothing: initialize must not be', async () => {
  await using server = await scriptedServer({ initialize: silence });
  const client = new MCPClient(server.transport);
  const controller = new AbortController();
  const connecting = rejection(client.connect({ signal: controller.signal }));
  await server.receive('initialize');
  controller.abort('enough');
  expect(await connecting).toBe('enough');
  await client.disconnect();
  expect(server.methods).toEqual(['server/discover', 'initialize']);
});

describe('disconnecting with a call in flight over HTTP', () => {
  test.each([
    ['legacy', legacyServer, ['notifications/cancelled']],
    // Closing the exchange says it all. 2026-07-28 basic/patterns/cancellation.
    ['modern', modernServer, []],
  ] as const)('cancels the call at a %s server in the way of its era', async (era, behaviour, told) => {
    const server = await ScriptedHttpServer.start(behaviour(({ message }) => message.method === 'tools/call'));
    try {
      const client = await MCPClient.connect(server.url, { era });
      const call = errorFrom(client.callTool('slow'));
      await server.until(() => server.asked('tools/call').length === 1);
      await client.disconnect();
      expect(await call).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'unknown' });
      await server.asked('tools/call')[0]?.closed();
      expect(server.asked('notifications/cancelled').map(({ message }) => message.method)).toEqual(told);
    } finally {
      await server.close();
    }
  });
});
