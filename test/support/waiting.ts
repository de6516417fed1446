/** Lets tests wait for what somebody has recorded, instead of for time to pass. */
export class Waiting {
  #wakes: (() => void)[] = [];

  /** Something happened: all that wait look again. */
  wake(): void {
    for (const wake of this.#wakes.splice(0)) wake();
  }

  /** Resolves when `met` holds. Rejects with what `describe` says when the patience, in milliseconds, is at an end. */
  async until(met: () => boolean, describe: () => string, patience = 10_000): Promise<void> {
    const deadline = Date.now() + patience;
    while (!met()) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`Waited ${patience} ms in vain; ${describe()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wakes.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
}

/** Looks again and again until `met` holds. Rejects when the patience, in milliseconds, is at an end. */
export async function until(met: () => boolean, patience = 10_000): Promise<void> {
  const deadline = Date.now() + patience;
  while (!met()) {
    if (Date.now() > deadline) throw new Error(`Waited ${patience} ms in vain`);
    await pause(5);
  }
}

/** Lets milliseconds pass. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
