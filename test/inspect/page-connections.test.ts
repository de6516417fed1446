import { EventEmitter } from 'node:events';

import type { WebSocket } from 'ws';

import { PageConnections, PIECE } from '../../src/inspect/page-connections.js';
import { InspectHistory } from '../../src/inspect/history.js';
import type { InspectRecord, ServerMessage } from '../../src/inspect/records.js';

/** A page that takes what it is sent when it is told to. */
class SlowPage extends EventEmitter {
  readonly sent: ServerMessage[] = [];
  #taken: (() => void)[] = [];

  send(text: string, taken: () => void): void {
    this.sent.push(JSON.parse(text) as ServerMessage);
    this.#taken.push(taken);
  }

  /** Takes what is on its way, and what comes then, for so many times. */
  take(times = 1): void {
    for (let time = 0; time < times; time += 1) for (const taken of this.#taken.splice(0)) taken();
  }

  get onItsWay(): number {
    return this.#taken.length;
  }

  get numbers(): number[] {
    return this.sent.flatMap(({ records }) => records.map(({ n }) => n));
  }
}

function stage(limit: number): { audience: PageConnections; add: (count: number) => void; page: () => SlowPage } {
  const history = new InspectHistory(limit);
  const audience = new PageConnections(history, 'run', () => 0);
  let n = 0;
  return {
    audience,
    add: (count) => {
      const records = Array.from({ length: count }, (): InspectRecord => {
        n += 1;
        return { n, at: n, c: 1, k: 'link', epoch: 1, what: 'link.opened' };
      });
      audience.send(history.add(records), records[0]?.n ?? 0);
    },
    page: () => {
      const page = new SlowPage();
      audience.add(page as unknown as WebSocket);
      return page;
    },
  };
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

test('a page that fell behind goes on where it was, piece by piece, and misses nothing that is kept', () => {
  const { add, page } = stage(100_000);
  const slow = page();
  for (let batch = 0; batch < 30; batch += 1) add(100);
  // Not more than one message waits for it, however much happens.
  expect([slow.onItsWay, slow.sent.length]).toEqual([1, 1]);
  slow.take(100);
  expect(slow.numbers).toEqual(upTo(3_000));
  expect(slow.sent.map(({ t }) => t)).toEqual(['hello', ...Array.from({ length: 3_000 / PIECE }, () => 'records')]);
  expect(Math.max(...slow.sent.map(({ records }) => records.length))).toBe(PIECE);
  add(3);
  expect(slow.numbers).toEqual(upTo(3_003));
});

test('a page that comes late gets everything in pieces, with what happens meanwhile', () => {
  const { add, page } = stage(100_000);
  add(PIECE * 2 + 10);
  const late = page();
  expect(late.numbers).toEqual(upTo(PIECE));
  late.take();
  add(5);
  late.take(10);
  expect(late.numbers).toEqual(upTo(PIECE * 2 + 15));
  expect(late.sent.map(({ t }) => t)).toEqual(['hello', 'records', 'records']);
});

test('a page for which the next is forgotten starts afresh, and is told how much it has missed', () => {
  const { add, page } = stage(100);
  const slow = page();
  add(10);
  slow.take();
  for (let batch = 0; batch < 10; batch += 1) add(100);
  slow.take(10);
  const [, , again] = slow.sent;
  expect(again?.t).toBe('hello');
  const [gap, ...rest] = again?.records ?? [];
  const first = rest[0]?.n ?? 0;
  expect(gap).toEqual({ n: first - 1, at: first - 1, c: 0, k: 'gap', missed: first - 1 - 10 });
  expect(rest.map(({ n }) => n)).toEqual(upTo(1_010).slice(first - 1));
});

test('a page that has all gets what is new in one message, and one that is gone gets nothing', () => {
  const { audience, add, page } = stage(100);
  const [one, other] = [page(), page()];
  one.take();
  other.take();
  add(7);
  one.emit('close');
  one.take(3);
  other.take(3);
  add(1);
  expect([one.numbers, other.numbers, audience.size]).toEqual([upTo(7), upTo(8), 1]);
});
