import { failure } from './failure.js';
import type { Delivery, Failure } from './failure.js';

/** The default of `limits.maxHeldBytes`: eight of the longest messages. 256 MiB. */
export const DEFAULT_MAX_HELD_BYTES = 256 * 1024 * 1024;

/** The default of `limits.maxPendingReplies`. */
export const DEFAULT_MAX_PENDING_REPLIES = 1_000;

/** The limits of a {@link Budget}. */
export interface BudgetLimits {
  /** The most bytes held at the same time. */
  readonly maxHeldBytes?: number | undefined;
  /** The most replies waiting to be written at the same time. */
  readonly maxPendingReplies?: number | undefined;
}

/**
 * The memory budget of one connection. Everything that holds bytes of the server, or messages to it, takes bytes from the budget first and gives
 * them back later: bodies, lines, lists, queued messages.
 */
export class Budget {
  /** The most bytes held at the same time. */
  readonly maxHeldBytes: number;
  /** The most replies waiting to be written at the same time. */
  readonly maxPendingReplies: number;
  /** The number of replies waiting to be written. */
  pendingReplies = 0;
  #held = 0;

  constructor(limits: BudgetLimits = {}) {
    this.maxHeldBytes = limits.maxHeldBytes ?? DEFAULT_MAX_HELD_BYTES;
    this.maxPendingReplies = limits.maxPendingReplies ?? DEFAULT_MAX_PENDING_REPLIES;
  }

  /** The bytes held now. */
  get held(): number {
    return this.#held;
  }

  /** Whether the server must read replies before the client responds to more requests. */
  get repliesExhausted(): boolean {
    return this.pendingReplies >= this.maxPendingReplies;
  }

  /** Takes bytes. Returns false, and takes none, if that would exceed the limit. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.maxHeldBytes) return false;
    this.#held += bytes;
    return true;
  }

  /** Gives bytes back. */
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
