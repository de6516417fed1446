/** How many losses of an established connection are allowed before it counts as a crash loop. */
export interface RestartBudget {
  /** Reconnects allowed within the window. `Infinity` for no limit. */
  readonly maxRestarts: number;
  /** The window in ms. */
  readonly window: number;
}

/** Adds a loss at `now` and returns the times of the losses within the window; an empty array without a limit. */
export function withLoss(losses: readonly number[], now: number, budget: RestartBudget): readonly number[] {
  return budget.maxRestarts === Infinity ? [] : [...recentLosses(losses, now, budget), now];
}

/** The times of the losses within the window. */
export function recentLosses(losses: readonly number[], now: number, { window }: RestartBudget): readonly number[] {
  return losses.filter((at) => now - at < window);
}
