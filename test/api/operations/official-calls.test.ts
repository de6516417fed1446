import { z } from 'zod';

import { MCPClient } from '../../../src/index.js';
import type { CallToolParams } from '../../../src/index.js';
import { connectUntilTestEnds } from '../../support/scripted-clients.js';
import { serverFixture, textOf } from '../../support/servers/fixture-servers.js';
import { errorFrom, rejection } from '../../support/outcomes.js';
import { answer, legacyScript, silence } from '../../support/servers/scripts.js';

const connect = connectUntilTestEnds();
const result = { content: [{ type: 'text', text: 'hello' }], structuredContent: { count: 7 } };

describe('callTool() with the parameters of the official client', () => {
  test('calls the tool of a real process, from a client and from its protocol', async () => {
    const entry = { command: process.execPath, args: [serverFixture('tools')], env: { GREETING: 'hello' } };
    await using client = await MCPClient.connect(entry);
    const call = { name: 'env', arguments: { name: 'GREETING' } };
    expect(textOf(await client.callTool(call))).toBe('hello');
    expect(textOf(await client.callTool(call, { timeout: 5_000 }))).toBe('hello');
    expect(textOf(await client.protocol.callTool(call))).toBe('hello');
  });

  test('sends name, arguments and _meta as they are', async () => {
    const { client, server } = await connect(legacyScript('2025-11-25', { 'tools/call': answer(result) }));
    const calls: CallToolParams[] = [
      { name: 'a' },
      { name: 'a', arguments: undefined, _meta: undefined },
      { name: 'a', arguments: { b: 1 }, _meta: { 'example.com/trace': 'x' } },
      Object.freeze({ name: 'a', _meta: { 'example.com/trace': 'x' } }),
    ];
    for (const call of calls) expect(await client.callTool(call)).toEqual(result);
    const sent = server.received.filter(({ method }) => method === 'tools/call').map(({ params }) => params);
    expect(sent).toMatchObject([
      { name: 'a' },
      { name: 'a' },
      { name: 'a', arguments: { b: 1 }, _meta: { 'example.com/trace': 'x' } },
      { name: 'a', _meta: { 'example.com/trace': 'x' } },
    ]);
    expect(sent[0]).not.toHaveProperty('arguments');
  });

  test('takes the options last, with or without a schema before them', async () => {
    const { client } = await connect(legacyScript('2025-11-25', { 'tools/call': silence }));
    const timeout = 15;
    const schema = z.looseObject({ content: z.array(z.unknown()) });
    for (const call of [
      client.callTool({ name: 'a' }, { timeout }),
      client.callTool({ name: 'a' }, undefined, { timeout }),
      client.callTool({ name: 'a' }, schema, { timeout }),
    ]) {
      expect(await errorFrom(call)).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout } });
    }
  });

  test('gives what a schema makes of the result, or rejects with what it throws', async () => {
    const { client } = await connect(legacyScript('2025-11-25', { 'tools/call': answer(result) }));
    const schema = z.object({ structuredContent: z.object({ count: z.number() }) });
    const counted = await client.callTool({ name: 'a' }, schema);
    expect(counted.structuredContent.count satisfies number).toBe(7);
    const wrong = z.object({ structuredContent: z.object({ count: z.string() }) });
    expect(await rejection(client.callTool({ name: 'a' }, wrong))).toBeInstanceOf(z.ZodError);
  });

  test.each<[call: unknown, more: unknown[], name: string, message: string]>([
    [{ name: 'a', args: {} }, [], 'args', 'a tool call has no option "args": its options are name, arguments, _meta'],
    [{ name: 'a', argument: {} }, [], 'argument', 'a tool call has no option "argument". Did you mean "arguments"?'],
    [{ arguments: {} }, [], 'name', 'Invalid name: expected the name of a tool, got undefined'],
    [{ name: 'a', arguments: [1] }, [], 'arguments', 'Invalid arguments: expected an object, got an array'],
    [{ name: 'a', _meta: 'x' }, [], '_meta', 'Invalid _meta: expected an object, got a string'],
    [
      { name: 'a' },
      [{ onprogress: () => undefined }],
      'onprogress',
      'callTool has no option "onprogress". Did you mean "onProgress"?',
    ],
    [
      { name: 'a' },
      [{ timeout: 5 }, { timeout: 5 }],
      'resultSchema',
      'Invalid resultSchema: expected a schema with a function `parse`, got an object',
    ],
    [null, [], 'name', 'Invalid name: expected the name of a tool, or the parameters of a call, got null'],
    [['a'], [], 'name', 'Invalid name: expected the name of a tool, or the parameters of a call, got an array'],
  ])('refuses %j with %j: nothing is sent', async (call, more, name, message) => {
    const { client, server } = await connect(legacyScript());
    const error = await errorFrom(client.callTool(call as CallToolParams, ...(more as [])));
    expect(error).toMatchObject({
      code: 'MCP_INVALID_PARAMS',
      delivery: 'not-sent',
      message,
      details: { field: name },
    });
    expect(server.methods).not.toContain('tools/call');
  });
});
