import type { Failure } from '../../util/failure.js';
import { onAbort } from '../../util/on-abort.js';
import type { Session } from '../../protocol/session.js';
import type { ConnectionEvent } from './connection-context.js';

/** What {@link WaitingCallers} needs from its connection. */
export interface WaitingCallersPorts {
  readonly now: () => number;
  readonly send: (event: Extract<ConnectionEvent, { type: 'connect' | 'join' | 'leave' }>) => void;
}

/** The promises of callers that wait for a session. The chart decides when each is settled, and with what. */
export class WaitingCallers {
  readonly #ports: WaitingCallersPorts;
  readonly #waiting = new Map<number, (outcome: Session | Failure) => void>();
  #last = 0;

  constructor(ports: WaitingCallersPorts) {
    this.#ports = ports;
  }

  /** Waits until the chart settles this caller. An aborted signal rejects with its reason. */
  async wait(type: 'connect' | 'join', timeout: number, signal: AbortSignal | undefined): Promise<Session | Failure> {
    const { now, send } = this.#ports;
    const id = (this.#last += 1);
    const deadline = now() + timeout;
    let forget: (() => void) | undefined;
    try {
      return await new Promise<Session | Failure>((resolve, reject) => {
        const stop = (reason: unknown): void => {
          this.#waiting.delete(id);
          send({ type: 'leave', waiter: id });
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason is whatever the caller gave
          reject(reason);
        };
        forget = signal && onAbort(signal, stop);
        this.#waiting.set(id, resolve);
        send({ type, waiter: { id, deadline, timeout } });
      });
    } finally {
      forget?.();
    }
  }

  /** Settles all callers. */
  settleAll(outcome: Failure): void {
    this.settle([...this.#waiting.keys()], outcome);
  }

  /** Settles these callers. */
  settle(waiters: readonly number[], outcome: Session | Failure): void {
    for (const id of waiters) {
      this.#waiting.get(id)?.(outcome);
      this.#waiting.delete(id);
    }
  }
}
