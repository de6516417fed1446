/** The number of slots of the ring buffer. */
const SLOTS = 1_024;

/**
 * A map with ids that increase by one, such as request ids. Values are in a ring buffer, because a map with many insertions and deletions
 * leaves long-lived garbage. A value that is still there when its slot is needed again moves to a map.
 */
export class ById<Value extends object> {
  readonly #ids = new Array<unknown>(SLOTS).fill(undefined);
  readonly #values = new Array<Value | undefined>(SLOTS).fill(undefined);
  readonly #rest = new Map<unknown, Value>();

  set(id: unknown, value: Value): void {
    const slot = slotOf(id);
    const before = this.#values[slot];
    if (before !== undefined && this.#ids[slot] !== id) this.#rest.set(this.#ids[slot], before);
    this.#ids[slot] = id;
    this.#values[slot] = value;
  }

  get(id: unknown): Value | undefined {
    const slot = slotOf(id);
    return this.#ids[slot] === id ? this.#values[slot] : this.#rest.get(id);
  }

  delete(id: unknown): void {
    const slot = slotOf(id);
    if (this.#ids[slot] === id) this.#values[slot] = this.#ids[slot] = undefined;
    else this.#rest.delete(id);
  }
}

function slotOf(id: unknown): number {
  return typeof id === 'number' ? id & (SLOTS - 1) : 0;
}
