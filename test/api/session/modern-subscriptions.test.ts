import type { Params } from '../../../src/index.js';
import { ClientAndServer } from '../../support/scripted-clients.js';
import type { PairOptions } from '../../support/scripted-clients.js';
import { answer, byHand, discoverResult, silence } from '../../support/servers/scripts.js';
import type { ReceivedRequest, Script, ScriptedServer } from '../../support/servers/scripts.js';
import { LISTEN, SUBSCRIPTION, acknowledge, say, wanted, watched } from '../../support/subscriptions.js';

/** A modern server that speaks by itself only when it is asked who it is. */
function connected(script: Script = {}, options?: PairOptions): Promise<ClientAndServer> {
  return ClientAndServer.connect(byHand({ 'server/discover': answer(discoverResult()), ...script }), options);
}

/** Ends a stream in good order. */
function finish(server: ScriptedServer, listen: ReceivedRequest): void {
  server.respond(listen, { resultType: 'complete', _meta: { [SUBSCRIPTION]: listen.id } });
}

function count(server: ScriptedServer, method: string): number {
  return server.methods.filter((one) => one === method).length;
}

/** The ids of the requests that the client has cancelled. */
function cancelled(server: ScriptedServer): unknown[] {
  return server.received.flatMap(({ method, params }) =>
    method === 'notifications/cancelled' ? [params?.['requestId']] : [],
  );
}

/** A pair in which the changes of the tools are watched, and the server has acknowledged that. */
async function watching(
  script?: Script,
  options?: PairOptions,
): Promise<ClientAndServer & { listen: ReceivedRequest }> {
  const pair = await connected(script, options);
  pair.client.addNotificationHandler('tools/list_changed', () => undefined);
  const listen = await pair.server.receive(LISTEN);
  acknowledge(pair.server, listen);
  await pair.clock.settle();
  return Object.assign(pair, { listen });
}

/** Sees the same asked for again after a second, in a new subscription, which then stays. */
async function opensAgain({ server, clock, listen }: Awaited<ReturnType<typeof watching>>): Promise<void> {
  await clock.advance(1_000);
  const again = await server.receive(LISTEN);
  expect(wanted(again)).toEqual(wanted(listen));
  expect(again.id).not.toBe(listen.id);
  acknowledge(server, again);
  await clock.advance(60_000);
  expect(count(server, LISTEN)).toBe(2);
  expect(cancelled(server)).toEqual([]);
}

describe('what is asked for', () => {
  test('is nothing without a listener', async () => {
    await using pair = await connected();
    pair.client.addNotificationHandler('message', () => undefined);
    await pair.clock.advance(60_000);
    expect(pair.server.methods).toEqual(['server/discover']);
  });

  test('is what there are handlers for, in one subscription, before and after connecting', async () => {
    await using pair = await ClientAndServer.create(byHand({ 'server/discover': answer(discoverResult()) }));
    const { client, server } = pair;
    client.addNotificationHandler('tools/list_changed', () => undefined);
    client.addNotificationHandler('notifications/prompts/list_changed', () => undefined);
    await client.connect();
    const first = await server.receive(LISTEN);
    expect(wanted(first)).toEqual({ toolsListChanged: true, promptsListChanged: true });
    acknowledge(server, first);
    expect(wanted(await watched(pair, 'test://one'))).toEqual({
      toolsListChanged: true,
      promptsListChanged: true,
      resourceSubscriptions: ['test://one'],
    });
  });

  test.each(['notification', 'toolsChanged'] as const)('follows from listening to %s events', async (name) => {
    await using pair = await connected({ 'tools/list': answer({ tools: [] }) });
    const stop = pair.client.on(name, () => undefined);
    const listen = await pair.server.receive(LISTEN);
    const all = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };
    expect(wanted(listen)).toEqual(name === 'notification' ? all : { toolsListChanged: true });
    acknowledge(pair.server, listen);
    stop();
    await pair.server.receive('notifications/cancelled');
    expect(cancelled(pair.server)).toEqual([listen.id]);
    expect(count(pair.server, LISTEN)).toBe(1);
  });

  test('leaves out what the server does not announce', async () => {
    const capabilities = {
      tools: { listChanged: true },
      prompts: {},
      resources: { listChanged: true, subscribe: false },
    };
    await using pair = await connected({ 'server/discover': answer(discoverResult({ capabilities })) });
    const { client, server } = pair;
    client.on('notification', () => undefined);
    expect(wanted(await server.receive(LISTEN))).toEqual({ toolsListChanged: true, resourcesListChanged: true });
    await expect(client.subscribe('test://one')).rejects.toMatchObject({
      name: 'MCPCapabilityError',
      details: { required: 'resources.subscribe' },
    });
    expect(count(server, LISTEN)).toBe(1);
  });
});

