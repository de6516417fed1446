import { MCPClient, MCPConnection, MemoryTransport, HttpTransport, WebSocketTransport } from '../../../src/index.js';
import type { MCPClientOptions, MCPTool, SuspendedClient } from '../../../src/index.js';
import { ClientRecorder } from '../../support/client-recorder.js';
import { endAfterEach } from '../../support/endings.js';
import { legacyServer, ScriptedHttpServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';
import { errorFrom, isSettled } from '../../support/outcomes.js';
import { legacyScript, modernScript, scriptedServer } from '../../support/servers/scripts.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';

const endLater = endAfterEach();

function tool(name: string, more: Partial<MCPTool> = {}): MCPTool {
  return { name, inputSchema: { type: 'object' }, ...more };
}

/** A server with sessions that can change its tools. */
class Legacy {
  server!: ScriptedHttpServer;
  tools = [tool('a')];
  /** Answers what a test has something to say about. */
  script: (visit: HttpVisit) => unknown = () => false;
  sessionId = 's-1';

  static async start(
    capabilities: object = { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} },
  ) {
    const legacy = new Legacy();
    const common = legacyServer(
      (visit) => {
        if (legacy.script(visit) === true) return true;
        const { method, id } = visit.message;
        const known = visit.headers['mcp-session-id'];
        if (known !== undefined && known !== legacy.sessionId) visit.status(404);
        else if (method === 'tools/list') visit.result({ tools: legacy.tools });
        else if (id !== undefined && /subscribe|setLevel/.test(method ?? '')) visit.result({});
        else return false;
        return true;
      },
      { capabilities },
    );
    legacy.server = await ScriptedHttpServer.start((visit) => {
      if (visit.message.method === 'initialize') visit.response.setHeader('mcp-session-id', legacy.sessionId);
      common(visit);
    });
    endLater(() => legacy.server.close());
    return legacy;
  }

  transport(): HttpTransport {
    return new HttpTransport(this.server.url);
  }

  /** What was asked since the last time this was read. */
  asked(): string[] {
    return this.server.visits
      .splice(0)
      .map(({ method, body, message }) => (body === '' ? method : String(message.method)))
      .filter((what) => what !== 'GET');
  }
}

function own(client: MCPClient): MCPClient {
  endLater(() => client.close());
  return client;
}

async function connect(legacy: Legacy, options?: MCPClientOptions): Promise<MCPClient> {
  return own(await MCPClient.connect(legacy.transport(), { era: 'legacy', ...options }));
}

async function resume(legacy: Legacy, json: SuspendedClient | string, options?: MCPClientOptions): Promise<MCPClient> {
  return own(await MCPClient.resume(json, legacy.transport(), options));
}

