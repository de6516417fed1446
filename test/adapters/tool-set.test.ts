import { failed } from '../../src/adapters/adapted-tool.js';
import { openaiTools } from '../../src/adapters/openai/index.js';
import { headAndTail } from '../../src/adapters/large-results.js';
import type { ToolSetOptions } from '../../src/adapters/tool-options.js';
import { adaptedTools, ToolSet } from '../../src/adapters/tool-set.js';
import { MCPConnectionError, MCPError, textOf } from '../../src/index.js';
import type { CallToolResult, MCPTool } from '../../src/index.js';
import { sourceOf } from './support/tool-sources.js';
import type { ReceivedCall } from './support/tool-sources.js';

const inputSchema = { type: 'object' } as const;
const TOOL: MCPTool = { name: 'a', inputSchema };

type Respond = (...call: ReceivedCall) => CallToolResult | Promise<CallToolResult>;

async function setOf(options: ToolSetOptions, respond?: Respond, tools: readonly MCPTool[] = [TOOL]) {
  const source = sourceOf(tools, respond);
  return { source, set: new ToolSet(await adaptedTools({ adapter: 'test' }, source, options)) };
}

const text = (value: string): CallToolResult => ({ content: [{ type: 'text', text: value }] });

describe('the options of a tool set', () => {
  test.each<[string, object]>([
    ['aprove', { aprove: 'destructive' }],
    ['approve', { approve: 'always' }],
    ['maxResultChars', { maxResultChars: 0 }],
    ['include', { include: 'a' }],
    ['include.force', { include: { force: 'a' } }],
    ['include.froce', { include: { froce: ['a'] } }],
    ['exclude', { exclude: [1] }],
    ['onProblem', { onProblem: true }],
  ])('refuse a wrong %s with MCP_INVALID_PARAMS', async (field, options) => {
    const refused = setOf(options);
    await expect(refused).rejects.toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field } });
  });

  test('choose tools by names, by a function, and by exclusion', async () => {
    const tools = ['a', 'b', 'c'].map((name) => ({ name, inputSchema }));
    const names = async (options: ToolSetOptions): Promise<string[]> =>
      (await setOf(options, undefined, tools)).set.tools.map(({ name }) => name);
    expect(await names({ include: ['a', 'b'], exclude: ['b'] })).toEqual(['a']);
    expect(await names({ include: ({ name }) => name > 'a' })).toEqual(['b', 'c']);
    expect(await names({ include: { names: ['c'] } })).toEqual(['c']);
  });
});

describe('a tool that a provider would refuse', () => {
  const broken: MCPTool = { name: 'broken', inputSchema: { ...inputSchema, properties: { a: { $ref: '#/gone' } } } };

  test('is left out with a problem that names it, and hides no other tool', async () => {
    const problems: Error[] = [];
    const { set } = await setOf({ onProblem: (problem) => problems.push(problem) }, undefined, [broken, TOOL]);
    expect(set.tools.map(({ name }) => name)).toEqual(['a']);
    expect(problems).toMatchObject([{ code: 'MCP_TOOL_LEFT_OUT', details: { tool: 'broken', provider: 'openai' } }]);
    expect(problems[0]?.message).toMatch(/^The tool broken is left out: OpenAI would refuse it: .*#\/gone/);
  });

  test('because openaiTools() needs strict tools is reported as well', async () => {
    const problems: Error[] = [];
    const free: MCPTool = { name: 'free', inputSchema: { ...inputSchema, additionalProperties: {} } };
    const options = { strict: true, onProblem: (problem: Error) => problems.push(problem) };
    const { tools } = await openaiTools(sourceOf([free, TOOL]), options);
    expect(tools.map(({ name }) => name)).toEqual(['a']);
    expect(problems).toMatchObject([{ code: 'MCP_TOOL_LEFT_OUT', details: { tool: 'free' } }]);
  });

  test('stays with include.force', async () => {
    const { set } = await setOf({ include: { force: ['broken'] } }, undefined, [broken, TOOL]);
    expect(set.tools.map(({ name }) => name)).toEqual(['broken', 'a']);
  });

  test('breaks no list when onProblem throws', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const onProblem = (): never => {
      throw new Error('mine');
    };
    const { set } = await setOf({ onProblem }, undefined, [broken, TOOL]);
    expect(set.tools).toHaveLength(1);
    expect(warned.mock.calls).toEqual([[expect.stringContaining('mine'), 'MCPWarning']]);
    warned.mockRestore();
  });

  test('with a name that another tool has is left out, and the tool with its own name stays', async () => {
    const [{ name = '' } = {}] = (await setOf({}, undefined, [{ name: 'x.y', inputSchema }])).set.tools;
    const problems: Error[] = [];
    const tools = [
      { name: 'x.y', inputSchema },
      { name, inputSchema },
    ];
    const { set } = await setOf({ onProblem: (problem) => problems.push(problem) }, undefined, tools);
    expect(set.tools.map(({ definition }) => definition.name)).toEqual([name]);
    expect(problems).toMatchObject([{ details: { tool: 'x.y' } }]);
  });
});