describe('what the server announces', () => {
  test('reaches handlers and makes the list stale', async () => {
    const pages = answer({ resultType: 'complete', tools: [], ttlMs: 60_000, cacheScope: 'private' });
    await using pair = await watching({ 'tools/list': pages });
    const { client, server, clock, listen } = pair;
    const heard: (Params | undefined)[] = [];
    client.addNotificationHandler('notifications/tools/list_changed', (params) => heard.push(params));
    await client.listTools();
    await client.listTools();
    expect(count(server, 'tools/list')).toBe(1);
    say(server, listen, 'notifications/tools/list_changed');
    await clock.settle();
    expect(heard).toEqual([{ _meta: { [SUBSCRIPTION]: listen.id } }]);
    await client.listTools();
    expect(count(server, 'tools/list')).toBe(2);
  });

  test('of a resource reaches handlers with its uri, which may be that of a part', async () => {
    await using pair = await connected();
    const { client, server, clock } = pair;
    const uris: unknown[] = [];
    client.addNotificationHandler('resources/updated', (params) => uris.push(params?.['uri']));
    const listen = await watched(pair, 'test://one');
    say(server, listen, 'notifications/resources/updated', { uri: 'test://one' });
    say(server, listen, 'notifications/resources/updated', { uri: 'test://one/part' });
    await clock.settle();
    expect(uris).toEqual(['test://one', 'test://one/part']);
  });
});

describe('what the server announces without having been asked to', () => {
  const changes = {
    'notifications/tools/list_changed': {},
    'notifications/prompts/list_changed': {},
    'notifications/resources/list_changed': {},
    'notifications/resources/updated': { uri: 'test://one' },
  };
  const others = Object.entries(changes).filter(([method]) => method !== 'notifications/tools/list_changed');

  test.each(others)('%s, reaches no listener and is reported', async (method, params) => {
    await using pair = await watching();
    const { client, server, clock, listen, announced } = pair;
    const heard: unknown[] = [];
    // Listening to everything asks for everything, and this server acknowledges only the tools again.
    client.on('notification', ({ method: one }) => heard.push(one));
    const second = await server.receive(LISTEN);
    acknowledge(server, second, { toolsListChanged: true });
    for (const of of [listen, second]) say(server, of, method, params);
    say(server, second, 'notifications/tools/list_changed');
    await clock.settle();
    expect(heard).toEqual(['notifications/subscriptions/acknowledged', 'notifications/tools/list_changed']);
    expect(announced.warning.length).toBeGreaterThan(0);
    expect(announced.warning[0]).toMatchObject({
      code: 'MCP_INVALID_MESSAGE',
      message: expect.stringContaining(method) as string,
      details: { method },
    });
  });

  test('does not make a list stale', async () => {
    const pages = answer({ resultType: 'complete', prompts: [], ttlMs: 60_000, cacheScope: 'private' });
    await using pair = await watching({ 'prompts/list': pages });
    const { client, server, clock, listen } = pair;
    await client.listPrompts();
    say(server, listen, 'notifications/prompts/list_changed');
    await clock.settle();
    await client.listPrompts();
    expect(count(server, 'prompts/list')).toBe(1);
  });

  test('before it has acknowledged what it was asked for, is measured by that', async () => {
    await using pair = await connected();
    const { client, server, clock, announced } = pair;
    const heard: unknown[] = [];
    client.addNotificationHandler('tools/list_changed', () => heard.push('tools'));
    const listen = await server.receive(LISTEN);
    say(server, listen, 'notifications/tools/list_changed');
    say(server, listen, 'notifications/prompts/list_changed');
    await clock.settle();
    expect(heard).toEqual(['tools']);
    expect(announced.warning).toMatchObject([{ details: { method: 'notifications/prompts/list_changed' } }]);
  });

  test('is let through when it is of an extension', async () => {
    await using pair = await watching();
    const { client, server, clock, listen, announced } = pair;
    const heard: unknown[] = [];
    client.addNotificationHandler('tasks', (params) => heard.push(params?.['taskId']));
    say(server, listen, 'notifications/tasks', { taskId: 't1' });
    await clock.settle();
    expect(heard).toEqual(['t1']);
    expect(announced.warning).toEqual([]);
  });
});

