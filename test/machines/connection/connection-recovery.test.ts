import type { RequestFailure } from '../../../src/machines/request/outcome.js';
import { failure } from '../../../src/util/failure.js';
import { rejectedWith } from '../../../src/transports/link.js';
import { discoverResult } from '../../support/servers/scripts.js';
import {
  deferred,
  legacyServer,
  modernServer,
  neverOpens,
  NOTHING_LEFT,
  silentServer,
  ManualConnection,
  watch,
} from '../../support/manual-connection.js';
import type { ManualConnectionOptions } from '../../support/manual-connection.js';

const GONE = failure('transport', 'MCP_PROCESS_EXITED', 'The server exited');
const REFUSED = failure('transport', 'MCP_TRANSPORT_FAILED', 'Connection refused', { delivery: 'not-sent' });
const refuse = (): Promise<never> => rejectedWith(REFUSED);

/** The times at which links were asked for, in milliseconds since the start of the watch. */
function attemptTimes(manual: ManualConnection): number[] {
  const start = manual.environment.now();
  const times: number[] = [];
  const opening = manual.transport.opening;
  manual.transport.opening = (attempt, signal) => {
    times.push(manual.environment.now() - start);
    return opening(attempt, signal);
  };
  return times;
}

/** The failures with which requests ended, by the watches on them. */
function failuresOf(watches: readonly ReturnType<typeof watch>[]): unknown[] {
  return watches.map(({ value }) => (value as RequestFailure | undefined)?.failure);
}

