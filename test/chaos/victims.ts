import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { HttpTransport, StdioTransport } from '../../src/index.js';
import type { MCPClient, MCPProtocolVersion, MCPTransport } from '../../src/index.js';
import { createScriptedServer } from '../../src/testing/index.js';
import type { ScriptedServer } from '../../src/testing/index.js';
import { isAlive } from '../support/servers/processes.js';
import { CAPABILITIES, handlersOf } from './handlers.js';

/** A server that is killed. */
export interface Victim extends AsyncDisposable {
  /** A way to it, for one client. */
  transport(): MCPTransport;
  /** Kills it and sees to it that it can come back. Resolves with the time from which on it can be reached, or started, again. */
  kill(client: MCPClient): Promise<number>;
}

/** Started from the root of the project, as npm does. */
const STDIO_SERVER = path.resolve('test/chaos/server.mjs');
const HTTP_SERVER = path.resolve('test/chaos/http-server.mjs');

/** A server in this process, which remembers nothing. */
export class MemoryVictim implements Victim {
  readonly #server: ScriptedServer;

  constructor(revision: MCPProtocolVersion) {
    const handlers = handlersOf({ add: () => undefined });
    this.#server = createScriptedServer({ revision, capabilities: CAPABILITIES, handlers, remember: 100 });
  }

  transport(): MCPTransport {
    return this.#server.transport;
  }

  kill(): Promise<number> {
    (this.#server.received as unknown[]).length = 0;
    this.#server.hangUp();
    return Promise.resolve(performance.now());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

/** A server over stdio, which the client starts again by itself. */
export class StdioVictim implements Victim {
  readonly #args: readonly string[];

  constructor(revision: MCPProtocolVersion, ledger: string) {
    this.#args = [STDIO_SERVER, revision, ledger];
  }

  transport(): StdioTransport {
    return new StdioTransport(process.execPath, this.#args);
  }

  kill({ transport }: MCPClient): Promise<number> {
    const { pid } = transport as StdioTransport;
    if (pid != null && isAlive(pid)) process.kill(pid, 'SIGKILL');
    return Promise.resolve(performance.now());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** A server over HTTP, which is started again at the same port. */
export class HttpVictim implements Victim {
  readonly #args: readonly string[];
  #port = 0;
  #process!: ChildProcessByStdio<Writable, Readable, null>;

  private constructor(args: readonly string[]) {
    this.#args = args;
  }

  static async start(revision: MCPProtocolVersion, ledger: string): Promise<HttpVictim> {
    const victim = new HttpVictim([HTTP_SERVER, revision, ledger]);
    await victim.#start();
    return victim;
  }

  transport(): HttpTransport {
    return new HttpTransport(`http://127.0.0.1:${this.#port}/mcp`);
  }

  async kill(): Promise<number> {
    await this.#end();
    await this.#start();
    return performance.now();
  }

  async #start(): Promise<void> {
    const args = [...this.#args, String(this.#port)];
    this.#process = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const [said] = (await once(this.#process.stdout, 'data')) as [Buffer];
    this.#port = Number(said.toString());
  }

  async #end(): Promise<void> {
    const gone = once(this.#process, 'close');
    this.#process.kill('SIGKILL');
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }
}
