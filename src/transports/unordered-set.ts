/** A member of an {@link UnorderedSet}. */
export interface UnorderedSetMember {
  /** Its index in the set; -1 outside of a set. Only the set changes it. */
  place: number;
}

/**
 * A set without an order, for members that are added and removed often. The tables of a `Map` or `Set` would keep removed members alive
 * until a major garbage collection.
 */
export class UnorderedSet<Member extends UnorderedSetMember> {
  readonly #members: Member[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** Adds a member that is in no set. */
  add(member: Member): void {
    member.place = this.#members.push(member) - 1;
  }

  /** Removes a member, if it is in the set. */
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

  /** The first member that meets a condition. */
  find(condition: (member: Member) => boolean): Member | undefined {
    return this.#members.find(condition);
  }

  /** A copy of all members, so that members can be removed during an iteration. */
  all(): readonly Member[] {
    return [...this.#members];
  }
}
