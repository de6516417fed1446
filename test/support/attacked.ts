import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

import type { MCPClientOptions } from '../../src/index.js';
import { compiled } from './compiled.js';
import { serverFixture } from './servers/fixture-servers.js';

const HOST = path.resolve(__dirname, '../fixtures/hosts/attacked.mjs');
const NODE_PATH = path.resolve(__dirname, '../../node_modules');

/** What a program does with a hostile server; test/fixtures/servers/hostile.mjs says what the attacks are. */
export interface Attack {
  readonly attack: string;
  /** How much of it there is. */
  readonly size: number;
  /** The heap of the program, in MiB. */
  readonly heap: number;
  /** How many tools are called at the same time. */
  readonly calls?: number;
  /** Of how many calls the server waits for the response to be under way. Default: all. */
  readonly together?: number;
  /** Lists the tools first. */
  readonly list?: boolean;
  readonly limits?: MCPClientOptions['limits'];
}

/** What became of it. */
export interface AttackReport {
  /** How often calls ended in which way: `ok`, or the code of the error. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** The first error of a call. */
  readonly failure?: {
    readonly code: string;
    readonly delivery?: string;
    readonly message: string;
    readonly details: object;
  };
  readonly errors: readonly { readonly code: string; readonly message: string }[];
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  /** The most descriptors that were open at the same time. */
  readonly descriptors: number;
}

/** Runs it in a process of its own, which rejects when that dies. */
export async function attacked({ attack, size, heap, ...more }: Attack): Promise<AttackReport> {
  const args = [compiled('index'), serverFixture('hostile'), attack, String(size), JSON.stringify(more)];
  const { stdout } = await promisify(execFile)(process.execPath, [`--max-old-space-size=${heap}`, HOST, ...args], {
    env: { ...process.env, NODE_PATH, NODE_OPTIONS: '' },
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  return JSON.parse(stdout) as AttackReport;
}
