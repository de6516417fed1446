import {
  serverRequestMachine,
  serverRequestPorts,
} from '../../../src/machines/server-requests/server-request-machine.js';
import type {
  ServerRequestEvent,
  ServerRequestFacts,
} from '../../../src/machines/server-requests/server-request-machine.js';
import { failure } from '../../../src/util/failure.js';
import type { Vertex } from '../../support/charts/explorer.js';
import { idlePorts } from '../../support/charts/idle-ports.js';
import type { ChartModel } from './chart-model.js';

const REFUSED = failure('protocol', 'MCP_HANDLER_FAILED', 'no');

const EVENTS: readonly ServerRequestEvent[] = [
  { type: 'respond', response: { result: {} } },
  { type: 'respond', response: { error: { code: -32603, message: 'no' }, failure: REFUSED } },
  { type: 'cancel' },
  { type: 'drop' },
];

const isAsked = ({ path }: Vertex<ServerRequestFacts>): boolean => path === 'handling';

/** The chart of a question of a legacy server. */
export const serverRequestChart: ChartModel<ServerRequestFacts> = {
  name: 'serverRequest',
  machine: serverRequestMachine,
  ports: { of: serverRequestPorts, idle: idlePorts.serverRequest },
  scenes: [
    {
      name: 'asked',
      input: { id: 1, method: 'elicitation/create', params: undefined, about: undefined },
      events: () => EVENTS,
      deciding: ({ response }) => response,
    },
  ],
  passing: [],
  laws: {
    'has a handler at work exactly while it is being asked': ({ found, none }) => {
      none(found.violations((vertex) => 'handler' in vertex.snapshot.children === isAsked(vertex)));
    },

    'is over with the first thing that happens': ({ found, none }) => {
      none(found.violations((vertex) => isAsked(vertex) === (vertex.snapshot.status === 'active')));
      none(found.violations((vertex) => !isAsked(vertex) || vertex.next.every(({ to }) => !isAsked(to))));
    },

    'is answered with what the handler said, and with nothing that it says later': ({ found, none }) => {
      const answers = (vertex: Vertex<ServerRequestFacts>): boolean =>
        vertex.next.every(({ event, to }) => {
          const { response } = vertex.snapshot.context;
          const kept: unknown = isAsked(vertex) && event.type === 'respond' ? event.response : response;
          return JSON.stringify(to.snapshot.context.response) === JSON.stringify(kept);
        });
      none(found.violations(answers));
      none(
        found.violations(
          ({ path, snapshot: { context } }) =>
            ['responded', 'failed'].includes(path) === (context.response !== undefined),
        ),
      );
    },

    'fails when it is no result that the server is told': ({ found, none }) => {
      none(
        found.violations(
          ({ path, snapshot: { context } }) =>
            context.response === undefined || (path === 'failed') === 'error' in context.response,
        ),
      );
    },
  },
};
