import type { InspectRecord, World } from '../../src/inspect/records.js';
import { apply, copyWorld, emptyWorld } from '../../src/inspect/world.js';
import { Story } from '../../visualizations/inspector/story.js';

/** What a client tells whose requests come and go, and whose connection walks in circles. */
function records(many: number): InspectRecord[] {
  const all: InspectRecord[] = [];
  const add = (happening: object): void => {
    const n = all.length + 1;
    all.push({ n, at: 1_000 + n * 3, c: 1, ...happening } as InspectRecord);
  };
  add({ k: 'client', name: 'one', transport: 'MemoryTransport' });
  add({ k: 'actor', a: 1, id: 'connection', chart: 'connection', since: 1_000 });
  for (let a = 2; all.length < many; a += 1) {
    const request = { method: 'tools/call', about: `tool-${a % 7}`, own: a % 5 === 0 };
    add({ k: 'actor', a, parent: 1, id: 'request', chart: 'request', since: 1_000 + all.length * 3, request });
    add({ k: 'step', a, e: 'dispatch', v: ['request.inFlight.waiting'] });
    add({
      k: 'step',
      a: 1,
      e: 'x',
      v: [`connection.${a % 2 === 0 ? 'ready' : 'lost'}`],
      tag: a % 2 === 0 ? 'ready' : 'lost',
    });
    // Some never end, as far as is known.
    if (a % 50 !== 0) add({ k: 'step', a, e: 'answer', v: ['request.succeeded'], end: 'done' });
  }
  return all.slice(0, many);
}

function told(all: readonly InspectRecord[], base: World = emptyWorld()): Story {
  const story = new Story();
  story.take({ t: 'hello', run: 'r', base, records: all.slice(0, 10), now: 0 });
  for (let at = 10; at < all.length; at += 777) story.take({ t: 'records', records: all.slice(at, at + 777), now: 0 });
  return story;
}

function folded(all: readonly InspectRecord[]): World {
  const world = emptyWorld();
  for (const record of all) apply(world, record);
  return world;
}

test('the world at any moment is what the records up to then make of it, in whatever order the moments are visited', () => {
  const all = records(5_000);
  const story = told(all);
  expect(story.live).toEqual(folded(all));
  for (const index of [1, 2, 3, 999, 1_000, 1_001, 4_999, 2_500, 2_501, 2_499, 0, 5_000, 17]) {
    expect(story.worldAt(index)).toEqual(index === 5_000 ? folded(all) : folded(all.slice(0, index)));
  }
});

test('going back changes nothing of the present', () => {
  const all = records(3_000);
  const story = told(all);
  const before = structuredClone(story.live);
  for (const index of [10, 1_500, 2_999]) story.worldAt(index);
  expect(story.live).toEqual(before);
});

test('the moment of a time is after the last record that is not later', () => {
  const all = records(2_000);
  const story = told(all);
  expect(story.indexAt(0)).toBe(0);
  expect(story.indexAt(all[0]?.at ?? 0)).toBe(1);
  expect(story.indexAt((all[99]?.at ?? 0) + 1)).toBe(100);
  expect(story.indexAt(Infinity)).toBe(2_000);
});

test('what the page forgets is in the world that it starts from then, and it goes on knowing the actors that are left', () => {
  const all = records(50_000);
  const story = told(all);
  expect(story.records.length).toBeLessThanOrEqual(40_000);
  const forgotten = all.length - story.records.length;
  expect(story.worldAt(0)).toEqual(folded(all.slice(0, forgotten)));
  expect(story.worldAt(12_345)).toEqual(folded(all.slice(0, forgotten + 12_345)));
  expect(story.live).toEqual(folded(all));
  // Few live for ever; of the others only those that the records speak of are remembered.
  expect(story.actors.size).toBeLessThan(12_000);
  for (const record of story.records) if ('a' in record) expect(story.actors.has(record.a)).toBe(true);
});

test('a second greeting makes everything before it void', () => {
  const story = told(records(100));
  const { version } = story;
  story.take({ t: 'hello', run: 'other', base: emptyWorld(), records: [], now: 0 });
  expect(story.version).not.toBe(version);
  expect([story.records, story.live, story.actors.size, story.run]).toEqual([[], emptyWorld(), 0, 'other']);
});

test('a copy of the world is not touched by what happens next', () => {
  const all = records(200);
  const world = folded(all.slice(0, 100));
  const copy = copyWorld(world);
  const before = structuredClone(copy);
  for (const record of all.slice(100)) apply(world, record);
  expect(copy).toEqual(before);
});
