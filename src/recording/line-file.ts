import type { FileHandle } from 'node:fs/promises';

/** Lines that a disk may be behind by, in characters. */
const MOST_WAITING = 16 * 1024 * 1024;

/** Why nothing more is written. */
export type LineFileEnd = 'full' | 'slow' | 'failed';

/**
 * A file that lines are added to, in order and without waiting. It is opened when the first line comes, readable and writable only by its owner,
 * and what was in it is lost. What cannot be written, because the file would become too long or the disk does not keep up or fails,
 * ends it: it is told once, and lines are dropped from then on.
 */
export class LineFile {
  readonly #path: string;
  readonly #limit: number;
  readonly #ended: (why: LineFileEnd, cause?: unknown) => void;
  #waiting: string[] = [];
  #waitingLength = 0;
  #size = 0;
  #over = false;
  #flags: 'w' | 'a' = 'w';
  #handle: FileHandle | undefined;
  #writing: Promise<void> | undefined;

  /** @param limit the most bytes that are written, besides a last line that says so */
  constructor(path: string, limit: number, ended: (why: LineFileEnd, cause?: unknown) => void) {
    this.#path = path;
    this.#limit = limit;
    this.#ended = ended;
  }

  /** Adds a line. Never throws, and never waits. */
  add(line: string): void {
    if (this.#over) return;
    this.#size += Buffer.byteLength(line) + 1;
    if (this.#size > this.#limit) {
      this.#end('full', JSON.stringify({ type: 'end', why: 'full' }));
    } else if (this.#waitingLength + line.length > MOST_WAITING) {
      this.#end('slow', JSON.stringify({ type: 'end', why: 'slow' }));
    } else {
      this.#push(line);
    }
  }

  /** Resolves when all lines so far are written and the file is closed, or will never be. More lines open it again. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }

  #end(why: LineFileEnd, lastLine: string): void {
    this.#over = true;
    this.#push(lastLine);
    this.#ended(why);
  }

  #push(line: string): void {
    this.#waiting.push(line, '\n');
    this.#waitingLength += line.length + 1;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  async #write(): Promise<void> {
    try {
      // What comes in this turn goes with it.
      await Promise.resolve();
      this.#handle ??= await this.#open();
      while (this.#waiting.length > 0) {
        const text = this.#waiting.join('');
        this.#waiting = [];
        this.#waitingLength = 0;
        await this.#handle.appendFile(text);
      }
    } catch (thrown) {
      this.#waiting = [];
      if (this.#over) return;
      this.#over = true;
      this.#ended('failed', thrown);
    }
  }

  async #open(): Promise<FileHandle> {
    const { open } = await import('node:fs/promises');
    const handle = await open(this.#path, this.#flags, 0o600);
    // The file may have been there, with other rights. What is no file, a terminal for instance, is left as it is.
    if (this.#flags === 'w' && (await handle.stat()).isFile()) await handle.chmod(0o600);
    this.#flags = 'a';
    return handle;
  }
}
