import { systemEnvironment } from '../util/environment.js';
import type { TimerHandle } from '../util/environment.js';
import type { JSONRPCErrorObject, Params, RequestId } from '../protocol/messages/json-rpc.js';

/** A message of a client, of any kind: its fields say which. */
export interface ReceivedMessage {
  readonly jsonrpc: '2.0';
  readonly id?: RequestId;
  readonly method?: string;
  readonly params?: Params;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: JSONRPCErrorObject;
}

/** A notification of a client. */
export type ReceivedNotification = ReceivedMessage & { readonly method: string };

/** A request of a client. */
export type ReceivedRequest = ReceivedNotification & { readonly id: RequestId };

interface Waiter {
  readonly resolve: (message: ReceivedMessage) => void;
  readonly reject: (reason: Error) => void;
  readonly timer: TimerHandle;
}

/** The messages of one method, or the responses: either unclaimed messages or waiters, never both. */
interface Queue {
  readonly unclaimed: ReceivedMessage[];
  readonly waiters: Waiter[];
}

/**
 * The messages that a server received. `next` waits for a message; each message is for one waiter, in order. Timeouts are in real time,
 * because simulated time may stand still while a test waits.
 */
export class ReceivedMessages {
  /** The last messages, in order. */
  readonly all: ReceivedMessage[] = [];
  readonly #queues = new Map<string | undefined, Queue>();
  readonly #remember: number;

  /** @param remember how many messages are kept at least, in `all` and of each method; at most twice as many */
  constructor(remember: number) {
    this.#remember = remember;
  }

  /** The methods of the last messages; a response is `(result)` or `(error)`. */
  get methods(): string[] {
    return this.all.map(({ method, result }) => method ?? (result === undefined ? '(error)' : '(result)'));
  }

  add(message: ReceivedMessage): void {
    this.#keep(this.all, message);
    const { waiters, unclaimed } = this.#queue(message.method);
    const waiter = waiters.shift();
    if (waiter === undefined) {
      this.#keep(unclaimed, message);
      return;
    }
    systemEnvironment.clearTimeout(waiter.timer);
    waiter.resolve(message);
  }

  /** Old messages are removed in bulk, so that the cost for each is constant. */
  #keep(messages: ReceivedMessage[], message: ReceivedMessage): void {
    if (messages.push(message) > 2 * this.#remember) messages.splice(0, this.#remember);
  }

  /** The next message of this method, or the next response. Rejects after `timeout` ms with the methods that were received. */
  next(method: string | undefined, timeout: number): Promise<ReceivedMessage> {
    const { waiters, unclaimed } = this.#queue(method);
    const message = unclaimed.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve, reject) => {
      const timer = systemEnvironment.setTimeout(() => {
        waiters.splice(waiters.indexOf(waiter), 1);
        reject(this.#notReceived(method, `within ${timeout} ms`));
      }, timeout);
      const waiter: Waiter = { resolve, reject, timer };
      waiters.push(waiter);
    });
  }

  /** Rejects all waiters. */
  end(): void {
    for (const [method, { waiters }] of this.#queues) {
      for (const { reject, timer } of waiters.splice(0)) {
        systemEnvironment.clearTimeout(timer);
        reject(this.#notReceived(method, 'before the server ended'));
      }
    }
  }

  #queue(method: string | undefined): Queue {
    let queue = this.#queues.get(method);
    if (queue === undefined) this.#queues.set(method, (queue = { unclaimed: [], waiters: [] }));
    return queue;
  }

  #notReceived(method: string | undefined, when: string): Error {
    const received = this.methods.join(', ') || 'nothing';
    return new Error(`No ${method ?? 'response'} was received ${when}; received: ${received}`);
  }
}
