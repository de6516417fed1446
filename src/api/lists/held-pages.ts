import type { Budget } from '../../util/budget.js';
import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import { heldSize } from '../../util/held-size.js';

interface Held {
  readonly size: number;
  /** How many lists contain it. */
  lists: number;
}

/** Counts the memory of list pages that are being read or are cached. A page that several lists share counts once. */
export class HeldPages {
  readonly #budget: Budget;
  readonly #maxListBytes: number;
  readonly #pages = new Map<object, Held>();

  /** @param maxListBytes the maximum size of all pages of one list */
  constructor(budget: Budget, maxListBytes: number) {
    this.#budget = budget;
    this.#maxListBytes = maxListBytes;
  }

  /** Begins a list. */
  begin(method: string): HeldList {
    return new HeldList(this, method, this.#maxListBytes);
  }

  /** Counts a page for one more list. Returns its size, or a failure if the budget is exhausted. */
  add(page: object, method: string): number | Failure {
    const known = this.#pages.get(page);
    if (known !== undefined) {
      known.lists += 1;
      return known.size;
    }
    const size = heldSize(page);
    if (!this.#budget.take(size)) return this.#budget.exhausted(`A page of ${method} of ${size} bytes`, 'answered');
    this.#pages.set(page, { size, lists: 1 });
    return size;
  }

  /** Removes a page from a list. */
  remove(page: object): void {
    const held = this.#pages.get(page);
    if (held === undefined) return;
    held.lists -= 1;
    if (held.lists > 0) return;
    this.#pages.delete(page);
    this.#budget.give(held.size);
  }
}

/** The pages of one list. */
export class HeldList {
  readonly #all: HeldPages;
  readonly #method: string;
  readonly #limit: number;
  #size = 0;
  #pages: object[] = [];

  constructor(all: HeldPages, method: string, limit: number) {
    this.#all = all;
    this.#method = method;
    this.#limit = limit;
  }

  /** Adds the next page. Returns a failure if the list or the budget is exceeded. */
  add(page: object): Failure | undefined {
    const size = this.#all.add(page, this.#method);
    if (typeof size !== 'number') return size;
    this.#pages.push(page);
    this.#size += size;
    return this.#size > this.#limit
      ? listTooLong(this.#method, this.#pages.length, this.#size, this.#limit)
      : undefined;
  }

  /** Returns the memory of the pages to the budget. */
  release(): void {
    for (const page of this.#pages) this.#all.remove(page);
    this.#pages = [];
  }
}

/** The failure of a list that exceeds `limits.maxListBytes`. */
export function listTooLong(method: string, pages: number, size: number, limit: number): Failure {
  const field = 'limits.maxListBytes';
  const message = `The list of ${method} is too long: about ${size} bytes in the first ${pages} pages, but ${field} is ${limit}`;
  return failure('protocol', 'MCP_PAGINATION', message, {
    delivery: 'answered',
    details: { method, field, limit, size, pages },
  });
}
