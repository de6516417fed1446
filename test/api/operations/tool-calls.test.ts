import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { MCPProtocolError, MCPToolError } from '../../../src/index.js';
import type { MCPClientOptions, MCPError, MCPTool, ToolOutputSchema, MCPClient } from '../../../src/index.js';
import { ClientRecorder } from '../../support/client-recorder.js';
import { connectUntilTestEnds } from '../../support/scripted-clients.js';
import { errorFrom } from '../../support/outcomes.js';
import { answer, initializeResult, legacyScript, modernScript, refuse } from '../../support/servers/scripts.js';
import type { Script } from '../../support/servers/scripts.js';

const connect = connectUntilTestEnds();

async function connected(
  call: Script[string],
  options: MCPClientOptions = {},
  tools: MCPTool[] = [],
): Promise<MCPClient> {
  const script = legacyScript('2025-11-25', { 'tools/call': call, 'tools/list': answer({ tools }) });
  const { client } = await connect(script, options);
  await client.listTools();
  return client;
}

describe('a tool that reports an error', () => {
  const failed = { content: [{ type: 'text', text: 'disk full' }], isError: true, _meta: { more: 1 } };

  test('throws it, with the whole answer', async () => {
    const client = await connected(answer(failed));
    const error = await errorFrom(client.callTool('write'));
    expect(error).toBeInstanceOf(MCPToolError);
    expect(error).toMatchObject({
      code: 'MCP_TOOL_ERROR',
      delivery: 'answered',
      message: 'The tool write reported an error: disk full',
      tool: 'write',
      result: failed,
    });
    expect(error.errorCode).toBeUndefined();
  });

  test('gives it back when the client, or the call, wants that', async () => {
    const client = await connected(answer(failed), { onToolError: 'return' });
    expect(await client.callTool('write')).toEqual(failed);
    await errorFrom(client.callTool('write', {}, { onToolError: 'throw' }));
    const strict = await connected(answer(failed));
    expect(await strict.callTool('write', {}, { onToolError: 'return' })).toEqual(failed);
  });

  test('without a text has a message all the same, and a long text is cut', async () => {
    const silent = await connected(answer({ content: [], isError: true }));
    expect((await errorFrom(silent.callTool('x'))).message).toBe('The tool x reported an error');
    const wordy = await connected(answer({ content: [{ type: 'text', text: 'x'.repeat(10_000) }], isError: true }));
    expect((await errorFrom(wordy.callTool('x'))).message.length).toBeLessThan(600);
  });

  test('isError: false is no error', async () => {
    const client = await connected(answer({ content: [], isError: false }));
    expect(await client.callTool('x')).toEqual({ content: [], isError: false });
  });
});

describe('a call that the server refuses', () => {
  test('with -32602 is an error of the tool', async () => {
    const client = await connected(refuse(-32602, 'Unknown tool: x', { known: ['y'] }));
    const error = await errorFrom(client.callTool('x'));
    expect(error).toBeInstanceOf(MCPToolError);
    expect(error).toMatchObject({
      code: 'MCP_TOOL_ERROR',
      errorCode: -32602,
      delivery: 'answered',
      message: 'The call of the tool x was refused: Unknown tool: x',
      tool: 'x',
      result: undefined,
    });
    expect(error.details).toMatchObject({ data: { known: ['y'] } });
  });

  test('with -32602 is thrown also when errors of tools are given back: there is no answer to give', async () => {
    const client = await connected(refuse(-32602), { onToolError: 'return' });
    expect(await errorFrom(client.callTool('x'))).toBeInstanceOf(MCPToolError);
  });

  test.each([
    [-32603, 'The call of the tool x failed: broken'],
    [-32601, 'The call of the tool x was refused: broken'],
    [-32600, 'The call of the tool x was refused: broken'],
    [-32700, 'The call of the tool x failed: broken'],
    [-32002, 'The call of the tool x failed: broken'],
    [-32000, 'The call of the tool x failed: broken'],
    [42, 'The call of the tool x failed: broken'],
  ])('with %i is an error of the tool, too', async (code, message) => {
    const client = await connected(refuse(code, 'broken'));
    for (const call of [client.callTool('x'), client.request('tools/call', { name: 'x' })]) {
      const error = await errorFrom(call);
      expect(error).toBeInstanceOf(MCPToolError);
      expect(error).toMatchObject({ code: 'MCP_TOOL_ERROR', errorCode: code, delivery: 'answered', message });
      expect(error.details).toMatchObject({ tool: 'x', method: 'tools/call', reason: 'broken' });
    }
  });

  test.each([-32042, -32022, -32021, -32020])(
    'with %i is an error of the protocol that names the tool',
    async (code) => {
      const client = await connected(refuse(code, 'not yet'));
      const error = await errorFrom(client.callTool('x'));
      expect(error).not.toBeInstanceOf(MCPToolError);
      expect(error).toMatchObject({ code: 'MCP_RPC_ERROR', errorCode: code, details: { tool: 'x' } });
      expect(error.message).toBe(`tools/call "x" failed: not yet (${code})`);
    },
  );
});

