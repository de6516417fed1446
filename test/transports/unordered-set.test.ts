import { Roster } from '../../src/transports/unordered-set.js';

function member(name: string): { readonly name: string; place: number } {
  return { name, place: -1 };
}

function names(roster: Roster<ReturnType<typeof member>>): string[] {
  return roster.all().map(({ name }) => name);
}

describe('A roster', () => {
  it('holds what was added and not removed, whichever leaves first', () => {
    const roster = new Roster<ReturnType<typeof member>>();
    const members = ['a', 'b', 'c', 'd'].map(member);
    for (const one of members) roster.add(one);
    const [a, b, c, d] = members as [
      (typeof members)[0],
      (typeof members)[0],
      (typeof members)[0],
      (typeof members)[0],
    ];
    roster.remove(b);
    expect(names(roster).sort()).toEqual(['a', 'c', 'd']);
    roster.remove(d);
    expect(names(roster).sort()).toEqual(['a', 'c']);
    roster.remove(a);
    roster.add(b);
    roster.remove(c);
    expect(names(roster)).toEqual(['b']);
    expect(roster.size).toBe(1);
  });

  it('lets go of a member once, and of a stranger not at all', () => {
    const roster = new Roster<ReturnType<typeof member>>();
    const one = member('one');
    const other = member('other');
    roster.add(one);
    roster.add(other);
    roster.remove(member('stranger'));
    roster.remove(one);
    roster.remove(one);
    expect(names(roster)).toEqual(['other']);
  });

  it('shows all that were there, however many leave meanwhile', () => {
    const roster = new Roster<ReturnType<typeof member>>();
    for (const name of ['a', 'b', 'c']) roster.add(member(name));
    const seen: string[] = [];
    for (const one of roster.all()) {
      seen.push(one.name);
      roster.remove(one);
    }
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(roster.size).toBe(0);
  });
});
