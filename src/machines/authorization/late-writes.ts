import type { Environment, TimerHandle } from '../../util/environment.js';

/** The pauses before the tries to write again, in ms: a network that was cut, or a server that starts again, is back soon. */
const PAUSES = [100, 200, 400, 800, 1_600, 3_200, 6_400] as const;

/**
 * Writes the newest tokens again after their store has failed. A refresh token may count once: another process that finds the spent one in the
 * store would use it, and the server then revokes all tokens. The tries end with a success, with newer tokens, or after 13 s.
 */
export class LateWrites {
  readonly #environment: Environment;
  /** The number of the tokens that are to be written. */
  #turn = 0;
  #isHurried = false;
  #endPause: (() => void) | undefined;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** There are newer tokens, or none are to be written any more. */
  end(): void {
    this.#turn += 1;
    this.#endPause?.();
  }

  /** Tries once more, at once. */
  hurry(): void {
    this.#isHurried = true;
    this.#endPause?.();
  }

  /**
   * Tries to write again and again. Never rejects.
   * @param write as that of a store; resolves with undefined if the store has failed again
   * @param done called with the result, unless there are newer tokens
   */
  async begin(write: () => Promise<boolean | undefined>, done: (written: boolean) => void): Promise<void> {
    this.end();
    const turn = this.#turn;
    this.#isHurried = false;
    for (const duration of PAUSES) {
      if (!this.#isHurried) await this.#pause(duration);
      if (turn !== this.#turn) return;
      const isLast = this.#isHurried;
      const written = await write();
      if (turn !== this.#turn) return;
      if (written !== undefined) done(written);
      if (written !== undefined || isLast) return;
    }
  }

  #pause(duration: number): Promise<void> {
    return new Promise((resolve) => {
      const timer: TimerHandle = this.#environment.setTimeout(() => {
        this.#endPause?.();
      }, duration);
      // It is no reason for the program to go on.
      this.#environment.hold?.(timer, false);
      this.#endPause = () => {
        this.#endPause = undefined;
        this.#environment.clearTimeout(timer);
        resolve();
      };
    });
  }
}
