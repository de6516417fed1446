import { assertEvent, assign, not, setup, stateIn } from 'xstate';

import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { HealthCheck } from '../../diagnostics/health-score.js';
import { SystemPorts } from '../system-ports.js';

/** Checks missed in a row after which an idle connection counts as dead. */
export const FATAL_MISSES = 3;

/** Milliseconds that the server has to respond to a probe, at most. */
const PROBE_TIMEOUT = 10_000;

/** The context of the health monitor. */
export interface HealthFacts {
  /** Milliseconds between checks; 0 for none. */
  readonly interval: number;
  /** Checks missed in a row. */
  readonly misses: number;
}

/** The result of a check. `busy`: requests are in flight, so the server may just be working. */
export type CheckResult = HealthCheck & { readonly busy: boolean };

/** The events of the health monitor. */
export type HealthEvent =
  { readonly type: 'monitor'; readonly interval: number } | { readonly type: 'checked'; readonly check: CheckResult };

/** The events that the health monitor sends to the connection. */
export type HealthNews =
  | { readonly type: 'health.checked'; readonly check: HealthCheck }
  | { readonly type: 'health.degraded' }
  | { readonly type: 'health.recovered' }
  | { readonly type: 'health.failed'; readonly failure: Failure };

/** The effects of the health monitor. */
export interface HealthPorts {
  /** Responses count for the next check from now on. */
  beginWindow(): void;
  /**
   * Finds out whether the server has responded in this window, else sends it a probe with this timeout. The result is ignored when the actor
   * has stopped.
   */
  check(timeout: number, found: (result: CheckResult) => void): void;
  report(news: HealthNews): void;
}

export const healthPorts = new SystemPorts<HealthPorts>('health monitor');

/** The result of a check that began before the monitoring was stopped or changed. */
const late = { guard: 'isLate' } as const;

/** Without monitoring no check could end the state `degraded` or `failed`. */
const unmonitor = {
  guard: 'monitoringStops',
  target: 'healthy',
  actions: ['forgetMisses', 'reportRecovered'],
} as const;

/**
 * Monitors a connection. Each interval ends with one check, which any response in the interval satisfies, and otherwise a probe. After one
 * missed check the connection is degraded, and the next check that passes makes it healthy again. It fails with the third miss in a row, or
 * with a later one, at which no request is in flight.
 */
export const healthMachine = setup({
  types: {
    context: {} as HealthFacts,
    events: {} as HealthEvent,
    input: {} as Pick<HealthFacts, 'interval'>,
  },
  guards: {
    unmonitored: ({ context }) => context.interval === 0,
    monitoringStops: ({ event }) => {
      assertEvent(event, 'monitor');
      return event.interval === 0;
    },
    isLate: not(stateIn({ cadence: 'checking' })),
    responded: ({ event }) => {
      assertEvent(event, 'checked');
      return event.check.ok;
    },
    tooManyMisses: ({ context, event }) => {
      assertEvent(event, 'checked');
      return !event.check.busy && context.misses + 1 >= FATAL_MISSES;
    },
  },
  actions: {
    keepInterval: assign(({ event }) => {
      assertEvent(event, 'monitor');
      return { interval: event.interval };
    }),
    countMiss: assign({ misses: ({ context }) => context.misses + 1 }),
    forgetMisses: assign({ misses: 0 }),
    beginWindow: ({ system }) => {
      healthPorts.of(system).beginWindow();
    },
    check: ({ context, self, system }) => {
      healthPorts.of(system).check(Math.min(PROBE_TIMEOUT, context.interval), (result) => {
        self.send({ type: 'checked', check: result });
      });
    },
    reportCheck: ({ event, system }) => {
      assertEvent(event, 'checked');
      const { ok, latency } = event.check;
      healthPorts.of(system).report({ type: 'health.checked', check: { ok, latency } });
    },
    reportDegraded: ({ system }) => {
      healthPorts.of(system).report({ type: 'health.degraded' });
    },
    reportRecovered: ({ system }) => {
      healthPorts.of(system).report({ type: 'health.recovered' });
    },
    reportFailed: ({ context, system }) => {
      const message = `The server missed ${context.misses} health checks in a row, ${context.interval} ms apart`;
      healthPorts.of(system).report({
        type: 'health.failed',
        failure: failure('connection', 'MCP_CONNECTION_LOST', message, {
          details: { misses: context.misses, interval: context.interval },
        }),
      });
    },
  },
  delays: {
    interval: ({ context }) => context.interval,
  },
}).createMachine({
  id: 'health',
  context: ({ input }) => ({ interval: input.interval, misses: 0 }),
  type: 'parallel',
  states: {
    cadence: {
      initial: 'starting',
      states: {
        starting: { always: [{ guard: 'unmonitored', target: 'paused' }, { target: 'waiting' }] },
        paused: {},
        waiting: { entry: 'beginWindow', after: { interval: 'checking' } },
        checking: {
          entry: 'check',
          on: { checked: { target: 'waiting', actions: 'reportCheck' } },
        },
      },
      on: {
        monitor: [
          { guard: 'monitoringStops', target: '.paused', actions: 'keepInterval' },
          // Not reentering: that would also leave the other region, and reset its verdict without a report.
          { target: '.waiting', actions: 'keepInterval' },
        ],
      },
    },
    verdict: {
      initial: 'healthy',
      states: {
        healthy: {
          on: {
            checked: [late, { guard: 'responded' }, { target: 'degraded', actions: 'countMiss' }],
          },
        },
        degraded: {
          entry: 'reportDegraded',
          on: {
            checked: [
              late,
              { guard: 'responded', target: 'healthy', actions: ['forgetMisses', 'reportRecovered'] },
              { guard: 'tooManyMisses', target: 'failed', actions: 'countMiss' },
              { actions: 'countMiss' },
            ],
            monitor: unmonitor,
          },
        },
        failed: {
          entry: 'reportFailed',
          on: {
            // With exchanges there is no link that the connection could open again, so it continues.
            checked: [late, { guard: 'responded', target: 'healthy', actions: ['forgetMisses', 'reportRecovered'] }],
            monitor: unmonitor,
          },
        },
      },
    },
  },
});
