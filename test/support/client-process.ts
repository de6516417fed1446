import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';

import type { MCPClientOptions, NotificationEvent, SuspendedClient } from '../../src/index.js';
import { compiled } from './compiled.js';

const HOST = path.resolve(__dirname, '../fixtures/hosts/client.mjs');
const NODE_PATH = path.resolve(__dirname, '../../node_modules');

/** What the program does; test/fixtures/hosts/client.mjs describes it. */
export interface Job {
  readonly url: string;
  readonly options?: MCPClientOptions;
  /** The session that another client suspended. */
  readonly suspended?: SuspendedClient;
  readonly steps: readonly (readonly [name: string, ...args: unknown[]])[];
}

/** One HTTP request. */
export interface WireRequest {
  /** The method of its message, or the HTTP method if it has none. */
  readonly what: string;
  /** Whether it has a session id. */
  readonly session: boolean;
  readonly lastEventId?: string;
}

/** What the program did. */
export interface Report {
  readonly wire: readonly WireRequest[];
  readonly results: readonly unknown[];
  readonly received: readonly NotificationEvent[];
  readonly explanation: string;
}

/** Runs a client in a process of its own, and resolves when it has exited. */
export async function runClientProcess(job: Job): Promise<Report> {
  const child = spawn(process.execPath, [HOST, compiled('index')], { env: { ...process.env, NODE_PATH } });
  const [output, errors] = [text(child.stdout), text(child.stderr)];
  child.stdin.end(JSON.stringify(job));
  const limit = setTimeout(() => child.kill('SIGKILL'), 45_000);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(limit);
  if (code !== 0) throw new Error(`The program ended with ${String(code)}: ${await errors}`);
  return JSON.parse(await output) as Report;
}
