import { exchangeMachine } from '../../../src/transports/http/http-exchange-machine.js';
import type { ExchangeEvent, ExchangeFacts } from '../../../src/transports/http/http-exchange-machine.js';
import type { ResponseHead } from '../../../src/transports/http/http-head.js';
import type { Link } from '../../../src/transports/link.js';
import { failure } from '../../../src/util/failure.js';
import type { Vertex } from '../../support/charts/explorer.js';
import { endsForGood } from './chart-model.js';
import type { ChartModel } from './chart-model.js';

const BROKEN = failure('transport', 'MCP_STREAM_BROKEN', 'broken');
const HEAD: ResponseHead = { status: 200, headers: {} };
const INVALID_SESSION: ResponseHead = { status: 200, headers: { 'mcp-session-id': 'caf\u00e9' } };
const LINK: Link = { send: () => undefined, close: () => Promise.resolve() };

/** The events of an exchange: of a refusal one with a status of older servers, and one with another status. */
export const EXCHANGE_EVENTS: readonly ExchangeEvent[] = [
  { type: 'start' },
  { type: 'abort', failure: BROKEN },
  { type: 'json', head: HEAD },
  { type: 'json', head: INVALID_SESSION },
  { type: 'stream', head: HEAD },
  { type: 'stream', head: INVALID_SESSION },
  { type: 'otherContent', head: HEAD },
  { type: 'refusal', head: HEAD },
  { type: 'reason' },
  { type: 'message', data: '{}' },
  { type: 'end' },
  { type: 'broken', failure: BROKEN, delay: undefined },
  { type: 'refused', status: 404, refusal: { failure: BROKEN } },
  { type: 'refused', status: 500, refusal: { failure: BROKEN } },
  { type: 'doubt', status: 404, refusal: { failure: BROKEN }, failure: BROKEN },
  { type: 'sessionLost', failure: BROKEN },
  { type: 'older', link: LINK },
  { type: 'notOlder', refusal: { failure: BROKEN } },
  { type: 'elapse' },
  { type: 'succeed' },
  { type: 'fail', failure: BROKEN },
];

const LEGACY = { modern: false, handshake: false, session: { lost: false }, lastEventId: undefined, failures: 0 };

const STARTS: Readonly<Record<string, ExchangeFacts>> = {
  handshake: { ...LEGACY, handshake: true },
  'without event ids': LEGACY,
  'with event ids': { ...LEGACY, lastEventId: 'e-1' },
  'in a lost session': { ...LEGACY, lastEventId: 'e-1', session: { lost: true } },
  modern: { ...LEGACY, lastEventId: 'e-1', modern: true },
};

/** The facts with which exchanges start. The event id of a real exchange comes with its stream. */
export const EXCHANGE_STARTS = Object.values(STARTS);

const isOver = ({ path }: Vertex<ExchangeFacts>): boolean => path === 'succeeded' || path === 'failed';
const isResuming = ({ path }: Vertex<ExchangeFacts>): boolean => path.startsWith('active.resuming.');

/** The end to which an event of this type leads from every other state. */
const ENDS: Readonly<Partial<Record<string, string>>> = {
  abort: 'failed',
  fail: 'failed',
  lose: 'failed',
  succeed: 'succeeded',
};

/** The chart of a request over HTTP and its response. */
export const httpExchangeChart: ChartModel<ExchangeFacts> = {
  name: 'HTTP exchange',
  machine: exchangeMachine,
  ports: undefined,
  scenes: Object.entries(STARTS).map(([name, input]) => ({
    name,
    input,
    events: () => EXCHANGE_EVENTS,
    deciding: ({ failures }) => failures,
  })),
  passing: [],
  laws: {
    'ends on every path in one final state, which it never leaves': endsForGood(isOver),

    'can be aborted, fail, succeed and lose its session in every state': ({ found, none }) => {
      const ends = (vertex: Vertex<ExchangeFacts>): boolean =>
        isOver(vertex) || vertex.next.every(({ event, to }) => (ENDS[event.type] ?? to.path) === to.path);
      none(found.violations(ends));
    },

    'resumes a stream that broke off if it is legacy, has event ids and a session that is not lost': ({
      found,
      none,
    }) => {
      const resumes = (vertex: Vertex<ExchangeFacts>): boolean => {
        if (vertex.path !== 'active.posted.reading.stream' && vertex.path !== 'active.resuming.reopening') return true;
        const may = vertex.scene === 'with event ids' && vertex.snapshot.context.failures < 6;
        return vertex.next.every(
          ({ event, to }) => event.type !== 'broken' || to.path === (may ? 'active.resuming.backingOff' : 'failed'),
        );
      };
      none(found.violations(resumes));
      none(found.violations((vertex) => !isResuming(vertex) || vertex.scene === 'with event ids'));
    },

    'counts the failures to resume, until a stream begins': ({ found, none }) => {
      const counts = (vertex: Vertex<ExchangeFacts>): boolean =>
        vertex.next.every(({ event, to }) => {
          const { failures } = vertex.snapshot.context;
          const after = to.snapshot.context.failures;
          if (event.type === 'broken' && isResuming(to) && to !== vertex) return after === failures + 1;
          return after === (event.type === 'stream' && isResuming(vertex) && to !== vertex ? 0 : failures);
        });
      none(found.violations(counts));
    },

    'looks for HTTP+SSE after a handshake that was refused as older servers refuse it': ({ found, none }) => {
      const looks = (vertex: Vertex<ExchangeFacts>): boolean =>
        vertex.next.every(
          ({ event, to }) =>
            to === vertex ||
            to.path !== 'active.posted.findingOlder' ||
            (event.type === 'refused' && event.status === 404 && vertex.scene === 'handshake'),
        );
      none(found.violations(looks));
    },

    'reads no response to a handshake whose session id is invalid': ({ found, none }) => {
      const refuses = (vertex: Vertex<ExchangeFacts>): boolean =>
        vertex.scene !== 'handshake' ||
        vertex.next.every(({ event, to }) => !('head' in event) || event.head !== INVALID_SESSION || to === vertex);
      none(found.violations(refuses));
    },

    'ignores the rest of a response while another request decides what it means': ({ found, none }) => {
      const ignored = ['json', 'stream', 'otherContent', 'refusal', 'reason', 'message', 'end', 'broken'];
      const waits = (vertex: Vertex<ExchangeFacts>): boolean =>
        !['active.posted.verifying', 'active.posted.findingOlder'].includes(vertex.path) ||
        vertex.next.every(({ event, to }) => !ignored.includes(event.type) || to === vertex);
      none(found.violations(waits));
    },
  },
};
