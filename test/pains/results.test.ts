import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inspect } from 'node:util';

import { HttpTransport, MCPClient } from '../../src/index.js';
import type { MCPClientOptions, MCPTool } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { endAfterEach } from '../support/endings.js';
import { modernServer, ScriptedHttpServer } from '../support/servers/http-server.js';
import { errorFrom } from '../support/outcomes.js';
import {
  answer,
  discoverResult,
  initializeResult,
  legacyScript,
  modernScript,
  ScriptedProcess,
} from '../support/servers/scripts.js';
import type { Script } from '../support/servers/scripts.js';

const endLater = endAfterEach();

/** A client of a process that plays a script, with what it emits since before its handshake. */
async function withProcess(
  script: Script,
  options: MCPClientOptions = {},
): Promise<{ readonly client: MCPClient; readonly recorder: ClientRecorder; readonly server: ScriptedProcess }> {
  const server = new ScriptedProcess(script);
  endLater(() => {
    server[Symbol.dispose]();
    return Promise.resolve();
  });
  const client = new MCPClient(server.transport, options);
  endLater(() => client.close());
  const recorder = new ClientRecorder(client, ['log']);
  await client.connect();
  return { client, recorder, server };
}

function messages(recorder: ClientRecorder): string[] {
  return recorder.warning.map(({ message }) => message);
}

const schema = { type: 'object' } as const;
const good = { name: 'good', inputSchema: schema };

