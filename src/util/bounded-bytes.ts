import type { Budget } from './budget.js';

/** A piece of a stream that exceeded the limit or the memory budget and was discarded. */
export interface Oversized {
  /** The limit of a piece, in bytes. */ readonly limit: number;
  /** Its length, in bytes. */
  readonly received: number;
  /** Its first and last bytes: enough to find the request id of a response. */
  readonly head: string;
  readonly tail: string;
  /** The budget that it exceeded, if any. */
  readonly budget?: Budget | undefined;
  /** Whether the end of the piece was received. Default true. */
  readonly ended?: boolean | undefined;
}

/** How many bytes are kept from each end of a discarded piece. */
const EDGE = 256;
/** A buffer up to this size is reused for the next piece, and is not counted in the budget. In bytes. */
const KEPT_BUFFER = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Collects a piece of a stream from chunks. It holds at most about twice the limit, and only the edges of a piece above the limit. The cost is
 * linear in the length of the piece. Buffers of more than 64 KiB are charged to the budget; call {@link BoundedBytes.clear} for a piece that
 * never ends.
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
   * @param limit the limit of a piece, in bytes
   * @param budget the memory budget that buffers are charged to; undefined for none
   */
  constructor(limit: number, budget?: Budget) {
    this.#limit = limit;
    this.#budget = budget;
  }

  /** The number of bytes received, including discarded ones. */
  get length(): number {
    return this.#oversized?.received ?? this.#length;
  }

  /** The oversized piece so far; undefined while the piece is within the limit and the budget. */
  get oversized(): Oversized | undefined {
    if (this.#oversized === undefined) return undefined;
    const { received, head, tail, budget } = this.#oversized;
    return { limit: this.#limit, received, head, tail: tail.toString(), budget, ended: false };
  }

  /** Whether `byte` was the last byte received. */
  endsWith(byte: number): boolean {
    const tail = this.#oversized?.tail;
    return tail === undefined ? this.#length > 0 && this.#held[this.#length - 1] === byte : tail.at(-1) === byte;
  }

  /** Adds a chunk. Its bytes are copied. */
  push(bytes: Buffer): void {
    if (this.#oversized !== undefined) {
      this.#oversized.received += bytes.length;
      this.#oversized.tail = lastBytes(this.#oversized.tail, bytes);
      return;
    }
    const length = this.#length + bytes.length;
    if (length > this.#limit) {
      this.#discard(bytes, undefined);
      return;
    }
    if (length > this.#held.length && !this.#grow(length)) {
      this.#discard(bytes, this.#budget);
      return;
    }
    bytes.copy(this.#held, this.#length);
    this.#length = length;
  }

  /** Enlarges the buffer. Returns false if the budget does not allow it. */
  #grow(length: number): boolean {
    const size = Math.max(length, Math.min(this.#held.length * 2, this.#limit), 1024);
    // At least by an eighth: otherwise each chunk would copy the whole piece.
    return this.#take(size) || this.#take(Math.max(length, Math.min(length + (length >>> 3), this.#limit)));
  }

  #take(size: number): boolean {
    // Both buffers exist until the bytes are copied.
    if (size > KEPT_BUFFER && this.#budget?.take(size) === false) return false;
    const roomier = Buffer.allocUnsafeSlow(size);
    this.#held.copy(roomier, 0, 0, this.#length);
    this.#drop();
    this.#held = roomier;
    return true;
  }

  /** Releases the buffer. */
  #drop(): void {
    if (this.#held.length > KEPT_BUFFER) this.#budget?.give(this.#held.length);
    this.#held = NOTHING;
  }

  /** Discards the piece except for its edges. */
  #discard(bytes: Buffer, budget: Budget | undefined): void {
    const held = this.#held.subarray(0, this.#length);
    const head = Buffer.concat([held.subarray(0, EDGE), bytes.subarray(0, EDGE)]).toString('utf8', 0, EDGE);
    const received = this.#length + bytes.length;
    this.#oversized = { received, head, tail: lastBytes(held, bytes), budget };
    this.#release();
  }

  /** Returns the complete piece, or the edges of a discarded one, and starts the next piece. */
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

  /** Discards the piece and releases its buffer. */
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

/** The last bytes of two consecutive chunks, as a copy. */
function lastBytes(before: Buffer, after: Buffer): Buffer {
  return Buffer.from(Buffer.concat([before.subarray(-EDGE), after.subarray(-EDGE)]).subarray(-EDGE));
}
