import type { Failure } from '../../util/failure.js';
import { onAbort } from '../../util/on-abort.js';
import type { Session } from '../../protocol/session.js';
import type { ConnectionEvent } from './connection-context.js';

/** What the callers who wait need from their connection. */
export interface WaitingCallersPorts {
  readonly now: () => number;
  readonly tell: (event: Extract<ConnectionEvent, { type: 'connect' | 'join' | 'leave' }>) => void;
}

/** The promises of those who wait for a session. Whether there will be one, and for how long they wait, the chart decides. */
export class WaitingCallers {
  readonly #surroundings: WaitingCallersPorts;
  readonly #waiting = new Map<number, (outcome: Session | Failure) => void>();
  #last = 0;

  constructor(surroundings: WaitingCallersPorts) {
    this.#surroundings = surroundings;
  }

  /** Waits for what the chart decides. An aborted signal rejects with its reason. */
  async wait(type: 'connect' | 'join', timeout: number, signal: AbortSignal | undefined): Promise<Session | Failure> {
    const { now, tell } = this.#surroundings;
    const id = (this.#last += 1);
    const deadline = now() + timeout;
    let forget: (() => void) | undefined;
    try {
      return await new Promise<Session | Failure>((resolve, reject) => {
        const stop = (reason: unknown): void => {
          this.#waiting.delete(id);
          tell({ type: 'leave', waiter: id });
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason is whatever the caller gave
          reject(reason);
        };
        forget = signal && onAbort(signal, stop);
        this.#waiting.set(id, resolve);
        tell({ type, waiter: { id, deadline, timeout } });
      });
    } finally {
      forget?.();
    }
  }

  /** Ends the wait of all. */
  settleAll(outcome: Failure): void {
    this.settle([...this.#waiting.keys()], outcome);
  }

  /** Ends the wait of some. */
  settle(waiters: readonly number[], outcome: Session | Failure): void {
    for (const id of waiters) {
      this.#waiting.get(id)?.(outcome);
      this.#waiting.delete(id);
    }
  }
}
