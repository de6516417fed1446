/** The default for the longest message, in bytes: far above what models read, far below what hurts a process. 32 MiB. */
export const DEFAULT_MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

/** A line that was longer than the limit and was thrown away. */
export interface OversizedLine {
  /** The most bytes that a line may have, without its end. */
  readonly limit: number;
  /** How many it had. */
  readonly received: number;
  /** How it began and ended: enough to tell whose answer it was. */
  readonly head: string;
  readonly tail: string;
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = '\ufeff';
/** How much of a line that is thrown away is kept from each end, in bytes. */
const EDGE = 256;
/** A buffer for unfinished lines up to this size is kept for the next one. */
const KEPT_BUFFER = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Cuts a stream of bytes into lines: newline-delimited JSON as MCP speaks it over stdio (2026-07-28 basic/transports/stdio). A line ends
 * with `\n`, a `\r` before that belongs to the end, and blank lines are skipped, as is a byte order mark at the start. Chunks may be
 * split anywhere, also within a character. Bytes that are not UTF-8 become U+FFFD.
 *
 * Memory is bounded: at most about twice the limit is held for an unfinished line, and nothing of a line beyond the limit but its edges.
 * A line that arrives in many chunks costs time in proportion to its length.
 */
export class LineSplitter {
  readonly #limit: number;
  #atStart = true;
  /** The unfinished line is the first `#length` bytes. */
  #held = NOTHING;
  #length = 0;
  #oversized: { received: number; readonly head: string; tail: Buffer } | undefined;

  /** @param limit the most bytes that a line may have, without its end */
  constructor(limit: number = DEFAULT_MAX_MESSAGE_BYTES) {
    this.#limit = limit;
  }

  /** The lines that end in this chunk, in order; one that was too long is told as data. */
  push(chunk: Uint8Array): (string | OversizedLine)[] {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const lines: (string | OversizedLine)[] = [];
    const first = bytes.indexOf(NEWLINE);
    if (first === -1) {
      this.#hold(bytes);
      return lines;
    }
    let start = 0;
    if (this.#length > 0 || this.#oversized !== undefined) {
      this.#hold(bytes.subarray(0, first));
      this.#finish(lines);
      start = first + 1;
    }
    const last = bytes.lastIndexOf(NEWLINE);
    if (start <= last) this.#whole(bytes, start, last, lines);
    if (last + 1 < bytes.length) this.#hold(bytes.subarray(last + 1));
    return lines;
  }

  /** What was left when the stream ended: a last line that its writer did not finish. */
  end(): (string | OversizedLine)[] {
    const lines: (string | OversizedLine)[] = [];
    if (this.#length > 0 || this.#oversized !== undefined) this.#finish(lines);
    this.#held = NOTHING;
    return lines;
  }

  /** Lines that lie whole between two places in one chunk. Decoding them together takes less than half the time. */
  #whole(bytes: Buffer, start: number, end: number, lines: (string | OversizedLine)[]): void {
    if (end - start <= this.#limit) {
      for (const line of bytes.toString('utf8', start, end).split('\n')) this.#add(line, lines);
      return;
    }
    for (let from = start; from <= end;) {
      const to = bytes.indexOf(NEWLINE, from);
      this.#hold(bytes.subarray(from, to));
      this.#finish(lines);
      from = to + 1;
    }
  }

  #hold(bytes: Buffer): void {
    if (this.#oversized !== undefined) {
      this.#oversized.received += bytes.length;
      this.#oversized.tail = lastBytes(this.#oversized.tail, bytes);
      return;
    }
    const length = this.#length + bytes.length;
    if (length > this.#limit) {
      const held = this.#held.subarray(0, this.#length);
      const head = Buffer.concat([held.subarray(0, EDGE), bytes.subarray(0, EDGE)]).toString('utf8', 0, EDGE);
      this.#oversized = { received: length, head, tail: lastBytes(held, bytes) };
      this.#release();
      return;
    }
    if (length > this.#held.length) {
      const roomier = Buffer.allocUnsafeSlow(Math.max(length, Math.min(this.#held.length * 2, this.#limit), 1024));
      this.#held.copy(roomier, 0, 0, this.#length);
      this.#held = roomier;
    }
    bytes.copy(this.#held, this.#length);
    this.#length = length;
  }

  /** The end of the unfinished line has come. */
  #finish(lines: (string | OversizedLine)[]): void {
    const oversized = this.#oversized;
    if (oversized !== undefined) {
      const { received, head, tail } = oversized;
      this.#oversized = undefined;
      this.#atStart = false;
      lines.push({ limit: this.#limit, received, head, tail: tail.toString() });
      return;
    }
    const text = this.#held.toString('utf8', 0, this.#length);
    this.#release();
    this.#add(text, lines);
  }

  #release(): void {
    this.#length = 0;
    if (this.#held.length > KEPT_BUFFER) this.#held = NOTHING;
  }

  #add(text: string, lines: (string | OversizedLine)[]): void {
    let line = text.charCodeAt(text.length - 1) === CARRIAGE_RETURN ? text.slice(0, -1) : text;
    if (this.#atStart) {
      this.#atStart = false;
      if (line.startsWith(BYTE_ORDER_MARK)) line = line.slice(1);
    }
    // Almost every line starts with a brace: do not look for the end of white space in a long one.
    if (line.charCodeAt(0) > 0x20 || line.trim() !== '') lines.push(line);
  }
}

/** The last bytes of two pieces that follow one another, in memory of their own. */
function lastBytes(before: Buffer, after: Buffer): Buffer {
  return Buffer.from(Buffer.concat([before.subarray(-EDGE), after.subarray(-EDGE)]).subarray(-EDGE));
}
