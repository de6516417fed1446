import { inspect } from 'node:util';

import { MCPClient, MCPError, StdioTransport } from '../../../src/index.js';
import type { MCPClientOptions, SuspendedClient } from '../../../src/index.js';
import { LONG } from '../../support/long-form.js';
import { isDeeperThan, isSameJson } from '../../../src/util/json-values.js';

/** JSON of a value that is nested so deeply. */
const deep = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);

/** A program that answers each method with the text that is given for it, in which DEEP stands for a deep value. */
function program(levels: number, texts: Record<string, string>): string {
  return `
    const deep = '{"a":'.repeat(${levels}) + '1' + '}'.repeat(${levels});
    const texts = ${JSON.stringify(texts)};
    const say = (text) => process.stdout.write(text.replaceAll('DEEP', deep) + '\\n');
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, method } = JSON.parse(line);
      if (id === undefined || method === undefined) return;
      if (method === 'tools/call' && texts.unasked !== undefined) say('{"jsonrpc":"2.0",' + texts.unasked + '}');
      say('{"jsonrpc":"2.0","id":' + JSON.stringify(id) + ',' + (texts[method] ?? '"error":{"code":-32601,"message":"no"}') + '}');
    });`;
}

const capabilities = '{"tools":{},"prompts":{},"resources":{}}';
const initialize = `"result":{"protocolVersion":"2025-11-25","capabilities":${capabilities},"serverInfo":{"name":"x","version":"1"}}`;
const tool = (more: string): string => `"result":{"tools":[{"name":"t","inputSchema":{"type":"object"},${more}}]}`;

/** Uses everything that there is; what rejects has to be an error of this library that can be shown in every way. */
async function useAll(
  texts: Record<string, string>,
  levels: number,
  options: MCPClientOptions = {},
): Promise<string[]> {
  const source = program(levels, {
    initialize,
    'tools/list': tool('"title":"T"'),
    'tools/call': '"result":{"content":[]}',
    ...texts,
  });
  const codes: string[] = [];
  const client = new MCPClient(new StdioTransport(process.execPath, ['-e', source]), {
    era: 'legacy',
    sampling: () => ({ role: 'assistant', content: { type: 'text', text: 'x' }, model: 'm' }),
    elicitation: () => ({ action: 'decline' }),
    ...options,
  });
  const show = (error: unknown): void => {
    expect(error).toBeInstanceOf(MCPError);
    const shown = error as MCPError;
    for (const text of [String(shown), shown.explain(), inspect(shown), JSON.stringify(shown)])
      expect(typeof text).toBe('string');
    codes.push(shown.code);
  };
  client.on('warning', show);
  client.on('error', show);
  client.on('toolsChanged', () => undefined);
  const attempt = (what: Promise<unknown>): Promise<void> => what.then(() => undefined, show);
  try {
    await attempt(client.connect());
    for (let time = 0; time < 2; time += 1) {
      await attempt(client.listTools({ useCache: false }));
      await attempt(client.callTool('t', {}));
    }
    await attempt(client.listPrompts());
    await attempt(client.listResources());
    await attempt(client.readResource('x:y'));
    await attempt(client.getPrompt('p'));
    await attempt(client.request('other/method'));
    expect(typeof client.explain()).toBe('string');
    expect(typeof inspect(client)).toBe('string');
    await attempt(client.suspend());
  } finally {
    await client.disconnect();
  }
  return codes;
}

