import type { ClientView, World } from '../../src/inspect/records.js';
import type { Story } from './story.js';

/** The shown moment and client. */
export interface View {
  readonly story: Story;
  readonly world: World;
  /** The selected client; undefined if there is none. */
  readonly client: ClientView | undefined;
  /** The number of records until that moment. */
  readonly end: number;
  /** The moment. */
  readonly now: number;
  readonly live: boolean;
}

/** A part of the page. */
export interface Panel {
  update(view: View): void;
}

/** Rows that are made of records and updated with new records. */
export class Rows<Row extends { readonly n: number }> {
  readonly #make: (record: Story['records'][number], story: Story) => Row | undefined;
  #rows: Row[] = [];
  #seen = 0;
  #key = '';

  constructor(make: (record: Story['records'][number], story: Story) => Row | undefined) {
    this.#make = make;
  }

  /** All rows, and how many of them are visible at the shown moment. When `key` changes, the rows are made again. */
  sync({ story, end }: View, key: string): { readonly rows: readonly Row[]; readonly length: number } {
    const full = `${story.version} ${key}`;
    if (full !== this.#key) {
      this.#key = full;
      this.#rows = [];
      this.#seen = 0;
    }
    const { records } = story;
    for (; this.#seen < records.length; this.#seen += 1) {
      const record = records[this.#seen];
      const row = record === undefined ? undefined : this.#make(record, story);
      if (row !== undefined) this.#rows.push(row);
    }
    if (end >= records.length) return { rows: this.#rows, length: this.#rows.length };
    return { rows: this.#rows, length: countUpTo(this.#rows, records[end - 1]?.n ?? -1) };
  }
}

function countUpTo(rows: readonly { readonly n: number }[], n: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.n ?? 0) <= n) low = middle + 1;
    else high = middle;
  }
  return low;
}
