import type { ListName } from '../../protocol/cache-rules.js';

/** Listings that may share requests. */
interface Group {
  /** The common key of its listings. */
  readonly about: string;
  readonly number: number;
  /** The number of the listings of this tick that share no earlier request. */
  ofTick: number | undefined;
}

/** Numbers listings. Listings with a number in common may share responses. */
export class SharedListings {
  readonly #groups = new Map<ListName, Group>();
  #lastNumber = 0;
  #lastToken: string | undefined;
  #tokens = 0;

  /**
   * The numbers of a listing: one for all listings with the same `about` and token. With `uncached` there is first one for the listings of
   * this tick, so that the listing does not share the response to an earlier request.
   */
  numbersFor(name: ListName, token: string | undefined, about: readonly unknown[], uncached: boolean): number[] {
    if (token !== this.#lastToken) {
      this.#lastToken = token;
      this.#tokens += 1;
    }
    const key = [...about, this.#tokens].join();
    let group = this.#groups.get(name);
    if (group?.about !== key) {
      group = { about: key, number: this.#next(), ofTick: undefined };
      this.#groups.set(name, group);
    }
    if (!uncached) return [group.number];
    const ofTick = (group.ofTick ??= this.#next());
    const current = group;
    process.nextTick(() => {
      current.ofTick = undefined;
    });
    return [ofTick, group.number];
  }

  #next(): number {
    return (this.#lastNumber += 1);
  }
}