/** A schema of properties that are called like keywords. */
const SCHEMA_WORDS = {
  type: 'object',
  properties: { id: { type: 'string' }, enum: { type: 'array' }, nullable: { type: 'boolean' } },
};

describe('structured output', () => {
  const schema: ToolOutputSchema = {
    type: 'object',
    properties: { celsius: { type: 'number' } },
    required: ['celsius'],
  };
  const fitting = { content: [], structuredContent: { celsius: 21 } };
  const wrong = { content: [], structuredContent: { celsius: 'warm' } };

  function weather(outputSchema: object | undefined): MCPTool[] {
    return [
      {
        name: 'weather',
        inputSchema: { type: 'object' },
        ...(outputSchema && { outputSchema: outputSchema as ToolOutputSchema }),
      },
    ];
  }

  test('that fits its schema is given back', async () => {
    const client = await connected(answer(fitting), {}, weather(schema));
    expect(await client.callTool('weather')).toEqual(fitting);
  });

  test('that does not fit is refused, and the place is named', async () => {
    const client = await connected(answer(wrong), {}, weather(schema));
    const error = await errorFrom(client.callTool('weather'));
    expect(error).toBeInstanceOf(MCPProtocolError);
    expect(error).toMatchObject({ code: 'MCP_INVALID_RESULT', delivery: 'answered', details: { tool: 'weather' } });
    expect(error.message).toBe(
      'The output of the tool weather does not match its schema: structuredContent/celsius must be number',
    );
  });

  test('that is missing although there is a schema is refused', async () => {
    const client = await connected(answer({ content: [] }), {}, weather(schema));
    expect((await errorFrom(client.callTool('weather'))).message).toContain('structuredContent is missing');
  });

  test('pain 29: of an answer that reports an error need not fit', async () => {
    const failed = { content: [], isError: true };
    const client = await connected(answer(failed), { onToolError: 'return' }, weather(schema));
    expect(await client.callTool('weather')).toEqual(failed);
  });

  test('that does not fit is a warning for a client that only wants to be warned', async () => {
    const client = await connected(answer(wrong), { validate: 'warn' }, weather(schema));
    const recorder = new ClientRecorder(client);
    expect(await client.callTool('weather')).toEqual(wrong);
    expect(recorder.warning).toEqual([expect.objectContaining({ code: 'MCP_INVALID_RESULT' })]);
    expect(await errorFrom(client.callTool('weather', {}, { validate: 'strict' }))).toBeInstanceOf(MCPProtocolError);
  });

  test('is not looked at by a client that does not want that', async () => {
    const client = await connected(answer(wrong), { validate: 'off' }, weather({ $ref: 'nonsense' }));
    const recorder = new ClientRecorder(client);
    expect(await client.callTool('weather')).toEqual(wrong);
    expect(recorder.warning).toEqual([]);
  });

  test('of a tool without a schema, or without a listing before, is returned unchanged', async () => {
    const without = await connected(answer(wrong), {}, weather(undefined));
    expect(await without.callTool('weather')).toEqual(wrong);
    const unlisted = await connected(answer(wrong), {}, []);
    expect(await unlisted.callTool('weather')).toEqual(wrong);
  });

  test('that is no object may fit, too', async () => {
    const list = { content: [], structuredContent: [1, 2] };
    const client = await connected(answer(list), {}, weather({ type: 'array', items: { type: 'number' } }));
    expect(await client.callTool('weather')).toEqual(list);
    const nothing = { content: [], structuredContent: null };
    const other = await connected(answer(nothing), {}, weather({ type: 'null' }));
    expect(await other.callTool('weather')).toEqual(nothing);
  });

  test.each([
    ['2020-12, unless it says otherwise', { prefixItems: [{ type: 'string' }] }, [7]],
    ['2020-12', { $schema: 'https://json-schema.org/draft/2020-12/schema', prefixItems: [{ type: 'string' }] }, [7]],
    ['draft-07', { $schema: 'http://json-schema.org/draft-07/schema#', items: [{ type: 'string' }] }, [7]],
    ['its own keywords', { 'x-unit': 'celsius', type: 'string' }, 7],
    ['references within it', { $defs: { n: { type: 'string' } }, $ref: '#/$defs/n' }, 7],
  ])('is held against a schema with %s', async (_what, outputSchema, structuredContent) => {
    const client = await connected(answer({ content: [], structuredContent }), {}, weather(outputSchema));
    expect((await errorFrom(client.callTool('weather'))).message).toContain('does not match its schema');
  });

  test('is held against the schema that the tool has now', async () => {
    let tools = weather({ type: 'object', required: ['old'] });
    const { client } = await connect(
      modernScript({
        'tools/list': () => answer({ tools, resultType: 'complete', ttlMs: 0, cacheScope: 'public' }),
        'tools/call': answer(fitting),
      }),
    );
    await client.listTools();
    await errorFrom(client.callTool('weather'));
    tools = weather(schema);
    await client.listTools();
    expect(await client.callTool('weather')).toEqual(fitting);
  });

  describe('pain 29: whose schema cannot be used', () => {
    /** Calls the tool, and returns the warning that this causes. */
    async function warningOf(client: MCPClient): Promise<MCPError | undefined> {
      const recorder = new ClientRecorder(client);
      await client.callTool('weather');
      expect(recorder.warning).toHaveLength(1);
      return recorder.warning[0];
    }

    const circular: Record<string, unknown> = { type: 'object' };
    circular['properties'] = { self: circular };
    let deep: object = {};
    for (let depth = 0; depth < 50_000; depth += 1) deep = { not: deep };

    test.each<[string, object]>([
      ['is no schema', { type: 'colour' }],
      ['refers to what it does not have', { $ref: '#/$defs/none' }],
      ['refers to itself and to nothing else', { $ref: '#' }],
      ['wants to be checked later', { $async: true, type: 'object', required: ['none'] }],
      ['has a pattern that is none', { properties: { celsius: { pattern: '(' } } }],
      ['is far too large', { description: 'x'.repeat(1_100_000) }],
      ['is far too deep', deep],
      ['is in a dialect that is not known', { $schema: 'http://json-schema.org/draft-04/schema#' }],
      ['contains itself', circular],
    ])('because it %s is a warning, once, and the result is handed out', async (_what, outputSchema) => {
      const client = await connected(answer(fitting), {}, weather(outputSchema));
      const recorder = new ClientRecorder(client);
      expect(await client.callTool('weather')).toEqual(fitting);
      expect(recorder.warning).toEqual([expect.objectContaining({ code: 'MCP_INVALID_RESULT' })]);
      expect(recorder.warning[0]?.details).toMatchObject({ tool: 'weather', schema: 'unusable' });
      expect(recorder.warning[0]?.message).toMatch(/^The output schema of the tool weather cannot be used, /);
      expect(await client.callTool('weather')).toEqual(fitting);
      expect(await client.callTool('weather', {}, { validate: 'warn' })).toEqual(fitting);
      expect(await client.callTool('weather', {}, { validate: 'off' })).toEqual(fitting);
      expect(recorder.warning).toHaveLength(1);
    });

    const chain = Object.fromEntries(
      Array.from({ length: 30 }, (_, at) => [
        `d${at}`,
        { anyOf: [1, 1].map((step) => ({ $ref: `#/$defs/d${at + step}` })) },
      ]),
    );

    test.each<[string, object, unknown]>([
      [
        'a pattern that tries every way to match',
        { properties: { text: { pattern: '^(a+)+$' } } },
        'a'.repeat(50) + '!',
      ],
      [
        'references that lead to the same place in a billion ways',
        {
          $defs: { ...chain, d30: { type: 'number' } },
          properties: { text: { $ref: '#/$defs/d0' } },
        },
        'x',
      ],
    ])('because it would take for ever, by %s', async (_what, outputSchema, text) => {
      const limits = { validationTime: 500 };
      const client = await connected(
        answer({ content: [], structuredContent: { text } }),
        { limits },
        weather(outputSchema),
      );
      const warning = await warningOf(client);
      expect(warning).toMatchObject({ code: 'MCP_INVALID_RESULT', details: { tool: 'weather', schema: 'unusable' } });
      expect(warning?.message).toBe(
        'The output schema of the tool weather cannot be used, so its output is not checked: ' +
          'it takes longer than 500 ms (`limits.validationTime`)',
      );
      expect(client.state).toBe('ready');
    });

    test('because compiling it takes too long', async () => {
      const properties = Object.fromEntries(
        Array.from({ length: 5_000 }, (_, at) => [`p${at}`, { type: 'object', properties: { a: { type: 'string' } } }]),
      );
      const client = await connected(answer(fitting), { limits: { validationTime: 1 } }, weather({ properties }));
      const warning = await warningOf(client);
      expect(warning).toMatchObject({ details: { schema: 'unusable' } });
      expect(warning?.message).toContain('it takes longer than 1 ms');
    });

    test('because it refers to another place: that is never asked', async () => {
      let asked = 0;
      const elsewhere = createServer((_request, response) => {
        asked += 1;
        response.end('{}');
      });
      await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
      const { port } = elsewhere.address() as AddressInfo;
      const client = await connected(answer(fitting), {}, weather({ $ref: `http://127.0.0.1:${port}/schema.json` }));
      expect(await warningOf(client)).toMatchObject({ details: { schema: 'unusable' } });
      await new Promise((resolve) => elsewhere.close(resolve));
      expect(asked).toBe(0);
    });
  });

  test('that is deeper than a validator can go is handed out with a warning, and breaks nothing', async () => {
    let structuredContent: object = {};
    for (let depth = 0; depth < 50_000; depth += 1) structuredContent = { next: structuredContent };
    const nested = { type: 'object', properties: { next: { $ref: '#' } } };
    const client = await connected(answer({ content: [], structuredContent }), {}, weather(nested));
    const recorder = new ClientRecorder(client);
    expect((await client.callTool('weather')).structuredContent).toBe(structuredContent);
    expect(recorder.warning).toEqual([expect.objectContaining({ code: 'MCP_INVALID_RESULT' })]);
    expect(client.state).toBe('ready');
  });

  test.each<[string, object, unknown, unknown]>([
    ['multipleOf with decimals', { type: 'number', multipleOf: 0.01 }, 19.99, 19.995],
    ['multipleOf with large decimals', { type: 'number', multipleOf: 0.05 }, 123_456_789.15, 123_456_789.17],
    ['multipleOf with small decimals', { type: 'number', multipleOf: 1e-6 }, 0.000_007, 0.000_007_5],
    ['multipleOf with whole numbers', { type: 'integer', multipleOf: 7 }, 21, 22],
    ['nullable without a type', { properties: { a: { nullable: true, minLength: 2 } } }, { a: 'xx' }, { a: 'x' }],
    ['nullable: false beside null', { type: ['string', 'null'], nullable: false }, null, 1],
    ['a keyword id', { id: 'weather', type: 'string' }, 'x', 1],
    ['properties called id, enum and nullable', SCHEMA_WORDS, { id: '1', enum: [], nullable: true }, { id: 1 }],
    ['an empty enum', { properties: { a: { enum: [] } } }, { b: 1 }, { a: 1 }],
    ['an empty enum beside allOf', { allOf: [{ type: 'object' }], properties: { a: { enum: [] } } }, {}, { a: null }],
    ['a pattern with a needless escape', { type: 'string', pattern: '^https\\:' }, 'https://x', 'http://x'],
    ['a name pattern with a needless escape', { patternProperties: { '^a\\-': false } }, { a: 1 }, { 'a-': 1 }],
    ['a pattern with a class of Unicode', { type: 'string', pattern: '^\\p{Lu}+$' }, 'ÄÖ', 'äö'],
    ['data that looks like keywords', { const: { enum: [], nullable: true } }, { enum: [], nullable: true }, {}],
    ['draft-07 over https', { $schema: 'https://json-schema.org/draft-07/schema', type: 'string' }, 'x', 1],
    ['2020-12 with a #', { $schema: 'https://json-schema.org/draft/2020-12/schema#', type: 'string' }, 'x', 1],
  ])('is held against a schema with %s', async (_what, outputSchema, fits, doesNot) => {
    const client = await connected(answer({ content: [], structuredContent: fits }), {}, weather(outputSchema));
    const recorder = new ClientRecorder(client);
    expect(await client.callTool('weather')).toMatchObject({ structuredContent: fits });
    expect(recorder.warning).toEqual([]);
    const other = await connected(answer({ content: [], structuredContent: doesNot }), {}, weather(outputSchema));
    expect((await errorFrom(other.callTool('weather'))).message).toContain('does not match its schema');
  });

  test('that does not fit is in the details of the error, and not in its text', async () => {
    const secret = { content: [], structuredContent: { celsius: 's3cret' } };
    const client = await connected(answer(secret), {}, weather(schema));
    const error = await errorFrom(client.callTool('weather'));
    expect(error.details).toEqual({ tool: 'weather', result: secret });
    expect(`${error.toString()} ${error.explain()}`).not.toContain('s3cret');
  });

  test.each<[string, object]>([
    ['draft-04', { $schema: 'http://json-schema.org/draft-04/schema#', type: 'object' }],
    ['draft-06', { $schema: 'http://json-schema.org/draft-06/schema#', type: 'object' }],
    ['2019-09', { $schema: 'https://json-schema.org/draft/2019-09/schema', type: 'object' }],
    ['a pattern of Python', { properties: { celsius: { pattern: '(?i)warm' } } }],
    ['a pattern of Python with an escape of its own', { properties: { celsius: { pattern: '^\\d+\\Z' } } }],
    ['a pattern that only Unicode mode would understand', { properties: { celsius: { pattern: '^\\p{Nd}+\\:$' } } }],
  ])('of a schema that cannot be used (%s) is no reason to list the tools again', async (_what, outputSchema) => {
    const { server, client } = await connect({
      ...legacyScript(),
      initialize: answer(initializeResult('2025-11-25', { capabilities: { tools: {} } })),
      'tools/list': answer({ tools: weather(outputSchema) }),
      'tools/call': answer({ content: [] }),
    });
    const recorder = new ClientRecorder(client);
    await client.listTools();
    for (let call = 0; call < 3; call += 1) expect(await client.callTool('weather')).toEqual({ content: [] });
    await client.listTools();
    await client.callTool('weather');
    expect(recorder.warning).toHaveLength(1);
    expect(server.received.filter(({ method }) => method === 'tools/list')).toHaveLength(2);
  });
});
