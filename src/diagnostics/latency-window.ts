/** Quantiles of the response times of a server, in ms. */
export interface Latencies {
  /** The number of responses in the window, at most 256. */
  readonly count: number;
  /** The median. */
  readonly p50: number;
  /** 90 % of the responses were at most this slow. */
  readonly p90: number;
  /** 99 % of the responses were at most this slow. */
  readonly p99: number;
}

/** The size of the window. A power of two. */
const KEPT = 256;

/** The latencies of the last responses. Adding one is a single store; they are sorted only when the quantiles are read. */
export class LatencyWindow {
  readonly #ring = new Float64Array(KEPT);
  #added = 0;

  /** @param milliseconds from sending a request to receiving its response */
  add(milliseconds: number): void {
    this.#ring[this.#added & (KEPT - 1)] = milliseconds;
    this.#added += 1;
  }

  /** The quantiles; undefined before the first response. */
  get quantiles(): Latencies | undefined {
    const count = Math.min(this.#added, KEPT);
    if (count === 0) return undefined;
    const sorted = this.#ring.slice(0, count).sort();
    // The nearest rank, so that each quantile is a measured latency.
    const at = (share: number): number => sorted[Math.ceil(share * count) - 1] as number;
    return { count, p50: at(0.5), p90: at(0.9), p99: at(0.99) };
  }
}
