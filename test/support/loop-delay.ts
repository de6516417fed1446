import { setTimeout as sleep } from 'node:timers/promises';

/** The longest that the event loop was blocked while a function was at work, in ms, and what the function gave. */
export async function longestBlock<Result>(fn: () => Promise<Result>): Promise<{ block: number; result: Result }> {
  let block = 0;
  let last = performance.now();
  const look = (): void => {
    const now = performance.now();
    block = Math.max(block, now - last);
    last = now;
  };
  const timer = setInterval(look, 2);
  try {
    const result = await fn();
    // What still is to come of it counts as well.
    await sleep(5);
    look();
    return { block, result };
  } finally {
    clearInterval(timer);
  }
}
