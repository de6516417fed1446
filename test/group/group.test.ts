import type { MCPError } from '../../src/index.js';
import { MCPTimeoutError, MCPTransportError } from '../../src/index.js';
import { MCPClientGroup, memoryListCache } from '../../src/group/index.js';
import type { GroupProblem, GroupToolsChanged } from '../../src/group/index.js';
import { answer, inTurn, silence } from '../support/servers/scripts.js';
import { textOf, toolsServer } from '../support/servers/fixture-servers.js';
import { referenceServer } from '../support/servers/real-servers.js';
import { rejection, ScriptedServers, scriptWith, statusOf } from './support.js';

describe('a group of real servers', () => {
  it('connects them, lists their tools under the names of the group, and calls them', async () => {
    await using group = new MCPClientGroup({ all: referenceServer('everything'), tools: toolsServer() });
    const report = await group.connect({ required: ['all'] });
    expect(report).toMatchObject({ all: { status: 'awake' }, tools: { status: 'awake' } });
    const names = (await group.listTools()).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['all__echo', 'tools__echo', 'tools__pid']));
    expect(textOf(await group.callTool('all__echo', { message: 'hi' }))).toBe('Echo: hi');
    expect(textOf(await group.callTool({ name: 'tools__echo', arguments: { text: 'ho' } }))).toBe('ho');
    const prompts = await group.listPrompts();
    expect(prompts.map(({ name }) => name)).toContain('all__simple-prompt');
    const { messages } = await group.getPrompt('all__simple-prompt');
    expect(messages.length).toBeGreaterThan(0);
    const [resource] = await group.listResources();
    expect(resource?.server).toBe('all');
    const { contents } = await group.readResource(resource as NonNullable<typeof resource>);
    expect(contents.length).toBeGreaterThan(0);
    expect(group.explain()).toMatch(/^A group of 2 servers: 2 awake\.\n"all" is awake: \d+ tools/);
  }, 30_000);

  it('needs no connect(): the first call starts its server, and no other', async () => {
    await using group = new MCPClientGroup({ one: toolsServer(), two: toolsServer() });
    expect(group.status).toEqual({ one: 'asleep', two: 'asleep' });
    expect(textOf(await group.callTool('one__echo', { text: 'hi' }))).toBe('hi');
    expect(group.status).toEqual({ one: 'awake', two: 'asleep' });
  });

  it('starts a server once for many first calls', async () => {
    using servers = new ScriptedServers();
    const one = servers.add(scriptWith(['a']));
    await using group = new MCPClientGroup({ one: one.transport });
    await Promise.all(Array.from({ length: 20 }, () => group.callTool('one__a')));
    expect(one.received).toHaveLength(1);
    expect(one.methods[0]?.filter((method) => method === 'tools/call')).toHaveLength(20);
  });

  it('calls good servers while another one does not answer', async () => {
    using servers = new ScriptedServers();
    const silent = servers.add({ '*': silence });
    await using group = new MCPClientGroup({ silent: silent.transport, good: toolsServer() });
    const connected = rejection(group.connect({ required: ['silent'], timeout: 1_500 }));
    expect(textOf(await group.callTool('good__echo', { text: 'hi' }))).toBe('hi');
    expect(group.status.silent).toBe('waking');
    const error = await connected;
    expect(error).toBeInstanceOf(MCPTimeoutError);
    expect(error).toMatchObject({ delivery: 'not-sent', details: { phase: 'waking', server: 'silent' } });
  });

  it('keeps the last known tools of a server that is down, and names the reason in calls', async () => {
    using servers = new ScriptedServers();
    const dying = servers.add([scriptWith(['a']), { '*': [{ complain: 'DATABASE_URL is not set' }, { end: 3 }] }]);
    await using group = new MCPClientGroup(
      { dying: dying.transport, good: toolsServer() },
      { defaults: { autoReconnect: false } },
    );
    await group.connect();
    const down = statusOf(group, 'dying', 'down');
    process.kill(dying.transport.pid as number, 'SIGKILL');
    await down;
    expect(group.tools().find(({ server }) => server === 'dying')).toMatchObject({
      name: 'dying__a',
      available: false,
    });
    expect((await group.listTools()).map(({ name }) => name)).toContain('dying__a');
    const error = await rejection(group.callTool('dying__a'));
    expect(error).toBeInstanceOf(MCPTransportError);
    expect(error).toMatchObject({ delivery: 'not-sent', details: { server: 'dying', exitCode: 3 } });
    expect((error as MCPError).message).toMatch(/^The call of "a" was not sent, because the server "dying" is down: /);
    expect((error as MCPError).details.explanation).toContain('DATABASE_URL is not set');
    expect(group.explain()).toContain('"dying" is down: 1 tools.');
  });

  it('tries a server that is down again with the next call', async () => {
    using servers = new ScriptedServers();
    const late = servers.add([{ '*': [{ end: 9 }] }, { '*': [{ end: 9 }] }, scriptWith(['a'])]);
    await using group = new MCPClientGroup({ late: late.transport });
    const report = await group.connect();
    expect(report.late).toMatchObject({ status: 'down', error: { code: 'MCP_PROCESS_EXITED' } });
    expect(textOf(await group.callTool('late__a'))).toBe('a');
    expect(group.status.late).toBe('awake');
  });

  it('includes waiting and waking in the one deadline of a call', async () => {
    using servers = new ScriptedServers();
    const slow = servers.add(scriptWith(['a'], { 'tools/call': silence }));
    await using group = new MCPClientGroup({ slow: slow.transport });
    const began = performance.now();
    const error = await rejection(group.callTool('slow__a', {}, { timeout: 700 }));
    expect(error).toBeInstanceOf(MCPTimeoutError);
    expect(performance.now() - began).toBeLessThan(700 + 250);
    expect(error).toMatchObject({ delivery: 'unknown' });
  });

  it('rejects with the reason of the signal while the server is being started', async () => {
    using servers = new ScriptedServers();
    const silent = servers.add({ '*': silence });
    await using group = new MCPClientGroup({ silent: silent.transport });
    const abort = new AbortController();
    const call = rejection(group.client('silent').callTool('a', {}, { signal: abort.signal }));
    const reason = new Error('enough');
    abort.abort(reason);
    expect(await call).toBe(reason);
    expect(await rejection(group.connect({ signal: abort.signal }))).toBe(reason);
  });

  it('emits the difference when the tools of a server have changed while it was not running', async () => {
    using servers = new ScriptedServers();
    const changing = servers.add([scriptWith(['a', 'b']), scriptWith(['b', 'c'])]);
    await using group = new MCPClientGroup({ changing: changing.transport }, { defaults: { reconnectDelay: 1 } });
    await group.connect();
    expect(group.tools().map(({ name }) => name)).toEqual(['changing__a', 'changing__b']);
    const changed = new Promise<GroupToolsChanged>((resolve) => group.on('toolsChanged', resolve));
    process.kill(changing.transport.pid as number, 'SIGKILL');
    expect(await changed).toMatchObject({
      server: 'changing',
      added: ['changing__c'],
      removed: ['changing__a'],
      changed: [],
    });
    expect(group.tools().map(({ name }) => name)).toEqual(['changing__b', 'changing__c']);
  });

  it('adds and removes servers at run time', async () => {
    await using group = new MCPClientGroup({});
    expect(await group.add('one', toolsServer())).toMatchObject({ status: 'awake', error: undefined });
    expect(await rejection(group.add('one', toolsServer()))).toMatchObject({ code: 'MCP_INVALID_PARAMS' });
    const call = rejection(group.callTool('one__hang'));
    await group.remove('one');
    expect(await call).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
    expect(group.tools()).toEqual([]);
    expect(await rejection(group.remove('one'))).toMatchObject({ code: 'MCP_INVALID_PARAMS' });
  });

  it('rejects calls of a closed group as not sent', async () => {
    const group = new MCPClientGroup({ one: toolsServer() });
    await group.connect();
    await group.close();
    await group.close();
    const error = await rejection(group.callTool('one__echo', { text: 'hi' }));
    expect(error).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'not-sent' });
    expect(await rejection(group.add('two', toolsServer()))).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
  });
});

