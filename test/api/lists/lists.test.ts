import { MCPProtocolError, MCPTimeoutError } from '../../../src/index.js';
import type { MCPClient, MCPTool } from '../../../src/index.js';
import { ClientRecorder } from '../../support/client-recorder.js';
import { connectUntilTestEnds } from '../../support/scripted-clients.js';
import { errorFrom, rejection, turns } from '../../support/outcomes.js';
import {
  answer,
  discoverResult,
  initializeResult,
  legacyScript,
  modernScript,
  refuse,
  silence,
} from '../../support/servers/scripts.js';
import type { ReceivedMessage, ReceivedRequest, ScriptedServer, Step } from '../../support/servers/scripts.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';

const connected = connectUntilTestEnds();

function tool(name: string, more: Partial<MCPTool> = {}): MCPTool {
  return { name, inputSchema: { type: 'object' }, ...more };
}

/** Pages of tools, by cursor. The answer is looked up when it is asked for. */
function pages(all: Readonly<Record<string, object>>, common: object = {}): (message: ReceivedMessage) => Step[] {
  return ({ params }) => answer({ ...common, ...all[(params?.['cursor'] as string | undefined) ?? 'first'] });
}

function count({ methods }: ScriptedServer, method = 'tools/list'): number {
  return methods.filter((one) => one === method).length;
}

