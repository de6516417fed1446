// npm run inspect [-- [--port PORT] [--open] [COMMAND [ARGUMENTS] | URL | FILE.ndjson]]: connects to a server and shows the client on a
// page, or shows a recording of the option `record`. Without arguments: a demonstration with servers that are slow, crash and restart.
// Ctrl+C ends it.
import { parseArgs } from 'node:util';
import { HttpTransport, MCPConnection, StdioTransport } from 'mcp-actors';
import { createInspectorServer } from 'mcp-actors/inspect';
import { replay } from 'mcp-actors/testing';
import { startDemo } from './inspect-demo.mjs';

// The arguments after the first positional one belong to the server.
const own = process.argv.slice(2);
const at = own.findIndex((word, index) => !word.startsWith('--') && own[index - 1] !== '--port');
const { values } = parseArgs({
  args: at === -1 ? own : own.slice(0, at),
  options: { port: { type: 'string', default: '0' }, open: { type: 'boolean', default: false } },
});
const [target, ...args] = at === -1 ? [] : own.slice(at);
const isRecording = target?.endsWith('.ndjson') === true;

/** Connects to a server. Returns a function that ends the connection. */
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

/** Shows a recording. Returns a function that ends it. */
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

// Keeps the process alive, because neither the page nor an idle HTTP connection does.
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
