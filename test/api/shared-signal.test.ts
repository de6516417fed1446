import { getEventListeners } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { HttpTransport, MCPClient } from '../../src/index.js';
import type { HttpTransportOptions } from '../../src/index.js';
import { onAbort } from '../../src/util/on-abort.js';

const MANY = 30;
const each = <Value>(fn: () => Value): Value[] => Array.from({ length: MANY }, fn);

/** Answers everything after a moment, so that calls meet. */
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const { id, method } = (body === '' ? {} : JSON.parse(body)) as { id?: number; method?: string };
    if (id === undefined) {
      response.writeHead(request.method === 'POST' ? 202 : 405).end();
      return;
    }
    const results: Record<string, object> = {
      initialize: {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'x', version: '1' },
      },
      'tools/list': { tools: [] },
      'tools/call': { content: [] },
      ping: {},
    };
    setTimeout(() => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result: results[method ?? ''] }));
    }, 20);
  });
});

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function client(options: HttpTransportOptions): MCPClient {
  const { port } = server.address() as AddressInfo;
  return new MCPClient(new HttpTransport(`http://127.0.0.1:${port}/mcp`, options), { era: 'legacy' });
}

test.each<[string, HttpTransportOptions]>([
  ['without tokens', {}],
  [
    'with tokens that take a moment',
    { auth: { token: () => new Promise((resolve) => setTimeout(resolve, 5, 'a-token')) } },
  ],
])('one signal for many calls and many clients has one listener, and none afterwards, %s', async (_, options) => {
  const { signal } = new AbortController();
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, getEventListeners(signal, 'abort').length);
  }, 1);
  try {
    const clients = each(() => client(options));
    await Promise.all(clients.map((one) => one.connect({ signal })));
    const [first] = clients as [MCPClient];
    await Promise.all(each(() => first.connect({ signal })));
    for (const call of [
      () => first.callTool('t', {}, { signal }),
      () => first.listTools({ signal }),
      () => first.listTools({ signal, useCache: false }),
      () => first.ping({ signal }),
    ]) {
      await Promise.all(each<Promise<unknown>>(call));
    }
    await Promise.all(clients.map((one) => one.callTool('t', {}, { signal })));
    await Promise.all(clients.map((one) => one.disconnect()));
  } finally {
    clearInterval(watch);
  }
  expect(most).toBe(1);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('an abort of a shared signal reaches all who have not let go of it', async () => {
  const controller = new AbortController();
  const clients = each(() => client({}));
  const calls = clients.map((one) => one.connect({ signal: controller.signal }));
  controller.abort(new Error('enough'));
  for (const call of calls) await expect(call).rejects.toThrow('enough');

  const called: string[] = [];
  const other = new AbortController();
  const forget = onAbort(other.signal, () => called.push('never'));
  onAbort(other.signal, () => {
    called.push('first');
    forgetSecond();
  });
  const forgetSecond = onAbort(other.signal, () => called.push('second'));
  forget();
  other.abort();
  expect(called).toEqual(['first']);
});
