import { MCPClient, MCPConnection, MCPError, MCPProtocol, MemoryTransport } from '../../src/index.js';
import type { MCPClientOptions, MCPConnectionOptions } from '../../src/index.js';
import { errorFrom } from '../support/outcomes.js';
import { legacyScript, serverWith } from '../support/scripts.js';

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
    ['timeout', '30', milliseconds, 'string'],
    ['maxTotalTimeout', 0, milliseconds, '0'],
    ['connectTimeout', 0, milliseconds, '0'],
    ['probeTimeout', -5, milliseconds, '-5'],
    ['maxReconnectAttempts', -1, count, '-1'],
    ['maxReconnectAttempts', NaN, count, 'NaN'],
    ['reconnectDelay', '1s', count, 'string'],
    ['maxRestarts', -1, count, '-1'],
    ['restartWindow', 0, milliseconds, '0'],
    ['maxReconnectDelay', {}, count, 'object'],
    ['healthCheckInterval', -1, count, '-1'],
    ['maxQueued', true, count, 'true'],
    ['sampling', 'gpt', 'a function, or an object with `createMessage`', 'string'],
    ['elicitation', {}, 'a function, or an object with `form` or `url`', 'object'],
    ['elicitation', null, 'a function, or an object with `form` or `url`', 'null'],
    ['roots', 'file:///', 'a function or an array of roots', 'string'],
    ['autoReconnect', 'yes', 'a boolean', 'string'],
    ['retryInitialConnect', 1, 'a boolean', '1'],
    ['whenDisconnected', 'queue', 'one of "wait", "fail"', 'string'],
    ['retry', 'always', 'one of "auto", "safe", "never"', 'string'],
    ['onToolError', 'ignore', 'one of "throw", "return"', 'string'],
    ['validate', false, 'one of "strict", "warn", "off"', 'false'],
    ['priorEra', '2026-07-28', 'one of "modern", "legacy"', 'string'],
    ['era', '1.0', '"auto", "modern", "legacy" or a revision that this client speaks', 'string'],
    ['era', '2099-01-01', '"auto", "modern", "legacy" or a revision that this client speaks', 'string'],
    ['era', 2026, '"auto", "modern", "legacy" or a revision that this client speaks', '2026'],
    ['clientInfo', 'my client', 'an object with a name and a version', 'string'],
    ['clientInfo', { name: 'mine' }, 'an object with a name and a version', 'object'],
    ['limits', 7, 'an object', '7'],
    ['extensions', ['a/b'], 'an object of settings by identifier', 'array'],
    ['extensions', { ui: {} }, 'identifiers with a prefix, such as "com.example/name"', 'string'],
    ['extensions["a/b"]', true, 'an object', 'true'],
    ['extensions', { 'a/b': { big: 1n } }, 'settings that JSON can express', 'object'],
  ])('%s: %p is refused at once, with its name, and never with its text', (name, value, expected, received) => {
    const [, option, key] = /^(\w+)(?:\["(.*)"\])?$/.exec(name) as unknown as [string, string, string | undefined];
    const options = { [option]: key === undefined ? value : { [key]: value } } as MCPClientOptions;
    const error = thrownBy(() => new MCPClient(transport, options));
    expect(error).toMatchObject({ code: 'MCP_INVALID_PARAMS', delivery: 'not-sent' });
    expect(error.message).toBe(`Invalid ${name}: expected ${expected}, got ${received}`);
    expect(error.details).toEqual({ name, expected, received });
  });

  test.each<[options: object, message: string]>([
    [{ sampling: { tools: true } }, 'sampling.createMessage: expected a function, got undefined'],
    [{ sampling: { createMessage: () => undefined, tools: 1 } }, 'sampling.tools: expected a boolean, got 1'],
    [{ sampling: { createMessage: () => undefined, context: 1 } }, 'sampling.context: expected a boolean, got 1'],
    [{ elicitation: { form: true } }, 'elicitation.form: expected a function, got true'],
    [{ elicitation: { url: 'x' } }, 'elicitation.url: expected a function, got string'],
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
    expect(error.details).toMatchObject({ name, expected });
  });

  test.each<[string, MCPConnectionOptions]>([
    ['monitor', { monitor: 'yes' as unknown as boolean }],
    ['connectionTimeout', { connectionTimeout: 0 }],
    ['healthCheckInterval', { healthCheckInterval: NaN }],
  ])('MCPConnection names its own option %s', (name, options) => {
    expect(thrownBy(() => new MCPConnection('a', transport, options)).details).toMatchObject({ name });
  });

  test('a limit that is none is named with where it stands', () => {
    const error = thrownBy(() => new MCPClient(transport, { limits: { validationTime: -1 } }));
    expect(error.details).toMatchObject({ name: 'limits.validationTime', received: '-1' });
  });

  test('MCPProtocol refuses its options, too', () => {
    expect(thrownBy(() => new MCPProtocol(transport, { timeout: 0 })).details).toMatchObject({ name: 'timeout' });
  });

  test.each([undefined, null, 'npx server', {}])('%p is no transport', (value) => {
    const make = [
      () => new MCPClient(value as MemoryTransport),
      () => new MCPConnection('a', value as MemoryTransport),
      () => new MCPProtocol(value as MemoryTransport),
    ];
    for (const construct of make) {
      expect(thrownBy(construct).message).toMatch(
        /^Invalid transport: expected an MCPTransport, got (undefined|null|string|object)$/,
      );
    }
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
      connectionTimeout: 30_000,
      monitor: true,
    });
  });
});

