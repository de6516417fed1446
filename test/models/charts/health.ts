import { healthMachine, FATAL_MISSES, healthPorts } from '../../../src/machines/health/health-machine.js';
import type { HealthEvent, HealthFacts } from '../../../src/machines/health/health-machine.js';
import type { Vertex } from '../../support/charts/explorer.js';
import { idlePorts } from '../../support/charts/idle-ports.js';
import type { ChartModel } from './chart-model.js';

const INTERVAL = 1_000;

const EVENTS: readonly HealthEvent[] = [
  { type: 'monitor', interval: 0 },
  { type: 'monitor', interval: INTERVAL },
  { type: 'checked', check: { ok: true, busy: false } },
  { type: 'checked', check: { ok: true, busy: true } },
  { type: 'checked', check: { ok: false, busy: false } },
  { type: 'checked', check: { ok: false, busy: true } },
];

const verdictOf = ({ path }: Vertex<HealthFacts>): string => path.split(' & ')[1] ?? '';
const isChecking = ({ path }: Vertex<HealthFacts>): boolean => path.includes('cadence.checking');

/** What a check found that an event brings, if it does. */
function foundBy(event: {
  readonly type: string;
  readonly check?: unknown;
}): { ok: boolean; busy: boolean } | undefined {
  return event.type === 'checked' ? (event.check as { ok: boolean; busy: boolean }) : undefined;
}

/** The chart of the monitor. */
export const healthChart: ChartModel<HealthFacts> = {
  name: 'health',
  machine: healthMachine,
  ports: { of: healthPorts, idle: idlePorts.health },
  scenes: [0, INTERVAL].map((interval) => ({
    name: `every ${interval} ms at first`,
    input: { interval },
    events: () => EVENTS,
    deciding: (facts) => [facts.interval, Math.min(facts.misses, FATAL_MISSES + 1)],
  })),
  passing: ['cadence.starting'],
  laws: {
    'changes its mind only by a check that is under way, or when it is told to look away': ({ found, none }) => {
      const steadfast = (vertex: Vertex<HealthFacts>): boolean =>
        vertex.next.every(
          ({ event, to }) =>
            verdictOf(to) === verdictOf(vertex) ||
            (event.type === 'checked' && isChecking(vertex)) ||
            (event.type === 'monitor' && event.interval === 0),
        );
      none(found.violations(steadfast));
    },

    'believes a check that is under way: an answer is health, and a miss is not': ({ found, none }) => {
      const honest = (vertex: Vertex<HealthFacts>): boolean =>
        !isChecking(vertex) ||
        vertex.next.every(({ event, to }) => {
          const check = foundBy(event);
          if (check === undefined) return true;
          return (verdictOf(to) === 'verdict.healthy') === check.ok && (to.snapshot.context.misses === 0) === check.ok;
        });
      none(found.violations(honest));
    },

    'takes an idle server for dead after as many misses as are allowed, and never a busy one': ({ found, none }) => {
      const patient = (vertex: Vertex<HealthFacts>): boolean =>
        verdictOf(vertex) === 'verdict.failed' ||
        vertex.next.every(({ event, to }) => {
          const check = foundBy(event);
          const dead =
            isChecking(vertex) && check?.ok === false && !check.busy && to.snapshot.context.misses >= FATAL_MISSES;
          return (verdictOf(to) === 'verdict.failed') === dead;
        });
      none(found.violations(patient));
    },

    'is told what to do in every state, and does it': ({ found, none }) => {
      const obedient = (vertex: Vertex<HealthFacts>): boolean =>
        vertex.next.every(({ event, to }) => {
          if (event.type !== 'monitor') return true;
          const watches = event.interval !== 0;
          const cadence = watches ? 'cadence.waiting' : 'cadence.paused';
          const { interval } = to.snapshot.context;
          return to.path.includes(cadence) && interval === event.interval && (watches || to.path.includes('healthy'));
        });
      none(found.violations(obedient));
    },

    'always checks again by time alone while it is told to watch': ({ found, none }) => {
      const checking = found.reaching(isChecking, ({ type }) => type.startsWith('xstate.after'));
      none(found.violations((vertex) => vertex.path.includes('paused') || checking.has(vertex)));
      const ends = (vertex: Vertex<HealthFacts>): boolean =>
        !isChecking(vertex) ||
        vertex.next.every(({ event, to }) => event.type !== 'checked' || to.path.includes('cadence.waiting'));
      none(found.violations(ends));
    },
  },
};
