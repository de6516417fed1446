import type { Writable } from 'node:stream';
import type { Budget } from '../../util/budget.js';
import type { Failure } from '../../util/failure.js';
import type { JSONRPCMessage, RequestId } from '../../protocol/messages/json-rpc.js';
import { messageText, withEscapedLineEnds } from '../../protocol/messages/message-text.js';
import { rejectedWith } from '../link.js';
import { OutboundQueue, requestIdOf } from '../outbound-queue.js';

/**
 * The size of one write in characters, plus at most one message. A partial write stays in the stream, where messages cannot be cancelled and
 * their delivery is unknown. The pipe buffer of the system is larger than this.
 */
const CHUNK = 64 * 1024;

/**
 * Writes messages to a stream, one per line. Messages of one tick are written in chunks. The next chunk is written only when the system has
 * accepted the previous one; until then messages wait in a queue, where they are `not-sent` and can be cancelled.
 */
export class LineWriter {
  readonly #stream: Writable;
  /** The lines of this tick, and the ids of the requests among them. */
  #lines: string[] = [];
  #requestIds: (RequestId | undefined)[] = [];
  #length = 0;
  /** Whether the stream still contains a part of the last chunk. */
  #blocked = false;
  #held = false;
  readonly #queue: OutboundQueue;
  #end: Failure | undefined;

  /** @param budget the memory budget for waiting messages; undefined for none */
  constructor(stream: Writable, budget?: Budget) {
    this.#stream = stream;
    this.#queue = new OutboundQueue(budget);
    stream.on('drain', () => {
      this.#blocked = false;
      this.#drain();
    });
  }

  /**
   * Returns undefined if the message is written in this tick. Returns a promise while the stream is full; it rejects with a failure, `not-sent`,
   * if the stream ends first, if the message is not valid JSON data or if it exceeds the memory budget.
   */
  send(message: JSONRPCMessage): Promise<void> | undefined {
    if (this.#end !== undefined) return rejectedWith(this.#end);
    const text = messageText(message);
    if (typeof text !== 'string') return rejectedWith(text);
    const line = `${text}\n`;
    const requestId = requestIdOf(message);
    if (this.#blocked || this.#held) return this.#queue.add(line, requestId);
    if (this.#lines.push(line) === 1) process.nextTick(this.#flush);
    this.#requestIds.push(requestId);
    this.#length += line.length;
    if (this.#length >= CHUNK) this.#flush();
    return undefined;
  }

  /** Cancels a request of which no byte was written. Returns false if it may have arrived or is unknown. */
  cancelUnsent(requestId: RequestId): boolean {
    const place = this.#requestIds.lastIndexOf(requestId);
    if (place === -1) return this.#queue.cancel(requestId);
    this.#length -= (this.#lines[place] as string).length;
    this.#lines[place] = '';
    this.#requestIds[place] = undefined;
    return true;
  }

  readonly #flush = (): void => {
    const chunk = this.#lines.length === 1 ? (this.#lines[0] as string) : this.#lines.join('');
    this.#lines = [];
    this.#requestIds = [];
    this.#length = 0;
    if (chunk === '' || this.#held) return;
    const stream = this.#stream;
    // A chunk that the system has taken at once leaves the stream empty, although it was more than the stream wants to hold.
    this.#blocked = !stream.write(withEscapedLineEnds(chunk)) && !(stream.writable && stream.writableLength === 0);
  };

  #drain(): void {
    while (this.#queue.size > 0 && !this.#blocked && !this.#held) {
      for (const line of this.#queue.take()) {
        this.#lines.push(line);
        this.#length += line.length;
        if (this.#length >= CHUNK) break;
      }
      this.#flush();
    }
  }

  /** Stops writing. Later messages wait until {@link LineWriter.end} rejects them with the reason. */
  hold(): void {
    this.#held = true;
  }

  /** Writes the messages of this tick, then rejects waiting and later messages with `reason`. Only the first call has an effect. */
  end(reason: Failure): void {
    if (this.#end !== undefined) return;
    this.#flush();
    this.#end = reason;
    this.#queue.clear(reason);
  }
}
