/** The middle one of some numbers. */
export function median(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The medians of the fields of some objects that have the same fields, all of them numbers. */
export function medians(objects) {
  const fields = Object.keys(objects[0]);
  return Object.fromEntries(fields.map((field) => [field, median(objects.map((one) => one[field]))]));
}

/**
 * Lets each of some names have its turn in every round, the first of the round being another each time, so that whatever else the
 * machine does meets all of them alike. Returns the medians of what `measure(name)` found, by name.
 */
export async function interleaved(names, rounds, measure) {
  const found = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(round + turn) % names.length];
      found[name].push(await measure(name));
    }
  }
  return Object.fromEntries(names.map((name) => [name, medians(found[name])]));
}
