/** How often a connection that stood may be lost and brought back before that is taken for a crash loop. */
export interface RestartBudget {
  /** Losses that are made good within the window. Infinity for any number. */
  readonly maxRestarts: number;
  /** Milliseconds. */
  readonly window: number;
}

/** The times of the losses that count, after one more at `now`; none where any number is allowed. */
export function withLoss(losses: readonly number[], now: number, budget: RestartBudget): readonly number[] {
  return budget.maxRestarts === Infinity ? [] : [...recentLosses(losses, now, budget), now];
}

/** The times of the losses that still count. */
export function recentLosses(losses: readonly number[], now: number, { window }: RestartBudget): readonly number[] {
  return losses.filter((at) => now - at < window);
}
