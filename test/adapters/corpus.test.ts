import { toStrictJsonSchema } from 'openai/lib/transform';

import { anthropicTools } from '../../src/adapters/anthropic/index.js';
import { googleTools } from '../../src/adapters/google/index.js';
import { openaiTools } from '../../src/adapters/openai/index.js';
import { adaptedTools } from '../../src/adapters/tool-set.js';
import type { MCPTool } from '../../src/index.js';
import { corpus } from './support/corpus.js';
import { anthropicProblems, googleProblems, openAIProblems } from './support/provider-rules.js';
import { sourceOf } from './support/tool-sources.js';

// Names with a space and the server are outside of every rule, so each tool gets a new name.
const TOOLS: readonly MCPTool[] = corpus().map(([name, tool]) => ({ ...tool, name }));

/** Calls an adapter, and returns the names that it reported. */
async function adapt<Result>(
  adapter: (source: ReturnType<typeof sourceOf>, options: { onProblem: (problem: Error) => void }) => Promise<Result>,
): Promise<{ readonly result: Result; readonly leftOut: number }> {
  let leftOut = 0;
  const result = await adapter(sourceOf(TOOLS), { onProblem: () => (leftOut += 1) });
  return { result, leftOut };
}

test('every tool of the real servers is taken by OpenAI, or left out with a problem', async () => {
  const { result, leftOut } = await adapt((source, options) => openaiTools(source, options));
  expect(result.tools.length + leftOut).toBe(TOOLS.length);
  expect(result.tools.length).toBeGreaterThan(600);
  const problems = result.tools.flatMap(({ name, parameters, strict }) => openAIProblems(name, parameters, strict));
  expect(problems).toEqual([]);
});

test('every strict tool of the real servers is left unchanged by toStrictJsonSchema of the openai package', async () => {
  const { result } = await adapt((source, options) => openaiTools(source, options));
  const strict = result.tools.filter((tool) => tool.strict);
  expect(strict.length).toBeGreaterThan(500);
  for (const { parameters } of strict) expect(toStrictJsonSchema(parameters)).toEqual(parameters);
});

test('every tool of the real servers is taken by Anthropic, or left out with a problem', async () => {
  const { result, leftOut } = await adapt(anthropicTools);
  expect(result.tools.length + leftOut).toBe(TOOLS.length);
  expect(result.tools.length).toBeGreaterThan(600);
  expect(result.tools.flatMap(({ name, input_schema }) => anthropicProblems(name, input_schema))).toEqual([]);
});

test('every tool of the real servers is taken by Google, or left out with a problem', async () => {
  const { result, leftOut } = await adapt(googleTools);
  const { functionDeclarations } = await result.tool();
  expect(functionDeclarations.length + leftOut).toBe(TOOLS.length);
  expect(functionDeclarations.length).toBeGreaterThan(600);
  const problems = functionDeclarations.flatMap((one) => googleProblems(one.name, one.parametersJsonSchema));
  expect(problems).toEqual([]);
});

test('every tool of the real servers for a framework without a known provider is taken by all three', async () => {
  const { result, leftOut } = await adapt((source, options) => adaptedTools({ adapter: 'x' }, source, options));
  expect(result.length + leftOut).toBe(TOOLS.length);
  const problems = result.flatMap(({ name, inputSchema }) => [
    ...openAIProblems(name, inputSchema, false),
    ...anthropicProblems(name, inputSchema),
    ...googleProblems(name, inputSchema),
  ]);
  expect(problems).toEqual([]);
});
