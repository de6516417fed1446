import { once } from 'node:events';
import type { Socket } from 'node:net';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { HttpTransport, MCPClient } from '../../src/index.js';
import { legacyServer, ScriptedHttpServer } from '../support/servers/http-server.js';
import type { HttpVisit } from '../support/servers/http-server.js';
import { ONE_MESSAGE } from './attack.js';
import type { Attack } from './attack.js';
import { lines, nestedArrays, nestedObjects } from './message-peer.js';
import { callOnce, countHandlers } from './programs.js';

/** A server of Streamable HTTP. What `hostility` leaves alone is answered honestly. */
function httpServer(
  hostility: (visit: HttpVisit) => unknown,
  options?: Parameters<typeof legacyServer>[1],
): Attack['serve'] {
  return async () => (await ScriptedHttpServer.start(legacyServer(hostility, options))).url;
}

/** Does something when a tool is called, in place of the answer. */
function whenCalled(act: (visit: HttpVisit) => unknown): (visit: HttpVisit) => boolean {
  return (visit) => {
    if (visit.method !== 'POST' || visit.message.method !== 'tools/call') return false;
    void act(visit);
    return true;
  };
}

const call = { timeout: 5_000 };

function callAttack(name: string, act: (visit: HttpVisit) => unknown, options: Partial<Attack> = {}): Attack {
  return { name, over: 'http', serve: httpServer(whenCalled(act)), program: callOnce, ...options };
}