describe('a client that is suspended', () => {
  test('says all that is needed to go on, as plain data without secrets of the user', async () => {
    const legacy = await Legacy.start();
    const url = legacy.server.url.replace('http://', 'http://me:secret@');
    const transport = new HttpTransport(`${url}?key=hidden#there`, { headers: { 'x-key': 'private' } });
    const environment = new SimulatedEnvironment({ seed: 1 });
    const client = own(new MCPClient(transport, { era: 'legacy', environment }));
    await client.connect();
    await client.listTools();
    await client.subscribe('file:///a');
    await client.setLogLevel('info');
    await environment.advance(1_500);
    const suspended = await client.suspend();
    expect(suspended).toEqual({
      version: 1,
      suspendedAt: environment.now(),
      endpoint: legacy.server.url,
      session: {
        era: 'legacy',
        protocolVersion: '2025-11-25',
        capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} },
        serverInfo: { name: 'scripted', version: '1' },
      },
      link: { sessionId: 's-1', streamed: false },
      lastRequestId: 4,
      wanted: { logLevel: 'info', resources: ['file:///a'] },
      lists: { tools: { items: [tool('a')], age: 1_500, freshFor: null, changesMissed: true } },
    });
    expect(JSON.parse(JSON.stringify(suspended))).toEqual(suspended);
    expect(JSON.stringify(suspended)).not.toMatch(/secret|hidden|private|there/);
    expect(legacy.asked()).not.toContain('DELETE');
    expect(transport.connected).toBe(false);
  });

  test('is closed, and says why', async () => {
    const legacy = await Legacy.start();
    const client = await connect(legacy);
    await client.suspend();
    expect(client.state).toBe('closed');
    expect(client.explain()).toContain('The client was suspended.');
    const late = { name: 'MCPConnectionError', code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' };
    const error = await errorFrom(client.callTool('a'));
    expect(error).toMatchObject(late);
    expect(error.message).toBe('tools/call "a": Not connected: The client was suspended by suspend()');
    await expect(client.suspend()).rejects.toMatchObject(late);
    await client.disconnect();
    expect(legacy.asked()).not.toContain('DELETE');
  });

  test('rejects the calls in flight, and cancels them at the server', async () => {
    const legacy = await Legacy.start();
    legacy.script = ({ message }) => message.method === 'tools/call';
    const client = await connect(legacy);
    const call = errorFrom(client.callTool('a'));
    await legacy.server.until(() => legacy.server.asked('tools/call').length === 1);
    const suspending = client.suspend();
    expect(await isSettled(call)).toBe(true);
    expect(await call).toMatchObject({ code: 'MCP_CONNECTION_CLOSED', delivery: 'unknown' });
    await suspending;
    expect(legacy.asked()).toContain('notifications/cancelled');
  });

  test('cannot be suspended before it is connected, and goes on connecting then', async () => {
    const legacy = await Legacy.start();
    const client = own(new MCPClient(legacy.transport(), { era: 'legacy' }));
    await expect(client.suspend()).rejects.toMatchObject({ code: 'MCP_NOT_CONNECTED' });
    const connecting = client.connect();
    await expect(client.suspend()).rejects.toMatchObject({ code: 'MCP_NOT_CONNECTED' });
    await connecting;
    expect(client.state).toBe('ready');
  });

  test('may connect again, in a session of its own', async () => {
    const legacy = await Legacy.start();
    const client = await connect(legacy);
    await client.suspend();
    legacy.asked();
    await client.connect();
    expect(legacy.asked()).toContain('initialize');
    expect(client.explain()).not.toContain('suspended');
  });
});

