import type { Environment } from '../util/environment.js';
import { failure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';
import { onAbort } from '../util/on-abort.js';

/** How long a call may wait. */
export interface WaitLimit {
  /** The method and the name of the call, for errors. */
  readonly call: string;
  /** The timeout of the call, in ms; Infinity for none. */
  readonly timeout: number;
  /** The absolute time at which it has passed. */
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
}

/** Ends a wait: without a failure when it was successful. */
export type EndWait = (problem?: Failure) => void;

/** The calls of a group that wait: for their server, or for their turn. Their number is bounded. */
export class WaitingRoom {
  readonly #environment: Environment;
  readonly #most: number;
  #waiting = 0;

  /** @param most how many calls may wait */
  constructor(environment: Environment, most: number) {
    this.#environment = environment;
    this.#most = most;
  }

  /** The number of calls that wait now. */
  get size(): number {
    return this.#waiting;
  }

  /**
   * Waits until `end` is called. Resolves with the failure if there is one, also that of the deadline. An aborted signal rejects with its reason.
   * @param enter begins to wait, and returns a function that leaves
   * @param phase what the call waits for, for the error at the deadline
   */
  async wait(limit: WaitLimit, phase: string, enter: (end: EndWait) => () => void): Promise<Failure | undefined> {
    const { call, timeout, deadline, signal } = limit;
    signal?.throwIfAborted();
    if (this.#waiting >= this.#most) return queueFull(call, this.#most);
    const left = deadline - this.#environment.now();
    if (left <= 0) return timedOut(call, timeout, phase);
    this.#waiting += 1;
    let leave: (() => void) | undefined;
    let timer: unknown;
    let forget: (() => void) | undefined;
    try {
      return await new Promise<Failure | undefined>((resolve, reject) => {
        forget = signal && onAbort(signal, reject);
        if (left < Infinity) {
          timer = this.#environment.setTimeout(() => {
            resolve(timedOut(call, timeout, phase));
          }, left);
        }
        leave = enter(resolve);
      });
    } finally {
      this.#waiting -= 1;
      leave?.();
      forget?.();
      if (timer !== undefined) this.#environment.clearTimeout(timer);
    }
  }
}

function queueFull(call: string, limit: number): Failure {
  const message = `${call} was not sent: ${limit} calls of the group wait already (maxQueued)`;
  return failure('connection', 'MCP_QUEUE_FULL', message, {
    delivery: 'not-sent',
    details: { field: 'maxQueued', limit },
  });
}

/** The failure of a call whose time passes before it is sent. */
export function timedOut(call: string, timeout: number, phase: string): Failure {
  return failure('timeout', 'MCP_TIMEOUT', `${call} timed out after ${timeout} ms, before it was sent (${phase})`, {
    delivery: 'not-sent',
    details: { operation: call, timeout, phase },
  });
}
