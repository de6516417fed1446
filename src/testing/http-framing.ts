/** The head of an HTTP message. */
export interface Head {
  /** The first line. */
  readonly line: string;
  /** By lower-case name. The last header with a name is used. */
  readonly headers: ReadonlyMap<string, string>;
}

/** A piece of an HTTP/1.1 message. The first piece of a message is its complete head. */
export interface Portion {
  readonly part: 'head' | 'body';
  readonly bytes: Buffer;
  readonly head: Head;
  /** Whether it is the last piece of the message. */
  readonly last: boolean;
}

/** The expected part of a body: a number of bytes, the size of a chunk, trailers, or all bytes until the connection closes. */
type Rest = number | 'size' | 'trailers' | 'everything';

const NOTHING: Buffer = Buffer.alloc(0);
const NO_HEAD: Head = { line: '', headers: new Map() };

/**
 * Splits the bytes of one direction of a connection into HTTP/1.1 messages (RFC 9112, section 6). The bytes stay unchanged. A message that
 * it cannot parse becomes a body without an end.
 */
export class HttpFraming {
  /** The head of the current message. */
  #head = NO_HEAD;
  readonly #restOf: (head: Head) => Rest;
  /** An incomplete head, or an incomplete line between chunks. */
  #held = NOTHING;
  /** Undefined between two messages. */
  #rest: Rest | undefined;
  #chunked = false;

  constructor(direction: 'request' | 'response') {
    this.#restOf = direction === 'request' ? restOfRequest : restOfResponse;
  }

  /** Takes what came, and gives it back in portions. A head that is not complete is held back, and so is such a line between chunks. */
  read(chunk: Buffer): Portion[] {
    const portions: Portion[] = [];
    let left = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    while (left.length > 0) {
      const portion = this.#rest === undefined ? this.#readHead(left) : this.#readBody(left, this.#rest);
      if (portion === undefined) break;
      portions.push(portion);
      left = left.subarray(portion.bytes.length);
    }
    this.#held = left;
    return portions;
  }

  #readHead(left: Buffer): Portion | undefined {
    const end = left.indexOf('\r\n\r\n');
    if (end === -1) return undefined;
    this.#head = parseHead(left.toString('latin1', 0, end));
    const rest = this.#restOf(this.#head);
    this.#chunked = rest === 'size';
    this.#rest = rest === 0 ? undefined : rest;
    return this.#portion('head', left.subarray(0, end + 4), rest === 0);
  }

  #readBody(left: Buffer, rest: Rest): Portion | undefined {
    if (rest === 'everything') return this.#portion('body', left, false);
    if (typeof rest === 'number') {
      const bytes = left.subarray(0, rest);
      const over = bytes.length === rest;
      this.#rest = over ? (this.#chunked ? 'size' : undefined) : rest - bytes.length;
      return this.#portion('body', bytes, over && !this.#chunked);
    }
    const end = left.indexOf('\r\n');
    if (end === -1) return undefined;
    const line = left.toString('latin1', 0, end);
    const last = rest === 'trailers' && line === '';
    if (rest === 'size') this.#rest = restOfChunk(line);
    else if (last) this.#rest = undefined;
    return this.#portion('body', left.subarray(0, end + 2), last);
  }

  #portion(part: Portion['part'], bytes: Buffer, last: boolean): Portion {
    return { part, bytes, head: this.#head, last };
  }
}

function parseHead(text: string): Head {
  const [line = '', ...fields] = text.split('\r\n');
  const headers = fields.map((field): [string, string] => {
    const [name = ''] = field.split(':', 1);
    return [name.trim().toLowerCase(), field.slice(name.length + 1).trim()];
  });
  return { line, headers: new Map(headers) };
}

function restOfRequest({ headers }: Head): Rest {
  return statedRest(headers) ?? 0;
}

/** After status 101 the bytes belong to another protocol, and are passed on unchanged. */
function restOfResponse(head: Head): Rest {
  const status = statusOf(head);
  if (status === 101) return 'everything';
  if (status < 200 || status === 204 || status === 304) return 0;
  return statedRest(head.headers) ?? 'everything';
}

/** The status of a response; 0 if the line is not a status line. */
export function statusOf({ line }: Head): number {
  return Number(/^HTTP\/1\.\d (\d{3})/.exec(line)?.[1] ?? 0);
}

function statedRest(headers: Head['headers']): Rest | undefined {
  if (/\bchunked\b/i.test(headers.get('transfer-encoding') ?? '')) return 'size';
  const length = headers.get('content-length');
  if (length === undefined) return undefined;
  return /^\d+$/.test(length) ? Number(length) : 'everything';
}

/** The size of a chunk, with the line break after it. */
function restOfChunk(line: string): Rest {
  const size = /^[\da-f]+/i.exec(line)?.[0];
  if (size === undefined) return 'everything';
  return Number.parseInt(size, 16) === 0 ? 'trailers' : Number.parseInt(size, 16) + 2;
}
