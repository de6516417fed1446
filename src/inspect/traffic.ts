import type { Rates } from './records.js';

/** How many latencies of an interval are kept. Further ones replace the oldest. */
const MAX_LATENCIES = 512;

/** Counts requests and messages of a client, also those without records. */
export class Traffic {
  readonly #living = new Map<string, number>();
  #ended = new Map<string, number>();
  #latencies: number[] = [];
  #responses = 0;
  #since: number;
  #idle = true;
  started = 0;
  out = 0;
  in = 0;
  unseen = 0;

  constructor(now: number) {
    this.#since = now;
  }

  /** Counts the state change of a request. `from` is undefined at its beginning, `to` at its end. */
  moved(from: string | undefined, to: string | undefined): void {
    const living = this.#living;
    if (from !== undefined) {
      const left = (living.get(from) ?? 0) - 1;
      if (left > 0) living.set(from, left);
      else living.delete(from);
    }
    if (to !== undefined) living.set(to, (living.get(to) ?? 0) + 1);
  }

  ended(state: string): void {
    this.#ended.set(state, (this.#ended.get(state) ?? 0) + 1);
  }

  responded(latency: number): void {
    this.#latencies[this.#responses % MAX_LATENCIES] = latency;
    this.#responses += 1;
  }

  /** Whether there is something that the last rates did not include. */
  get busy(): boolean {
    return !this.#idle || this.#active();
  }

  /** The counters since the last time; undefined after two intervals without events. */
  take(now: number): Rates | undefined {
    const active = this.#active();
    if (!active && this.#idle) {
      this.#since = now;
      return undefined;
    }
    const rates = this.#rates(now);
    this.#idle = !active;
    this.#since = now;
    this.#ended = new Map();
    this.#latencies = [];
    this.#responses = 0;
    this.started = this.out = this.in = this.unseen = 0;
    return rates;
  }

  #active(): boolean {
    return this.started + this.out + this.in + this.unseen + this.#ended.size > 0;
  }

  #rates(now: number): Rates {
    const sorted = this.#latencies.sort((one, other) => one - other);
    const at = (share: number): number => rounded(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
    return {
      ms: Math.round(now - this.#since),
      started: this.started,
      ended: Object.fromEntries(this.#ended),
      out: this.out,
      in: this.in,
      ...(sorted.length > 0 && { p50: at(0.5), p95: at(0.95), max: at(1) }),
      living: Object.fromEntries(this.#living),
      unseen: this.unseen,
    };
  }
}

/** Rounds to 0.01 ms. */
export function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
