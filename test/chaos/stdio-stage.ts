import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { StdioTransport } from '../../src/index.js';
import { isAlive } from '../support/servers/processes.js';
import { FileLedger } from './ledger.js';
import type { Stage } from './real-course.js';
import type { Schedule } from './schedule.js';

/** Started from the root of the project, as npm does. */
const SERVER = path.resolve('test/chaos/server.mjs');

/** A server that is a process, and dies of a signal. */
export function stdioStage({ revision }: Schedule): Promise<Stage> {
  const directory = mkdtempSync(path.join(tmpdir(), 'mcp-actors-chaos-'));
  const file = path.join(directory, 'ledger');
  const ledger = new FileLedger(file);
  const transport = new StdioTransport(process.execPath, [SERVER, revision, file]);
  return Promise.resolve({
    transport,
    ledger,
    die: (pause) => {
      // It may have ended, and the client not have heard of it.
      if (transport.pid != null && isAlive(transport.pid))
        process.kill(transport.pid, pause === 0 ? 'SIGKILL' : 'SIGTERM');
    },
    announce: () => undefined,
    [Symbol.asyncDispose]: () => {
      rmSync(directory, { recursive: true });
      return Promise.resolve();
    },
  });
}
