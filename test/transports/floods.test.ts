import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent as Agent5 } from 'undici5';
import { Agent as Agent6 } from 'undici6';

import { HttpTransport, MCPClient, StdioTransport, WebSocketTransport } from '../../src/index.js';
import type { MCPTransport } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { LONG } from '../support/long-form.js';
import { longestBlock } from '../support/loop-delay.js';

/** How many messages come at once. Handled in one turn they block the loop for seconds. */
const MANY = LONG ? 100_000 : 30_000;
/** Milliseconds for which a flood may block the loop, on a slow machine: on a fast one it is about 30. */
const BLOCKED = 1_500;

const initialized = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'x', version: '1' },
};

/** A program that answers the handshake, and a call of a tool with a flood and the result behind it. */
function program(flood: string, last = ''): string {
  return `
    const say = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, method } = JSON.parse(line);
      if (method === 'initialize') say({ id, result: ${JSON.stringify(initialized)} });
      else if (method === 'tools/call') {
        let text = '';
        for (let at = 0; at < ${MANY}; at += 1) text += ${flood} + '\\n';
        process.stdout.write(text, () => { ${last} });
        ${last === '' ? 'say({ id, result: { content: [] } });' : ''}
      } else if (id !== undefined) say({ id, error: { code: -32601, message: 'no' } });
    });`;
}

const NOTIFICATION =
  "JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: at } })";

/** Calls a tool whose answer comes behind a flood; the numbers of the log messages that came before, and how long the loop was blocked. */
async function flooded(transport: MCPTransport): Promise<{ block: number; numbers: unknown[] }> {
  const client = new MCPClient(transport, { era: 'legacy' });
  try {
    await client.connect();
    // It counts what it is told: only then junk costs what it can cost.
    new ClientRecorder(client);
    const numbers: unknown[] = [];
    client.on('log', ({ data }) => {
      numbers.push(data);
    });
    const { block } = await longestBlock(() => client.callTool('flood'));
    return { block, numbers };
  } finally {
    await client.disconnect();
  }
}

const inOrder = Array.from({ length: MANY }, (_, at) => at);

describe('a flood of messages in few reads blocks the loop for a moment only, and comes in order: over stdio', () => {
  test('lines that are not JSON', async () => {
    const { block } = await flooded(new StdioTransport(process.execPath, ['-e', program("'x'")]));
    expect(block).toBeLessThan(BLOCKED);
  });

  test('lines that are like JSON', async () => {
    const { block } = await flooded(
      new StdioTransport(process.execPath, ['-e', program('\'{"id":\' + (at + 1e6) + \',"result":{}\'')]),
    );
    expect(block).toBeLessThan(BLOCKED);
  });

  test('notifications', async () => {
    const { block, numbers } = await flooded(new StdioTransport(process.execPath, ['-e', program(NOTIFICATION)]));
    expect(block).toBeLessThan(BLOCKED);
    expect(numbers).toEqual(inOrder);
  });

  test('nothing of it is lost when the server exits behind it', async () => {
    const client = new MCPClient(
      new StdioTransport(process.execPath, ['-e', program(NOTIFICATION, 'process.exit(3)')]),
      {
        era: 'legacy',
        autoReconnect: false,
      },
    );
    const numbers: unknown[] = [];
    client.on('log', ({ data }) => {
      numbers.push(data);
    });
    await client.connect();
    await expect(client.callTool('flood')).rejects.toMatchObject({ code: 'MCP_PROCESS_EXITED' });
    expect(numbers).toEqual(inOrder);
    await client.disconnect();
  });

  test('a client that closes in the middle of it closes soon', async () => {
    const client = new MCPClient(new StdioTransport(process.execPath, ['-e', program("'x'")]), { era: 'legacy' });
    await client.connect();
    const call = client.callTool('flood');
    call.catch(() => undefined);
    await new Promise<void>((resolve) => {
      client.on('warning', () => {
        resolve();
      });
    });
    await client.disconnect();
    await expect(call).rejects.toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
  });
});

/** Runs a program that listens on a port and prints it; the port, and the end of the program. */
async function listening(program: string): Promise<{ port: string; end: () => Promise<void> }> {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const end = async (): Promise<void> => {
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  };
  return { port: port.toString().trim(), end };
}

const WEBSOCKET = `
  const server = new (require('ws').WebSocketServer)({ port: 0, host: '127.0.0.1' }, () => console.log(server.address().port));
  server.on('connection', (socket) => socket.on('message', (text) => {
    const { id, method } = JSON.parse(text);
    const say = (message) => socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
    if (method === 'initialize') say({ id, result: ${JSON.stringify(initialized)} });
    else if (method === 'tools/call') {
      socket._socket.cork();
      for (let at = 0; at < ${MANY}; at += 1) socket.send(FLOOD);
      say({ id, result: { content: [] } });
      socket._socket.uncork();
    } else if (id !== undefined) say({ id, error: { code: -32601, message: 'no' } });
  }));`;

const EVENTS = `
  const server = require('node:http').createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      if (request.method !== 'POST') return response.writeHead(405).end();
      const { id, method } = JSON.parse(body);
      if (id === undefined) return response.writeHead(202).end();
      const result = method === 'initialize' ? ${JSON.stringify(initialized)} : { content: [] };
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      let events = '';
      if (method === 'tools/call') for (let at = 0; at < ${MANY}; at += 1) events += 'data: ' + FLOOD + '\\n\\n';
      response.end(events + 'data: ' + JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n\\n');
    });
  }).listen(0, '127.0.0.1', () => console.log(server.address().port));`;

describe('a flood of messages in few reads blocks the loop for a moment only, and comes in order: over the network', () => {
  test.each<[string, string, string, unknown[], (address: string) => MCPTransport]>([
    ['messages of a WebSocket', WEBSOCKET, NOTIFICATION, inOrder, (at) => new WebSocketTransport(`ws://${at}`)],
    ['messages of a WebSocket that are not JSON', WEBSOCKET, "'x'", [], (at) => new WebSocketTransport(`ws://${at}`)],
    ['events', EVENTS, NOTIFICATION, inOrder, (at) => new HttpTransport(`http://${at}/mcp`)],
    ['events that are no messages', EVENTS, "'{}'", [], (at) => new HttpTransport(`http://${at}/mcp`)],
    [
      'events by undici 6',
      EVENTS,
      NOTIFICATION,
      inOrder,
      (at) => new HttpTransport(`http://${at}/mcp`, { dispatcher: new Agent6() }),
    ],
    [
      'events by undici 5',
      EVENTS,
      NOTIFICATION,
      inOrder,
      (at) => new HttpTransport(`http://${at}/mcp`, { dispatcher: new Agent5() }),
    ],
  ])('%s', async (_, source, flood, expected, transport) => {
    const { port, end } = await listening(source.replaceAll('FLOOD', flood));
    try {
      const { block, numbers } = await flooded(transport(`127.0.0.1:${port}`));
      expect(numbers).toEqual(expected);
      expect(block).toBeLessThan(BLOCKED);
    } finally {
      await end();
    }
  });
});
