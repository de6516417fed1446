import { callMachine } from '../../../src/transports/http/http-call-machine.js';
import type { CallEvent, CallFacts } from '../../../src/transports/http/http-call-machine.js';
import { failure } from '../../../src/util/failure.js';
import type { Vertex } from '../../support/charts/explorer.js';
import { endsForGood } from './chart-model.js';
import type { ChartModel } from './chart-model.js';

const BROKEN = failure('transport', 'MCP_TRANSPORT_FAILED', 'broken');
const REFUSAL = { status: 401, headers: {} };

/** The events of a call: of a response one for each meaning that its status can have. */
export const CALL_EVENTS: readonly CallEvent[] = [
  { type: 'start' },
  { type: 'token' },
  { type: 'sameToken', head: REFUSAL },
  { type: 'park' },
  { type: 'unpark' },
  { type: 'response', head: { status: 200, headers: {} } },
  { type: 'response', head: REFUSAL },
  { type: 'response', head: { status: 307, headers: { location: '/elsewhere' } } },
  { type: 'redirect', url: new URL('http://localhost/elsewhere') },
  { type: 'refuseRedirect', failure: BROKEN },
  { type: 'end' },
  { type: 'fail', failure: BROKEN },
  { type: 'drain' },
  { type: 'overdue' },
  { type: 'abort' },
];

/** The facts with which calls start. */
export const CALL_STARTS: readonly CallFacts[] = [
  { needsToken: false, renewals: 2 },
  { needsToken: true, renewals: 2 },
];

const FINAL = ['completed', 'failed', 'aborted'];
const isOver = ({ path }: Vertex<CallFacts>): boolean => FINAL.includes(path);
const isReceiving = ({ path }: Vertex<CallFacts>): boolean => path.startsWith('active.receiving.');

/** The chart of one HTTP request. */
export const httpCallChart: ChartModel<CallFacts> = {
  name: 'HTTP call',
  machine: callMachine,
  ports: undefined,
  scenes: CALL_STARTS.map((start) => ({
    name: start.needsToken ? 'with tokens' : 'without tokens',
    input: start,
    events: () => CALL_EVENTS,
    deciding: ({ renewals }) => renewals,
  })),
  passing: [],
  laws: {
    'ends on every path in one final state, which it never leaves': endsForGood(isOver),

    'can be aborted and can fail in every state': ({ found, none }) => {
      const ends = (vertex: Vertex<CallFacts>): boolean =>
        isOver(vertex) ||
        vertex.next.every(({ event, to }) => {
          if (event.type === 'abort') return to.path === 'aborted';
          return event.type !== 'fail' || to.path === 'failed';
        });
      none(found.violations(ends));
    },

    'completes when its response ends, and only then': ({ found, none }) => {
      const completes = (vertex: Vertex<CallFacts>): boolean =>
        vertex.next.every(({ event, to }) => {
          const ends = event.type === 'end' && (isReceiving(vertex) || vertex.path === 'active.dispatched');
          return to === vertex || (to.path === 'completed') === ends;
        });
      none(found.violations(completes));
    },

    'is not sent again once the receiver has the head': ({ found, none }) => {
      none(
        found.violations(
          (vertex) => !isReceiving(vertex) || vertex.next.every(({ to }) => isReceiving(to) || isOver(to)),
        ),
      );
    },

    'asks for another token after the first refusal, and only then': ({ found, none }) => {
      const asks = ({ path, scene, next, snapshot }: Vertex<CallFacts>): boolean =>
        path !== 'active.dispatched' ||
        next.every(({ event, to }) => {
          const refuses = event.type === 'response' && event.head === REFUSAL;
          const renews = refuses && scene === 'with tokens' && snapshot.context.renewals > 0;
          return to.path.startsWith('active.renewing') === renews;
        });
      none(found.violations(asks));
    },

    'waits for a person only while it has no token': ({ found, none }) => {
      const parks = ({ path, next }: Vertex<CallFacts>): boolean =>
        next.every(({ event, to }) => {
          const begins = path.endsWith('.unattended') && event.type === 'park';
          return to.path.endsWith('.parked') ? begins || path.endsWith('.parked') : !begins;
        });
      none(found.violations(parks));
    },

    'may drain for two periods': ({ found, none }) => {
      const ages = ['active.receiving.draining.inTime', 'active.receiving.draining.late', 'aborted'];
      const drains = ({ path, next }: Vertex<CallFacts>): boolean => {
        const age = ages.indexOf(path);
        if (age === -1 || path === 'aborted') return true;
        return next.every(({ event, to }) => event.type !== 'overdue' || to.path === ages[age + 1]);
      };
      none(found.violations(drains));
    },
  },
};