describe('a change of what is wanted', () => {
  test('opens the new subscription before it ends the old one', async () => {
    await using pair = await watching();
    const { client, server, clock, listen } = pair;
    const subscribed = client.subscribe('test://one');
    const second = await server.receive(LISTEN);
    await clock.advance(5_000);
    // The old one stands as long as the new one does not.
    expect(cancelled(server)).toEqual([]);
    acknowledge(server, second);
    await subscribed;
    await server.receive('notifications/cancelled');
    expect(cancelled(server)).toEqual([listen.id]);
    expect(second.id).not.toBe(listen.id);
    const third = await watched(pair, 'test://two');
    expect(wanted(third)).toEqual({ toolsListChanged: true, resourceSubscriptions: ['test://one', 'test://two'] });
    await client.unsubscribe('test://one');
    expect(wanted(await server.receive(LISTEN))).toEqual({
      toolsListChanged: true,
      resourceSubscriptions: ['test://two'],
    });
  });

  test('several times in a row ends all but the last', async () => {
    await using pair = await connected();
    const { client, server } = pair;
    const subscribed = Promise.all(['test://one', 'test://two', 'test://three'].map((uri) => client.subscribe(uri)));
    const all = [await server.receive(LISTEN), await server.receive(LISTEN), await server.receive(LISTEN)];
    for (const listen of all) acknowledge(server, listen);
    await subscribed;
    await server.receive('notifications/cancelled');
    await server.receive('notifications/cancelled');
    expect(cancelled(server)).toEqual(all.slice(0, 2).map(({ id }) => id));
    expect(wanted(all[2] as ReceivedRequest)).toEqual({
      resourceSubscriptions: ['test://one', 'test://two', 'test://three'],
    });
    expect(pair.announced.error).toEqual([]);
  });

  test('to nothing ends it', async () => {
    await using pair = await connected();
    const { client, server, clock } = pair;
    const listen = await watched(pair, 'test://one');
    await client.unsubscribe('test://one');
    await server.receive('notifications/cancelled');
    expect(cancelled(server)).toEqual([listen.id]);
    await clock.advance(120_000);
    expect(count(server, LISTEN)).toBe(1);
  });

  test('that is none opens nothing: another handler, another log level, the same resource again', async () => {
    await using pair = await watching();
    const { client, server, clock } = pair;
    client.addNotificationHandler('tools/list_changed', () => undefined);
    await client.setLogLevel('error');
    await client.unsubscribe('test://never');
    await clock.advance(1_000);
    expect(count(server, LISTEN)).toBe(1);
    expect(cancelled(server)).toEqual([]);
  });

  test('is made in the session that comes after the one in which it was wished', async () => {
    await using pair = await watching({}, { autoReconnect: true });
    const { client, server, clock, announced } = pair;
    server.hangUp();
    await announced.until(() => client.state === 'reconnecting');
    client.addNotificationHandler('prompts/list_changed', () => undefined);
    await clock.advance(1_000);
    expect(wanted(await server.receive(LISTEN))).toEqual({ toolsListChanged: true, promptsListChanged: true });
  });
});