describe.each(LONG ? [20_000, 500_000] : [20_000])(
  'what is nested %d levels deep is used, or refused with an error of this library',
  (levels) => {
    test.each<[string, Record<string, string>]>([
      [
        'the content of a result',
        { 'tools/call': '"result":{"content":[DEEP],"structuredContent":DEEP,"_meta":DEEP}' },
      ],
      [
        'blocks of content',
        { 'tools/call': '"result":{"content":[{"type":"resource","resource":DEEP},{"type":"x","y":DEEP}]}' },
      ],
      ['a result in place of an object', { 'tools/call': '"result":[DEEP]', 'other/method': '"result":DEEP' }],
      ['an error', { 'tools/call': '"error":{"code":1,"message":"m","data":DEEP}', 'tools/list': '"error":DEEP' }],
      ['an error whose message is no text', { 'tools/call': '"error":{"code":DEEP,"message":DEEP,"data":DEEP}' }],
      ['tools', { 'tools/list': tool('"annotations":DEEP,"_meta":DEEP,"title":DEEP,"outputSchema":DEEP') }],
      ['the schema of a tool', { 'tools/list': '"result":{"tools":[{"name":"t","inputSchema":DEEP}]}' }],
      [
        'the output of a tool, and its schema',
        {
          'tools/list': tool('"outputSchema":{"type":"object","properties":{"a":DEEP}}'),
          'tools/call': '"result":{"content":[],"structuredContent":DEEP}',
        },
      ],
      [
        'prompts and resources',
        {
          'prompts/list': '"result":{"prompts":[{"name":"p","arguments":[DEEP]},DEEP]}',
          'resources/list': '"result":{"resources":[DEEP]}',
        },
      ],
      [
        'messages and contents',
        {
          'prompts/get': '"result":{"messages":[{"role":"user","content":DEEP}]}',
          'resources/read': '"result":{"contents":[DEEP]}',
        },
      ],
      [
        'what the server says about itself',
        {
          initialize: `"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{},"experimental":DEEP},"serverInfo":{"name":"x","version":"1","y":DEEP}}`,
        },
      ],
      ['notifications', { unasked: '"method":"notifications/message","params":{"level":"info","data":DEEP}' }],
      ['notifications that are wrong', { unasked: '"method":DEEP,"params":[DEEP]' }],
      [
        'sampling',
        {
          unasked:
            '"id":7,"method":"sampling/createMessage","params":{"maxTokens":1,"messages":[{"role":"user","content":DEEP}],"metadata":DEEP,"tools":DEEP}',
        },
      ],
      [
        'forms',
        {
          unasked:
            '"id":7,"method":"elicitation/create","params":{"message":"m","requestedSchema":{"type":"object","properties":{"a":DEEP,"b":{"type":"string","default":DEEP}}}}',
        },
      ],
      ['an id', { unasked: '"id":DEEP,"method":"ping"' }],
    ])('%s', async (_, texts) => {
      const events: unknown[] = [];
      if (LONG) await useAll(texts, levels);
      await useAll(texts, levels, {
        inspect: (event) => events.push(event),
        record: { write: (line) => events.push(line) },
      });
      expect(events.length).toBeGreaterThan(0);
    });
  },
);

describe('arguments that are nested too deeply for JSON', () => {
  // Newer versions of V8 write plain JSON of any depth. They, too, recurse where something in it has a `toJSON`.
  const args = { at: new Date(0), a: JSON.parse(deep(100_000)) as unknown };

  test('are refused, not sent, with the name of the method, and the connection goes on', async () => {
    const source = program(1, { initialize, 'tools/call': '"result":{"content":[]}' });
    const client = new MCPClient(new StdioTransport(process.execPath, ['-e', source]), { era: 'legacy' });
    await client.connect();
    for (const call of [() => client.callTool('t', args), () => client.request('other/method', args)]) {
      await expect(call()).rejects.toMatchObject({ code: 'MCP_INVALID_PARAMS', delivery: 'not-sent' });
    }
    await expect(client.protocol.notify('notifications/other', args)).rejects.toMatchObject({ delivery: 'not-sent' });
    expect(await client.callTool('t')).toEqual({ content: [] });
    await client.disconnect();
  });
});

test('a list of 300 000 items in one page is read', async () => {
  const source = `
    const tools = JSON.stringify(Array.from({ length: 300000 }, (_, at) => ({ name: 't' + at, inputSchema: { type: 'object' } })));
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, method } = JSON.parse(line);
      if (id === undefined) return;
      console.log('{"jsonrpc":"2.0","id":' + id + ',' + (method === 'initialize' ? ${JSON.stringify(initialize)} : '"result":{"tools":' + tools + '}') + '}');
    });`;
  const client = new MCPClient(new StdioTransport(process.execPath, ['-e', source]), { era: 'legacy' });
  await client.connect();
  expect(await client.listTools()).toHaveLength(300_000);
  expect(await client.listTools({ useCache: false })).toHaveLength(300_000);
  const suspended: SuspendedClient = await client.suspend();
  expect(suspended.lists.tools?.items).toHaveLength(300_000);
});

describe('values of JSON', () => {
  test('are compared whatever their depth, and the order of their keys', () => {
    const text = deep(500_000);
    expect(isSameJson(JSON.parse(text), JSON.parse(text))).toBe(true);
    expect(isSameJson(JSON.parse(text), JSON.parse(text.replace('1', '2')))).toBe(false);
    expect(isSameJson({ a: 1, b: [2, { c: null }] }, { b: [2, { c: null }], a: 1 })).toBe(true);
    for (const other of [{ a: 1 }, { a: 1, c: [] }, { a: 1, b: {} }, { a: 1, b: [0] }, null, [], 'x']) {
      expect(isSameJson({ a: 1, b: [] }, other)).toBe(false);
    }
  });

  test('are known to be deeper than so many levels, also where they contain themselves', () => {
    expect(isDeeperThan(1, 0)).toBe(false);
    expect(isDeeperThan({ a: [1] }, 2)).toBe(false);
    expect(isDeeperThan({ a: [[]] }, 2)).toBe(true);
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    expect(isDeeperThan(circular, 1_000)).toBe(true);
    expect(isSameJson(JSON.parse(deep(10)), circular)).toBe(false);
  });
});
