import type { MCPClient, MCPClientOptions, MCPTool, ToolOutputSchema } from '../../../src/index.js';
import { ClientRecorder } from '../../support/client-recorder.js';
import { connectUntilTestEnds } from '../../support/scripted-clients.js';
import { longestBlock } from '../../support/loop-delay.js';
import { errorFrom } from '../../support/outcomes.js';
import { answer, legacyScript } from '../../support/servers/scripts.js';

const connect = connectUntilTestEnds();

/** Milliseconds for which checks may block the loop, on a slow machine: on a fast one it is 100. */
const BLOCKED = 1_500;

async function connected(outputSchema: object, output: unknown, options: MCPClientOptions = {}): Promise<MCPClient> {
  const tool: MCPTool = {
    name: 'report',
    inputSchema: { type: 'object' },
    outputSchema: outputSchema as ToolOutputSchema,
  };
  const script = legacyScript('2025-11-25', {
    'tools/call': answer({ content: [], structuredContent: output }),
    'tools/list': answer({ tools: [tool] }),
  });
  const { client } = await connect(script, options);
  await client.listTools();
  return client;
}

const kinds = (count: number): object => ({
  anyOf: Array.from({ length: count }, (_, at) => ({
    type: 'object',
    properties: { kind: { const: `k${at}` } },
    required: ['kind'],
  })),
});
const list = <Item>(length: number, item: (at: number) => Item): Item[] => Array.from({ length }, (_, at) => item(at));
const chain = Object.fromEntries(
  list(30, (at) => [`d${at}`, { anyOf: [1, 1].map((step) => ({ $ref: `#/$defs/d${at + step}` })) }]),
);

describe('a check that would take for ever', () => {
  test.each<[string, object, unknown]>([
    [
      'a pattern that tries every way to match',
      { properties: { items: { items: { pattern: '^(a+)+$' } } } },
      ['a'.repeat(60) + '!'],
    ],
    [
      'names that are held against such a pattern',
      { properties: { items: { patternProperties: { '^(a|a)*$': {} } } } },
      { ['a'.repeat(60) + '!']: 1 },
    ],
    [
      'such a pattern for the names of properties',
      { properties: { items: { propertyNames: { pattern: '^(\\w+\\s?)*$' } } } },
      { ['a'.repeat(60) + '!']: 1 },
    ],
    [
      'items that are all compared with each other',
      { properties: { items: { uniqueItems: true } } },
      list(100_000, (at) => ({ at })),
    ],
    [
      'references that lead to the same place in a billion ways',
      { $defs: { ...chain, d30: { type: 'number' } }, properties: { items: { $ref: '#/$defs/d0' } } },
      'x',
    ],
  ])('blocks the loop for a moment, once, and is given up: %s', async (_, outputSchema, items) => {
    const client = await connected(outputSchema, { items }, { limits: { validationTime: 700 } });
    const recorder = new ClientRecorder(client);
    const first = await longestBlock(() => client.callTool('report'));
    expect(first.result.structuredContent).toEqual({ items });
    expect(first.block).toBeLessThan(BLOCKED);
    expect(recorder.warning).toHaveLength(1);
    expect(recorder.warning[0]?.message).toBe(
      'The output schema of the tool report cannot be used, so its output is not checked: ' +
        'it takes longer than 700 ms (`limits.validationTime`)',
    );
    const start = performance.now();
    await client.callTool('report');
    await client.listTools({ useCache: false });
    await client.callTool('report');
    // It would wait for 700 ms, twice.
    expect(performance.now() - start).toBeLessThan(700);
    expect(recorder.warning).toHaveLength(1);
  });
});

describe('a check that takes long, but not for ever, is made beside the loop', () => {
  const limits = { validationTime: 25_000 };

  test.each<[string, object, unknown, string | undefined]>([
    [
      'many choices for many items',
      { properties: { items: { items: kinds(2_000) } } },
      list(800, () => ({ kind: 'k1999' })),
      undefined,
    ],
    [
      'many choices for many items, one of which is none of them',
      { properties: { items: { items: kinds(2_000) } } },
      [...list(500, () => ({ kind: 'k1999' })), { kind: 'none' }],
      'structuredContent/items/500',
    ],
    [
      'items that are all compared',
      { properties: { items: { uniqueItems: true } } },
      list(4_000, (at) => ({ at })),
      undefined,
    ],
    [
      'items that are compared, two of them equal',
      { properties: { items: { uniqueItems: true } } },
      [...list(4_000, (at) => ({ at })), { at: 0 }],
      'structuredContent/items must NOT have duplicate items',
    ],
    [
      'a schema that takes long to compile',
      {
        properties: {
          items: {
            properties: Object.fromEntries(
              list(1_500, (at) => [`p${at}`, { type: 'object', properties: { a: { type: 'string' } } }]),
            ),
          },
        },
      },
      { p1: { a: 5 } },
      'structuredContent/items/p1/a must be string',
    ],
  ])('%s', async (_, outputSchema, items, wrong) => {
    const client = await connected(outputSchema, { items }, { limits });
    const recorder = new ClientRecorder(client);
    for (let call = 0; call < 2; call += 1) {
      const { block } = await longestBlock(async () => {
        if (wrong === undefined) await client.callTool('report');
        else expect((await errorFrom(client.callTool('report'))).message).toContain(wrong);
      });
      expect(block).toBeLessThan(BLOCKED);
    }
    expect(recorder.warning).toEqual([]);
  });

  test('and others go on meanwhile, each with its own outcome', async () => {
    const client = await connected(
      { properties: { items: { pattern: '^(a+)+$' } } },
      { items: 'a'.repeat(60) + '!' },
      {
        limits: { validationTime: 1_000 },
      },
    );
    const recorder = new ClientRecorder(client);
    await Promise.all(list(5, () => client.callTool('report')));
    expect(recorder.warning).toHaveLength(1);
    expect(client.state).toBe('ready');
  });
});
