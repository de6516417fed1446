import { WebSocketTransport } from '../../../src/index.js';
import type { JSONRPCMessage } from '../../../src/protocol/messages/json-rpc.js';
import { ScriptedWebSocketServer } from '../../support/servers/websocket-server.js';
import type { WebSocketVisit } from '../../support/servers/websocket-server.js';
import type { Desk } from './desk.js';
import type { Stage } from './stage.js';

/** A server of WebSockets in this process. While it is down whoever comes is thrown out at once. */
export async function webSocketStage(desk: Desk, changed: () => void): Promise<Stage> {
  const visits = new Set<WebSocketVisit>();
  let away = false;

  const server = await ScriptedWebSocketServer.start({
    greet: (visit) => {
      const { socket } = visit;
      if (away) {
        socket.terminate();
        return;
      }
      visits.add(visit);
      socket.on('message', (data: Buffer) => {
        desk.hear(JSON.parse(data.toString()) as JSONRPCMessage, visit, (answer) => {
          socket.send(JSON.stringify(answer));
        });
      });
      socket.once('close', () => {
        visits.delete(visit);
        desk.leave(visit);
        changed();
      });
    },
  });

  async function drop(): Promise<void> {
    for (const { socket } of visits) socket.terminate();
  }

  return {
    transport: new WebSocketTransport(server.url),
    die: async () => {
      away = true;
      await drop();
    },
    comeBack: async () => {
      away = false;
    },
    drop,
    forget: () => undefined,
    get connections() {
      return visits.size;
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}
