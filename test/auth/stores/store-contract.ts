import type { TokenStore } from '../../../src/auth/index.js';
import { until } from '../../support/waiting.js';

/** Makes a store that shares its values with the others that this function makes in a test, as if it were of another process. */
export type StoreMaker = () => Promise<TokenStore>;

/** What every shared store must do. */
export function storeContract(name: string, make: StoreMaker): void {
  describe(`a store that is shared: ${name}`, () => {
    let store: TokenStore;
    let other: TokenStore;

    beforeEach(async () => {
      [store, other] = [await make(), await make()];
    });

    test('reads what another one has written, and nothing after it was deleted', async () => {
      expect(await store.read('grant/a/b')).toBeUndefined();
      expect(await store.write('grant/a/b', 'first')).toBe(true);
      expect(await other.read('grant/a/b')).toBe('first');
      expect(await other.write('grant/a/b', undefined)).toBe(true);
      expect(await store.read('grant/a/b')).toBeUndefined();
      expect(await store.write('grant/a/b', 'again')).toBe(true);
      expect(await other.read('grant/a/b')).toBe('again');
    });

    test('keeps values of any keys apart, and any text', async () => {
      const values = new Map(['grant/a', 'grant/A', 'grant/../a', 'ä/\0/\n', '', '*', 'x'.repeat(1_000)].entries());
      for (const [number, key] of values) await store.write(key, `"${number}" \n\u2028\ud83d\ude00`);
      for (const [number, key] of values) expect(await other.read(key)).toBe(`"${number}" \n\u2028\ud83d\ude00`);
    });

    test('writes in place of the expected value only', async () => {
      expect(await store.write('grant/a', 'second', 'first')).toBe(false);
      await store.write('grant/a', 'first');
      expect(await other.write('grant/a', 'third', 'second')).toBe(false);
      expect(await other.write('grant/a', undefined, 'second')).toBe(false);
      expect(await store.read('grant/a')).toBe('first');
      expect(await other.write('grant/a', 'second', 'first')).toBe(true);
      expect(await store.write('grant/a', undefined, 'second')).toBe(true);
      expect(await other.write('grant/a', 'third', 'second')).toBe(false);
      expect(await other.read('grant/a')).toBeUndefined();
    });

    test('loses no write of eight that add to one value at the same time', async () => {
      await store.write('grant/a', '');
      const add = async (own: TokenStore, letter: string): Promise<void> => {
        for (let added = 0; added < 10;) {
          const before = (await own.read('grant/a')) ?? '';
          if (await own.write('grant/a', before + letter, before)) added += 1;
        }
      };
      const letters = [...'abcdefgh'];
      await Promise.all(letters.map(async (letter) => add(await make(), letter)));
      const value = (await store.read('grant/a')) ?? '';
      expect([...value].sort().join('')).toBe(letters.map((letter) => letter.repeat(10)).join(''));
    });

    test('gives a lease to one holder at a time, and to each that waits', async () => {
      let holders = 0;
      let most = 0;
      let given = 0;
      const { signal } = new AbortController();
      const hold = async (): Promise<void> => {
        const lease = await (await make()).lease?.('refresh/a', signal);
        holders += 1;
        given += 1;
        most = Math.max(most, holders);
        await new Promise((resolve) => setTimeout(resolve, 5));
        expect(await lease?.isHeld()).toBe(true);
        holders -= 1;
        await lease?.release();
      };
      await Promise.all(Array.from({ length: 8 }, hold));
      expect({ most, given }).toEqual({ most: 1, given: 8 });
    });

    test('gives leases of other keys meanwhile', async () => {
      const { signal } = new AbortController();
      const leases = [await store.lease?.('refresh/a', signal), await other.lease?.('sign-in/a', signal)];
      for (const lease of leases) expect(await lease?.isHeld()).toBe(true);
      for (const lease of leases) await lease?.release();
    });

    test('rejects a lease with the reason of an aborted signal, and leaves the lease to others', async () => {
      const lease = await store.lease?.('refresh/a', new AbortController().signal);
      const controller = new AbortController();
      const waiting = other.lease?.('refresh/a', controller.signal);
      controller.abort(new Error('no longer needed'));
      await expect(waiting).rejects.toThrow('no longer needed');
      await expect(other.lease?.('refresh/a', controller.signal)).rejects.toThrow('no longer needed');
      await lease?.release();
      const next = await other.lease?.('refresh/a', new AbortController().signal);
      expect(await lease?.isHeld()).toBe(false);
      // Releasing again ends no lease of another holder.
      await lease?.release();
      expect(await next?.isHeld()).toBe(true);
      await next?.release();
    });

    test('calls the watching function after a change, and not after it was ended', async () => {
      await store.write('grant/a', 'first');
      let calls = 0;
      const stop = other.watch?.('grant/a', () => {
        calls += 1;
      });
      await until(() => calls > 0 || stop === undefined, 100).catch(() => undefined);
      const before = calls;
      await store.write('grant/a', 'second');
      await until(() => calls > before);
      stop?.();
      const after = calls;
      await store.write('grant/a', 'third');
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(calls).toBe(after);
    });

    test('ignores what the watching function throws, and calls it after the next change', async () => {
      let calls = 0;
      const stop = store.watch?.('grant/a', () => {
        calls += 1;
        throw new Error('my fault');
      });
      for (let value = 0; calls < 2; value += 1) {
        const before = calls;
        await store.write('grant/a', `value ${value}`);
        await until(() => calls > before);
      }
      stop?.();
    });
  });
}
