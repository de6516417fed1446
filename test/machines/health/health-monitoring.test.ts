import { FATAL_MISSES } from '../../../src/machines/health/health-machine.js';
import { failure } from '../../../src/util/failure.js';
import { healthScore } from '../../../src/diagnostics/health-score.js';
import { rejectedWith } from '../../../src/transports/link.js';
import { deferred, legacyServer, modernServer, NOTHING_LEFT, silentServer, Stage } from '../../support/staged.js';
import type { Behaviour } from '../../support/staged.js';

const INTERVAL = 1_000;

/** A server that answers probes after a while. */
function slowServer(stage: Stage, latency: number): Behaviour {
  return ({ id }, link) => {
    stage.environment.setTimeout(() => {
      link.says({ jsonrpc: '2.0', id, result: {} });
    }, latency);
    return undefined;
  };
}

describe('monitoring a connection', () => {
  it('measures how long answers take, and scores what it finds', async () => {
    const stage = await Stage.ready({ server: legacyServer, healthInterval: INTERVAL });
    expect(healthScore(stage.connection.facts.checks)).toBe(1);
    stage.transport.server = slowServer(stage, 40);
    await stage.advance(INTERVAL + 40);
    await stage.settle();
    expect(stage.connection.facts.checks).toEqual([{ ok: true, latency: 40 }]);
    stage.transport.server = silentServer;
    await stage.advance(2 * INTERVAL);
    await stage.settle();
    expect(stage.connection.facts.checks).toEqual([
      { ok: true, latency: 40 },
      { ok: false, latency: undefined },
    ]);
    expect(healthScore(stage.connection.facts.checks)).toBeCloseTo(1 / 3);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it.each([
    ['a legacy server by ping', legacyServer, 'ping'],
    ['a modern server by its own question', modernServer, 'server/discover'],
  ])('asks %s', async (_what, server, method) => {
    const stage = await Stage.ready({ server, healthInterval: INTERVAL });
    stage.transport.newest.sent.length = 0;
    await stage.advance(3 * INTERVAL);
    expect(stage.transport.newest.methods).toEqual([method, method, method]);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('passes the check if the probe gets an error response', async () => {
    const stage = await Stage.ready({ server: legacyServer, healthInterval: INTERVAL });
    stage.transport.server = () => ({ error: { code: -32601, message: 'Method not found' } });
    await stage.advance(5 * INTERVAL);
    await stage.settle();
    expect(stage.state).toBe('ready');
    expect(stage.connection.facts.checks.every(({ ok }) => ok)).toBe(true);
    expect(stage.reports).toEqual([]);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('continues when a probe could not be sent', async () => {
    const stage = await Stage.ready({ server: legacyServer, healthInterval: INTERVAL });
    stage.transport.sending = () =>
      rejectedWith(failure('transport', 'MCP_TRANSPORT_FAILED', 'reset', { delivery: 'unknown' }));
    await stage.advance(INTERVAL);
    await stage.settle();
    expect(stage.state).toBe('degraded');
    stage.transport.sending = () => undefined;
    await stage.advance(INTERVAL);
    await stage.settle();
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('counts one missed response once, also when the interval is changed meanwhile', async () => {
    const stage = await Stage.ready({
      server: legacyServer,
      healthInterval: INTERVAL,
      policy: { autoReconnect: false },
    });
    stage.transport.server = silentServer;
    await stage.advance(INTERVAL);
    // A check is under way, and is given up for checks of another pace.
    stage.connection.send({ type: 'monitor', interval: 10 * INTERVAL });
    await stage.advance(5 * INTERVAL);
    await stage.settle();
    expect(stage.connection.facts.checks).toEqual([]);
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('keeps its doubt when its pace is changed, and takes it back at the next answer', async () => {
    const stage = await Stage.ready({ server: legacyServer, healthInterval: INTERVAL });
    stage.transport.server = silentServer;
    await stage.advance(2 * INTERVAL);
    await stage.settle();
    stage.connection.send({ type: 'monitor', interval: 2 * INTERVAL });
    await stage.settle();
    expect(stage.state).toBe('degraded');
    stage.transport.server = legacyServer;
    await stage.advance(2 * INTERVAL - 1);
    expect(stage.state).toBe('degraded');
    await stage.advance(1);
    await stage.settle();
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('ignores the result of a check that began before the interval changed', async () => {
    const stage = await Stage.ready({ healthInterval: INTERVAL, perRequest: true });
    stage.transport.server = silentServer;
    const asked = (): number => stage.transport.newest.sent.length;
    for (const misses of [1, FATAL_MISSES]) {
      while (stage.connection.facts.checks.length < misses) await stage.advance(INTERVAL);
      const before = asked();
      while (asked() === before) await stage.advance(INTERVAL / 10);
      stage.connection.send({ type: 'monitor', interval: INTERVAL });
      const checks = stage.connection.facts.checks.length;
      // The check that begins now says it, not the one that was under way.
      await stage.advance(INTERVAL);
      await stage.settle();
      expect(stage.connection.facts.checks).toHaveLength(checks);
      expect(stage.state).toBe('degraded');
    }
    // Nobody looks any more.
    stage.connection.send({ type: 'monitor', interval: 0 });
    await stage.settle();
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('can be started and stopped at any time, and leaves no timer', async () => {
    const stage = await Stage.ready({ server: legacyServer });
    await stage.advance(60_000);
    expect(stage.environment.pending).toEqual([]);
    stage.connection.send({ type: 'monitor', interval: INTERVAL });
    expect(stage.environment.pending).toHaveLength(1);
    stage.transport.server = silentServer;
    await stage.advance(INTERVAL);
    stage.connection.send({ type: 'monitor', interval: 0 });
    await stage.advance(PROBE_END);
    expect(stage.environment.pending).toEqual([]);
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('starts again with every session', async () => {
    const stage = await Stage.ready({ server: legacyServer, healthInterval: INTERVAL, random: () => 0 });
    stage.transport.server = silentServer;
    await stage.advance(2 * INTERVAL);
    await stage.settle();
    expect(stage.state).toBe('degraded');
    stage.transport.server = legacyServer;
    stage.connection.send({ type: 'reconnect' });
    await stage.settle();
    expect(stage.state).toBe('ready');
    stage.transport.server = silentServer;
    // The misses of the session before do not count for this one.
    await stage.advance(4 * INTERVAL);
    await stage.settle();
    expect(stage.state).toBe('degraded');
    expect(stage.connection.facts.connectionCount).toBe(2);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('says nothing about a session that was established while it waited for an answer of the last', async () => {
    const stage = await Stage.ready({ server: legacyServer, healthInterval: INTERVAL, random: () => 0 });
    stage.transport.server = silentServer;
    await stage.advance(INTERVAL);
    stage.transport.server = legacyServer;
    stage.connection.send({ type: 'reconnect' });
    await stage.settle();
    expect(stage.connection.facts.checks).toEqual([]);
    expect(stage.states.filter((state) => state === 'degraded')).toEqual([]);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('does not close what has neither link nor session', async () => {
    const stage = await Stage.ready({ healthInterval: INTERVAL, perRequest: true });
    stage.transport.server = silentServer;
    await stage.advance(20 * INTERVAL);
    await stage.settle();
    expect(stage.state).toBe('degraded');
    stage.transport.server = modernServer;
    await stage.advance(2 * INTERVAL);
    await stage.settle();
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('closes a dead link without waiting for it', async () => {
    const stage = await Stage.ready({ server: legacyServer, healthInterval: INTERVAL, random: () => 0.5 });
    const stuck = deferred();
    stage.transport.closing = () => stuck.promise;
    stage.transport.server = silentServer;
    await stage.advance(6 * INTERVAL);
    await stage.settle();
    expect(stage.state).toBe('reconnecting');
    expect(stage.transport.log.at(-1)).toBe('close');
    stage.transport.server = legacyServer;
    stage.transport.closing = () => Promise.resolve();
    stuck.resolve();
    await stage.advance(500);
    await stage.settle();
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });
});

/** Longer than any question of a monitor is waited for. */
const PROBE_END = 10_000;
