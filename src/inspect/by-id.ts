/** Slots of the ring. */
const SLOTS = 1_024;

/**
 * Values by ids that grow by one, as those of requests do. What comes and goes by the thousand is in a ring, since a map would leave garbage
 * behind that outlives it; what stays while the ring goes round is in a map.
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
