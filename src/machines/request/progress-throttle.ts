import type { Environment, TimerHandle } from '../../util/environment.js';
import type { Progress } from '../../protocol/progress.js';

/** A window in milliseconds, and the most reports in it. A user could not read more. */
const WINDOW = 1_000;
const MOST = 100;

/**
 * Passes the progress of a request to its caller. A server may report progress at any rate; beyond the limit only the last progress of each
 * window is passed. 2026-07-28 basic/patterns/progress, "Behavior Requirements".
 */
export class ProgressThrottle {
  readonly #environment: Environment;
  readonly #report: (progress: Progress) => void;
  #windowEnd = 0;
  #reported = 0;
  /** The last progress, while it waits for the end of the window. */
  #held: Progress | undefined;
  #timer: TimerHandle;

  constructor(environment: Environment, report: (progress: Progress) => void) {
    this.#environment = environment;
    this.#report = report;
  }

  /** Reports the progress now, or at the end of the window unless there is newer progress by then. */
  pass(progress: Progress): void {
    const now = this.#environment.now();
    if (now >= this.#windowEnd) {
      this.#windowEnd = now + WINDOW;
      this.#reported = 0;
    }
    if (this.#held === undefined && this.#reported < MOST) {
      this.#reported += 1;
      this.#report(progress);
      return;
    }
    if (this.#held === undefined) this.#timer = this.#environment.setTimeout(this.#release, this.#windowEnd - now);
    this.#held = progress;
  }

  /** The request has its response: reports the progress that waits. */
  finish(): void {
    this.#environment.clearTimeout(this.#timer);
    this.#release();
  }

  /** The request has ended without a result: drops the progress that waits. */
  stop(): void {
    this.#environment.clearTimeout(this.#timer);
    this.#held = undefined;
  }

  readonly #release = (): void => {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#report(held);
  };
}
