import { createActor } from 'xstate';

import { healthMachine, healthPorts, FATAL_MISSES } from '../../../src/machines/health/health-machine.js';
import type { HealthNews } from '../../../src/machines/health/health-machine.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';

const INTERVAL = 1_000;
const missed = { type: 'checked', check: { ok: false, busy: false } } as const;
const busy = { type: 'checked', check: { ok: false, busy: true } } as const;
const answered = { type: 'checked', check: { ok: true, latency: 3, busy: false } } as const;

/** A monitor whose checks are answered by the test. */
function monitor(interval = INTERVAL) {
  const clock = new SimulatedEnvironment();
  const told: HealthNews['type'][] = [];
  let [windows, checks] = [0, 0];
  const actor = createActor(healthMachine, {
    input: { interval },
    clock: { setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout },
  });
  healthPorts.provide(actor.system, {
    beginWindow: () => {
      windows += 1;
    },
    check: () => {
      checks += 1;
    },
    report: ({ type }) => told.push(type),
  });
  actor.start();
  const check = async (found: typeof missed | typeof busy | typeof answered): Promise<void> => {
    await clock.advance(INTERVAL);
    actor.send(found);
  };
  return { clock, actor, told, check, checks: () => checks, windows: () => windows };
}

describe('a monitor', () => {
  it('checks once per interval, and waits for what a check finds', async () => {
    const { clock, actor, checks, windows } = monitor();
    await clock.advance(10 * INTERVAL);
    expect([windows(), checks()]).toEqual([1, 1]);
    actor.send(answered);
    expect([windows(), checks()]).toEqual([2, 1]);
    await clock.advance(INTERVAL);
    expect([windows(), checks()]).toEqual([2, 2]);
    actor.stop();
    expect(clock.pending).toEqual([]);
  });

  it('without an interval checks nothing, until the event monitor sets one', async () => {
    const { clock, actor, checks } = monitor(0);
    await clock.advance(10 * INTERVAL);
    expect(checks()).toBe(0);
    actor.send({ type: 'monitor', interval: INTERVAL });
    await clock.advance(INTERVAL);
    expect(checks()).toBe(1);
    actor.stop();
  });

  it('is degraded after the first miss, and recovers with the first response', async () => {
    const { actor, told, check } = monitor();
    await check(missed);
    await check(answered);
    expect(told).toEqual(['health.checked', 'health.degraded', 'health.checked', 'health.recovered']);
    actor.stop();
  });

  it('does not fail while requests are in flight, however many checks are missed, and fails at the next miss without them', async () => {
    const { actor, told, check } = monitor();
    for (let miss = 0; miss < 5 * FATAL_MISSES; miss += 1) await check(busy);
    expect(told).toContain('health.degraded');
    expect(told).not.toContain('health.failed');
    await check(missed);
    expect(told.at(-1)).toBe('health.failed');
    actor.stop();
  });

  it('fails after as many misses in a row as are allowed', async () => {
    const { actor, told, check } = monitor();
    for (let miss = 0; miss < FATAL_MISSES; miss += 1) await check(missed);
    expect(told.filter((type) => type !== 'health.checked')).toEqual(['health.degraded', 'health.failed']);
    actor.stop();
  });

  it('that has failed recovers with a response, if the connection did not end the session', async () => {
    const { actor, told, check } = monitor();
    for (let miss = 0; miss <= FATAL_MISSES; miss += 1) await check(missed);
    await check(answered);
    await check(missed);
    expect(told.filter((type) => type !== 'health.checked')).toEqual([
      'health.degraded',
      'health.failed',
      'health.recovered',
      'health.degraded',
    ]);
    actor.stop();
  });

  it('that is stopped reports recovery, and ignores later results', async () => {
    const { clock, actor, told, check } = monitor();
    await check(missed);
    actor.send({ type: 'monitor', interval: 0 });
    expect(told.slice(2)).toEqual(['health.recovered']);
    actor.send(missed);
    await clock.advance(10 * INTERVAL);
    expect(told).toHaveLength(3);
    actor.stop();
  });
});
