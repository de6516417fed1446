import {
  HttpTransport,
  MCPClient,
  MCPConnection,
  MCPError,
  MCPProtocol,
  MemoryTransport,
  SseTransport,
  StdioTransport,
  WebSocketTransport,
} from '../../../src/index.js';
import type { MCPClientOptions, MCPConnectionOptions } from '../../../src/index.js';
import { errorFrom } from '../../support/outcomes.js';
import { legacyScript, scriptedServer } from '../../support/servers/scripts.js';

const [transport] = MemoryTransport.pair();

/** The error that constructing something throws. */
function thrownBy(construct: () => unknown): MCPError {
  try {
    construct();
  } catch (thrown) {
    if (thrown instanceof MCPError) return thrown;
  }
  throw new Error('Expected an MCPError');
}

describe('an option that cannot be used', () => {
  const milliseconds = 'a positive number of milliseconds';
  const count = 'a number that is not negative';

  test.each<[option: string, value: unknown, expected: string, received: string]>([
    ['timeout', 0, milliseconds, '0'],
    ['timeout', -1, milliseconds, '-1'],
    ['timeout', NaN, milliseconds, 'NaN'],
    ['timeout', '30', milliseconds, 'a string'],
    ['maxTotalTimeout', 0, milliseconds, '0'],
    ['connectTimeout', 0, milliseconds, '0'],
    ['probeTimeout', -5, milliseconds, '-5'],
    ['maxReconnectAttempts', -1, count, '-1'],
    ['maxReconnectAttempts', NaN, count, 'NaN'],
    ['reconnectDelay', '1s', count, 'a string'],
    ['maxRestarts', -1, count, '-1'],
    ['restartWindow', 0, milliseconds, '0'],
    ['maxReconnectDelay', {}, count, 'an object'],
    ['healthCheckInterval', -1, count, '-1'],
    ['maxQueued', true, count, 'true'],
    ['sampling', 'gpt', 'a function, or an object with `createMessage`', 'a string'],
    ['elicitation', {}, 'a function, or an object with `form` or `url`', 'an object'],
    ['elicitation', null, 'a function, or an object with `form` or `url`', 'null'],
    ['roots', 'file:///', 'a function or an array of roots', 'a string'],
    ['autoReconnect', 'yes', 'a boolean', 'a string'],
    ['retryInitialConnect', 1, 'a boolean', '1'],
    ['whenDisconnected', 'queue', 'one of "wait", "fail"', 'a string'],
    ['retry', 'always', 'one of "auto", "safe", "never"', 'a string'],
    ['onToolError', 'ignore', 'one of "throw", "return"', 'a string'],
    ['validate', false, 'one of "strict", "warn", "off"', 'false'],
    ['priorEra', '2026-07-28', 'one of "modern", "legacy"', 'a string'],
    ['era', '1.0', '"auto", "modern", "legacy" or a supported revision', 'a string'],
    ['era', '2099-01-01', '"auto", "modern", "legacy" or a supported revision', 'a string'],
    ['era', 2026, '"auto", "modern", "legacy" or a supported revision', '2026'],
    ['clientInfo', 'my client', 'an object with a name and a version', 'a string'],
    ['clientInfo', { name: 'mine' }, 'an object with a name and a version', 'an object'],
    ['limits', 7, 'an object', '7'],
    ['extensions', ['a/b'], 'an object of settings by identifier', 'an array'],
    ['extensions', { ui: {} }, 'identifiers with a prefix, such as "com.example/name"', 'a string'],
    ['extensions["a/b"]', true, 'an object', 'true'],
    ['extensions', { 'a/b': { big: 1n } }, 'settings that can be converted to JSON', 'an object'],
  ])('%s: %p is refused at once, with its name, and never with its text', (name, value, expected, received) => {
    const [, option, key] = /^(\w+)(?:\["(.*)"\])?$/.exec(name) as unknown as [string, string, string | undefined];
    const options = { [option]: key === undefined ? value : { [key]: value } } as MCPClientOptions;
    const error = thrownBy(() => new MCPClient(transport, options));
    expect(error).toMatchObject({ code: 'MCP_INVALID_PARAMS', delivery: 'not-sent' });
    expect(error.message).toBe(`Invalid ${name}: expected ${expected}, got ${received}`);
    expect(error.details).toEqual({ field: name, expected, received });
  });

  test.each<[options: object, message: string]>([
    [{ sampling: { tools: true } }, 'sampling.createMessage: expected a function, got undefined'],
    [{ sampling: { createMessage: () => undefined, tools: 1 } }, 'sampling.tools: expected a boolean, got 1'],
    [{ sampling: { createMessage: () => undefined, context: 1 } }, 'sampling.context: expected a boolean, got 1'],
    [{ elicitation: { form: true } }, 'elicitation.form: expected a function, got true'],
    [{ elicitation: { url: 'x' } }, 'elicitation.url: expected a function, got a string'],
    [
      { roots: [{ uri: 'file:///a' }, { uri: '/b' }] },
      'roots[1].uri: expected a file: URI without `..` in its path, got a string',
    ],
    [{ roots: [{ uri: 'file:///a', name: 7 }] }, 'roots[0].name: expected a string, got a number'],
    [{ roots: ['file:///a'] }, 'roots[0]: expected an object, got a string'],
  ])('%j is refused with the name of what is wrong in it', (options, message) => {
    expect(thrownBy(() => new MCPClient(transport, options as MCPClientOptions)).message).toBe(`Invalid ${message}`);
  });

  test.each([
    ['name', '', 'a string that is not empty'],
    ['name', 7, 'a string that is not empty'],
  ])('MCPConnection refuses the %s %p', (name, value, expected) => {
    const error = thrownBy(() => new MCPConnection(value as string, transport));
    expect(error.details).toMatchObject({ field: name, expected });
  });

  test.each<[string, MCPConnectionOptions]>([
    ['monitor', { monitor: 'yes' as unknown as boolean }],
    ['connectionTimeout', { connectionTimeout: 0 }],
    ['healthCheckInterval', { healthCheckInterval: NaN }],
  ])('MCPConnection names its own option %s', (name, options) => {
    expect(thrownBy(() => new MCPConnection('a', transport, options)).details).toMatchObject({ field: name });
  });

  test('a limit that is none is named with where it stands', () => {
    const error = thrownBy(() => new MCPClient(transport, { limits: { validationTime: -1 } }));
    expect(error.details).toMatchObject({ field: 'limits.validationTime', received: '-1' });
  });

  test('MCPProtocol refuses its options, too', () => {
    expect(thrownBy(() => new MCPProtocol(transport, { timeout: 0 })).details).toMatchObject({ field: 'timeout' });
  });

  test.each([undefined, null, 'npx server', {}])('%p is no target', (value) => {
    const make = [
      () => new MCPClient(value as MemoryTransport),
      () => new MCPConnection('a', value as MemoryTransport),
      () => new MCPProtocol(value as MemoryTransport),
    ];
    for (const construct of make) {
      expect(thrownBy(construct).message).toMatch(
        /^Invalid target: expected .*, got (undefined|null|a string that is not a URL|one with neither)$/,
      );
    }
  });
});