describe('a client that goes on with a legacy session', () => {
  test('shakes no hands, fetches no lists and subscribes to nothing again', async () => {
    const legacy = await Legacy.start();
    legacy.script = (visit) => {
      if (visit.method !== 'GET') return false;
      visit
        .stream()
        .event({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'a' } }, { id: 'e-1' });
      return true;
    };
    const first = own(new MCPClient(legacy.transport(), { era: 'legacy' }));
    const heard = new ClientRecorder(first, ['notification']);
    await first.connect();
    await heard.first('notification');
    await first.listTools();
    await first.subscribe('file:///a');
    await first.setLogLevel('info');
    const json = JSON.stringify(await first.suspend());
    legacy.asked();

    const second = await resume(legacy, json);
    expect(second.state).toBe('ready');
    expect(await second.getServerInfo()).toMatchObject({ name: 'scripted', era: 'legacy' });
    expect(await second.listTools()).toEqual([tool('a')]);
    await second.callTool('a');
    expect(legacy.asked()).toEqual(['tools/call']);
    expect(second.explain()).toContain('The session of a suspended client was resumed.');

    // And so on, from client to client.
    const third = await resume(legacy, await second.suspend());
    expect(await third.listTools()).toEqual([tool('a')]);
    await third.disconnect();
    expect(legacy.asked()).toEqual(['DELETE']);
  });

  test('uses no id twice in the session', async () => {
    const legacy = await Legacy.start();
    const first = await connect(legacy);
    await first.callTool('a');
    const second = await resume(legacy, await first.suspend());
    await second.callTool('a');
    const ids = legacy.server.visits.flatMap(({ message }) => message.id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    expect(Math.max(...(ids as number[]))).toBe(ids.at(-1));
  });

  /** Opens the stream of the server, which shows by a word without an id. */
  const speaking = (visit: HttpVisit): boolean => {
    if (visit.method !== 'GET') return false;
    visit.stream().event({ jsonrpc: '2.0', method: 'notifications/x' });
    return true;
  };

  test('gets a list that may have changed at once, and revalidates it in the background', async () => {
    const legacy = await Legacy.start();
    legacy.script = speaking;
    const first = await connect(legacy);
    await first.listTools();
    const suspended = await first.suspend();
    legacy.tools = [tool('b')];
    legacy.asked();

    const second = await resume(legacy, suspended);
    await new ClientRecorder(second, ['notification']).first('notification');
    expect(legacy.asked()).toEqual([]);
    expect(await second.listTools()).toEqual([tool('a')]);
    const changed = new ClientRecorder(second, ['toolsChanged']);
    const [difference] = await changed.first('toolsChanged');
    expect(difference).toMatchObject({ added: ['b'], removed: ['a'] });
    expect(await second.listTools()).toEqual([tool('b')]);
    expect(legacy.asked()).toEqual(['tools/list']);
  });

  test('asks for the list again when what was asked for behind failed', async () => {
    const legacy = await Legacy.start();
    const first = await connect(legacy);
    await first.listTools();
    const second = await resume(legacy, await first.suspend());
    let refusals = 1;
    legacy.script = (visit) => {
      if (visit.message.method !== 'tools/list' || (refusals -= 1) < 0) return false;
      visit.error(200, -32_603, 'Not now');
      return true;
    };
    await second.listTools();
    await legacy.server.until(() => refusals === 0);
    await second.ping();
    legacy.tools = [tool('b')];
    expect(await second.listTools()).toEqual([tool('b')]);
  });

  test('keeps a list that came meanwhile when what was asked for behind fails', async () => {
    const legacy = await Legacy.start();
    const first = await connect(legacy);
    await first.listTools();
    const held: HttpVisit[] = [];
    legacy.script = (visit) =>
      speaking(visit) || (visit.message.method === 'tools/list' && held.length === 0 && held.push(visit) > 0);
    const second = await resume(legacy, await first.suspend());
    await new ClientRecorder(second, ['notification']).first('notification');
    await second.listTools();
    await legacy.server.until(() => held.length === 1);
    legacy.tools = [tool('b')];
    expect(await second.listTools({ useCache: false })).toEqual([tool('b')]);
    legacy.asked();
    held[0]?.error(200, -32_603, 'Not now');
    await held[0]?.closed();
    await second.ping();
    expect(await second.listTools()).toEqual([tool('b')]);
    expect(legacy.asked()).toEqual(['ping']);
  });

  test('is not given a list that the server never announces changes of', async () => {
    const legacy = await Legacy.start({ tools: {} });
    const first = await connect(legacy);
    await first.listTools();
    const second = await resume(legacy, await first.suspend());
    legacy.tools = [tool('b')];
    expect(await second.listTools()).toEqual([tool('b')]);
  });

  test('knows from before what may be repeated', async () => {
    const legacy = await Legacy.start();
    legacy.tools = [tool('a', { annotations: { readOnlyHint: true } })];
    const first = await connect(legacy);
    await first.listTools();
    const second = await resume(legacy, await first.suspend());
    let cuts = 1;
    legacy.script = (visit) => {
      if (visit.message.method !== 'tools/call' || (cuts -= 1) < 0) return false;
      visit.reset();
      return true;
    };
    expect(await second.callTool('a')).toMatchObject({ content: [{ text: 'done' }] });
  });

  test('sends one handshake when the server has forgotten the session, and no call fails', async () => {
    const legacy = await Legacy.start();
    const first = await connect(legacy);
    await first.listTools();
    await first.subscribe('file:///a');
    await first.setLogLevel('info');
    const suspended = await first.suspend();
    legacy.sessionId = 's-2';
    legacy.asked();

    const second = await resume(legacy, suspended);
    const results = await Promise.all([second.callTool('a'), second.callTool('a'), second.callTool('a')]);
    expect(results).toHaveLength(3);
    const asked = legacy.asked();
    expect(asked.filter((what) => what === 'initialize')).toHaveLength(1);
    expect(asked).toEqual(expect.arrayContaining(['resources/subscribe', 'logging/setLevel']));
    expect(second.explain()).toContain('a new one was negotiated');
    // The lists are those of another session.
    expect(await second.listTools()).toEqual([tool('a')]);
    expect(legacy.asked()).toEqual(['tools/list']);
  });

  test('fails like any other when the server is gone', async () => {
    const legacy = await Legacy.start();
    const first = await connect(legacy);
    const suspended = await first.suspend();
    const transport = legacy.transport();
    await legacy.server.close();
    const second = own(await MCPClient.resume(suspended, transport));
    await expect(second.callTool('a')).rejects.toMatchObject({ name: 'MCPTransportError', delivery: 'not-sent' });
  });
});

