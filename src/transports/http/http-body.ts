import { BoundedBytes } from '../../util/bounded-bytes.js';
import type { Budget } from '../../util/budget.js';
import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { answeredIn, methodIn } from '../../protocol/messages/oversized-message.js';
import { tooMuchStructure } from '../../protocol/messages/parsed-size.js';
import { bodyTooLarge } from './http-failures.js';

const BYTE_ORDER_MARK = 0xfeff;
/** How much of a text is searched for a method, in characters. */
const LONGEST_HEAD = 256;

/** The body of a response, which is read as a whole. */
export class HttpBody {
  readonly #limit: number;
  readonly #budget: Budget | undefined;
  /** A body of one chunk, as most are, is not copied. Several chunks are collected, because a chunk costs more memory than its bytes. */
  #only: Buffer | undefined;
  #collected: BoundedBytes | undefined;
  #length = 0;

  /**
   * @param limit the limit of the body, in bytes
   * @param budget the budget for its bytes, until {@link HttpBody.end}; undefined for no limit
   */
  constructor(limit: number, budget?: Budget) {
    this.#limit = limit;
    this.#budget = budget;
  }

  /** Whether no byte was received. */
  get empty(): boolean {
    return this.#length === 0;
  }

  /** Adds the next bytes. Returns a failure if they exceed a limit; the bytes before them can still be read. */
  push(bytes: Buffer): Failure | undefined {
    this.#length += bytes.length;
    if (this.#length > this.#limit) return bodyTooLarge(this.#limit, this.#length);
    if (this.#length === bytes.length) {
      this.#only = bytes;
      return undefined;
    }
    if (this.#collected === undefined) {
      this.#collected = new BoundedBytes(this.#limit, this.#budget);
      this.#collect(this.#only);
      this.#only = undefined;
    }
    return this.#collect(bytes);
  }

  #collect(bytes: Buffer | undefined): Failure | undefined {
    const collected = this.#collected;
    if (bytes !== undefined) collected?.push(bytes);
    if (collected?.oversized === undefined) return undefined;
    return this.#budget?.exhausted(`An answer of the server of ${this.#length} bytes or more`, 'answered');
  }

  /** The body as text. */
  text(): string {
    const text = this.#only?.toString() ?? this.#collected?.take() ?? '';
    this.end();
    return typeof text === 'string' ? text : text.head;
  }

  /** Releases the bytes. */
  end(): void {
    this.#only = undefined;
    this.#collected?.clear();
    this.#collected = undefined;
  }
}

/**
 * Parses JSON from the server. The failure contains nothing of the text, which may be private data. If they can be read,
 * `details.requestId` is the id of the response, and `details.method` the method of another message.
 */
export function parseJson(text: string): { readonly value: unknown } | Failure {
  let start = 0;
  // RFC 8259, 8.1, allows parsers to ignore byte order marks.
  while (text.charCodeAt(start) === BYTE_ORDER_MARK) start += 1;
  const json = start === 0 ? text : text.slice(start);
  const refused = tooMuchStructure(json);
  if (refused !== undefined) return refused;
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
