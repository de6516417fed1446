import { endAfterEach } from '../support/endings.js';
import { HttpProcess } from '../support/servers/http-process.js';
import { SignedInProcess } from '../support/signed-in-process.js';
import type { SignedInJob } from '../support/signed-in-process.js';

/** What a job says about its store. */
export type StoreJob = SignedInJob extends infer Job
  ? Job extends unknown
    ? Omit<Job, 'url' | 'agrees'>
    : never
  : never;

/** How many processes use a store together, and how often their token expires. */
const PROCESSES = 6;
const EXPIRIES = 5;

/** Access tokens are valid for this time, in seconds: they expire when the test says so. */
const SECONDS = 600;

/** Processes that sign in at a real authorization server, whose refresh tokens can be used once, with one store. */
export function sharedStoreTests(name: string, storeOf: () => StoreJob): void {
  describe(`processes that share ${name}`, () => {
    const endLater = endAfterEach();
    let server: HttpProcess;
    let processes: SignedInProcess[];

    beforeEach(async () => {
      processes = [];
      server = await HttpProcess.oidcProvider({ SECONDS: String(SECONDS) });
      endLater(() => server.kill());
    });

    function start(agrees = true): SignedInProcess {
      const started = new SignedInProcess({ ...storeOf(), url: server.url, agrees });
      endLater(() => started.kill());
      processes.push(started);
      return started;
    }

    /** Starts processes that are connected, the first of which has signed in. */
    async function connected(count: number): Promise<SignedInProcess[]> {
      const started = Array.from({ length: count }, () => start());
      for (const one of started) expect(await one.run('connect')).toEqual({ event: 'connect' });
      return started;
    }

    const prompts = (): number => processes.reduce((sum, one) => sum + one.count('prompted'), 0);
    const done = (count: number) => ({ event: 'call', result: Array.from({ length: count }, () => 'done') });

    /** Each has ended by itself, and no token was revoked. */
    async function endWell(expected: { readonly prompts: number; readonly refreshes: number }): Promise<void> {
      for (const one of processes) await one.close();
      const counts = { prompts: prompts(), refreshes: server.count('refreshed') };
      expect(counts).toEqual(expected);
      expect(server.count('revoked')).toBe(0);
      expect(processes.flatMap(({ events }) => events.filter(({ event }) => event === 'problem'))).toEqual([]);
    }

    test('refresh a rotating token once for all of them, each time that it expires', async () => {
      const started = await connected(PROCESSES);
      for (let expiries = 0; expiries < EXPIRIES; expiries += 1) {
        await server.command('expire');
        const calls = await Promise.all(started.map((one) => one.run('call 4')));
        expect(calls).toEqual(started.map(() => done(4)));
      }
      await endWell({ prompts: 1, refreshes: EXPIRIES });
    }, 90_000);

    test('ask one person and register one client when they start together', async () => {
      const started = [start(), start(), start()];
      const ends = await Promise.all(started.map((one) => one.run('connect')));
      expect(ends).toEqual(started.map(() => ({ event: 'connect' })));
      expect(server.count('registered')).toBe(1);
      await endWell({ prompts: 1, refreshes: 0 });
    }, 90_000);

    test('ask the person again in another process when the one that asks is killed', async () => {
      const asking = start(false);
      const waiting = start();
      void asking.run('connect').catch(() => undefined);
      await asking.event('prompted');
      const ended = waiting.run('connect');
      expect(waiting.count('prompted')).toBe(0);
      await asking.kill();
      expect(await ended).toEqual({ event: 'connect' });
      expect(waiting.count('prompted')).toBe(1);
      await endWell({ prompts: 2, refreshes: 0 });
    }, 90_000);

    test('go on when one of them is killed while it has the lease', async () => {
      const [killed, ...others] = await connected(3);
      await killed?.run('stop lease');
      await server.command('expire');
      void killed?.run('call 1').catch(() => undefined);
      await killed?.event('stops');
      await killed?.kill();
      const calls = await Promise.all(others.map((one) => one.run('call 4')));
      expect(calls).toEqual(others.map(() => done(4)));
      await endWell({ prompts: 1, refreshes: 1 });
    }, 90_000);

    test.each(['lease', 'read'])(
      'go on when one of them is stopped for longer than its lease, at a %s, and so does that one later',
      async (place) => {
        const [stopped, other] = await connected(2);
        await stopped?.run(`stop ${place}`);
        await server.command('expire');
        const call = stopped?.run('call 4');
        await stopped?.event('stops');
        expect(await other?.run('call 4')).toEqual(done(4));
        stopped?.continue();
        expect(await call).toEqual(done(4));
        await endWell({ prompts: 1, refreshes: 1 });
      },
      90_000,
    );

    test('ask the person once more when one of them is killed with tokens that are not stored', async () => {
      const [killed] = await connected(1);
      await killed?.run('stop write');
      await server.command('expire');
      void killed?.run('call 1').catch(() => undefined);
      await killed?.event('stops');
      await killed?.kill();
      // The stored refresh token is spent, so that the server revokes all tokens when it gets it again.
      const [other] = await connected(1);
      expect(await other?.run('call 4')).toEqual(done(4));
      expect(server.count('revoked')).toBe(1);
      expect(prompts()).toBe(2);
      await other?.close();
    }, 90_000);

    test('ask the person again after one of them has signed out', async () => {
      const [first, second] = await connected(2);
      expect(await first?.run('signOut')).toEqual({ event: 'signOut' });
      // The call that is refused finds that the grant is gone.
      expect(await second?.run('call 1')).toMatchObject({ code: 'MCP_AUTHENTICATION_REQUIRED' });
      expect(prompts()).toBe(1);
      expect(await second?.run('call 1')).toEqual(done(1));
      expect(prompts()).toBe(2);
      await first?.close();
      await second?.close();
    }, 90_000);
  });
}
