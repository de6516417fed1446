import { MCPClient, MCPConnection } from '../../src/index.js';
import type { ConnectionState, Environment, MCPConnectionOptions } from '../../src/index.js';
import { createScriptedServer, SimulatedEnvironment } from '../../src/testing/index.js';
import type { ScriptedServer } from '../../src/testing/index.js';
import { seededRandom } from '../../src/testing/random.js';
import { errorFrom, isSettled } from '../support/outcomes.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Simulated time with a clock on the wall, which somebody sets. Timers run by simulated time. */
class WallClock {
  readonly time = new SimulatedEnvironment();
  /** Milliseconds by which the clock is wrong. */
  wrongBy = 0;
  readonly environment: Environment = {
    ...this.time,
    random: this.time.random,
    now: () => this.time.now() + this.wrongBy,
  };
}

const CALLS = {
  'tools/list': () => ({
    tools: [{ name: 'look', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } }],
  }),
  'tools/call': () => ({ content: [{ type: 'text', text: 'seen' }] }),
};

/** A server that runs on the same time, but does not look at the clock. */
function serverOn(clock: WallClock, handlers: object = CALLS): ScriptedServer {
  return createScriptedServer({ revision: '2025-11-25', environment: clock.time, handlers: { ...handlers } });
}

/** What happened in an hour with a server that dies about once in two minutes and is away for up to 20 seconds. */
interface Hour {
  /** The states, with the simulated times at which they were entered. */
  readonly states: [at: number, state: ConnectionState][];
  readonly answers: unknown[];
  /** The highest number of timers at any time. */
  readonly mostTimers: number;
  readonly pings: number;
  readonly score: number;
  readonly uptime: number;
  readonly latency: number | undefined;
}

const POLICY = {
  maxReconnectAttempts: 50,
  reconnectDelay: SECOND,
  maxReconnectDelay: 8 * SECOND,
  connectionTimeout: 5 * SECOND,
  probeTimeout: SECOND,
  healthCheckInterval: 30 * SECOND,
} satisfies MCPConnectionOptions;

async function anHour(wrongAfterHalf: number): Promise<Hour> {
  const clock = new WallClock();
  const { time } = clock;
  const random = seededRandom(7);
  const startedAt = time.now();
  const server = serverOn(clock);
  const connection = new MCPConnection('flapping', server.transport, { ...POLICY, environment: clock.environment });
  const client = await connection.connect();
  await client.listTools();
  const states: [number, ConnectionState][] = [];
  client.on('state', (state) => states.push([time.now() - startedAt, state]));
  const answers: unknown[] = [];
  let mostTimers = 0;
  let untilDeath = MINUTE;
  for (let passed = 0; passed < HOUR; passed += SECOND) {
    if (passed === HOUR / 2) clock.wrongBy = wrongAfterHalf;
    if (untilDeath <= 0) {
      server.hangUp(Math.round(20 * random()) * SECOND);
      untilDeath = MINUTE + 2 * MINUTE * random();
      // Somebody who calls when the server has just died waits until it is back.
      const call = client.callTool('look', {}, { timeout: 2 * MINUTE });
      void call.then(
        ({ content }) => answers.push(content[0]),
        (thrown: unknown) => answers.push(thrown),
      );
    }
    untilDeath -= SECOND;
    await time.advance(SECOND);
    mostTimers = Math.max(mostTimers, time.pending.length);
  }
  await time.advance(MINUTE);
  const { uptime, latency } = await connection.healthCheck();
  const pings = server.methods.filter((method) => method === 'ping').length;
  const score = connection.healthScore;
  await connection.disconnect();
  await server[Symbol.asyncDispose]();
  expect(time.pending).toEqual([]);
  return { states, answers, mostTimers, pings, score, uptime, latency };
}

/** The milliseconds of each stay in `reconnecting`, by loss. */
function waits({ states }: Hour): number[][] {
  const losses: number[][] = [];
  states.forEach(([at, state], index) => {
    if (state !== 'reconnecting') return;
    if (['ready', 'degraded'].includes(states[index - 1]?.[1] ?? 'ready')) losses.push([]);
    losses.at(-1)?.push((states[index + 1]?.[0] ?? NaN) - at);
  });
  return losses;
}

