import { MCPToolError } from '../../../src/index.js';
import type { CallToolResult } from '../../../src/index.js';
import { langchainTools } from '../../../src/adapters/langchain/index.js';
import { connectedClients } from '../support/connected.js';
import { errorFrom, rejection } from '../../support/outcomes.js';
import { answer, legacyScript, silence } from '../../support/servers/scripts.js';
import { ALL_KINDS, DATA, SEEN } from '../support/contents.js';

const { connect, everything, serverWith } = connectedClients();
const inputSchema = { type: 'object' } as const;

/** A `ToolMessage`, as far as the tests look at it. */
interface Message {
  readonly status: string;
  readonly content: unknown;
  readonly contentBlocks: readonly { readonly type: string }[];
  readonly artifact: CallToolResult;
  readonly tool_call_id: string;
  readonly name: string;
}

type Tools = Awaited<ReturnType<typeof langchainTools>>;

function toolIn(tools: Tools, name: string): Tools[number] {
  const tool = tools.find((one) => one.name === name);
  if (tool === undefined) throw new Error(`There is no tool ${name}`);
  return tool;
}

async function firstTool(...args: Parameters<typeof langchainTools>): Promise<Tools[number]> {
  const [tool] = await langchainTools(...args);
  if (tool === undefined) throw new Error('There is no tool');
  return tool;
}

/** Invokes a tool with a tool call, as an agent does. */
async function messageOf(tool: Tools[number], args: object = {}, config: object = {}): Promise<Message> {
  const call = { type: 'tool_call' as const, id: 'call-1', name: tool.name, args: { ...args } };
  const message: unknown = await tool.invoke(call, config);
  return message as Message;
}

describe('langchainTools()', () => {
  test('gives tools that LangChain recognises, with the description, the schema and the annotations of the server', async () => {
    const { DynamicStructuredTool, isStructuredTool } = await import('@langchain/core/tools');
    const tool = toolIn(await langchainTools(await everything()), 'echo');
    expect(tool).toBeInstanceOf(DynamicStructuredTool);
    expect(isStructuredTool(tool)).toBe(true);
    expect(tool.description).toContain('Echo');
    expect(tool.schema).toMatchObject({ type: 'object', properties: { message: { type: 'string' } } });
    expect(tool.metadata).toHaveProperty('annotations');
  });

  test('answers a tool call with a ToolMessage that has the content, and the whole result as its artifact', async () => {
    const { ToolMessage } = await import('@langchain/core/messages');
    const tools = await langchainTools(await everything());
    const message = await messageOf(toolIn(tools, 'echo'), { message: 'hello' });
    expect(message).toBeInstanceOf(ToolMessage);
    expect(message).toMatchObject({
      status: 'success',
      content: 'Echo: hello',
      artifact: { content: [{ type: 'text', text: 'Echo: hello' }] },
      tool_call_id: 'call-1',
      name: 'echo',
    });
    const structured = await messageOf(toolIn(tools, 'get-structured-content'), { location: 'Chicago' });
    expect(structured.artifact.structuredContent).toMatchObject({ conditions: expect.any(String) as string });
  });

  test('answers bare arguments with the content alone', async () => {
    const tool = toolIn(await langchainTools(await everything()), 'echo');
    expect(await tool.invoke({ message: 'hello' })).toBe('Echo: hello');
  });

  test('gives images, audio and files as content blocks that LangChain reads', async () => {
    const { client } = await serverWith(ALL_KINDS);
    const tool = await firstTool(client);
    const message = await messageOf(tool);
    const seen = JSON.stringify(message.content).replaceAll('\\"', '"');
    for (const text of [...SEEN, ...Object.values(DATA)]) expect(seen).toContain(text);
    expect(message.contentBlocks.filter(({ type }) => type !== 'text')).toMatchObject([
      { type: 'image', mimeType: 'image/png', data: DATA.image },
      { type: 'audio', mimeType: 'audio/wav', data: DATA.audio },
      { type: 'file', mimeType: 'application/pdf', data: DATA.pdf },
    ]);
    expect(message.artifact).toEqual(ALL_KINDS);
  });

  test('marks the message of a tool that reports an error, and of a call that fails', async () => {
    const failed: CallToolResult = { content: [{ type: 'text', text: 'disk full' }], isError: true };
    const { client } = await serverWith(failed);
    const tool = await firstTool(client);
    expect(await messageOf(tool)).toMatchObject({
      status: 'error',
      content: 'disk full',
      artifact: failed,
      tool_call_id: 'call-1',
    });
    const error = await errorFrom(tool.invoke({}) as Promise<unknown>);
    expect(error).toBeInstanceOf(MCPToolError);
    expect(error).toMatchObject({ message: 'The tool a reported an error: disk full', details: { result: failed } });

    await client.close();
    const closed = await messageOf(tool);
    expect(closed).toMatchObject({ status: 'error', content: expect.stringContaining('MCP_') as string });
  });

  test.each([false, true])(
    'notifies the server when the signal of the config is aborted, with progress: %s',
    async (progress) => {
      const script = { 'tools/list': answer({ tools: [{ name: 'a', inputSchema }] }), 'tools/call': silence };
      const { client, server } = await connect(legacyScript('2025-11-25', script));
      const tool = await firstTool(client, { progress });
      const abort = new AbortController();
      const calling = rejection(messageOf(tool, {}, { signal: abort.signal }));
      const { id } = await server.receive('tools/call');
      abort.abort();
      expect(await server.receive('notifications/cancelled')).toMatchObject({ params: { requestId: id } });
      expect(await calling).toHaveProperty('name', 'AbortError');

      const late = rejection(messageOf(tool, {}, { timeout: 100 }));
      expect(await server.receive('notifications/cancelled')).toMatchObject({ method: 'notifications/cancelled' });
      expect(await late).toHaveProperty('message');
    },
  );

  test('passes the progress of the server to handleToolEvent, and the result to the message', async () => {
    const tools = await langchainTools(await everything(), { progress: true });
    const events: { type?: string; progress?: number }[] = [];
    const handleToolEvent = (event: object): void => {
      events.push(event);
    };
    const message = await messageOf(
      toolIn(tools, 'trigger-long-running-operation'),
      { duration: 0.3, steps: 3 },
      { callbacks: [{ handleToolEvent }] },
    );
    expect(events.at(-1)).toMatchObject({ type: 'progress', progress: 3, total: 3 });
    expect(message).toMatchObject({ status: 'success', content: expect.stringContaining('completed') as string });
  });

  test('does not send a call that is not approved', async () => {
    const { client, server } = await serverWith({ content: [] });
    const tool = await firstTool(client, { approve: (_tool, args) => args['path'] === '/tmp' });
    expect(await messageOf(tool, { path: '/' })).toMatchObject({ status: 'error' });
    expect(server.methods).not.toContain('tools/call');
    expect(await messageOf(tool, { path: '/tmp' })).toMatchObject({ content: '[no content]' });
  });

  test('refuses unknown options', async () => {
    const { client } = await serverWith({ content: [] });
    expect(await rejection(langchainTools(client, { progres: true } as never))).toMatchObject({
      code: 'MCP_INVALID_PARAMS',
      details: { field: 'progres' },
    });
  });
});
