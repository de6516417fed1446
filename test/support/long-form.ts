/** Whether tests run in their long form: in CI, by hand with `CI=1 npm test`, and for the coverage of states. */
export const LONG = Boolean(process.env['CI'] ?? process.env['STATES_FILE']);

/** All items in the long form; in the short form `most` of them, evenly spread, the first included. */
export function sample<Item>(items: readonly Item[], most: number): readonly Item[] {
  if (LONG || items.length <= most) return items;
  return Array.from({ length: most }, (_, index) => items[Math.floor((index * items.length) / most)] as Item);
}
