import path from 'node:path';

import ts from 'typescript';

const ROOT = path.resolve(__dirname, '../..');

/** A program of a user of each SDK. It is only compiled. */
const PROGRAM = `
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import type { CallableTool } from '@google/genai';
import OpenAI from 'openai';
import { anthropicTools } from '../../src/adapters/anthropic/index.js';
import { googleTools } from '../../src/adapters/google/index.js';
import { openaiTools } from '../../src/adapters/openai/index.js';
import type { MCPClient } from '../../src/index.js';

export async function responses(client: MCPClient, input: OpenAI.Responses.ResponseInput): Promise<void> {
  const { tools, run } = await openaiTools(client, { strict: 'auto' });
  const response = await new OpenAI().responses.create({ model: 'm', input, tools });
  for (const item of response.output) if (item.type === 'function_call') input.push(item, await run(item));
}

export async function chat(client: MCPClient, messages: OpenAI.ChatCompletionMessageParam[]): Promise<void> {
  const { tools, run } = await openaiTools(client, { api: 'chat' });
  const { choices } = await new OpenAI().chat.completions.create({ model: 'm', messages, tools });
  for (const call of choices[0]?.message.tool_calls ?? []) messages.push(await run(call));
}

export async function messages(client: MCPClient, list: Anthropic.MessageParam[]): Promise<void> {
  const { tools, run } = await anthropicTools(client, { approve: 'destructive' });
  const message = await new Anthropic().messages.create({ model: 'm', max_tokens: 1, messages: list, tools });
  const results: Anthropic.ToolResultBlockParam[] = [];
  for (const block of message.content) if (block.type === 'tool_use') results.push(await run(block));
  list.push({ role: 'user', content: results });
  await new Anthropic().beta.messages.toolRunner({ model: 'm', max_tokens: 1, messages: [], tools });
}

export async function google(client: MCPClient, ai: GoogleGenAI): Promise<void> {
  const tools: CallableTool = await googleTools(client, { signal: new AbortController().signal });
  await ai.models.generateContent({ model: 'm', contents: 'Go', config: { tools: [tools] } });
}
`;

test.each([true, false])(
  'a program with the types of each SDK compiles, with exactOptionalPropertyTypes %s',
  (exact) => {
    const file = path.join(ROOT, 'test/adapters/consumer.mts');
    const options: ts.CompilerOptions = {
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      module: ts.ModuleKind.Node18,
      types: ['node'],
      strict: true,
      noEmit: true,
      exactOptionalPropertyTypes: exact,
      skipLibCheck: true,
    };
    const host = ts.createCompilerHost(options);
    const readFile = host.readFile.bind(host);
    const fileExists = host.fileExists.bind(host);
    host.readFile = (name) => (name === file ? PROGRAM : readFile(name));
    host.fileExists = (name) => name === file || fileExists(name);
    const program = ts.createProgram([file], options, host);
    const problems = ts
      .getPreEmitDiagnostics(program, program.getSourceFile(file))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    expect(problems).toEqual([]);
  },
  120_000,
);