describe('an option that there is not', () => {
  const elsewhere = 'it is an option of the transport, new ';
  test.each<[what: string, construct: () => unknown, message: string]>([
    [
      'a client',
      () => new MCPClient(transport, { timout: 5 } as MCPClientOptions),
      'MCPClient has no option "timout". Did you mean "timeout"?',
    ],
    [
      'a client that is told the name of a connection',
      () => new MCPClient(transport, { connectionTimeout: 5 } as MCPClientOptions),
      'MCPClient has no option "connectionTimeout". Did you mean "connectTimeout"?',
    ],
    [
      'a client that is given headers',
      () => new MCPClient(transport, { headers: {} } as MCPClientOptions),
      `MCPClient has no option "headers": ${elsewhere}HttpTransport(url, { headers })`,
    ],
    [
      'a client that is given variables',
      () => new MCPClient(transport, { env: {} } as MCPClientOptions),
      `MCPClient has no option "env": ${elsewhere}StdioTransport(command, args, { env })`,
    ],
    [
      'a client whose wrong option has a value that is false',
      () => new MCPClient(transport, { autoreconnect: false } as MCPClientOptions),
      'MCPClient has no option "autoreconnect". Did you mean "autoReconnect"?',
    ],
    [
      'a connection',
      () => new MCPConnection('a', transport, { moniter: false } as MCPConnectionOptions),
      'MCPConnection has no option "moniter". Did you mean "monitor"?',
    ],
    [
      'a protocol',
      () => new MCPProtocol(transport, { validation: 'off' } as object),
      'MCPProtocol has no option "validation". Did you mean "validate"?',
    ],
    [
      'a protocol that is told to reconnect',
      () => new MCPProtocol(transport, { retry: 'safe' } as object),
      'MCPProtocol has no option "retry": its options are timeout, maxTotalTimeout, clientInfo, ',
    ],
    [
      'limits',
      () => new MCPClient(transport, { limits: { maxPage: 1 } as object }),
      'limits has no option "maxPage". Did you mean "maxPages"?',
    ],
    [
      'limits of a transport that are given to a client',
      () => new MCPClient(transport, { limits: { maxMessageBytes: 1 } as object }),
      'limits has no option "maxMessageBytes": it is a limit of the transport',
    ],
    [
      'record',
      () => new MCPClient(transport, { record: { file: 'a', redacted: false } as object }),
      'record has no option "redacted". Did you mean "redact"?',
    ],
    [
      'sampling',
      () =>
        new MCPClient(transport, {
          sampling: { createMessage: () => undefined as never, tool: true } as object as never,
        }),
      'sampling has no option "tool". Did you mean "tools"?',
    ],
    [
      'elicitation',
      () => new MCPClient(transport, { elicitation: { form: () => undefined as never, uri: 1 } as object }),
      'elicitation has no option "uri". Did you mean "url"?',
    ],
    [
      'a process',
      () => new StdioTransport('server', [], { stderr: 'inherit' } as object),
      'StdioTransport has no option "stderr". Did you mean "onStderr"?',
    ],
    [
      'HTTP',
      () => new HttpTransport('http://a.invalid', { header: {} } as object),
      'HttpTransport has no option "header". Did you mean "headers"?',
    ],
    [
      'limits of HTTP',
      () => new HttpTransport('http://a.invalid', { limits: { maxMessagesBytes: 1 } as object }),
      'limits has no option "maxMessagesBytes". Did you mean "maxMessageBytes"?',
    ],
    [
      'HTTP+SSE',
      () => new SseTransport('http://a.invalid', undefined, { priorEra: 'legacy' } as object),
      'SseTransport has no option "priorEra": its options are headers, timeout, auth, dispatcher, limits',
    ],
    [
      'a WebSocket',
      () => new WebSocketTransport('ws://a.invalid', { agents: {} } as object),
      'WebSocketTransport has no option "agents". Did you mean "agent"?',
    ],
  ])('of %s is refused by name', (_what, construct, message) => {
    const error = thrownBy(construct);
    const [, owner = '', option = ''] = /^(\w+) has no option "(\w+)"/.exec(message) ?? [];
    expect(error).toMatchObject({ code: 'MCP_INVALID_PARAMS', delivery: 'not-sent' });
    expect(error.message.startsWith(message)).toBe(true);
    expect(error.details).toMatchObject({
      received: 'an unknown option',
      expected: expect.any(String) as unknown,
      field: /^[a-z]/.test(owner) ? `${owner}.${option}` : option,
    });
  });

  test('of a call is refused by name, and nothing is sent', async () => {
    await using server = await scriptedServer(legacyScript());
    await using client = await MCPClient.connect(server.transport);
    const wrong = { timout: 5 } as object;
    const calls: Record<string, Promise<unknown>> = {
      callTool: client.callTool('x', {}, wrong),
      readResource: client.readResource('x:1', wrong),
      getPrompt: client.getPrompt('x', {}, wrong),
      complete: client.complete({ ref: { type: 'ref/prompt', name: 'x' }, argument: { name: 'a', value: '' } }, wrong),
      subscribe: client.subscribe('x:1', wrong),
      unsubscribe: client.unsubscribe('x:1', wrong),
      setLogLevel: client.setLogLevel('info', wrong),
      ping: client.ping(wrong),
      request: client.request('x/y', {}, wrong),
      connect: client.connect(wrong),
      healthCheck: client.healthCheck(wrong),
      'tools/list': client.listTools(wrong),
      'prompts/list': client.listPrompts(wrong),
      'resources/list': client.listResources(wrong),
      'resources/templates/list': client.listResourceTemplates(wrong),
      tools: client.tools(wrong).next(),
      resources: client.resources(wrong).next(),
      initialize: client.protocol.initialize(wrong),
    };
    for (const [name, call] of Object.entries(calls)) {
      expect(await errorFrom(call)).toMatchObject({
        code: 'MCP_INVALID_PARAMS',
        delivery: 'not-sent',
        message: `${name} has no option "timout". Did you mean "timeout"?`,
      });
    }
    for (const call of [
      client.protocol.callTool('x', {}, wrong),
      client.protocol.listTools(wrong),
      client.protocol.request('x/y', {}, wrong),
    ]) {
      expect(await errorFrom(call)).toMatchObject({ details: { field: 'timout' } });
    }
    expect(server.methods).toEqual(['server/discover', 'initialize', 'notifications/initialized']);
  });

  test('is not one when it has no value, a symbol for its name, or is inherited', async () => {
    class Options {
      readonly logger = 'mine';

      get timeout(): number {
        return 1_234;
      }
      unknown(): void {
        // A method is no option.
      }
    }
    const inherited = Object.create({ other: 1, timeout: 1_234 }) as { readonly timeout: number };
    const own = Object.freeze({ timeout: 1_234, timout: undefined, [Symbol('s')]: 1 });
    for (const options of [new Options(), inherited, own]) {
      expect(new MCPClient(transport, options).timeout).toBe(1_234);
      expect(new MCPConnection('a', transport, options)).toMatchObject({ autoReconnect: true });
      expect(new StdioTransport('server', [], options).timeout).toBe(1_234);
      expect(new HttpTransport('http://a.invalid', options).timeout).toBe(1_234);
      await using server = await scriptedServer(legacyScript());
      await using client = await MCPClient.connect(server.transport, options);
      await client.ping(options);
    }
    const { headers } = new HttpTransport('http://a.invalid', Object.create({ headers: { 'X-Key': '1' } }) as object);
    expect(headers).toEqual({ 'X-Key': '1' });
  });

  test('is refused in an instance of a class when its name is similar to that of an option', async () => {
    const options = new (class {
      readonly timout = 5;
    })() as object;
    expect(thrownBy(() => new MCPClient(transport, options)).details).toMatchObject({ field: 'timout' });
    const error = await errorFrom(new MCPClient(transport).callTool('x', {}, options));
    expect(error.details).toMatchObject({ field: 'timout' });
  });
});

