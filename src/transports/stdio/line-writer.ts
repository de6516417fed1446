import type { Writable } from 'node:stream';
import type { Budget } from '../../util/budget.js';
import type { Failure } from '../../util/failure.js';
import type { JSONRPCMessage, RequestId } from '../../protocol/messages/json-rpc.js';
import { messageText, withEscapedLineEnds } from '../../protocol/messages/message-text.js';
import { rejectedWith } from '../link.js';
import { OutboundQueue, requestIdOf } from '../outbound-queue.js';

/**
 * How many characters go into one write, plus at most one message. A write that the system does not take whole stays in the stream, from which
 * nothing can be taken back, and nobody can say how much of it has arrived. The pipe of the system holds more than this.
 */
const CHUNK = 64 * 1024;

/**
 * Writes messages to a stream, one a line. Messages of one tick leave in chunks. The stream is given the next chunk only when the system has
 * taken the one before; until then messages wait in a queue, where it is known that they were not sent, and from which requests can be cancelled.
 */
export class LineWriter {
  readonly #stream: Writable;
  /** The lines of this tick, and the ids of the requests among them. */
  #lines: string[] = [];
  #requestIds: (RequestId | undefined)[] = [];
  #length = 0;
  /** The stream still holds a part of the last chunk. */
  #blocked = false;
  #held = false;
  readonly #queue: OutboundQueue;
  #end: Failure | undefined;

  /** @param budget what the messages that wait are taken from; undefined for none */
  constructor(stream: Writable, budget?: Budget) {
    this.#stream = stream;
    this.#queue = new OutboundQueue(budget);
    stream.on('drain', () => {
      this.#blocked = false;
      this.#drain();
    });
  }

  /**
   * Nothing is returned when the message leaves in this tick. A promise is returned while the stream takes no more; it rejects with a
   * failure, `not-sent`, when the stream ends first. So does a message that JSON cannot express, and one for which the budget has too little left.
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

  /** Cancels a request of which no byte has left. False when it may have arrived, or is not known. */
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

  /** Writes nothing more: whatever is sent from now on waits for the end, which will say why. */
  hold(): void {
    this.#held = true;
  }

  /** Writes what this tick has collected; then no more is taken, and what waits is rejected with `reason`. Only the first end counts. */
  end(reason: Failure): void {
    if (this.#end !== undefined) return;
    this.#flush();
    this.#end = reason;
    this.#queue.clear(reason);
  }
}
