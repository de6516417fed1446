// Servers can nest values to any depth, so these functions do not recurse.

/** After this many comparisons two values count as different. A message has fewer values; a value with a cycle has no end. */
const MOST_COMPARED = 2 ** 25;

/** Above this number of objects in one level, duplicates are removed. */
const MOST_OF_LEVEL = 10_000;

/** Whether two values are the same JSON, regardless of the order of keys. Handles any depth. */
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

/** Whether a value has more than `levels` levels of objects and arrays. The value itself is the first level. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  let level = [value].filter(isContainer);
  for (let depth = 0; depth < levels && level.length > 0; depth += 1) {
    level = level.flatMap((one) => Object.values(one).filter(isContainer));
    // In a value with a cycle they are the same objects again.
    if (level.length > MOST_OF_LEVEL) level = [...new Set(level)];
  }
  return level.length > 0;
}

function isContainer(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
