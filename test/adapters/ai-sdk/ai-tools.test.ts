import type { CallToolResult, MCPTool } from '../../../src/index.js';
import { aiTools } from '../../../src/adapters/ai-sdk/index.js';
import type { AiTool } from '../../../src/adapters/ai-sdk/index.js';
import { connectedClients } from '../support/connected.js';
import { rejection } from '../../support/outcomes.js';
import { answer, legacyScript, silence } from '../../support/servers/scripts.js';
import { conversations } from '../support/ai-sdks.js';
import type { Converse } from '../support/ai-sdks.js';
import { ALL_KINDS, DATA, SEEN } from '../support/contents.js';

const { connect, everything, serverWith } = connectedClients();
const inputSchema = { type: 'object' } as const;

const FACES = ([5, 6, 7] as const).flatMap((version) =>
  (['generateText', 'streamText'] as const).map((name) => [version, name] as const),
);

describe.each(FACES)('aiTools() with ai %i and %s', (version, name) => {
  let converse: Converse;

  beforeAll(async () => {
    converse = (await conversations(version))[name];
  });

  test('runs two steps, and shows the model the text and the image of the server', async () => {
    const tools = await aiTools(await everything(), { version });
    const { text, prompts } = await converse(tools, [
      { tool: 'echo', input: { message: 'hello' } },
      { tool: 'get-tiny-image' },
      'Done',
    ]);
    expect(text).toBe('Done');
    const [[echo] = [], [image] = []] = prompts;
    expect(echo?.output).toMatchObject({ type: 'text', value: 'Echo: hello' });
    expect(image?.output.type).toBe('content');
    const parts = image?.output.value as { type: string; mediaType?: string }[];
    const type = { 5: 'media', 6: 'image-data', 7: 'file' }[version];
    expect(parts.filter((part) => part.type !== 'text')).toMatchObject([{ type, mediaType: 'image/png' }]);
    expect(JSON.stringify(parts)).toContain('iVBORw0KGgo');
  });

  test('yields the progress of the server before the result', async () => {
    const tools = await aiTools(await everything(), { version, progress: true });
    const { prompts, preliminary } = await converse(tools, [
      { tool: 'trigger-long-running-operation', input: { duration: 0.3, steps: 3 } },
    ]);
    expect(prompts[0]?.[0]?.output).toMatchObject({
      type: 'text',
      value: expect.stringContaining('completed') as string,
    });
    if (name === 'streamText') {
      const progress = preliminary.filter((output) => (output as { type?: string }).type === 'progress');
      expect(progress.at(-1)).toMatchObject({ type: 'progress', progress: 3, total: 3 });
    }
  });

  test('notifies the server when the signal of the SDK is aborted', async () => {
    const script = { 'tools/list': answer({ tools: [{ name: 'a', inputSchema }] }), 'tools/call': silence };
    const { client, server } = await connect(legacyScript('2025-11-25', script));
    for (const progress of [false, true]) {
      const abort = new AbortController();
      const tools = await aiTools(client, { version, progress });
      const talking = rejection(converse(tools, [{ tool: 'a' }], abort.signal));
      const call = await server.receive('tools/call');
      const reason = new DOMException('enough', 'AbortError');
      abort.abort(reason);
      expect(await server.receive('notifications/cancelled')).toMatchObject({ params: { requestId: call.id } });
      expect(await talking).toBe(reason);
    }
  });

  test('gives the model all kinds of content, and the error of a tool that failed', async () => {
    const { client } = await serverWith(ALL_KINDS);
    const { prompts } = await converse(await aiTools(client, { version }), [{ tool: 'a' }]);
    const seen = JSON.stringify(prompts).replaceAll('\\"', '"');
    for (const text of [...SEEN, ...Object.values(DATA)]) expect(seen).toContain(text);

    const failing = await serverWith({ content: [{ type: 'text', text: 'disk full' }], isError: true });
    const failed = await converse(await aiTools(failing.client, { version }), [{ tool: 'a' }]);
    expect(failed.prompts[0]?.[0]?.output).toMatchObject({ type: 'error-text', value: 'disk full' });
  });

  test('asks for approval before it sends a destructive call', async () => {
    const { client, server } = await serverWith({ content: [] }, { annotations: { destructiveHint: true } });
    const tools = await aiTools(client, { version, approve: 'destructive' });
    const { content, prompts } = await converse(tools, [{ tool: 'a' }]);
    expect(server.methods).not.toContain('tools/call');
    // Version 5 has no approval, so the model gets the refusal.
    if (version === 5) expect(JSON.stringify(prompts)).toContain('not approved');
    else expect(content.map(({ type }) => type)).toContain('tool-approval-request');
  });
});

