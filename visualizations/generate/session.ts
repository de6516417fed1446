import { MCPClient } from '../../src/index.js';
import {
  createScriptedServer,
  parseRecording,
  sequenceDiagram,
  SimulatedEnvironment,
} from '../../src/testing/index.js';

const TOOLS = [
  { name: 'search', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
  { name: 'pay', inputSchema: { type: 'object' } },
];

/**
 * The diagram of a session that was recorded: a call with progress, a server that dies with two calls in flight, of which the one that
 * only reads is made again, a call that is aborted and one that takes too long. Simulated time makes it the same each time.
 */
export async function drawnSession(): Promise<string> {
  const environment = new SimulatedEnvironment();
  const server = createScriptedServer({
    environment,
    revision: '2025-11-25',
    handlers: {
      'tools/list': () => ({ tools: TOOLS }),
      'tools/call': async (_params, { wait, progress }) => {
        await wait(500);
        progress(1, 2);
        await wait(500);
        return { content: [{ type: 'text', text: 'done' }] };
      },
    },
  });
  const lines: string[] = [];
  const client = new MCPClient(server.transport, {
    environment,
    autoReconnect: true,
    reconnectDelay: 2_000,
    record: { write: (line) => void lines.push(line) },
  });
  /** Time passes until it is over, however it ends. */
  const pass = async (milliseconds: number, ...calls: Promise<unknown>[]): Promise<void> => {
    const over = Promise.allSettled(calls);
    await environment.advance(milliseconds);
    await over;
  };
  await pass(0, client.connect());
  await pass(0, client.listTools());
  await pass(1_000, client.callTool('search', { for: 'shoes' }, { onProgress: () => undefined }));
  const calls = [client.callTool('pay', { amount: 100 }), client.callTool('search', { for: 'socks' })];
  await pass(250);
  server.hangUp();
  await pass(5_000, ...calls);
  const controller = new AbortController();
  const aborted = client.callTool('pay', {}, { signal: controller.signal });
  await pass(100);
  controller.abort();
  await pass(300, aborted, client.callTool('pay', {}, { timeout: 300 }));
  await pass(0, client.close());
  await pass(0, server[Symbol.asyncDispose]());
  return sequenceDiagram(parseRecording(`${lines.join('\n')}\n`));
}
