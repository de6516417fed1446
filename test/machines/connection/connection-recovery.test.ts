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
  Stage,
  watch,
} from '../../support/staged.js';
import type { StageOptions } from '../../support/staged.js';

const GONE = failure('transport', 'MCP_PROCESS_EXITED', 'The server exited');
const REFUSED = failure('transport', 'MCP_TRANSPORT_FAILED', 'Connection refused', { delivery: 'not-sent' });
const refuse = (): Promise<never> => rejectedWith(REFUSED);

/** The times at which links were asked for, in milliseconds since the start of the watch. */
function attemptTimes(stage: Stage): number[] {
  const start = stage.environment.now();
  const times: number[] = [];
  const opening = stage.transport.opening;
  stage.transport.opening = (attempt, signal) => {
    times.push(stage.environment.now() - start);
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
    const stage = await Stage.ready();
    stage.transport.newest.ends(GONE);
    expect(stage.state).toBe('reconnecting');
    expect(stage.connection.facts.failure).toEqual(GONE);
    await stage.advance(1_000);
    expect(stage.states.slice(3)).toEqual(['reconnecting', 'connecting', 'initializing', 'ready']);
    expect(stage.connection.facts).toMatchObject({ failure: undefined, connectionCount: 2, errorCount: 1 });
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('is not opened again after an authentication failure, which the next attempt would repeat', async () => {
    const stage = await Stage.ready();
    const refused = failure('authentication', 'MCP_AUTHENTICATION_REQUIRED', 'The token was refused');
    stage.transport.newest.ends(refused);
    await stage.advance(10_000);
    expect(stage.states.slice(3)).toEqual(['closed']);
    expect(stage.connection.facts.failure).toEqual(refused);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('is tried at longer and longer intervals, up to the longest', async () => {
    const stage = await Stage.ready({
      policy: { maxReconnectAttempts: 6, backoff: { delay: 1_000, maxDelay: 5_000 } },
      random: () => 1 - Number.EPSILON,
    });
    stage.transport.opening = refuse;
    const times = attemptTimes(stage);
    stage.transport.newest.ends(GONE);
    await stage.advance(60_000);
    expect(times.map((time, at) => time - (times[at - 1] ?? 0))).toEqual([1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
    expect(stage.state).toBe('closed');
    expect(stage.connection.facts.failure).toEqual(REFUSED);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('is tried at random within these intervals, so that clients do not come back in step', async () => {
    const timesFor = async (seed: number): Promise<number[]> => {
      const stage = await Stage.ready({ seed, policy: { maxReconnectAttempts: 5 } });
      stage.transport.opening = refuse;
      const times = attemptTimes(stage);
      stage.transport.newest.ends(GONE);
      await stage.advance(60_000);
      expect(await stage.end()).toEqual(NOTHING_LEFT);
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
    const stage = await Stage.ready({ policy: { maxReconnectAttempts: 2 } });
    stage.transport.opening = refuse;
    stage.transport.newest.ends(GONE);
    await stage.advance(60_000);
    expect(stage.transport.attempts).toHaveLength(3);
    expect(stage.state).toBe('closed');
    stage.transport.opening = () => undefined;
    expect(await stage.connect()).toMatchObject({ era: 'modern' });
    // And has all its attempts again.
    stage.transport.newest.ends(GONE);
    await stage.advance(2_000);
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('forgets failed attempts only when it has stood for a while', async () => {
    const stage = await Stage.ready({ policy: { maxReconnectAttempts: 2 }, random: () => 0 });
    const flap = async (stands: number): Promise<number> => {
      stage.transport.newest.ends(GONE);
      await stage.advance(stands);
      return stage.connection.facts.reconnectAttempts;
    };
    expect(await flap(9_000)).toBe(1);
    expect(await flap(9_000)).toBe(2);
    expect(stage.state).toBe('ready');
    await stage.advance(1_000);
    expect(stage.connection.facts.reconnectAttempts).toBe(0);
    expect([await flap(9_000), await flap(9_000)]).toEqual([1, 2]);
    await flap(0);
    expect(stage.state).toBe('closed');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('gives up an attempt that hangs, and makes the next one', async () => {
    const stage = await Stage.ready({ policy: { connectTimeout: 3_000 }, random: () => 0 });
    stage.transport.opening = (attempt, signal) => (attempt === 2 ? neverOpens(attempt, signal) : undefined);
    stage.transport.newest.ends(GONE);
    await stage.advance(2_999);
    expect(stage.state).toBe('connecting');
    await stage.advance(1);
    await stage.settle();
    expect(stage.transport.attempts[1]?.aborted).toBe(true);
    await stage.advance(1);
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('is not tried again when that would only fail the same way', async () => {
    const stage = await Stage.ready();
    stage.transport.server = ({ method }) =>
      method === 'server/discover'
        ? { error: { code: -32021, message: 'No', data: { requiredCapabilities: { sampling: {} } } } }
        : undefined;
    stage.transport.newest.ends(GONE);
    await stage.advance(60_000);
    expect(stage.transport.attempts).toHaveLength(2);
    expect(stage.state).toBe('closed');
    expect(stage.connection.facts.failure).toMatchObject({ code: 'MCP_CAPABILITY_MISSING' });
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('stays lost where that is wanted, and says why', async () => {
    const stage = await Stage.ready({ policy: { autoReconnect: false } });
    stage.transport.newest.ends(GONE);
    await stage.advance(60_000);
    expect(stage.state).toBe('closed');
    expect(stage.connection.facts.failure).toEqual(GONE);
    expect(stage.transport.attempts).toHaveLength(1);
    expect(await stage.connect()).toMatchObject({ era: 'modern' });
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('resolves connect() of callers that join an attempt to reconnect, until the deadline of each', async () => {
    const stage = await Stage.ready({ random: () => 0.5 });
    stage.transport.newest.ends(GONE);
    const [short, long] = [watch(stage.connect(100)), watch(stage.connect(30_000))];
    await stage.advance(100);
    await stage.settle();
    expect(short.value).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: 100 } });
    expect(stage.state).toBe('reconnecting');
    await stage.advance(500);
    await stage.settle();
    expect(long.value).toMatchObject({ era: 'modern' });
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('reconnects also when the callers that waited for it leave', async () => {
    const stage = await Stage.ready({ random: () => 0.5 });
    stage.transport.newest.ends(GONE);
    const caller = new AbortController();
    const outcome = watch(stage.connect(30_000, caller.signal));
    await stage.settle();
    caller.abort('no');
    await stage.advance(500);
    expect(outcome.thrown).toBe('no');
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('is opened again only after the time for which the server asked to be left alone', async () => {
    const stage = await Stage.ready({ policy: { maxReconnectAttempts: 5 }, random: () => 0.5 });
    const asked = [7_000, 0, 86_400_000];
    const times = attemptTimes(stage);
    const opening = stage.transport.opening;
    stage.transport.opening = (attempt, signal) => {
      void opening(attempt, signal);
      const retryAfter = asked.shift();
      return retryAfter === undefined ? undefined : rejectedWith({ ...REFUSED, details: { status: 503, retryAfter } });
    };
    stage.transport.newest.ends(GONE);
    await stage.advance(400_000);
    // At first the pause of the policy; a server that asks for a day is tried again after five minutes.
    expect(times.slice(1).map((time, at) => time - (times[at] ?? 0))).toEqual([7_000, 2_000, 300_000]);
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('of a first connect waits for the most patient caller, and ends at once when the server asks for longer', async () => {
    const stage = new Stage({ policy: { retryInitialConnect: true, maxReconnectAttempts: 9 }, random: () => 0 });
    stage.transport.opening = () => rejectedWith({ ...REFUSED, details: { status: 503, retryAfter: 3_000 } });
    const [brief, long] = [watch(stage.connect(1_000)), watch(stage.connect(8_000))];
    await stage.settle();
    expect(stage.state).toBe('reconnecting');
    await stage.advance(1_000);
    expect(brief.value).toMatchObject({ code: 'MCP_TIMEOUT' });
    await stage.advance(2_000);
    expect(stage.transport.attempts).toHaveLength(2);
    expect(stage.state).toBe('reconnecting');
    await stage.advance(3_000);
    // Two seconds are left, and the server asks for three.
    expect(stage.transport.attempts).toHaveLength(3);
    expect(long.value).toMatchObject({ code: REFUSED.code, details: { retryAfter: 3_000 } });
    expect(stage.state).toBe('closed');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('does not retry a first connect for which no caller waits any more', async () => {
    const stage = new Stage({ policy: { retryInitialConnect: true }, random: () => 0.9 });
    stage.transport.opening = refuse;
    const seen = watch(stage.connect(500));
    await stage.settle();
    expect(stage.state).toBe('reconnecting');
    await stage.advance(500);
    expect(seen.value).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: 500 } });
    expect(stage.states.at(-1)).toBe('closed');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('rejects join() while the link is being closed after disconnect()', async () => {
    const stage = await Stage.ready();
    const stuck = deferred();
    stage.transport.closing = () => stuck.promise;
    const gone = stage.connection.disconnect();
    expect(await stage.connection.join(1_000, undefined)).toMatchObject({ code: 'MCP_NOT_CONNECTED' });
    stuck.resolve();
    await gone;
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('is disconnected in the pause between attempts at once', async () => {
    const stage = await Stage.ready({ random: () => 0.5 });
    stage.transport.newest.ends(GONE);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
    expect(stage.state).toBe('closed');
    expect(stage.connection.facts.failure).toBeUndefined();
  });
});

describe('a connection that is lost again and again', () => {
  const restarts = { maxRestarts: 3, window: 60_000 };

  /** Loses what stands, and lets it come back and stand for a while. */
  async function lose(stage: Stage, stands: number): Promise<void> {
    stage.transport.newest.ends(GONE);
    await stage.advance(stands);
  }

  it('is given up although each attempt succeeds and each session stands', async () => {
    const stage = await Stage.ready({ policy: { restarts }, random: () => 0 });
    for (let time = 0; time < 3; time += 1) {
      await lose(stage, 11_000);
      expect(stage.state).toBe('ready');
      expect(stage.connection.facts.reconnectAttempts).toBe(0);
    }
    const call = watch(stage.ask('tools/list'));
    await stage.settle();
    await lose(stage, 60_000);
    expect(call.settled).toBe(true);
    expect(stage.state).toBe('closed');
    expect(stage.transport.links).toHaveLength(4);
    expect(stage.connection.facts.failure).toEqual({
      kind: 'connection',
      code: 'MCP_CRASH_LOOP',
      message:
        'The connection was lost 4 times within 33000 ms, which is more than `maxRestarts` (3) in `restartWindow` (60000 ms)',
      details: { losses: 4, within: 33_000, maxRestarts: 3, restartWindow: 60_000 },
      cause: GONE,
    });
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('fails what waits with the whole story, and what was in flight with what happened to it', async () => {
    const stage = await Stage.ready({ policy: { restarts: { maxRestarts: 0, window: 60_000 } } });
    stage.transport.server = silentServer;
    const sent = watch(stage.ask('tools/call'));
    const repeatable = watch(stage.ask('tools/list', { repeatable: true }));
    stage.transport.newest.ends(GONE);
    const late = watch(stage.ask('tools/list'));
    await stage.settle();
    expect(failuresOf([sent, repeatable, late])).toMatchObject([
      { code: 'MCP_PROCESS_EXITED', delivery: 'unknown' },
      { code: 'MCP_CRASH_LOOP', delivery: 'unknown', cause: GONE },
      { code: 'MCP_NOT_CONNECTED', delivery: 'not-sent', cause: { code: 'MCP_CRASH_LOOP', cause: GONE } },
    ]);
    expect(stage.connection.facts.failure?.message).toContain('was lost once, which is more than');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('is brought back for ever where the losses are far enough apart', async () => {
    const stage = await Stage.ready({ policy: { restarts }, random: () => 0 });
    for (let time = 0; time < 20; time += 1) await lose(stage, 20_000);
    expect(stage.state).toBe('ready');
    expect(stage.connection.facts.losses.length).toBeLessThanOrEqual(3);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('is brought back for ever where that is wanted, and nothing is kept of it', async () => {
    const stage = await Stage.ready({ policy: { restarts: { maxRestarts: Infinity, window: 60_000 } } });
    for (let time = 0; time < 50; time += 1) await lose(stage, 11_000);
    expect(stage.state).toBe('ready');
    expect(stage.connection.facts.losses).toEqual([]);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it.each<[string, (stage: Stage) => Promise<unknown>]>([
    ['connect()', (stage) => stage.connect()],
    [
      'reconnect()',
      (stage) => {
        stage.connection.send({ type: 'reconnect' });
        return stage.connect();
      },
    ],
  ])('has its whole budget again after %s', async (_how, again) => {
    const stage = await Stage.ready({ policy: { restarts: { maxRestarts: 1, window: 60_000 } }, random: () => 0 });
    await lose(stage, 1_000);
    await lose(stage, 1_000);
    expect(stage.state).toBe('closed');
    expect(await again(stage)).toMatchObject({ era: 'modern' });
    await lose(stage, 1_000);
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('counts sessions that went silent, too', async () => {
    const stage = await Stage.ready({
      policy: { restarts: { maxRestarts: 1, window: 3_600_000 } },
      healthInterval: 1_000,
      random: () => 0,
    });
    const onlyStarts: typeof modernServer = (request, link) =>
      link.sent.length === 1 ? modernServer(request, link) : undefined;
    stage.transport.server = onlyStarts;
    await stage.advance(60_000);
    expect(stage.state).toBe('closed');
    expect(stage.connection.facts.failure).toMatchObject({
      code: 'MCP_CRASH_LOOP',
      cause: { message: expect.stringContaining('missed 3 health checks') as string },
    });
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });
});

describe('a modern server over exchanges of their own that goes silent', () => {
  it('stays degraded while the server is silent, and neither closes nor reconnects', async () => {
    const stage = await Stage.ready({ perRequest: true, healthInterval: 1_000 });
    stage.transport.server = silentServer;
    await stage.advance(60_000);
    expect(stage.states).toEqual(['connecting', 'initializing', 'ready', 'degraded']);
    expect(stage.connection.facts.checks.filter(({ ok }) => !ok)).toHaveLength(10);
    stage.transport.server = modernServer;
    await stage.advance(3_000);
    expect(stage.state).toBe('ready');
    expect(stage.connection.facts.checks.at(-1)).toMatchObject({ ok: true });
    expect(stage.transport.attempts).toHaveLength(1);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });
});

describe('calls over a lost connection', () => {
  it('are sent after reconnecting, including requests in flight that may be repeated', async () => {
    const stage = await Stage.ready({ random: () => 0.5 });
    stage.transport.server = silentServer;
    const once = watch(stage.ask('tools/call'));
    const repeatable = watch(stage.ask('tools/list', { repeatable: true }));
    stage.transport.newest.ends(GONE);
    const later = watch(stage.ask('prompts/list'));
    await stage.settle();
    expect(failuresOf([once])).toEqual([{ ...GONE, delivery: 'unknown' }]);
    stage.transport.server = modernServer;
    await stage.advance(500);
    await stage.settle();
    expect([repeatable.value, later.value]).toEqual([{}, {}]);
    expect(stage.transport.newest.methods).toEqual(['server/discover', 'tools/list', 'prompts/list']);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('fail with what happened to them when it does not come back', async () => {
    const stage = await Stage.ready({ policy: { maxReconnectAttempts: 1 } });
    stage.transport.server = silentServer;
    const sent = watch(stage.ask('tools/list', { repeatable: true }));
    stage.transport.opening = refuse;
    stage.transport.newest.ends(GONE);
    const unsent = watch(stage.ask('tools/list'));
    await stage.advance(10_000);
    expect(failuresOf([sent, unsent])).toMatchObject([
      { delivery: 'unknown' },
      { code: 'MCP_NOT_CONNECTED', delivery: 'not-sent', message: 'Not connected: Connection refused' },
    ]);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('made in the moment of its loss are not written to the dead link', async () => {
    const stage = await Stage.ready({ random: () => 0.5 });
    stage.transport.server = silentServer;
    stage.transport.newest.ends(GONE);
    const first = stage.transport.newest;
    const call = watch(stage.ask('tools/call'));
    await stage.settle();
    expect(first.methods).toEqual(['server/discover']);
    expect(call.settled).toBe(false);
    stage.transport.server = modernServer;
    await stage.advance(500);
    await stage.settle();
    expect(call.value).toEqual({});
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });
});

describe('messages of an old link', () => {
  it('reaches neither the connection nor a call', async () => {
    const stage = await Stage.ready({ random: () => 0 });
    const [old] = stage.transport.links;
    stage.transport.newest.ends(GONE);
    await stage.advance(10);
    expect(stage.state).toBe('ready');
    stage.transport.server = silentServer;
    const call = watch(stage.ask('tools/call'));
    const id = stage.transport.newest.sent.map((message) => ('id' in message ? message.id : undefined)).at(-1);
    old?.says({ jsonrpc: '2.0', id, result: { from: 'the past' } });
    old?.says({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    old?.ends(GONE);
    await stage.settle();
    expect(stage.state).toBe('ready');
    expect(call.settled).toBe(false);
    expect(stage.notified).toEqual([]);
    expect(stage.reports).toEqual([]);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('while a new one negotiates is not taken for its answer', async () => {
    const stage = await Stage.ready({ random: () => 0, server: legacyServer });
    const [old] = stage.transport.links;
    stage.transport.server = silentServer;
    stage.transport.newest.ends(GONE);
    await stage.advance(10);
    expect(stage.state).toBe('initializing');
    for (let id = 0; id < 10; id += 1) old?.says({ jsonrpc: '2.0', id, result: discoverResult() });
    await stage.settle();
    expect(stage.state).toBe('initializing');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('are ignored when the link opened too late, and the link is closed', async () => {
    const stage = new Stage();
    let open: () => void = () => undefined;
    stage.transport.opening = () => new Promise<void>((resolve) => (open = resolve));
    const outcome = watch(stage.connect(100));
    await stage.advance(100);
    await stage.settle();
    expect(outcome.value).toMatchObject({ code: 'MCP_TIMEOUT' });
    open();
    await stage.settle();
    expect(stage.transport.log).toEqual(['open', 'close']);
    expect(stage.state).toBe('closed');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });
});

describe('renewing a connection', () => {
  it('closes the link that stands, and opens another', async () => {
    const stage = await Stage.ready();
    stage.transport.server = silentServer;
    const call = watch(stage.ask('tools/call'));
    stage.transport.server = modernServer;
    stage.transport.log.length = 0;
    stage.connection.send({ type: 'reconnect' });
    await stage.settle();
    expect(stage.state).toBe('ready');
    expect(stage.transport.log).toEqual(['close', 'open', 'server/discover']);
    expect(failuresOf([call])).toMatchObject([
      { message: 'The connection was renewed by reconnect()', delivery: 'unknown' },
    ]);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('waits until nothing is left of the old link', async () => {
    const stage = await Stage.ready();
    let closed: () => void = () => undefined;
    stage.transport.closing = () => new Promise<void>((resolve) => (closed = resolve));
    stage.connection.send({ type: 'reconnect' });
    await stage.advance(1_000);
    expect(stage.transport.attempts).toHaveLength(1);
    stage.transport.closing = () => Promise.resolve();
    closed();
    await stage.settle();
    expect(stage.transport.attempts).toHaveLength(2);
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it.each<[string, string, StageOptions, (stage: Stage) => unknown]>([
    ['has not been connected', 'idle', {}, () => undefined],
    [
      'is being opened',
      'linked.connecting.opening',
      {},
      (stage) => {
        stage.transport.opening = (attempt, signal) => (attempt === 1 ? neverOpens(attempt, signal) : undefined);
        void stage.connect();
        return stage.settle();
      },
    ],
    [
      'is being negotiated',
      'linked.initializing.negotiating.discovering',
      { server: silentServer },
      (stage) => {
        void stage.connect();
        return stage.settle();
      },
    ],
    [
      'is being put in order',
      'linked.initializing.restoring',
      { server: (request, link) => (request.method === 'logging/setLevel' ? undefined : legacyServer(request, link)) },
      (stage) => {
        stage.connection.send({ type: 'desire', desired: { logLevel: 'info' } });
        void stage.connect();
        return stage.settle();
      },
    ],
    ['stands', 'linked.established.ready', {}, (stage) => stage.connect()],
    [
      'is in doubt',
      'linked.established.degraded',
      { healthInterval: 1_000 },
      async (stage) => {
        await stage.connect();
        stage.transport.server = silentServer;
        await stage.advance(2_000);
      },
    ],
    [
      'waits to come back',
      'reconnecting',
      { random: () => 0.5 },
      async (stage) => {
        await stage.connect();
        stage.transport.newest.ends(GONE);
      },
    ],
    [
      'is being closed',
      'closed.draining',
      {},
      async (stage) => {
        await stage.connect();
        stage.transport.closing = () => {
          stage.transport.closing = () => Promise.resolve();
          return stage.advance(100);
        };
        void stage.connection.disconnect();
      },
    ],
    [
      'was closed',
      'closed.done',
      {},
      async (stage) => {
        await stage.connect();
        await stage.connection.disconnect();
      },
    ],
    [
      'could not be made',
      'closed.done',
      {},
      async (stage) => {
        stage.transport.opening = (attempt) => (attempt === 1 ? refuse() : undefined);
        await stage.connect();
        await stage.settle();
      },
    ],
  ])('connects one that %s', async (_what, path, options, reach) => {
    const stage = new Stage(options);
    await reach(stage);
    expect(stage.connection.path).toBe(path);
    stage.transport.server = modernServer;
    stage.connection.send({ type: 'reconnect' });
    const outcome = watch(stage.connect(500));
    await stage.settle();
    expect(outcome.value).toMatchObject({ era: 'modern' });
    expect(stage.state).toBe('ready');
    expect(stage.connection.facts.reconnectAttempts).toBe(0);
    expect(stage.transport.links.filter(({ closed }) => !closed)).toHaveLength(1);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('cuts a pause between attempts short', async () => {
    const stage = await Stage.ready({ random: () => 0.5, policy: { backoff: { delay: 60_000, maxDelay: 60_000 } } });
    stage.transport.newest.ends(GONE);
    await stage.settle();
    stage.connection.send({ type: 'reconnect' });
    await stage.settle();
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });
});

describe('the time that a connection stood', () => {
  it('is added up over its sessions', async () => {
    const stage = await Stage.ready({ random: () => 0.5 });
    await stage.advance(5_000);
    stage.transport.newest.ends(GONE);
    await stage.advance(500);
    expect(stage.state).toBe('ready');
    const again = stage.environment.now();
    await stage.advance(3_000);
    expect(stage.connection.facts).toMatchObject({ pastUptime: 5_000, establishedAt: again, lastConnected: again });
    expect(await stage.end()).toEqual(NOTHING_LEFT);
    expect(stage.connection.facts).toMatchObject({ pastUptime: 8_000, establishedAt: undefined });
  });
});

describe('an hour with a server that comes and goes', () => {
  it.each<[string, StageOptions]>([
    ['a modern server', { server: modernServer }],
    ['a legacy server', { server: legacyServer }],
    ['a watched server', { server: modernServer, healthInterval: 5_000 }],
    ['inspected actors', { server: modernServer, inspect: () => undefined }],
  ])('leaves nothing behind: %s', async (_what, options) => {
    const stage = await Stage.ready({
      ...options,
      seed: 3,
      policy: { maxReconnectAttempts: 1_000, backoff: { delay: 100, maxDelay: 5_000 } },
    });
    stage.connection.send({ type: 'desire', desired: { lists: ['tools'], resources: ['file:///a'] } });
    const { random } = stage.environment;
    stage.transport.opening = () => (random() < 0.3 ? refuse() : undefined);
    const outcomes: ReturnType<typeof watch>[] = [];
    let most = 0;
    for (let minute = 0; minute < 60; minute += 1) {
      for (let part = 0; part < 4; part += 1) {
        outcomes.push(watch(stage.ask('tools/list', { repeatable: true, timeout: 120_000 })));
        outcomes.push(watch(stage.ask('tools/call', { timeout: 10_000, onProgress: () => undefined })));
        await stage.advance(random() * 30_000);
        if (stage.transport.connected) stage.transport.newest.ends(random() < 0.5 ? GONE : undefined);
        most = Math.max(most, stage.environment.pending.length);
      }
    }
    expect(most).toBeLessThan(10);
    expect(stage.transport.links.length).toBeGreaterThan(100);
    await stage.advance(120_000);
    expect(outcomes.filter(({ settled }) => !settled)).toEqual([]);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });
});
