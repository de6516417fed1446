import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile, watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** How long the command may take to come, in ms. */
const LONGEST_WAIT = 20_000;

/** A desktop whose command `xdg-open` writes down the URLs that it is to open, for the programs that this process starts. */
export class FakeDesktop implements Disposable {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'desktop-'));
  readonly #urls = path.join(this.#folder, 'urls');
  readonly #before = { PATH: process.env['PATH'], DISPLAY: process.env['DISPLAY'] };

  constructor() {
    mkdirSync(this.#urls);
    const command = path.join(this.#folder, 'xdg-open');
    // The file has its text when it gets its name.
    const lines = ['#!/bin/sh', `cd '${this.#urls}'`, 'printf %s "$1" >.$$', 'mv .$$ $$', ''];
    writeFileSync(command, lines.join('\n'));
    chmodSync(command, 0o700);
    process.env['PATH'] = `${this.#folder}${path.delimiter}${this.#before.PATH ?? ''}`;
    process.env['DISPLAY'] = ':0';
  }

  /** The first URL that was to be opened. */
  async opened(): Promise<string> {
    const changes = watch(this.#urls, { signal: AbortSignal.timeout(LONGEST_WAIT) })[Symbol.asyncIterator]();
    // The watch begins with the first step.
    let change = changes.next();
    for (;;) {
      const name = (await readdir(this.#urls)).find((one) => !one.startsWith('.'));
      if (name !== undefined) {
        await changes.return?.();
        await change.catch(() => undefined);
        return readFile(path.join(this.#urls, name), 'utf8');
      }
      await change;
      change = changes.next();
    }
  }

  [Symbol.dispose](): void {
    for (const [name, value] of Object.entries(this.#before)) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
