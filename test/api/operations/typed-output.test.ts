import * as v from 'valibot';
import { z } from 'zod';

import { MCPClient, MCPProtocolError, MCPToolError } from '../../../src/index.js';
import type { CallToolResult, MCPClientOptions, OutputSchema } from '../../../src/index.js';
import { errorFrom, rejection } from '../../support/outcomes.js';
import { ClientAndServer, connectUntilTestEnds } from '../../support/scripted-clients.js';
import { referenceServer } from '../../support/servers/real-servers.js';
import { answer, legacyScript } from '../../support/servers/scripts.js';
import { until } from '../../support/waiting.js';

const connect = connectUntilTestEnds();

async function clientOf(result: unknown, options?: MCPClientOptions): Promise<MCPClient> {
  const { client } = await connect(legacyScript('2025-11-25', { 'tools/call': answer(result) }), options);
  return client;
}

type Weather = OutputSchema<{ temperature: number; conditions: string }>;

/** A schema that matches the weather of server-everything, and one that does not. */
const SCHEMAS: [library: string, schemas: () => Promise<[weather: Weather, wrong: OutputSchema]>][] = [
  [
    'zod',
    () =>
      Promise.resolve([
        z.object({ temperature: z.number(), conditions: z.string() }),
        z.object({ temperature: z.string() }),
      ]),
  ],
  [
    'valibot',
    () =>
      Promise.resolve([
        v.object({ temperature: v.number(), conditions: v.string() }),
        v.object({ temperature: v.string() }),
      ]),
  ],
  [
    'arktype',
    async () => {
      const { type } = await import('arktype');
      return [type({ temperature: 'number', conditions: 'string' }), type({ temperature: 'string' })];
    },
  ],
];

describe('callTool() with a schema against a real server', () => {
  const call = { name: 'get-structured-content', arguments: { location: 'Chicago' } } as const;

  test.each(SCHEMAS)(
    'validates and types the output with %s, and names the path of what does not match',
    async (_library, schemas) => {
      const [weather, wrong] = await schemas();
      await using client = await MCPClient.connect(referenceServer('everything'));
      const { structuredContent, content } = await client.callTool(call.name, call.arguments, { schema: weather });
      expect(structuredContent.temperature satisfies number).toBeGreaterThan(0);
      expect(content.length).toBeGreaterThan(0);
      expect(await client.callTool(call, { schema: weather })).toMatchObject({ structuredContent });
      expect(await client.protocol.callTool(call, { schema: weather })).toMatchObject({ structuredContent });

      const error = await errorFrom(client.callTool(call.name, call.arguments, { schema: wrong }));
      expect(error).toBeInstanceOf(MCPProtocolError);
      expect(error).toMatchObject({
        code: 'MCP_INVALID_RESULT',
        delivery: 'answered',
        details: { tool: call.name, result: { structuredContent }, issues: [{ path: ['temperature'] }] },
      });
      expect(error.message).toContain('does not match the schema of the call: structuredContent/temperature: ');
      expect(error.hint).toContain('details.issues');
    },
  );
});

