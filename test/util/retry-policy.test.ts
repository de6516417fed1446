import {
  askedDelay,
  backoffDelay,
  LONGEST_RETRY_AFTER,
  reopeningDelay,
  retryDelay,
} from '../../src/util/retry-policy.js';

import { failure } from '../../src/util/failure.js';

const POLICY = { delay: 1_000, maxDelay: 30_000 };

describe('the time between attempts', () => {
  test('doubles with each failure, up to the longest, and randomness shortens it', () => {
    expect([1, 2, 3, 5, 6, 7, 1_000].map((failures) => backoffDelay(POLICY, failures, 1))).toEqual([
      1_000, 2_000, 4_000, 16_000, 30_000, 30_000, 30_000,
    ]);
    expect(backoffDelay(POLICY, 3, 0.25)).toBe(1_000);
  });
});

describe('the time until a server is tried again that asked to be left alone', () => {
  const refusal = (details: object): ReturnType<typeof failure> =>
    failure('transport', 'MCP_HTTP_STATUS', 'later', { details: { status: 503, ...details } });

  test('is the one that it asked for, or that of the policy where that is longer', () => {
    expect(retryDelay(POLICY, 1, 0.5, 7_000)).toBe(7_000);
    expect(retryDelay(POLICY, 1, 0.5, 0)).toBe(500);
    expect(retryDelay(POLICY, 4, 1, 7_000)).toBe(8_000);
    expect(retryDelay(POLICY, 1, 0.5, undefined)).toBe(500);
  });

  test('is no longer than five minutes', () => {
    expect(askedDelay(refusal({ retryAfter: 7_000 }))).toBe(7_000);
    expect(askedDelay(refusal({ retryAfter: 86_400_000 }))).toBe(LONGEST_RETRY_AFTER);
    expect(LONGEST_RETRY_AFTER).toBe(300_000);
  });

  test('is unknown where the server did not ask', () => {
    expect([undefined, refusal({}), refusal({ retryAfter: '7' })].map(askedDelay)).toEqual(Array(3).fill(undefined));
  });
});

describe('the time until a stream is opened again', () => {
  test('is what the server wished, or grows with the failures when it wished nothing', () => {
    expect(reopeningDelay(POLICY, 1, 0.5, 3_000)).toBe(3_000);
    expect(reopeningDelay(POLICY, 1, 0.5, undefined)).toBe(500);
    expect(reopeningDelay(POLICY, 4, 0.5, undefined)).toBe(4_000);
  });

  test('is the longer of the two when the server cannot be reached', () => {
    expect(reopeningDelay(POLICY, 4, 0.5, 500)).toBe(4_000);
    expect(reopeningDelay(POLICY, 4, 0.5, 60_000)).toBe(60_000);
  });

  test.each([0, 1, -5])('is not nothing when the server wishes %d ms', (wished) => {
    expect(reopeningDelay(POLICY, 1, 0.5, wished)).toBe(100);
  });

  test('is not nothing when the dice say so', () => {
    expect(reopeningDelay(POLICY, 1, 0, undefined)).toBe(100);
  });

  test.each([2 ** 31, 1e300, Infinity])('is no longer than a timer can wait when the server wishes %d ms', (wished) => {
    expect(reopeningDelay(POLICY, 1, 0.5, wished)).toBe(2 ** 31 - 1);
  });
});
