import type { RequestRecord } from './request-record.js';

/** The requests that wait to be sent, in order. One that waits no longer leaves a gap, so that leaving costs nothing. */
export class RequestQueue {
  #places: RequestRecord[] = [];
  #size = 0;

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  add(record: RequestRecord): void {
    // Those that were given up while they waited are dropped in bulk, so that a long wait does not pile them up.
    if (this.#places.length > 2 * this.#size + 64) this.#closeGaps();
    record.place = this.#places.push(record) - 1;
    this.#size += 1;
  }

  remove(record: RequestRecord): void {
    record.place = -1;
    this.#size -= 1;
  }

  /** Hands on those that wait, the longest waiting first, for as long as `take` says true; also those that come meanwhile. */
  drain(take: (record: RequestRecord) => boolean): void {
    for (let at = 0; at < this.#places.length; at += 1) {
      const record = this.#places[at] as RequestRecord;
      if (record.place === at && !take(record)) break;
    }
    this.#closeGaps();
  }

  /** Those that wait, to be ended. */
  takeAll(): RequestRecord[] {
    const all = this.#places.filter((record, at) => record.place === at);
    this.#places = [];
    return all;
  }

  /** Forgets all of them. */
  clear(): void {
    this.#places = [];
    this.#size = 0;
  }

  /** Drops the places of those that wait no longer. A record may wait again by now, at a later place. */
  #closeGaps(): void {
    if (this.#size === 0) {
      this.#places.length = 0;
      return;
    }
    this.#places = this.#places.filter((record, at) => record.place === at);
    this.#places.forEach((record, at) => {
      record.place = at;
    });
  }
}
