import { failure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import { toError } from '../errors.js';
import type { JSONRPCMessage } from '../protocol/messages/json-rpc.js';

interface Receiver {
  resolve(message: JSONRPCMessage): void;
  reject(error: Error): void;
}

/** How many messages may wait for `receiveMessage` before the oldest of them are worth an error. */
const MOST_WAITING = 10_000;

/**
 * Messages between a link and a person who drives the transport by hand: what arrives waits for `receive`, and `receive` waits for
 * what arrives. After the end every waiting receiver rejects; messages that had arrived can still be read.
 */
export class MessageQueue {
  #messages: JSONRPCMessage[] = [];
  #receivers: Receiver[] = [];
  #end: Failure | undefined;

  /** Takes a message in; gives a failure when nobody reads and the queue is full. */
  push(message: JSONRPCMessage): Failure | undefined {
    // What comes after the end would follow a gap.
    if (this.#end !== undefined) return undefined;
    const receiver = this.#receivers.shift();
    if (receiver !== undefined) {
      receiver.resolve(message);
      return undefined;
    }
    if (this.#messages.length >= MOST_WAITING) {
      return failure(
        'connection',
        'MCP_QUEUE_FULL',
        `${MOST_WAITING} received messages wait for receiveMessage(), which is the limit`,
        { details: { limit: MOST_WAITING } },
      );
    }
    this.#messages.push(message);
    return undefined;
  }

  /** The next message, or the promise of it. Rejects with `MCPConnectionError` once the link is over and nothing is left. */
  receive(): Promise<JSONRPCMessage> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    if (this.#end !== undefined) return Promise.reject(toError(this.#end));
    return new Promise((resolve, reject) => {
      this.#receivers.push({ resolve, reject });
    });
  }

  /** Whether nothing more will come in; what had arrived may still wait to be read. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Whether `receive` would reject at once. */
  get over(): boolean {
    return this.#end !== undefined && this.#messages.length === 0;
  }

  /** Ends the queue: waiting receivers reject with `reason`. Only the first end counts. */
  end(reason: Failure): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    for (const receiver of this.#receivers.splice(0)) receiver.reject(toError(reason));
  }
}
