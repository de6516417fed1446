import type { Budget } from '../../util/budget.js';
import { failure, toTransportFailure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';

/**
 * Counts the messages that are not yet written and that no caller awaits: replies to the server, and notifications. A server that sends requests
 * and never reads the replies could make any number of them wait, so beyond a limit its requests are ignored until it reads.
 */
export class PendingReplies {
  readonly #budget: Budget;
  readonly #report: (problem: Failure) => void;
  /** Requests were ignored, which has been reported, and not all replies have been read since. */
  #ignoring = false;
  /** The messages that failed in this turn, counted together: when a link ends, all pending messages fail with the same reason. */
  #failed: { readonly why: Failure; count: number } | undefined;
  readonly #settled = (): void => {
    this.#budget.pendingReplies -= 1;
    if (this.#budget.pendingReplies === 0) this.#ignoring = false;
  };

  constructor(budget: Budget, report: (problem: Failure) => void) {
    this.#budget = budget;
    this.#report = report;
  }

  /** Whether there is room for the reply to one more request. If not, that is reported once, until the server has read all of them. */
  mayReply(): boolean {
    if (!this.#budget.repliesExhausted) return true;
    if (!this.#ignoring) {
      this.#ignoring = true;
      this.#report(notRead(this.#budget.maxPendingReplies));
    }
    return false;
  }

  /**
   * Counts a message until it has been written, or has failed.
   * @param described what is reported when it cannot be sent
   */
  watch(pending: Promise<void>, described: (reason: Failure) => Failure): void {
    this.#budget.pendingReplies += 1;
    pending.then(this.#settled, (thrown: unknown) => {
      this.#settled();
      this.#fail(described(toTransportFailure(thrown)));
    });
  }

  #fail(why: Failure): void {
    if (this.#failed?.why.message === why.message) {
      this.#failed.count += 1;
      return;
    }
    const failed = { why, count: 1 };
    this.#failed = failed;
    // By then all messages that failed with it are counted.
    queueMicrotask(() => {
      if (this.#failed === failed) this.#failed = undefined;
      const { count } = failed;
      const message = `${count} messages to the server were not sent: ${why.message}`;
      this.#report(count === 1 ? why : { ...why, message, details: { ...why.details, count } });
    });
  }
}

function notRead(limit: number): Failure {
  const field = 'limits.maxPendingReplies';
  const message = `${limit} replies wait for the server to read them, which is ${field}: its requests are ignored until it reads`;
  return failure('connection', 'MCP_QUEUE_FULL', message, { delivery: 'not-sent', details: { field, limit } });
}
