import path from 'node:path';
import { MCPClientGroup } from '../../src/group/index.js';
import { StdioTransport } from '../../src/index.js';
import type { MCPTransport } from '../../src/index.js';
import { countedEnvironment } from './counted-environment.js';

/** Started from the root of the project, as npm does. */
const SERVER = path.resolve('test/chaos/server.mjs');

/** A way to a server over stdio that writes nothing down. */
export function sleepyServer(): StdioTransport {
  return new StdioTransport(process.execPath, [SERVER, '2025-11-25', '/dev/null']);
}

/** A group whose server sleeps after each call. */
export class GroupSoak {
  readonly #counted = countedEnvironment(1);
  readonly #group: MCPClientGroup;

  constructor(transport: MCPTransport) {
    this.#group = new MCPClientGroup(
      { server: transport },
      { idleTimeout: 1, environment: this.#counted.environment, defaults: { maxRestarts: Infinity } },
    );
  }

  /** Has the server wake and sleep so many times. */
  async work(sleeps: number): Promise<void> {
    for (let sleep = 0; sleep < sleeps; sleep += 1) {
      const asleep = this.#asleep();
      await this.#group.client('server').callTool('look', { key: `${sleep}`, takes: 0 });
      await asleep;
    }
  }

  /** Resolves when the server has gone to sleep the next time. */
  #asleep(): Promise<void> {
    return new Promise((resolve) => {
      const remove = this.#group.on('status', ({ status }) => {
        if (status !== 'asleep') return;
        remove();
        resolve();
      });
    });
  }

  /** The number of timers that it holds. */
  get timers(): number {
    return this.#counted.pending.size;
  }

  async end(): Promise<void> {
    await this.#group.close();
  }
}
