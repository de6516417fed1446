const PSEUDONYM = /^(?:‹s\d+:(\d+)›|redacted:s\d+:(\d+))$/;
/** Pseudonyms of numbers are larger than this. */
const FIRST_NUMERIC_PSEUDONYM = 9_000_000;

/**
 * Compares the entries of a recording, perhaps with pseudonyms, with those of its replay. A pseudonym equals itself. It also equals one
 * text of its length, always the same one: texts that the connection makes itself, such as reasons, are pseudonyms in the recording.
 */
export class RedactedComparison {
  readonly #known = new Map<unknown, unknown>();

  /** Whether both values are equal as JSON. */
  same(recorded: unknown, replayed: unknown): boolean {
    if (recorded === replayed) return true;
    if (typeof recorded !== 'object' || recorded === null) return this.#sameLeaf(recorded, replayed);
    if (typeof replayed !== 'object' || replayed === null) return false;
    if (Array.isArray(recorded) !== Array.isArray(replayed)) return false;
    const keys = Object.keys(recorded);
    if (keys.length !== Object.keys(replayed).length) return false;
    return keys.every((key) => {
      const other: unknown = Object.hasOwn(replayed, key) ? (replayed as Record<string, unknown>)[key] : NOTHING;
      return this.same((recorded as Record<string, unknown>)[key], other);
    });
  }

  #sameLeaf(recorded: unknown, replayed: unknown): boolean {
    if (!mayBePseudonym(recorded, replayed)) return false;
    const known = this.#known.get(recorded);
    if (known === undefined) this.#known.set(recorded, replayed);
    return known === undefined || known === replayed;
  }
}

const NOTHING = Symbol('nothing');

function mayBePseudonym(recorded: unknown, replayed: unknown): boolean {
  if (typeof recorded === 'number') return Math.abs(recorded) > FIRST_NUMERIC_PSEUDONYM && typeof replayed === 'number';
  if (typeof recorded !== 'string' || typeof replayed !== 'string') return false;
  const [, length, uriLength] = PSEUDONYM.exec(recorded) ?? [];
  return replayed.length === Number(length ?? uriLength);
}
