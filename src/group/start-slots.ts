import type { Environment } from '../util/environment.js';

/**
 * How long a start keeps its slot at most, in ms. Programs use the processor at the beginning; after that most of them wait for something, and a
 * server that never answers must not hold up the others.
 */
const LONGEST_TURN = 100;

/** Bounds how many processes are started at the same time. */
export class StartSlots {
  readonly #environment: Environment;
  #free: number;
  readonly #queue: (() => void)[] = [];

  constructor(limit: number, environment: Environment) {
    this.#free = limit;
    this.#environment = environment;
  }

  /** Waits for a slot. Resolves with a function that gives it back; after a short time it is given back by itself. */
  async take(): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1;
    else {
      await new Promise<void>((resolve) => {
        this.#queue.push(resolve);
      });
    }
    let given = false;
    const give = (): void => {
      if (given) return;
      given = true;
      this.#environment.clearTimeout(timer);
      const next = this.#queue.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
    const timer = this.#environment.setTimeout(give, LONGEST_TURN);
    return give;
  }
}