describe('an option of a call that cannot be used', () => {
  test.each([0, -1, NaN, '30' as unknown as number])('timeout: %p rejects, and nothing is sent', async (timeout) => {
    await using server = await serverWith(legacyScript());
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
    expect(await errorFrom(client.connect({ timeout }))).toMatchObject({ details: { name: 'timeout' } });
    expect(client.state).toBe('idle');
    const connection = new MCPConnection('a', transport);
    expect(await errorFrom(connection.connect(timeout))).toMatchObject({ details: { name: 'timeout' } });
  });

  const text = 'a text' as unknown as Record<string, string>;
  const list = [1] as unknown as Record<string, string>;
  const nothing = null as unknown as Record<string, string>;
  const number = 7 as unknown as string;
  test.each<[string, (client: MCPClient) => Promise<unknown>, object]>([
    ['callTool(7)', (client) => client.callTool(number), { name: 'name', received: '7' }],
    ["callTool('a', 'a text')", (client) => client.callTool('a', text), { name: 'args', received: 'string' }],
    ["callTool('a', [1])", (client) => client.callTool('a', list), { name: 'args', received: 'array' }],
    ["callTool('a', null)", (client) => client.callTool('a', nothing), { name: 'args', received: 'null' }],
    ['getPrompt(7)', (client) => client.getPrompt(number), { name: 'name' }],
    ["getPrompt('a', [1])", (client) => client.getPrompt('a', list), { name: 'args' }],
    ['readResource(7)', (client) => client.readResource(number), { name: 'uri' }],
    ['subscribe(7)', (client) => client.subscribe(number), { name: 'uri' }],
    ['request(7)', (client) => client.request(number), { name: 'method' }],
    ["request('a', [1])", (client) => client.request('a', list), { name: 'params' }],
    ['notify(7)', (client) => client.notify(number), { name: 'method' }],
    ["notify('a', 'a text')", (client) => client.notify('a', text), { name: 'params' }],
  ])('%s is refused: no server could read it', async (_, call, details) => {
    expect(await errorFrom(call(new MCPClient(transport)))).toMatchObject({
      code: 'MCP_INVALID_PARAMS',
      delivery: 'not-sent',
      details,
    });
  });
});
