// npm run inspect [-- [--port PORT] [--open] [COMMAND [ARGUMENTS] | URL | FILE.ndjson]]: connects to a server and opens a page on which one can
// watch it, or shows a recording of the option `record`. Without either: a demonstration with servers that are slow, crash and come back. Ends
// with Ctrl+C.
import { parseArgs } from 'node:util';
import { HttpTransport, MCPConnection, StdioTransport } from 'mcp-actors';
import { createInspectorServer } from 'mcp-actors/inspect';
import { replay } from 'mcp-actors/testing';
import { startDemo } from './inspect-demo.mjs';

// What stands after the first word belongs to the server.
const own = process.argv.slice(2);
const at = own.findIndex((word, index) => !word.startsWith('--') && own[index - 1] !== '--port');
const { values } = parseArgs({
  args: at === -1 ? own : own.slice(0, at),
  options: { port: { type: 'string', default: '0' }, open: { type: 'boolean', default: false } },
});
const [target, ...args] = at === -1 ? [] : own.slice(at);
const isRecording = target?.endsWith('.ndjson') === true;

/** Watches one server. Returns what ends it. */
async function watch(inspect) {
  const transport = /^https?:/.test(target) ? new HttpTransport(target) : new StdioTransport(target, args);
  const connection = new MCPConnection(transport.constructor.name.replace('Transport', ''), transport, {
    inspect,
    healthCheckInterval: 5_000,
    maxReconnectAttempts: Infinity,
  });
  const client = await connection.connect();
  const capabilities = await client.getCapabilities();
  if (capabilities.includes('tools')) {
    const tools = await client.listTools();
    console.log(`${tools.length} tools: ${tools.map(({ name }) => name).join(', ')}`);
  }
  return () => connection.disconnect();
}

/** Shows a recording. Returns what ends it. */
async function show(inspect) {
  const { states, remark } = await replay(target, { inspect });
  console.log(`${target}: ${states.join(', ')}`);
  if (remark !== undefined) console.log(`${remark}.`);
  return () => undefined;
}

function start(inspect) {
  if (target === undefined) return startDemo(inspect);
  return isRecording ? show(inspect) : watch(inspect);
}

const inspector = await createInspectorServer({ port: Number(values.port), open: values.open });
console.log(`\n  ${inspector.url}\n\nOpen this address in a browser of this machine. Ctrl+C ends it.\n`);

// Nothing else keeps the process alive: a page does not, nor does a connection over HTTP that is idle.
const keptAlive = setInterval(() => undefined, 2 ** 30);
const stopped = new Promise((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, resolve);
});
try {
  const end = await start(inspector);
  await stopped;
  await end();
} catch (error) {
  console.error(error.explain?.() ?? (isRecording ? `${target}: ${error.message}` : error));
  process.exitCode = 1;
} finally {
  clearInterval(keptAlive);
  await inspector.close();
}
