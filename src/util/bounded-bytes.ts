import type { Budget } from './budget.js';

/** A piece of a stream that was longer than the limit, or than what was left of the budget, and was thrown away. */
export interface Oversized {
  /** The most bytes that a piece may have. */
  readonly limit: number;
  /** How many it had. */
  readonly received: number;
  /** How it began and ended: enough to tell whose answer it was. */
  readonly head: string;
  readonly tail: string;
  /** The budget that had too little left, if it was that. */
  readonly budget?: Budget | undefined;
  /** Whether its end has come. Default true. */
  readonly ended?: boolean | undefined;
}

/** How much of a piece that is thrown away is kept from each end, in bytes. */
const EDGE = 256;
/** A buffer for unfinished pieces up to this size is kept for the next one, and not worth counting. */
const KEPT_BUFFER = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Collects a piece of a stream that arrives in chunks. At most about twice the limit is held, and of a piece beyond the limit nothing but
 * its edges. A piece that arrives in many chunks costs time in proportion to its length. Buffers of more than 64 KiB are taken from the
 * budget: {@link BoundedBytes.clear} gives back the one of a piece that never ends.
 */
export class BoundedBytes {
  readonly #limit: number;
  readonly #budget: Budget | undefined;
  /** The piece is the first `#length` bytes. */
  #held = NOTHING;
  #length = 0;
  #oversized:
    { received: number; readonly head: string; tail: Buffer; readonly budget: Budget | undefined } | undefined;

  /**
   * @param limit the most bytes that a piece may have
   * @param budget what its bytes are taken from; undefined for none
   */
  constructor(limit: number, budget?: Budget) {
    this.#limit = limit;
    this.#budget = budget;
  }

  /** How many bytes of the piece have come, also when they were thrown away. */
  get length(): number {
    return this.#oversized?.received ?? this.#length;
  }

  /** What is known so far of a piece that is thrown away, because it is too long or the budget too small. Undefined when it is not. */
  get oversized(): Oversized | undefined {
    if (this.#oversized === undefined) return undefined;
    const { received, head, tail, budget } = this.#oversized;
    return { limit: this.#limit, received, head, tail: tail.toString(), budget, ended: false };
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
      this.#throwAway(bytes, undefined);
      return;
    }
    if (length > this.#held.length && !this.#grow(length)) {
      this.#throwAway(bytes, this.#budget);
      return;
    }
    bytes.copy(this.#held, this.#length);
    this.#length = length;
  }

  /** Makes room for a piece of this length. False when the budget does not allow it. */
  #grow(length: number): boolean {
    const size = Math.max(length, Math.min(this.#held.length * 2, this.#limit), 1024);
    // Never by little: a piece that grew by each chunk would be copied as often as there are chunks.
    return this.#take(size) || this.#take(Math.max(length, Math.min(length + (length >>> 3), this.#limit)));
  }

  #take(size: number): boolean {
    // The old buffer lives until its bytes are copied.
    if (size > KEPT_BUFFER && this.#budget?.take(size) === false) return false;
    const roomier = Buffer.allocUnsafeSlow(size);
    this.#held.copy(roomier, 0, 0, this.#length);
    this.#drop();
    this.#held = roomier;
    return true;
  }

  /** Lets go of the buffer. */
  #drop(): void {
    if (this.#held.length > KEPT_BUFFER) this.#budget?.give(this.#held.length);
    this.#held = NOTHING;
  }

  /** Keeps the edges and nothing else. */
  #throwAway(bytes: Buffer, budget: Budget | undefined): void {
    const held = this.#held.subarray(0, this.#length);
    const head = Buffer.concat([held.subarray(0, EDGE), bytes.subarray(0, EDGE)]).toString('utf8', 0, EDGE);
    const received = this.#length + bytes.length;
    this.#oversized = { received, head, tail: lastBytes(held, bytes), budget };
    this.#release();
  }

  /** The piece is complete: what it says, or what is left of it. The next one begins. */
  take(): string | Oversized {
    const { oversized } = this;
    if (oversized !== undefined) {
      this.#oversized = undefined;
      const { ended: _, ...piece } = oversized;
      return piece;
    }
    const text = this.#held.toString('utf8', 0, this.#length);
    this.#release();
    return text;
  }

  /** Lets go of everything. */
  clear(): void {
    this.#oversized = undefined;
    this.#drop();
    this.#length = 0;
  }

  #release(): void {
    this.#length = 0;
    if (this.#held.length > KEPT_BUFFER) this.#drop();
  }
}

/** The last bytes of two pieces that follow one another, in memory of their own. */
function lastBytes(before: Buffer, after: Buffer): Buffer {
  return Buffer.from(Buffer.concat([before.subarray(-EDGE), after.subarray(-EDGE)]).subarray(-EDGE));
}
