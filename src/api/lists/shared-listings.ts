import type { ListName } from '../../protocol/cache-rules.js';

/** Listings that may share requests. */
interface Group {
  /** What its listings have in common. */
  readonly about: string;
  readonly number: number;
  /** The number of the listings of this tick that must not be older. */
  ofTick: number | undefined;
}

/** Numbers listings: those with a number in common may share the responses of their requests. */
export class SharedListings {
  readonly #groups = new Map<ListName, Group>();
  #lastNumber = 0;
  #lastToken: string | undefined;
  #tokens = 0;

  /**
   * The numbers of a listing: one for all listings with the same `about` and token; with `anew`, first one for those of this tick, so that it
   * shares no response to a request that was sent before.
   */
  numbersFor(name: ListName, token: string | undefined, about: readonly unknown[], anew: boolean): number[] {
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
    if (!anew) return [group.number];
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