describe('the names of a group', () => {
  it('lead back to the server by a map, also where servers and tools have the separator in their names', async () => {
    using servers = new ScriptedServers();
    const [outer, inner] = [servers.add(scriptWith(['x'])), servers.add(scriptWith(['b__y', 'x']))];
    await using group = new MCPClientGroup({ a__b: outer.transport, a: inner.transport });
    expect(textOf(await group.callTool('a__b__y'))).toBe('b__y,x');
    expect(textOf(await group.callTool('a__b__x'))).toBe('x');
  });

  it('leave out the second of two equal tools with a warning that names both servers', async () => {
    using servers = new ScriptedServers();
    const [first, second] = [servers.add(scriptWith(['b__c'])), servers.add(scriptWith(['c', 'd']))];
    await using group = new MCPClientGroup({ a: first.transport, a__b: second.transport });
    const warnings: GroupProblem[] = [];
    group.on('warning', (problem) => warnings.push(problem));
    await group.connect();
    expect((await group.listTools()).map(({ name }) => name)).toEqual(['a__b__c', 'a__b__d']);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.problem.message).toBe(
      'The tool "c" of "a__b" is left out: in the group its name is "a__b__c", and "a" has a tool with the same name',
    );
  });

  it('without a prefix reject connect() when two are equal, and later leave out what has become equal', async () => {
    using servers = new ScriptedServers();
    const equal = { one: servers.add(scriptWith(['a'])).transport, two: servers.add(scriptWith(['a'])).transport };
    await using refused = new MCPClientGroup(equal, { prefix: false });
    const error = await rejection(refused.connect());
    expect(error).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field: 'prefix' } });
    const changing = servers.add(
      scriptWith([], {
        'tools/list': inTurn(
          answer({ tools: [{ name: 'b', inputSchema: { type: 'object' } }] }),
          answer({ tools: ['a', 'b'].map((name) => ({ name, inputSchema: { type: 'object' } })) }),
        ),
      }),
    );
    const one = servers.add(scriptWith(['a'])).transport;
    await using group = new MCPClientGroup({ one, two: changing.transport }, { prefix: false });
    await group.connect();
    expect((await group.listTools({ useCache: false })).map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('are those of a function, and a tool for which it fails is left out', async () => {
    using servers = new ScriptedServers();
    const one = servers.add(scriptWith(['a', 'b']));
    const prefix = (server: string, name: string): string => {
      if (name === 'b') throw new Error('no name');
      return `${name}@${server}`;
    };
    await using group = new MCPClientGroup({ one: one.transport }, { prefix });
    expect((await group.listTools()).map(({ name }) => name)).toEqual(['a@one']);
    expect(textOf(await group.callTool('a@one'))).toBe('a,b');
  });

  it('are suggested when a name is almost right, and no server is asked that cannot have it', async () => {
    using servers = new ScriptedServers();
    const lazy = servers.add(scriptWith(['a']));
    await using group = new MCPClientGroup({ tools: toolsServer(), lazy: lazy.transport });
    const error = await rejection(group.callTool('tools__ecko'));
    expect(error).toMatchObject({ code: 'MCP_INVALID_PARAMS', delivery: 'not-sent' });
    expect((error as MCPError).message).toBe('The group has no tool "tools__ecko". Did you mean "tools__echo"?');
    expect(group.status.lazy).toBe('asleep');
    expect(() => group.client('tols')).toThrow('The group has no server "tols". Did you mean "tools"?');
  });

  it('do not include tools that the entry excludes, which cannot be called either', async () => {
    const tools = { exclude: ['die'] };
    await using group = new MCPClientGroup({ some: { target: toolsServer(), tools } });
    const names = (await group.listTools()).map(({ name }) => name);
    expect(names).toContain('some__echo');
    expect(names).not.toContain('some__die');
    expect(await rejection(group.callTool('some__die'))).toMatchObject({ code: 'MCP_INVALID_PARAMS' });
    expect(await rejection(group.client('some').callTool('die'))).toMatchObject({ code: 'MCP_INVALID_PARAMS' });
  });
});

