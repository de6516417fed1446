import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createInterface } from 'node:readline';

import { StdioTransport } from '../../../src/index.js';
import type { JSONRPCMessage } from '../../../src/protocol/messages/json-rpc.js';
import { isAlive, processFixture } from '../../support/servers/processes.js';
import type { Desk } from './desk.js';
import type { Stage } from './stage.js';

/**
 * A server that is a process, with its desk in this one: the process hands on every byte. It dies of a signal; while the server is down
 * each process ends at its start, as one does that crashes.
 */
export async function stdioStage(desk: Desk, changed: () => void): Promise<Stage> {
  const visits = new Set<Socket>();
  const pids = new Set<number>();
  let away = false;

  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (away) {
      socket.destroy();
      return;
    }
    visits.add(socket);
    if (transport.pid != null) pids.add(transport.pid);
    createInterface({ input: socket, crlfDelay: Infinity })
      .on('line', (line) => {
        desk.hear(JSON.parse(line) as JSONRPCMessage, socket, (answer) => {
          socket.write(`${JSON.stringify(answer)}\n`);
        });
      })
      // It passes on what goes wrong with its input.
      .on('error', () => undefined);
    socket.once('close', () => {
      visits.delete(socket);
      desk.leave(socket);
      changed();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const transport = new StdioTransport(process.execPath, [processFixture('relay'), String(port)]);

  return {
    transport,
    die: async () => {
      away = true;
      if (transport.pid != null) process.kill(transport.pid, 'SIGKILL');
    },
    comeBack: async () => {
      away = false;
    },
    drop: async () => {
      for (const socket of visits) socket.end();
    },
    forget: () => undefined,
    get connections() {
      return visits.size + [...pids].filter(isAlive).length;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of visits) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
