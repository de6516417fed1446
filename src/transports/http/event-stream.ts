import { createParser } from 'eventsource-parser';
import type { EventSourceMessage, EventSourceParser } from 'eventsource-parser';
import { BoundedBytes } from '../../util/bounded-bytes.js';
import type { Oversized } from '../../util/bounded-bytes.js';
import type { Budget } from '../../util/budget.js';
import type { Failure } from '../../util/failure.js';
import { lastEventIdValue } from '../../protocol/http-headers.js';
import { OversizedReports, tooLarge } from '../../protocol/messages/oversized-message.js';

/** A server-sent event. */
export interface StreamEvent {
  /** The type of the event. Default `message`. */
  readonly type: string;
  /** Not empty. */
  readonly data: string;
}

/** The receiver of the events of a stream. */
export interface EventReader {
  event(event: StreamEvent): void;
  /** An event exceeded the limit and was discarded; the stream continues. `details.requestId` is the id of its request, if known. */
  tooLarge(problem: Failure): void;
}

/** Headers of a GET for an event stream. Compression is declined, because a compressed stream could expand to any size. */
export const STREAM_HEADERS = ['accept', 'text/event-stream', 'accept-encoding', 'identity'] as const;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const COLON = 0x3a;
/** The end of an event: the end of a line, and a blank line. */
const END = '\n\n';
const BYTE_ORDER_MARK = '\ufeff';
/** The fields before the data of an event. */
const BEFORE_DATA = /^\ufeff?(?:(?!data:)[^\n]*\n)*data: ?/;

/** The receiver of what a parser finds. */
interface ParserTarget {
  parsed(event: EventSourceMessage): void;
  parsedRetry(retry: number): void;
}

/** A parser that many streams use in turn. It is given complete events only, so it holds nothing between two calls. */
class SharedParser {
  /** Undefined while the parser is in use: an event may lead to another one at once. */
  static #idle: SharedParser | undefined;

  static parse(text: string, target: ParserTarget): void {
    const shared = SharedParser.#idle ?? new SharedParser();
    SharedParser.#idle = undefined;
    shared.#target = target;
    shared.#parser.feed(text);
    shared.#target = undefined;
    // A parser whose receiver threw is in the middle of an event and is not used again.
    SharedParser.#idle = shared;
  }

  #target: ParserTarget | undefined;
  readonly #parser: EventSourceParser = createParser({
    onEvent: (event) => this.#target?.parsed(event),
    onRetry: (retry) => this.#target?.parsedRetry(retry),
  });

  private constructor() {
    // The parser removes a byte order mark that was decoded wrongly from its first chunk. Ours were decoded correctly.
    this.#parser.feed('\n');
  }
}

/**
 * Reads a stream of server-sent events (HTML, 9.2) from chunks of bytes. Comments are keep-alives: they are skipped and not stored. An event
 * without data is not emitted, but its `id` and `retry` are read. An unfinished event at the end of the stream is ignored.
 *
 * Memory is bounded: an unfinished event takes at most about twice the limit. Of an event beyond the limit only the beginning and the end are
 * stored.
 */
export class EventStream {
  readonly #reader: EventReader;
  readonly #limit: number;
  /** The unfinished event. */
  readonly #held: BoundedBytes;
  /** Undefined until an event exceeds the limit. */
  #reports: OversizedReports | undefined;
  #atStart = true;
  /** Whether the last byte was a carriage return: a line feed after it belongs to the same line end. */
  #returned = false;
  /** Whether the last chunk ended in a comment between events. */
  #commenting = false;
  #lastEventId: string | undefined;
  #retry: number | undefined;

  /**
   * @param limit the limit for the bytes of an event, with the names of its fields
   * @param budget the budget for the bytes of an unfinished event, until {@link EventStream.end}; undefined for no limit
   */
  constructor(reader: EventReader, limit: number, budget?: Budget) {
    this.#reader = reader;
    this.#limit = limit;
    this.#held = new BoundedBytes(limit, budget);
  }

  /**
   * The id of the last event with an id, also without data, encoded for a header. Undefined if no event had an id, if the last id is empty, or
   * if a header cannot contain it.
   */
  get lastEventId(): string | undefined {
    return this.#lastEventId;
  }

  /** The delay until the stream should be opened again, in ms, if the server sent one. */
  get retry(): number | undefined {
    return this.#retry;
  }

