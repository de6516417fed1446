import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { RequestQueue } from '../../../src/machines/request/request-queue.js';
import { RequestRecord } from '../../../src/machines/request/request-record.js';

/** Adds a request that is given up at once. */
function comeAndGo(queue: RequestQueue): WeakRef<RequestRecord> {
  const record = new RequestRecord();
  queue.add(record);
  queue.remove(record);
  return new WeakRef(record);
}

describe('RequestQueue', () => {
  it('returns its requests in order, without the requests that were removed', () => {
    const queue = new RequestQueue();
    const records = Array.from({ length: 300 }, () => new RequestRecord());
    for (const record of records) queue.add(record);
    for (const record of records.filter((_, at) => at % 3 !== 0)) queue.remove(record);
    queue.add(records[1] as RequestRecord);
    const taken: RequestRecord[] = [];
    for (let record = queue.next(); record !== undefined; record = queue.next()) {
      queue.remove(record);
      taken.push(record);
    }
    expect(taken).toEqual([...records.filter((_, at) => at % 3 === 0), records[1]]);
    expect(queue.size).toBe(0);
  });

  it('keeps nothing of requests that are given up while another one waits', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const queue = new RequestQueue();
    const waiting = new RequestRecord();
    queue.add(waiting);
    const gone = Array.from({ length: 2_000 }, () => comeAndGo(queue));
    // What a weak reference leads to stays until the end of the turn.
    await new Promise(setImmediate);
    collect();
    expect(gone.filter((one) => one.deref() !== undefined).length).toBeLessThan(100);
    expect(queue.takeAll()).toEqual([waiting]);
  });
});
