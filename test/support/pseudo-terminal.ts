import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

import { builtCli } from './cli.js';
import { Waiting } from './waiting.js';

/** Keys that prompts read. */
export const KEYS = { enter: '\r', down: '\u001b[B', space: ' ', escape: '\u001b', interrupt: '\u0003' } as const;

/** The command line in a pseudo-terminal of 120 columns and 50 rows, which `script` of util-linux provides. */
export class TerminalProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting = new Waiting();
  readonly #closed: Promise<unknown>;
  #output = '';
  /** Where the search for the next text begins: what a prompt showed before is not found again. */
  #seen = 0;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const words = [process.execPath, builtCli(), ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    this.#child = spawn('script', ['-qfec', `stty cols 120 rows 50; exec ${words.join(' ')}`, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH, TERM: 'xterm', SHELL: '/bin/sh', ...env },
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
      this.#waiting.wake();
    });
    this.#child.stdin.on('error', () => undefined);
    this.#closed = once(this.#child, 'close').then(() => {
      this.#waiting.wake();
    });
  }

  /** What was shown, without escape sequences. */
  get text(): string {
    return stripVTControlCharacters(this.#output);
  }

  /** Waits until a text is shown that was not shown before, then types. */
  async answer(shown: string | RegExp, ...keys: readonly string[]): Promise<void> {
    const find = (): number => {
      const rest = this.text.slice(this.#seen);
      const at = typeof shown === 'string' ? rest.indexOf(shown) : rest.search(shown);
      return at === -1 ? -1 : this.#seen + at + 1;
    };
    await this.#waiting.until(
      () => find() !== -1 || this.#child.exitCode !== null,
      () => `for ${String(shown)} in ${this.text.slice(-2_000)}`,
      30_000,
    );
    const found = find();
    if (found === -1) throw new Error(`The command ended without ${String(shown)}: ${this.text}`);
    this.#seen = found;
    for (const key of keys) this.#child.stdin.write(key);
  }

  /** Waits for the end and returns the exit code. */
  async end(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }

  /** For the end of a test. */
  async kill(): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
    await this.#closed;
  }
}