describe('an hour with a server that flaps', () => {
  let hour: Hour;

  beforeAll(async () => {
    hour = await anHour(0);
  });

  test('is a story of losses and recoveries, at the end of which everything is well', () => {
    expect(hour.states.at(-2)?.[1] ?? 'ready').toBe('ready');
    expect(hour.states.filter(([, state]) => state === 'ready').length).toBe(waits(hour).length);
    expect(waits(hour).length).toBeGreaterThan(15);
    expect(hour.states.map(([, state]) => state)).not.toContain('idle');
  });

  test('every call made while the server was away is answered in the end', () => {
    expect(hour.answers).toHaveLength(waits(hour).length);
    expect(new Set(hour.answers.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set(['{"type":"text","text":"seen"}']),
    );
  });

  test('waits are as the policy says: doubled from attempt to attempt, capped, and any share of that', () => {
    const all = waits(hour);
    for (const attempts of all) {
      attempts.forEach((wait, index) => {
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(Math.min(SECOND * 2 ** index, 8 * SECOND));
      });
    }
    // Some deaths took more than one attempt, and no attempt of one loss counts for the next.
    expect(Math.max(...all.map(({ length }) => length))).toBeGreaterThan(2);
    expect(Math.max(...all.flat())).toBeGreaterThan(SECOND);
  });

  test('the server gets more than one probe a minute on average, and at most two', () => {
    expect(hour.pings).toBeLessThanOrEqual(120);
    expect(hour.pings).toBeGreaterThan(60);
    expect(hour.score).toBe(1);
  });

  test('timers do not pile up', () => {
    expect(hour.mostTimers).toBeLessThanOrEqual(6);
  });

  test.each([
    ['forward, as when a laptop wakes up', HOUR],
    ['back, as when the clock on the wall is set', -HOUR],
    ['back by a day', -24 * HOUR],
  ])('goes the same way when its clock jumps %s', async (_, wrongBy) => {
    const other = await anHour(wrongBy);
    expect(other.states).toEqual(hour.states);
    expect(other).toMatchObject({
      answers: hour.answers,
      pings: hour.pings,
      score: hour.score,
      mostTimers: hour.mostTimers,
    });
    expect(other.uptime).toBe(hour.uptime);
    expect(other.latency).toBe(hour.latency);
  });
});

describe('when the clock jumps while something is waited for', () => {
  const silent = { 'tools/list': CALLS['tools/list'], 'tools/call': () => undefined };

  async function begin(clock: WallClock, handlers: object): Promise<{ client: MCPClient } & AsyncDisposable> {
    const server = serverOn(clock, handlers);
    const client = await MCPClient.connect(server.transport, { environment: clock.environment, timeout: 30 * SECOND });
    return {
      client,
      [Symbol.asyncDispose]: async () => {
        await client.close();
        await server[Symbol.asyncDispose]();
        expect(clock.time.pending).toEqual([]);
      },
    };
  }

  test.each([
    ['timeout', { timeout: 30 * SECOND }],
    ['maxTotalTimeout', { timeout: 60 * SECOND, maxTotalTimeout: 30 * SECOND }],
  ])('back, %s is as long as it would have been', async (_, options) => {
    const clock = new WallClock();
    await using meeting = await begin(clock, silent);
    const error = errorFrom(meeting.client.callTool('hang', {}, options));
    await clock.time.advance(10 * SECOND);
    clock.wrongBy = -HOUR;
    await clock.time.advance(20 * SECOND - 1);
    expect(await isSettled(error)).toBe(false);
    await clock.time.advance(1);
    expect(await isSettled(error)).toBe(true);
    expect(await error).toMatchObject({ code: 'MCP_TIMEOUT' });
  });

  test('back, a call that is made then has its time, too', async () => {
    const clock = new WallClock();
    await using meeting = await begin(clock, silent);
    const first = errorFrom(meeting.client.callTool('hang'));
    clock.wrongBy = -HOUR;
    await clock.time.advance(10 * SECOND);
    const second = errorFrom(meeting.client.callTool('hang'));
    await clock.time.advance(29 * SECOND);
    expect([await isSettled(first), await isSettled(second)]).toEqual([true, false]);
    await clock.time.advance(SECOND);
    expect(await isSettled(second)).toBe(true);
  });

  test('forward, what should have been over by then is over when its timer comes, and not before it could have been answered', async () => {
    const clock = new WallClock();
    await using meeting = await begin(clock, silent);
    const error = errorFrom(meeting.client.callTool('hang'));
    await clock.time.advance(10 * SECOND);
    clock.wrongBy = HOUR;
    expect(await isSettled(error)).toBe(false);
    await clock.time.advance(20 * SECOND);
    expect(await error).toMatchObject({ code: 'MCP_TIMEOUT' });
  });

  test('forward, an answer that is there when the laptop wakes up still counts', async () => {
    const clock = new WallClock();
    await using meeting = await begin(clock, {
      'tools/call': async (_: unknown, { wait }: { wait: (time: number) => Promise<void> }) => {
        await wait(20 * SECOND);
        return { content: [] };
      },
    });
    const call = meeting.client.callTool('slow');
    await clock.time.advance(10 * SECOND);
    clock.wrongBy = HOUR;
    await clock.time.advance(10 * SECOND);
    expect(await call).toMatchObject({ content: [] });
  });

  test.each([
    ['forward', HOUR],
    ['back', -HOUR],
  ])('%s, connect() does not hang', async (_, wrongBy) => {
    const clock = new WallClock();
    const silence = (): undefined => undefined;
    const server = serverOn(clock, { initialize: silence, 'server/discover': silence });
    const client = new MCPClient(server.transport, { environment: clock.environment });
    const error = errorFrom(client.connect({ timeout: 10 * SECOND }));
    await clock.time.advance(SECOND);
    clock.wrongBy = wrongBy;
    await clock.time.advance(9 * SECOND);
    expect(await isSettled(error)).toBe(true);
    expect(await error).toMatchObject({ code: 'MCP_TIMEOUT' });
    await client.close();
    await server[Symbol.asyncDispose]();
    expect(clock.time.pending).toEqual([]);
  });
});
