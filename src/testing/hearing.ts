import { systemEnvironment } from '../util/environment.js';
import type { TimerHandle } from '../util/environment.js';
import type { JSONRPCErrorObject, Params, RequestId } from '../protocol/messages/json-rpc.js';

/** A message of a client, of whatever kind: which fields it has says which. */
export interface HeardMessage {
  readonly jsonrpc: '2.0';
  readonly id?: RequestId;
  readonly method?: string;
  readonly params?: Params;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: JSONRPCErrorObject;
}

/** A notification of a client. */
export type HeardNotification = HeardMessage & { readonly method: string };

/** A request of a client. */
export type HeardRequest = HeardNotification & { readonly id: RequestId };

interface Listener {
  readonly resolve: (message: HeardMessage) => void;
  readonly reject: (reason: Error) => void;
  readonly timer: TimerHandle;
}

/** The messages of one method, or answers: those that nobody has waited for yet, or else those who wait. */
interface Queue {
  readonly unheeded: HeardMessage[];
  readonly listeners: Listener[];
}

/**
 * All that a server hears, and those who wait to hear something. Each message is for one of them, in the order in which they asked. How long
 * they wait is measured in real time: it is for a test that goes wrong, and no time passes in a simulation that stands still.
 */
export class Hearing {
  /** What came last, in order. */
  readonly all: HeardMessage[] = [];
  readonly #queues = new Map<string | undefined, Queue>();
  readonly #remember: number;

  /** @param remember how many messages are kept at least, and half of how many at most: also of one kind that nobody waits for */
  constructor(remember: number) {
    this.#remember = remember;
  }

  /** What came, by method; answers are `(result)` or `(error)`. */
  get methods(): string[] {
    return this.all.map(({ method, result }) => method ?? (result === undefined ? '(error)' : '(result)'));
  }

  take(message: HeardMessage): void {
    this.#keep(this.all, message);
    const { listeners, unheeded } = this.#queue(message.method);
    const listener = listeners.shift();
    if (listener === undefined) {
      this.#keep(unheeded, message);
      return;
    }
    systemEnvironment.clearTimeout(listener.timer);
    listener.resolve(message);
  }

  /** The oldest go in bulk, so that none costs more than a move. */
  #keep(messages: HeardMessage[], message: HeardMessage): void {
    if (messages.push(message) > 2 * this.#remember) messages.splice(0, this.#remember);
  }

  /** The next message of this method, or the next answer. Rejects after `patience` milliseconds, and says what came instead. */
  next(method: string | undefined, patience: number): Promise<HeardMessage> {
    const { listeners, unheeded } = this.#queue(method);
    const message = unheeded.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve, reject) => {
      const timer = systemEnvironment.setTimeout(() => {
        listeners.splice(listeners.indexOf(listener), 1);
        reject(this.#inVain(method, `within ${patience} ms`));
      }, patience);
      const listener: Listener = { resolve, reject, timer };
      listeners.push(listener);
    });
  }

  /** Nothing will be heard any more. */
  end(): void {
    for (const [method, { listeners }] of this.#queues) {
      for (const { reject, timer } of listeners.splice(0)) {
        systemEnvironment.clearTimeout(timer);
        reject(this.#inVain(method, 'before the server was ended'));
      }
    }
  }

  #queue(method: string | undefined): Queue {
    let queue = this.#queues.get(method);
    if (queue === undefined) this.#queues.set(method, (queue = { unheeded: [], listeners: [] }));
    return queue;
  }

  #inVain(method: string | undefined, when: string): Error {
    return new Error(`No ${method ?? 'answer'} came ${when}; heard ${this.methods.join(', ') || 'nothing'}`);
  }
}
