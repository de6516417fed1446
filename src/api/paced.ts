import type { Environment, TimerHandle } from '../util/environment.js';

/** The pause after the second run of a series, and the longest pause, in ms. */
const MIN_PAUSE = 1_000;
const MAX_PAUSE = 16_000;

/**
 * Runs a function on request, but only once at a time, and with pauses. The first two runs of a series follow each other. After each
 * further run there is a pause of one second, which doubles after each run that found nothing. A series ends when there is no request
 * during a run and the pause after it. No request is lost: a run always begins after the last request.
 */
export class Paced {
  readonly #environment: Environment;
  readonly #run: () => Promise<boolean>;
  #running = false;
  #requested = false;
  #timer: TimerHandle;
  /** The exponent of the pause; 0 means none. */
  #step = 0;
  #endedAt = -Infinity;
  /** Counts the resets: a run that began before a reset is ignored. */
  #life = 0;

  /** @param run resolves with whether it found a change; never rejects */
  constructor(environment: Environment, run: () => Promise<boolean>) {
    this.#environment = environment;
    this.#run = run;
  }

  get #pause(): number {
    return this.#step === 0 ? 0 : Math.min(MIN_PAUSE * 2 ** (this.#step - 1), MAX_PAUSE);
  }

  /** Runs the function now, or after the current run and its pause. */
  request(): void {
    const waiting = this.#requested;
    this.#requested = true;
    if (!this.#running && !waiting) this.#schedule();
  }

  #schedule(): void {
    const elapsed = this.#environment.now() - this.#endedAt;
    const pause = this.#pause;
    if (elapsed >= Math.max(pause, MIN_PAUSE)) this.#step = -1;
    if (elapsed >= pause) {
      this.#begin();
      return;
    }
    this.#timer = this.#environment.setTimeout(this.#begin, pause - elapsed);
    // No caller waits for it, so it must not keep the process alive.
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

  /** Ends the series and discards the request. Nothing runs until the next request. */
  reset(): void {
    this.#environment.clearTimeout(this.#timer);
    this.#life += 1;
    this.#running = false;
    this.#requested = false;
    this.#endedAt = -Infinity;
  }
}
