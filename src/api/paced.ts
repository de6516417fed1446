import type { Environment, TimerHandle } from '../util/environment.js';

// Milliseconds.
/** The pause after the second run of a series, and the longest pause. */
const SHORTEST_PAUSE = 1_000;
const LONGEST_PAUSE = 16_000;

/**
 * Runs something whenever that is requested, but not twice at the same time, and not without end. Of a series of requests the first two
 * runs follow each other, then there is a pause after each run: one second, and twice the last pause after a run that found nothing. A series
 * is over when nothing is requested during a run and the pause after it. No request is lost: a run always begins after the last one.
 */
export class Paced {
  readonly #environment: Environment;
  readonly #run: () => Promise<boolean>;
  #running = false;
  #requested = false;
  #timer: TimerHandle;
  /** The runs of this series after the first, as far as they count for the pause. */
  #step = 0;
  #endedAt = -Infinity;
  /** Counts the resets: a run that began before one means nothing afterwards. */
  #life = 0;

  /** @param run resolves with whether it found something; never rejects */
  constructor(environment: Environment, run: () => Promise<boolean>) {
    this.#environment = environment;
    this.#run = run;
  }

  get #pause(): number {
    return this.#step === 0 ? 0 : Math.min(SHORTEST_PAUSE * 2 ** (this.#step - 1), LONGEST_PAUSE);
  }

  /** Runs it at once, or as soon as it may run again. */
  request(): void {
    const waiting = this.#requested;
    this.#requested = true;
    if (!this.#running && !waiting) this.#schedule();
  }

  #schedule(): void {
    const rested = this.#environment.now() - this.#endedAt;
    const pause = this.#pause;
    if (rested >= Math.max(pause, SHORTEST_PAUSE)) this.#step = -1;
    if (rested >= pause) {
      this.#begin();
      return;
    }
    this.#timer = this.#environment.setTimeout(this.#begin, pause - rested);
    // Nobody waits for it: it must not keep the process alive.
    this.#environment.hold?.(this.#timer, false);
  }

  readonly #begin = (): void => {
    this.#requested = false;
    this.#running = true;
    const life = this.#life;
    void this.#run().then((found) => {
      if (life === this.#life) this.#end(found);
    });
  };

  #end(found: boolean): void {
    this.#running = false;
    this.#endedAt = this.#environment.now();
    this.#step = found ? Math.min(this.#step + 1, 1) : this.#step + 1;
    if (this.#requested) this.#schedule();
  }

  /** Forgets the series, and what was requested. Nothing runs until the next request. */
  reset(): void {
    this.#environment.clearTimeout(this.#timer);
    this.#life += 1;
    this.#running = false;
    this.#requested = false;
    this.#endedAt = -Infinity;
  }
}
