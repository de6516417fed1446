/** Whether tests run in their long form: in CI, or by hand with `CI=1 npm test`. */
export const LONG = Boolean(process.env['CI']);

/** All items in the long form; in the short form `most` of them, evenly spread, the first included. */
export function sample<Item>(items: readonly Item[], most: number): readonly Item[] {
  if (LONG || items.length <= most) return items;
  return Array.from({ length: most }, (_, index) => items[Math.floor((index * items.length) / most)] as Item);
}
