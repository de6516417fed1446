import { assign, not, setup, stateIn } from 'xstate';

import { failure } from '../../util/failure.js';
import type { Failure } from '../../util/failure.js';
import type { HealthCheck } from '../../diagnostics/health-score.js';
import { SystemPorts } from '../system-ports.js';

/** Checks missed in a row after which a connection that does nothing else is taken for dead. */
export const MISSES_ALLOWED = 3;

/** What the monitor knows. */
export interface HealthFacts {
  /** Milliseconds between checks; 0 for none. */
  readonly interval: number;
  /** Checks missed in a row. */
  readonly misses: number;
}

/** What a check found. `busy`: requests are in flight, so the server may just be working. */
export type CheckResult = HealthCheck & { readonly busy: boolean };

/** Everything that can happen to the monitor. */
export type HealthEvent =
  { readonly type: 'monitor'; readonly interval: number } | { readonly type: 'checked'; readonly check: CheckResult };

/** What the monitor tells the connection. */
export type HealthNews =
  | { readonly type: 'health.checked'; readonly check: HealthCheck }
  | { readonly type: 'health.suspect' }
  | { readonly type: 'health.recovered' }
  | { readonly type: 'health.failed'; readonly failure: Failure };

/** What the monitor does to the world. */
export interface HealthPorts {
  /** Answers count for the next check from now on. */
  beginWindow(): void;
  /** Finds out whether the server has responded in this window, else sends it a probe. The result is ignored when the actor has stopped. */
  check(tell: (found: CheckResult) => void): void;
  report(news: HealthNews): void;
}

export const healthPorts = new SystemPorts<HealthPorts>('health monitor');

/** The outcome of a check that was given up meanwhile, because the monitoring was stopped or changed. */
const late = { guard: 'isLate' } as const;

/** Nobody looks any more, so nobody would ever see an answer that takes a suspicion back. */
const unwatched = {
  guard: 'monitoringStops',
  target: 'healthy',
  actions: ['forgetMisses', 'reportRecovered'],
} as const;

/**
 * Watches a connection: one check closes per interval, satisfied by any answer in that window, else by asking the server. One miss
 * makes the connection suspect, an answer makes it healthy again, several in a row with nothing in flight make it fail.
 */
export const healthMachine = setup({
  types: {
    context: {} as HealthFacts,
    events: {} as HealthEvent,
    input: {} as Pick<HealthFacts, 'interval'>,
  },
  guards: {
    unmonitored: ({ context }) => context.interval === 0,
    monitoringStops: ({ event }) => event.type === 'monitor' && event.interval === 0,
    isLate: not(stateIn({ cadence: 'checking' })),
    answered: ({ event }) => event.type === 'checked' && event.check.ok,
    tooManyMisses: ({ context, event }) =>
      event.type === 'checked' && !event.check.busy && context.misses + 1 >= MISSES_ALLOWED,
  },
  actions: {
    keepInterval: assign(({ event }) => (event.type === 'monitor' ? { interval: event.interval } : {})),
    countMiss: assign({ misses: ({ context }) => context.misses + 1 }),
    forgetMisses: assign({ misses: 0 }),
    beginWindow: ({ system }) => {
      healthPorts.of(system).beginWindow();
    },
    check: ({ self, system }) => {
      healthPorts.of(system).check((found) => {
        self.send({ type: 'checked', check: found });
      });
    },
    reportCheck: ({ event, system }) => {
      if (event.type !== 'checked') return;
      const { ok, latency } = event.check;
      healthPorts.of(system).report({ type: 'health.checked', check: { ok, latency } });
    },
    reportSuspect: ({ system }) => {
      healthPorts.of(system).report({ type: 'health.suspect' });
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
          // Not reentering: that would leave the other region, too, and forget its verdict untold.
          { target: '.waiting', actions: 'keepInterval' },
        ],
      },
    },
    verdict: {
      initial: 'healthy',
      states: {
        healthy: {
          on: {
            checked: [late, { guard: 'answered' }, { target: 'suspect', actions: 'countMiss' }],
          },
        },
        suspect: {
          entry: 'reportSuspect',
          on: {
            checked: [
              late,
              { guard: 'answered', target: 'healthy', actions: ['forgetMisses', 'reportRecovered'] },
              { guard: 'tooManyMisses', target: 'failed', actions: 'countMiss' },
              { actions: 'countMiss' },
            ],
            monitor: unwatched,
          },
        },
        failed: {
          entry: 'reportFailed',
          on: {
            // Without a link there is nothing that the connection could open anew, and it goes on.
            checked: [late, { guard: 'answered', target: 'healthy', actions: ['forgetMisses', 'reportRecovered'] }],
            monitor: unwatched,
          },
        },
      },
    },
  },
});
