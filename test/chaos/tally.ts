import { MCPError } from '../../src/index.js';

/** A call, how it ended, and whether it only reads. */
export interface Outcome {
  readonly key: string;
  readonly reads: boolean;
  readonly error?: unknown;
}

/** Counts the outcomes of calls whose server was killed, and reports what must not happen. */
export class Tally {
  readonly counts = { answered: 0, unknown: 0, notSent: 0 };
  readonly #complain: (what: string) => void;

  constructor(complain: (what: string) => void) {
    this.#complain = complain;
  }

  /** @param runs how often the server has run the call */
  judge({ key, reads, error }: Outcome, runs: number): void {
    const complain = this.#complain;
    if (!reads && runs > 1) complain(`${key} ran ${runs} times`);
    if (error === undefined) {
      this.counts.answered += 1;
      if (runs === 0) complain(`${key} was answered and never ran`);
    } else if (!MCPError.isInstance(error)) complain(`${key} failed in another way`);
    else if (error.code === 'MCP_TIMEOUT') complain(`${key} hung: ${String(error)}`);
    else if (reads) complain(`${key} only reads and failed: ${String(error)}`);
    else if (error.delivery === 'unknown') this.counts.unknown += 1;
    else if (error.delivery !== 'not-sent') complain(`${key} failed: ${String(error)}`);
    else {
      this.counts.notSent += 1;
      if (runs > 0) complain(`${key} was reported not-sent and ran`);
    }
  }
}
