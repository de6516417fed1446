import type { InspectRecord, World } from './records.js';
import { apply, emptyWorld } from './world.js';

/** The last records, and the world before the first of them. What is forgotten goes on in that world. */
export class InspectHistory {
  readonly #limit: number;
  #base: World = emptyWorld();
  #records: InspectRecord[] = [];

  /** @param limit records that are kept at the least; up to an eighth more are */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(records: readonly InspectRecord[]): void {
    for (const record of records) this.#records.push(record);
    // In large steps, because each moves all that is kept.
    if (this.#records.length <= this.#limit * 1.125) return;
    const forgotten = this.#records.splice(0, this.#records.length - this.#limit);
    for (const record of forgotten) apply(this.#base, record);
  }

  get base(): World {
    return this.#base;
  }

  get records(): readonly InspectRecord[] {
    return this.#records;
  }
}