describe('the acknowledgement', () => {
  test('of less than was asked for is reported', async () => {
    await using pair = await connected();
    const { client, server, announced } = pair;
    await watched(pair, 'test://one');
    await watched(pair, 'test://two');
    client.addNotificationHandler('tools/list_changed', () => undefined);
    acknowledge(server, await server.receive(LISTEN), { resourceSubscriptions: ['test://one'] });
    const [error] = await announced.first('error');
    expect(error).toMatchObject({
      code: 'MCP_CAPABILITY_MISSING',
      details: { refused: ['toolsListChanged', 'test://two'] },
      message: expect.stringContaining('toolsListChanged, test://two') as string,
    });
  });

  test('that does not come in time ends the attempt; there will be another', async () => {
    await using pair = await connected();
    const { client, server, clock, announced } = pair;
    client.addNotificationHandler('tools/list_changed', () => undefined);
    const first = await server.receive(LISTEN);
    await clock.advance(9_999);
    expect(announced.error).toEqual([]);
    await clock.advance(1);
    expect(announced.error).toMatchObject([
      { name: 'MCPTimeoutError', details: { operation: LISTEN, timeout: 10_000 } },
    ]);
    expect(cancelled(server)).toEqual([first.id]);
    await clock.advance(1_000);
    const second = await server.receive(LISTEN);
    acknowledge(server, second);
    await clock.advance(60_000);
    expect(announced.error).toHaveLength(1);
    expect(count(server, LISTEN)).toBe(2);
    expect(client.state).toBe('ready');
  });

  test('of another subscription, or of none, does not count', async () => {
    await using pair = await connected();
    const { client, server, clock, announced } = pair;
    client.addNotificationHandler('tools/list_changed', () => undefined);
    const listen = await server.receive(LISTEN);
    acknowledge(server, { ...listen, id: Number(listen.id) + 1000 }, wanted(listen));
    acknowledge(server, { ...listen, id: `0${listen.id}` }, wanted(listen));
    server.notify('notifications/subscriptions/acknowledged', { notifications: wanted(listen) });
    await clock.advance(10_000);
    expect(announced.error).toMatchObject([{ name: 'MCPTimeoutError' }]);
  });

  test('that is malformed is reported', async () => {
    await using pair = await connected();
    const { client, server, announced } = pair;
    client.addNotificationHandler('tools/list_changed', () => undefined);
    acknowledge(server, await server.receive(LISTEN), 'everything');
    await announced.first('warning');
    expect(announced.warning).toMatchObject([
      { code: 'MCP_INVALID_MESSAGE', message: expect.stringContaining('notifications must be an object') as string },
    ]);
  });
});

