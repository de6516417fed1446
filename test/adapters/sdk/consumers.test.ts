import { mcpTools } from '@anthropic-ai/sdk/helpers/beta/mcp';
import { loadMcpTools } from '@langchain/mcp-adapters';

import type { MCPClient } from '../../../src/index.js';
import { asSdkClient, SdkError } from '../../../src/adapters/sdk/index.js';
import { connectedClients } from '../support/connected.js';
import { errorThrownBy, rejection } from '../../support/outcomes.js';
import { answer, inTurn, legacyScript, refuse, silence } from '../../support/servers/scripts.js';

const { connect, everything } = connectedClients();

describe('asSdkClient() with code that expects the official client', () => {
  test("serves the tools of Anthropic's mcpTools", async () => {
    const client = await everything();
    const { tools } = await asSdkClient(client).listTools();
    const runnable = mcpTools(tools, asSdkClient(client));
    const echo = runnable.find((tool) => 'name' in tool && tool.name === 'echo');
    expect(await echo?.run({ message: 'hello' })).toMatchObject([{ type: 'text', text: 'Echo: hello' }]);
    const image = runnable.find((tool) => 'name' in tool && tool.name === 'get-tiny-image');
    expect(await image?.run({})).toMatchObject([
      { type: 'text' },
      { type: 'image', source: { type: 'base64', media_type: 'image/png' } },
      { type: 'text' },
    ]);
    // mcpTools turns a returned isError into its ToolError, with the content for the model.
    expect(await rejection(Promise.resolve(echo?.run({})))).toMatchObject({ content: [{ type: 'text' }] });
  });

  test("serves the calls of Google's mcpToTool", async () => {
    const { mcpToTool } = await import('@google/genai');
    const tool = mcpToTool(asSdkClient(await everything()), { timeout: 10_000 });
    const { functionDeclarations } = await tool.tool();
    expect(functionDeclarations?.map(({ name }) => name)).toContain('echo');
    const [part] = await tool.callTool([{ name: 'echo', args: { message: 'hello' } }]);
    expect(part?.functionResponse?.response).toMatchObject({ content: [{ text: 'Echo: hello' }] });
    const [failed] = await tool.callTool([{ name: 'echo', args: {} }]);
    expect(failed?.functionResponse?.response).toMatchObject({ error: { isError: true } });
  });

  test("serves the tools of langchain's loadMcpTools, with progress, signal and timeout", async () => {
    const progress: number[] = [];
    const tools = await loadMcpTools('everything', asSdkClient(await everything()), {
      onProgress: (step) => {
        progress.push(step.progress);
      },
    });
    const named = (name: string) => tools.find((tool) => tool.name === name);
    expect(await named('echo')?.invoke({ message: 'hello' })).toBe('Echo: hello');
    await named('trigger-long-running-operation')?.invoke({ duration: 0.3, steps: 3 });
    expect(progress).toEqual([1, 2, 3]);
    const abort = new AbortController();
    const slow = named('trigger-long-running-operation')?.invoke({ duration: 20, steps: 1 }, { signal: abort.signal });
    abort.abort();
    expect(await rejection(Promise.resolve(slow))).toBeInstanceOf(Error);
    const late = named('trigger-long-running-operation')?.invoke({ duration: 20, steps: 1 }, { timeout: 200 });
    expect(await rejection(Promise.resolve(late))).toBeInstanceOf(Error);
  });
});