describe('a client that goes on in the modern era', () => {
  test('asks nothing, and may use lists for the rest of their time', async () => {
    const ttlMs = 60_000;
    const answers: Record<string, object> = {
      'server/discover': {
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {} },
        ttlMs: 0,
        cacheScope: 'private',
      },
      'tools/list': { tools: [tool('a')], ttlMs, cacheScope: 'private' },
      'tools/call': { content: [] },
    };
    const server = await ScriptedHttpServer.start((visit) => {
      visit.result({ resultType: 'complete', ...answers[visit.message.method ?? ''] });
    });
    endLater(() => server.close());
    const environment = new SimulatedEnvironment({ seed: 1 });
    const first = own(await MCPClient.connect(server.url, { environment }));
    await first.listTools();
    await environment.advance(20_000);
    const suspended = await first.suspend();
    expect(suspended).toMatchObject({
      session: { era: 'modern' },
      lists: { tools: { age: 20_000, freshFor: 40_000 } },
    });
    server.visits.length = 0;

    await environment.advance(30_000);
    const second = own(await MCPClient.resume(suspended, server.url, { environment }));
    expect(await second.listTools()).toEqual([tool('a')]);
    await environment.advance(9_999);
    await second.listTools();
    expect(server.visits).toEqual([]);
    await environment.advance(2);
    await second.listTools();
    await second.callTool('a');
    expect(server.visits.map(({ message }) => message.method)).toEqual(['tools/list', 'tools/call']);
    expect(server.visits[0]?.headers).toMatchObject({ 'mcp-protocol-version': '2026-07-28' });
  });
});

describe('a client that goes on over a link without sessions', () => {
  test.each([
    ['legacy', legacyScript('2025-11-25', {})],
    ['modern', modernScript({})],
  ] as const)('knows that the server is %s, and negotiates', async (era, script) => {
    await using before = await scriptedServer(script);
    await using after = await scriptedServer(script);
    const first = own(await MCPClient.connect(before.transport));
    const suspended = await first.suspend();
    expect(suspended).toMatchObject({ endpoint: null, session: { era } });
    expect(suspended).not.toHaveProperty('link');
    const second = own(await MCPClient.resume(suspended, after.transport));
    expect(second.era).toBe(era);
    expect(after.methods[0]).toBe(era === 'legacy' ? 'initialize' : 'server/discover');
  });
});

describe('a connection with a name', () => {
  test('is suspended like its client, ceases to monitor, and is resumed by an option', async () => {
    const legacy = await Legacy.start();
    const first = await MCPConnection.connect('one', legacy.transport(), { era: 'legacy' });
    endLater(() => first.disconnect());
    const suspended = await first.suspend();
    expect(first.status).toBe('disconnected');
    expect(first.lastError).toBeUndefined();
    expect(() => first.getClient()).toThrow('is not connected');
    legacy.asked();
    const second = await MCPConnection.connect('two', legacy.transport(), { resume: suspended });
    endLater(() => second.disconnect());
    expect(second.status).toBe('connected');
    await second.getClient().callTool('a');
    expect(legacy.asked()).toEqual(['tools/call']);
    expect(second.explain()).toContain('The session of a suspended client was resumed');
  });
});

