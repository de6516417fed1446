import { serverStreamMachine, serverStreamPorts } from '../../../src/machines/server-stream/server-stream-machine.js';
import type {
  ServerStreamEvent,
  ServerStreamFacts,
} from '../../../src/machines/server-stream/server-stream-machine.js';
import type { Vertex } from '../../support/charts/explorer.js';
import { idlePorts } from '../../support/charts/idle-ports.js';
import type { ChartModel } from './chart-model.js';

const EVENTS: readonly ServerStreamEvent[] = [
  { type: 'opened', resumed: false },
  { type: 'opened', resumed: true },
  { type: 'unsupported' },
  { type: 'ended', retry: undefined, failure: undefined },
  { type: 'ended', retry: 3_000, failure: undefined },
];

const listens = ({ path }: Vertex<ServerStreamFacts>): boolean => path.startsWith('listening.');

/** The chart of the stream on which a server speaks unasked. */
export const serverStreamChart: ChartModel<ServerStreamFacts> = {
  name: 'serverStream',
  machine: serverStreamMachine,
  ports: { of: serverStreamPorts, idle: idlePorts.serverStream },
  scenes: (
    [
      ['unused', true, false],
      ['used', false, false],
      ['resumed', false, true],
    ] as const
  ).map(([name, unused, resumes]) => ({
    name,
    input: { unused, resumes },
    events: () => EVENTS,
    deciding: ({ endings, retry }) => [Math.min(endings, 3), retry],
  })),
  passing: ['starting'],
  laws: {
    'has the stream running exactly while it listens': ({ found, none }) => {
      none(found.violations((vertex) => 'stream' in vertex.snapshot.children === listens(vertex)));
    },

    'listens from the start when there is a stream, and never when there is none': ({ found, none, same }) => {
      none(found.violations((vertex) => vertex.scene !== 'unused' || vertex.path === 'unsupported'));
      same(found.vertices.find(({ scene }) => scene === 'used')?.path, 'listening.opening');
      same(found.vertices.find(({ scene }) => scene === 'resumed')?.path, 'listening.resuming');
    },

    'listens again by time alone, unless there is nothing to listen to': ({ found, none }) => {
      const listening = found.reaching(listens, ({ type }) => type.startsWith('xstate.after'));
      none(found.violations((vertex) => vertex.path === 'unsupported' || listening.has(vertex)));
      none(
        found.violations(
          ({ path, next }) => path !== 'unsupported' || next.every(({ to }) => to.path === 'unsupported'),
        ),
      );
    },

    'waits when the stream has ended, for as long as the server wishes': ({ found, none }) => {
      const waits = (vertex: Vertex<ServerStreamFacts>): boolean =>
        !listens(vertex) ||
        vertex.next.every(({ event, to }) => {
          if (event.type !== 'ended') return true;
          return to.path === 'retrying' && to.snapshot.context.retry === event.retry && to.snapshot.context.endings > 0;
        });
      none(found.violations(waits));
    },

    'takes the word of the server for what the stream is': ({ found, none }) => {
      const believes = (vertex: Vertex<ServerStreamFacts>): boolean =>
        !listens(vertex) ||
        vertex.next.every(({ event, to }) => {
          if (event.type === 'unsupported') return to.path === 'unsupported';
          return event.type !== 'opened' || to.path === 'listening.open';
        });
      none(found.violations(believes));
    },

    'receives notifications while it is open, and before only when it resumes the stream of another client': ({
      found,
      none,
    }) => {
      none(
        found.violations(
          ({ path, snapshot }) =>
            snapshot.tags.has('receiving') === ['listening.open', 'listening.resuming'].includes(path),
        ),
      );
      none(
        found.violations(
          ({ path, scene, snapshot }) =>
            path !== 'listening.resuming' || (scene === 'resumed' && snapshot.context.endings === 0),
        ),
      );
    },

    'forgets its endings once it has been open for a while': ({ found, none }) => {
      const forgets = ({ path, next, snapshot }: Vertex<ServerStreamFacts>): boolean =>
        path !== 'listening.open' ||
        snapshot.context.endings === 0 ||
        next.some(({ event, to }) => event.type.startsWith('xstate.after') && to.snapshot.context.endings === 0);
      none(found.violations(forgets));
    },

    'counts an ending, unless the stream was open and the server says when to come back': ({ found, none }) => {
      const counts = ({ path, next, snapshot }: Vertex<ServerStreamFacts>): boolean =>
        !path.startsWith('listening.') ||
        next.every(({ event, to }) => {
          if (event.type !== 'ended') return true;
          const polls = path === 'listening.open' && event.retry !== undefined;
          const expected = polls ? 1 : Math.min(snapshot.context.endings + 1, 3);
          return Math.min(to.snapshot.context.endings, 3) === expected;
        });
      none(found.violations(counts));
    },
  },
};
