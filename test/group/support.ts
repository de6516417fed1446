import { answer, legacyScript, ScriptedProcess } from '../support/servers/scripts.js';
import type { Script } from '../support/servers/scripts.js';
import { isAlive } from '../support/servers/processes.js';
import type { StdioTransport } from '../../src/index.js';
import type { MCPClientGroup } from '../../src/group/index.js';
import type { GroupServerStatus } from '../../src/group/index.js';

/** A server with these tools, each of which responds with the names of all. */
export function scriptWith(tools: readonly string[], more: Script = {}): Script {
  return legacyScript('2025-11-25', {
    'tools/list': answer({ tools: tools.map((name) => ({ name, inputSchema: { type: 'object' } })) }),
    'tools/call': answer({ content: [{ type: 'text', text: tools.join() }] }),
    ...more,
  });
}

/** The processes of scripted servers, which are removed after the test. */
export class ScriptedServers implements Disposable {
  readonly #all: ScriptedProcess[] = [];

  /** A server that plays this script, or one of these in each process. */
  add(script: Script | readonly Script[]): ScriptedProcess {
    const server = new ScriptedProcess(script);
    this.#all.push(server);
    return server;
  }

  [Symbol.dispose](): void {
    for (const server of this.#all) server[Symbol.dispose]();
  }
}

/** How many of these servers run. */
export function running(transports: Iterable<StdioTransport>): number {
  return [...transports].filter(({ pid }) => pid !== undefined && isAlive(pid)).length;
}

/** Resolves as soon as a server has this state. */
export function statusOf(group: MCPClientGroup, server: string, status: GroupServerStatus): Promise<void> {
  return new Promise((resolve) => {
    if (group.status[server] === status) {
      resolve();
      return;
    }
    const remove = group.on('status', (event) => {
      if (event.server !== server || event.status !== status) return;
      remove();
      resolve();
    });
  });
}

/** The error with which a promise rejects. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('It did not reject');
}
