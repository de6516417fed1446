import type { Environment, TimerHandle } from '../util/environment.js';
import { failure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';

/** The default of `limits.maxProblemsPerSecond`. */
export const DEFAULT_MAX_PROBLEMS_PER_SECOND = 100;

/** Milliseconds. */
const SECOND = 1_000;

/** The problems with one code that were not emitted. */
interface Suppressed {
  readonly first: Failure;
  count: number;
}

/**
 * Limits the `error` and `warning` events of a client. Problems beyond the limit are counted, and reported at the end of the second: one
 * event for each code. So a server that causes a million problems costs a counter for each, and about a hundred events a second.
 */
export class ProblemRate {
  readonly #environment: Environment;
  readonly #limit: number;
  readonly #emit: (problem: Failure) => void;
  readonly #suppressed = new Map<string, Suppressed>();
  /** The start of the current second, and how many problems were emitted in it. */
  #since = -Infinity;
  #emitted = 0;
  #timer: TimerHandle;

  /**
   * @param limit how many problems are emitted in a second
   * @param emit emits a summary of the counted problems
   */
  constructor(environment: Environment, limit: number, emit: (problem: Failure) => void) {
    this.#environment = environment;
    this.#limit = limit;
    this.#emit = emit;
  }

  /** Whether a problem may be emitted now. If not, it is counted. */
  admits(problem: Failure): boolean {
    if (this.#timer === undefined) {
      const now = this.#environment.now();
      if (now - this.#since >= SECOND) {
        this.#since = now;
        this.#emitted = 0;
      }
      this.#emitted += 1;
      if (this.#emitted <= this.#limit) return true;
      this.#timer = this.#environment.setTimeout(this.#emitSummaries, Math.max(this.#since + SECOND - now, 1));
      // A late report must not keep the process alive.
      this.#environment.hold?.(this.#timer, false);
    }
    const suppressed = this.#suppressed.get(problem.code);
    if (suppressed === undefined) this.#suppressed.set(problem.code, { first: problem, count: 1 });
    else suppressed.count += 1;
    return false;
  }

  /** Emits the summaries now. */
  flush(): void {
    if (this.#timer === undefined) return;
    this.#environment.clearTimeout(this.#timer);
    this.#emitSummaries();
  }

  readonly #emitSummaries = (): void => {
    this.#timer = undefined;
    this.#since = -Infinity;
    const all = [...this.#suppressed.values()];
    this.#suppressed.clear();
    for (const { first, count } of all) this.#emit(count === 1 ? first : summary(first, count, this.#limit));
  };
}

function summary({ kind, code, message, delivery }: Failure, count: number, limit: number): Failure {
  const field = 'limits.maxProblemsPerSecond';
  const text = `${count} more problems of this kind came within a second (${field} is ${limit}); the first: ${message}`;
  return failure(kind, code, text, { delivery, details: { count, field, limit } });
}
