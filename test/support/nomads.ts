import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';

import type { MCPClientOptions, NotificationEvent, SuspendedClient } from '../../src/index.js';
import { compiled } from './compiled.js';

const HOST = path.resolve(__dirname, '../fixtures/hosts/nomad.mjs');
const NODE_PATH = path.resolve(__dirname, '../../node_modules');

/** What a program is to do; test/fixtures/hosts/nomad.mjs says more. */
export interface Job {
  readonly url: string;
  readonly options?: MCPClientOptions;
  /** What another left. */
  readonly suspended?: SuspendedClient;
  readonly steps: readonly (readonly [name: string, ...args: unknown[]])[];
}

/** One request of HTTP. */
export interface WireRequest {
  /** The method of its message; of HTTP where there is none. */
  readonly what: string;
  /** Whether it named a session. */
  readonly session: boolean;
  readonly lastEventId?: string;
}

/** What a program did. */
export interface Report {
  readonly wire: readonly WireRequest[];
  readonly results: readonly unknown[];
  readonly received: readonly NotificationEvent[];
  readonly explanation: string;
}

/** Runs a job in a process of its own, to its end. */
export async function runNomad(job: Job): Promise<Report> {
  const child = spawn(process.execPath, [HOST, compiled('index')], { env: { ...process.env, NODE_PATH } });
  const [output, errors] = [text(child.stdout), text(child.stderr)];
  child.stdin.end(JSON.stringify(job));
  // One that hangs is not waited for for ever.
  const limit = setTimeout(() => child.kill('SIGKILL'), 45_000);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(limit);
  if (code !== 0) throw new Error(`The program ended with ${String(code)}: ${await errors}`);
  return JSON.parse(await output) as Report;
}
