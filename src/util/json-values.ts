// Servers nest what they send as deeply as they want: what looks into it must not recurse.

/** Values that are compared before two are taken for different: a message has fewer, and one that contains itself has no end. */
const MOST_COMPARED = 2 ** 25;

/** Objects and arrays of one level that are looked at without finding out whether some are the same. */
const MOST_OF_LEVEL = 10_000;

/** Whether two values are the same JSON, whatever the order of keys. Of any depth. */
export function isSameJson(one: unknown, other: unknown): boolean {
  const open: unknown[] = [one, other];
  for (let compared = 0; open.length > 0; compared += 1) {
    const right = open.pop();
    const left = open.pop();
    if (left === right) continue;
    if (!isContainer(left) || !isContainer(right) || compared > MOST_COMPARED) return false;
    const keys = Object.keys(left);
    if (Array.isArray(left) !== Array.isArray(right) || keys.length !== Object.keys(right).length) return false;
    for (const key of keys) {
      if (!Object.hasOwn(right, key)) return false;
      open.push(left[key], right[key]);
    }
  }
  return true;
}

/** Whether objects or arrays in a value are nested deeper than this many levels, the value itself being the first. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  let level = [value].filter(isContainer);
  for (let depth = 0; depth < levels && level.length > 0; depth += 1) {
    level = level.flatMap((one) => Object.values(one).filter(isContainer));
    // They may be the same ones again, in a value that contains itself.
    if (level.length > MOST_OF_LEVEL) level = [...new Set(level)];
  }
  return level.length > 0;
}

function isContainer(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
