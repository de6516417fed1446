import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { MCPProtocolError, MCPToolError } from '../../src/index.js';
import type { MCPClientOptions, MCPTool, ToolOutputSchema, MCPClient } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { connector } from '../support/connector.js';
import { errorFrom } from '../support/outcomes.js';
import { answer, legacyScript, modernScript, refuse } from '../support/scripts.js';
import type { Script } from '../support/scripts.js';

const connect = connector();

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
      'The output of the tool weather does not fit its schema: structuredContent/celsius must be number',
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

  test('of a tool without a schema, or that nobody has asked for, is given back as it is', async () => {
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
    expect((await errorFrom(client.callTool('weather'))).message).toContain('does not fit its schema');
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
    ])('because it %s: strict refuses, warn warns, and off does not mind', async (_what, outputSchema) => {
      const client = await connected(answer(fitting), {}, weather(outputSchema));
      const recorder = new ClientRecorder(client);
      const error = await errorFrom(client.callTool('weather'));
      expect(error).toBeInstanceOf(MCPProtocolError);
      expect(error).toMatchObject({ code: 'MCP_INVALID_RESULT', details: { tool: 'weather', schema: 'unusable' } });
      expect(error.message).toMatch(/^The output schema of the tool weather cannot be used: /);
      expect(await client.callTool('weather', {}, { validate: 'warn' })).toEqual(fitting);
      expect(recorder.warning).toHaveLength(1);
      expect(await client.callTool('weather', {}, { validate: 'off' })).toEqual(fitting);
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
      const error = await errorFrom(client.callTool('weather'));
      expect(error).toMatchObject({ code: 'MCP_INVALID_RESULT', details: { tool: 'weather', schema: 'unusable' } });
      expect(error.message).toBe(
        'The output schema of the tool weather cannot be used: it takes longer than 500 ms (`limits.validationTime`)',
      );
      expect(client.state).toBe('ready');
    });

    test('because compiling it takes too long', async () => {
      const properties = Object.fromEntries(
        Array.from({ length: 5_000 }, (_, at) => [`p${at}`, { type: 'object', properties: { a: { type: 'string' } } }]),
      );
      const client = await connected(answer(fitting), { limits: { validationTime: 1 } }, weather({ properties }));
      const error = await errorFrom(client.callTool('weather'));
      expect(error).toMatchObject({ details: { schema: 'unusable' } });
      expect(error.message).toContain('it takes longer than 1 ms');
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
      const error = await errorFrom(client.callTool('weather'));
      expect(error).toMatchObject({ details: { schema: 'unusable' } });
      await new Promise((resolve) => elsewhere.close(resolve));
      expect(asked).toBe(0);
    });
  });

  test('that is deeper than a validator can go is refused and breaks nothing', async () => {
    let structuredContent: object = {};
    for (let depth = 0; depth < 50_000; depth += 1) structuredContent = { next: structuredContent };
    const nested = { type: 'object', properties: { next: { $ref: '#' } } };
    const client = await connected(answer({ content: [], structuredContent }), {}, weather(nested));
    const error = await errorFrom(client.callTool('weather'));
    expect(error).toMatchObject({ code: 'MCP_INVALID_RESULT' });
    expect(client.state).toBe('ready');
  });
});