describe('SdkError', () => {
  test('has the code and the data of an error response, and the error of the client as its cause', async () => {
    const { client } = await connect(legacyScript('2025-11-25', { 'tools/call': refuse(-32_042, 'Open', { a: 1 }) }));
    const error = await rejection(asSdkClient(client).callTool({ name: 'a' }));
    expect(error).toBeInstanceOf(SdkError);
    expect(error).toMatchObject({
      name: 'McpError',
      code: -32_042,
      data: { a: 1 },
      cause: { code: 'MCP_RPC_ERROR', delivery: 'answered' },
    });
  });

  test.each<[what: string, code: number, call: (client: MCPClient) => Promise<unknown>]>([
    ['a missing capability', -32_601, (client) => asSdkClient(client).listPrompts()],
    ['an invalid option', -32_602, (client) => asSdkClient(client).ping({ timeout: -1 })],
    ['an invalid parameter', -32_602, (client) => asSdkClient(client).readResource({ uri: 5 as never })],
    ['a task', -32_602, (client) => asSdkClient(client).callTool({ name: 'a' }, undefined, { task: {} } as never)],
    ['structured output that does not match', -32_602, (client) => asSdkClient(client).callTool({ name: 'wrong' })],
    [
      'a closed client',
      -32_000,
      async (client) => {
        await client.close();
        return asSdkClient(client).callTool({ name: 'a' });
      },
    ],
  ])('has a code of the official client for %s', async (_what, code, call) => {
    const tools = [{ name: 'wrong', inputSchema: { type: 'object' }, outputSchema: { type: 'object' } }];
    const script = { 'tools/list': answer({ tools }), 'tools/call': answer({ content: [] }) };
    const { client } = await connect(legacyScript('2025-11-25', script));
    await client.listTools();
    expect(await rejection(call(client))).toMatchObject({ name: 'McpError', code });
  });
});

describe('asSdkClient()', () => {
  test('requests one page of a list if it is given a cursor, and all pages otherwise', async () => {
    const page = (name: string, nextCursor?: string): object => ({
      tools: [{ name, inputSchema: { type: 'object' } }],
      nextCursor,
    });
    const script = { 'tools/list': inTurn(answer(page('a', '2')), answer(page('b')), answer(page('b', '3'))) };
    const { client, server } = await connect(legacyScript('2025-11-25', script));
    const sdk = asSdkClient(client);
    const all = await sdk.listTools();
    expect(all.tools.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(all).not.toHaveProperty('nextCursor');
    expect(await sdk.listTools({ cursor: '2' })).toMatchObject({ tools: [{ name: 'b' }], nextCursor: '3' });
    expect(server.received.at(-1)).toMatchObject({ method: 'tools/list', params: { cursor: '2' } });
  });

  test('notifies the server of an aborted call', async () => {
    const { client, server } = await connect(legacyScript('2025-11-25', { 'tools/call': silence }));
    const abort = new AbortController();
    const calling = rejection(asSdkClient(client).callTool({ name: 'a' }, { signal: abort.signal }));
    await server.receive('tools/call');
    abort.abort('enough');
    expect(await calling).toBe('enough');
    await server.receive('notifications/cancelled');
  });

  test('takes the method of a notification as version 2 of the official client does, and reports a handler that throws', async () => {
    const { client, server } = await connect(legacyScript('2025-11-25', { ping: answer({}) }));
    const sdk = asSdkClient(client);
    const received: unknown[] = [];
    const failed = new Promise((resolve) => client.on('error', resolve));
    sdk.setNotificationHandler('notifications/custom', (notification) => {
      received.push(notification);
      throw new Error('no');
    });
    server.notify('notifications/custom', { a: 1 });
    expect(await failed).toMatchObject({ code: 'MCP_HANDLER_FAILED' });
    expect(received).toEqual([{ method: 'notifications/custom', params: { a: 1 } }]);
  });

  test('refuses a schema without a literal method, and a client that is none', async () => {
    const { client } = await connect(legacyScript());
    const set = (): void => {
      asSdkClient(client).setNotificationHandler({ parse: (value) => value, shape: {} }, () => undefined);
    };
    expect(errorThrownBy(set)).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field: 'notificationSchema' } });
    expect(errorThrownBy(() => asSdkClient({} as never))).toMatchObject({ details: { field: 'client' } });
  });

  test('refuses a call in the form of MCPClient, which would lose its arguments', async () => {
    const { client, server } = await connect(legacyScript());
    const error = await rejection(asSdkClient(client).callTool('a' as never, { b: 1 } as never));
    expect(error).toMatchObject({
      name: 'McpError',
      cause: { code: 'MCP_INVALID_PARAMS', details: { field: 'params' } },
    });
    expect(server.methods).not.toContain('tools/call');
  });
});
