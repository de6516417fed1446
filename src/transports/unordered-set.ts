/** What can stand in a {@link UnorderedSet}. */
export interface UnorderedSetMember {
  /** Where it stands; -1 while it does not. Only the set sets it. */
  place: number;
}

/**
 * Things that come and go quickly, in no order. A map or a set would do, but for the tables that it outgrows: each holds on to what stood
 * in it and to the next one, so that sooner or later all that ever came is kept for the big collections of garbage.
 */
export class UnorderedSet<Member extends UnorderedSetMember> {
  readonly #members: Member[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** Takes in what is in no set. */
  add(member: Member): void {
    member.place = this.#members.push(member) - 1;
  }

  /** Lets go of a member; of anything else there is nothing to let go. */
  remove(member: Member): void {
    const { place } = member;
    if (this.#members[place] !== member) return;
    const last = this.#members.pop();
    if (last !== undefined && last !== member) {
      this.#members[place] = last;
      last.place = place;
    }
    member.place = -1;
  }

  /** One of those that are here now. */
  find(met: (member: Member) => boolean): Member | undefined {
    return this.#members.find(met);
  }

  /** All that are here now, however many leave while they are looked at. */
  all(): readonly Member[] {
    return [...this.#members];
  }
}
