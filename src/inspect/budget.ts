/** How many of the things that happen are shown: so many a second, and as many at once after a quiet time as fit. */
export class Budget {
  readonly #perSecond: number;
  readonly #most: number;
  #left: number;
  #at = 0;

  constructor(perSecond: number, most: number) {
    this.#perSecond = perSecond;
    this.#most = most;
    this.#left = most;
  }

  /**
   * Whether one more fits, at a time in milliseconds.
   * @param share how much of the budget there is at present: others may need the rest
   */
  take(now: number, share = 1): boolean {
    this.#left = Math.min(this.#most, this.#left + ((now - this.#at) / 1_000) * this.#perSecond * share);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
