import { systemEnvironment } from '../../src/util/environment.js';
import { WebSocketTransport } from '../../src/index.js';
import type { JSONRPCMessage } from '../../src/index.js';
import { createScriptedServer } from '../../src/testing/index.js';
import { LinkRecorder } from '../support/link-recorder.js';
import { ScriptedWebSocketServer } from '../support/servers/websocket-server.js';
import type { WebSocketVisit } from '../support/servers/websocket-server.js';
import { CAPABILITIES, handlersOf } from './handlers.js';
import { MemoryLedger } from './ledger.js';
import { Network } from './network.js';
import type { Stage } from './real-course.js';
import type { Schedule } from './schedule.js';

/** A server of WebSockets in this process, which dies by destroying its connections. */
export async function webSocketStage(schedule: Schedule): Promise<Stage> {
  const { revision } = schedule;
  const ledger = new MemoryLedger();
  let visits = 0;
  let awayUntil = 0;
  const visiting = new Set<WebSocketVisit>();

  /** Each connection has a scripted server of its own. */
  async function serve(visit: WebSocketVisit): Promise<void> {
    const { socket } = visit;
    visits += 1;
    const server = createScriptedServer({
      revision,
      capabilities: CAPABILITIES,
      handlers: handlersOf(ledger, visits),
    });
    visiting.add(visit);
    socket.once('close', () => {
      visiting.delete(visit);
      void server[Symbol.asyncDispose]();
    });
    const early: string[] = [];
    let hear = (text: string): unknown => early.push(text);
    socket.on('message', (data: Buffer) => hear(data.toString()));
    const link = await server.transport.openLink(
      {
        ...new LinkRecorder().events,
        message: (message) => {
          socket.send(JSON.stringify(message));
        },
      },
      new AbortController().signal,
    );
    hear = (text) => link.send(JSON.parse(text) as JSONRPCMessage)?.catch(() => undefined);
    early.forEach(hear);
  }

  const server = await ScriptedWebSocketServer.start({
    greet: (visit) => {
      if (systemEnvironment.now() < awayUntil) visit.socket.terminate();
      else void serve(visit);
    },
  });
  const network = await Network.before(server.url, schedule);
  return {
    transport: new WebSocketTransport(network.url),
    ledger,
    network,
    die: (pause) => {
      awayUntil = systemEnvironment.now() + pause;
      for (const { socket } of visiting) socket.terminate();
    },
    announce: () => undefined,
    [Symbol.asyncDispose]: async () => {
      await network[Symbol.asyncDispose]();
      await server.close();
    },
  };
}