describe('pain 32: "one invalid tool, or invalid optional metadata, hides all tools"', () => {
  const odd = {
    icons: [{ src: 'https://example.com/i.png', sizes: '48x48' }],
    annotations: { audience: ['system'] },
    _meta: [],
  };

  test.each<[era: string, script: Script]>([
    [
      'legacy',
      legacyScript('2025-11-25', {
        initialize: answer(
          initializeResult('2025-11-25', { serverInfo: { name: 'odd', version: 2, ...odd }, _meta: [] }),
        ),
      }),
    ],
    [
      'modern',
      modernScript({
        'server/discover': answer(
          discoverResult({ _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'odd', version: 2, ...odd } } }),
        ),
      }),
    ],
  ])('odd decoration stops neither the handshake nor a list nor a call of a %s server', async (era, script) => {
    const tool = { ...good, ...odd, annotations: { title: 5, readOnlyHint: 'true' } };
    const { client, recorder } = await withProcess({
      ...script,
      'tools/list': answer({ tools: [tool], _meta: [] }),
      'tools/call': answer({ content: [{ type: 'text', text: 'done', annotations: odd.annotations, _meta: [] }] }),
    });
    expect(await client.getServerInfo()).toMatchObject({ name: 'odd', version: '2', era });
    expect(await client.listTools()).toEqual([{ ...good, annotations: {} }]);
    expect(await client.callTool('good')).toEqual({ content: [{ type: 'text', text: 'done', annotations: {} }] });
    const known = messages(recorder).length;
    expect(known).toBeGreaterThan(5);
    await client.callTool('good');
    await client.listTools({ useCache: false });
    expect(messages(recorder)).toHaveLength(known);
    expect(recorder.error).toEqual([]);
  });

  test('log messages with a level of another system, or without data, are logged', async () => {
    const log = (params: unknown): Script[string] => [
      ...Array.from({ length: 50 }, () => ({ say: { jsonrpc: '2.0', method: 'notifications/message', params } })),
      ...answer({ content: [] }),
    ];
    const { client, recorder } = await withProcess(
      legacyScript('2025-11-25', { 'tools/call': log({ level: 'warn', data: 'disk' }), 'x/y': log({ level: 'info' }) }),
    );
    await client.callTool('any');
    await client.request('x/y');
    expect(recorder.log).toEqual([
      ...Array.from({ length: 50 }, () => ({ level: 'warning', data: 'disk' })),
      ...Array.from({ length: 50 }, () => ({ level: 'info', data: null })),
    ]);
    expect(messages(recorder)).toEqual([
      'notifications/message: level is read as "warning": level must be a log level, got a string',
      'notifications/message: data is read as null: data must be a value, got nothing',
    ]);
  });

  test('one bad tool is left out, with a warning that names it, and the others are listed', async () => {
    const tools = [
      good,
      { name: 'no-schema' },
      { name: 'bad-description', description: 5, inputSchema: schema },
      { name: 'no-object', inputSchema: { anyOf: [{ type: 'string' }, { type: 'number' }] } },
      { name: 'notes', inputSchema: { $schema: 'http://json-schema.org/draft-07/schema#' } },
    ];
    const { client, recorder } = await withProcess(legacyScript('2025-11-25', { 'tools/list': answer({ tools }) }));
    const names = ({ name }: { readonly name: string }): string => name;
    expect((await client.listTools()).map(names)).toEqual(['good', 'notes']);
    expect(await client.listTools({ useCache: false })).toContainEqual({
      name: 'notes',
      inputSchema: { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' },
    });
    const iterated: string[] = [];
    for await (const { name } of client.tools()) iterated.push(name);
    expect(iterated).toEqual(['good', 'notes']);
    expect(recorder.warning.map(({ details }) => details)).toMatchObject([
      { tool: 'no-schema', path: 'tools[1].inputSchema' },
      { tool: 'bad-description', path: 'tools[2].description' },
      { tool: 'no-object', path: 'tools[3].inputSchema.type' },
      { tool: 'notes', path: 'tools[4].inputSchema.type' },
    ]);
  });

  test('the same goes for prompts, resources and templates, in arrays and iterators', async () => {
    const prompts = [{ name: 'good' }, { name: 'bad', arguments: [{ description: 'no name' }] }];
    const resources = [{ uri: 'x:bad' }, { uri: 'x:good', name: 'good' }];
    const resourceTemplates = [{ uriTemplate: 'x:{good}', name: 'good' }, { name: 'bad' }, null];
    const { client, recorder } = await withProcess(
      modernScript({
        'prompts/list': answer({ prompts }),
        'resources/list': answer({ resources }),
        'resources/templates/list': answer({ resourceTemplates }),
      }),
    );
    const iterated: string[] = [];
    for await (const { name } of client.prompts()) iterated.push(name);
    for await (const { name } of client.resources()) iterated.push(name);
    expect(iterated).toEqual(['good', 'good']);
    expect(await client.listPrompts()).toEqual([{ name: 'good' }]);
    expect(await client.listResources()).toEqual([{ uri: 'x:good', name: 'good' }]);
    expect(await client.listResourceTemplates()).toEqual([{ uriTemplate: 'x:{good}', name: 'good' }]);
    expect(recorder.warning.map(({ details }) => details)).toMatchObject([
      { prompt: 'bad' },
      { resource: 'x:bad' },
      { template: 'bad' },
      { template: 'number 3' },
    ]);
  });

  test('a thousand bad tools on a hundred pages cause some thirty warnings, and none when they are listed again', async () => {
    const pages = Array.from({ length: 100 }, (_, page) => ({
      tools: [good, ...Array.from({ length: 10 }, (_unused, at) => ({ name: `bad-${page}-${at}` }))],
      ...(page < 99 && { nextCursor: String(page) }),
    }));
    const { client, recorder } = await withProcess(
      legacyScript('2025-11-25', { 'tools/list': { inTurn: [...pages, ...pages].map(answer) } }),
    );
    expect(await client.listTools()).toHaveLength(100);
    expect(recorder.warning).toHaveLength(31);
    expect(messages(recorder).at(-1)).toContain('tools/list: more than 30 different faults');
    await client.listTools({ useCache: false });
    expect(recorder.warning).toHaveLength(31);
  });

  test('a hint of the wrong type makes no call be repeated', async () => {
    const hinted = { ...good, annotations: { readOnlyHint: 'true', idempotentHint: 1 } };
    const server = await ScriptedHttpServer.start(
      modernServer(
        (visit) => {
          if (visit.message.method !== 'tools/call') return false;
          visit.response.destroy();
          return true;
        },
        [hinted],
      ),
    );
    endLater(() => server.close());
    const client = new MCPClient(new HttpTransport(server.url), { trustAnnotations: true });
    endLater(() => client.close());
    await client.connect();
    await client.listTools();
    expect(await errorFrom(client.callTool('good'))).toMatchObject({ delivery: 'unknown' });
    expect(server.asked('tools/call')).toHaveLength(1);
  });

  test('definitions of real servers are listed as they are, and without the type of their arguments, too', async () => {
    const file = new URL('../fixtures/lists/real-tools.json', pathToFileURL(__filename));
    const lists = JSON.parse(readFileSync(fileURLToPath(file), 'utf8')) as { server: string; tools: MCPTool[] }[];
    for (const { tools } of lists) {
      const untyped = tools.map((tool) => ({ ...tool, inputSchema: { ...tool.inputSchema, type: undefined } }));
      const { client, recorder } = await withProcess(
        legacyScript('2025-11-25', { 'tools/list': { inTurn: [answer({ tools }), answer({ tools: untyped })] } }),
      );
      expect(await client.listTools()).toEqual(tools);
      expect(recorder.warning).toEqual([]);
      expect(await client.listTools({ useCache: false })).toEqual(tools);
    }
  });
});

