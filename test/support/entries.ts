/** The path of each entry of the package below src, without its extension, by the name that programs import. */
export const ENTRIES = jest.requireActual<{ readonly ENTRIES: ReadonlyMap<string, string> }>(
  '../../scripts/entries.cjs',
).ENTRIES;
