import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** The commands of Redis and of Valkey: the first one that is installed is used. */
const COMMANDS = ['redis-server', 'valkey-server'];

/** A real server, Redis or Valkey, in a process of its own. It listens on a Unix socket and stores nothing on the disk. */
export class RedisProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly socket: string;

  private constructor(child: ChildProcess, folder: string, socket: string) {
    this.#child = child;
    this.#folder = folder;
    this.socket = socket;
  }

  static async start(): Promise<RedisProcess> {
    const folder = mkdtempSync(path.join(tmpdir(), 'redis-'));
    const socket = path.join(folder, 'socket');
    const options = ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no', '--dir', folder];
    for (const command of COMMANDS) {
      const child = spawn(command, options, { stdio: ['ignore', 'pipe', 'ignore'] });
      const lines = createInterface({ input: child.stdout });
      const isReady = new Promise<boolean>((resolve, reject) => {
        child.once('error', () => {
          resolve(false);
        });
        child.once('exit', (code) => {
          reject(new Error(`${command} has exited with ${String(code)}`));
        });
        lines.on('line', (line) => {
          if (line.includes('eady to accept connections')) resolve(true);
        });
      });
      if (await isReady) return new RedisProcess(child, folder, socket);
    }
    throw new Error(`None of ${COMMANDS.join(', ')} is installed. Debian: apt-get install redis-server`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'close');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
