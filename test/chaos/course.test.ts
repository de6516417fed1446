import { memoryCourse } from './memory-course.js';

// What `npm run chaos` does thousands of times.
describe('a seeded schedule of calls, faults and deaths', () => {
  const seeds = Array.from({ length: 40 }, (_, index) => index + 1);

  test.each(seeds)('goes well with seed %d', async (seed) => {
    const { violations, counts } = await memoryCourse(seed);
    expect(violations).toEqual([]);
    expect(Object.keys(counts)).toContain('succeeded');
  });

  test('goes the same way whenever it is run with the same seed', async () => {
    for (const seed of seeds.slice(0, 10)) {
      const { log } = await memoryCourse(seed);
      expect(log.length).toBeGreaterThan(5);
      expect((await memoryCourse(seed)).log).toEqual(log);
    }
  });

  test('goes other ways with other seeds', async () => {
    const logs = await Promise.all(seeds.map(async (seed) => (await memoryCourse(seed)).log.join('\n')));
    expect(new Set(logs).size).toBe(seeds.length);
  });
});
