/** A ring buffer with the last bytes of a stream. */
export class StderrTail {
  readonly #capacity: number;
  #ring: Buffer | undefined;
  /** Bytes ever written. */
  #written = 0;

  /** @param capacity how many bytes to keep */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Whether earlier bytes were dropped. */
  get truncated(): boolean {
    return this.#written > this.#capacity;
  }

  /** Adds a chunk. */
  push(chunk: Buffer): void {
    // Most servers write nothing to stderr, so the buffer is allocated on first use.
    const ring = (this.#ring ??= Buffer.alloc(this.#capacity));
    const fresh = chunk.subarray(-this.#capacity);
    const position = (this.#written + chunk.length - fresh.length) % this.#capacity;
    const atEnd = fresh.subarray(0, this.#capacity - position);
    atEnd.copy(ring, position);
    fresh.copy(ring, 0, atEnd.length);
    this.#written += chunk.length;
  }

  /** The kept bytes as text, without a partial character at the start. */
  toString(): string {
    if (this.#ring === undefined) return '';
    if (!this.truncated) return this.#ring.toString('utf8', 0, this.#written);
    const oldest = this.#written % this.#capacity;
    const bytes = Buffer.concat([this.#ring.subarray(oldest), this.#ring.subarray(0, oldest)]);
    let start = 0;
    // At most three bytes can continue a character whose first byte is gone.
    while (start < 3 && isContinuation(bytes[start])) start += 1;
    return bytes.toString('utf8', start);
  }
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
