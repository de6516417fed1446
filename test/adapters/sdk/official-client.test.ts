import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import {
  CallToolResultSchema,
  ErrorCode,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';

import { MCPClient } from '../../../src/index.js';
import { asSdkClient } from '../../../src/adapters/sdk/index.js';
import { endAfterEach } from '../../support/endings.js';
import { rejection } from '../../support/outcomes.js';
import { serverFixture } from '../../support/servers/fixture-servers.js';

// What the tests of the official client expect of it, for a server in a process. Each expectation holds for the official client and for ours.

const endLater = endAfterEach();
const EVERYTHING = require.resolve('@modelcontextprotocol/server-everything/dist/index.js');

interface Made {
  /** The official client, or ours with its methods. */
  readonly client: Client;
}

async function officialClient(args: readonly string[]): Promise<Made> {
  const client = new Client({ name: 'test', version: '1.0.0' });
  endLater(() => client.close());
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [...args], stderr: 'ignore' }));
  return { client };
}

async function ourClient(args: readonly string[]): Promise<Made> {
  const client = await MCPClient.connect({ command: process.execPath, args: [...args] });
  endLater(() => client.close());
  return { client: asSdkClient(client) };
}

const CLIENTS: [name: string, make: typeof ourClient][] = [
  ['the official client', officialClient],
  ['asSdkClient()', ourClient],
];

