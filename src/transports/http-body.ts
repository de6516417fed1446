import { failure } from '../protocol/failure.js';
import type { Failure } from '../protocol/failure.js';
import { bodyTooLarge } from './http-failures.js';

const BYTE_ORDER_MARK = 0xfeff;

/** The body of an answer that is read as a whole. */
export class HttpBody {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #length = 0;

  /** @param limit the most bytes that it may have */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether nothing came. */
  get empty(): boolean {
    return this.#length === 0;
  }

  /** Takes the next bytes in; a failure when that is too much. */
  push(bytes: Buffer): Failure | undefined {
    this.#length += bytes.length;
    if (this.#length > this.#limit) return bodyTooLarge(this.#limit, this.#length);
    this.#chunks.push(bytes);
    return undefined;
  }

  /** What it says. */
  text(): string {
    const [only] = this.#chunks;
    const bytes = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks);
    this.#chunks = [];
    return bytes.toString();
  }
}

/** A value that somebody sent as JSON, or that it is none. Nothing of it is shown: it may be anybody's data. */
export function parseJson(text: string): { readonly value: unknown } | Failure {
  try {
    // Some servers begin with one, which RFC 8259, 8.1, lets a reader forgive.
    const marked = text.charCodeAt(0) === BYTE_ORDER_MARK;
    return { value: JSON.parse(marked ? text.slice(1) : text) as unknown };
  } catch {
    return failure('protocol', 'MCP_INVALID_JSON', `The server sent ${text.length} characters that are not JSON`, {
      delivery: 'answered',
      details: { length: text.length },
    });
  }
}
