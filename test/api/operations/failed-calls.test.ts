import { MCPClient, MCPToolError } from '../../../src/index.js';
import type { MCPError } from '../../../src/index.js';
import { legacyServer, ScriptedHttpServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';
import { errorFrom, rejection } from '../../support/outcomes.js';
import {
  answer,
  end,
  legacyScript,
  modernScript,
  refuse,
  ScriptedProcess,
  scriptedServer,
  silence,
} from '../../support/servers/scripts.js';
import type { Script, Step } from '../../support/servers/scripts.js';

const TOOLS = ['search', 'read_file', 'write_file'].map((name) => ({ name, inputSchema: { type: 'object' } }));
const PROMPTS = [{ name: 'summarize' }, { name: 'translate' }];
const RESOURCES = [{ name: 'a', uri: 'file:///notes/a.md' }];

const page = (content: object): Step[] =>
  answer({ ...content, resultType: 'complete', ttlMs: 0, cacheScope: 'private' });
const LISTS: Script = {
  'tools/list': page({ tools: TOOLS }),
  'prompts/list': page({ prompts: PROMPTS }),
  'resources/list': page({ resources: RESOURCES }),
};

const ERAS: [string, (more: Script) => Script][] = [
  ['legacy', (more) => legacyScript('2025-11-25', more)],
  ['modern', (more) => modernScript(more)],
];

const callByRequest = (client: MCPClient): Promise<unknown> => client.request('tools/call', { name: 'find' });

/** Calls that name something, the field of `details` and the name. */
const CALLS: [method: string, call: (client: MCPClient) => Promise<unknown>, details: object, name: string][] = [
  ['tools/call', (client) => client.callTool('find'), { tool: 'find' }, 'find'],
  ['tools/call', callByRequest, { tool: 'find' }, 'find'],
  ['prompts/get', (client) => client.getPrompt('sum'), { prompt: 'sum' }, 'sum'],
  ['resources/read', (client) => client.readResource('file:///b'), { uri: 'file:///b' }, 'file:///b'],
  [
    'completion/complete',
    (client) => client.complete({ ref: { type: 'ref/prompt', name: 'sum' }, argument: { name: 'a', value: '' } }),
    { prompt: 'sum' },
    'sum',
  ],
  [
    'completion/complete',
    (client) => client.complete({ ref: { type: 'ref/resource', uri: 'db://{t}' }, argument: { name: 't', value: '' } }),
    { uri: 'db://{t}' },
    'db://{t}',
  ],
];
const LEGACY_CALLS: typeof CALLS = [
  ...CALLS,
  ['resources/subscribe', (client) => client.subscribe('file:///b'), { uri: 'file:///b' }, 'file:///b'],
  ['resources/unsubscribe', (client) => client.unsubscribe('file:///b'), { uri: 'file:///b' }, 'file:///b'],
];

function named(error: MCPError, details: object, name: string): void {
  expect(error).toMatchObject({ details });
  expect(error.message).toContain(name);
  // Once: a name that stands there twice makes the message harder to read.
  expect(error.message.split(`"${name}"`).length).toBeLessThanOrEqual(2);
}

describe.each(LEGACY_CALLS)('a failed %s names what it was about', (method, call, details, name) => {
  async function failing(steps: Step[]): Promise<MCPError> {
    await using server = await scriptedServer(legacyScript('2025-11-25', { ...LISTS, [method]: steps }));
    await using client = await MCPClient.connect(server.transport, { timeout: 200 });
    return await errorFrom(call(client));
  }

  test('when the server refuses it', async () => {
    named(await failing(refuse(-32603, 'broken')), details, name);
  });

  test('when it gets no answer', async () => {
    const error = await failing(silence);
    expect(error.code).toBe('MCP_TIMEOUT');
    named(error, details, name);
    expect(error.message).toBe(`${method} "${name}" got no answer within 200 ms`);
  });

  test('when the result is refused', async () => {
    if (method === 'resources/subscribe' || method === 'resources/unsubscribe') return;
    if (call === callByRequest) return; // it returns whatever the server sends
    const error = await failing(answer({ content: 5, messages: 5, contents: 5, completion: 5 }));
    expect(error.code).toBe('MCP_INVALID_RESULT');
    named(error, details, name);
  });

  test('when the server dies', async () => {
    using process = new ScriptedProcess(legacyScript('2025-11-25', { [method]: end(3) }));
    await using client = await MCPClient.connect(process.transport);
    const error = await errorFrom(call(client));
    expect(error).toMatchObject({ code: 'MCP_PROCESS_EXITED', details: { exitCode: 3 } });
    named(error, details, name);
  });

  test('when there is no connection', async () => {
    await using server = await scriptedServer(legacyScript());
    const client = await MCPClient.connect(server.transport);
    await client.close();
    const error = await errorFrom(call(client));
    expect(error).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
    named(error, details, name);
  });

  test('when the server does not have the capability', async () => {
    const bare = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'bare', version: '1' } };
    await using server = await scriptedServer(legacyScript('2025-11-25', { initialize: answer(bare) }));
    await using client = await MCPClient.connect(server.transport);
    const error = await errorFrom(call(client));
    expect(error.code).toBe('MCP_CAPABILITY_MISSING');
    named(error, details, name);
  });

  test('when HTTP fails', async () => {
    const capabilities = { tools: {}, prompts: {}, resources: { subscribe: true }, completions: {} };
    const respond = (visit: HttpVisit): boolean => visit.message.method === method && (visit.status(500), true);
    const server = await ScriptedHttpServer.start(legacyServer(respond, { capabilities }));
    await using client = await MCPClient.connect(server.url);
    const error = await errorFrom(call(client));
    expect(error).toMatchObject({ delivery: 'answered', details: { status: 500 } });
    named(error, details, name);
    await server.close();
  });
});

