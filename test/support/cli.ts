import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';

import { compiled } from './compiled.js';
import { ENTRIES } from './entries.js';
import { isAlive } from './servers/processes.js';
import { Waiting } from './waiting.js';

const ROOT = path.resolve(__dirname, '../..');
const OUTPUT = path.join(ROOT, '.build/cli');

/**
 * Bundles the command line for the source as it is now, once for all tests, and returns the path of the program. Packages that it imports by name
 * are those of this repository; `mcp-actors` is the compiled source.
 */
export function builtCli(): string {
  return (built ??= build());
}

let built: string | undefined;

function build(): string {
  const library = path.dirname(compiled('index'));
  const folder = path.join(OUTPUT, path.basename(library));
  if (!existsSync(folder)) bundle(library, folder);
  return path.join(folder, 'mcp-actors.mjs');
}

function bundle(library: string, folder: string): void {
  mkdirSync(OUTPUT, { recursive: true });
  const unfinished = mkdtempSync(path.join(OUTPUT, 'unfinished-'));
  const script = 'import(process.argv[1]).then(({ bundleCli }) => bundleCli(process.argv[2], process.argv[3]))';
  const args = ['-e', script, path.join(ROOT, 'scripts/bundle-cli.mjs'), `${ROOT}/`, unfinished];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The command line could not be bundled: ${stderr}`);
  // Without a name of its own the folder would belong to the package, whose exports are those of the last build.
  writeFileSync(path.join(unfinished, 'package.json'), '{ "name": "command-line", "private": true }\n');
  const own = path.join(unfinished, 'node_modules/mcp-actors');
  mkdirSync(own, { recursive: true });
  symlinkSync(library, path.join(own, 'lib'));
  const entries = [...ENTRIES].map(([name, entry]) => [name.replace('mcp-actors', '.'), `./lib/${entry}.js`]);
  writeFileSync(
    path.join(own, 'package.json'),
    JSON.stringify({ name: 'mcp-actors', exports: Object.fromEntries(entries) as object }),
  );
  try {
    renameSync(unfinished, folder);
  } catch (thrown) {
    // Another worker may have been faster.
    rmSync(unfinished, { recursive: true });
    if (!existsSync(folder)) throw thrown;
  }
}

/** How a command is run. */
export interface CliOptions {
  /** Added to an environment without a terminal, colours and the home of the user. Undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Standard input. Default: closed at once. `open`: the test writes to it. */
  readonly input?: string | undefined;
  readonly open?: boolean;
}

/** The end of a command. */
export interface CliResult {
  /** The exit code, or the signal that ended it. */
  readonly code: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The home of the user in tests: the commands keep nothing anywhere else. */
export interface CliHome {
  readonly folder: string;
  readonly env: Record<string, string>;
  remove(): void;
}

/** A home for all tests of a file. It also builds the command line before the tests. */
export function cliHome(): CliHome {
  buildFirst();
  return newHome();
}

/** Builds the command line before the tests of a file: the first file compiles the source, which takes long on a slow machine. */
export function buildFirst(): void {
  beforeAll(() => {
    builtCli();
  }, 300_000);
}

/** A home for one test. */
export function newHome(): CliHome {
  const folder = mkdtempSync(path.join(tmpdir(), 'cli-home-'));
  return {
    folder,
    env: { HOME: folder },
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A command that runs. */
export class CliProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #waiting = new Waiting();
  readonly #closed: Promise<unknown>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], { env = {}, cwd, input = '', open = false }: CliOptions = {}) {
    const { PATH, TMPDIR } = process.env;
    this.#child = spawn(process.execPath, [builtCli(), ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH, TMPDIR, HOME: path.join(OUTPUT, 'no-home'), ...env },
      ...(cwd !== undefined && { cwd }),
    });
    for (const name of ['stdout', 'stderr'] as const) {
      this.#child[name].setEncoding('utf8').on('data', (text: string) => {
        this[name] += text;
        this.#waiting.wake();
      });
    }
    this.#closed = once(this.#child, 'close').then(() => {
      this.#waiting.wake();
    });
    this.#child.stdin.on('error', () => undefined);
    if (!open) this.#child.stdin.end(input);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Resolves with the first match in what was printed. Rejects if the command ends without it. */
  async printed(pattern: RegExp, stream: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    const find = (): RegExpExecArray | null => pattern.exec(this[stream]);
    await this.#waiting.until(
      () => find() !== null || this.isOver,
      () => `for ${pattern} in ${this[stream]}; stderr: ${this.stderr}`,
      60_000,
    );
    const found = find();
    if (found === null) throw new Error(`The command ended without ${pattern}: ${this.stdout}\n${this.stderr}`);
    return found;
  }

  write(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Closes the reading end of stdout, as `| head -1` does. */
  closeStdout(): void {
    this.#child.stdout.destroy();
  }

  signal(name: NodeJS.Signals = 'SIGINT'): void {
    this.#child.kill(name);
  }

  async end(): Promise<CliResult> {
    await this.#closed;
    const { stdout, stderr } = this;
    return { code: this.#child.exitCode ?? this.#child.signalCode, stdout, stderr };
  }

  /** For the end of a test. */
  async kill(): Promise<void> {
    if (!this.isOver) this.#child.kill('SIGKILL');
    await this.#closed;
  }
}

/** Runs a command to its end. */
export function runCli(args: readonly string[], options?: CliOptions): Promise<CliResult> {
  return new CliProcess(args, options).end();
}

/** Interrupts a command: it ends with 130, and nothing of it is left. The limit is for a busy machine; the command has 2 s. */
export async function expectInterrupted(command: CliProcess): Promise<void> {
  const began = performance.now();
  command.signal();
  expect((await command.end()).code).toBe(130);
  expect(performance.now() - began).toBeLessThan(4_000);
  expect(isAlive(command.pid)).toBe(false);
}