describe('a subscription that the server ends', () => {
  test.each<[how: string, end: (server: ScriptedServer, listen: ReceivedRequest) => void]>([
    ['with a result', finish],
    [
      'by a cancellation',
      (server, { id }) => {
        server.notify('notifications/cancelled', { requestId: id, reason: 'restarting' });
      },
    ],
    [
      'with a result and a cancellation',
      (server, listen) => {
        finish(server, listen);
        server.notify('notifications/cancelled', { requestId: listen.id });
      },
    ],
  ])('%s is opened again after a while, and that is no error', async (_how, end) => {
    await using pair = await watching();
    const { client, server, clock, announced, listen } = pair;
    end(server, listen);
    await clock.settle();
    expect(count(server, LISTEN)).toBe(1);
    await opensAgain(pair);
    expect([...announced.error, ...announced.warning]).toEqual([]);
    expect(client.state).toBe('ready');
  });

  test('with an error is opened again, and the error is reported', async () => {
    await using pair = await watching();
    const { server, clock, announced, listen } = pair;
    server.respondWithError(listen, -32603, 'Out of memory');
    await clock.advance(1_000);
    expect(announced.error).toMatchObject([{ code: 'MCP_RPC_ERROR', errorCode: -32603 }]);
    acknowledge(server, await server.receive(LISTEN));
  });

  test('makes the lists stale, once it stands again: changes may have been missed', async () => {
    const pages = answer({ resultType: 'complete', prompts: [], ttlMs: 600_000, cacheScope: 'private' });
    await using pair = await watching({ 'prompts/list': pages });
    const { client, server, clock, listen } = pair;
    await client.listPrompts();
    await client.listPrompts();
    expect(count(server, 'prompts/list')).toBe(1);
    finish(server, listen);
    await clock.advance(1_000);
    const again = await server.receive(LISTEN);
    // Fetched before the server began to listen: what changes in between is announced to nobody.
    await client.listPrompts();
    acknowledge(server, again);
    await clock.settle();
    const before = count(server, 'prompts/list');
    await client.listPrompts();
    await client.listPrompts();
    expect(count(server, 'prompts/list')).toBe(before + 1);
  });

  test('again and again is opened again, within twice the time of the last wait', async () => {
    await using pair = await connected();
    const { client, server, clock, announced } = pair;
    client.addNotificationHandler('tools/list_changed', () => undefined);
    for (let time = 1; time <= 5; time += 1) {
      server.respondWithError(await server.receive(LISTEN), -32603, 'Subscription limit reached');
      await clock.advance(1_000 * 2 ** (time - 1));
    }
    expect(count(server, LISTEN)).toBe(6);
    expect(announced.error).toHaveLength(5);
  });

  test('as soon as it has acknowledged it is opened again after longer and longer waits, too', async () => {
    const script: Script = {
      [LISTEN]: ({ id, params }) => [
        {
          say: {
            jsonrpc: '2.0',
            method: 'notifications/subscriptions/acknowledged',
            params: { notifications: params?.['notifications'], _meta: { [SUBSCRIPTION]: id } },
          },
        },
        { answer: { resultType: 'complete' } },
      ],
    };
    await using pair = await connected(script);
    pair.client.addNotificationHandler('tools/list_changed', () => undefined);
    await pair.clock.advance(120_000);
    expect(count(pair.server, LISTEN)).toBeGreaterThan(3);
    expect(count(pair.server, LISTEN)).toBeLessThan(15);
  });

  test('after it has stood for a while is opened again soon, however often that happens', async () => {
    await using pair = await watching();
    const { server, clock } = pair;
    let { listen } = pair;
    for (let time = 0; time < 8; time += 1) {
      await clock.advance(10_000);
      finish(server, listen);
      await clock.advance(1_000);
      listen = await server.receive(LISTEN);
      acknowledge(server, listen);
    }
  });

  test('because it has no such method is not opened again, nor when something else is wanted', async () => {
    await using pair = await connected();
    const { client, server, clock, announced } = pair;
    client.addNotificationHandler('tools/list_changed', () => undefined);
    server.respondWithError(await server.receive(LISTEN), -32601, 'Method not found');
    await announced.first('error');
    expect(announced.error).toMatchObject([{ code: 'MCP_RPC_ERROR', errorCode: -32601 }]);
    await clock.advance(3_600_000);
    client.addNotificationHandler('prompts/list_changed', () => undefined);
    await clock.advance(3_600_000);
    expect(count(server, LISTEN)).toBe(1);
    expect(announced.error).toHaveLength(1);
  });
});

describe('the end of the connection', () => {
  test('a subscription is opened again in the next session', async () => {
    await using pair = await watching({}, { autoReconnect: true });
    const { client, server, announced } = pair;
    server.hangUp();
    await announced.until(() => client.state === 'reconnecting');
    await opensAgain(pair);
  });

  test('disconnect() ends a subscription, and nothing comes back', async () => {
    await using pair = await watching({ 'prompts/list': silence });
    const { client, server, clock, listen } = pair;
    await client.disconnect();
    await server.receive('notifications/cancelled');
    expect(cancelled(server)).toEqual([listen.id]);
    await clock.advance(3_600_000);
    expect(count(server, LISTEN)).toBe(1);
    expect(clock.pending).toEqual([]);
  });
});
