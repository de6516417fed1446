import { MCPClient } from '../../src/index.js';
import type { Params, Progress, ServerInfo } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { isAlive } from '../support/servers/processes.js';
import { sdkServer } from '../support/servers/real-servers.js';

// Processes start slowly on a machine that is busy.
jest.setTimeout(30_000);

const GREETING = 'fixture://greeting';

let stderr = '';
const transport = sdkServer('serve', { onStderr: (text) => (stderr += text) });
const client = new MCPClient(transport);
const announced = new ClientRecorder(client, ['log', 'toolsChanged']);
let info: ServerInfo;

beforeAll(async () => {
  info = await client.connect();
});

afterAll(async () => {
  const { pid } = transport;
  await client.disconnect();
  expect(isAlive(pid as number)).toBe(false);
  expect([...announced.error, ...announced.warning]).toEqual([]);
});

describe('a modern server of the official SDK', () => {
  test('is found by asking', async () => {
    expect(info).toMatchObject({
      name: 'sdk-fixture',
      title: 'Fixture',
      era: 'modern',
      protocolVersion: '2026-07-28',
      instructions: 'Add before you forget.',
    });
    expect(await client.getCapabilities()).toContain('resources.subscribe');
  });

  test('lists its tools, prompts, resources and templates', async () => {
    expect((await client.listTools()).map(({ name }) => name)).toEqual([
      'add',
      'count',
      'fail',
      'hang',
      'log',
      'grow',
      'touch',
      'ask',
    ]);
    expect(await client.listPrompts()).toMatchObject([
      { name: 'greet', arguments: [{ name: 'name', required: true }] },
    ]);
    expect(await client.listResources()).toMatchObject([{ uri: GREETING, mimeType: 'text/plain' }]);
    expect(await client.listResourceTemplates()).toMatchObject([{ uriTemplate: 'fixture://users/{name}' }]);
  });

  test('runs tools, with structured content and progress', async () => {
    const sum = await client.callTool('add', { a: 2, b: 3 });
    expect(sum.structuredContent).toEqual({ sum: 5 });
    expect(textOf(sum)).toBe('5');
    const progress: Progress[] = [];
    await client.callTool('count', { to: 3 }, { onProgress: (one) => progress.push(one) });
    expect(progress).toEqual(
      [1, 2, 3].map((step) => ({ progress: step, total: 3, message: `step ${step}`, attempt: 1 })),
    );
  });

  test('reads resources, fills in prompts and completes arguments', async () => {
    expect((await client.readResource(GREETING)).contents).toEqual([
      { uri: GREETING, mimeType: 'text/plain', text: 'Hello' },
    ]);
    expect((await client.readResource('fixture://users/ada')).contents[0]).toMatchObject({ text: 'User ada' });
    const { messages } = await client.getPrompt('greet', { name: 'ada' });
    expect(messages).toEqual([{ role: 'user', content: { type: 'text', text: 'Greet ada' } }]);
    const argument = { name: 'name', value: 'a' };
    const forPrompt = await client.complete({ ref: { type: 'ref/prompt', name: 'greet' }, argument });
    expect(forPrompt.values).toEqual(['ada', 'alan']);
    const uri = 'fixture://users/{name}';
    const forResource = await client.complete({ ref: { type: 'ref/resource', uri }, argument });
    expect(forResource.values).toEqual(['ada', 'alan']);
  });

  test('announces the changes of a resource for as long as it is subscribed to', async () => {
    const heard: Params[] = [];
    client.addNotificationHandler('resources/updated', (params) => heard.push(params as Params));
    await client.callTool('touch', { uri: GREETING });
    await client.subscribe(GREETING);
    await client.callTool('touch', { uri: GREETING });
    await client.callTool('touch', { uri: 'fixture://users/ada' });
    expect(heard.map(({ uri }) => uri)).toEqual([GREETING]);
    await client.unsubscribe(GREETING);
    // By its answer the server has taken the new subscription, and the client has ended the old one.
    await client.ping();
    await client.callTool('touch', { uri: GREETING });
    expect(heard).toHaveLength(1);
  });

  test('need not be asked for its tools again while its answer is fresh', async () => {
    const tools = await client.listTools();
    process.kill(transport.pid as number, 'SIGSTOP');
    try {
      expect(await client.listTools()).toEqual(tools);
    } finally {
      process.kill(transport.pid as number, 'SIGCONT');
    }
  });

  test('announces a new tool, which makes the list stale although it might be kept for a minute', async () => {
    const before = await client.listTools();
    await client.callTool('grow');
    const [difference] = await announced.first('toolsChanged');
    expect(difference).toMatchObject({ added: ['grown'], removed: [], changed: [] });
    const after = await client.listTools();
    expect(after.map(({ name }) => name)).toEqual([...before.map(({ name }) => name), 'grown']);
    expect(textOf(await client.callTool('grown'))).toBe('new');
  });

  test('logs what a call asked for, by the level in its metadata', async () => {
    await client.callTool('log', { level: 'error' });
    expect(announced.log).toEqual([]);
    await client.setLogLevel('warning');
    await client.callTool('log', { level: 'info' });
    await client.callTool('log', { level: 'error' });
    expect(announced.log).toEqual([{ level: 'error', logger: 'fixture', data: { said: 'error' } }]);
  });

  test('shows signs of life', async () => {
    expect(await client.ping()).toBeGreaterThan(0);
    expect(await client.healthCheck()).toMatchObject({ connected: true, latency: expect.any(Number) as number });
  });

  test.each<[what: string, call: () => Promise<unknown>, error: object]>([
    ['an unknown tool', () => client.callTool('nope'), { name: 'MCPToolError', errorCode: -32602 }],
    ['wrong arguments', () => client.callTool('add', { a: 'x' }), { name: 'MCPToolError' }],
    ['a tool that throws', () => client.callTool('fail'), { name: 'MCPToolError', result: { isError: true } }],
    [
      'an unknown resource',
      () => client.readResource('fixture://nope'),
      { name: 'MCPProtocolError', errorCode: -32602 },
    ],
    ['an unknown prompt', () => client.getPrompt('nope'), { name: 'MCPProtocolError', errorCode: -32602 }],
    ['an unknown method', () => client.request('no/such'), { name: 'MCPProtocolError', errorCode: -32601 }],
    ['to go on without input that we did not offer', () => client.callTool('ask'), { errorCode: -32021 }],
  ])('refuses %s, and says why', async (_what, call, error) => {
    await expect(call()).rejects.toMatchObject({ delivery: 'answered', ...error });
    expect(client.state).toBe('ready');
  });

  test('receives the cancellation of an aborted call', async () => {
    await expect(client.callTool('hang', {}, { timeout: 50 })).rejects.toMatchObject({
      name: 'MCPTimeoutError',
      delivery: 'unknown',
    });
    expect(await client.ping()).toBeGreaterThan(0);
    expect(stderr).toBe('cancelled\n');
  });
});