test('subscribe() to a modern server that does not acknowledge it names the resource', async () => {
  await using server = await scriptedServer(modernScript({ 'subscriptions/listen': silence }));
  await using client = await MCPClient.connect(server.transport);
  const error = await errorFrom(client.subscribe('file:///b', { timeout: 100 }));
  expect(error).toMatchObject({ code: 'MCP_TIMEOUT', details: { uri: 'file:///b' } });
  expect(error.message).toContain('file:///b');
});

test('an aborted call rejects with the reason of the signal alone', async () => {
  await using server = await scriptedServer(legacyScript('2025-11-25', { 'tools/call': silence }));
  await using client = await MCPClient.connect(server.transport);
  const controller = new AbortController();
  const calling = rejection(client.callTool('find', {}, { signal: controller.signal }));
  const reason = new Error('mine');
  controller.abort(reason);
  expect(await calling).toBe(reason);
  expect(reason.message).toBe('mine');
});

describe.each(ERAS)('what a %s server refuses by name', (_era, script) => {
  async function withList(more: Script, use: (client: MCPClient) => Promise<unknown>): Promise<MCPError> {
    await using server = await scriptedServer(script({ ...LISTS, ...more }));
    await using client = await MCPClient.connect(server.transport);
    const error = await errorFrom(use(client));
    expect(server.received.filter(({ method }) => method?.endsWith('/list')).length).toBeLessThanOrEqual(1);
    return error;
  }

  test.each([-32602, -32601, -32603, -32000])('with %i gets a suggestion from the list of tools', async (code) => {
    const error = await withList({ 'tools/call': refuse(code, 'Unknown tool') }, async (client) => {
      await client.listTools();
      return client.callTool('readFiel');
    });
    expect(error).toBeInstanceOf(MCPToolError);
    expect(error).toMatchObject({ errorCode: code, details: { tool: 'readFiel' } });
    expect(error.message).toMatch(/Unknown tool\. Did you mean "read_file"\?$/);
    expect(error.explain()).toContain('Did you mean "read_file"?');
  });

  test('as a result with isError gets a suggestion, too', async () => {
    const said = answer({ content: [{ type: 'text', text: 'Tool serach not found.' }], isError: true });
    const error = await withList({ 'tools/call': said }, async (client) => {
      await client.listTools();
      return client.callTool('serach');
    });
    expect(error.message).toBe('The tool serach reported an error: Tool serach not found. Did you mean "search"?');
  });

  test('gets no suggestion when the list has the name, when nothing is similar, or when no list is known', async () => {
    const refusal = { 'tools/call': refuse(-32602, 'No') };
    for (const [name, lists] of [
      ['search', true],
      ['launch_rocket', true],
      ['serach', false],
    ] as const) {
      const error = await withList(refusal, async (client) => {
        if (lists) await client.listTools();
        return client.callTool(name);
      });
      expect(error.message).toBe(`The call of the tool ${name} was refused: No`);
    }
  });

  test('gets a suggestion from the list of prompts or of resources', async () => {
    const prompt = await withList({ 'prompts/get': refuse(-32602, 'Unknown prompt') }, async (client) => {
      await client.listPrompts();
      return client.getPrompt('sumarize');
    });
    expect(prompt.message).toContain('Did you mean "summarize"?');
    const resource = await withList({ 'resources/read': refuse(-32002, 'Not found') }, async (client) => {
      await client.listResources();
      return client.readResource('file:///note/a.md');
    });
    expect(resource).toMatchObject({ code: 'MCP_RESOURCE_NOT_FOUND', details: { uri: 'file:///note/a.md' } });
    expect(resource.message).toContain('Did you mean "file:///notes/a.md"?');
  });
});

test('the text of a server error is bounded and printable in the message and in the details', async () => {
  const reason = `\u001b[31mred\u001b[0m \u0007${'x'.repeat(100_000)}`;
  await using server = await scriptedServer(
    legacyScript('2025-11-25', { 'tools/call': refuse(-32603, reason), 'prompts/get': refuse(-32603, reason) }),
  );
  await using client = await MCPClient.connect(server.transport);
  for (const call of [client.callTool('x'), client.getPrompt('x')]) {
    const error = await errorFrom(call);
    expect(error.message.length).toBeLessThan(700);
    // eslint-disable-next-line no-control-regex -- control characters are what this test is about
    expect(error.message).not.toMatch(/[\u0000-\u001f]/);
    expect(error.details).toMatchObject({ reason: `red ${'x'.repeat(4_092)}… (100014 characters in all)` });
  }
});

test('a name of a tool that is long or has control characters does not spoil the message', async () => {
  await using server = await scriptedServer(legacyScript('2025-11-25', { 'tools/call': refuse(-32602, 'No') }));
  await using client = await MCPClient.connect(server.transport);
  const name = `\u001b]0;title\u0007${'n'.repeat(10_000)}`;
  const error = await errorFrom(client.callTool(name));
  expect(error.message.length).toBeLessThan(300);
  expect(error.message).not.toContain('\u001b');
  expect(error.details).toMatchObject({ tool: `${'n'.repeat(4_096)}… (10010 characters in all)` });
});
