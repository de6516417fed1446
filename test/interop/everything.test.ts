import { MCPClient } from '../../src/index.js';
import type { Progress, ServerInfo } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { isAlive } from '../support/servers/processes.js';
import { referenceServer } from '../support/servers/real-servers.js';

// Processes start slowly on a machine that is busy.
jest.setTimeout(30_000);

const DOCUMENT = 'demo://resource/static/document/features.md';

const transport = referenceServer('everything', ['stdio']);
const client = new MCPClient(transport);
const announced = new ClientRecorder(client, ['log']);
let info: ServerInfo;

beforeAll(async () => {
  info = await client.connect();
});

afterAll(async () => {
  const { pid } = transport;
  await client.disconnect();
  expect(client.state).toBe('closed');
  expect(transport.pid).toBeUndefined();
  expect(isAlive(pid as number)).toBe(false);
  expect([...announced.error, ...announced.warning]).toEqual([]);
});

describe('server-everything', () => {
  test('is a legacy server that says who it is and what it can do', async () => {
    expect(info).toMatchObject({
      name: 'mcp-servers/everything',
      title: 'Everything Reference Server',
      era: 'legacy',
      protocolVersion: '2025-11-25',
      instructions: expect.stringContaining('#') as string,
    });
    expect(await client.getServerInfo()).toEqual(info);
    expect(await client.getCapabilities()).toEqual([
      'completions',
      'logging',
      'prompts',
      'prompts.listChanged',
      'resources',
      'resources.listChanged',
      'resources.subscribe',
      'tools',
      'tools.listChanged',
    ]);
    expect(announced.state).toEqual(['connecting', 'initializing', 'ready']);
  });

  test('lists its tools, prompts, resources and templates', async () => {
    const names = (items: readonly { name: string }[]): string[] => items.map(({ name }) => name);
    expect(names(await client.listTools())).toEqual(
      expect.arrayContaining(['echo', 'get-sum', 'get-structured-content', 'trigger-long-running-operation']),
    );
    expect(names(await client.listPrompts())).toEqual([
      'simple-prompt',
      'args-prompt',
      'completable-prompt',
      'resource-prompt',
    ]);
    expect((await client.listResources()).map(({ uri }) => uri)).toContain(DOCUMENT);
    expect((await client.listResourceTemplates()).map(({ uriTemplate }) => uriTemplate)).toEqual([
      'demo://resource/dynamic/text/{resourceId}',
      'demo://resource/dynamic/blob/{resourceId}',
    ]);
  });

  test('runs tools with every kind of content', async () => {
    expect(textOf(await client.callTool('echo', { message: 'grüß 漢字 🎉\n\u2028' }))).toBe(
      'Echo: grüß 漢字 🎉\n\u2028',
    );
    expect(textOf(await client.callTool('get-sum', { a: 0.5, b: -2 }))).toContain('-1.5');
    const image = await client.callTool('get-tiny-image');
    expect(image.content.map(({ type }) => type)).toEqual(['text', 'image', 'text']);
    const links = await client.callTool('get-resource-links', { count: 3 });
    expect(links.content.map(({ type }) => type)).toEqual(['text', 'resource_link', 'resource_link', 'resource_link']);
    const embedded = await client.callTool('get-resource-reference', { resourceType: 'Text', resourceId: 1 });
    expect(embedded.content.map(({ type }) => type)).toContain('resource');
    const annotated = await client.callTool('get-annotated-message', { messageType: 'error' });
    expect(annotated.content[0]).toMatchObject({ type: 'text', annotations: { priority: 1 } });
  });

  test('gives structured content, which is checked against the schema of the tool', async () => {
    await client.listTools();
    const { structuredContent } = await client.callTool('get-structured-content', { location: 'Chicago' });
    expect(structuredContent).toEqual({ temperature: 36, conditions: 'Light rain / drizzle', humidity: 82 });
  });

  test('reports the progress of a long call', async () => {
    const progress: Progress[] = [];
    const result = await client.callTool(
      'trigger-long-running-operation',
      { duration: 0.2, steps: 4 },
      { onProgress: (one) => progress.push(one) },
    );
    expect(textOf(result)).toContain('Long running operation completed');
    expect(progress).toEqual([1, 2, 3, 4].map((step) => ({ progress: step, total: 4, attempt: 1 })));
  });

  test('does a hundred things at once, and each answer reaches the one who asked', async () => {
    const messages = Array.from({ length: 100 }, (_, index) => `message ${index}`);
    const results = await Promise.all(messages.map((message) => client.callTool('echo', { message })));
    expect(results.map(textOf)).toEqual(messages.map((message) => `Echo: ${message}`));
  });

  test('reads resources as text and as bytes', async () => {
    const [document] = (await client.readResource(DOCUMENT)).contents;
    expect(document).toMatchObject({ uri: DOCUMENT, text: expect.stringContaining('Everything Server') as string });
    const [text] = (await client.readResource('demo://resource/dynamic/text/7')).contents;
    expect(text).toMatchObject({ text: expect.stringContaining('Resource 7') as string });
    const [blob] = (await client.readResource('demo://resource/dynamic/blob/7')).contents;
    const bytes = Buffer.from((blob as { blob: string }).blob, 'base64');
    expect(bytes.toString()).toContain('Resource 7');
  });

  test('fills in prompts, with and without arguments', async () => {
    expect((await client.getPrompt('simple-prompt')).messages).toHaveLength(1);
    const { messages } = await client.getPrompt('args-prompt', { city: 'Oslo', state: 'Norway' });
    expect(messages[0]?.content).toEqual({ type: 'text', text: "What's weather in Oslo, Norway?" });
    const embedded = await client.getPrompt('resource-prompt', { resourceType: 'Text', resourceId: '1' });
    expect(embedded.messages[1]?.content.type).toBe('resource');
  });

  test('completes arguments, also with the help of others', async () => {
    const ref = { type: 'ref/prompt', name: 'completable-prompt' } as const;
    const departments = await client.complete({ ref, argument: { name: 'department', value: 'S' } });
    expect(departments.values).toEqual(['Sales', 'Support']);
    const names = await client.complete({
      ref,
      argument: { name: 'name', value: '' },
      context: { arguments: { department: 'Sales' } },
    });
    expect(names.values).toEqual(['David', 'Eve', 'Frank']);
    const ids = await client.complete({
      ref: { type: 'ref/resource', uri: 'demo://resource/dynamic/text/{resourceId}' },
      argument: { name: 'resourceId', value: '12' },
    });
    expect(ids.values).toEqual(['12']);
  });

  test('announces the changes of a resource for as long as it is subscribed to', async () => {
    const uris: unknown[] = [];
    const heard = (params?: Readonly<Record<string, unknown>>): number => uris.push(params?.['uri']);
    client.addNotificationHandler('resources/updated', heard);
    await client.subscribe(DOCUMENT);
    // It announces all that is subscribed to at once, before it answers, and then every five seconds.
    await client.callTool('toggle-subscriber-updates');
    expect(uris).toEqual([DOCUMENT]);
    await client.callTool('toggle-subscriber-updates');
    await client.unsubscribe(DOCUMENT);
    await client.callTool('toggle-subscriber-updates');
    await client.callTool('toggle-subscriber-updates');
    expect(uris).toEqual([DOCUMENT]);
    client.removeNotificationHandler('resources/updated', heard);
  });

  test('logs from the level on that was asked for', async () => {
    await client.setLogLevel('debug');
    await client.callTool('toggle-simulated-logging');
    const [message] = await announced.first('log');
    expect(message).toMatchObject({ level: expect.any(String) as string, data: expect.anything() as unknown });
    await client.callTool('toggle-simulated-logging');
    await client.setLogLevel('emergency');
  });

  test('answers pings', async () => {
    expect(await client.ping()).toBeGreaterThan(0);
    expect(await client.healthCheck()).toMatchObject({
      connected: true,
      state: 'ready',
      transportType: 'StdioTransport',
      latency: expect.any(Number) as number,
    });
  });

  test.each<[what: string, call: () => Promise<unknown>, error: object]>([
    ['an unknown tool', () => client.callTool('no-such-tool'), { name: 'MCPToolError', tool: 'no-such-tool' }],
    ['wrong arguments', () => client.callTool('get-sum', { a: 'one' }), { name: 'MCPToolError', tool: 'get-sum' }],
    ['an unknown prompt', () => client.getPrompt('no-such-prompt'), { name: 'MCPProtocolError', errorCode: -32602 }],
    [
      'a prompt without what it needs',
      () => client.getPrompt('args-prompt', {}),
      { name: 'MCPProtocolError', errorCode: -32602 },
    ],
    ['an unknown resource', () => client.readResource('demo://nowhere'), { name: 'MCPProtocolError' }],
    ['an unknown method', () => client.request('no/such/method'), { name: 'MCPProtocolError', errorCode: -32601 }],
  ])('refuses %s, and says why', async (_what, call, error) => {
    await expect(call()).rejects.toMatchObject({ delivery: 'answered', ...error });
    expect(client.state).toBe('ready');
  });

  test('receives the cancellation of an aborted call', async () => {
    const controller = new AbortController();
    const call = client.callTool(
      'trigger-long-running-operation',
      { duration: 60, steps: 600 },
      {
        signal: controller.signal,
        onProgress: () => {
          controller.abort('enough');
        },
      },
    );
    await expect(call).rejects.toBe('enough');
    expect(await client.ping()).toBeGreaterThan(0);
  });
});