describe('the options of a group', () => {
  it.each([
    [{ lasy: true }, 'MCPClientGroup has no option "lasy". Did you mean "lazy"?'],
    [{ startLimit: 0 }, 'MCPClientGroup: startLimit must be a whole number above 0, or Infinity, got 0'],
    [{ idleTimeout: -1 }, 'MCPClientGroup: idleTimeout must be a positive number of milliseconds, got -1'],
    [{ prefix: 'x' }, 'MCPClientGroup: prefix must be a boolean or a function, got a string'],
    [
      { listCache: {} },
      'MCPClientGroup: listCache must be an object with the functions `read` and `keep`, got an object',
    ],
    [{ defaults: { tiemout: 1 } }, 'MCPConnection has no option "tiemout". Did you mean "timeout"?'],
  ])('are refused by name: %j', (options, message) => {
    expect(() => new MCPClientGroup({ one: toolsServer() }, options as never)).toThrow(message);
  });

  it.each([
    [{ one: { target: 'https://example.com/mcp', idelTimeout: 1 } }, 'The server "one" has no option "idelTimeout"'],
    [{ one: { target: 'https://example.com/mcp', concurrency: 0.5 } }, 'The server "one": concurrency must be'],
    [{ one: { command: 'x', lazy: true } }, 'has the setting lazy inside of its target: write { target: { … }, lazy }'],
    [
      { one: { url: 'https://example.com/mcp', tools: { exclude: ['a'] } } },
      'has the setting tools inside of its target',
    ],
    [{ one: 'example.com' }, 'Invalid target: expected a URL such as'],
    [{ servers: new Map() }, 'expected the member `servers` of the result of loadServers()'],
  ])('are refused for a server: %j', (servers, message) => {
    expect(() => new MCPClientGroup(servers as never)).toThrow(message);
  });

  it('may be Infinity or kept for servers that never sleep', () => {
    const cache = memoryListCache();
    expect(() => new MCPClientGroup({}, { idleTimeout: Infinity, concurrency: 2, listCache: cache })).not.toThrow();
  });
});