describe('options', () => {
  test('undefined is as good as nothing', () => {
    const client = new MCPClient(transport, {
      timeout: undefined,
      autoReconnect: undefined,
      maxReconnectAttempts: undefined,
      era: undefined,
      clientInfo: undefined,
    });
    expect(client).toMatchObject({ timeout: 30_000, autoReconnect: false, maxReconnectAttempts: 3 });
  });

  test('Infinity means no limit', () => {
    const client = new MCPClient(transport, { timeout: Infinity, maxQueued: Infinity, maxReconnectAttempts: Infinity });
    expect(client).toMatchObject({ timeout: Infinity, maxReconnectAttempts: Infinity });
  });

  test('MCPConnection has defaults of its own', () => {
    expect(new MCPConnection('a', transport)).toMatchObject({
      name: 'a',
      autoReconnect: true,
      maxReconnectAttempts: 5,
      reconnectDelay: 1_000,
      maxRestarts: 10,
      restartWindow: 300_000,
      maxReconnectDelay: 60_000,
      healthCheckInterval: 30_000,
      connectTimeout: 30_000,
      connectionTimeout: 30_000,
      monitor: true,
    });
  });
});

describe('the time limit of connect() of a connection', () => {
  test.each<[MCPConnectionOptions, number]>([
    [{ connectTimeout: 1_234 }, 1_234],
    [{ connectionTimeout: 1_234 }, 1_234],
    [{ connectTimeout: 1_234, connectionTimeout: 1_234 }, 1_234],
    [{ connectTimeout: 1_234, connectionTimeout: undefined }, 1_234],
    [{ connectTimeout: undefined, connectionTimeout: 1_234 }, 1_234],
    [{ timeout: 5 }, 30_000],
  ])('is what %j says, under both of its names', (options, expected) => {
    const connection = new MCPConnection('a', transport, options);
    expect(connection).toMatchObject({ connectTimeout: expected, connectionTimeout: expected });
  });

  test('is in force', async () => {
    const [silent] = MemoryTransport.pair();
    const connection = new MCPConnection('a', silent, { connectTimeout: 50, autoReconnect: false });
    expect(await errorFrom(connection.connect())).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: 50 } });
  });

  test('must not differ under its two names', () => {
    const error = thrownBy(() => new MCPConnection('a', transport, { connectTimeout: 1, connectionTimeout: 2 }));
    expect(error.message).toBe(
      'Invalid connectionTimeout: expected the same value as connectTimeout (1), because it is an alias, got 2',
    );
  });
});

