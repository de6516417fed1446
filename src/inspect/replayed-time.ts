import type { Environment } from '../util/environment.js';

/** The time of a recording that is replayed: it goes on when the recording does, and what has become due is done on the way. One timer at a time. */
export class ReplayedTime implements Pick<Environment, 'now' | 'setTimeout' | 'clearTimeout'> {
  readonly #read: () => number;
  #now: number;
  #timer: { readonly at: number; readonly callback: () => void } | undefined;

  /** @param read says how far the recording is */
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

  /** Goes on to where the recording is. A clock that was put back meanwhile stands still. */
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
