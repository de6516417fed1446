import { ById } from '../../src/inspect/by-id.js';

test('whatever comes and goes is found by its id, and by no other, as in a map', () => {
  const byId = new ById<{ id: number }>();
  const map = new Map<unknown, { id: number }>();
  const wrong: unknown[] = [];
  const check = (id: unknown): void => {
    if (byId.get(id) !== map.get(id)) wrong.push(id);
  };
  for (let id = 1; id < 10_000; id += 1) {
    const value = { id };
    byId.set(id, value);
    map.set(id, value);
    // Some stay for long, some for ever, and most for a moment.
    const gone = id % 7 === 0 ? id - 3_000 : id % 501 === 0 ? 0 : id - 5;
    byId.delete(gone);
    map.delete(gone);
    for (const one of [id, id - 1, id - 5, id - 1_024, id - 2_048, gone, 501]) check(one);
  }
  for (let id = 0; id < 10_000; id += 1) check(id);
  expect(wrong).toEqual([]);
});

test('an id of any kind will do, and none is none', () => {
  const byId = new ById<object>();
  const [one, other] = [{}, {}];
  byId.set('a', one);
  byId.set('b', other);
  expect([byId.get('a'), byId.get('b'), byId.get(undefined), byId.get(0)]).toEqual([one, other, undefined, undefined]);
  byId.delete(undefined);
  byId.delete('b');
  expect([byId.get('a'), byId.get('b')]).toEqual([one, undefined]);
});