describe('approval', () => {
  test.each<[string, ToolSetOptions['approve'], Partial<MCPTool>]>([
    ['a destructive tool', 'destructive', {}],
    ['a tool for which the function returns false', () => false, {}],
    ['a tool for which the function returns no boolean', (() => 'yes') as never, {}],
    [
      'a tool for which the function throws',
      () => {
        throw new Error('no');
      },
      {},
    ],
    ['a tool for which the function rejects', () => Promise.reject(new Error('no')), {}],
  ])('refuses %s without sending the call', async (_what, approve, tool) => {
    const { set, source } = await setOf({ approve }, undefined, [{ ...TOOL, ...tool }]);
    const { shown } = await set.run('a', {});
    expect(shown).toEqual(failed('The call was not approved. The tool was not called.'));
    expect(source.calls).toEqual([]);
  });

  test.each<[string, ToolSetOptions['approve'], Partial<MCPTool>]>([
    ['a read-only tool', 'destructive', { annotations: { readOnlyHint: true } }],
    ['a tool that is not destructive', 'destructive', { annotations: { destructiveHint: false } }],
    ['a tool for which the function resolves with true', () => Promise.resolve(true), {}],
  ])('sends a call of %s', async (_what, approve, tool) => {
    const { set, source } = await setOf({ approve }, undefined, [{ ...TOOL, ...tool }]);
    await set.run('a', { x: 1 });
    expect(source.calls).toMatchObject([['a', { x: 1 }, { onToolError: 'return' }]]);
  });

  test('that never comes ends with the signal', async () => {
    const { set, source } = await setOf({ approve: () => new Promise<boolean>(() => undefined) });
    const controller = new AbortController();
    const settled = expect(set.run('a', {}, { signal: controller.signal })).rejects.toBe('enough');
    controller.abort('enough');
    await settled;
    expect(source.calls).toEqual([]);
  });
});

describe('an error of the client', () => {
  const run = async (error: Error): Promise<string> => {
    const { set } = await setOf({}, () => Promise.reject(error));
    const { shown } = await set.run('a', {});
    expect(shown.isError).toBe(true);
    return textOf(shown);
  };

  test('becomes a result that says when the tool may have run', async () => {
    const shown = await run(new MCPConnectionError('Lost', { delivery: 'unknown' }));
    expect(shown).toContain('MCP_CONNECTION_LOST: Lost');
    expect(shown).toContain('The tool may have run.');
  });

  test('becomes a result that says when the tool was not called', async () => {
    expect(await run(new MCPError('No', { delivery: 'not-sent' }))).toContain('The tool was not called.');
  });

  test('that another library throws becomes a result as well', async () => {
    expect(await run(new TypeError('odd'))).toContain('odd');
  });

  test.each([
    ['an unknown tool', 'b', {}],
    ['arguments that are not an object', 'a', [1]],
  ])('is a result for %s, and nothing is sent', async (_what, name, args) => {
    const { set, source } = await setOf({});
    expect((await set.run(name, args)).shown.isError).toBe(true);
    expect(source.calls).toEqual([]);
  });
});

describe('a large result', () => {
  test('is cut to its head and tail, says how much is missing, and the whole result stays', async () => {
    const large = `${'a'.repeat(60_000)}${'z'.repeat(60_000)}`;
    const { set } = await setOf({}, () => text(large));
    const { shown, whole } = await set.run('a', {});
    expect(textOf(shown)).toBe(`${'a'.repeat(25_000)}\n[… 70000 characters are missing …]\n${'z'.repeat(25_000)}`);
    expect(textOf(whole)).toBe(large);
  });

  test('keeps short texts whole, and removes structured content that a text repeats', async () => {
    const structuredContent = { list: 'y'.repeat(200) };
    const content = [
      { type: 'text', text: 'short' },
      { type: 'text', text: JSON.stringify(structuredContent) },
      { type: 'image', data: 'A'.repeat(1_000), mimeType: 'image/png' },
    ] as const;
    const { set } = await setOf({ maxResultChars: 100 }, () => ({ content: [...content], structuredContent }));
    const { shown } = await set.run('a', {});
    expect(shown).not.toHaveProperty('structuredContent');
    expect(shown.content).toMatchObject([content[0], { type: 'text' }, content[2]]);
    expect(textOf(shown).length).toBeLessThan(160);
  });

  test('has the text of onLargeResult, which receives the whole text', async () => {
    const received: string[] = [];
    const onLargeResult: ToolSetOptions['onLargeResult'] = ({ tool, text: whole }) => {
      received.push(whole);
      return `handle of ${tool}`;
    };
    const { set } = await setOf({ maxResultChars: 10, onLargeResult }, () => text('0123456789abc'));
    expect(textOf((await set.run('a', {})).shown)).toBe('handle of a');
    expect(received).toEqual(['0123456789abc']);
  });

  test('is cut as usual when onLargeResult throws, and the problem is reported', async () => {
    const problems: Error[] = [];
    const onLargeResult = (): never => {
      throw new Error('disk full');
    };
    const options = { maxResultChars: 4, onLargeResult, onProblem: (problem: Error) => problems.push(problem) };
    const { set } = await setOf(options, () => text('0123456789'));
    expect(textOf((await set.run('a', {})).shown)).toContain('[… 6 characters are missing …]');
    expect(problems[0]?.message).toContain('disk full');
  });

  test('has no half of a surrogate pair', () => {
    expect(headAndTail('😀'.repeat(10), 10)).toBe('😀😀\n[… 12 characters are missing …]\n😀😀');
  });
});

test('a call whose result is too large ends with an abort, although onLargeResult never settles', async () => {
  const abort = new AbortController();
  const reason = new Error('enough');
  const onLargeResult = (): Promise<undefined> => {
    abort.abort(reason);
    return new Promise(() => undefined);
  };
  const { set } = await setOf({ maxResultChars: 10, onLargeResult }, () => text('x'.repeat(100)));
  await expect(set.run('a', {}, { signal: abort.signal })).rejects.toBe(reason);
});