describe('a lost connection', () => {
  it('is opened again, and emits both state changes', async () => {
    const manual = await ManualConnection.ready();
    manual.transport.newest.ends(GONE);
    expect(manual.state).toBe('reconnecting');
    expect(manual.connection.facts.failure).toEqual(GONE);
    await manual.advance(1_000);
    expect(manual.states.slice(3)).toEqual(['reconnecting', 'connecting', 'initializing', 'ready']);
    expect(manual.connection.facts).toMatchObject({ failure: undefined, connectionCount: 2, errorCount: 1 });
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('is not opened again after an authentication failure, which the next attempt would repeat', async () => {
    const manual = await ManualConnection.ready();
    const refused = failure('authentication', 'MCP_AUTHENTICATION_REQUIRED', 'The token was refused');
    manual.transport.newest.ends(refused);
    await manual.advance(10_000);
    expect(manual.states.slice(3)).toEqual(['closed']);
    expect(manual.connection.facts.failure).toEqual(refused);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('is tried at longer and longer intervals, up to the longest', async () => {
    const manual = await ManualConnection.ready({
      policy: { maxReconnectAttempts: 6, backoff: { delay: 1_000, maxDelay: 5_000 } },
      random: () => 1 - Number.EPSILON,
    });
    manual.transport.opening = refuse;
    const times = attemptTimes(manual);
    manual.transport.newest.ends(GONE);
    await manual.advance(60_000);
    expect(times.map((time, at) => time - (times[at - 1] ?? 0))).toEqual([1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
    expect(manual.state).toBe('closed');
    expect(manual.connection.facts.failure).toEqual(REFUSED);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('is tried at random within these intervals, so that clients do not come back in step', async () => {
    const timesFor = async (seed: number): Promise<number[]> => {
      const manual = await ManualConnection.ready({ seed, policy: { maxReconnectAttempts: 5 } });
      manual.transport.opening = refuse;
      const times = attemptTimes(manual);
      manual.transport.newest.ends(GONE);
      await manual.advance(60_000);
      expect(await manual.end()).toEqual(NOTHING_LEFT);
      return times;
    };
    const runs = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(timesFor));
    expect(runs[0]).toEqual(await timesFor(1));
    const waits = runs.map((times) => times.map((time, at) => time - (times[at - 1] ?? 0)));
    [1_000, 2_000, 4_000, 8_000, 16_000].forEach((longest, at) => {
      const these = waits.map((wait) => wait[at] ?? Infinity);
      expect(Math.max(...these)).toBeLessThanOrEqual(longest);
      expect(new Set(these).size).toBeGreaterThan(runs.length / 2);
      // All of the interval is used, not only its end.
      expect(Math.min(...these)).toBeLessThan(longest / 2);
    });
  });

  it('is given up after as many attempts as are allowed, and can be connected again', async () => {
    const manual = await ManualConnection.ready({ policy: { maxReconnectAttempts: 2 } });
    manual.transport.opening = refuse;
    manual.transport.newest.ends(GONE);
    await manual.advance(60_000);
    expect(manual.transport.attempts).toHaveLength(3);
    expect(manual.state).toBe('closed');
    manual.transport.opening = () => undefined;
    expect(await manual.connect()).toMatchObject({ era: 'modern' });
    // And has all its attempts again.
    manual.transport.newest.ends(GONE);
    await manual.advance(2_000);
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('forgets failed attempts only when it has stood for a while', async () => {
    const manual = await ManualConnection.ready({ policy: { maxReconnectAttempts: 2 }, random: () => 0 });
    const flap = async (stands: number): Promise<number> => {
      manual.transport.newest.ends(GONE);
      await manual.advance(stands);
      return manual.connection.facts.reconnectAttempts;
    };
    expect(await flap(9_000)).toBe(1);
    expect(await flap(9_000)).toBe(2);
    expect(manual.state).toBe('ready');
    await manual.advance(1_000);
    expect(manual.connection.facts.reconnectAttempts).toBe(0);
    expect([await flap(9_000), await flap(9_000)]).toEqual([1, 2]);
    await flap(0);
    expect(manual.state).toBe('closed');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('gives up an attempt that hangs, and makes the next one', async () => {
    const manual = await ManualConnection.ready({ policy: { connectTimeout: 3_000 }, random: () => 0 });
    manual.transport.opening = (attempt, signal) => (attempt === 2 ? neverOpens(attempt, signal) : undefined);
    manual.transport.newest.ends(GONE);
    await manual.advance(2_999);
    expect(manual.state).toBe('connecting');
    await manual.advance(1);
    await manual.settle();
    expect(manual.transport.attempts[1]?.aborted).toBe(true);
    await manual.advance(1);
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('is not tried again when that would only fail the same way', async () => {
    const manual = await ManualConnection.ready();
    manual.transport.server = ({ method }) =>
      method === 'server/discover'
        ? { error: { code: -32021, message: 'No', data: { requiredCapabilities: { sampling: {} } } } }
        : undefined;
    manual.transport.newest.ends(GONE);
    await manual.advance(60_000);
    expect(manual.transport.attempts).toHaveLength(2);
    expect(manual.state).toBe('closed');
    expect(manual.connection.facts.failure).toMatchObject({ code: 'MCP_CAPABILITY_MISSING' });
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('stays lost where that is wanted, and says why', async () => {
    const manual = await ManualConnection.ready({ policy: { autoReconnect: false } });
    manual.transport.newest.ends(GONE);
    await manual.advance(60_000);
    expect(manual.state).toBe('closed');
    expect(manual.connection.facts.failure).toEqual(GONE);
    expect(manual.transport.attempts).toHaveLength(1);
    expect(await manual.connect()).toMatchObject({ era: 'modern' });
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('resolves connect() of callers that join an attempt to reconnect, until the deadline of each', async () => {
    const manual = await ManualConnection.ready({ random: () => 0.5 });
    manual.transport.newest.ends(GONE);
    const [short, long] = [watch(manual.connect(100)), watch(manual.connect(30_000))];
    await manual.advance(100);
    await manual.settle();
    expect(short.value).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: 100 } });
    expect(manual.state).toBe('reconnecting');
    await manual.advance(500);
    await manual.settle();
    expect(long.value).toMatchObject({ era: 'modern' });
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('reconnects also when the callers that waited for it leave', async () => {
    const manual = await ManualConnection.ready({ random: () => 0.5 });
    manual.transport.newest.ends(GONE);
    const caller = new AbortController();
    const outcome = watch(manual.connect(30_000, caller.signal));
    await manual.settle();
    caller.abort('no');
    await manual.advance(500);
    expect(outcome.thrown).toBe('no');
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('is opened again only after the time for which the server asked to be left alone', async () => {
    const manual = await ManualConnection.ready({ policy: { maxReconnectAttempts: 5 }, random: () => 0.5 });
    const asked = [7_000, 0, 86_400_000];
    const times = attemptTimes(manual);
    const opening = manual.transport.opening;
    manual.transport.opening = (attempt, signal) => {
      void opening(attempt, signal);
      const retryAfter = asked.shift();
      return retryAfter === undefined ? undefined : rejectedWith({ ...REFUSED, details: { status: 503, retryAfter } });
    };
    manual.transport.newest.ends(GONE);
    await manual.advance(400_000);
    // At first the pause of the policy; a server that asks for a day is tried again after five minutes.
    expect(times.slice(1).map((time, at) => time - (times[at] ?? 0))).toEqual([7_000, 2_000, 300_000]);
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('of a first connect waits for the most patient caller, and ends at once when the server asks for longer', async () => {
    const manual = new ManualConnection({
      policy: { retryInitialConnect: true, maxReconnectAttempts: 9 },
      random: () => 0,
    });
    manual.transport.opening = () => rejectedWith({ ...REFUSED, details: { status: 503, retryAfter: 3_000 } });
    const [brief, long] = [watch(manual.connect(1_000)), watch(manual.connect(8_000))];
    await manual.settle();
    expect(manual.state).toBe('reconnecting');
    await manual.advance(1_000);
    expect(brief.value).toMatchObject({ code: 'MCP_TIMEOUT' });
    await manual.advance(2_000);
    expect(manual.transport.attempts).toHaveLength(2);
    expect(manual.state).toBe('reconnecting');
    await manual.advance(3_000);
    // Two seconds are left, and the server asks for three.
    expect(manual.transport.attempts).toHaveLength(3);
    expect(long.value).toMatchObject({ code: REFUSED.code, details: { retryAfter: 3_000 } });
    expect(manual.state).toBe('closed');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('does not retry a first connect for which no caller waits any more', async () => {
    const manual = new ManualConnection({ policy: { retryInitialConnect: true }, random: () => 0.9 });
    manual.transport.opening = refuse;
    const seen = watch(manual.connect(500));
    await manual.settle();
    expect(manual.state).toBe('reconnecting');
    await manual.advance(500);
    expect(seen.value).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: 500 } });
    expect(manual.states.at(-1)).toBe('closed');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('rejects join() while the link is being closed after disconnect()', async () => {
    const manual = await ManualConnection.ready();
    const stuck = deferred();
    manual.transport.closing = () => stuck.promise;
    const gone = manual.connection.disconnect();
    expect(await manual.connection.join(1_000, undefined)).toMatchObject({ code: 'MCP_NOT_CONNECTED' });
    stuck.resolve();
    await gone;
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('is disconnected in the pause between attempts at once', async () => {
    const manual = await ManualConnection.ready({ random: () => 0.5 });
    manual.transport.newest.ends(GONE);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
    expect(manual.state).toBe('closed');
    expect(manual.connection.facts.failure).toBeUndefined();
  });
});

describe('a connection that is lost again and again', () => {
  const restarts = { maxRestarts: 3, window: 60_000 };

  /** Loses what stands, and lets it come back and stand for a while. */
  async function lose(manual: ManualConnection, stands: number): Promise<void> {
    manual.transport.newest.ends(GONE);
    await manual.advance(stands);
  }

  it('is given up although each attempt succeeds and each session stands', async () => {
    const manual = await ManualConnection.ready({ policy: { restarts }, random: () => 0 });
    for (let time = 0; time < 3; time += 1) {
      await lose(manual, 11_000);
      expect(manual.state).toBe('ready');
      expect(manual.connection.facts.reconnectAttempts).toBe(0);
    }
    const call = watch(manual.ask('tools/list'));
    await manual.settle();
    await lose(manual, 60_000);
    expect(call.settled).toBe(true);
    expect(manual.state).toBe('closed');
    expect(manual.transport.links).toHaveLength(4);
    expect(manual.connection.facts.failure).toEqual({
      kind: 'connection',
      code: 'MCP_CRASH_LOOP',
      message:
        'The connection was lost 4 times within 33000 ms, which is more than `maxRestarts` (3) in `restartWindow` (60000 ms)',
      details: { losses: 4, within: 33_000, maxRestarts: 3, restartWindow: 60_000 },
      cause: GONE,
    });
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('fails what waits with the whole story, and what was in flight with what happened to it', async () => {
    const manual = await ManualConnection.ready({ policy: { restarts: { maxRestarts: 0, window: 60_000 } } });
    manual.transport.server = silentServer;
    const sent = watch(manual.ask('tools/call'));
    const repeatable = watch(manual.ask('tools/list', { repeatable: true }));
    manual.transport.newest.ends(GONE);
    const late = watch(manual.ask('tools/list'));
    await manual.settle();
    expect(failuresOf([sent, repeatable, late])).toMatchObject([
      { code: 'MCP_PROCESS_EXITED', delivery: 'unknown' },
      { code: 'MCP_CRASH_LOOP', delivery: 'unknown', cause: GONE },
      { code: 'MCP_NOT_CONNECTED', delivery: 'not-sent', cause: { code: 'MCP_CRASH_LOOP', cause: GONE } },
    ]);
    expect(manual.connection.facts.failure?.message).toContain('was lost once, which is more than');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('is brought back for ever where the losses are far enough apart', async () => {
    const manual = await ManualConnection.ready({ policy: { restarts }, random: () => 0 });
    for (let time = 0; time < 20; time += 1) await lose(manual, 20_000);
    expect(manual.state).toBe('ready');
    expect(manual.connection.facts.losses.length).toBeLessThanOrEqual(3);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('is brought back for ever where that is wanted, and nothing is kept of it', async () => {
    const manual = await ManualConnection.ready({ policy: { restarts: { maxRestarts: Infinity, window: 60_000 } } });
    for (let time = 0; time < 50; time += 1) await lose(manual, 11_000);
    expect(manual.state).toBe('ready');
    expect(manual.connection.facts.losses).toEqual([]);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it.each<[string, (manual: ManualConnection) => Promise<unknown>]>([
    ['connect()', (manual) => manual.connect()],
    [
      'reconnect()',
      (manual) => {
        manual.connection.send({ type: 'reconnect' });
        return manual.connect();
      },
    ],
  ])('has its whole budget again after %s', async (_how, again) => {
    const manual = await ManualConnection.ready({
      policy: { restarts: { maxRestarts: 1, window: 60_000 } },
      random: () => 0,
    });
    await lose(manual, 1_000);
    await lose(manual, 1_000);
    expect(manual.state).toBe('closed');
    expect(await again(manual)).toMatchObject({ era: 'modern' });
    await lose(manual, 1_000);
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('counts sessions that went silent, too', async () => {
    const manual = await ManualConnection.ready({
      policy: { restarts: { maxRestarts: 1, window: 3_600_000 } },
      healthInterval: 1_000,
      random: () => 0,
    });
    const onlyStarts: typeof modernServer = (request, link) =>
      link.sent.length === 1 ? modernServer(request, link) : undefined;
    manual.transport.server = onlyStarts;
    await manual.advance(60_000);
    expect(manual.state).toBe('closed');
    expect(manual.connection.facts.failure).toMatchObject({
      code: 'MCP_CRASH_LOOP',
      cause: { message: expect.stringContaining('missed 3 health checks') as string },
    });
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });
});

describe('a modern server over exchanges of their own that goes silent', () => {
  it('stays degraded while the server is silent, and neither closes nor reconnects', async () => {
    const manual = await ManualConnection.ready({ perRequest: true, healthInterval: 1_000 });
    manual.transport.server = silentServer;
    await manual.advance(60_000);
    expect(manual.states).toEqual(['connecting', 'initializing', 'ready', 'degraded']);
    expect(manual.connection.facts.checks.filter(({ ok }) => !ok)).toHaveLength(10);
    manual.transport.server = modernServer;
    await manual.advance(3_000);
    expect(manual.state).toBe('ready');
    expect(manual.connection.facts.checks.at(-1)).toMatchObject({ ok: true });
    expect(manual.transport.attempts).toHaveLength(1);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });
});

describe('calls over a lost connection', () => {
  it('are sent after reconnecting, including requests in flight that may be repeated', async () => {
    const manual = await ManualConnection.ready({ random: () => 0.5 });
    manual.transport.server = silentServer;
    const once = watch(manual.ask('tools/call'));
    const repeatable = watch(manual.ask('tools/list', { repeatable: true }));
    manual.transport.newest.ends(GONE);
    const later = watch(manual.ask('prompts/list'));
    await manual.settle();
    expect(failuresOf([once])).toEqual([{ ...GONE, delivery: 'unknown' }]);
    manual.transport.server = modernServer;
    await manual.advance(500);
    await manual.settle();
    expect([repeatable.value, later.value]).toEqual([{}, {}]);
    expect(manual.transport.newest.methods).toEqual(['server/discover', 'tools/list', 'prompts/list']);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('fail with what happened to them when it does not come back', async () => {
    const manual = await ManualConnection.ready({ policy: { maxReconnectAttempts: 1 } });
    manual.transport.server = silentServer;
    const sent = watch(manual.ask('tools/list', { repeatable: true }));
    manual.transport.opening = refuse;
    manual.transport.newest.ends(GONE);
    const unsent = watch(manual.ask('tools/list'));
    await manual.advance(10_000);
    expect(failuresOf([sent, unsent])).toMatchObject([
      { delivery: 'unknown' },
      { code: 'MCP_NOT_CONNECTED', delivery: 'not-sent', message: 'Not connected: Connection refused' },
    ]);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('made in the moment of its loss are not written to the dead link', async () => {
    const manual = await ManualConnection.ready({ random: () => 0.5 });
    manual.transport.server = silentServer;
    manual.transport.newest.ends(GONE);
    const first = manual.transport.newest;
    const call = watch(manual.ask('tools/call'));
    await manual.settle();
    expect(first.methods).toEqual(['server/discover']);
    expect(call.settled).toBe(false);
    manual.transport.server = modernServer;
    await manual.advance(500);
    await manual.settle();
    expect(call.value).toEqual({});
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });
});

describe('messages of an old link', () => {
  it('reaches neither the connection nor a call', async () => {
    const manual = await ManualConnection.ready({ random: () => 0 });
    const [old] = manual.transport.links;
    manual.transport.newest.ends(GONE);
    await manual.advance(10);
    expect(manual.state).toBe('ready');
    manual.transport.server = silentServer;
    const call = watch(manual.ask('tools/call'));
    const id = manual.transport.newest.sent.map((message) => ('id' in message ? message.id : undefined)).at(-1);
    old?.says({ jsonrpc: '2.0', id, result: { from: 'the past' } });
    old?.says({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    old?.ends(GONE);
    await manual.settle();
    expect(manual.state).toBe('ready');
    expect(call.settled).toBe(false);
    expect(manual.notified).toEqual([]);
    expect(manual.reports).toEqual([]);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('while a new one negotiates is not taken for its answer', async () => {
    const manual = await ManualConnection.ready({ random: () => 0, server: legacyServer });
    const [old] = manual.transport.links;
    manual.transport.server = silentServer;
    manual.transport.newest.ends(GONE);
    await manual.advance(10);
    expect(manual.state).toBe('initializing');
    for (let id = 0; id < 10; id += 1) old?.says({ jsonrpc: '2.0', id, result: discoverResult() });
    await manual.settle();
    expect(manual.state).toBe('initializing');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('are ignored when the link opened too late, and the link is closed', async () => {
    const manual = new ManualConnection();
    let open: () => void = () => undefined;
    manual.transport.opening = () => new Promise<void>((resolve) => (open = resolve));
    const outcome = watch(manual.connect(100));
    await manual.advance(100);
    await manual.settle();
    expect(outcome.value).toMatchObject({ code: 'MCP_TIMEOUT' });
    open();
    await manual.settle();
    expect(manual.transport.log).toEqual(['open', 'close']);
    expect(manual.state).toBe('closed');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });
});

describe('renewing a connection', () => {
  it('closes the link that stands, and opens another', async () => {
    const manual = await ManualConnection.ready();
    manual.transport.server = silentServer;
    const call = watch(manual.ask('tools/call'));
    manual.transport.server = modernServer;
    manual.transport.log.length = 0;
    manual.connection.send({ type: 'reconnect' });
    await manual.settle();
    expect(manual.state).toBe('ready');
    expect(manual.transport.log).toEqual(['close', 'open', 'server/discover']);
    expect(failuresOf([call])).toMatchObject([
      { message: 'The connection was renewed by reconnect()', delivery: 'unknown' },
    ]);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('waits until nothing is left of the old link', async () => {
    const manual = await ManualConnection.ready();
    let closed: () => void = () => undefined;
    manual.transport.closing = () => new Promise<void>((resolve) => (closed = resolve));
    manual.connection.send({ type: 'reconnect' });
    await manual.advance(1_000);
    expect(manual.transport.attempts).toHaveLength(1);
    manual.transport.closing = () => Promise.resolve();
    closed();
    await manual.settle();
    expect(manual.transport.attempts).toHaveLength(2);
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it.each<[string, string, ManualConnectionOptions, (manual: ManualConnection) => unknown]>([
    ['has not been connected', 'idle', {}, () => undefined],
    [
      'is being opened',
      'linked.connecting.opening',
      {},
      (manual) => {
        manual.transport.opening = (attempt, signal) => (attempt === 1 ? neverOpens(attempt, signal) : undefined);
        void manual.connect();
        return manual.settle();
      },
    ],
    [
      'is being negotiated',
      'linked.initializing.negotiating.discovering',
      { server: silentServer },
      (manual) => {
        void manual.connect();
        return manual.settle();
      },
    ],
    [
      'is being put in order',
      'linked.initializing.restoring',
      { server: (request, link) => (request.method === 'logging/setLevel' ? undefined : legacyServer(request, link)) },
      (manual) => {
        manual.connection.send({ type: 'desire', desired: { logLevel: 'info' } });
        void manual.connect();
        return manual.settle();
      },
    ],
    ['stands', 'linked.established.ready', {}, (manual) => manual.connect()],
    [
      'is in doubt',
      'linked.established.degraded',
      { healthInterval: 1_000 },
      async (manual) => {
        await manual.connect();
        manual.transport.server = silentServer;
        await manual.advance(2_000);
      },
    ],
    [
      'waits to come back',
      'reconnecting',
      { random: () => 0.5 },
      async (manual) => {
        await manual.connect();
        manual.transport.newest.ends(GONE);
      },
    ],
    [
      'is being closed',
      'closed.draining',
      {},
      async (manual) => {
        await manual.connect();
        manual.transport.closing = () => {
          manual.transport.closing = () => Promise.resolve();
          return manual.advance(100);
        };
        void manual.connection.disconnect();
      },
    ],
    [
      'was closed',
      'closed.done',
      {},
      async (manual) => {
        await manual.connect();
        await manual.connection.disconnect();
      },
    ],
    [
      'could not be made',
      'closed.done',
      {},
      async (manual) => {
        manual.transport.opening = (attempt) => (attempt === 1 ? refuse() : undefined);
        await manual.connect();
        await manual.settle();
      },
    ],
  ])('connects one that %s', async (_what, path, options, reach) => {
    const manual = new ManualConnection(options);
    await reach(manual);
    expect(manual.connection.path).toBe(path);
    manual.transport.server = modernServer;
    manual.connection.send({ type: 'reconnect' });
    const outcome = watch(manual.connect(500));
    await manual.settle();
    expect(outcome.value).toMatchObject({ era: 'modern' });
    expect(manual.state).toBe('ready');
    expect(manual.connection.facts.reconnectAttempts).toBe(0);
    expect(manual.transport.links.filter(({ closed }) => !closed)).toHaveLength(1);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('cuts a pause between attempts short', async () => {
    const manual = await ManualConnection.ready({
      random: () => 0.5,
      policy: { backoff: { delay: 60_000, maxDelay: 60_000 } },
    });
    manual.transport.newest.ends(GONE);
    await manual.settle();
    manual.connection.send({ type: 'reconnect' });
    await manual.settle();
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });
});

describe('the time that a connection stood', () => {
  it('is added up over its sessions', async () => {
    const manual = await ManualConnection.ready({ random: () => 0.5 });
    await manual.advance(5_000);
    manual.transport.newest.ends(GONE);
    await manual.advance(500);
    expect(manual.state).toBe('ready');
    const again = manual.environment.now();
    await manual.advance(3_000);
    expect(manual.connection.facts).toMatchObject({ pastUptime: 5_000, establishedAt: again, lastConnected: again });
    expect(await manual.end()).toEqual(NOTHING_LEFT);
    expect(manual.connection.facts).toMatchObject({ pastUptime: 8_000, establishedAt: undefined });
  });
});

describe('an hour with a server that comes and goes', () => {
  it.each<[string, ManualConnectionOptions]>([
    ['a modern server', { server: modernServer }],
    ['a legacy server', { server: legacyServer }],
    ['a watched server', { server: modernServer, healthInterval: 5_000 }],
    ['inspected actors', { server: modernServer, inspect: () => undefined }],
  ])('leaves nothing behind: %s', async (_what, options) => {
    const manual = await ManualConnection.ready({
      ...options,
      seed: 3,
      policy: { maxReconnectAttempts: 1_000, backoff: { delay: 100, maxDelay: 5_000 } },
    });
    manual.connection.send({ type: 'desire', desired: { lists: ['tools'], resources: ['file:///a'] } });
    const { random } = manual.environment;
    manual.transport.opening = () => (random() < 0.3 ? refuse() : undefined);
    const outcomes: ReturnType<typeof watch>[] = [];
    let most = 0;
    for (let minute = 0; minute < 60; minute += 1) {
      for (let part = 0; part < 4; part += 1) {
        outcomes.push(watch(manual.ask('tools/list', { repeatable: true, timeout: 120_000 })));
        outcomes.push(watch(manual.ask('tools/call', { timeout: 10_000, onProgress: () => undefined })));
        await manual.advance(random() * 30_000);
        if (manual.transport.connected) manual.transport.newest.ends(random() < 0.5 ? GONE : undefined);
        most = Math.max(most, manual.environment.pending.length);
      }
    }
    expect(most).toBeLessThan(10);
    expect(manual.transport.links.length).toBeGreaterThan(100);
    await manual.advance(120_000);
    expect(outcomes.filter(({ settled }) => !settled)).toEqual([]);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });
});
