import { attacked } from '../support/attacked.js';
import { LONG } from '../support/long-form.js';

describe('a program with a small heap survives a server', () => {
  test.each(['json-in-bytes', 'events-in-bytes'])(
    'that sends %s',
    async (attack) => {
      const report = await attacked({ attack, size: 1024 * 1024, heap: 48, calls: 1 });
      expect(report.outcomes).toEqual({ ok: 1 });
    },
    120_000,
  );

  test.each(['deaf-stdio', 'deaf-websocket'])(
    'that asks 300,000 times and reads nothing (%s)',
    async (attack) => {
      const { errors } = await attacked({ attack, size: 300_000, heap: 48 });
      expect(errors[0]).toMatchObject({ code: 'MCP_QUEUE_FULL' });
      expect(errors[0]?.message).toContain('limits.maxPendingReplies');
      expect(errors.at(-1)?.message).toMatch(/^1000 messages to the server were not sent: /);
      expect(errors.length).toBeLessThan(20);
    },
    120_000,
  );

  test('that has sixty pages of 20 MB', async () => {
    const report = await attacked({ attack: 'pages', size: 20_000_000, heap: 384, list: true });
    expect(report.outcomes).toEqual({ MCP_PAGINATION: 1 });
    const details = { field: 'limits.maxListBytes', limit: 64 * 1024 * 1024, method: 'tools/list' };
    expect(report.failure).toMatchObject({ delivery: 'answered', details });
  }, 120_000);

  test('that sends a hundred bodies of 20 MB at the same time', async () => {
    const calls = LONG ? 100 : 16;
    const report = await attacked({ attack: 'bodies', size: 20_000_000, heap: 64, calls });
    const { ok = 0, MCP_MEMORY_LIMIT: failed = 0 } = report.outcomes;
    expect(ok + failed).toBe(calls);
    expect(ok).toBeGreaterThan(0);
    const details = { field: 'limits.maxHeldBytes', limit: 256 * 1024 * 1024 };
    expect(report.failure).toMatchObject({ code: 'MCP_MEMORY_LIMIT', delivery: 'answered', details });
  }, 120_000);
});