describe('pain 33: "a result is refused because of a schema or a small fault, and is lost"', () => {
  test.each([{ toolResult: { a: 1 } }, { structuredContent: { a: 1 } }, {}, { content: null, text: 'x' }])(
    'the result %j of a legacy server without content is handed out',
    async (result) => {
      const { client, recorder } = await withProcess(legacyScript('2024-11-05', { 'tools/call': answer(result) }));
      expect(await client.callTool('old')).toEqual({ ...result, content: [] });
      expect(recorder.warning).toHaveLength(1);
      expect(recorder.error).toEqual([]);
    },
  );

  test.each<[what: string, script: Script, result: object]>([
    ['no content from a modern server', modernScript(), { structuredContent: { token: 's3cret' } }],
    ['content that is no array', legacyScript(), { content: 's3cret' }],
    ['a resource_link without a name', legacyScript(), { content: [{ type: 'resource_link', uri: 'x:s3cret' }] }],
    ['a text that is none', modernScript(), { content: [{ type: 'text', text: { s3cret: true } }] }],
    ['an isError that is no boolean', legacyScript(), { content: [{ type: 'text', text: 's3cret' }], isError: 'no' }],
  ])('a result with %s is in the error, and handed out on demand', async (_what, script, result) => {
    const { client, recorder } = await withProcess({ ...script, 'tools/call': answer(result) });
    const error = await errorFrom(client.callTool('any'));
    expect(error).toMatchObject({ code: 'MCP_INVALID_RESULT', delivery: 'answered', details: { result } });
    const printed = [error.toString(), error.explain(), inspect(error, { depth: 10 }), JSON.stringify(error)];
    expect(printed.join('\n')).not.toContain('s3cret');
    expect(await client.callTool('any', {}, { validate: 'off' })).toEqual(result);
    expect(await client.request('tools/call', { name: 'any' })).toEqual(result);
    expect(recorder.warning).toEqual([]);
    expect(await client.callTool('any', {}, { validate: 'warn' })).toEqual(result);
    expect(recorder.warning).toHaveLength(1);
  });

  test('a prompt, a resource and a completion that are refused are in the error, and request() hands them out', async () => {
    const prompt = { messages: [{ role: 'system', content: { type: 'text', text: 'x' } }] };
    const resource = { contents: [{ uri: 'x:1' }] };
    const completion = { completion: { values: 'none' } };
    const { client } = await withProcess(
      modernScript({
        'prompts/get': answer(prompt),
        'resources/read': answer(resource),
        'completion/complete': answer(completion),
      }),
    );
    const ref = { type: 'ref/prompt', name: 'p' } as const;
    expect((await errorFrom(client.getPrompt('p'))).details).toMatchObject({ result: prompt });
    expect((await errorFrom(client.readResource('x:1'))).details).toMatchObject({ result: resource });
    expect((await errorFrom(client.complete({ ref, argument: { name: 'a', value: '' } }))).details).toMatchObject({
      result: completion,
    });
    expect(await client.request('prompts/get', { name: 'p' })).toEqual(prompt);
    expect(await client.request('resources/read', { uri: 'x:1' })).toEqual(resource);
  });

  test('a recording of a result that was refused has no secret in it, and request() is recorded as what it is', async () => {
    const lines: string[] = [];
    const result = {
      content: [{ type: 'text', text: 's3cret', more: 's3cret' }, { type: 's3cret', text: 5 }, 's3cret'],
    };
    const { client } = await withProcess(legacyScript('2025-11-25', { 'tools/call': answer(result) }), {
      record: { write: (line) => void lines.push(line) },
    });
    await errorFrom(client.callTool('any'));
    expect(await client.request('tools/call', { name: 'any' })).toEqual(result);
    await client.close();
    expect(lines.join('\n')).not.toContain('s3cret');
    expect(lines.filter((line) => line.includes('"unchecked":true'))).toHaveLength(1);
  });

  test('a tool error in a result of any shape is thrown when nothing is checked', async () => {
    const { client } = await withProcess(
      legacyScript('2025-11-25', {
        'tools/call': { inTurn: [{ isError: true }, { content: [null, { type: 'text' }], isError: true }].map(answer) },
      }),
      { validate: 'off' },
    );
    for (let call = 0; call < 2; call += 1) {
      expect(await errorFrom(client.callTool('any'))).toMatchObject({
        code: 'MCP_TOOL_ERROR',
        message: 'The tool any reported an error',
      });
    }
  });
});
