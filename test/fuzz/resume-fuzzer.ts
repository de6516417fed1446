import { MCPClient, MCPError } from '../../src/index.js';
import type { SuspendedClient } from '../../src/index.js';
import { createScriptedServer } from '../../src/testing/index.js';
import { Dice } from './fuzzer.js';
import type { Fuzzer } from './fuzzer.js';
import { mutated, mutatedText } from './mutations.js';

const tools = [{ name: 'x', inputSchema: { type: 'object' } }];

function server(): ReturnType<typeof createScriptedServer> {
  return createScriptedServer({
    revision: '2025-11-25',
    capabilities: { tools: { listChanged: true }, logging: {}, resources: { subscribe: true } },
    handlers: {
      'tools/list': () => ({ tools }),
      'tools/call': () => ({ content: [] }),
      'resources/subscribe': () => ({}),
      'logging/setLevel': () => ({}),
    },
  });
}

let original: Promise<SuspendedClient> | undefined;

async function suspended(): Promise<SuspendedClient> {
  await using scripted = server();
  const client = await MCPClient.connect(scripted.transport);
  await client.listTools();
  await client.setLogLevel('info');
  await client.subscribe('test://one');
  return client.suspend();
}

/**
 * Resumes clients from what a stranger has changed. What cannot be used is refused by the constructor with an `MCPError` that has nothing of
 * the session in it; what can be is a client that works and can be closed.
 */
export const resumeFuzzer: Fuzzer = {
  name: 'resume',
  async one(seed) {
    original ??= suspended();
    const whole = {
      ...(await original),
      link: { sessionId: 'SECRET-session', streamed: true, lastEventId: 'SECRET-event' },
    };
    const dice = new Dice(seed);
    const value = mutated(whole, dice);
    const text = JSON.stringify(value);
    const given = dice.pick([value, text, mutatedText(text, dice)]);
    const found: string[] = [];
    await using scripted = server();
    try {
      const client = new MCPClient(scripted.transport, { resume: given as SuspendedClient, timeout: 5_000 });
      try {
        await client.connect();
        await client.listTools();
        await client.callTool('x');
        void client.explain();
      } finally {
        await client.disconnect();
      }
    } catch (thrown) {
      if (!MCPError.isInstance(thrown)) found.push(`threw ${String((thrown as Error)?.stack ?? thrown)}`);
      else if (`${String(thrown)}${thrown.explain()}`.includes('SECRET'))
        found.push(`shows a secret: ${String(thrown)}`);
    }
    if (({} as { polluted?: unknown }).polluted !== undefined || Object.keys(Object.prototype).length > 0)
      found.push('Object.prototype was changed');
    return found;
  },
};
