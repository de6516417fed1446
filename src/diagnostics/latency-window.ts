/** How long a server takes to answer, over the last answers. All in milliseconds. */
export interface Latencies {
  /** How many answers these are of: the last ones, at most 256. */
  readonly count: number;
  /** Half of the answers took no longer. */
  readonly p50: number;
  /** Nine out of ten took no longer. */
  readonly p90: number;
  /** 99 of 100 took no longer. */
  readonly p99: number;
}

/** How many answers count. A power of two. */
const KEPT = 256;

/** The latencies of the last answers. To add one costs a store; they are put in order only when somebody asks. */
export class LatencyWindow {
  readonly #ring = new Float64Array(KEPT);
  #added = 0;

  /** @param milliseconds from sending a request to its answer */
  add(milliseconds: number): void {
    this.#ring[this.#added & (KEPT - 1)] = milliseconds;
    this.#added += 1;
  }

  /** Undefined before the first answer. */
  get quantiles(): Latencies | undefined {
    const count = Math.min(this.#added, KEPT);
    if (count === 0) return undefined;
    const sorted = this.#ring.slice(0, count).sort();
    // The nearest rank: always a latency that was met.
    const at = (share: number): number => sorted[Math.ceil(share * count) - 1] as number;
    return { count, p50: at(0.5), p90: at(0.9), p99: at(0.99) };
  }
}
