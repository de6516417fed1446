/** Longer texts are stored as length and hash, since they may be megabytes. In characters. */
const LONGEST_REMEMBERED = 100;

/** The first pseudonym of a number, high enough to be recognised. */
const FIRST_NUMBER = 9_000_000;

/**
 * Maps each secret to a pseudonym that reveals only its length; equal secrets have equal pseudonyms. It keeps two generations of secrets: when
 * the newer one is full, the older one is dropped, except for secrets used since then.
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

  /** The pseudonym of a text: `s7:24` for the seventh different text, which has 24 characters. */
  of(text: string): string {
    const key = text.length <= LONGEST_REMEMBERED ? `=${text}` : `#${text.length} ${hash(text)}`;
    return `s${this.#nameOf(key, () => (this.#texts += 1))}:${text.length}`;
  }

  /** The pseudonym of a number: an integer for an integer, with the same sign. */
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

/** Two 32-bit hashes in one text: enough against accidental collisions, not against deliberate ones. */
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
