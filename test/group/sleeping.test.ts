import type { CallToolResult } from '../../src/index.js';
import { createScriptedServer } from '../../src/testing/index.js';
import type { ScriptedHandler, ScriptedServer } from '../../src/testing/index.js';
import { fileListCache, MCPClientGroup, memoryListCache } from '../../src/group/index.js';
import type { GroupProblem, GroupToolsChanged, ListCache } from '../../src/group/index.js';
import { scratchDirectory, textOf, toolsServer } from '../support/servers/fixture-servers.js';
import { legacyServer, ScriptedHttpServer } from '../support/servers/http-server.js';
import { waitForExit } from '../support/servers/processes.js';
import { Waiting } from '../support/waiting.js';
import { rejection, running, ScriptedServers, scriptWith, statusOf } from './support.js';

const SHORT = 150;

const scratch = scratchDirectory();

/** A legacy server in this process. */
function memoryServer(handlers: Readonly<Record<string, ScriptedHandler>> = {}): ScriptedServer {
  return createScriptedServer({
    revision: '2025-11-25',
    capabilities: { tools: {}, resources: { subscribe: true } },
    handlers: {
      'tools/list': () => ({ tools: [{ name: 'a', inputSchema: { type: 'object' } }] }),
      'tools/call': () => ({ content: [{ type: 'text', text: 'done' }] }),
      'resources/subscribe': () => ({}),
      'resources/unsubscribe': () => ({}),
      ...handlers,
    },
  });
}

describe('lazy servers', () => {
  it.each<[string, () => ListCache]>([
    ['in memory', () => memoryListCache()],
    ['on disk', () => fileListCache({ folder: scratch('lists') })],
  ])(
    'with a list cache %s: none runs before the first call, one after it, and none when all are idle',
    async (_kind, cacheOf) => {
      using servers = new ScriptedServers();
      const listCache = cacheOf();
      const scripted = ['a', 'b', 'c'].map((name) => servers.add(scriptWith([`tool_${name}`])));
      const transports = scripted.map(({ transport }) => transport);
      const entries = Object.fromEntries(transports.map((transport, index) => [`s${index}`, transport]));
      {
        await using first = new MCPClientGroup(entries, { listCache });
        await first.connect();
        expect(running(transports)).toBe(3);
      }
      const starts = scripted.map(({ received }) => received.length);
      await using group = new MCPClientGroup(entries, { lazy: true, idleTimeout: SHORT, listCache });
      expect(await group.connect()).toMatchObject({ s0: { status: 'asleep' }, s2: { status: 'asleep' } });
      expect(group.tools().map(({ name, available }) => [name, available])).toEqual([
        ['s0__tool_a', true],
        ['s1__tool_b', true],
        ['s2__tool_c', true],
      ]);
      expect((await group.listTools()).map(({ name }) => name)).toEqual(['s0__tool_a', 's1__tool_b', 's2__tool_c']);
      expect(running(transports)).toBe(0);
      expect(textOf(await group.callTool('s1__tool_b'))).toBe('tool_b');
      expect(running(transports)).toBe(1);
      await statusOf(group, 's1', 'draining');
      await statusOf(group, 's1', 'asleep');
      expect(running(transports)).toBe(0);
      expect(textOf(await group.callTool('s1__tool_b'))).toBe('tool_b');
      expect(scripted.map(({ received }, index) => received.length - (starts[index] ?? 0))).toEqual([0, 2, 0]);
    },
  );

  it('without a list cache are started by the first list', async () => {
    await using group = new MCPClientGroup({ one: toolsServer() }, { lazy: true });
    expect(await group.connect()).toMatchObject({ one: { status: 'asleep' } });
    expect(group.tools()).toEqual([]);
    expect((await group.listTools()).map(({ name }) => name)).toContain('one__echo');
    expect(group.status.one).toBe('awake');
  });

  it('that are required are started by connect()', async () => {
    await using group = new MCPClientGroup({ one: toolsServer(), two: toolsServer() }, { lazy: true });
    const report = await group.connect({ required: ['one'] });
    expect(report).toMatchObject({ one: { status: 'awake' }, two: { status: 'asleep' } });
  });

  it('list their tools again on waking, and the group emits the difference to the list cache', async () => {
    using servers = new ScriptedServers();
    const listCache = memoryListCache();
    const changing = servers.add([scriptWith(['a']), scriptWith(['a', 'b'])]);
    {
      await using first = new MCPClientGroup({ one: changing.transport }, { listCache });
      await first.connect();
    }
    await using group = new MCPClientGroup({ one: changing.transport }, { lazy: true, listCache });
    await group.connect();
    expect(group.tools()).toHaveLength(1);
    const changed = new Promise<GroupToolsChanged>((resolve) => group.on('toolsChanged', resolve));
    await group.callTool('one__a');
    expect(await changed).toMatchObject({ server: 'one', added: ['one__b'], removed: [], changed: [] });
  });

  it('work with a list cache that fails, and the group emits a warning', async () => {
    const listCache: ListCache = {
      read: () => Promise.reject(new Error('no disk')),
      keep: () => {
        throw new Error('no disk');
      },
    };
    await using group = new MCPClientGroup({ one: toolsServer() }, { listCache });
    const warnings: GroupProblem[] = [];
    group.on('warning', (problem) => warnings.push(problem));
    expect(await group.connect()).toMatchObject({ one: { status: 'awake' } });
    await group.close();
    expect(warnings.map(({ problem }) => problem.message)).toEqual([
      'The function for listCache.read failed: no disk',
      'The function for listCache.keep failed: no disk',
    ]);
  });
});