describe.each(CLIENTS)('%s with server-everything', (_name, make) => {
  const connect = async (): Promise<Client> => (await make([EVERYTHING])).client;

  test('knows name, capabilities and instructions of the server', async () => {
    const client = await connect();
    expect(client.getServerVersion()).toMatchObject({ name: expect.stringContaining('everything') as string });
    expect(client.getServerCapabilities()).toMatchObject({ tools: {}, prompts: {}, resources: { subscribe: true } });
    expect(client.getInstructions()).toEqual(expect.any(String));
  });

  test('lists tools, prompts, resources and templates as objects of arrays', async () => {
    const client = await connect();
    const { tools, nextCursor } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('echo');
    expect(nextCursor).toBeUndefined();
    expect((await client.listTools({ cursor: undefined })).tools).toHaveLength(tools.length);
    expect((await client.listPrompts()).prompts.length).toBeGreaterThan(0);
    expect((await client.listResources()).resources.length).toBeGreaterThan(0);
    expect((await client.listResourceTemplates()).resourceTemplates.length).toBeGreaterThan(0);
  });

  test('gives each caller a list of its own', async () => {
    const client = await connect();
    const first = await client.listTools();
    for (const tool of first.tools) tool.inputSchema.properties = { changed: {} };
    first.tools.length = 0;
    const { tools } = await client.listTools();
    expect(tools.find(({ name }) => name === 'echo')?.inputSchema.properties).toHaveProperty('message');
  });

  test('calls a tool, with and without a schema for the result', async () => {
    const client = await connect();
    const call = { name: 'echo', arguments: { message: 'hello' } };
    const expected = { content: [{ type: 'text', text: 'Echo: hello' }] };
    expect(await client.callTool(call)).toMatchObject(expected);
    expect(await client.callTool(call, undefined, {})).toMatchObject(expected);
    expect(await client.callTool(call, CallToolResultSchema, { timeout: 10_000 })).toMatchObject(expected);
  });

  test('returns a result with isError', async () => {
    const client = await connect();
    expect(await client.callTool({ name: 'echo', arguments: {} })).toMatchObject({ isError: true });
  });

  test('reports progress to onprogress', async () => {
    const client = await connect();
    const steps: number[] = [];
    const call = { name: 'trigger-long-running-operation', arguments: { duration: 0.3, steps: 3 } };
    await client.callTool(call, undefined, {
      onprogress: ({ progress, total }) => {
        expect(total).toBe(3);
        steps.push(progress);
      },
    });
    // On Node 24 the official client loses the last report, which arrives with the result.
    if (make === officialClient) expect([1, 2, 3]).toEqual(expect.arrayContaining(steps));
    else expect(steps).toEqual([1, 2, 3]);
    expect(steps.length).toBeGreaterThan(1);
  });

  test.each<[deadline: string, options: object]>([
    ['the timeout', { timeout: 100 }],
    ['the timeout, which progress does not restart by default', { timeout: 400, onprogress: () => undefined }],
    [
      'the total timeout, which progress cannot restart',
      { timeout: 10_000, maxTotalTimeout: 150, resetTimeoutOnProgress: true, onprogress: () => undefined },
    ],
  ])('rejects with the code RequestTimeout at %s', async (_deadline, options) => {
    const client = await connect();
    const call = { name: 'trigger-long-running-operation', arguments: { duration: 1, steps: 8 } };
    const error = await rejection(client.callTool(call, undefined, options));
    expect(error).toMatchObject({ name: 'McpError', code: ErrorCode.RequestTimeout });
  });

  test('restarts the timeout at progress if resetTimeoutOnProgress is set', async () => {
    const client = await connect();
    const call = { name: 'trigger-long-running-operation', arguments: { duration: 3, steps: 10 } };
    const onprogress = (): void => undefined;
    const options = { timeout: 1_500, resetTimeoutOnProgress: true, onprogress };
    expect(await client.callTool(call, undefined, options)).toHaveProperty('content');
  });

  test('rejects a call with an aborted signal, and one whose signal is aborted later', async () => {
    const client = await connect();
    const call = { name: 'trigger-long-running-operation', arguments: { duration: 20, steps: 2 } };
    expect(await rejection(client.callTool(call, undefined, { signal: AbortSignal.abort('no') }))).toBe('no');
    const abort = new AbortController();
    const calling = rejection(client.callTool(call, undefined, { signal: abort.signal }));
    abort.abort(new Error('enough'));
    expect((await calling) as Error).toMatchObject({ message: expect.stringContaining('enough') as string });
  });

  test('rejects with the code of the server', async () => {
    const client = await connect();
    expect(await rejection(client.getPrompt({ name: 'missing' }))).toMatchObject({
      name: 'McpError',
      code: ErrorCode.InvalidParams,
      message: expect.stringMatching(/^MCP error -32602: /) as string,
    });
    expect(await rejection(client.request({ method: 'no/such' }, z.object({})))).toMatchObject({
      code: ErrorCode.MethodNotFound,
    });
  });

  test('gets a prompt, reads a resource and completes an argument', async () => {
    const client = await connect();
    const { messages } = await client.getPrompt({ name: 'args-prompt', arguments: { city: 'Bern' } });
    expect(JSON.stringify(messages)).toContain('Bern');
    const [resource] = (await client.listResources()).resources;
    expect((await client.readResource({ uri: resource?.uri ?? '' })).contents).toHaveLength(1);
    const ref = { type: 'ref/prompt' as const, name: 'completable-prompt' };
    const { completion } = await client.complete({ ref, argument: { name: 'department', value: 'S' } });
    expect(completion.values).toContain('Sales');
  });

  test('pings, sets the log level and subscribes to a resource, each with an empty result', async () => {
    const client = await connect();
    expect(await client.ping()).toEqual({});
    expect(await client.setLoggingLevel('debug')).toEqual({});
    const [resource] = (await client.listResources()).resources;
    const uri = resource?.uri ?? '';
    expect(await client.subscribeResource({ uri })).toEqual({});
    expect(await client.unsubscribeResource({ uri })).toEqual({});
  });

  test('rejects with the code ConnectionClosed when it is closed during a call', async () => {
    const client = await connect();
    const call = { name: 'trigger-long-running-operation', arguments: { duration: 20, steps: 2 } };
    const calling = rejection(client.callTool(call));
    await client.close();
    expect(await calling).toMatchObject({ name: 'McpError', code: ErrorCode.ConnectionClosed });
  });
});

describe.each(CLIENTS)('%s with a server that sends notifications', (_name, make) => {
  const connect = async (): Promise<Client> => (await make([serverFixture('sdk'), 'serve'])).client;

  test('calls the newest handler of a notification with the parsed notification, until it is removed', async () => {
    const client = await connect();
    const received: unknown[] = [];
    client.setNotificationHandler(LoggingMessageNotificationSchema, () => {
      received.push('replaced');
    });
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ method, params }) => {
      received.push([method, params.data]);
    });
    await client.setLoggingLevel('debug');
    await client.callTool({ name: 'log', arguments: { level: 'info' } });
    client.removeNotificationHandler('notifications/message');
    await client.callTool({ name: 'log', arguments: { level: 'error' } });
    expect(received).toEqual([['notifications/message', { said: 'info' }]]);
  });

  test('receives the updates of a resource that it has subscribed to', async () => {
    const client = await connect();
    const [resource] = (await client.listResources()).resources;
    const uri = resource?.uri ?? '';
    const updated = new Promise<string>((resolve) => {
      client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
        resolve(params.uri);
      });
    });
    await client.subscribeResource({ uri });
    await client.callTool({ name: 'touch', arguments: { uri } });
    expect(await updated).toBe(uri);
  });
});
