import { failure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import { toError } from '../errors.js';
import type { JSONRPCMessage } from '../protocol/messages/json-rpc.js';

interface Receiver {
  resolve(message: JSONRPCMessage): void;
  reject(error: Error): void;
}

/** Maximum number of messages that wait for `receiveMessage`. */
const MAX_WAITING = 10_000;

/**
 * The received messages of a transport that is used without a client. Messages wait for `receive`, and `receive` waits for messages. After
 * the end all waiting receivers reject; messages that have arrived can still be read.
 */
export class MessageQueue {
  #messages: JSONRPCMessage[] = [];
  #receivers: Receiver[] = [];
  #end: Failure | undefined;

  /** Adds a message. Returns a failure if the queue is full. */
  push(message: JSONRPCMessage): Failure | undefined {
    // Messages may have been dropped after the end, so later ones are ignored.
    if (this.#end !== undefined) return undefined;
    const receiver = this.#receivers.shift();
    if (receiver !== undefined) {
      receiver.resolve(message);
      return undefined;
    }
    if (this.#messages.length >= MAX_WAITING) {
      return failure(
        'connection',
        'MCP_QUEUE_FULL',
        `${MAX_WAITING} received messages wait for receiveMessage(), which is the limit`,
        { details: { limit: MAX_WAITING } },
      );
    }
    this.#messages.push(message);
    return undefined;
  }

  /** The next message. Rejects with an `MCPConnectionError` when the link has ended and all messages are read. */
  receive(): Promise<JSONRPCMessage> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    if (this.#end !== undefined) return Promise.reject(toError(this.#end));
    return new Promise((resolve, reject) => {
      this.#receivers.push({ resolve, reject });
    });
  }

  /** Whether no more messages will arrive. Unread messages may be left. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Whether `receive` would reject at once. */
  get over(): boolean {
    return this.#end !== undefined && this.#messages.length === 0;
  }

  /** Ends the queue: waiting receivers reject with `reason`. Further calls are ignored. */
  end(reason: Failure): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    for (const receiver of this.#receivers.splice(0)) receiver.reject(toError(reason));
  }
}
