import type { ListName } from '../protocol/cache-rules.js';
import { LISTS } from '../protocol/cache-rules.js';
import type { RequestOptions } from './call-options.js';
import type { Catalogue, ListItems } from './catalogue.js';

/** The items of a list one by one; the next page is asked for only when it is reached. */
export async function* iterateList<Name extends ListName>(
  catalogue: Catalogue,
  name: Name,
  options: RequestOptions = {},
): AsyncGenerator<ListItems[Name], void, undefined> {
  for await (const page of catalogue.pages(name, options)) yield* page[LISTS[name].items] as ListItems[Name][];
}
