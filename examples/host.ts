// A host: the servers of a config file, and a model that calls their tools until it has an answer.
import { loadServers } from 'mcp-actors/config';
import { MCPClientGroup } from 'mcp-actors/group';
import { openaiTools } from 'mcp-actors/openai';
import type { OpenAIResponseCall, OpenAIResponseTool } from 'mcp-actors/openai';

/** Continues a conversation with a text or with calls, as `openai.responses.create` does. */
export type Model = (request: {
  input: readonly object[];
  tools: readonly OpenAIResponseTool[];
}) => Promise<{ text: string; calls: readonly OpenAIResponseCall[] }>;

export async function host(config: string, model: Model, print: (line: string) => void): Promise<void> {
  const { servers } = await loadServers({ config });
  await using group = new MCPClientGroup(servers);
  const { tools, run } = await openaiTools(group);
  const input: object[] = [{ role: 'user', content: 'Greet me twice' }];
  for (;;) {
    const { text, calls } = await model({ input, tools });
    print(text);
    if (calls.length === 0) return;
    input.push(...calls, ...(await Promise.all(calls.map((call) => run(call)))));
  }
}
