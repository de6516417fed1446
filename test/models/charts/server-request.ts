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
  { type: 'answer', answer: { result: {} } },
  { type: 'answer', answer: { error: { code: -32603, message: 'no' }, failure: REFUSED } },
  { type: 'cancel' },
  { type: 'lose' },
];

const isAsked = ({ path }: Vertex<ServerRequestFacts>): boolean => path === 'asking';

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
      deciding: ({ answer }) => answer,
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
          const { answer } = vertex.snapshot.context;
          const said: unknown = isAsked(vertex) && event.type === 'answer' ? event.answer : answer;
          return JSON.stringify(to.snapshot.context.answer) === JSON.stringify(said);
        });
      none(found.violations(answers));
      none(
        found.violations(
          ({ path, snapshot: { context } }) => ['answered', 'failed'].includes(path) === (context.answer !== undefined),
        ),
      );
    },

    'fails when it is no result that the server is told': ({ found, none }) => {
      none(
        found.violations(
          ({ path, snapshot: { context } }) =>
            context.answer === undefined || (path === 'failed') === 'error' in context.answer,
        ),
      );
    },
  },
};
