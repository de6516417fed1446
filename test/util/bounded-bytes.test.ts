import { BoundedBytes } from '../../src/util/bounded-bytes.js';
import { Budget } from '../../src/util/budget.js';

const MIB = 1024 * 1024;

describe('bytes that are taken from a budget', () => {
  it('are returned when the piece is complete, discarded or released', () => {
    const budget = new Budget({ maxHeldBytes: 8 * MIB });
    const bytes = new BoundedBytes(4 * MIB, budget);
    for (let at = 0; at < 3; at += 1) bytes.push(Buffer.alloc(MIB, 'x'));
    expect(budget.held).toBeGreaterThanOrEqual(3 * MIB);
    expect(bytes.take()).toHaveLength(3 * MIB);
    expect(budget.held).toBe(0);
    bytes.push(Buffer.alloc(5 * MIB));
    expect(bytes.take()).toMatchObject({ limit: 4 * MIB, budget: undefined });
    bytes.push(Buffer.alloc(2 * MIB));
    bytes.clear();
    expect(budget.held).toBe(0);
  });

  it('are discarded, but for their edges, when a piece needs more than is left', () => {
    const budget = new Budget({ maxHeldBytes: MIB });
    const [first, second] = [new BoundedBytes(4 * MIB, budget), new BoundedBytes(4 * MIB, budget)];
    first.push(Buffer.alloc(MIB / 2, 'a'));
    second.push(Buffer.alloc(MIB, 'b'));
    expect(second.oversized).toMatchObject({ ended: false });
    expect(second.take()).toMatchObject({ received: MIB, head: 'b'.repeat(256), tail: 'b'.repeat(256), budget });
    expect(first.take()).toBe('a'.repeat(MIB / 2));
    expect(budget.held).toBe(0);
    second.push(Buffer.alloc(MIB / 2, 'c'));
    expect(second.take()).toBe('c'.repeat(MIB / 2));
  });

  it('are not counted up to 64 KiB, which is what a link may hold besides', () => {
    const budget = new Budget({ maxHeldBytes: 0 });
    const bytes = new BoundedBytes(MIB, budget);
    bytes.push(Buffer.alloc(64 * 1024, 'x'));
    expect(bytes.take()).toHaveLength(64 * 1024);
  });
});

test('a piece for which the budget gets tight is not copied with each of its chunks', () => {
  const budget = new Budget({ maxHeldBytes: 40 * MIB });
  let takes = 0;
  const take = budget.take.bind(budget);
  budget.take = (bytes) => {
    takes += 1;
    return take(bytes);
  };
  const piece = new BoundedBytes(32 * MIB, budget);
  const chunk = Buffer.alloc(2 * 1024);
  while (piece.oversized === undefined && piece.length < 31 * MIB) piece.push(chunk);
  expect(piece.oversized).toBeDefined();
  expect(takes).toBeLessThan(100);
  piece.clear();
  expect(budget.held).toBe(0);
});