describe('an option of a call that cannot be used', () => {
  test.each<[options: unknown, name: string, received: string]>([
    [5_000, 'options', '5000'],
    [null, 'options', 'null'],
    ['fast', 'options', 'a string'],
    [new AbortController().signal, 'options', 'an AbortSignal'],
    [{ signal: new AbortController() }, 'signal', 'an object'],
    [{ onProgress: true }, 'onProgress', 'true'],
    [{ retry: 'sfae' }, 'retry', 'a string'],
    [{ onToolError: 'thow' }, 'onToolError', 'a string'],
    [{ validate: false }, 'validate', 'false'],
  ])('callTool with %p rejects, and nothing is sent', async (options, name, received) => {
    const client = new MCPClient(transport);
    expect(await errorFrom(client.callTool('x', {}, options as object))).toMatchObject({
      code: 'MCP_INVALID_PARAMS',
      delivery: 'not-sent',
      details: { field: name, received },
    });
  });

  test('listTools refuses a useCache that is text', async () => {
    const client = new MCPClient(transport);
    const error = await errorFrom(client.listTools({ useCache: 'no' as unknown as boolean }));
    expect(error).toMatchObject({ details: { field: 'useCache', expected: 'a boolean' } });
  });

  test.each([0, -1, NaN, '30' as unknown as number])('timeout: %p rejects, and nothing is sent', async (timeout) => {
    await using server = await scriptedServer(legacyScript());
    await using client = await MCPClient.connect(server.transport);
    const calls = [
      client.callTool('x', {}, { timeout }),
      client.callTool('x', {}, { maxTotalTimeout: timeout }),
      client.readResource('x:1', { timeout }),
      client.listTools({ timeout }),
      client.request('x/y', {}, { timeout }),
      client.ping({ timeout }),
    ];
    for (const call of calls) {
      expect(await errorFrom(call)).toMatchObject({ code: 'MCP_INVALID_PARAMS', delivery: 'not-sent' });
    }
    expect(server.methods).toEqual(['server/discover', 'initialize', 'notifications/initialized']);
  });

  test.each([0, -1, NaN])('connect({ timeout: %p }) rejects, and nothing is started', async (timeout) => {
    const client = new MCPClient(transport);
    expect(await errorFrom(client.connect({ timeout }))).toMatchObject({ details: { field: 'timeout' } });
    expect(client.state).toBe('idle');
    const connection = new MCPConnection('a', transport);
    expect(await errorFrom(connection.connect(timeout))).toMatchObject({ details: { field: 'timeout' } });
  });

  const text = 'a text' as unknown as Record<string, string>;
  const list = [1] as unknown as Record<string, string>;
  const nothing = null as unknown as Record<string, string>;
  const number = 7 as unknown as string;
  test.each<[string, (client: MCPClient) => Promise<unknown>, object]>([
    ['callTool(7)', (client) => client.callTool(number), { field: 'name', received: '7' }],
    ["callTool('a', 'a text')", (client) => client.callTool('a', text), { field: 'args', received: 'a string' }],
    ["callTool('a', [1])", (client) => client.callTool('a', list), { field: 'args', received: 'an array' }],
    ["callTool('a', null)", (client) => client.callTool('a', nothing), { field: 'args', received: 'null' }],
    ['getPrompt(7)', (client) => client.getPrompt(number), { field: 'name' }],
    ["getPrompt('a', [1])", (client) => client.getPrompt('a', list), { field: 'args' }],
    ['readResource(7)', (client) => client.readResource(number), { field: 'uri' }],
    ['subscribe(7)', (client) => client.subscribe(number), { field: 'uri' }],
    ['request(7)', (client) => client.request(number), { field: 'method' }],
    ["request('a', [1])", (client) => client.request('a', list), { field: 'params' }],
    ['notify(7)', (client) => client.notify(number), { field: 'method' }],
    ["notify('a', 'a text')", (client) => client.notify('a', text), { field: 'params' }],
  ])('%s is refused: no server could read it', async (_, call, details) => {
    expect(await errorFrom(call(new MCPClient(transport)))).toMatchObject({
      code: 'MCP_INVALID_PARAMS',
      delivery: 'not-sent',
      details,
    });
  });
});
