import { heldSize } from '../../src/util/held-size.js';
import { isDeeperThan } from '../../src/util/json-values.js';

/** Values that a transport in this process can hand over, and JSON cannot. */
function endless(): [string, object][] {
  const self: Record<string, unknown> = {};
  self.self = self;
  const pair: unknown[] = [];
  pair.push(pair, { pair });
  let diamond: object = {};
  for (let level = 0; level < 100; level += 1) diamond = { left: diamond, right: diamond };
  return [
    ['an object that contains itself', self],
    ['an array that contains itself twice', pair],
    ['one object on a hundred levels, twice on each', diamond],
  ];
}

test.each(endless())('heldSize() ends for %s', (_what, value) => {
  expect(heldSize(value)).toBeGreaterThan(0);
});

test.each(endless())('isDeeperThan() ends for %s', (_what, value) => {
  expect(isDeeperThan(value, 1_000)).toBe(!('left' in value));
});

test('heldSize() counts characters and values', () => {
  expect(heldSize({ text: 'x'.repeat(1_000) })).toBe(32 + 8 + 16 + 1_000);
  expect(heldSize('x')).toBe(17);
  expect(heldSize(5)).toBe(0);
});
