import { LatencyWindow } from '../../src/diagnostics/latency-window.js';

function windowOf(latencies: readonly number[]): LatencyWindow {
  const window = new LatencyWindow();
  for (const latency of latencies) window.add(latency);
  return window;
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1);

describe('the latencies of the last answers', () => {
  test('are unknown before the first', () => {
    expect(windowOf([]).quantiles).toBeUndefined();
  });

  test('are that of the only one', () => {
    expect(windowOf([7]).quantiles).toEqual({ count: 1, p50: 7, p90: 7, p99: 7 });
  });

  test('are told by their ranks, in whatever order they came', () => {
    expect(windowOf([3, 1, 2]).quantiles).toEqual({ count: 3, p50: 2, p90: 3, p99: 3 });
    expect(windowOf(upTo(100).reverse()).quantiles).toEqual({ count: 100, p50: 50, p90: 90, p99: 99 });
  });

  test('are sorted as numbers', () => {
    expect(windowOf([9, 10, 100, 1, 2]).quantiles?.p50).toBe(9);
  });

  test('are of the last 256, and to ask for them changes nothing', () => {
    const window = windowOf([...Array<number>(1_000).fill(1_000_000), ...upTo(256)]);
    const expected = { count: 256, p50: 128, p90: 231, p99: 254 };
    expect(window.quantiles).toEqual(expected);
    expect(window.quantiles).toEqual(expected);
    window.add(0);
    expect(window.quantiles).toEqual({ count: 256, p50: 128, p90: 231, p99: 254 });
    for (let time = 0; time < 255; time += 1) window.add(0);
    expect(window.quantiles).toEqual({ count: 256, p50: 0, p90: 0, p99: 0 });
  });
});
