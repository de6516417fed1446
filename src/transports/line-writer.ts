import type { Writable } from 'node:stream';
import type { Failure } from '../protocol/failure.js';
import type { JSONRPCMessage } from '../protocol/json-rpc.js';
import { messageText } from '../protocol/message-text.js';
import { rejectedWith } from './link.js';

interface Waiting {
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

/** How many characters of waiting lines go into one write. */
const CHUNK = 64 * 1024;

/** How many characters one tick collects at the most. Of what is handed over in one piece, nobody can say how much has arrived. */
const LARGEST_BATCH = 1024 * 1024;

/**
 * Writes messages to a stream, one a line. What is sent within one tick leaves in one write, unless that is much. When the stream wants no more, messages
 * wait here, where it is known that they were not sent.
 */
export class LineWriter {
  readonly #stream: Writable;
  #batch = '';
  #blocked = false;
  #held = false;
  #waiting: Waiting[] = [];
  #end: Failure | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('drain', () => {
      this.#drain();
    });
  }

  /**
   * Nothing is returned when the stream takes the message with this tick's write. A promise is returned while the stream wants no more; it
   * rejects with a failure, `not-sent`, when the stream ends first. So does a message that JSON cannot express.
   */
  send(message: JSONRPCMessage): Promise<void> | undefined {
    if (this.#end !== undefined) return rejectedWith(this.#end);
    const text = messageText(message);
    if (typeof text !== 'string') return rejectedWith(text);
    const line = `${text}\n`;
    if (this.#blocked || this.#held) {
      return new Promise((resolve, reject) => {
        this.#waiting.push({ line, resolve, reject });
      });
    }
    if (this.#batch === '') process.nextTick(this.#flush);
    this.#batch += line;
    if (this.#batch.length >= LARGEST_BATCH) this.#flush();
    return undefined;
  }

  readonly #flush = (): void => {
    const batch = this.#batch;
    this.#batch = '';
    if (batch !== '' && !this.#held) this.#blocked = !this.#stream.write(batch);
  };

  #drain(): void {
    this.#blocked = false;
    let sent = 0;
    while (sent < this.#waiting.length && !this.#blocked && !this.#held) {
      let chunk = '';
      const from = sent;
      for (let next = this.#waiting[sent]; next !== undefined && chunk.length < CHUNK; next = this.#waiting[sent]) {
        chunk += next.line;
        sent += 1;
      }
      this.#blocked = !this.#stream.write(chunk);
      for (const { resolve } of this.#waiting.slice(from, sent)) resolve();
    }
    this.#waiting.splice(0, sent);
  }

  /** Writes nothing more: whatever is sent from now on waits for the end, which will say why. */
  hold(): void {
    this.#held = true;
  }

  /** Writes what this tick has collected; then no more is taken, and who waits is rejected with `reason`. Only the first end counts. */
  end(reason: Failure): void {
    if (this.#end !== undefined) return;
    this.#flush();
    this.#end = reason;
    const thrown: Error = reason as unknown as Error;
    for (const { reject } of this.#waiting.splice(0)) reject(thrown);
  }
}
