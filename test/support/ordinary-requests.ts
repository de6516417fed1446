import type { MCPClient } from '../../src/index.js';

/** Makes, one after the other, the requests that a client can make in every revision. */
export async function askOrdinary(client: MCPClient): Promise<void> {
  await client.listTools();
  await client.listPrompts();
  await client.listResources();
  await client.listResourceTemplates();
  await client.callTool('add', { a: 1 });
  await client.callTool('add', undefined, { onProgress: () => undefined });
  await client.readResource('test://one');
  await client.getPrompt('greet', { name: 'you' });
  await client.complete({ ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'name', value: 'y' } });
  await client.ping();
}
