import type { Environment, TimerHandle } from '../../util/environment.js';
import type { Progress } from '../../protocol/progress.js';

/** Milliseconds, and how often a caller hears of progress in that time. Nobody can read more. */
const WINDOW = 1_000;
const MOST = 100;

/**
 * Tells the caller of a request of its progress, and not more often than a caller can bear: a server may report it as often as it likes.
 * Beyond that only the last word of each second is told. 2026-07-28 basic/patterns/progress, "Behavior Requirements".
 */
export class ProgressGate {
  readonly #environment: Environment;
  readonly #tell: (progress: Progress) => void;
  #windowEnd = 0;
  #told = 0;
  /** The last word, while it waits for the end of the second. */
  #held: Progress | undefined;
  #timer: TimerHandle;

  constructor(environment: Environment, tell: (progress: Progress) => void) {
    this.#environment = environment;
    this.#tell = tell;
  }

  /** Tells it now, or later, or never when there is newer progress by then. */
  pass(progress: Progress): void {
    const now = this.#environment.now();
    if (now >= this.#windowEnd) {
      this.#windowEnd = now + WINDOW;
      this.#told = 0;
    }
    if (this.#held === undefined && this.#told < MOST) {
      this.#told += 1;
      this.#tell(progress);
      return;
    }
    if (this.#held === undefined) this.#timer = this.#environment.setTimeout(this.#release, this.#windowEnd - now);
    this.#held = progress;
  }

  /** The request has its answer: tells what waits. */
  finish(): void {
    this.#environment.clearTimeout(this.#timer);
    this.#release();
  }

  /** Nobody wants to hear any more. */
  stop(): void {
    this.#environment.clearTimeout(this.#timer);
    this.#held = undefined;
  }

  readonly #release = (): void => {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#tell(held);
  };
}