describe('a list of several pages', () => {
  test('is read to its end, in order; a null cursor is the end like a missing one', async () => {
    const { server, client } = await connected(
      legacyScript('2025-11-25', {
        'tools/list': pages({
          first: { tools: [tool('a'), tool('b')], nextCursor: '2' },
          2: { tools: [], nextCursor: '3' },
          3: { tools: [tool('c')], nextCursor: null },
        }),
        'prompts/list': pages({ first: { prompts: [{ name: 'p' }] } }),
        'resources/list': pages({
          first: { resources: [{ name: 'r', uri: 'x:1' }], nextCursor: '2' },
          2: { resources: [] },
        }),
        'resources/templates/list': pages({ first: { resourceTemplates: [{ name: 't', uriTemplate: 'x:{y}' }] } }),
      }),
    );
    expect((await client.listTools()).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    const [first, second] = [await server.receive('tools/list'), await server.receive('tools/list')];
    expect([first.params, second.params]).toEqual([undefined, { cursor: '2' }]);
    expect(await client.listPrompts()).toEqual([{ name: 'p' }]);
    expect(await client.listResources()).toEqual([{ name: 'r', uri: 'x:1' }]);
    expect(await client.listResourceTemplates()).toEqual([{ name: 't', uriTemplate: 'x:{y}' }]);
  });

  test('goes on after an empty cursor, which is a cursor', async () => {
    const { client } = await connected(
      legacyScript('2025-11-25', {
        'tools/list': pages({ first: { tools: [tool('a')], nextCursor: '' }, '': { tools: [tool('b')] } }),
      }),
    );
    expect((await client.listTools()).map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test.each<[what: string, pages: (message: ReceivedMessage) => readonly Step[], names: string[]]>([
    [
      'on its only page',
      pages({ first: { tools: [tool('a')], nextCursor: '' }, '': { tools: [tool('a')], nextCursor: '' } }),
      ['a'],
    ],
    [
      'on its second page, and begins anew',
      pages({
        first: { tools: [tool('a')], nextCursor: '2' },
        2: { tools: [tool('b')], nextCursor: '' },
        '': { tools: [tool('a')], nextCursor: '2' },
      }),
      ['a', 'b'],
    ],
    [
      'twice, on different pages',
      pages({ first: { tools: [tool('a')], nextCursor: '' }, '': { tools: [tool('b')], nextCursor: '' } }),
      ['a', 'b'],
    ],
    [
      'and then refuses it',
      (message) =>
        message.params?.['cursor'] === undefined
          ? answer({ tools: [tool('a')], nextCursor: '' })
          : refuse(-32602, 'Bad cursor'),
      ['a'],
    ],
  ])('ends with a warning when a legacy server gives an empty cursor %s', async (_what, script, names) => {
    const { client } = await connected(legacyScript('2025-11-25', { 'tools/list': script }));
    const recorder = new ClientRecorder(client);
    expect((await client.listTools()).map(({ name }) => name)).toEqual(names);
    expect(recorder.warning).toMatchObject([{ code: 'MCP_PAGINATION', details: { method: 'tools/list' } }]);
    const paged: string[] = [];
    for await (const { name } of client.tools()) paged.push(name);
    expect(paged).toEqual(names);
  });

  test('that gives a modern client an empty cursor twice is refused', async () => {
    const { client } = await connected(
      modernScript({
        'tools/list': answer({ resultType: 'complete', tools: [], nextCursor: '', ttlMs: 0, cacheScope: 'private' }),
      }),
    );
    expect(await errorFrom(client.listTools())).toMatchObject({ code: 'MCP_PAGINATION' });
  });

  test('that gives a cursor twice is refused', async () => {
    const { server, client } = await connected(
      legacyScript('2025-11-25', {
        'tools/list': pages({
          first: { tools: [], nextCursor: 'a' },
          a: { tools: [], nextCursor: 'b' },
          b: { tools: [], nextCursor: 'a' },
        }),
      }),
    );
    const error = await errorFrom(client.listTools());
    expect(error).toBeInstanceOf(MCPProtocolError);
    expect(error).toMatchObject({
      code: 'MCP_PAGINATION',
      delivery: 'answered',
      details: { method: 'tools/list', pages: 3 },
    });
    expect(count(server)).toBe(3);
  });

  test('that has no end is refused', async () => {
    const { server, client } = await connected(
      legacyScript('2025-11-25', {
        'tools/list': ({ params }) => answer({ tools: [], nextCursor: `${Number(params?.['cursor'] ?? 0) + 1}` }),
      }),
    );
    const error = await errorFrom(client.listTools());
    expect(error).toMatchObject({ code: 'MCP_PAGINATION', details: { limit: 1_000 } });
    expect(count(server)).toBe(1_000);
  });

  test('has as many pages as the client allows', async () => {
    const { client } = await connected(
      legacyScript('2025-11-25', {
        'tools/list': pages({
          first: { tools: [], nextCursor: '2' },
          2: { tools: [], nextCursor: '3' },
          3: { tools: [] },
        }),
      }),
      { limits: { maxPages: 2 } },
    );
    const error = await errorFrom(client.listTools());
    expect(error).toMatchObject({ code: 'MCP_PAGINATION', details: { limit: 2 } });
    expect(error.message).toContain('limits.maxPages');
  });

  test('is read from its beginning once more when a cursor is refused', async () => {
    let refusals = 1;
    const { server, client } = await connected(
      legacyScript('2025-11-25', {
        'tools/list': ({ params }) => {
          if (params?.['cursor'] === undefined) return answer({ tools: [tool('a')], nextCursor: '2' });
          return (refusals -= 1) < 0 ? answer({ tools: [tool('b')] }) : refuse(-32602, 'Invalid cursor');
        },
      }),
    );
    expect((await client.listTools()).map(({ name }) => name)).toEqual(['a', 'b']);
    expect(count(server)).toBe(4);
    refusals = 2;
    expect(await errorFrom(client.listTools({ useCache: false }))).toMatchObject({ errorCode: -32602 });
    expect(count(server)).toBe(8);
  });

  test('is not put together from two sessions', async () => {
    const { server, client } = await connected(legacyScript('2025-11-25', { 'tools/list': silence }), {
      autoReconnect: true,
      reconnectDelay: 0,
    });
    const listing = client.listTools();
    server.respond(await server.receive('tools/list'), { tools: [tool('old')], nextCursor: '2' });
    await server.receive('tools/list');
    server.hangUp();
    server.respond(await server.receive('tools/list'), { tools: [tool('other')] });
    const again = await server.receive('tools/list');
    expect(again.params).toBeUndefined();
    server.respond(again, { tools: [tool('new')] });
    expect(await listing).toEqual([tool('new')]);
    expect(await client.listTools()).toEqual([tool('new')]);
    expect(count(server)).toBe(4);
  });

  test('has one maxTotalTimeout for all of its pages', async () => {
    const environment = new SimulatedEnvironment();
    const { client } = await connected(
      legacyScript('2025-11-25', {
        'tools/list': ({ params }) => [
          { wait: 40 },
          ...answer({ tools: [], nextCursor: `${Number(params?.['cursor'] ?? 0) + 1}` }),
        ],
      }),
      { environment },
    );
    const listing = errorFrom(client.listTools({ timeout: 60, maxTotalTimeout: 100 }));
    await environment.advance(100);
    const error = await listing;
    expect(error).toBeInstanceOf(MCPTimeoutError);
    expect(error.message).toContain('maxTotalTimeout');
    expect(error.details).toMatchObject({ timeout: 100 });
  });
});

describe('an async iterator over a list', () => {
  const script = legacyScript('2025-11-25', {
    'tools/list': pages({ first: { tools: [tool('a'), tool('b')], nextCursor: '2' }, 2: { tools: [tool('c')] } }),
    'prompts/list': pages({ first: { prompts: [{ name: 'p' }] } }),
    'resources/list': pages({ first: { resources: [{ name: 'r', uri: 'x:1' }] } }),
  });

  test('gives every item', async () => {
    const { client } = await connected(script);
    const names: string[] = [];
    for await (const { name } of client.tools()) names.push(name);
    for await (const { name } of client.prompts()) names.push(name);
    for await (const { name } of client.resources()) names.push(name);
    expect(names).toEqual(['a', 'b', 'c', 'p', 'r']);
  });

  test('asks for a page when it is reached, and for none after it was left', async () => {
    const { server, client } = await connected(script);
    for await (const { name } of client.tools()) {
      expect(count(server)).toBe(1);
      if (name === 'b') break;
    }
    await turns();
    expect(count(server)).toBe(1);
    const unused = client.tools();
    await unused.return();
    expect(count(server)).toBe(1);
  });

  test('takes no cursor from one session of a legacy server into the next', async () => {
    const { server, client } = await connected(legacyScript('2025-11-25', { 'tools/list': silence }), {
      autoReconnect: true,
      reconnectDelay: 0,
    });
    const recorder = new ClientRecorder(client);
    const changed = { code: 'MCP_PAGINATION', details: { method: 'tools/list', session: 'changed' } };

    const tools = client.tools();
    const first = tools.next();
    server.respond(await server.receive('tools/list'), { tools: [tool('old')], nextCursor: '2' });
    expect((await first).value).toEqual(tool('old'));
    server.hangUp();
    await recorder.until(() => recorder.state.at(-1) === 'ready' && recorder.state.includes('reconnecting'));
    expect(await errorFrom(tools.next())).toMatchObject(changed);
    expect(count(server)).toBe(1);

    // Nor is what the next one makes of such a cursor taken for a page of the first, or for the fault of the caller.
    for (const settle of [
      (heard: ReceivedRequest) => server.respond(heard, { tools: [tool('other')] }),
      (heard: ReceivedRequest) => server.respondWithError(heard, -32602, 'Invalid cursor'),
    ]) {
      const more = client.tools();
      const one = more.next();
      server.respond(await server.receive('tools/list'), { tools: [tool('old')], nextCursor: '2' });
      await one;
      const two = errorFrom(more.next());
      await server.receive('tools/list');
      server.hangUp();
      settle(await server.receive('tools/list'));
      expect(await two).toMatchObject(changed);
    }
  });

  test('goes on in another session of a modern server, which has none', async () => {
    const { server, client } = await connected(modernScript({ 'tools/list': silence }), {
      autoReconnect: true,
      reconnectDelay: 0,
    });
    const tools = client.tools();
    const first = tools.next();
    server.respond(await server.receive('tools/list'), {
      resultType: 'complete',
      tools: [tool('a')],
      nextCursor: '2',
      ttlMs: 0,
      cacheScope: 'public',
    });
    await first;
    server.hangUp();
    const second = tools.next();
    const asked = await server.receive('tools/list');
    expect(asked.params).toMatchObject({ cursor: '2' });
    server.respond(asked, { resultType: 'complete', tools: [tool('b')], ttlMs: 0, cacheScope: 'public' });
    expect((await second).value).toEqual(tool('b'));
  });

  test('throws what goes wrong where it is used, and can be given up', async () => {
    const { client } = await connected(script);
    const signal = AbortSignal.abort('enough');
    expect(await rejection(client.tools({ signal }).next())).toBe('enough');
    await client.disconnect();
    expect(await errorFrom(client.tools().next())).toMatchObject({ code: 'MCP_NOT_CONNECTED' });
  });
});

describe('a list of a legacy server', () => {
  test('that announces changes is kept until it announces one', async () => {
    const tools = [tool('a')];
    const { server, client } = await connected(
      legacyScript('2025-11-25', { 'tools/list': () => answer({ tools: [...tools] }) }),
    );
    const first = await client.listTools();
    first.push(tool('added by the caller'));
    expect(await client.listTools()).toEqual([tool('a')]);
    expect(count(server)).toBe(1);
    tools.push(tool('b'));
    server.notify('notifications/tools/list_changed');
    await turns();
    expect(await client.listTools()).toEqual(tools);
    await client.listTools();
    expect(count(server)).toBe(2);
  });

  test('that does not is asked for each time', async () => {
    const capabilities = { tools: {} };
    const { server, client } = await connected(
      legacyScript('2025-11-25', {
        initialize: answer(initializeResult('2025-11-25', { capabilities })),
        'tools/list': answer({ tools: [] }),
      }),
    );
    await client.listTools();
    await client.listTools();
    expect(count(server)).toBe(2);
  });

  test('is asked for when the caller wants it new, and then kept', async () => {
    const { server, client } = await connected(legacyScript('2025-11-25', { 'tools/list': answer({ tools: [] }) }));
    await client.listTools();
    await client.listTools({ useCache: false });
    await client.listTools();
    expect(count(server)).toBe(2);
  });

  test('an answer that was under way while a change was announced is not taken for fresh', async () => {
    const { server, client } = await connected(legacyScript('2025-11-25', { 'tools/list': silence }));
    const listing = client.listTools();
    const asked = await server.receive('tools/list');
    server.notify('notifications/tools/list_changed');
    server.respond(asked, { tools: [tool('perhaps old')] });
    expect(await listing).toEqual([tool('perhaps old')]);
    const again = client.listTools();
    server.respond(await server.receive('tools/list'), { tools: [tool('new')] });
    expect(await again).toEqual([tool('new')]);
    expect(await client.listTools()).toEqual([tool('new')]);
  });

  test('is requested again after a reconnect', async () => {
    const { server, client } = await connected(legacyScript('2025-11-25', { 'tools/list': answer({ tools: [] }) }), {
      autoReconnect: true,
      reconnectDelay: 0,
    });
    await client.listTools();
    const recorder = new ClientRecorder(client);
    server.hangUp();
    await recorder.until(() => recorder.state.includes('ready'));
    await client.listTools();
    await client.listTools();
    expect(count(server)).toBe(2);
  });

  test('is not handed out without a connection', async () => {
    const { client } = await connected(legacyScript('2025-11-25', { 'tools/list': answer({ tools: [] }) }));
    await client.listTools();
    await client.disconnect();
    expect(await errorFrom(client.listTools())).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
  });

  test('a change of resources is one of their templates, too, and of nothing else', async () => {
    const { server, client } = await connected(
      legacyScript('2025-11-25', {
        'tools/list': answer({ tools: [] }),
        'resources/list': answer({ resources: [] }),
        'resources/templates/list': answer({ resourceTemplates: [] }),
      }),
    );
    const all = async (): Promise<void> => {
      await Promise.all([client.listTools(), client.listResources(), client.listResourceTemplates()]);
    };
    await all();
    server.notify('notifications/resources/list_changed');
    await turns();
    await all();
    expect([count(server), count(server, 'resources/list'), count(server, 'resources/templates/list')]).toEqual([
      1, 2, 2,
    ]);
  });

  test('refreshCache() asks for every list that the server has, and for no other', async () => {
    const capabilities = { tools: { listChanged: true }, prompts: { listChanged: true } };
    const { server, client } = await connected(
      legacyScript('2025-11-25', {
        initialize: answer(initializeResult('2025-11-25', { capabilities })),
        'tools/list': answer({ tools: [] }),
        'prompts/list': answer({ prompts: [] }),
      }),
    );
    await client.listTools();
    await client.refreshCache();
    await client.listTools();
    await client.listPrompts();
    expect([count(server), count(server, 'prompts/list'), count(server, 'resources/list')]).toEqual([2, 1, 0]);
  });
});

describe('a list of a modern server', () => {
  test('is kept as long as the shortest of its pages says', async () => {
    const environment = new SimulatedEnvironment();
    const { server, client } = await connected(
      modernScript({
        'tools/list': pages(
          { first: { tools: [], nextCursor: '2', ttlMs: 5_000 }, 2: { tools: [], ttlMs: 1_000 } },
          { resultType: 'complete', cacheScope: 'public' },
        ),
      }),
      { environment },
    );
    await client.listTools();
    await environment.advance(999);
    await client.listTools();
    expect(count(server)).toBe(2);
    await environment.advance(1);
    await client.listTools();
    expect(count(server)).toBe(4);
  });

  test('is kept from when each of its pages was received, however long the next one takes', async () => {
    const environment = new SimulatedEnvironment();
    const { server, client } = await connected(
      modernScript({
        'tools/list': ({ params }) => {
          const common = { tools: [], resultType: 'complete', cacheScope: 'public', ttlMs: 1_000 };
          if (params?.['cursor'] === undefined) return answer({ ...common, nextCursor: '2' });
          return [{ wait: 600 }, ...answer(common)];
        },
      }),
      { environment },
    );
    const listing = client.listTools();
    await environment.advance(600);
    await listing;
    await environment.advance(399);
    await client.listTools();
    expect(count(server)).toBe(2);
    await environment.advance(1);
    const again = client.listTools();
    await environment.advance(600);
    await again;
    expect(count(server)).toBe(4);
  });

  test.each([0, -1])('is not kept when it says %p', async (ttlMs) => {
    const { server, client } = await connected(
      modernScript({ 'tools/list': answer({ tools: [], resultType: 'complete', cacheScope: 'public', ttlMs }) }),
    );
    await client.listTools();
    await client.listTools();
    expect(count(server)).toBe(2);
  });

  test('is kept for a day at most', async () => {
    const environment = new SimulatedEnvironment();
    const day = 86_400_000;
    const { server, client } = await connected(
      modernScript({ 'tools/list': answer({ tools: [], resultType: 'complete', cacheScope: 'public', ttlMs: 1e15 }) }),
      { environment },
    );
    await client.listTools();
    await environment.advance(day - 1);
    await client.listTools();
    expect(count(server)).toBe(1);
    await environment.advance(1);
    await client.listTools();
    expect(count(server)).toBe(2);
  });
});

describe('toolsChanged', () => {
  test('reports how the tools differ after a change notification', async () => {
    let tools = [tool('kept'), tool('changed'), tool('removed')];
    const { server, client } = await connected(legacyScript('2025-11-25', { 'tools/list': () => answer({ tools }) }));
    const recorder = new ClientRecorder(client, ['toolsChanged']);
    await client.listTools();
    tools = [tool('kept'), tool('changed', { description: 'now with words' }), tool('added')];
    server.notify('notifications/tools/list_changed');
    const [difference] = await recorder.first('toolsChanged');
    expect(difference).toEqual({ tools, added: ['added'], removed: ['removed'], changed: ['changed'] });
    expect(await client.listTools()).toEqual(tools);
    expect(count(server)).toBe(2);
  });

  test('is not emitted when nothing differs, or when the tools had not been listed before', async () => {
    const { server, client } = await connected(
      legacyScript('2025-11-25', { 'tools/list': () => answer({ tools: [tool('a')] }) }),
    );
    const recorder = new ClientRecorder(client, ['toolsChanged']);
    server.notify('notifications/tools/list_changed');
    await server.receive('tools/list');
    server.notify('notifications/tools/list_changed');
    await server.receive('tools/list');
    await turns();
    expect(recorder.toolsChanged).toEqual([]);
  });

  test('many announcements at once are looked into twice at most', async () => {
    const { server, client } = await connected(
      legacyScript('2025-11-25', { 'tools/list': answer({ tools: [tool('a')] }) }),
    );
    new ClientRecorder(client, ['toolsChanged']);
    for (let time = 0; time < 50; time += 1) server.notify('notifications/tools/list_changed');
    await turns(10);
    expect(count(server)).toBe(2);
  });

  test('without a listener nothing is asked', async () => {
    const { server, client } = await connected(legacyScript('2025-11-25', { 'tools/list': answer({ tools: [] }) }));
    await client.listTools();
    server.notify('notifications/tools/list_changed');
    await turns();
    expect(count(server)).toBe(1);
  });

  test('is looked into after a reconnect', async () => {
    let tools = [tool('a')];
    const { server, client } = await connected(legacyScript('2025-11-25', { 'tools/list': () => answer({ tools }) }), {
      autoReconnect: true,
      reconnectDelay: 0,
    });
    const recorder = new ClientRecorder(client, ['toolsChanged']);
    await client.listTools();
    tools = [tool('b')];
    server.hangUp();
    const [difference] = await recorder.first('toolsChanged');
    expect(difference).toMatchObject({ added: ['b'], removed: ['a'], changed: [] });
  });

  test('a listener makes the client subscribe to changes of a modern server', async () => {
    let tools = [tool('a')];
    const { server, client } = await connected(
      modernScript({
        'server/discover': answer(discoverResult({ capabilities: { tools: { listChanged: true } } })),
        'tools/list': () => answer({ tools, resultType: 'complete', ttlMs: 60_000, cacheScope: 'public' }),
        'subscriptions/listen': silence,
      }),
    );
    await client.listTools();
    const recorder = new ClientRecorder(client, ['toolsChanged']);
    const { id, params } = await server.receive('subscriptions/listen');
    expect(params).toMatchObject({ notifications: { toolsListChanged: true } });
    const _meta = { 'io.modelcontextprotocol/subscriptionId': id };
    server.notify('notifications/subscriptions/acknowledged', { notifications: { toolsListChanged: true }, _meta });
    tools = [tool('b')];
    server.notify('notifications/tools/list_changed', { _meta });
    const [difference] = await recorder.first('toolsChanged');
    expect(difference).toMatchObject({ added: ['b'], removed: ['a'] });
  });
});

describe('a server that announces a change whenever it is listed', () => {
  /** Seconds. */
  const HOUR = 3_600;

  test.each(['legacy', 'modern'] as const)(
    'is listed ever more seldom, and its last change is reported (%s)',
    async (era) => {
      const clock = new SimulatedEnvironment();
      let tools = [tool('a')];
      const announce = (): void => {
        server.notify('notifications/tools/list_changed', era === 'modern' ? { _meta } : undefined);
      };
      const list = (): Step[] => {
        announce();
        return answer({
          tools,
          ...(era === 'modern' && { resultType: 'complete', ttlMs: 60_000, cacheScope: 'public' }),
        });
      };
      const script =
        era === 'legacy'
          ? legacyScript('2025-11-25', { 'tools/list': list })
          : modernScript({
              'server/discover': answer(discoverResult({ capabilities: { tools: { listChanged: true } } })),
              'tools/list': list,
              'subscriptions/listen': silence,
            });
      const { server, client } = await connected(script, { environment: clock });
      const recorder = new ClientRecorder(client, ['toolsChanged']);
      let _meta = {};
      if (era === 'modern') {
        const { id } = await server.receive('subscriptions/listen');
        _meta = { 'io.modelcontextprotocol/subscriptionId': id };
        server.notify('notifications/subscriptions/acknowledged', { notifications: { toolsListChanged: true }, _meta });
      }
      await client.listTools();
      await clock.advance(3_000);
      expect(count(server)).toBeLessThan(7);
      await clock.advance(HOUR * 1_000);
      expect(count(server)).toBeLessThan(7 + HOUR / 16 + 5);
      tools = [tool('b')];
      announce();
      await clock.advance(16_000);
      expect(recorder.toolsChanged).toMatchObject([{ added: ['b'], removed: ['a'] }]);
      await client.close();
      expect(clock.pending).toEqual([]);
      await clock.advance(60_000);
      expect(recorder.toolsChanged).toHaveLength(1);
    },
  );

  test('and whose tools differ each time is listed once a second', async () => {
    const clock = new SimulatedEnvironment();
    let lists = 0;
    const { server, client } = await connected(
      legacyScript('2025-11-25', {
        'tools/list': () => {
          server.notify('notifications/tools/list_changed');
          return answer({ tools: [tool(`tool-${(lists += 1)}`)] });
        },
      }),
      { environment: clock },
    );
    const recorder = new ClientRecorder(client, ['toolsChanged']);
    await client.listTools();
    await clock.advance(60_000);
    expect(lists).toBeGreaterThan(55);
    expect(lists).toBeLessThan(66);
    expect(recorder.toolsChanged.at(-1)?.added).toEqual([`tool-${lists}`]);
  });
});

describe('calls for one list at the same time', () => {
  test.each([
    ['tools/list', 'tools', (client: MCPClient, options?: object) => client.listTools(options), tool('a')],
    ['prompts/list', 'prompts', (client: MCPClient, options?: object) => client.listPrompts(options), { name: 'a' }],
    [
      'resources/list',
      'resources',
      (client: MCPClient, options?: object) => client.listResources(options),
      { name: 'a', uri: 'x:a' },
    ],
    [
      'resources/templates/list',
      'resourceTemplates',
      (client: MCPClient, options?: object) => client.listResourceTemplates(options),
      { name: 'a', uriTemplate: 'x:{a}' },
    ],
  ] as const)('share its requests, page by page: %s', async (method, items, list, item) => {
    const { server, client } = await connected(
      legacyScript('2025-11-25', {
        [method]: pages({ first: { [items]: [item], nextCursor: '2' }, 2: { [items]: [item] } }),
      }),
    );
    const lists = await Promise.all(Array.from({ length: 50 }, () => list(client)));
    expect(count(server, method)).toBe(2);
    for (const one of lists) expect(one).toEqual([item, item]);
    // Each may do with it what it likes.
    expect(new Set(lists).size).toBe(50);
    await Promise.all(Array.from({ length: 50 }, () => list(client, { useCache: false })));
    expect(count(server, method)).toBe(4);
  });

  test('each have their own timeout and signal, and the server gets a cancellation when the last one has ended', async () => {
    const clock = new SimulatedEnvironment();
    const { server, client } = await connected(legacyScript('2025-11-25', { 'tools/list': silence }), {
      environment: clock,
    });
    const impatient = new AbortController();
    const short = errorFrom(client.listTools({ timeout: 50 }));
    const aborted = rejection(client.listTools({ signal: impatient.signal }));
    const long = client.listTools({ timeout: 5_000 });
    const asked = await server.receive('tools/list');
    impatient.abort('enough');
    expect(await aborted).toBe('enough');
    await clock.advance(50);
    expect(await short).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: 50 } });
    await clock.advance(1_000);
    server.respond(asked, { tools: [tool('a')] });
    expect(await long).toEqual([tool('a')]);
    expect(server.methods.slice(-2)).toEqual(['notifications/initialized', 'tools/list']);
  });

  test('get none that is older than a change that was announced before they were made', async () => {
    const { server, client } = await connected(legacyScript('2025-11-25', { 'tools/list': silence }));
    const before = client.listTools();
    const first = await server.receive('tools/list');
    server.notify('notifications/tools/list_changed');
    await turns();
    const after = client.listTools();
    const second = await server.receive('tools/list');
    server.respond(first, { tools: [tool('old')] });
    server.respond(second, { tools: [tool('new')] });
    expect([await before, await after]).toEqual([[tool('old')], [tool('new')]]);
  });

  test('with `useCache: false` get none that was asked for before, and others may take theirs', async () => {
    const { server, client } = await connected(legacyScript('2025-11-25', { 'tools/list': silence }));
    const before = client.listTools();
    const first = await server.receive('tools/list');
    await turns();
    const fresh = client.listTools({ useCache: false });
    const second = await server.receive('tools/list');
    server.respond(first, { tools: [tool('old')] });
    expect(await before).toEqual([tool('old')]);
    server.respond(second, { tools: [tool('new')] });
    expect(await fresh).toEqual([tool('new')]);
    const anew = client.listTools({ useCache: false });
    const third = await server.receive('tools/list');
    server.notify('notifications/prompts/list_changed');
    await turns();
    expect(await client.listTools()).toEqual([tool('new')]);
    server.respond(third, { tools: [tool('newer')] });
    expect(await anew).toEqual([tool('newer')]);
  });
});
