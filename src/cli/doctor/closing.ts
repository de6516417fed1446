import type { ChildProcess } from 'node:child_process';

import type { MCPClient } from '../../api/client.js';
import { groupLives } from '../../transports/stdio/process-groups.js';
import { StdioTransport } from '../../transports/stdio/stdio-transport.js';
import type { MCPTransport } from '../../transports/transport.js';
import { errorLine } from './failures.js';
import type { Finding } from './report.js';

/** How the process of a server ended, to be read after the close. */
export interface Closing {
  readonly child: ChildProcess | undefined;
  readonly took: number;
  /** Whether a process of the server still runs. */
  readonly left: boolean;
  readonly stderr: string;
}

/** Closes a client, and measures it. */
export async function closeClient(client: MCPClient, transport: MCPTransport): Promise<Closing> {
  const stdio = transport instanceof StdioTransport ? transport : undefined;
  const child = stdio?.process;
  const startedAt = performance.now();
  await client.close();
  const took = Math.round(performance.now() - startedAt);
  const pid = child?.pid;
  const left = pid !== undefined && process.platform !== 'win32' && (await groupLives(pid));
  return {
    child,
    took,
    left,
    stderr: stdio === undefined ? '' : transport.secrets.tail(stdio.stderrTail, 4_096, true),
  };
}

/** Judges how a server ended when its client closed the connection. */
export function closeFinding({ child, took, left, stderr }: Closing): Finding {
  const exitCode = child?.exitCode;
  const signal = child?.signalCode;
  const data = { took, exitCode, signal };
  const warn = (message: string, fix: string, status: 'warning' | 'failed' = 'warning'): Finding => {
    return { check: 'close', status, message, fix, data };
  };
  if (left) {
    const fix = 'A process of the server started a session of its own, or runs as another user: end it by hand.';
    return warn(`a process of the server still runs ${took} ms after the close`, fix, 'failed');
  }
  if (signal != null) {
    const message = `the server did not exit when its stdin was closed, and was ended with ${signal} after ${took} ms`;
    return warn(message, 'The server should exit at the end of its stdin.');
  }
  if (exitCode != null && exitCode !== 0) {
    const why = errorLine(stderr);
    const message = `the server exited with code ${exitCode}${why === undefined ? '' : `: ${why}`}`;
    return warn(message, 'The server should exit with code 0 at the end of its stdin: see its stderr.');
  }
  const what = child === undefined ? 'closed' : 'everything ended';
  return { check: 'close', status: 'ok', message: `${what} after ${took} ms`, data };
}