  /** Emits the events that end in this chunk, in order. */
  feed(chunk: Uint8Array): void {
    const bytes = this.#withLineFeeds(
      Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength),
    );
    let start = 0;
    if (this.#held.length > 0) {
      start = this.#held.endsWith(LINE_FEED) && bytes[0] === LINE_FEED ? 1 : after(bytes.indexOf(END));
      if (start === 0) {
        this.#hold(bytes);
        return;
      }
      this.#held.push(bytes.subarray(0, start));
      this.#finish();
    }
    start = this.#skip(bytes, start);
    const end = after(bytes.lastIndexOf(END));
    if (end > start) {
      this.#whole(bytes.subarray(start, end));
      start = this.#skip(bytes, end);
    }
    if (start < bytes.length) this.#hold(bytes.subarray(start));
  }

  /** Ends the stream. Returns whether an unfinished event was lost. */
  end(): boolean {
    const cut = this.#held.length > 0;
    this.#held.clear();
    return cut;
  }

  /** Reads events that are complete in one chunk. */
  #whole(bytes: Buffer): void {
    if (bytes.length <= this.#limit) {
      this.#parse(bytes.toString());
      return;
    }
    for (let start = this.#skip(bytes, 0); start < bytes.length;) {
      const end = after(bytes.indexOf(END, start));
      this.#held.push(bytes.subarray(start, end));
      this.#finish();
      start = this.#skip(bytes, end);
    }
  }

  /** Skips blank lines and comments between two events. Returns the place behind them. */
  #skip(bytes: Buffer, from: number): number {
    let at = from;
    while (this.#commenting || bytes[at] === COLON || bytes[at] === LINE_FEED) {
      const end = bytes.indexOf(LINE_FEED, at);
      this.#commenting = end === -1;
      if (end === -1) return bytes.length;
      at = end + 1;
    }
    return at;
  }

  /** Stores more bytes of the unfinished event. */
  #hold(bytes: Buffer): void {
    this.#held.push(bytes);
    if (this.#held.length <= this.#limit) return;
    this.#reports ??= new OversizedReports(withoutFields);
    this.#report(this.#reports.unfinished(this.#held, this.#limit));
  }

  #report(oversized: Oversized | undefined): void {
    if (oversized !== undefined) this.#reader.tooLarge(tooLarge(oversized, 'limits.maxMessageBytes'));
  }

  /** Reads the unfinished event, which is complete now. */
  #finish(): void {
    const event = this.#held.take();
    if (typeof event === 'string') {
      this.#parse(event);
      return;
    }
    this.#atStart = false;
    this.#reports ??= new OversizedReports(withoutFields);
    this.#report(this.#reports.finished(event));
  }

  /** Parses complete events. */
  #parse(text: string): void {
    const events = this.#atStart && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
    this.#atStart = false;
    // The parser does not report the id of an event without data lines.
    if (events.startsWith('id') || events.includes('\nid')) this.#record(events);
    SharedParser.parse(events, this);
  }

  /** Updates the last id before the events are emitted, because a receiver may read it. */
  #record(events: string): void {
    for (const [, id = ''] of events.matchAll(/(?:^|\n)id(?:: ?([^\n]*))?(?=\n)/g)) {
      if (!id.includes('\0')) this.#lastEventId = lastEventIdValue(id);
    }
  }

  /** @internal */
  parsed({ event, data }: EventSourceMessage): void {
    if (data !== '') this.#reader.event({ type: event ?? 'message', data });
  }

  /** @internal */
  parsedRetry(retry: number): void {
    this.#retry = retry;
  }

  /** Replaces carriage returns, alone or before a line feed, by line feeds. */
  #withLineFeeds(bytes: Buffer): Buffer {
    let from = this.#returned && bytes[0] === LINE_FEED ? 1 : 0;
    if (bytes.length > 0) this.#returned = bytes[bytes.length - 1] === CARRIAGE_RETURN;
    let at = bytes.indexOf(CARRIAGE_RETURN, from);
    if (at === -1) return from === 0 ? bytes : bytes.subarray(from);
    const clean = Buffer.allocUnsafe(bytes.length - from);
    let length = 0;
    while (at !== -1) {
      length += bytes.copy(clean, length, from, at);
      clean[length] = LINE_FEED;
      length += 1;
      from = bytes[at + 1] === LINE_FEED ? at + 2 : at + 1;
      at = bytes.indexOf(CARRIAGE_RETURN, from);
    }
    length += bytes.copy(clean, length, from);
    return clean.subarray(0, length);
  }
}

/** The index after the end of an event that was found at an index; 0 if it was not found. */
function after(found: number): number {
  return found === -1 ? 0 : found + END.length;
}

/** The beginning of an event without the fields before its data: it shows the id of the request. */
function withoutFields(event: Oversized): Oversized {
  return { ...event, head: event.head.replace(BEFORE_DATA, '') };
}