describe('an idle server', () => {
  it('does not sleep while a call is open', async () => {
    await using server = memoryServer({
      'tools/call': async (_params, { wait }) => {
        await wait(4 * SHORT);
        return { content: [] };
      },
    });
    await using group = new MCPClientGroup({ one: server.transport }, { idleTimeout: SHORT });
    const states: string[] = [];
    group.on('status', ({ status }) => states.push(status));
    await group.callTool('one__a');
    expect(states).toEqual(['waking', 'awake']);
    await statusOf(group, 'one', 'asleep');
    expect(states).toEqual(['waking', 'awake', 'draining', 'asleep']);
  });

  it('does not sleep while a resource is subscribed to', async () => {
    await using server = memoryServer();
    await using group = new MCPClientGroup({ one: server.transport }, { idleTimeout: SHORT });
    const client = group.client('one');
    await client.subscribe('file:///a');
    await group.client('one').subscribe('file:///a');
    // Something that takes longer than the time after which it would sleep.
    await using other = memoryServer();
    await group.add('other', other.transport);
    await statusOf(group, 'other', 'asleep');
    expect(group.status.one).toBe('awake');
    await client.unsubscribe('file:///a');
    await statusOf(group, 'one', 'asleep');
    expect(client.status).toBe('asleep');
  });

  it.each(['a function', 'a method of a class'])('does not sleep while %s handles its request', async (kind) => {
    await using server = memoryServer();
    const requests: ((result: { readonly action: 'decline' }) => void)[] = [];
    const asked = new Waiting();
    class Person {
      readonly #requests = requests;
      form(): Promise<{ readonly action: 'decline' }> {
        return new Promise((resolve) => {
          this.#requests.push(resolve);
          asked.wake();
        });
      }
    }
    const person = new Person();
    const elicitation = kind === 'a function' ? () => person.form() : person;
    await using group = new MCPClientGroup(
      { one: server.transport },
      { idleTimeout: SHORT, defaults: { elicitation } },
    );
    await group.connect();
    const params = { message: '?', requestedSchema: { type: 'object', properties: {} } };
    server.send({ jsonrpc: '2.0', id: 'q', method: 'elicitation/create', params });
    await asked.until(
      () => requests.length > 0,
      () => 'no request arrived',
    );
    await using other = memoryServer();
    await group.add('other', other.transport);
    await statusOf(group, 'other', 'asleep');
    expect(group.status.one).toBe('awake');
    requests[0]?.({ action: 'decline' });
    await statusOf(group, 'one', 'asleep');
  });

  it('never sleeps when it is kept', async () => {
    await using server = memoryServer();
    await using other = memoryServer();
    await using group = new MCPClientGroup(
      { one: { target: server.transport, keep: true }, other: other.transport },
      { idleTimeout: SHORT },
    );
    await group.connect();
    await statusOf(group, 'other', 'asleep');
    expect(group.status.one).toBe('awake');
  });

  it('wakes again for a call that comes while it is being put to sleep', async () => {
    await using server = memoryServer();
    await using group = new MCPClientGroup({ one: server.transport }, { idleTimeout: SHORT });
    await group.connect();
    const states: string[] = [];
    const abort = new AbortController();
    const calls = new Promise<Promise<unknown>[]>((resolve) => {
      group.on('status', ({ status }) => {
        states.push(status);
        if (status !== 'draining' || states.length > 1) return;
        const given = rejection(group.callTool('one__a', {}, { signal: abort.signal }));
        resolve([given, group.callTool('one__a')]);
      });
    });
    const [given, called] = await calls;
    abort.abort();
    expect(await given).toBe(abort.signal.reason);
    expect(textOf((await called) as CallToolResult)).toBe('done');
    expect(states.slice(0, 3)).toEqual(['draining', 'waking', 'awake']);
  });

  it('over HTTP of a legacy revision is suspended and resumed, and its session ends with the group', async () => {
    const server = await ScriptedHttpServer.start(
      legacyServer(
        (visit) => {
          if (visit.method === 'DELETE') visit.status(204);
          else if (visit.message.method === 'tools/list')
            visit.result({ tools: [{ name: 'a', inputSchema: { type: 'object' } }] });
          else return false;
          return true;
        },
        { sessionId: 'session-1' },
      ),
    );
    try {
      await using group = new MCPClientGroup({ web: server.url }, { idleTimeout: SHORT });
      await group.connect();
      for (let round = 0; round < 3; round += 1) {
        await statusOf(group, 'web', 'asleep');
        expect(group.explain()).toContain('"web" is asleep');
        expect(group.client('web').explain()).toContain('Its session is suspended.');
        expect(textOf(await group.callTool('web__a'))).toBe('done');
      }
      await statusOf(group, 'web', 'asleep');
      expect(server.asked('initialize')).toHaveLength(1);
      expect(server.visits.filter(({ method }) => method === 'DELETE')).toHaveLength(0);
      await group.close();
      expect(server.visits.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
      expect(server.asked('initialize')).toHaveLength(1);
    } finally {
      await server.close();
    }
  });

  it('keeps its listeners while it sleeps, over HTTP, too', async () => {
    const server = await ScriptedHttpServer.start(legacyServer(() => false, { sessionId: 'session-1' }));
    try {
      await using group = new MCPClientGroup({ web: server.url }, { idleTimeout: SHORT });
      const states: string[] = [];
      const remove = group.client('web').on('state', (state) => states.push(state));
      await group.client('web').request('ping');
      await statusOf(group, 'web', 'asleep');
      await group.client('web').request('ping');
      expect(states.filter((state) => state === 'ready')).toHaveLength(2);
      remove();
      await statusOf(group, 'web', 'asleep');
      expect(states.filter((state) => state === 'closed')).toHaveLength(1);
    } finally {
      await server.close();
    }
  });
});

describe('a server that is removed', () => {
  it('while it sleeps, ends at once', async () => {
    await using server = memoryServer();
    await using group = new MCPClientGroup({ one: server.transport });
    await group.remove('one');
    expect(server.methods).toEqual([]);
  });

  it('while it is being started, leaves no process, and calls that wait are not sent', async () => {
    await using group = new MCPClientGroup({ one: toolsServer() });
    const call = rejection(group.client('one').callTool('echo', { text: 'hi' }));
    await group.remove('one');
    expect(await call).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'not-sent' });
  });

  it('while it is being put to sleep, ends with that', async () => {
    const transport = toolsServer();
    await using group = new MCPClientGroup({ one: transport }, { idleTimeout: SHORT });
    await group.connect();
    const { pid } = transport;
    await statusOf(group, 'one', 'draining');
    await group.remove('one');
    await waitForExit(pid as number);
  });

  it('while it is down, ends at once', async () => {
    using servers = new ScriptedServers();
    const dying = servers.add({ '*': [{ end: 1 }] });
    await using group = new MCPClientGroup({ dying: dying.transport });
    const waiting = [1, 2].map(() => rejection(group.client('dying').request('ping')));
    expect(await waiting[0]).toMatchObject({ code: 'MCP_PROCESS_EXITED', delivery: 'not-sent' });
    expect(await waiting[1]).toMatchObject({ code: 'MCP_PROCESS_EXITED', delivery: 'not-sent' });
    expect(group.status.dying).toBe('down');
    await group.remove('dying');
  });
});
