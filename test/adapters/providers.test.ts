// @google/genai takes the dispatcher of undici from `globalThis`, and in a test that is not the one that Node initializes.
import 'undici';

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

import { anthropicTools } from '../../src/adapters/anthropic/index.js';
import { googleTools } from '../../src/adapters/google/index.js';
import { openaiTools } from '../../src/adapters/openai/index.js';
import { endAfterEach } from '../support/endings.js';
import { connectUntilTestEnds } from '../support/scripted-clients.js';
import { answer, legacyScript, silence } from '../support/servers/scripts.js';
import { ALL_KINDS, DATA, SEEN } from './support/contents.js';
import { anthropicProblems, googleProblems, openAIProblems } from './support/provider-rules.js';
import { ProviderServer } from './support/provider-server.js';
import type { Body } from './support/provider-server.js';

const endLater = endAfterEach();
const connect = connectUntilTestEnds();

/** A tool that each provider refuses as it is. */
const AWKWARD = {
  name: 'a.tool',
  description: 'Does it.',
  inputSchema: {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    anyOf: [{ required: ['id'] }, { required: ['name'] }],
    properties: { id: { $ref: '#/$defs/id' }, name: { type: 'string' }, when: { type: ['string', 'null'] } },
    $defs: { id: { type: 'integer' } },
  },
} as const;

function server(result: object): ReturnType<typeof connect> {
  return connect(
    legacyScript('2025-11-25', { 'tools/list': answer({ tools: [AWKWARD] }), 'tools/call': answer(result) }),
  );
}

async function provider(
  check: (request: Body) => readonly string[],
  responses: readonly Body[],
): Promise<ProviderServer> {
  const started = await ProviderServer.start(check, responses);
  endLater(() => started[Symbol.asyncDispose]());
  return started;
}

/** The arguments of the calls that the MCP server received. */
function received({ server: { received: messages } }: Awaited<ReturnType<typeof server>>): unknown[] {
  return messages.filter(({ method }) => method === 'tools/call').map(({ params }) => params);
}

interface Named {
  readonly name: string;
  readonly parameters: unknown;
  readonly strict?: unknown;
}

const MODEL_ARGUMENTS = JSON.stringify({ id: 7, name: null, when: null });

test('openaiTools() runs a loop of the Responses API with strict tools, and removes the nulls of the model', async () => {
  const pair = await server(ALL_KINDS);
  const { tools, run } = await openaiTools(pair.client);
  const call = { type: 'function_call', id: 'f', call_id: 'c1', name: tools[0]?.name, arguments: MODEL_ARGUMENTS };
  const api = await provider(
    ({ tools: given }) =>
      (given as Named[]).flatMap(({ name, parameters, strict }) => openAIProblems(name, parameters, strict)),
    [{ output: [call] }, { output: [] }],
  );
  const openai = new OpenAI({ apiKey: 'key', baseURL: api.url, maxRetries: 0 });
  const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'Go' }];
  const response = await openai.responses.create({ model: 'm', input, tools });
  for (const item of response.output) if (item.type === 'function_call') input.push(item, await run(item));
  await openai.responses.create({ model: 'm', input, tools });

  expect(tools).toMatchObject([{ strict: true, name: expect.stringMatching(/^a_tool_[0-9a-f]{6}$/) as string }]);
  expect(received(pair)).toMatchObject([{ name: 'a.tool', arguments: { id: 7, when: null } }]);
  expect(received(pair)).not.toMatchObject([{ arguments: { name: null } }]);
  const [, second] = api.requests;
  const output = (second?.input as Body[]).at(-1);
  expect(output).toMatchObject({ type: 'function_call_output', call_id: 'c1' });
  const text = (output?.output as { text?: string }[]).map((item) => item.text ?? '').join('\n');
  for (const seen of SEEN) expect(text).toContain(seen);
  expect(text).toContain('[audio/wav, 5 bytes, not shown]');
  expect(output?.output).toContainEqual({
    type: 'input_image',
    image_url: `data:image/png;base64,${DATA.image}`,
    detail: 'auto',
  });
  expect(output?.output).toContainEqual({
    type: 'input_file',
    filename: 'paper.pdf',
    file_data: `data:application/pdf;base64,${DATA.pdf}`,
  });
});

