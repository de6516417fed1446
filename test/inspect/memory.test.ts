import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { InspectHistory } from '../../src/inspect/history.js';
import { Watch } from '../../src/inspect/watch.js';
import type { InspectRecord } from '../../src/inspect/records.js';
import { SimulatedEnvironment } from '../../src/testing/index.js';
import { LONG } from '../support/long-form.js';

/** How many messages of 100 000 characters are recorded. */
const MESSAGES = LONG ? 300 : 100;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** V8 lets go of the names of properties only after several collections. */
async function heapInUse(): Promise<number> {
  for (let round = 0; round < 4; round += 1) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}

test.each(['result', 'error', 'method', 'key', 'many'])(
  'records keep no long message alive: long text as %s',
  async (place) => {
    const environment = new SimulatedEnvironment();
    const watch = new Watch({ history: 20_000, redact: place === 'key', environment }, () => undefined);
    const watcher = watch.attach({ name: undefined, transport: 'x' });
    const messageOf = (index: number): object => {
      // JSON.parse makes texts of their own, as over a real transport.
      const long = JSON.parse(`"${String(index).padStart(100_000, 'a')}"`) as string;
      if (place === 'result') return { jsonrpc: '2.0', id: index, result: { content: [{ type: 'text', text: long }] } };
      if (place === 'error') return { jsonrpc: '2.0', id: index, error: { code: 1, message: long } };
      if (place === 'method') return { jsonrpc: '2.0', method: long, params: { name: long } };
      if (place === 'many') {
        const texts = Array.from({ length: 24 }, () => long);
        return { jsonrpc: '2.0', id: index, result: { texts, more: texts, most: texts, all: texts } };
      }
      return { jsonrpc: '2.0', method: 'x', params: { [long]: long } };
    };
    const before = await heapInUse();
    for (let index = 0; index < MESSAGES; index += 1) {
      watcher.tap({ type: 'message.in', at: 0, epoch: 1, about: undefined, message: messageOf(index) });
      await environment.advance(1_000);
    }
    expect(watch.history.records.length).toBeGreaterThan(MESSAGES);
    // The messages have 30 MB, or 10 MB in the short form.
    expect((await heapInUse()) - before).toBeLessThan(5_000_000);
    watch.close();
  },
);

describe('InspectHistory', () => {
  const record = (n: number, note: string): InspectRecord => ({ n, at: n, c: 1, k: 'link', epoch: n, what: 'x', note });

  test('forgets the oldest records when the text of all is larger than its limit', () => {
    const history = new InspectHistory(1_000, 10_000);
    history.add([{ n: 1, at: 1, c: 1, k: 'client', transport: 'x' }]);
    for (let n = 2; n <= 500; n += 1) {
      history.add([record(n, 'a'.repeat(n % 50 === 0 ? 5_000 : 10))]);
      const size = history.records.reduce((sum, text) => sum + text.length, 0);
      expect(size).toBeLessThanOrEqual(10_000);
      expect(history.base.n + history.records.length).toBe(n);
    }
    expect(history.base.clients[1]?.epoch).toBe(history.base.n);
  });

  test('forgets a single record that is larger than its limit', () => {
    const history = new InspectHistory(1_000, 100);
    history.add([record(1, 'a'.repeat(200))]);
    expect([history.records, history.base.n]).toEqual([[], 1]);
  });
});
