import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

import type { FileStoreTiming } from '../../src/auth/stores/file-store.js';
import type { RedisStoreTiming } from '../../src/auth/stores/redis-store.js';
import { compiled } from './compiled.js';
import { Waiting } from './waiting.js';

const HOST = path.resolve(__dirname, '../fixtures/hosts/signed-in.mjs');
const NODE_PATH = path.resolve(__dirname, '../../node_modules');

/** What the program does; test/fixtures/hosts/signed-in.mjs describes it. */
export type SignedInJob = { readonly url: string; readonly agrees: boolean } & (
  | { readonly folder: string; readonly timing: FileStoreTiming }
  | { readonly redis: string; readonly client: 'ioredis' | 'node-redis'; readonly timing: RedisStoreTiming }
);

/** An event that the program prints. */
export interface SignedInEvent {
  readonly event: string;
  readonly result?: unknown;
  readonly code?: string;
  readonly message?: string;
}

/** A client that keeps its tokens in a shared store, in a process of its own. */
export class SignedInProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #waiting = new Waiting();
  readonly #closed: Promise<unknown>;
  readonly events: SignedInEvent[] = [];
  /** What it has printed, with its errors. */
  output = '';

  constructor(job: SignedInJob) {
    const args = [HOST, path.dirname(compiled('index')), JSON.stringify(job)];
    this.#child = spawn(process.execPath, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_PATH },
    });
    this.#closed = once(this.#child, 'close').then(() => {
      this.#waiting.wake();
    });
    this.#child.stdin.on('error', () => undefined);
    createInterface({ input: this.#child.stderr }).on('line', (line) => {
      this.output += `${line}\n`;
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.output += `${line}\n`;
      this.events.push(JSON.parse(line) as SignedInEvent);
      this.#waiting.wake();
    });
  }

  /** Gives a command. Resolves with the event at its end. */
  async run(command: string): Promise<SignedInEvent> {
    const [name = ''] = command.split(' ');
    const before = this.count(name);
    this.#child.stdin.write(`${command}\n`);
    return this.event(name, before + 1);
  }

  /** Waits until it has printed an event a number of times, and resolves with that event. */
  async event(name: string, times = 1): Promise<SignedInEvent> {
    const found = (): SignedInEvent | undefined => this.events.filter(({ event }) => event === name)[times - 1];
    await this.#waiting.until(
      () => found() !== undefined || this.isOver,
      () => `for ${name}, after ${this.output}`,
      40_000,
    );
    const event = found();
    if (event === undefined) throw new Error(`The program has ended: ${this.output}`);
    return event;
  }

  get isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  count(name: string): number {
    return this.events.filter(({ event }) => event === name).length;
  }

  /** Lets a process go on that has stopped itself. */
  continue(): void {
    this.#child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  /** Closes the client, and resolves when the process has exited by itself. */
  async close(): Promise<void> {
    if (this.isOver) return;
    await this.run('close');
    this.#child.stdin.end();
    await this.#closed;
  }
}
