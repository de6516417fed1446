import type { Rates } from './records.js';

/** Latencies that a stretch of time is judged by; of more, the later ones replace earlier ones. */
const MOST_LATENCIES = 512;

/** Counts what goes on in a client, also what is not shown. */
export class Traffic {
  readonly #living = new Map<string, number>();
  #ended = new Map<string, number>();
  #latencies: number[] = [];
  #answers = 0;
  #since: number;
  #idle = true;
  started = 0;
  out = 0;
  in = 0;
  unseen = 0;

  constructor(now: number) {
    this.#since = now;
  }

  /** A request went from one state to another; undefined: it begins, or ends. */
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

  answered(latency: number): void {
    this.#latencies[this.#answers % MOST_LATENCIES] = latency;
    this.#answers += 1;
  }

  /** Whether anything happened, or is going on, that the last rates did not say. */
  get busy(): boolean {
    return !this.#idle || this.#active();
  }

  /** What happened since the last time; undefined when nothing did, twice in a row. */
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
    this.#answers = 0;
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

/** To a hundredth of a millisecond. */
export function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