describe('what is handed in', () => {
  const good: SuspendedClient = {
    version: 1,
    suspendedAt: 1,
    endpoint: 'http://127.0.0.1:1/mcp',
    session: { era: 'legacy', protocolVersion: '2025-11-25', capabilities: {} },
    link: { sessionId: 's-1', streamed: true, lastEventId: 'e-1' },
    lastRequestId: 7,
    wanted: { logLevel: 'info', resources: [] },
    lists: { tools: { items: [tool('a')], age: 0, freshFor: null, changesMissed: false } },
  };

  /** The error of a client that is constructed with this. */
  function refusal(value: unknown): unknown {
    const transport = new HttpTransport('http://127.0.0.1:1/mcp');
    try {
      return new MCPClient(transport, { resume: value as SuspendedClient });
    } catch (thrown) {
      return thrown;
    }
  }

  test('is taken as it is, or as JSON', () => {
    expect(refusal(good)).toBeInstanceOf(MCPClient);
    expect(refusal(JSON.stringify(good))).toBeInstanceOf(MCPClient);
  });

  test.each<[what: string, change: unknown, name: string, received: string]>([
    ['is no JSON', '{"s-1', 'resume', 'other text'],
    ['is nothing', null, 'resume', 'null'],
    ['is a list', [], 'resume', 'an array'],
    ['is of another format', { version: 2 }, 'resume.version', '2'],
    ['has no format', { version: undefined }, 'resume.version', 'nothing'],
    ['has no time', { suspendedAt: 'now' }, 'resume.suspendedAt', 'a string'],
    ['has no endpoint', { endpoint: 7 }, 'resume.endpoint', 'a number'],
    ['has no session', { session: 's-1' }, 'resume.session', 'a string'],
    ['is of no era', { session: { ...good.session, era: 'stone' } }, 'resume.session.era', 'a string'],
    [
      'is of a revision of another era',
      { session: { ...good.session, protocolVersion: '2026-07-28' } },
      'resume.session.protocolVersion',
      'a string',
    ],
    [
      'has wrong capabilities',
      { session: { ...good.session, capabilities: { tools: 1 } } },
      'resume.session.capabilities.tools',
      'a number',
    ],
    [
      'has a wrong server',
      { session: { ...good.session, serverInfo: {} } },
      'resume.session.serverInfo.version',
      'nothing',
    ],
    ['would break a header', { link: { ...good.link, sessionId: 'a\r\nb: c' } }, 'resume.link.sessionId', 'a string'],
    ['would break another', { link: { ...good.link, lastEventId: 'a\nb' } }, 'resume.link.lastEventId', 'a string'],
    ['has half a link', { link: {} }, 'resume.link.streamed', 'nothing'],
    ['counts strangely', { lastRequestId: 1.5 }, 'resume.lastRequestId', 'a number'],
    ['leaves no ids', { lastRequestId: Number.MAX_SAFE_INTEGER }, 'resume.lastRequestId', 'a number'],
    ['wants what is no level', { wanted: { logLevel: 'loud', resources: [] } }, 'resume.wanted.logLevel', 'a string'],
    ['wants what is no URI', { wanted: { resources: ['a', 7] } }, 'resume.wanted.resources[1]', 'a number'],
    [
      'has a tool without a schema',
      { lists: { tools: { ...good.lists.tools, items: [tool('a'), { name: 'b' }] } } },
      'resume.lists.tools.items[1].inputSchema',
      'nothing',
    ],
    [
      'has a list without items',
      { lists: { prompts: { age: 0, freshFor: 0, changesMissed: false } } },
      'resume.lists.prompts.items',
      'nothing',
    ],
    [
      'has a list of no age',
      { lists: { tools: { ...good.lists.tools, age: -1 } } },
      'resume.lists.tools.age',
      'a number',
    ],
    [
      'has a list that is fresh for a word',
      { lists: { tools: { ...good.lists.tools, freshFor: 'ever' } } },
      'resume.lists.tools.freshFor',
      'a string',
    ],
  ])(
    'and %s is refused at once, with the name of the field, and never with its text',
    (_what, change, name, received) => {
      const isPart = typeof change === 'object' && change !== null && !Array.isArray(change);
      const error = refusal(isPart ? { ...good, ...change } : change) as Error;
      expect(error).toMatchObject({
        code: 'MCP_INVALID_PARAMS',
        delivery: 'not-sent',
        details: { field: name, received },
      });
      expect(error.message).toMatch(`Invalid ${name}: expected `);
      expect(error.message).not.toContain('s-1');
    },
  );

  test.each([
    ['another server', () => new HttpTransport('http://127.0.0.1:2/mcp')],
    ['another place of the server', () => new HttpTransport('http://127.0.0.1:1/other')],
    ['another protocol', () => new WebSocketTransport('ws://127.0.0.1:1/mcp')],
    ['no URL at all', () => MemoryTransport.pair()[0]],
  ])('and is of another server than %s is refused before anything is sent', async (_what, transport) => {
    await expect(MCPClient.resume(good, transport())).rejects.toMatchObject({
      code: 'MCP_INVALID_PARAMS',
      details: { field: 'resume.endpoint', expected: good.endpoint },
    });
  });

  test('and is old may not keep a list for longer than a day', async () => {
    const legacy = await Legacy.start();
    const modern: SuspendedClient = {
      ...good,
      endpoint: legacy.server.url,
      session: { era: 'modern', protocolVersion: '2026-07-28', capabilities: { tools: {} } },
      suspendedAt: 0,
      lists: { tools: { items: [tool('old')], age: 0, freshFor: 1e15, changesMissed: false } },
    };
    legacy.script = (visit) => {
      visit.result({ resultType: 'complete', tools: [tool('new')], ttlMs: 0, cacheScope: 'private' });
      return true;
    };
    const client = await resume(legacy, modern);
    expect(await client.listTools()).toEqual([tool('new')]);
  });
});
