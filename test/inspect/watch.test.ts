import { Watch } from '../../src/inspect/watch.js';
import type { InspectRecord } from '../../src/inspect/records.js';
import { SimulatedEnvironment } from '../../src/testing/index.js';

/** How many records a second are made of so many clients that all have much to tell, after a while. */
async function recordsOf(clients: number): Promise<number> {
  const environment = new SimulatedEnvironment();
  const published: InspectRecord[] = [];
  const watch = new Watch({ history: 1_000, redact: true, environment }, (records) =>
    published.push(...records.map((record) => JSON.parse(record) as InspectRecord)),
  );
  const watchers = Array.from({ length: clients }, () => watch.attach({ name: undefined, transport: 'x' }));
  const live = async (seconds: number): Promise<void> => {
    for (let tick = 0; tick < seconds * 20; tick += 1) {
      for (const watcher of watchers)
        for (let count = 0; count < 10; count += 1) watcher.tap({ type: 'link.opening', at: 0, epoch: 1 });
      await environment.advance(50);
    }
  };
  await live(5);
  published.length = 0;
  await live(10);
  watch.close();
  return published.filter(({ k }) => k === 'link').length / 10;
}

test('a few clients are shown as if each were alone, and many share what they may', async () => {
  const [one, few, many] = [await recordsOf(1), await recordsOf(4), await recordsOf(40)];
  expect(one).toBeCloseTo(60, -1);
  expect(few).toBeCloseTo(4 * one, -2);
  expect(many).toBeLessThan(1.2 * few);
  expect(many).toBeGreaterThan(0.8 * few);
});
