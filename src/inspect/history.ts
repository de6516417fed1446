import type { InspectRecord, World } from './records.js';
import { apply, emptyWorld } from './world.js';

/** Maximum size of all records, in UTF-16 code units. Records of maximum length reach it with the default `history`. */
const MAX_HISTORY_SIZE = 32 * 1024 * 1024;

/**
 * The last records, and the world before the first of them. Forgotten records are applied to that world. Records are kept as JSON: text has
 * an exact size, keeps no message alive, and is sent to pages as it is.
 */
export class InspectHistory {
  readonly #limit: number;
  readonly #maxSize: number;
  #base: World = emptyWorld();
  #records: string[] = [];
  #size = 0;

  /**
   * @param limit the number of records that are kept; up to an eighth more are
   * @param maxSize the most text that is kept; more than that is forgotten down to seven eighths, whatever `limit` says
   */
  constructor(limit: number, maxSize: number = MAX_HISTORY_SIZE) {
    this.#limit = limit;
    this.#maxSize = maxSize;
  }

  /** Adds records and returns them as JSON. */
  add(records: readonly InspectRecord[]): readonly string[] {
    const texts = records.map((record) => JSON.stringify(record));
    for (const text of texts) {
      this.#records.push(text);
      this.#size += text.length;
    }
    // In large steps, because each moves all that is kept.
    if (this.#size > this.#maxSize) this.#forget(this.#limit, (this.#maxSize * 7) / 8);
    else if (this.#records.length > this.#limit * 1.125) this.#forget(this.#limit, this.#maxSize);
    return texts;
  }

  /** Forgets the oldest records until what is left fits. */
  #forget(limit: number, maxSize: number): void {
    let count = 0;
    for (const text of this.#records) {
      if (this.#records.length - count <= limit && this.#size <= maxSize) break;
      this.#size -= text.length;
      apply(this.#base, JSON.parse(text) as InspectRecord);
      count += 1;
    }
    this.#records.splice(0, count);
  }

  /** The world before the first record that is kept. */
  get base(): World {
    return this.#base;
  }

  /** The records that are kept, as JSON. Their numbers follow that of {@link InspectHistory.base} without a gap. */
  get records(): readonly string[] {
    return this.#records;
  }
}
