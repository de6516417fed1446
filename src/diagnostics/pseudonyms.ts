/** Longer texts are remembered by their length and a hash, since they may be megabytes. */
const LONGEST_REMEMBERED = 100;

/** Pseudonyms of numbers begin here, so that nobody takes them for real ones. */
const FIRST_NUMBER = 9_000_000;

/**
 * Gives each secret a name that says nothing but its length, the same one each time. Remembers the secrets in two halves: when the newer
 * one is full the older is forgotten, but for what was used meanwhile.
 */
export class Pseudonyms {
  readonly #half: number;
  #newer = new Map<string, number>();
  #older = new Map<string, number>();
  #texts = 0;
  #numbers = 0;

  constructor(remember: number) {
    this.#half = Math.max(remember, 1);
  }

  /** `s7:24` for the seventh different text, of 24 characters. */
  of(text: string): string {
    const key = text.length <= LONGEST_REMEMBERED ? `=${text}` : `#${text.length} ${hash(text)}`;
    return `s${this.#nameOf(key, () => (this.#texts += 1))}:${text.length}`;
  }

  /** A number for a number: an integer for an integer, and the sign stays. */
  ofNumber(number: number): number {
    const known = this.#nameOf(`n${Math.abs(number)}`, () => (this.#numbers += 1));
    return Math.sign(number) * (FIRST_NUMBER + known + (Number.isInteger(number) ? 0 : 0.5));
  }

  #nameOf(key: string, next: () => number): number {
    const found = this.#newer.get(key);
    if (found !== undefined) return found;
    const known = this.#older.get(key) ?? next();
    if (this.#newer.size >= this.#half) {
      this.#older = this.#newer;
      this.#newer = new Map();
    }
    this.#newer.set(key, known);
    return known;
  }
}

/** Two hashes of 32 bits in one text: enough to tell texts of one length apart by accident, not by ill will. */
function hash(text: string): string {
  let one = 0x811c9dc5;
  let other = 0x9e3779b9;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    one = Math.imul(one ^ code, 0x01000193);
    other = Math.imul(other ^ code, 0x85ebca6b) + 1;
  }
  return `${(one >>> 0).toString(36)} ${(other >>> 0).toString(36)}`;
}
