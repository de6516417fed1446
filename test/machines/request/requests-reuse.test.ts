import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { RequestRecord } from '../../../src/machines/request/request-record.js';
import { failureOf, LOST, Registry } from '../../support/charts/registry.js';

/** Collects garbage until the target is gone, or gives up. */
async function isCollected(target: WeakRef<object>): Promise<boolean> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 10 && target.deref() !== undefined; round += 1) {
    // A promise job that ran holds on to its arguments until the turn is over.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    collect();
  }
  return target.deref() === undefined;
}

/** All records that `run` uses. */
function recordsUsedBy(run: () => void): RequestRecord[] {
  const start = jest.spyOn(RequestRecord.prototype, 'start');
  run();
  const used = new Set(start.mock.contexts as RequestRecord[]);
  start.mockRestore();
  return [...used];
}

describe('a request that reuses the parts of another', () => {
  it('takes the parts of the one that ended last', () => {
    const registry = Registry.flowing();
    const records = recordsUsedBy(() => {
      for (let count = 0; count < 100; count += 1) {
        registry.ask('a');
        registry.answer('a');
      }
    });
    expect(records).toHaveLength(1);
  });

  it('does not when reuse is off', () => {
    const registry = Registry.flowing({ pooled: false });
    const records = recordsUsedBy(() => {
      for (let count = 0; count < 100; count += 1) {
        registry.ask('a');
        registry.answer('a');
      }
    });
    expect(records).toHaveLength(100);
    expect(records.filter(({ actor }) => actor.getSnapshot().status !== 'done')).toEqual([]);
  });

  it('knows nothing of attempts, deadlines, signals and listeners of the other', async () => {
    const registry = Registry.flowing();
    const impatient = new AbortController();
    const progress: unknown[] = [];
    registry.ask('a', {
      repeatable: true,
      timeout: 1_000,
      totalDeadline: registry.environment.now() + 5_000,
      maxTotalTimeout: 5_000,
      signal: impatient.signal,
      onProgress: (one) => progress.push(one),
    });
    registry.lose();
    registry.flow();
    registry.answer('a');
    const [next] = [registry.ask('b')];
    impatient.abort();
    expect(registry.requests.inFlight.progressed({ progressToken: 3, progress: 1 })).toBe(false);
    await registry.environment.advance(60_000);
    expect(next.outcome).toBeUndefined();
    expect(progress).toEqual([]);
    // And it is not repeatable as the other was.
    registry.lose();
    await registry.settle();
    expect(failureOf(next)).toMatchObject({ ...LOST, delivery: 'unknown' });
  });

  it('is not given back twice, whatever comes after its end', async () => {
    const registry = Registry.flowing();
    const impatient = new AbortController();
    const records = recordsUsedBy(() => {
      registry.ask('a', { signal: impatient.signal });
      registry.answer('a');
      registry.answer('a');
      impatient.abort();
      registry.lose();
      registry.refuse();
      registry.flow();
      registry.ask('b');
      registry.ask('c');
    });
    expect(records).toHaveLength(2);
    registry.answer('b', { b: true });
    registry.answer('c', { c: true });
    expect(registry.requests.counts).toEqual({ inFlight: 0, queued: 0, asking: 0 });
  });

  it('after an abort before it began ends in peace', async () => {
    const registry = Registry.flowing();
    for (let count = 0; count < 3; count += 1) {
      const made = registry.ask('a', { signal: AbortSignal.abort('before'), timeout: 1_000 });
      await registry.settle();
      expect(made.outcome).toMatchObject({ reason: 'before' });
    }
    const next = registry.ask('b');
    registry.answer('b', { b: true });
    await registry.settle();
    expect(next.outcome).toEqual({ b: true });
    expect(registry.sentMethods).toEqual(['b']);
    expect(registry.environment.pending).toEqual([]);
  });
});

describe('what a request held', () => {
  it.each([true, false])('is let go of when it is over (actors reused: %p)', async (pooled) => {
    const registry = Registry.flowing({ pooled });
    const held = await (async () => {
      const params = { large: 'x' };
      const result = { content: ['y'] };
      const listener = (): void => undefined;
      const { signal } = new AbortController();
      const { promise } = registry.ask('a', { params, onProgress: listener, signal });
      registry.ask('b');
      registry.answer('a', result);
      registry.answer('b');
      await promise;
      registry.link.sent.length = 0;
      return [params, result, listener, signal, promise].map((one) => new WeakRef<object>(one));
    })();
    // Uses the parts of the second again: the first must let go by itself.
    registry.ask('c');
    for (const one of held) expect(await isCollected(one)).toBe(true);
  });

  it('is kept only for as many as are worth keeping after ten thousand at once', () => {
    const registry = Registry.flowing();
    const records = recordsUsedBy(() => {
      for (let count = 0; count < 10_000; count += 1) registry.ask('a');
    });
    for (const { id } of registry.link.requests)
      registry.requests.inFlight.answered({ jsonrpc: '2.0', id, result: {} });
    const alive = records.filter(({ actor }) => actor.getSnapshot().status === 'active');
    expect(alive.length).toBeGreaterThan(0);
    expect(alive.length).toBeLessThan(2_000);
    // Those that live are used again, those that ended are not.
    const again = recordsUsedBy(() => {
      for (let count = 0; count < alive.length; count += 1) registry.ask('b');
    });
    expect(new Set(again)).toEqual(new Set(alive));
  });
});