/** The response in pieces: each write is a chunk of HTTP. */
function inPieces(visit: HttpVisit, type: string, text: string, size: number): void {
  const { socket } = visit.response;
  visit.response.writeHead(200, { 'content-type': type });
  visit.response.flushHeaders();
  const chunk = (part: string): string => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`;
  let at = 0;
  const write = (): void => {
    let bytes = '';
    for (let count = 0; count < 20_000 && at < text.length; count += 1, at += size)
      bytes += chunk(text.slice(at, at + size));
    if (at >= text.length) socket?.write(`${bytes}0\r\n\r\n`);
    else if (socket?.write(bytes) === true) setImmediate(write);
    else socket?.once('drain', write);
  };
  write();
}

function resultText(visit: HttpVisit, filling: number): string {
  return JSON.stringify({ jsonrpc: '2.0', id: visit.message.id, result: { content: [], x: 'x'.repeat(filling) } });
}

async function pour(visit: HttpVisit, block: string | Buffer): Promise<void> {
  const { response } = visit;
  while (!response.destroyed) {
    if (!response.write(block)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    await new Promise(setImmediate);
  }
}

function ask(number: number, method = 'sampling/createMessage'): string {
  return JSON.stringify({ jsonrpc: '2.0', id: `q${number}`, method, params: { messages: [], maxTokens: 1 } });
}

const event = (data: string): string => `data: ${data}\n\n`;

const hung: Attack = {
  name: 'answers none of 10,000 calls',
  over: 'http',
  serve: httpServer(whenCalled(() => undefined)),
  async program({ connect, outcome, check }) {
    const client = await connect();
    const calls = Array.from({ length: 10_000 }, () => client.callTool('work', {}, { timeout: 4_000 }));
    const ends = Promise.all(calls.map((one) => outcome(one)));
    const codes = new Set(await ends);
    check(codes.size === 1, [...codes].join(' '));
    return `${[...codes].join(' ')}, then ${await outcome(client.listTools())}`;
  },
  bounds: { heap: 256, descriptors: 300, loop: 600 },
};

export const httpAttacks: readonly Attack[] = [
  callAttack(
    'answers 12 MiB of JSON in chunks of one byte',
    (visit) => {
      inPieces(visit, 'application/json', resultText(visit, 12 << 20), 1);
    },
    { bounds: ONE_MESSAGE },
  ),
  callAttack('answers with an event of 6 MiB in chunks of one byte', (visit) => {
    inPieces(visit, 'text/event-stream', event(resultText(visit, 6 << 20)), 1);
  }),
  callAttack('answers with 1,000,000 events of one byte', (visit) => {
    visit.stream().response.end(`${event('x').repeat(1_000_000)}${event(resultText(visit, 1))}`);
  }),
  callAttack('answers with 1,000,000 comments', (visit) => {
    visit.stream().response.end(`${':\n'.repeat(1_000_000)}${event(resultText(visit, 1))}`);
  }),
  callAttack('answers with an event of 200,000 data lines', (visit) => {
    visit.stream().response.end(`${'data: \n'.repeat(200_000)}${event(resultText(visit, 1))}`);
  }),
  callAttack('answers with events that never end', (visit) =>
    pour(visit.stream(), event('{"jsonrpc":"2.0","id":99,"result":{}}').repeat(1_000)),
  ),
  callAttack('answers with a line of an event that never ends', (visit) => pour(visit.stream(), 'x'.repeat(65_536))),
  callAttack('answers with a body that never ends', (visit) => {
    visit.response.writeHead(200, { 'content-type': 'application/json' });
    return pour(visit, ' '.repeat(65_536));
  }),
  callAttack('refuses with a body that never ends', (visit) => {
    visit.response.writeHead(500, { 'content-type': 'text/html' });
    return pour(visit, '<p>'.repeat(20_000));
  }),
  callAttack('answers with 1 GiB in 1 MiB of gzip', (visit) => {
    visit.response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    visit.response.end(gzipSync(Buffer.alloc(1 << 30, ' ')));
  }),
  callAttack(
    'answers 500,000 levels deep',
    (visit) => {
      visit.response.writeHead(200, { 'content-type': 'application/json' });
      visit.response.end(
        `{"jsonrpc":"2.0","id":${JSON.stringify(visit.message.id)},"result":{"content":[],"_meta":{"a":${nestedArrays(500_000)}}}}`,
      );
    },
    { bounds: ONE_MESSAGE },
  ),
  callAttack('redirects in a circle', (visit) => {
    visit.status(307, { location: `/mcp?again=${'x'.repeat(200)}` });
  }),
  callAttack('redirects to another origin', (visit) => {
    visit.status(307, { location: 'http://169.254.169.254/latest/meta-data' });
  }),
  callAttack('asks for a pause of 10^300 seconds', (visit) => {
    visit.status(503, { 'retry-after': `1${'0'.repeat(300)}` });
  }),
  callAttack('challenges with 8 KB of parameters', (visit) => {
    visit.status(401, { 'www-authenticate': `Bearer ${'a="\\"\\\\",'.repeat(900)}` });
  }),
  callAttack(
    'asks and cancels 20,000 times on the stream of an answer',
    (visit) => {
      const pair = (number: number): string =>
        event(ask(number)) +
        event(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"q${number}"}}`);
      visit
        .stream()
        .response.end(
          `${Array.from({ length: 20_000 }, (_, number) => pair(number)).join('')}${event(resultText(visit, 1))}`,
        );
    },
    {
      program: countHandlers,
    },
  ),
  {
    name: 'asks 20,000 questions and takes no answer',
    over: 'http',
    serve: httpServer((visit) => {
      if (visit.method !== 'POST') return false;
      if (visit.message.method === undefined) return true;
      return whenCalled(() =>
        visit.stream().response.write(Array.from({ length: 20_000 }, (_, n) => event(ask(n, 'ping'))).join('')),
      )(visit);
    }),
    program: callOnce,
    bounds: { descriptors: 300 },
  },
  hung,
  {
    name: 'sends 100 bodies of 20 MB at the same time',
    over: 'http',
    serve: httpServer(
      whenCalled((visit) => {
        visit.response.writeHead(200, { 'content-type': 'application/json' });
        // The end is kept back, so that each of them is held.
        visit.response.write(resultText(visit, 20e6).slice(0, -2));
      }),
    ),
    async program({ connect, outcome }) {
      const client = await connect();
      const calls = Array.from({ length: 100 }, () => outcome(client.callTool('work', {}, { timeout: 20_000 })));
      const counts = new Map<string, number>();
      for (const code of await Promise.all(calls)) counts.set(code, (counts.get(code) ?? 0) + 1);
      return [...counts].map(([code, count]) => `${count} ${code}`).join(', ');
    },
    // 256 MiB are allocated, released and collected.
    bounds: { heap: 512, loop: 300, descriptors: 300, memory: 900 },
  },
  {
    name: 'lists 60 pages of 20 MB',
    over: 'http',
    serve: httpServer((visit) => {
      if (visit.method !== 'POST' || visit.message.method !== 'tools/list') return false;
      const { cursor = '0' } = visit.message.params ?? {};
      const page = Number(cursor);
      const tool = { name: `t${page}`, description: 'x'.repeat(20e6), inputSchema: { type: 'object' } };
      visit.result({ tools: [tool], ...(page < 60 && { nextCursor: String(page + 1) }) });
      return true;
    }),
    async program({ connect, outcome }) {
      const client = await connect();
      return outcome(client.listTools({ timeout: 60_000 }));
    },
    bounds: { heap: 512, memory: 1_000 },
  },
  {
    name: 'lists pages without end',
    over: 'http',
    serve: httpServer((visit) => {
      if (visit.method !== 'POST' || visit.message.method !== 'tools/list') return false;
      const { cursor = '0' } = visit.message.params ?? {};
      visit.result({ tools: [], nextCursor: String(Number(cursor) + 1) });
      return true;
    }),
    async program({ connect, outcome }) {
      const client = await connect();
      return outcome(client.listTools({ timeout: 30_000 }));
    },
  },
  {
    name: 'lists a tool with x-mcp-header 60,000 levels deep',
    over: 'http',
    serve: httpServer(
      (visit) => {
        if (visit.method !== 'POST' || visit.message.method !== 'tools/list') return false;
        const list = `{"tools":[{"name":"work","inputSchema":{"type":"object","properties":${nestedObjects(60_000, 'properties')}}}]}`;
        visit.response.writeHead(200, { 'content-type': 'application/json' });
        visit.response.end(`{"jsonrpc":"2.0","id":${JSON.stringify(visit.message.id)},"result":${list}}`);
        return true;
      },
      { revision: '2025-11-25' },
    ),
    async program({ connect, outcome }) {
      const client = await connect();
      client.on('warning', () => undefined);
      const listed = await outcome(client.listTools());
      return `${listed}, ${await outcome(client.listTools({ useCache: false }))}`;
    },
  },
  {
    name: 'resets each connection in the middle of the head',
    over: 'http',
    serve: httpServer(
      whenCalled((visit) => {
        const socket = visit.response.socket as Socket;
        socket.write('HTTP/1.1 200 OK\r\ncontent-ty');
        setImmediate(() => socket.resetAndDestroy());
      }),
    ),
    async program({ connect, outcome }) {
      const client = await connect({ autoReconnect: true });
      client.on('error', () => undefined);
      const ends = await Promise.all(Array.from({ length: 200 }, () => outcome(client.callTool('work', {}, call))));
      return [...new Set(ends)].join(' ');
    },
    bounds: { descriptors: 300 },
  },
  {
    name: 'asks for its GET stream to be opened again all the time',
    over: 'http',
    serve: httpServer((visit) => {
      if (visit.method !== 'GET') return false;
      visit.stream().response.end(`retry: 0\nid: 1\n\n`);
      return true;
    }),
    async program({ connect, outcome, sleep }) {
      const client = await connect();
      await sleep(5_000);
      return outcome(client.callTool('work', {}, call));
    },
  },
  {
    name: 'forgets the session at every call',
    over: 'http',
    serve: httpServer(
      whenCalled((visit) => {
        visit.error(404, -32_001, 'Session not found');
      }),
      { sessionId: 'one' },
    ),
    async program({ connect, outcome }) {
      const client = await connect({ autoReconnect: true });
      client.on('error', () => undefined);
      return outcome(client.callTool('work', {}, call));
    },
  },
  {
    name: 'repeats the token in every place it can',
    over: 'http',
    serve: httpServer((visit) => {
      if (visit.method !== 'POST' || visit.message.method !== 'tools/call') return false;
      const secret = String(visit.headers.authorization);
      visit.json(
        { jsonrpc: '2.0', id: visit.message.id, error: { code: -32_000, message: `You sent ${secret}` } },
        400,
        { 'content-type': `application/json; was="${secret}"`, 'www-authenticate': `Bearer error="${secret}"` },
      );
      return true;
    }),
    async program({ connect, check }) {
      const probe = await connect();
      const client = new MCPClient(
        new HttpTransport((probe.transport as HttpTransport).url, { auth: { token: () => 'tok-5f2b9c81' } }),
      );
      await client.connect();
      const error = await client.callTool('work', {}, call).catch((thrown: unknown) => thrown);
      const texts = [inspect(error, { depth: 10 }), JSON.stringify(error), client.explain()];
      await client.disconnect();
      check(!texts.join('\n').includes('tok-5f2b9c81'), 'the token is shown');
      return undefined;
    },
  },
  callAttack('answers with 200,000 faults in one stream', (visit) => {
    visit
      .stream()
      .response.end(
        `${lines(200_000, (n) => `data: {"jsonrpc":"2.0","id":{"n":${n}}}\n`)}${event(resultText(visit, 1))}`,
      );
  }),
];
