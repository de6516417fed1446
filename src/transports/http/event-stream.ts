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
  /** Never empty. */
  readonly data: string;
}

/** The receiver of the events of a stream. */
export interface EventReader {
  event(event: StreamEvent): void;
  /** An event exceeded the limit and was discarded; the stream continues. `details.requestId` is the id of its request, if known. */
  tooLarge(problem: Failure): void;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const COLON = 0x3a;
/** The end of a line and a blank line: the end of an event. */
const END = '\n\n';
const BYTE_ORDER_MARK = '\ufeff';
/** The fields of an event before its data, at the start of one that was too long. */
const BEFORE_DATA = /^\ufeff?(?:(?!data:)[^\n]*\n)*data: ?/;

/**
 * Reads a stream of server-sent events (HTML, 9.2) from its bytes, which may be cut anywhere. Comments are keep-alives: they are skipped
 * and never held. An event without data says nothing, but its `id` and `retry` count. An event that the end of the stream cuts off is no
 * event.
 *
 * Memory is bounded: at most about twice the limit is held for an unfinished event, and nothing of one beyond the limit but its edges.
 */
export class EventStream {
  readonly #reader: EventReader;
  readonly #limit: number;
  readonly #parser: EventSourceParser;
  /** The unfinished event. */
  readonly #held: BoundedBytes;
  readonly #reports = new OversizedReports(withoutFields);
  #atStart = true;
  /** The last byte was a carriage return: a line feed after it belongs to it. */
  #returned = false;
  /** In the middle of a comment between events. */
  #commenting = false;
  #lastEventId: string | undefined;
  #retry: number | undefined;

  /**
   * @param limit the most bytes that an event may have, with the names of its fields
   * @param budget what the bytes of an unfinished event are taken from, until {@link EventStream.end}; undefined for none
   */
  constructor(reader: EventReader, limit: number, budget?: Budget) {
    this.#reader = reader;
    this.#limit = limit;
    this.#held = new BoundedBytes(limit, budget);
    this.#parser = createParser({
      onEvent: (event) => {
        this.#emit(event);
      },
      onRetry: (retry) => {
        this.#retry = retry;
      },
    });
  }

  /**
   * The last id that the server gave an event, also one without data, as a header says it. Undefined when there was none, when it was
   * taken back, or when no header can hold it.
   */
  get lastEventId(): string | undefined {
    return this.#lastEventId;
  }

  /** The milliseconds after which the server wants the stream to be opened again, if it said so. */
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

  /** The stream is over. Whether that was in the middle of an event, which is lost. */
  end(): boolean {
    const cut = this.#held.length > 0;
    this.#held.clear();
    return cut;
  }

  /** Events that lie whole in one chunk. */
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

  /** Where, from this place between two events on, there is something other than blank lines and comments. */
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

  /** More of the unfinished event has come. */
  #hold(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#report(this.#reports.unfinished(this.#held, this.#limit));
  }

  #report(oversized: Oversized | undefined): void {
    if (oversized !== undefined) this.#reader.tooLarge(tooLarge(oversized, 'limits.maxMessageBytes'));
  }

  /** The end of the unfinished event has come. */
  #finish(): void {
    const event = this.#held.take();
    if (typeof event === 'string') {
      this.#parse(event);
      return;
    }
    this.#atStart = false;
    this.#report(this.#reports.finished(event));
  }

  /** Text that begins and ends between two events. */
  #parse(text: string): void {
    const events = this.#atStart && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
    this.#atStart = false;
    // The parser keeps to itself the id of an event without data lines.
    if (events.startsWith('id') || events.includes('\nid')) this.#record(events);
    this.#parser.feed(events);
  }

  /** Updates the last id before the events are emitted, because a receiver may read it. */
  #record(events: string): void {
    for (const [, id = ''] of events.matchAll(/(?:^|\n)id(?:: ?([^\n]*))?(?=\n)/g)) {
      if (!id.includes('\0')) this.#lastEventId = lastEventIdValue(id);
    }
  }

  #emit({ event, data }: EventSourceMessage): void {
    if (data !== '') this.#reader.event({ type: event ?? 'message', data });
  }

  /** All three ends of lines become line feeds, each as soon as it is there. */
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

/** The place behind the end of an event that was found; 0 when none was. */
function after(found: number): number {
  return found === -1 ? 0 : found + END.length;
}

/** The edges of the data of an event, by which it is known whose answer it was. */
function withoutFields(event: Oversized): Oversized {
  return { ...event, head: event.head.replace(BEFORE_DATA, '') };
}
