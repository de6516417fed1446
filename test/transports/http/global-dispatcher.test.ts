import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import path from 'node:path';

import { compiled } from '../../support/compiled.js';

/** What a process has as the dispatchers of everybody, before and after it used a server of MCP over HTTP. */
async function dispatchers(before: string): Promise<unknown> {
  const program = `
    const { createServer } = require('node:http');
    const { HttpTransport, SseTransport, MCPClient } = require(${JSON.stringify(compiled('index'))});
    const names = ['undici.globalDispatcher.1', 'undici.globalDispatcher.2', 'undici.globalOrigin.1'];
    const kept = () => names.map((name) => globalThis[Symbol.for(name)]);
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        const { id, method } = body === '' ? {} : JSON.parse(body);
        if (id === undefined) return response.writeHead(request.method === 'POST' ? 202 : 405).end();
        const result = method === 'initialize'
          ? { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } }
          : { tools: [] };
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
      });
    }).listen(0, '127.0.0.1', async () => {
      const url = 'http://127.0.0.1:' + server.address().port + '/mcp';
      ${before}
      const first = kept();
      const client = new MCPClient(new HttpTransport(url), { era: 'legacy' });
      await client.connect();
      await client.listTools();
      await client.disconnect();
      await new SseTransport(url).connect().catch(() => undefined);
      const last = kept();
      const { status } = await fetch(url);
      console.log(JSON.stringify({ same: first.every((one, at) => one === last[at]), set: last[0] !== undefined, status }));
      process.exit();
    });`;
  const child = spawn(process.execPath, ['--eval', program], {
    env: { ...process.env, NODE_PATH: path.resolve(__dirname, '../../../node_modules') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(await text(child.stdout)) as unknown;
}

describe('using a server over HTTP does not touch the dispatcher that every fetch of the process uses', () => {
  test.each<[string, string, boolean]>([
    ['where there is none yet', '', false],
    ['where fetch was used before', 'await fetch(url);', true],
    [
      'where the program has set its own',
      "const { Agent, setGlobalDispatcher } = require('undici'); setGlobalDispatcher(new Agent());",
      true,
    ],
  ])('%s', async (_, before, set) => {
    expect(await dispatchers(before)).toEqual({ same: true, set, status: 405 });
  });
});
