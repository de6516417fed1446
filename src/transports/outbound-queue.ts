import type { Budget } from '../util/budget.js';
import { failure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import type { JSONRPCMessage, RequestId } from '../protocol/messages/json-rpc.js';
import { rejectedWith } from './link.js';

interface OutboundMessage {
  readonly text: string;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

/** The id of a request; undefined for notifications and responses. */
export function requestIdOf(message: JSONRPCMessage): RequestId | undefined {
  return 'method' in message && 'id' in message ? message.id : undefined;
}

/**
 * Messages that wait, in order, until the connection accepts more. No byte of them was sent, so a request can be cancelled here without a
 * message to the server.
 */
export class OutboundQueue {
  /** By the id of the request. A message without a request id is its own key. */
  readonly #messages = new Map<unknown, OutboundMessage>();
  readonly #budget: Budget | undefined;
  #length = 0;

  /** @param budget the memory budget for the waiting characters; undefined for no limit */
  constructor(budget?: Budget) {
    this.#budget = budget;
  }

  /** The number of waiting messages. */
  get size(): number {
    return this.#messages.size;
  }

  /** The number of waiting characters. */
  get length(): number {
    return this.#length;
  }

  /**
   * Adds a message. Resolves when it is taken to be written. Rejects with a failure (`not-sent`) if it is removed, or if the budget is
   * exhausted.
   */
  add(text: string, requestId: RequestId | undefined): Promise<void> {
    if (this.#budget?.take(text.length) === false)
      return rejectedWith(
        this.#budget.exhausted(`A message of ${text.length} characters that has to wait`, 'not-sent'),
      );
    return new Promise((resolve, reject) => {
      const message: OutboundMessage = { text, resolve, reject };
      const taken = requestId === undefined || this.#messages.has(requestId);
      this.#messages.set(taken ? message : requestId, message);
      this.#length += text.length;
    });
  }

  /** Takes the messages, the oldest first. A message is removed and its promise resolves when the iteration reaches it. */
  *take(): Generator<string, void, undefined> {
    for (const [key, { text, resolve }] of this.#messages) {
      this.#messages.delete(key);
      this.#release(text.length);
      resolve();
      yield text;
    }
  }

  /** Removes a request. Returns false if it is not in the queue. */
  cancel(requestId: RequestId): boolean {
    const message = this.#messages.get(requestId);
    if (message === undefined) return false;
    this.#messages.delete(requestId);
    this.#release(message.text.length);
    message.reject(asThrown(cancelled()));
    return true;
  }

  #release(length: number): void {
    this.#length -= length;
    this.#budget?.give(length);
  }

  /** Removes all messages. Their promises reject with this reason. */
  clear(reason: Failure): void {
    const messages = [...this.#messages.values()];
    this.#messages.clear();
    this.#release(this.#length);
    for (const { reject } of messages) reject(asThrown(reason));
  }
}

function cancelled(): Failure {
  return failure('connection', 'MCP_CONNECTION_CLOSED', 'The request was cancelled before it was sent', {
    delivery: 'not-sent',
  });
}

/** Inside the library failures are data, not errors. */
function asThrown(reason: Failure): Error {
  return reason as unknown as Error;
}
