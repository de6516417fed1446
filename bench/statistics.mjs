/** The median. */
export function median(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The median of each field of objects with the same numeric fields. */
export function medians(objects) {
  const fields = Object.keys(objects[0]);
  return Object.fromEntries(fields.map((field) => [field, median(objects.map((one) => one[field]))]));
}

/**
 * Measures all names in each round, and begins each round with another name, so that other load on the machine affects all of them equally.
 * Returns the medians of the results of `measure(name)`, by name.
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
