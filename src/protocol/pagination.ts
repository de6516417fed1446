import { failure } from '../util/failure.js';
import type { Failure } from '../util/failure.js';

/** The default of `limits.maxPages`. */
export const DEFAULT_MAX_PAGES = 1_000;

/** How many bytes of memory all pages of a list may take. 64 MiB. */
export const DEFAULT_MAX_LIST_BYTES = 64 * 1024 * 1024;

/**
 * Determines the next page of a list. A missing or null cursor ends the list, an empty string does not. A repeated cursor, or too many pages, is
 * an error of the server. 2026-07-28 server/utilities/pagination.
 */
export class PageTrail {
  readonly #seen = new Set<string>();
  readonly #method: string;
  readonly #maxPages: number;

  constructor(method: string, maxPages: number = DEFAULT_MAX_PAGES) {
    this.#method = method;
    this.#maxPages = maxPages;
  }

  /** How many pages were read. */
  get pages(): number {
    return this.#seen.size;
  }

  /** Whether the list was read from this cursor before. */
  saw(cursor: string | null | undefined): boolean {
    return cursor !== undefined && cursor !== null && this.#seen.has(cursor);
  }

  /** The next cursor, undefined at the end, or the failure. */
  next(cursor: string | null | undefined): string | Failure | undefined {
    if (cursor === undefined || cursor === null) return undefined;
    if (this.saw(cursor)) {
      return this.#fault(`${this.#method} returned a cursor twice, so its pages would never end`, {
        pages: this.#seen.size + 1,
      });
    }
    this.#seen.add(cursor);
    if (this.#seen.size >= this.#maxPages) {
      return this.#fault(
        `${this.#method} has more than ${this.#maxPages} pages, which is the limit \`limits.maxPages\``,
        {
          limit: this.#maxPages,
        },
      );
    }
    return cursor;
  }

  #fault(message: string, details: Readonly<Record<string, unknown>>): Failure {
    return failure('protocol', 'MCP_PAGINATION', message, {
      delivery: 'answered',
      details: { method: this.#method, ...details },
    });
  }
}