test('openaiTools() runs a loop of Chat Completions, with notes in place of data', async () => {
  const pair = await server(ALL_KINDS);
  const { tools, run } = await openaiTools(pair.client, { api: 'chat' });
  const [tool] = tools;
  const toolCall = { id: 'c1', type: 'function', function: { name: tool?.function.name, arguments: MODEL_ARGUMENTS } };
  const api = await provider(
    ({ tools: given }) =>
      (given as { function: Named }[]).flatMap(({ function: { name, parameters, strict } }) =>
        openAIProblems(name, parameters, strict),
      ),
    [{ choices: [{ message: { role: 'assistant', content: null, tool_calls: [toolCall] } }] }, { choices: [] }],
  );
  const openai = new OpenAI({ apiKey: 'key', baseURL: api.url, maxRetries: 0 });
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Go' }];
  const { choices } = await openai.chat.completions.create({ model: 'm', messages, tools });
  for (const { message } of choices) {
    messages.push(message);
    for (const call of message.tool_calls ?? []) messages.push(await run(call));
  }
  await openai.chat.completions.create({ model: 'm', messages, tools });

  expect(received(pair)).toMatchObject([{ name: 'a.tool', arguments: { id: 7 } }]);
  const output = (api.requests[1]?.messages as Body[]).at(-1);
  expect(output).toMatchObject({ role: 'tool', tool_call_id: 'c1' });
  for (const seen of [...SEEN, '[image/png, 5 bytes, not shown]', '[audio/wav, 5 bytes, not shown]', 'application/pdf'])
    expect(output?.content).toContain(seen);
});

// A runner sends the tools once, and then continues the thread.
const anthropicCheck = ({ tools = [] }: Body): string[] =>
  (tools as { name: string; input_schema: unknown }[]).flatMap(({ name, input_schema }) =>
    anthropicProblems(name, input_schema),
  );

function toolUse(name: string | undefined): Body {
  const content = [{ type: 'tool_use', id: 'u1', name, input: { id: 7 } }];
  return { id: 'm', type: 'message', role: 'assistant', model: 'm', content, stop_reason: 'tool_use', usage: {} };
}

const END = {
  id: 'm',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [],
  stop_reason: 'end_turn',
  usage: {},
};

function expectAnthropicResult(block: Body): void {
  const content = block.content as (Body & { source?: Body })[];
  const text = content
    .map((one) => [one.text, one.title, one.type === 'document' && one.source?.data].join(' '))
    .join('\n');
  for (const seen of [...SEEN, '[audio/wav, 5 bytes, not shown]']) expect(text).toContain(seen);
  expect(content).toContainEqual({
    type: 'image',
    source: { type: 'base64', media_type: 'image/png', data: DATA.image },
  });
  expect(content).toContainEqual({
    type: 'document',
    title: 'file:///paper.pdf',
    source: { type: 'base64', media_type: 'application/pdf', data: DATA.pdf },
  });
}

test('anthropicTools() runs a loop of the Messages API, and keeps images and documents', async () => {
  const pair = await server(ALL_KINDS);
  const { tools, run } = await anthropicTools(pair.client);
  const api = await provider(anthropicCheck, [toolUse(tools[0]?.name), END]);
  const anthropic = new Anthropic({ apiKey: 'key', baseURL: api.url, maxRetries: 0 });
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'Go' }];
  const message = await anthropic.messages.create({ model: 'm', max_tokens: 100, messages, tools });
  messages.push({ role: 'assistant', content: message.content });
  for (const block of message.content)
    if (block.type === 'tool_use') messages.push({ role: 'user', content: [await run(block)] });
  await anthropic.messages.create({ model: 'm', max_tokens: 100, messages, tools });

  expect(received(pair)).toMatchObject([{ name: 'a.tool', arguments: { id: 7 } }]);
  const [block = {}] = (api.requests[1]?.messages as { content: Body[] }[]).at(-1)?.content ?? [];
  expect(block).toMatchObject({ type: 'tool_result', tool_use_id: 'u1' });
  expect(block).not.toHaveProperty('is_error');
  expectAnthropicResult(block);
});

