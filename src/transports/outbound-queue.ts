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

/** The id of a request; undefined for a notification and for a response, whose id is one of the server's. */
export function requestIdOf(message: JSONRPCMessage): RequestId | undefined {
  return 'method' in message && 'id' in message ? message.id : undefined;
}

/**
 * The messages that wait, in order, until a connection takes more. None of their bytes has left, so a request that waits here can be cancelled
 * without a word to the server. A cancelled request leaves nothing behind.
 */
export class OutboundQueue {
  /** By the id of the request; a message without one is its own key. */
  readonly #messages = new Map<unknown, OutboundMessage>();
  readonly #budget: Budget | undefined;
  #length = 0;

  /** @param budget what the characters that wait are taken from; undefined for none */
  constructor(budget?: Budget) {
    this.#budget = budget;
  }

  /** How many messages wait. */
  get size(): number {
    return this.#messages.size;
  }

  /** How many characters wait. */
  get length(): number {
    return this.#length;
  }

  /** Resolves when the message is taken out to be written. Rejects with a failure, `not-sent`, when it never is: at once when the budget has too little left. */
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

  /** Takes out the messages, the oldest first: each is gone from here, and its promise resolves, when its text is handed over. */
  *take(): Generator<string, void, undefined> {
    for (const [key, { text, resolve }] of this.#messages) {
      this.#messages.delete(key);
      this.#release(text.length);
      resolve();
      yield text;
    }
  }

  /** Removes a request. False when it does not wait here. */
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

  /** Removes all messages. They reject with this reason. */
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

/** Inside the library failures travel as data, not as errors. */
function asThrown(reason: Failure): Error {
  return reason as unknown as Error;
}
