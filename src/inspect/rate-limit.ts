/** A token bucket: a rate of events per second, with a burst of at most `most` events. */
export class RateLimit {
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
   * Whether one more event is within the limit.
   * @param now the time in ms
   * @param share the part of the rate that may be used now, because other clients use the rest
   */
  take(now: number, share = 1): boolean {
    this.#left = Math.min(this.#most, this.#left + ((now - this.#at) / 1_000) * this.#perSecond * share);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
