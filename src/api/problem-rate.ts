import type { Environment, TimerHandle } from '../util/environment.js';
import { failure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';

/** The default of `limits.maxProblemsPerSecond`. */
export const DEFAULT_MAX_PROBLEMS_PER_SECOND = 100;

/** Milliseconds. */
const SECOND = 1_000;

/** Problems of one kind that were not told one by one. */
interface Untold {
  readonly first: Failure;
  count: number;
}

/**
 * Limits the `error` and `warning` events of a client. Problems beyond the limit are counted, and reported when the second is over: one event for
 * each code. A server that does something wrong a million times costs a counter each time, and causes about a hundred events a second.
 */
export class ProblemRate {
  readonly #environment: Environment;
  readonly #limit: number;
  readonly #tell: (problem: Failure) => void;
  readonly #untold = new Map<string, Untold>();
  /** When the second began, and how many problems were told in it. */
  #since = -Infinity;
  #told = 0;
  #timer: TimerHandle;

  /**
   * @param limit how many problems are told in a second
   * @param tell reports the problems that were counted
   */
  constructor(environment: Environment, limit: number, tell: (problem: Failure) => void) {
    this.#environment = environment;
    this.#limit = limit;
    this.#tell = tell;
  }

  /** Whether a problem may be told now. If not, it is counted. */
  admits(problem: Failure): boolean {
    if (this.#timer === undefined) {
      const now = this.#environment.now();
      if (now - this.#since >= SECOND) {
        this.#since = now;
        this.#told = 0;
      }
      this.#told += 1;
      if (this.#told <= this.#limit) return true;
      this.#timer = this.#environment.setTimeout(this.#tellTogether, Math.max(this.#since + SECOND - now, 1));
      // A report that is late must not keep the process alive.
      this.#environment.hold?.(this.#timer, false);
    }
    const untold = this.#untold.get(problem.code);
    if (untold === undefined) this.#untold.set(problem.code, { first: problem, count: 1 });
    else untold.count += 1;
    return false;
  }

  /** Reports all problems that were counted, now. */
  flush(): void {
    if (this.#timer === undefined) return;
    this.#environment.clearTimeout(this.#timer);
    this.#tellTogether();
  }

  readonly #tellTogether = (): void => {
    this.#timer = undefined;
    this.#since = -Infinity;
    const all = [...this.#untold.values()];
    this.#untold.clear();
    for (const { first, count } of all) this.#tell(count === 1 ? first : together(first, count, this.#limit));
  };
}

function together({ kind, code, message, delivery }: Failure, count: number, limit: number): Failure {
  const field = 'limits.maxProblemsPerSecond';
  const text = `${count} more problems of this kind came within a second (${field} is ${limit}); the first: ${message}`;
  return failure(kind, code, text, { delivery, details: { count, field, limit } });
}
