import { UnorderedSet } from '../../src/transports/unordered-set.js';

function member(name: string): { readonly name: string; place: number } {
  return { name, place: -1 };
}

function names(set: UnorderedSet<ReturnType<typeof member>>): string[] {
  return set.all().map(({ name }) => name);
}

describe('A set', () => {
  it('holds what was added and not removed, whichever leaves first', () => {
    const set = new UnorderedSet<ReturnType<typeof member>>();
    const members = ['a', 'b', 'c', 'd'].map(member);
    for (const one of members) set.add(one);
    const [a, b, c, d] = members as [
      (typeof members)[0],
      (typeof members)[0],
      (typeof members)[0],
      (typeof members)[0],
    ];
    set.remove(b);
    expect(names(set).sort()).toEqual(['a', 'c', 'd']);
    set.remove(d);
    expect(names(set).sort()).toEqual(['a', 'c']);
    set.remove(a);
    set.add(b);
    set.remove(c);
    expect(names(set)).toEqual(['b']);
    expect(set.size).toBe(1);
  });

  it('removes a member once, and ignores values that it does not contain', () => {
    const set = new UnorderedSet<ReturnType<typeof member>>();
    const one = member('one');
    const other = member('other');
    set.add(one);
    set.add(other);
    set.remove(member('stranger'));
    set.remove(one);
    set.remove(one);
    expect(names(set)).toEqual(['other']);
  });

  it('shows all that were there, however many leave meanwhile', () => {
    const set = new UnorderedSet<ReturnType<typeof member>>();
    for (const name of ['a', 'b', 'c']) set.add(member(name));
    const seen: string[] = [];
    for (const one of set.all()) {
      seen.push(one.name);
      set.remove(one);
    }
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(set.size).toBe(0);
  });
});
