import { SseServer } from '../support/servers/sse-server.js';
import type { SseBehaviour } from '../support/servers/sse-server.js';
import type { HttpVisit } from '../support/servers/http-server.js';
import type { Attack } from './attack.js';
import { answerHonestly } from './message-peer.js';
import type { Peer } from './message-peer.js';
import { callOnce } from './programs.js';

/** A server of HTTP+SSE. What `called` does not do when a tool is called is done honestly. */
function sseServer(called: (stream: HttpVisit, id: unknown) => void, accept?: SseBehaviour['accept']): Attack['serve'] {
  return async () => {
    const server = await SseServer.start({
      ...(accept !== undefined && { accept }),
      serve(message, stream) {
        const { id, method } = message;
        if (method === 'tools/call') called(stream, id);
        else answerHonestly(message, peerOn(stream));
      },
    });
    return server.url;
  };
}

function peerOn(stream: HttpVisit): Peer {
  return {
    write: (text) => {
      stream.response.write(text);
      return Promise.resolve();
    },
    send: (message) => {
      stream.event(message);
      return Promise.resolve();
    },
    stopReading: () => undefined,
  };
}

const event = (data: string): string => `data: ${data}\n\n`;
const done = (id: unknown): string => event(JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] } }));
const pings = (count: number): string =>
  Array.from({ length: count }, (_, number) => event(`{"jsonrpc":"2.0","id":"p${number}","method":"ping"}`)).join('');

export const sseAttacks: readonly Attack[] = [
  {
    name: 'pings 30,000 times and takes no answer',
    over: 'sse',
    serve: sseServer(
      (stream) => stream.response.write(pings(30_000)),
      (visit) => {
        // What has a method is taken; answers of the client hang.
        if (visit.message.method !== undefined) visit.response.writeHead(202).end();
      },
    ),
    program: callOnce,
  },
  {
    name: 'pings 30,000 times and refuses each answer',
    over: 'sse',
    serve: sseServer(
      (stream, id) => stream.response.write(pings(30_000) + done(id)),
      (visit) => {
        visit.response.writeHead(visit.message.method === undefined ? 500 : 202).end();
      },
    ),
    program: callOnce,
  },
  {
    name: 'sends 1,000,000 events of one byte',
    over: 'sse',
    serve: sseServer((stream, id) => stream.response.write(event('x').repeat(1_000_000) + done(id))),
    program: callOnce,
  },
  {
    name: 'says 100,000 times where to post, elsewhere',
    over: 'sse',
    serve: sseServer((stream, id) =>
      stream.response.write('event: endpoint\ndata: http://169.254.169.254/\n\n'.repeat(100_000) + done(id)),
    ),
    program: callOnce,
  },
  {
    name: 'answers none of 5,000 posts',
    over: 'sse',
    serve: sseServer(
      () => undefined,
      (visit) => {
        if (visit.message.method !== 'tools/call') visit.response.writeHead(202).end();
      },
    ),
    async program({ connect, outcome }) {
      const client = await connect();
      const calls = Array.from({ length: 5_000 }, () => outcome(client.callTool('work', {}, { timeout: 5_000 })));
      return [...new Set(await Promise.all(calls))].join(' ');
    },
    bounds: { heap: 256, descriptors: 300, loop: 400 },
  },
];
