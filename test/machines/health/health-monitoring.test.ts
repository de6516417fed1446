import { FATAL_MISSES } from '../../../src/machines/health/health-machine.js';
import { failure } from '../../../src/util/failure.js';
import { healthScore } from '../../../src/diagnostics/health-score.js';
import { rejectedWith } from '../../../src/transports/link.js';
import {
  deferred,
  legacyServer,
  modernServer,
  NOTHING_LEFT,
  silentServer,
  ManualConnection,
} from '../../support/manual-connection.js';
import type { Behaviour } from '../../support/manual-connection.js';

const INTERVAL = 1_000;

/** A server that answers probes after a while. */
function slowServer(manual: ManualConnection, latency: number): Behaviour {
  return ({ id }, link) => {
    manual.environment.setTimeout(() => {
      link.says({ jsonrpc: '2.0', id, result: {} });
    }, latency);
    return undefined;
  };
}

describe('monitoring a connection', () => {
  it('measures how long answers take, and scores what it finds', async () => {
    const manual = await ManualConnection.ready({ server: legacyServer, healthInterval: INTERVAL });
    expect(healthScore(manual.connection.facts.checks)).toBe(1);
    manual.transport.server = slowServer(manual, 40);
    await manual.advance(INTERVAL + 40);
    await manual.settle();
    expect(manual.connection.facts.checks).toEqual([{ ok: true, latency: 40 }]);
    manual.transport.server = silentServer;
    await manual.advance(2 * INTERVAL);
    await manual.settle();
    expect(manual.connection.facts.checks).toEqual([
      { ok: true, latency: 40 },
      { ok: false, latency: undefined },
    ]);
    expect(healthScore(manual.connection.facts.checks)).toBeCloseTo(1 / 3);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it.each([
    ['a legacy server by ping', legacyServer, 'ping'],
    ['a modern server by its own question', modernServer, 'server/discover'],
  ])('asks %s', async (_what, server, method) => {
    const manual = await ManualConnection.ready({ server, healthInterval: INTERVAL });
    manual.transport.newest.sent.length = 0;
    await manual.advance(3 * INTERVAL);
    expect(manual.transport.newest.methods).toEqual([method, method, method]);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('passes the check if the probe gets an error response', async () => {
    const manual = await ManualConnection.ready({ server: legacyServer, healthInterval: INTERVAL });
    manual.transport.server = () => ({ error: { code: -32601, message: 'Method not found' } });
    await manual.advance(5 * INTERVAL);
    await manual.settle();
    expect(manual.state).toBe('ready');
    expect(manual.connection.facts.checks.every(({ ok }) => ok)).toBe(true);
    expect(manual.reports).toEqual([]);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('continues when a probe could not be sent', async () => {
    const manual = await ManualConnection.ready({ server: legacyServer, healthInterval: INTERVAL });
    manual.transport.sending = () =>
      rejectedWith(failure('transport', 'MCP_TRANSPORT_FAILED', 'reset', { delivery: 'unknown' }));
    await manual.advance(INTERVAL);
    await manual.settle();
    expect(manual.state).toBe('degraded');
    manual.transport.sending = () => undefined;
    await manual.advance(INTERVAL);
    await manual.settle();
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('counts one missed response once, also when the interval is changed meanwhile', async () => {
    const manual = await ManualConnection.ready({
      server: legacyServer,
      healthInterval: INTERVAL,
      policy: { autoReconnect: false },
    });
    manual.transport.server = silentServer;
    await manual.advance(INTERVAL);
    // A check is under way, and is given up for checks of another pace.
    manual.connection.send({ type: 'monitor', interval: 10 * INTERVAL });
    await manual.advance(5 * INTERVAL);
    await manual.settle();
    expect(manual.connection.facts.checks).toEqual([]);
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('keeps its doubt when its pace is changed, and takes it back at the next answer', async () => {
    const manual = await ManualConnection.ready({ server: legacyServer, healthInterval: INTERVAL });
    manual.transport.server = silentServer;
    await manual.advance(2 * INTERVAL);
    await manual.settle();
    manual.connection.send({ type: 'monitor', interval: 2 * INTERVAL });
    await manual.settle();
    expect(manual.state).toBe('degraded');
    manual.transport.server = legacyServer;
    await manual.advance(2 * INTERVAL - 1);
    expect(manual.state).toBe('degraded');
    await manual.advance(1);
    await manual.settle();
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('ignores the result of a check that began before the interval changed', async () => {
    const manual = await ManualConnection.ready({ healthInterval: INTERVAL, perRequest: true });
    manual.transport.server = silentServer;
    const asked = (): number => manual.transport.newest.sent.length;
    for (const misses of [1, FATAL_MISSES]) {
      while (manual.connection.facts.checks.length < misses) await manual.advance(INTERVAL);
      const before = asked();
      while (asked() === before) await manual.advance(INTERVAL / 10);
      manual.connection.send({ type: 'monitor', interval: INTERVAL });
      const checks = manual.connection.facts.checks.length;
      // The check that begins now says it, not the one that was under way.
      await manual.advance(INTERVAL);
      await manual.settle();
      expect(manual.connection.facts.checks).toHaveLength(checks);
      expect(manual.state).toBe('degraded');
    }
    // Nobody looks any more.
    manual.connection.send({ type: 'monitor', interval: 0 });
    await manual.settle();
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('can be started and stopped at any time, and leaves no timer', async () => {
    const manual = await ManualConnection.ready({ server: legacyServer });
    await manual.advance(60_000);
    expect(manual.environment.pending).toEqual([]);
    manual.connection.send({ type: 'monitor', interval: INTERVAL });
    expect(manual.environment.pending).toHaveLength(1);
    manual.transport.server = silentServer;
    await manual.advance(INTERVAL);
    manual.connection.send({ type: 'monitor', interval: 0 });
    await manual.advance(PROBE_END);
    expect(manual.environment.pending).toEqual([]);
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('starts again with every session', async () => {
    const manual = await ManualConnection.ready({ server: legacyServer, healthInterval: INTERVAL, random: () => 0 });
    manual.transport.server = silentServer;
    await manual.advance(2 * INTERVAL);
    await manual.settle();
    expect(manual.state).toBe('degraded');
    manual.transport.server = legacyServer;
    manual.connection.send({ type: 'reconnect' });
    await manual.settle();
    expect(manual.state).toBe('ready');
    manual.transport.server = silentServer;
    // The misses of the session before do not count for this one.
    await manual.advance(4 * INTERVAL);
    await manual.settle();
    expect(manual.state).toBe('degraded');
    expect(manual.connection.facts.connectionCount).toBe(2);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('says nothing about a session that was established while it waited for an answer of the last', async () => {
    const manual = await ManualConnection.ready({ server: legacyServer, healthInterval: INTERVAL, random: () => 0 });
    manual.transport.server = silentServer;
    await manual.advance(INTERVAL);
    manual.transport.server = legacyServer;
    manual.connection.send({ type: 'reconnect' });
    await manual.settle();
    expect(manual.connection.facts.checks).toEqual([]);
    expect(manual.states.filter((state) => state === 'degraded')).toEqual([]);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('does not close what has neither link nor session', async () => {
    const manual = await ManualConnection.ready({ healthInterval: INTERVAL, perRequest: true });
    manual.transport.server = silentServer;
    await manual.advance(20 * INTERVAL);
    await manual.settle();
    expect(manual.state).toBe('degraded');
    manual.transport.server = modernServer;
    await manual.advance(2 * INTERVAL);
    await manual.settle();
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('closes a dead link without waiting for it', async () => {
    const manual = await ManualConnection.ready({ server: legacyServer, healthInterval: INTERVAL, random: () => 0.5 });
    const stuck = deferred();
    manual.transport.closing = () => stuck.promise;
    manual.transport.server = silentServer;
    await manual.advance(6 * INTERVAL);
    await manual.settle();
    expect(manual.state).toBe('reconnecting');
    expect(manual.transport.log.at(-1)).toBe('close');
    manual.transport.server = legacyServer;
    manual.transport.closing = () => Promise.resolve();
    stuck.resolve();
    await manual.advance(500);
    await manual.settle();
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });
});

/** Longer than any question of a monitor is waited for. */
const PROBE_END = 10_000;