describe('callTool() with a schema', () => {
  const output = { content: [], structuredContent: { count: '7' } };

  test('returns the value that the schema makes of the output, and leaves the result of the server as it is', async () => {
    const client = await clientOf(output);
    const schema = z.object({ count: z.coerce.number(), unit: z.string().default('m') });
    const result = await client.callTool('a', {}, { schema });
    expect(result).toEqual({ content: [], structuredContent: { count: 7, unit: 'm' } });
    const failing = schema.refine(() => false, 'never good');
    const error = await errorFrom(client.callTool('a', {}, { schema: failing }));
    expect(error.details.result).toEqual(output);
    expect(error.details.issues).toEqual([{ message: 'never good', path: [] }]);
  });

  test('awaits an asynchronous schema', async () => {
    const client = await clientOf(output);
    const checks = z.object({ count: z.string() }).refine(async ({ count }) => Promise.resolve(count === '7'));
    expect((await client.callTool('a', {}, { schema: checks })).structuredContent).toEqual({ count: '7' });
    const refuses = v.pipeAsync(
      v.object({ count: v.string() }),
      v.checkAsync(() => Promise.resolve(false), 'taken'),
    );
    expect(await errorFrom(client.callTool('a', {}, { schema: refuses }))).toMatchObject({
      code: 'MCP_INVALID_RESULT',
      details: { issues: [{ message: 'taken', path: [] }], result: output },
    });
  });

  test('replaces the output schema of the tool', async () => {
    const outputSchema = { type: 'object', required: ['never'] } as const;
    const tools = [{ name: 'a', inputSchema: { type: 'object' }, outputSchema }];
    const script = { 'tools/call': answer(output), 'tools/list': answer({ tools }) };
    const { client } = await connect(legacyScript('2025-11-25', script));
    await client.listTools();
    await errorFrom(client.callTool('a'));
    const schema = z.object({ count: z.string() });
    expect((await client.callTool('a', {}, { schema })).structuredContent).toEqual({ count: '7' });
  });

  test.each<[kind: string, result: object, value: unknown]>([
    ['null', { content: [], structuredContent: null }, null],
    ['the JSON of the only text', { content: [{ type: 'text', text: ' {"a":1}\n' }] }, { a: 1 }],
    [
      'the JSON of the only text beside an image',
      {
        content: [
          { type: 'image', data: 'AA==', mimeType: 'image/png' },
          { type: 'text', text: '[1]' },
        ],
      },
      [1],
    ],
    [
      'structuredContent before a text',
      { content: [{ type: 'text', text: '1' }], structuredContent: { a: 2 } },
      { a: 2 },
    ],
  ])('validates %s', async (_kind, result, value) => {
    const client = await clientOf(result, { validate: 'off' });
    expect((await client.callTool('a', {}, { schema: z.unknown() })).structuredContent).toEqual(value);
  });

  test.each<[kind: string, result: CallToolResult]>([
    ['a text that is not JSON', { content: [{ type: 'text', text: 'seven' }] }],
    [
      'two texts',
      {
        content: [
          { type: 'text', text: '1' },
          { type: 'text', text: '2' },
        ],
      },
    ],
    ['no content', { content: [] }],
  ])('rejects with the result if there is only %s', async (_kind, result) => {
    const client = await clientOf(result);
    const error = await errorFrom(client.callTool('a', {}, { schema: z.unknown() }));
    expect(error.message).toContain('neither structuredContent nor a single text with JSON');
    expect(error).toMatchObject({ code: 'MCP_INVALID_RESULT', details: { result, issues: [] } });
  });

  test('rejects for a tool that reports an error unless the call itself wants the result', async () => {
    const failed = { content: [{ type: 'text', text: 'disk full' }], isError: true };
    const client = await clientOf(failed, { onToolError: 'return' });
    const schema = z.object({ count: z.number() });
    expect(await errorFrom(client.callTool('a', {}, { schema }))).toBeInstanceOf(MCPToolError);
    const result = await client.callTool('a', {}, { schema, onToolError: 'return' });
    expect(result.isError === true ? result.content : result.structuredContent.count).toEqual(failed.content);
  });

  test('keeps at most 50 issues, without control characters', async () => {
    const many = { content: [], structuredContent: Array.from({ length: 1_000 }, () => 'x') };
    const client = await clientOf(many, { validate: 'off' });
    const schema = z.array(z.custom(() => false, 'a\u001b[31mb'));
    const { details, message } = await errorFrom(client.callTool('a', {}, { schema }));
    expect(details.issues).toHaveLength(50);
    expect(JSON.stringify(details.issues) + message).not.toContain('\\u001b');
    expect(message).toContain('structuredContent/0: ');
    expect(message).toContain('(and 999 more)');
  });

  test('rejects with the result and the cause if the schema throws, rejects or returns nothing', async () => {
    const client = await clientOf(output);
    const broken = new Error('no table');
    const failing = [
      (): never => {
        throw broken;
      },
      () => Promise.reject(broken),
      () => undefined as never,
    ];
    for (const validate of failing) {
      const schema: OutputSchema = { '~standard': { version: 1, vendor: 'test', validate } };
      const error = await errorFrom(client.callTool('a', {}, { schema }));
      expect(error).toMatchObject({ code: 'MCP_INVALID_RESULT', details: { result: output } });
      expect(error.cause).toBeInstanceOf(Error);
    }
  });

  test('ends an asynchronous schema that never settles at the timeout, or with the signal', async () => {
    await using pair = await ClientAndServer.connect(legacyScript('2025-11-25', { 'tools/call': answer(output) }));
    let started = 0;
    const validate = (): Promise<never> => {
      started += 1;
      return new Promise(() => undefined);
    };
    const schema: OutputSchema = { '~standard': { version: 1, vendor: 'test', validate } };
    const late = errorFrom(pair.client.callTool('a', {}, { schema, timeout: 2_000 }));
    await until(() => started === 1);
    await pair.clock.advance(2_000);
    expect(await late).toMatchObject({ code: 'MCP_INVALID_RESULT', details: { result: output } });

    const abort = new AbortController();
    const aborted = rejection(pair.client.callTool('a', {}, { schema, signal: abort.signal }));
    await until(() => started === 2);
    abort.abort('enough');
    expect(await aborted).toBe('enough');
  });

  test('is refused before the call is sent if the schema is none', async () => {
    const { client, server } = await connect(legacyScript('2025-11-25', { 'tools/call': answer(output) }));
    for (const schema of [5, {}, { '~standard': {} }, { parse: () => 1 }]) {
      const call: Promise<unknown> = client.callTool('a', {}, { schema: schema as never });
      expect(await errorFrom(call)).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field: 'schema' } });
    }
    expect(server.received.map(({ method }) => method)).not.toContain('tools/call');
  });

  test('works together with a schema for the whole result, as the official client takes it', async () => {
    const client = await clientOf(output);
    const whole = z.object({ structuredContent: z.unknown() });
    expect(await client.callTool({ name: 'a' }, whole, { timeout: 5_000 })).toEqual({
      structuredContent: { count: '7' },
    });
  });
});
