import type { Environment } from '../util/environment.js';

/** The time of a replay. It advances with the recording, and runs timers that become due. It has at most one timer. */
export class ReplayedTime implements Pick<Environment, 'now' | 'setTimeout' | 'clearTimeout'> {
  readonly #read: () => number;
  #now: number;
  #timer: { readonly at: number; readonly callback: () => void } | undefined;

  /** @param read the time of the last replayed entry */
  constructor(read: () => number) {
    this.#read = read;
    this.#now = read();
  }

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delay: number): object {
    this.#timer = { at: this.#now + delay, callback };
    return this.#timer;
  }

  clearTimeout(): void {
    this.#timer = undefined;
  }

  /** Advances to the time of the recording. It never goes back. */
  catchUp(): void {
    const to = Math.max(this.#now, this.#read());
    for (let timer = this.#timer; timer !== undefined && timer.at <= to; timer = this.#timer) {
      this.#timer = undefined;
      this.#now = timer.at;
      timer.callback();
    }
    this.#now = to;
  }
}
