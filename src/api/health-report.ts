import type { Latencies } from '../diagnostics/latency-window.js';

/** The health of a connection, from its checks and its other traffic. */
export interface HealthReport {
  /** The weighted share of passed checks among the last ten, 0 to 1. Each check weighs half of the next newer one. 1 before the first. */
  readonly healthScore: number;
  /** Quantiles of the last response times, of calls and checks, in ms; undefined before the first response. */
  readonly latencies: Latencies | undefined;
  /** The reasons why it may be unhealthy, as text, such as `3 of 10 checks over 2.0 s`. Empty if there are none. */
  readonly reasons: readonly string[];
}
