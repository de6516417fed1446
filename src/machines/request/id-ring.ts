import { decimalNumber } from '../../util/decimal-text.js';
import type { RequestRecord } from './request-record.js';

/**
 * The requests in flight by id. Ids only ever grow, so a ring finds one by its low bits; unlike a map it leaves no garbage behind
 * when entries come and go.
 */
export class IdRing {
  #slots: (RequestRecord | undefined)[] = new Array<RequestRecord | undefined>(64).fill(undefined);
  #count = 0;
  #last: number;

  /** @param last the highest id that was used before */
  constructor(last = 0) {
    this.#last = last;
  }

  /** The highest id that was used. */
  get last(): number {
    return this.#last;
  }

  /** How many requests are in flight. */
  get size(): number {
    return this.#count;
  }

  /** Gives a request an id that was never used before. */
  add(record: RequestRecord): number {
    if (this.#count * 2 >= this.#slots.length) this.#grow();
    const mask = this.#slots.length - 1;
    let id = this.#last + 1;
    // A request that stays open for long keeps its slot, so this id is skipped.
    while (this.#slots[id & mask] !== undefined) id += 1;
    this.#last = id;
    this.#slots[id & mask] = record;
    this.#count += 1;
    record.id = id;
    return id;
  }

  /** The request with this id, also when the server writes the number as text. */
  get(id: unknown): RequestRecord | undefined {
    const number = decimalNumber(id);
    if (number === undefined) return undefined;
    const record = this.#slots[number & (this.#slots.length - 1)];
    return record?.id === number ? record : undefined;
  }

  /** Whether a request may have had this id: a few smaller ids were skipped. */
  wasGiven(id: unknown): boolean {
    const number = decimalNumber(id);
    return number !== undefined && number > 0 && number <= this.#last;
  }

  /** Frees the id of a request. */
  remove(record: RequestRecord): void {
    const slot = record.id & (this.#slots.length - 1);
    if (this.#slots[slot] !== record) return;
    this.#slots[slot] = undefined;
    this.#count -= 1;
  }

  /** Gives the id of a request to another one in flight, which loses its own. */
  pass(from: RequestRecord, to: RequestRecord): void {
    this.remove(to);
    to.id = from.id;
    this.#slots[from.id & (this.#slots.length - 1)] = to;
  }

  /** All requests in flight, in the order of their ids. */
  all(): RequestRecord[] {
    const records = this.#slots.filter((record) => record !== undefined);
    return records.sort((one, other) => one.id - other.id);
  }

  /** Forgets all of them. Their ids stay used. */
  clear(): void {
    this.#slots.fill(undefined);
    this.#count = 0;
  }

  #grow(): void {
    const records = this.all();
    this.#slots = new Array<RequestRecord | undefined>(this.#slots.length * 4).fill(undefined);
    for (const record of records) this.#slots[record.id & (this.#slots.length - 1)] = record;
  }
}
