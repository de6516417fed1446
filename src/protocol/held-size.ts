/** What an object or an array takes besides what is in it, and a value in it. About what V8 takes, in bytes. */
const CONTAINER = 32;
const MEMBER = 8;
const TEXT = 16;

/**
 * About how many bytes of memory a value of JSON takes: one for each character, and some for each value. Counting takes less than the checks
 * that every result passes, and goes as deep as the value does.
 */
export function heldSize(value: unknown): number {
  let size = sizeOfText(value);
  const left: object[] = typeof value === 'object' && value !== null ? [value] : [];
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
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
