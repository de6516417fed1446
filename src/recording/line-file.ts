import type { FileHandle } from 'node:fs/promises';

/** Limit of the lines that wait for the disk, in characters. */
const MOST_WAITING = 16 * 1024 * 1024;

/** Why the file ended: it reached its limit, the disk did not keep up, or writing failed. */
export type LineFileEnd = 'full' | 'slow' | 'failed';

/**
 * A file to which lines are appended in order, without waiting. The first line opens it: an existing file is overwritten, and only its
 * owner can read and write it (mode 0600). It ends when it reaches its limit, when the disk does not keep up, and when writing fails. Then
 * `ended` is called once, and all further lines are dropped.
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

  /** @param limit the most bytes that are written, without the last line, which contains the reason for the end */
  constructor(path: string, limit: number, ended: (why: LineFileEnd, cause?: unknown) => void) {
    this.#path = path;
    this.#limit = limit;
    this.#ended = ended;
  }

  /** Appends a line. Never throws and never blocks. */
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

  /** Resolves when all lines so far are written and the file is closed, or when it has failed. The next line opens it again. */
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
      // All lines of this turn are written together.
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
    // An existing file may have another mode. The mode of a device, such as a terminal, is not changed.
    if (this.#flags === 'w' && (await handle.stat()).isFile()) await handle.chmod(0o600);
    this.#flags = 'a';
    return handle;
  }
}
