/** Bytes for an object or array itself, for each member and for each text: about what V8 uses. */
const CONTAINER = 32;
const MEMBER = 8;
const TEXT = 16;
/** No message has more objects and arrays. Beyond it cycles are detected, which only local values can have. */
const MOST_OF_MESSAGE = 1_000_000;

/**
 * Estimates the memory of a JSON value, in bytes: one for each character, and some for each value. It is cheaper than the checks of a result,
 * has no depth limit and handles cycles.
 */
export function heldSize(value: unknown): number {
  let size = sizeOfText(value);
  const left: object[] = typeof value === 'object' && value !== null ? [value] : [];
  const seen = new Set<object>();
  let count = 0;
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    count += 1;
    if (count > MOST_OF_MESSAGE) {
      if (seen.has(one)) continue;
      seen.add(one);
    }
    size += CONTAINER;
    for (const key in one) {
      const member = (one as Record<string, unknown>)[key];
      size += MEMBER + sizeOfText(member);
      if (typeof member === 'object' && member !== null) left.push(member);
    }
  }
  return size;
}

function sizeOfText(value: unknown): number {
  return typeof value === 'string' ? TEXT + value.length : 0;
}
