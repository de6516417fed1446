const PSEUDONYM = /^(?:‹s\d+:(\d+)›|redacted:s\d+:(\d+))$/;
/** Where pseudonyms of numbers begin. */
const FIRST_NUMBER = 9_000_000;

/**
 * Compares what was written down, perhaps under pseudonyms, with what happened again. A pseudonym is the same as itself, and as any one
 * text of its length: what a connection says by itself, such as a reason, is not in the recording in plain words.
 */
export class SameButForNames {
  readonly #known = new Map<unknown, unknown>();

  /** Whether both are the same as JSON. */
  same(written: unknown, happened: unknown): boolean {
    if (written === happened) return true;
    if (typeof written !== 'object' || written === null) return this.#sameLeaf(written, happened);
    if (typeof happened !== 'object' || happened === null) return false;
    if (Array.isArray(written) !== Array.isArray(happened)) return false;
    const keys = Object.keys(written);
    if (keys.length !== Object.keys(happened).length) return false;
    return keys.every((key) => {
      const other: unknown = Object.hasOwn(happened, key) ? (happened as Record<string, unknown>)[key] : NOTHING;
      return this.same((written as Record<string, unknown>)[key], other);
    });
  }

  #sameLeaf(written: unknown, happened: unknown): boolean {
    if (!couldBe(written, happened)) return false;
    const known = this.#known.get(written);
    if (known === undefined) this.#known.set(written, happened);
    return known === undefined || known === happened;
  }
}

const NOTHING = Symbol('nothing');

function couldBe(written: unknown, happened: unknown): boolean {
  if (typeof written === 'number') return Math.abs(written) > FIRST_NUMBER && typeof happened === 'number';
  if (typeof written !== 'string' || typeof happened !== 'string') return false;
  const [, length, uriLength] = PSEUDONYM.exec(written) ?? [];
  return happened.length === Number(length ?? uriLength);
}
