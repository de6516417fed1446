import { attacked } from '../support/attacked.js';
import { compile } from '../support/compiled.js';
import type { Compiled } from '../support/compiled.js';

let library: Compiled;

beforeAll(() => {
  library = compile('index');
});

afterAll(() => {
  library.dispose();
});

describe('a program with a small heap survives a server', () => {
  test.each(['json-in-bytes', 'events-in-bytes'])(
    'that sends %s',
    async (attack) => {
      const report = await attacked(library, { attack, size: 1024 * 1024, heap: 48, calls: 1 });
      expect(report.outcomes).toEqual({ ok: 1 });
    },
    120_000,
  );

  test.each(['deaf-stdio', 'deaf-websocket'])(
    'that asks 300,000 times and reads nothing (%s)',
    async (attack) => {
      const { errors } = await attacked(library, { attack, size: 300_000, heap: 48 });
      expect(errors[0]).toMatchObject({ code: 'MCP_QUEUE_FULL' });
      expect(errors[0]?.message).toContain('limits.maxPendingReplies');
      expect(errors.at(-1)?.message).toMatch(/^1000 messages to the server were not sent: /);
      expect(errors.length).toBeLessThan(20);
    },
    120_000,
  );
});
