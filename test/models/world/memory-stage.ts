import { systemEnvironment } from '../../../src/util/environment.js';
import { MCPTransport, MemoryTransport } from '../../../src/index.js';
import { failure } from '../../../src/util/failure.js';
import type { JSONRPCMessage } from '../../../src/protocol/messages/json-rpc.js';
import { rejectedWith } from '../../../src/transports/link.js';
import type { Link, LinkEvents } from '../../../src/transports/link.js';
import type { Desk } from './desk.js';
import type { Stage } from './stage.js';

/** A server in this process, a new pair of ends for each link. */
export async function memoryStage(desk: Desk, changed: () => void): Promise<Stage> {
  const visits = new Set<MemoryTransport>();
  let away = false;

  async function serve(far: MemoryTransport): Promise<void> {
    visits.add(far);
    const link = await far.openLink(
      {
        environment: systemEnvironment,
        message: (message) => {
          desk.hear(message as JSONRPCMessage, far, (answer) => void link.send(answer as JSONRPCMessage));
        },
        problem: () => undefined,
        closed: () => {
          leave(far);
        },
        sessionLost: () => undefined,
        interrupted: () => undefined,
        resumed: () => undefined,
        signIn: () => undefined,
      },
      new AbortController().signal,
    );
  }

  function leave(far: MemoryTransport): void {
    visits.delete(far);
    desk.leave(far);
    changed();
  }

  async function drop(): Promise<void> {
    for (const far of visits) {
      leave(far);
      void far.closeLink();
    }
  }

  class Door extends MCPTransport {
    protected async open(events: LinkEvents, signal: AbortSignal): Promise<Link> {
      if (away) {
        const why = failure('transport', 'MCP_TRANSPORT_FAILED', 'Nobody is there', { delivery: 'not-sent' });
        return rejectedWith(why);
      }
      const [near, far] = MemoryTransport.pair();
      await serve(far);
      return near.openLink(events, signal);
    }
  }

  return {
    transport: new Door(),
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
    [Symbol.asyncDispose]: drop,
  };
}