describe('aiTools()', () => {
  async function toolOf(
    result: object,
    options: Parameters<typeof aiTools>[1] = {},
    tool: Partial<MCPTool> = {},
  ): Promise<AiTool> {
    const { client } = await serverWith(result, tool);
    const tools = await aiTools(client, { version: 7, ...options });
    return Object.values(tools)[0] as AiTool;
  }

  test('recognises version 5 by the argument of toModelOutput, also if another version was given', async () => {
    const tool = await toolOf({ content: [] });
    const output: CallToolResult = { content: [{ type: 'image', data: 'AA==', mimeType: 'image/png' }] };
    expect(tool.toModelOutput(output)).toEqual({
      type: 'content',
      value: [{ type: 'media', data: 'AA==', mediaType: 'image/png' }],
    });
    expect(tool.toModelOutput({ toolCallId: '1', input: {}, output })).toEqual({
      type: 'content',
      value: [{ type: 'file', data: { type: 'data', data: 'AA==' }, mediaType: 'image/png' }],
    });
  });

  test('converts outputs that are no results, and results without content', async () => {
    const tool = await toolOf({ content: [] });
    expect(tool.toModelOutput({ type: 'progress', progress: 1 })).toEqual({
      type: 'text',
      value: '{"type":"progress","progress":1}',
    });
    for (const output of [undefined, null, 5, [], {}])
      expect(tool.toModelOutput(output)).toHaveProperty('type', 'text');
    expect(tool.toModelOutput({ content: [] })).toEqual({ type: 'text', value: '[no content]' });
  });

  test('does not repeat structured content that a text contains already', async () => {
    const tool = await toolOf({ content: [] });
    const content = [{ type: 'text', text: '{ "a": 1 }' }];
    expect(tool.toModelOutput({ content, structuredContent: { a: 1 } })).toEqual({ type: 'text', value: '{ "a": 1 }' });
    const longer = { type: 'text', value: '{ "a": 1 }\n{"a":2}' };
    expect(tool.toModelOutput({ content, structuredContent: { a: 2 } })).toEqual(longer);
  });

  test('gives the model the failure of a call as a result, which says whether the tool may have run', async () => {
    const script = { 'tools/list': answer({ tools: [{ name: 'a', inputSchema }] }), 'tools/call': silence };
    const { client } = await connect(legacyScript('2025-11-25', script), { timeout: 30 });
    const { a } = await aiTools(client, { version: 7 });
    const output = await (a?.execute({}, {}) as Promise<CallToolResult>);
    expect(output).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining('MCP_TIMEOUT') as string }],
    });
    expect(JSON.stringify(output)).toContain('The tool may have run.');
    expect(await (a?.execute([], {}) as Promise<CallToolResult>)).toHaveProperty('isError', true);
  });

  test('aborts the call when the reader of the progress leaves', async () => {
    const script = { 'tools/list': answer({ tools: [{ name: 'a', inputSchema }] }), 'tools/call': silence };
    const { client, server } = await connect(legacyScript('2025-11-25', script));
    const { a } = await aiTools(client, { version: 7, progress: true });
    const outputs = a?.execute({}, {}) as AsyncGenerator;
    const first = outputs.next();
    const { id, params } = await server.receive('tools/call');
    const { progressToken } = (params as { _meta: { progressToken: string } })._meta;
    server.notify('notifications/progress', { progressToken, progress: 1 });
    expect(await first).toMatchObject({ value: { type: 'progress', progress: 1 } });
    await outputs.return(undefined);
    expect(await server.receive('notifications/cancelled')).toMatchObject({ params: { requestId: id } });
  });

  test('asks a function for approval, and asks the user if it throws', async () => {
    const approve = (_tool: MCPTool, args: Readonly<Record<string, unknown>>): boolean => {
      if (args['path'] === undefined) throw new Error('no path');
      return args['path'] === '/tmp';
    };
    const tool = await toolOf({ content: [] }, { approve });
    expect(await tool.needsApproval?.({ path: '/tmp' })).toBe(false);
    expect(await tool.needsApproval?.({ path: '/' })).toBe(true);
    expect(await tool.needsApproval?.({})).toBe(true);
    expect((await toolOf({ content: [] })).needsApproval).toBeUndefined();
  });

  test('chooses tools, gives them names that providers take, and keeps the name of the server for the call', async () => {
    const tools = ['a', 'b', 'dots.and spaces', 'x'.repeat(100)].map((name) => ({ name, inputSchema }));
    const script = { 'tools/list': answer({ tools }), 'tools/call': answer({ content: [] }) };
    const { client, server } = await connect(legacyScript('2025-11-25', script));
    const names = Object.keys(await aiTools(client, { version: 7, exclude: ['b'] }));
    expect(names).toEqual([
      'a',
      expect.stringMatching(/^dots_and_spaces_[0-9a-f]{6}$/) as string,
      expect.stringMatching(/^x{57}_[0-9a-f]{6}$/) as string,
    ]);
    const chosen = await aiTools(client, { version: 7, include: ({ name }) => name.includes('.') });
    await Object.values(chosen)[0]?.execute({}, {});
    expect(server.received.at(-1)).toMatchObject({ params: { name: 'dots.and spaces' } });
    expect(Object.keys(await aiTools(client, { version: 7, include: ['b'] }))).toEqual(['b']);
  });

  test('shortens a long text, and asks for a handle', async () => {
    const content = [{ type: 'text', text: `head${'🙂'.repeat(100)}tail` }];
    const tool = await toolOf({ content }, { maxResultChars: 25 });
    const output = (await tool.execute({}, {})) as CallToolResult;
    const { text } = output.content[0] as { text: string };
    expect(text).toMatch(/^head🙂+\n\[… \d+ characters are missing …\]\n🙂+tail$/u);
    const handled = await toolOf(
      { content },
      { maxResultChars: 25, onLargeResult: ({ text: long }) => `${long.length} in a file` },
    );
    expect(await handled.execute({}, {})).toMatchObject({ content: [{ text: '208 in a file' }] });
  });

  test.each<[options: object, field: string]>([
    [{ version: 4 }, 'version'],
    [{ progres: true }, 'progres'],
    [{ approve: 'always' }, 'approve'],
    [{ maxResultChars: 0 }, 'maxResultChars'],
    [{ progress: 1 }, 'progress'],
  ])('refuses the options %o', async (options, field) => {
    const { client } = await serverWith({ content: [] });
    expect(await rejection(aiTools(client, options))).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field } });
    expect(await rejection(aiTools({} as never))).toMatchObject({ details: { field: 'source' } });
  });
});
