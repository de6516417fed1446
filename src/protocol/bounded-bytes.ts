/** A piece of a stream that was longer than the limit and was thrown away. */
export interface Oversized {
  /** The most bytes that a piece may have. */
  readonly limit: number;
  /** How many it had. */
  readonly received: number;
  /** How it began and ended: enough to tell whose answer it was. */
  readonly head: string;
  readonly tail: string;
}

/** How much of a piece that is thrown away is kept from each end, in bytes. */
const EDGE = 256;
/** A buffer for unfinished pieces up to this size is kept for the next one. */
const KEPT_BUFFER = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Collects a piece of a stream that arrives in chunks. At most about twice the limit is held, and of a piece beyond the limit nothing but
 * its edges. A piece that arrives in many chunks costs time in proportion to its length.
 */
export class BoundedBytes {
  readonly #limit: number;
  /** The piece is the first `#length` bytes. */
  #held = NOTHING;
  #length = 0;
  #oversized: { received: number; readonly head: string; tail: Buffer } | undefined;

  /** @param limit the most bytes that a piece may have */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many bytes of the piece have come, also when they were thrown away. */
  get length(): number {
    return this.#oversized?.received ?? this.#length;
  }

  /** Whether the last byte that came was this one. */
  endsWith(byte: number): boolean {
    const tail = this.#oversized?.tail;
    return tail === undefined ? this.#length > 0 && this.#held[this.#length - 1] === byte : tail.at(-1) === byte;
  }

  /** The next bytes of the piece. They are copied. */
  push(bytes: Buffer): void {
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

  /** The piece is complete: what it says, or what is left of it. The next one begins. */
  take(): string | Oversized {
    const oversized = this.#oversized;
    if (oversized !== undefined) {
      const { received, head, tail } = oversized;
      this.#oversized = undefined;
      return { limit: this.#limit, received, head, tail: tail.toString() };
    }
    const text = this.#held.toString('utf8', 0, this.#length);
    this.#release();
    return text;
  }

  /** Lets go of everything. */
  clear(): void {
    this.#oversized = undefined;
    this.#held = NOTHING;
    this.#length = 0;
  }

  #release(): void {
    this.#length = 0;
    if (this.#held.length > KEPT_BUFFER) this.#held = NOTHING;
  }
}

/** The last bytes of two pieces that follow one another, in memory of their own. */
function lastBytes(before: Buffer, after: Buffer): Buffer {
  return Buffer.from(Buffer.concat([before.subarray(-EDGE), after.subarray(-EDGE)]).subarray(-EDGE));
}
