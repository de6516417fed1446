import { requestMachine } from '../../../src/machines/request/request-machine.js';
import type { RequestEvent, RequestFacts } from '../../../src/machines/request/request-machine.js';
import { failure } from '../../../src/util/failure.js';
import type { Vertex } from '../../support/charts/explorer.js';
import { endsForGood } from './chart-model.js';
import type { ChartModel } from './chart-model.js';

const LOST = failure('connection', 'MCP_CONNECTION_LOST', 'gone');

/** One event of each type that there is. */
export const REQUEST_EVENTS: Readonly<Record<RequestEvent['type'], RequestEvent>> = {
  submit: { type: 'submit' },
  dispatch: { type: 'dispatch' },
  reject: { type: 'reject', failure: LOST },
  answer: { type: 'answer', result: {} },
  error: { type: 'error', failure: LOST },
  progress: { type: 'progress', params: {} },
  hold: { type: 'hold' },
  release: { type: 'release' },
  abort: { type: 'abort', reason: 'enough' },
  expire: { type: 'expire', failure: LOST },
  lose: { type: 'lose', failure: LOST },
  unsent: { type: 'unsent' },
  unreachable: { type: 'unreachable', delay: 10 },
  sessionLost: { type: 'sessionLost', failure: LOST, delay: 10 },
  interrupt: { type: 'interrupt' },
  resume: { type: 'resume' },
  park: { type: 'park' },
  unpark: { type: 'unpark' },
  postpone: { type: 'postpone', delay: 10 },
  elapse: { type: 'elapse' },
  ask: { type: 'ask', needs: { requests: [], requestState: 'so far' } },
  defer: { type: 'defer', input: {}, delay: 10 },
  agree: { type: 'agree' },
  supply: { type: 'supply', input: {} },
};

/** Attempts and rounds that are told apart: the chart does not bound those that a server asked for. */
const MOST_ATTEMPTS = 7;
const MOST_ROUNDS = 2;

const FINAL = ['succeeded', 'failed', 'cancelled', 'timedOut', 'responseLost'];
const isOver = ({ path }: Vertex<RequestFacts>): boolean => FINAL.includes(path);
const isAsking = ({ path }: Vertex<RequestFacts>): boolean => path.startsWith('asking.');
const inFlight = ({ path }: Vertex<RequestFacts>): boolean => path.startsWith('inFlight.');

/** The end to which an event of this type leads, from wherever it means anything. */
const ENDS: Readonly<Partial<Record<string, readonly string[]>>> = {
  answer: ['succeeded'],
  error: ['failed'],
  abort: ['cancelled'],
  expire: ['timedOut'],
  reject: ['failed', 'responseLost'],
  lose: ['responseLost'],
  sessionLost: ['failed'],
};

const beginsRound = (vertex: Vertex<RequestFacts>, type: string): boolean =>
  inFlight(vertex) && (type === 'ask' || type === 'defer');

/** The chart of a request. That the actors of requests keep to it is tested where they are. */
export const requestChart: ChartModel<RequestFacts> = {
  name: 'request',
  machine: requestMachine,
  ports: undefined,
  scenes: [true, false].map((repeatable) => ({
    name: repeatable ? 'may be repeated' : 'may not be repeated',
    input: { repeatable },
    events: ({ context: { attempts, rounds } }) =>
      Object.values(REQUEST_EVENTS)
        .filter(({ type }) => attempts < MOST_ATTEMPTS || (type !== 'dispatch' && type !== 'postpone'))
        .filter(({ type }) => rounds < MOST_ROUNDS || (type !== 'ask' && type !== 'defer')),
    deciding: ({ attempts, sessionLosses, rounds }) => [attempts, sessionLosses, rounds],
  })),
  passing: [],
  laws: {
    'ends on every path in exactly one final state, and nothing happens to it then': endsForGood(isOver),

    'ends as what ended it says': ({ found, none }) => {
      const fitting = (vertex: Vertex<RequestFacts>): boolean =>
        isOver(vertex) ||
        vertex.next.every(({ event, to }) => !isOver(to) || ENDS[event.type]?.includes(to.path) === true);
      none(found.violations(fitting));
    },

    'can be given up, run out of time and be refused whenever somebody waits for it': ({ found, none }) => {
      const endable = (vertex: Vertex<RequestFacts>): boolean =>
        isOver(vertex) ||
        vertex.path === 'idle' ||
        ['abort', 'expire', 'reject'].every((type) =>
          vertex.next.some(({ event, to }) => event.type === type && isOver(to)),
        );
      none(found.violations(endable));
    },

    'is lost only when it was sent, and only fails when it is refused before': ({ found, none }) => {
      const honest = (vertex: Vertex<RequestFacts>): boolean =>
        vertex.next.every(
          ({ event, to }) =>
            event.type !== 'reject' ||
            !isOver(to) ||
            isOver(vertex) ||
            (to.path === 'responseLost') === inFlight(vertex),
        );
      none(found.violations(honest));
    },

    'is not sent again when that may do more than sending it once': ({ found, none }) => {
      const once = (vertex: Vertex<RequestFacts>): boolean => {
        if (vertex.snapshot.context.repeatable || !inFlight(vertex)) return true;
        return vertex.next.every(({ event, to }) => event.type !== 'lose' || to.path === 'responseLost');
      };
      none(found.violations(once));
    },

    'counts the attempts that may have run': ({ found, none }) => {
      const counts = (vertex: Vertex<RequestFacts>): boolean =>
        vertex.next.every(({ event, to }) => {
          const more = to.snapshot.context.attempts - vertex.snapshot.context.attempts;
          if (to === vertex) return true;
          if (event.type === 'dispatch') return more === 1;
          // What was answered with questions need not be feared any more.
          if (beginsRound(vertex, event.type)) return to.snapshot.context.attempts === 0;
          const didNotRun =
            ['unsent', 'unreachable'].includes(event.type) || (event.type === 'sessionLost' && !isOver(to));
          return more === (didNotRun ? -1 : 0);
        });
      none(found.violations(counts));
    },

    'counts a round whenever the server has to know something first': ({ found, none }) => {
      const counts = (vertex: Vertex<RequestFacts>): boolean =>
        vertex.next.every(({ event, to }) => {
          const more = to.snapshot.context.rounds - vertex.snapshot.context.rounds;
          return more === (beginsRound(vertex, event.type) ? 1 : 0);
        });
      none(found.violations(counts));
    },

    'is made again only when everything is there that was asked for, and minds no lost link until then': ({
      found,
      none,
    }) => {
      const waits = (vertex: Vertex<RequestFacts>): boolean =>
        !isAsking(vertex) ||
        vertex.next.every(({ event, to }) => {
          if (event.type === 'lose') return to === vertex;
          return isAsking(to) || isOver(to) || (event.type === 'supply' && to.path === 'queued');
        });
      none(found.violations(waits));
    },

    'is refused for a forgotten session twice in a round, and fails the third time': ({ found, none }) => {
      const refused = (vertex: Vertex<RequestFacts>): boolean =>
        !inFlight(vertex) ||
        vertex.next.every(({ event, to }) => {
          if (event.type !== 'sessionLost') return true;
          return to.path === ['queued', 'backingOff', 'failed'][vertex.snapshot.context.sessionLosses];
        });
      none(found.violations(refused));
    },
  },
};
