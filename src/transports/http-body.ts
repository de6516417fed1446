import { failure } from '../protocol/failure.js';
import type { Failure } from '../protocol/failure.js';
import { answeredIn, methodIn } from '../protocol/oversized-answer.js';
import { bodyTooLarge } from './http-failures.js';

const BYTE_ORDER_MARK = 0xfeff;
/** How much of a text is searched for a method, in characters. */
const LONGEST_HEAD = 256;

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

/**
 * A value that the server sent as JSON, or the failure that it is none. Nothing of it is shown: it may be anybody's data. If it is known,
 * `details.requestId` says whose response it was, and `details.method` that it was none.
 */
export function parseJson(text: string): { readonly value: unknown } | Failure {
  let start = 0;
  // RFC 8259, 8.1, lets a reader ignore them.
  while (text.charCodeAt(start) === BYTE_ORDER_MARK) start += 1;
  const json = start === 0 ? text : text.slice(start);
  try {
    return { value: JSON.parse(json) as unknown };
  } catch {
    const [requestId] = answeredIn(json);
    const method = methodIn(json.slice(0, LONGEST_HEAD));
    return failure('protocol', 'MCP_INVALID_JSON', `The server sent ${text.length} characters that are not JSON`, {
      delivery: 'answered',
      details: {
        length: text.length,
        ...(requestId !== undefined && { requestId }),
        ...(method !== undefined && { method }),
      },
    });
  }
}
