/** What an object or an array takes besides what is in it, and a value in it. About what V8 takes, in bytes. */
const CONTAINER = 32;
const MEMBER = 8;
const TEXT = 16;
/** A message has fewer objects and arrays. Only values of this process can go on: they may contain themselves. */
const MOST_OF_MESSAGE = 1_000_000;

/**
 * About how many bytes of memory a value of JSON takes: one for each character, and some for each value. Counting takes less than the checks
 * that every result passes, and goes as deep as the value does. A value that contains itself has an end, too.
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