test.each([
  ['a result', ALL_KINDS],
  ['an error', { ...ALL_KINDS, isError: true }],
])('the tools of anthropicTools() give a tool runner of Anthropic %s', async (_what, result) => {
  const pair = await server(result);
  const { tools } = await anthropicTools(pair.client);
  const api = await provider(anthropicCheck, [toolUse(tools[0]?.name), END]);
  const anthropic = new Anthropic({ apiKey: 'key', baseURL: api.url, maxRetries: 0 });
  await anthropic.beta.messages.toolRunner({
    model: 'm',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'Go' }],
    tools,
  });

  const [block = {}] = (api.requests[1]?.messages as { content: Body[] }[]).at(-1)?.content ?? [];
  if ('isError' in result) {
    expect(block).toMatchObject({ is_error: true });
    for (const seen of [...SEEN, '[image/png, 5 bytes, not shown]'])
      expect(JSON.stringify(block)).toContain(JSON.stringify(seen).slice(1, -1));
  } else expectAnthropicResult(block);
});

test.each([
  ['output', ALL_KINDS],
  ['error', { ...ALL_KINDS, isError: true }],
])('googleTools() goes into config.tools, and the SDK sends the %s with its data', async (field, result) => {
  const pair = await server(result);
  const tools = await googleTools(pair.client);
  const [declared] = (await tools.tool()).functionDeclarations;
  const parts = [{ functionCall: { id: 'g1', name: declared?.name, args: { id: 7 } } }];
  const api = await provider(
    ({ tools: given }) =>
      (given as { functionDeclarations: { name: string; parametersJsonSchema: unknown }[] }[])
        .flatMap(({ functionDeclarations }) => functionDeclarations)
        .flatMap(({ name, parametersJsonSchema }) => googleProblems(name, parametersJsonSchema)),
    [
      { candidates: [{ content: { role: 'model', parts } }] },
      { candidates: [{ content: { role: 'model', parts: [{ text: 'Done' }] } }] },
    ],
  );
  const { GoogleGenAI } = await import('@google/genai');
  const google = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl: api.url } });
  const response = await google.models.generateContent({ model: 'm', contents: 'Go', config: { tools: [tools] } });

  expect(response.text).toBe('Done');
  expect(received(pair)).toMatchObject([{ name: 'a.tool', arguments: { id: 7 } }]);
  const [part] = (api.requests[1]?.contents as { parts: { functionResponse: Body }[] }[]).at(-1)?.parts ?? [];
  expect(part?.functionResponse).toMatchObject({ name: 'a.tool', id: 'g1' });
  const text = (part?.functionResponse.response as Body)[field];
  for (const seen of SEEN) expect(text).toContain(seen);
  expect(part?.functionResponse.parts).toEqual([
    { inlineData: { mimeType: 'image/png', data: DATA.image } },
    { inlineData: { mimeType: 'audio/wav', data: DATA.audio } },
    { inlineData: { mimeType: 'application/pdf', data: DATA.pdf } },
  ]);
});

describe('an aborted call', () => {
  type Run = (client: Awaited<ReturnType<typeof server>>['client'], signal: AbortSignal) => Promise<unknown>;
  test.each<[string, Run]>([
    [
      'openaiTools',
      async (client, signal) =>
        (await openaiTools(client)).run({ call_id: 'c', name: 'slow', arguments: '{}' }, { signal }),
    ],
    [
      'anthropicTools',
      async (client, signal) => (await anthropicTools(client)).run({ id: 'c', name: 'slow', input: {} }, { signal }),
    ],
    [
      'a tool of anthropicTools',
      async (client, signal) => (await anthropicTools(client)).tools[0]?.run({}, { signal }),
    ],
    [
      'googleTools',
      async (client, signal) => (await googleTools(client, { signal })).callTool([{ name: 'slow', args: {} }]),
    ],
  ])('of %s rejects with the reason, and the server receives notifications/cancelled', async (_name, run) => {
    const tools = [{ name: 'slow', inputSchema: { type: 'object' } }];
    const pair = await connect(legacyScript('2025-11-25', { 'tools/list': answer({ tools }), 'tools/call': silence }));
    const controller = new AbortController();
    const running = run(pair.client, controller.signal);
    const settled = expect(running).rejects.toBe('enough');
    await pair.server.receive('tools/call');
    controller.abort('enough');
    await settled;
    await pair.server.receive('notifications/cancelled');
  });
});
