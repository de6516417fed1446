// The demonstration of `npm run inspect`: clients with servers that are slow, crash and restart.
import { MCPConnection } from 'mcp-actors';
import { createScriptedServer } from 'mcp-actors/testing';

const TOOLS = ['forecast', 'search', 'translate', 'summarise', 'resize-image', 'read-file'];

/** The load of each client: time between two calls, in ms, and concurrent calls. */
const PACES = [
  [260, 3],
  [420, 3],
  [4, 24],
];

/** The duration of a tool call, in ms. Most are short. */
const workTime = () => 5 + 60 * Math.random() ** 2 + (Math.random() < 0.04 ? 1_500 * Math.random() : 0);

/** A server that stops responding while `silent` is true. */
function toolServer(name, revision, trouble) {
  const mood = { silent: false };
  const complete = revision === '2026-07-28' ? { resultType: 'complete' } : {};
  const unlessSilent = (handler) => async (params, request) => {
    const result = await handler(params, request);
    return mood.silent ? undefined : { ...complete, ...result };
  };
  const server = createScriptedServer({
    revision,
    serverInfo: { name, version: '2.4.0' },
    capabilities: { tools: { listChanged: true }, resources: {} },
    handlers: {
      ...(revision !== '2026-07-28' && { ping: unlessSilent(() => ({})) }),
      'tools/list': unlessSilent(() => ({
        tools: TOOLS.map((tool) => ({ name: tool, inputSchema: { type: 'object' } })),
      })),
      'tools/call': unlessSilent(async (_params, request) => {
        await request.wait(workTime());
        if (Math.random() < trouble) throw { code: -32_603, message: 'The tool failed' };
        return { content: [{ type: 'text', text: 'done' }] };
      }),
      'resources/read': unlessSilent(async ({ uri }, request) => {
        await request.wait(workTime());
        return { contents: [{ uri, text: 'something' }] };
      }),
    },
  });
  return { server, mood };
}

/** Calls tools in a loop, several at a time, until it is stopped. */
function work(client, pause, loops, stopped) {
  const loop = async () => {
    while (!stopped.aborted) {
      const tool = TOOLS[Math.floor(Math.random() * TOOLS.length)];
      const call =
        Math.random() < 0.15
          ? client.readResource('demo://file')
          : client.callTool(tool, { secret: 'hidden on the page' }, { timeout: 1_200 });
      await call.catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, pause * (0.4 + 1.2 * Math.random())));
    }
  };
  return Promise.all(Array.from({ length: loops }, loop));
}

/** Starts the demonstration. Returns a function that ends it. */
export async function startDemo(inspect) {
  const stop = new AbortController();
  const weather = toolServer('weather', '2026-07-28', 0.01);
  const files = toolServer('files', '2025-11-25', 0.04);
  const busy = toolServer('busy', '2025-11-25', 0.002);
  const options = {
    inspect,
    autoReconnect: true,
    reconnectDelay: 900,
    maxReconnectDelay: 2_500,
    maxReconnectAttempts: Infinity,
  };
  const connections = [
    new MCPConnection('weather', weather.server.transport, { ...options, healthCheckInterval: 1_500 }),
    new MCPConnection('files', files.server.transport, { ...options, healthCheckInterval: 1_000 }),
    new MCPConnection('busy', busy.server.transport, { ...options, healthCheckInterval: 5_000 }),
  ];
  const clients = await Promise.all(connections.map((connection) => connection.connect()));
  clients[0].on('toolsChanged', () => undefined);
  const done = clients.map((client, at) => work(client, ...PACES[at], stop.signal));
  // From time to time a server stops responding, and then crashes.
  const crashes = setInterval(() => {
    files.mood.silent = true;
    setTimeout(() => {
      files.mood.silent = false;
      files.server.hangUp(400);
    }, 2_600);
  }, 12_000);
  const news = setInterval(() => weather.server.notify('notifications/tools/list_changed'), 6_000);
  return async () => {
    clearInterval(crashes);
    clearInterval(news);
    stop.abort();
    await Promise.all(connections.map((connection) => connection.disconnect()));
    await Promise.all(done);
    for (const { server } of [weather, files, busy]) await server[Symbol.asyncDispose]();
  };
}
