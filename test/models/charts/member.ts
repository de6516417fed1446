import { memberMachine, memberPorts } from '../../../src/machines/member/member-machine.js';
import type { MemberEvent, MemberFacts } from '../../../src/machines/member/member-machine.js';
import { failure } from '../../../src/util/failure.js';
import type { Seen, Vertex } from '../../support/charts/explorer.js';
import { idlePorts } from '../../support/charts/idle-ports.js';
import { endsForGood } from './chart-model.js';
import type { ChartModel } from './chart-model.js';

const FAILED = failure('transport', 'MCP_PROCESS_EXITED', 'no');
/** So many calls at once show everything that more calls would show. */
const MOST_OPEN = 3;

const ALWAYS: readonly MemberEvent[] = [
  { type: 'started' },
  { type: 'failed', failure: FAILED },
  { type: 'lost', failure: FAILED },
  { type: 'slept' },
  { type: 'remove' },
  { type: 'closed' },
];

function eventsIn({ context: { open } }: Seen<MemberFacts>): MemberEvent[] {
  return [
    ...ALWAYS,
    ...(open < MOST_OPEN ? [{ type: 'begin' } as const] : []),
    ...(open > 0 ? [{ type: 'end' } as const] : []),
  ];
}

/** The activity that runs in each state. */
const ACTIVITIES: Readonly<Record<string, string>> = { waking: 'start', draining: 'sleep', closing: 'close' };

const isIn =
  (...paths: string[]) =>
  ({ path }: Vertex<MemberFacts>): boolean =>
    paths.includes(path);
const isOver = isIn('removed');

/** The chart of a server of a group. */
export const memberChart: ChartModel<MemberFacts> = {
  name: 'member',
  machine: memberMachine,
  ports: { of: memberPorts, idle: idlePorts.member },
  scenes: [
    ['sleeps', 1_000],
    ['is kept', Infinity],
  ].map(([name, idleTimeout]) => ({
    name: String(name),
    input: { idleTimeout },
    events: eventsIn,
    deciding: ({ open, failure: why }) => [open, why?.code],
  })),
  passing: [],
  laws: {
    'is removed for good by one event in every state': (inquiry) => {
      const { found, none } = inquiry;
      endsForGood<MemberFacts>(isOver)(inquiry);
      const obeys = (vertex: Vertex<MemberFacts>): boolean =>
        isOver(vertex) || vertex.next.every(({ event, to }) => event.type !== 'remove' || to.path === 'closing');
      none(found.violations(obeys));
    },

    'starts, closes and puts to sleep exactly while it is in the state for that': ({ found, none }) => {
      const runs = ({ path, snapshot: { children } }: Vertex<MemberFacts>): boolean =>
        Object.keys(children).join() === (ACTIVITIES[path] ?? '');
      none(found.violations(runs));
    },

    'is started only for something that needs it, and then from every state without a connection': ({
      found,
      none,
    }) => {
      none(found.violations((vertex) => vertex.path !== 'asleep' || vertex.snapshot.context.open === 0));
      const starts = (vertex: Vertex<MemberFacts>): boolean =>
        vertex.next.every(({ event, to }) => {
          if (to === vertex || to.path === 'closing') return true;
          const { open } = to.snapshot.context;
          if (isIn('asleep', 'down')(vertex) && event.type === 'begin') return to.path === 'waking';
          if (vertex.path === 'draining' && event.type === 'slept') return to.path === (open > 0 ? 'waking' : 'asleep');
          return vertex.path === 'waking' || to.path !== 'waking';
        });
      none(found.violations(starts));
    },

    'sleeps only by time, when nothing needs it, and never when it is kept': ({ found, none }) => {
      const sleeps = (vertex: Vertex<MemberFacts>): boolean =>
        vertex.next.every(
          ({ event, to }) =>
            to.path !== 'draining' ||
            vertex.path === 'draining' ||
            (event.type.startsWith('xstate.after') && vertex.snapshot.context.open === 0 && vertex.scene === 'sleeps'),
        );
      none(found.violations(sleeps));
      none(found.violations((vertex) => vertex.scene !== 'is kept' || vertex.path !== 'draining'));
      const asleep = found.reaching(isIn('draining'), ({ type }) => type.startsWith('xstate.after'));
      none(
        found.violations((vertex) => vertex.scene !== 'sleeps' || vertex.path !== 'awake.idle' || asleep.has(vertex)),
      );
    },

    'is busy exactly while something needs the server that is awake': ({ found, none }) => {
      const tells = ({ path, snapshot }: Vertex<MemberFacts>): boolean =>
        !path.startsWith('awake.') || (path === 'awake.busy') === snapshot.context.open > 0;
      none(found.violations(tells));
    },

    'counts each begin and each end once': ({ found, none }) => {
      const counts = (vertex: Vertex<MemberFacts>): boolean =>
        isIn('closing', 'removed')(vertex) ||
        vertex.next.every(({ event, to }) => {
          if (to.path === 'closing') return true;
          const step = event.type === 'begin' ? 1 : event.type === 'end' ? -1 : 0;
          return to.snapshot.context.open === vertex.snapshot.context.open + step;
        });
      none(found.violations(counts));
    },

    'is down with a reason when a start fails or the connection ends, and has a reason in no other state': ({
      found,
      none,
    }) => {
      none(found.violations(({ path, snapshot }) => isReasoned(path, snapshot.context)));
      const falls = (vertex: Vertex<MemberFacts>): boolean =>
        vertex.next.every(({ event, to }) => {
          const falling =
            (vertex.path === 'waking' && event.type === 'failed') ||
            (vertex.path.startsWith('awake.') && event.type === 'lost');
          return vertex.path === 'down' || (to.path === 'down') === falling;
        });
      none(found.violations(falls));
    },

    'shows one state to users': ({ found, none }) => {
      const shows = ({ path, snapshot: { tags } }: Vertex<MemberFacts>): boolean =>
        [...tags].join() === (path === 'closing' ? 'removed' : path.split('.')[0]);
      none(found.violations(shows));
    },
  },
};

function isReasoned(path: string, facts: MemberFacts): boolean {
  return (path === 'down') === (facts.failure !== undefined);
}
