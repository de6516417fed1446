import type { RequestRecord } from './request-record.js';

/** The requests that wait to be sent, in order. A request that leaves before its turn leaves a gap, so that leaving costs nothing. */
export class RequestQueue {
  #places: RequestRecord[] = [];
  /** The first place that `next` has not looked at. */
  #head = 0;
  #size = 0;

  /** How many requests wait. */
  get size(): number {
    return this.#size;
  }

  add(record: RequestRecord): void {
    // Gaps are closed in bulk, so that a long wait does not pile them up.
    if (this.#places.length > 2 * this.#size + 64) this.#closeGaps();
    record.place = this.#places.push(record) - 1;
    this.#size += 1;
  }

  remove(record: RequestRecord): void {
    record.place = -1;
    this.#size -= 1;
  }

  /** The request that waits longest and was not returned before. The caller removes it. */
  next(): RequestRecord | undefined {
    while (this.#head < this.#places.length) {
      const at = this.#head;
      const record = this.#places[at];
      this.#head += 1;
      if (record?.place === at) return record;
    }
    this.#places.length = this.#head = 0;
    return undefined;
  }

  /** The requests that wait, in order. */
  all(): RequestRecord[] {
    return this.#places.filter((record, at) => record.place === at);
  }

  /** Empties the queue. The returned requests still have to leave it. */
  takeAll(): RequestRecord[] {
    const all = this.all();
    this.#places = [];
    this.#head = 0;
    return all;
  }

  /** Forgets all requests. */
  clear(): void {
    this.takeAll();
    this.#size = 0;
  }

  /** Drops the places of requests that wait no longer. A record may wait again by now, at a later place. */
  #closeGaps(): void {
    this.#places = this.#places.filter((record, at) => record.place === at);
    this.#head = 0;
    this.#places.forEach((record, at) => {
      record.place = at;
    });
  }
}
