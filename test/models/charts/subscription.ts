import { subscriptionMachine, subscriptionPorts } from '../../../src/machines/subscription/subscription-machine.js';
import type { SubscriptionEvent, SubscriptionFacts } from '../../../src/machines/subscription/subscription-machine.js';
import { failure } from '../../../src/util/failure.js';
import type { SubscriptionFilter } from '../../../src/protocol/schema/index.js';
import type { Vertex } from '../../support/charts/explorer.js';
import { idlePorts } from '../../support/charts/idle-ports.js';
import type { ChartModel } from './chart-model.js';

const TOOLS: SubscriptionFilter = { toolsListChanged: true };
const BOTH: SubscriptionFilter = { toolsListChanged: true, promptsListChanged: true };

const NOT_SERVED = failure('protocol', 'MCP_RPC_ERROR', 'No', { errorCode: -32601 });

const EVENTS: readonly SubscriptionEvent[] = [
  { type: 'watch', wanted: undefined },
  { type: 'watch', wanted: TOOLS },
  { type: 'watch', wanted: BOTH },
  { type: 'acknowledged', honoured: TOOLS },
  { type: 'ended', failure: undefined },
  { type: 'ended', failure: failure('protocol', 'MCP_RPC_ERROR', 'No', { errorCode: -32603 }) },
  { type: 'ended', failure: NOT_SERVED },
];

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** The chart of what is listened to in the modern era. */
export const subscriptionChart: ChartModel<SubscriptionFacts> = {
  name: 'subscription',
  machine: subscriptionMachine,
  ports: { of: subscriptionPorts, idle: idlePorts.subscription },
  scenes: (
    [
      ['nothing wanted at first', undefined, false],
      ['wanted from the start', TOOLS, false],
      ['wanted from the start, where requests overtake each other', TOOLS, true],
    ] as const
  ).map(([name, wanted, overtaken]) => ({
    name,
    input: { wanted, overtaken },
    events: () => EVENTS,
    deciding: ({ wanted: now, endings, overtaken, honoured }) => [now, Math.min(endings, 3), overtaken, honoured],
  })),
  passing: ['starting'],
  laws: {
    'is idle exactly when nothing is wanted of a server that can': ({ found, none }) => {
      none(
        found.violations(
          ({ path, snapshot: { context } }) =>
            path === 'unsupported' || (path === 'idle') === (context.wanted === undefined),
        ),
      );
    },

    'always finds its way back to an open stream when something is wanted, by time and the server alone': ({
      found,
      none,
    }) => {
      const opened = found.reaching(
        ({ path }) => path === 'open',
        ({ type }) => type === 'acknowledged' || type.startsWith('xstate.after'),
      );
      none(found.violations((vertex) => ['idle', 'unsupported'].includes(vertex.path) || opened.has(vertex)));
    },

    'waits for nothing without an end': ({ found, none }) => {
      const timed = ({ path, next }: Vertex<SubscriptionFacts>): boolean =>
        !['opening', 'waiting'].includes(path) ||
        next.some(({ event, to }) => event.type.startsWith('xstate.after') && to.path !== path);
      none(found.violations(timed));
    },

    'waits after an ending, and counts it': ({ found, none }) => {
      const waits = ({ path, next, snapshot }: Vertex<SubscriptionFacts>): boolean =>
        !['opening', 'open'].includes(path) ||
        next.every(({ event, to }) => {
          if (event.type !== 'ended' || (path === 'opening' && event.failure === NOT_SERVED)) return true;
          const counted = Math.min(snapshot.context.endings + 1, 3);
          return to.path === 'waiting' && Math.min(to.snapshot.context.endings, 3) === counted;
        });
      none(found.violations(waits));
    },

    'forgets its endings once it has stood for a while, and not before': ({ found, none }) => {
      const stable = ({ path, next, snapshot }: Vertex<SubscriptionFacts>): boolean =>
        path !== 'open' ||
        next.some(({ event, to }) => event.type.startsWith('xstate.after') && to.snapshot.context.endings === 0) ||
        snapshot.context.endings === 0;
      none(found.violations(stable));
      const keeps = ({ path, next, snapshot }: Vertex<SubscriptionFacts>): boolean =>
        next.every(
          ({ event, to }) =>
            to.snapshot.context.endings >= Math.min(snapshot.context.endings, 3) ||
            (path === 'open' && event.type.startsWith('xstate.after')),
        );
      none(found.violations(keeps));
    },

    'opens a stream for whatever else is wanted, unless the server does not know subscriptions': ({ found, none }) => {
      const serves = (vertex: Vertex<SubscriptionFacts>): boolean =>
        vertex.next.every(({ event, to }) => {
          if (event.type !== 'watch' || same(event.wanted, vertex.snapshot.context.wanted)) return true;
          if (!same(to.snapshot.context.wanted, event.wanted)) return false;
          if (vertex.path === 'unsupported') return to.path === 'unsupported';
          return to.path === (event.wanted === undefined ? 'idle' : 'opening');
        });
      none(found.violations(serves));
    },

    'asks a server that does not know subscriptions no more': ({ found, none }) => {
      none(
        found.violations(({ path, next }) =>
          path === 'unsupported'
            ? next.every(({ to }) => to.path === 'unsupported')
            : next.every(
                ({ event, to }) =>
                  (to.path === 'unsupported') === (path === 'opening' && same(event.failure, NOT_SERVED)),
              ),
        ),
      );
    },

    'knows what the server honours exactly while a stream stands': ({ found, none }) => {
      none(found.violations(({ path, snapshot }) => (path === 'open') === (snapshot.context.honoured !== undefined)));
    },

    'suspects that it was overtaken until the server listens': ({ found, none }) => {
      const clears = ({ path, next, snapshot }: Vertex<SubscriptionFacts>): boolean =>
        next.every(
          ({ event, to }) =>
            to.snapshot.context.overtaken ===
            (snapshot.context.overtaken && !(path === 'opening' && event.type === 'acknowledged')),
        );
      none(found.violations(clears));
    },

    'is not moved when the same is wanted again': ({ found, none }) => {
      none(
        found.violations((vertex) =>
          vertex.next.every(
            ({ event, to }) =>
              event.type !== 'watch' || !same(event.wanted, vertex.snapshot.context.wanted) || to === vertex,
          ),
        ),
      );
    },
  },
};
