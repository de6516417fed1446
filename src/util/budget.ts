import { failure } from './failure.js';
import type { Delivery, Failure } from './failure.js';

/** The default of `limits.maxHeldBytes`: eight of the longest messages. 256 MiB. */
export const DEFAULT_MAX_HELD_BYTES = 256 * 1024 * 1024;

/** The default of `limits.maxPendingReplies`. */
export const DEFAULT_MAX_PENDING_REPLIES = 1_000;

/** What a {@link Budget} allows. */
export interface BudgetLimits {
  /** The most bytes that are held at the same time. */
  readonly maxHeldBytes?: number | undefined;
  /** The most replies that wait to be written at the same time. */
  readonly maxPendingReplies?: number | undefined;
}

/**
 * What one connection may cost, and what it costs now. Everything that holds bytes of the server, or messages for it, takes them from here
 * first and gives them back when it lets go of them: bodies, lines, lists, queued messages. Counting costs nothing but an addition.
 */
export class Budget {
  /** The most bytes that are held at the same time. */
  readonly maxHeldBytes: number;
  /** The most replies that wait to be written at the same time. */
  readonly maxPendingReplies: number;
  /** How many replies wait to be written now. */
  pendingReplies = 0;
  #held = 0;

  constructor(limits: BudgetLimits = {}) {
    this.maxHeldBytes = limits.maxHeldBytes ?? DEFAULT_MAX_HELD_BYTES;
    this.maxPendingReplies = limits.maxPendingReplies ?? DEFAULT_MAX_PENDING_REPLIES;
  }

  /** How many bytes are held now. */
  get held(): number {
    return this.#held;
  }

  /** Whether the server has to read replies before it gets more of them. */
  get repliesExhausted(): boolean {
    return this.pendingReplies >= this.maxPendingReplies;
  }

  /** Takes bytes; false, and nothing is taken, when that would be too many. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.maxHeldBytes) return false;
    this.#held += bytes;
    return true;
  }

  /** Gives back bytes that were taken. */
  give(bytes: number): void {
    this.#held -= bytes;
  }

  /**
   * The failure of a call or message that {@link Budget.take} refused.
   * @param what the call or message, as the subject of a sentence
   */
  exhausted(what: string, delivery: Delivery | undefined): Failure {
    const [field, limit, held] = ['limits.maxHeldBytes', this.maxHeldBytes, this.#held];
    const message = `${what} does not fit into ${field}, ${limit}: the connection holds ${held} bytes already`;
    return failure('connection', 'MCP_MEMORY_LIMIT', message, { delivery, details: { field, limit, held } });
  }
}
