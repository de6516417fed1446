import { BoundedBytes } from '../../util/bounded-bytes.js';
import type { Oversized } from '../../util/bounded-bytes.js';
import type { Budget } from '../../util/budget.js';
import { OversizedReports } from './oversized-message.js';

/** The default for the longest message, in bytes: far above what models read, far below what hurts a process. 32 MiB. */
export const DEFAULT_MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = 0xfeff;

/**
 * Cuts a stream of bytes into lines: newline-delimited JSON, as in MCP over stdio (2026-07-28 basic/transports/stdio). A line ends
 * with `\n`, a `\r` before that belongs to the end. Blank lines are skipped, and so is a byte order mark at the start of a line: some writers
 * begin each write with one. Chunks may be split anywhere, also within a character. Bytes that are not UTF-8 become U+FFFD.
 *
 * Memory is bounded: at most about twice the limit is held for an unfinished line, and nothing of a line beyond the limit but its edges.
 * A line that arrives in many chunks costs time in proportion to its length.
 */
export class LineSplitter {
  readonly #limit: number;
  /** The unfinished line. */
  readonly #held: BoundedBytes;
  readonly #reports = new OversizedReports();

  /**
   * @param limit the most bytes that a line may have, without its end
   * @param budget the memory budget for an unfinished line; undefined for none
   */
  constructor(limit: number = DEFAULT_MAX_MESSAGE_BYTES, budget?: Budget) {
    this.#limit = limit;
    this.#held = new BoundedBytes(limit, budget);
  }

  /** The lines that end in this chunk, in order. An oversized line is reported as data, possibly before its end, which may never arrive. */
  push(chunk: Uint8Array): (string | Oversized)[] {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const lines: (string | Oversized)[] = [];
    const first = bytes.indexOf(NEWLINE);
    if (first === -1) {
      this.#hold(bytes, lines);
      return lines;
    }
    let start = 0;
    if (this.#held.length > 0) {
      this.#held.push(bytes.subarray(0, first));
      this.#finish(lines);
      start = first + 1;
    }
    const last = bytes.lastIndexOf(NEWLINE);
    if (start <= last) this.#whole(bytes, start, last, lines);
    if (last + 1 < bytes.length) this.#hold(bytes.subarray(last + 1), lines);
    return lines;
  }

  /** The unfinished last line at the end of the stream. */
  end(): (string | Oversized)[] {
    const lines: (string | Oversized)[] = [];
    if (this.#held.length > 0) this.#finish(lines);
    this.#held.clear();
    return lines;
  }

  /** Discards an unfinished line. */
  clear(): void {
    this.#held.clear();
  }

  /** Lines that lie whole between two places in one chunk. Decoding them together takes less than half the time. */
  #whole(bytes: Buffer, start: number, end: number, lines: (string | Oversized)[]): void {
    if (end - start <= this.#limit) {
      for (const line of bytes.toString('utf8', start, end).split('\n')) this.#add(line, lines);
      return;
    }
    for (let from = start; from <= end;) {
      const to = bytes.indexOf(NEWLINE, from);
      this.#held.push(bytes.subarray(from, to));
      this.#finish(lines);
      from = to + 1;
    }
  }

  /** More of the unfinished line has come. */
  #hold(bytes: Buffer, lines: (string | Oversized)[]): void {
    this.#held.push(bytes);
    const oversized = this.#reports.unfinished(this.#held, this.#limit);
    if (oversized !== undefined) lines.push(oversized);
  }

  /** The end of the unfinished line has come. */
  #finish(lines: (string | Oversized)[]): void {
    const line = this.#held.take();
    if (typeof line === 'string') {
      this.#add(line, lines);
      return;
    }
    const oversized = this.#reports.finished(line);
    if (oversized !== undefined) lines.push(oversized);
  }

  #add(text: string, lines: (string | Oversized)[]): void {
    let line = text.charCodeAt(text.length - 1) === CARRIAGE_RETURN ? text.slice(0, -1) : text;
    while (line.charCodeAt(0) === BYTE_ORDER_MARK) line = line.slice(1);
    // Almost every line starts with a brace: do not look for the end of white space in a long one.
    if (line.charCodeAt(0) > 0x20 || line.trim() !== '') lines.push(line);
  }
}
