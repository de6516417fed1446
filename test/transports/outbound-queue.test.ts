import { failure } from '../../src/util/failure.js';
import { OutboundQueue, requestIdOf } from '../../src/transports/outbound-queue.js';

const GONE = failure('transport', 'MCP_TRANSPORT_FAILED', 'gone', { delivery: 'not-sent' });

describe('OutboundQueue', () => {
  test('passes its messages on in order, and keeps the rest when the peer accepts no more', async () => {
    const queue = new OutboundQueue();
    const sent = ['a', 'b', 'c'].map(async (text, id) => queue.add(text, id).then(() => text));
    for (const text of queue.take()) if (text === 'b') break;
    expect(await Promise.all(sent.slice(0, 2))).toEqual(['a', 'b']);
    expect([queue.size, queue.length]).toEqual([1, 1]);
    expect([...queue.take()]).toEqual(['c']);
  });

  test('counts the characters that wait, whether they are taken, cancelled or cleared', async () => {
    const queue = new OutboundQueue();
    const sent = [1, 2, 3, undefined].map(async (id) => queue.add('x'.repeat(1_000), id));
    const outcomes = Promise.allSettled(sent);
    expect([queue.size, queue.length]).toEqual([4, 4_000]);
    expect(queue.cancel(2)).toBe(true);
    expect([queue.size, queue.length]).toEqual([3, 3_000]);
    for (const text of queue.take()) if (text !== '') break;
    expect([queue.size, queue.length]).toEqual([2, 2_000]);
    queue.clear(GONE);
    expect([queue.size, queue.length]).toEqual([0, 0]);
    const reasons = (await outcomes).map(
      (outcome) => (outcome.status === 'rejected' ? outcome.reason : undefined) as unknown,
    );
    expect(reasons).toMatchObject([undefined, { delivery: 'not-sent' }, GONE, GONE]);
  });

  test('keeps both of two requests with one id, and cancels the first', async () => {
    const queue = new OutboundQueue();
    const [first, second] = [queue.add('first', 1), queue.add('second', 1)];
    const outcome = expect(first).rejects.toMatchObject({ delivery: 'not-sent' });
    expect([queue.cancel(1), queue.cancel(1)]).toEqual([true, false]);
    await outcome;
    expect([...queue.take()]).toEqual(['second']);
    await second;
  });

  test('cancels none of 100,000 messages for another one, in time that does not grow with their number', async () => {
    const queue = new OutboundQueue();
    const sent = Array.from({ length: 100_000 }, async (_, id) => queue.add('x', id));
    const outcomes = Promise.allSettled(sent);
    for (let id = 1; id < 100_000; id += 1) queue.cancel(id);
    expect([...queue.take()]).toEqual(['x']);
    expect((await outcomes).filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

test('only a request has an id by which it can be cancelled', () => {
  expect(requestIdOf({ jsonrpc: '2.0', id: 0, method: 'ping' })).toBe(0);
  expect(requestIdOf({ jsonrpc: '2.0', method: 'notifications/initialized' })).toBeUndefined();
  expect(requestIdOf({ jsonrpc: '2.0', id: 1, result: {} })).toBeUndefined();
});
