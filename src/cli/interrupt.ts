import { Interrupted } from './exit-codes.js';

/** How long a cancelled command may take to end after Ctrl+C, in ms. */
const PATIENCE = 2_000;
/** The longest interval of a timer of Node, in ms. */
const LONGEST_INTERVAL = 2_147_483_647;

/**
 * Turns Ctrl+C into an abort: the call is cancelled, the server is notified, and the command ends within 2 s. A second Ctrl+C ends it at once,
 * with the process groups of all servers, which the transport kills when this process exits.
 */
export class Interrupt {
  readonly #controller = new AbortController();
  readonly #exit: (code: number) => void;

  constructor(exit: (code: number) => void) {
    this.#exit = exit;
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => this.#received(name));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Rejects when the user interrupts the command. */
  async race<Result>(work: Promise<Result>): Promise<Result> {
    let stop: (() => void) | undefined;
    const interrupted = new Promise<never>((_resolve, reject) => {
      stop = () => reject(this.signal.reason as Interrupted);
      this.signal.addEventListener('abort', stop);
      if (this.signal.aborted) stop();
    });
    try {
      return await Promise.race([work, interrupted]);
    } finally {
      if (stop !== undefined) this.signal.removeEventListener('abort', stop);
    }
  }

  /** Waits for Ctrl+C, with which it rejects. Keeps the process alive meanwhile. */
  async untilInterrupted(): Promise<never> {
    const kept = setInterval(() => undefined, LONGEST_INTERVAL);
    try {
      return await this.race(new Promise<never>(() => undefined));
    } finally {
      clearInterval(kept);
    }
  }

  #received(name: NodeJS.Signals): void {
    const reason = new Interrupted(name);
    if (this.#controller.signal.aborted) return this.#exit(reason.exitCode);
    this.#controller.abort(reason);
    setTimeout(() => this.#exit(reason.exitCode), PATIENCE).unref();
  }
}
