// What a server asks while it works on a call: here a form that its user would fill in, and a language model.
import { MCPClient } from 'mcp-actors';

export async function questions(print: (line: string) => void): Promise<void> {
  await using client = await MCPClient.connect(
    {
      command: process.execPath,
      args: [require.resolve('@modelcontextprotocol/server-everything/dist/index.js'), 'stdio'],
    },
    {
      elicitation: ({ message, requestedSchema }, { serverInfo }) => {
        print(`${serverInfo?.title ?? 'A server'} asks: ${message}`);
        print(
          `${Object.keys(requestedSchema.properties).length} fields, required: ${String(requestedSchema.required)}`,
        );
        // A program would show the form now. What is left out gets the default of the form.
        return { action: 'accept', content: { name: 'Ada' } };
      },
      sampling: ({ messages, maxTokens }, context) => {
        if (maxTokens > 1_000) throw context.refuse('Too much for this budget');
        return {
          role: 'assistant',
          model: 'parrot-1',
          content: { type: 'text', text: `I was told ${messages.length} message` },
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
  print(JSON.stringify(sampled.content).includes('I was told 1 message') ? 'The model was asked' : 'It was not');

  const refused = await client.callTool(
    'trigger-sampling-request',
    { prompt: 'Say a lot', maxTokens: 100_000 },
    { onToolError: 'return' },
  );
  print(JSON.stringify(refused.content).includes('Too much for this budget') ? 'It was too much' : 'It was not');
}
