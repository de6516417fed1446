import type { Latencies } from '../diagnostics/latency-window.js';

/** What is known about the health of a connection without asking the server. */
export interface HealthReport {
  /** 0 to 1 over the last ten checks of the monitoring, each weighing half of the next newer one; 1 before the first. */
  readonly healthScore: number;
  /** How long the last answers took, to calls and to checks; undefined before the first. */
  readonly latencies: Latencies | undefined;
  /** What speaks against it, in words for a person, such as `3 of 10 checks over 2.0 s`; empty when nothing does. */
  readonly reasons: readonly string[];
}
