// A client over stdio that makes 1,000 calls a second for a given time, with or without an inspector, and prints the processor time.
import { fileURLToPath } from 'node:url';
import { MCPClient, StdioTransport } from 'mcp-actors';
import { createInspectorServer } from 'mcp-actors/inspect';

const SERVER = fileURLToPath(new URL('echo-server.mjs', import.meta.url));
const RATE = 1_000;
/** Time between two groups of calls, in ms. */
const PAUSE = 5;

const inspector = process.argv[2] === 'none' ? undefined : await createInspectorServer();
const client = await MCPClient.connect(new StdioTransport(process.execPath, [SERVER]), { inspect: inspector });

/** Makes calls at the rate until the time is over. Returns the processor use in percent, and the number of calls. */
async function measure(milliseconds) {
  const pending = new Set();
  const cpu = process.cpuUsage();
  const start = performance.now();
  let made = 0;
  await new Promise((resolve) => {
    const timer = setInterval(() => {
      const elapsed = performance.now() - start;
      for (; made < (elapsed / 1_000) * RATE; made += 1) {
        const call = client.callTool('echo', { message: `message ${made}` }).finally(() => pending.delete(call));
        pending.add(call);
      }
      if (elapsed < milliseconds) return;
      clearInterval(timer);
      resolve();
    }, PAUSE);
  });
  await Promise.all(pending);
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { share: (user + system) / 10 / elapsed, rate: (made * 1_000) / elapsed };
}

process.on('message', async (milliseconds) => {
  if (milliseconds > 0) process.send(await measure(milliseconds));
  else {
    process.disconnect();
    await client.close();
    await inspector?.close();
  }
});
process.send(inspector?.url ?? '');
