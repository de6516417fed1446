import { setTimeout as wait } from 'node:timers/promises';

import { HttpTransport, SseTransport, WebSocketTransport } from '../../src/index.js';
import type { MCPTransport } from '../../src/index.js';
import { ScriptedHttpServer } from './servers/http-server.js';
import type { HttpVisit } from './servers/http-server.js';
import { ScriptedProcess, scriptedServer } from './servers/scripts.js';
import type { ReceivedMessage, Script } from './servers/scripts.js';
import { SseServer } from './servers/sse-server.js';
import { ScriptedWebSocketServer } from './servers/websocket-server.js';

/** How a scripted server can be reached. Over HTTP each request is answered by a stream of events. */
export const EVERY_TRANSPORT = ['memory', 'stdio', 'WebSocket', 'HTTP+SSE', 'HTTP'] as const;

export type TransportName = (typeof EVERY_TRANSPORT)[number];

/** A server that plays a script, and what it received. */
export interface ReachableServer {
  readonly transport: MCPTransport;
  readonly received: () => readonly ReceivedMessage[];
  readonly close: () => Promise<unknown>;
}

type Speech = (text: string, isAnswer: boolean) => void;

/** Starts a server that plays a script without functions over one of the transports. */
export async function scriptedServerOver(name: TransportName, script: Script): Promise<ReachableServer> {
  switch (name) {
    case 'memory': {
      const server = await scriptedServer(script);
      return {
        transport: server.transport,
        received: () => server.received,
        close: () => server[Symbol.asyncDispose](),
      };
    }
    case 'stdio': {
      const server = new ScriptedProcess(script);
      return {
        transport: server.transport,
        received: () => server.received.flat(),
        close: () => {
          server[Symbol.dispose]();
          return Promise.resolve();
        },
      };
    }
    case 'WebSocket':
      return overWebSocket(await player(script));
    case 'HTTP+SSE':
      return overSse(await player(script));
    case 'HTTP':
      return overHttp(await player(script));
  }
}

interface Player {
  readonly received: ReceivedMessage[];
  readonly receive: (message: ReceivedMessage, speak: Speech) => void;
}

async function player(script: Script): Promise<Player> {
  const { play } = await import('../fixtures/servers/script.mjs');
  const react = play(script);
  const received: ReceivedMessage[] = [];
  return {
    received,
    receive: (message, speak) => {
      received.push(message);
      void react(message, {
        send: (one) => {
          const { id, method } = one as ReceivedMessage;
          speak(JSON.stringify(one), id === message.id && method === undefined);
        },
        write: (text) => {
          speak(text, false);
        },
        wait: (milliseconds) => wait(milliseconds),
        complain: () => undefined,
        end: () => undefined,
      });
    },
  };
}

async function overWebSocket({ received, receive }: Player): Promise<ReachableServer> {
  const server = await ScriptedWebSocketServer.start({
    serve: (text, { socket }) => {
      receive(JSON.parse(text) as ReceivedMessage, (said) => {
        socket.send(said);
      });
    },
  });
  return { transport: new WebSocketTransport(server.url), received: () => received, close: () => server.close() };
}

async function overSse({ received, receive }: Player): Promise<ReachableServer> {
  const server = await SseServer.start({
    serve: (message, stream) => {
      receive(message as ReceivedMessage, (said) => stream.response.write(`data: ${said}\n\n`));
    },
  });
  return { transport: new SseTransport(server.url), received: () => received, close: () => server.close() };
}

async function overHttp({ received, receive }: Player): Promise<ReachableServer> {
  const server = await ScriptedHttpServer.start((visit) => {
    if (visit.method !== 'POST') {
      visit.status(405);
      return;
    }
    const message = visit.message as ReceivedMessage;
    const { id, method } = message;
    const isRequest = id !== undefined && method !== undefined;
    if (isRequest) visit.stream();
    receive(message, (said, isAnswer) => {
      speakOn(visit, said, isAnswer);
    });
    if (!isRequest) visit.status(202);
  });
  return { transport: new HttpTransport(server.url), received: () => received, close: () => server.close() };
}

function speakOn({ response }: HttpVisit, said: string, isAnswer: boolean): void {
  response.write(`data: ${said}\n\n`);
  if (isAnswer) response.end();
}
