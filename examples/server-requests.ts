// Server requests during a call: a form for the user (elicitation) and a language model (sampling).
import { MCPClient } from 'mcp-actors';

export async function serverRequests(print: (line: string) => void): Promise<void> {
  await using client = await MCPClient.connect(
    {
      command: process.execPath,
      args: [require.resolve('@modelcontextprotocol/server-everything/dist/index.js'), 'stdio'],
    },
    {
      elicitation: ({ message, requestedSchema }, { serverInfo }) => {
        print(`${serverInfo?.title ?? 'A server'} requests: ${message}`);
        print(
          `${Object.keys(requestedSchema.properties).length} fields, required: ${String(requestedSchema.required)}`,
        );
        // A program would show the form here. Omitted fields get the defaults of the form.
        return { action: 'accept', content: { name: 'Ada' } };
      },
      sampling: ({ messages, maxTokens }, context) => {
        if (maxTokens > 1_000) throw context.refuse('Too much for this budget');
        return {
          role: 'assistant',
          model: 'parrot-1',
          content: { type: 'text', text: `I received ${messages.length} message` },
        };
      },
    },
  );

  const { content } = await client.callTool('trigger-elicitation-request');
  for (const block of content) {
    if (block.type === 'text')
      for (const [line] of block.text.matchAll(/- (?:Name|Favorite Integer): .*/g)) print(line);
  }

  const sampled = await client.callTool('trigger-sampling-request', { prompt: 'Say something', maxTokens: 100 });
  print(
    JSON.stringify(sampled.content).includes('I received 1 message')
      ? 'The model was sampled'
      : 'The model was not sampled',
  );

  const refused = await client.callTool(
    'trigger-sampling-request',
    { prompt: 'Say a lot', maxTokens: 100_000 },
    { onToolError: 'return' },
  );
  print(
    JSON.stringify(refused.content).includes('Too much for this budget')
      ? 'The handler refused'
      : 'The handler did not refuse',
  );
}
