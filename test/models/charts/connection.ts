import type { AnyEventObject } from 'xstate';

import { connectionMachine } from '../../../src/machines/connection/connection-machine.js';
import type {
  ConnectionEvent,
  ConnectionFacts,
  ConnectionInput,
  Waiter,
} from '../../../src/machines/connection/connection-context.js';
import { connectionPorts } from '../../../src/machines/connection/connection-ports.js';
import { LONGEST_RETRY_AFTER } from '../../../src/util/retry-policy.js';
import { failure, isFailure } from '../../../src/util/failure.js';
import { acceptable } from '../../../src/protocol/negotiation.js';
import type { Session } from '../../../src/protocol/session.js';
import { allNodes, nameOf } from '../../support/charts/recorded-actions.js';
import type { Scene, Seen, Vertex } from '../../support/charts/explorer.js';
import { discoverResult, initializeResult } from '../../support/servers/scripts.js';
import { idlePorts } from '../../support/charts/idle-ports.js';
import type { ChartModel } from './chart-model.js';

const LOST = failure('connection', 'MCP_CONNECTION_LOST', 'gone');
const REFUSED = failure('authentication', 'MCP_AUTHENTICATION_REQUIRED', 'who are you');
const BUSY = failure('transport', 'MCP_HTTP_STATUS', 'later', { details: { status: 503, retryAfter: 120 } });
const CONNECT_TIMEOUT = 150;

/** Two callers, one less patient than an attempt may take and one more. */
const WAITERS: readonly Waiter[] = [
  { id: 1, deadline: 100, timeout: 100 },
  { id: 2, deadline: 200, timeout: 200 },
];

const PATIENT = WAITERS.slice(0, 1);

function input(more: Partial<ConnectionInput['policy']> = {}, rest: Partial<ConnectionInput> = {}): ConnectionInput {
  return {
    policy: {
      autoReconnect: true,
      maxReconnectAttempts: 2,
      backoff: { delay: 10, maxDelay: 40 },
      restarts: { maxRestarts: Infinity, window: 300_000 },
      retryInitialConnect: false,
      connectTimeout: CONNECT_TIMEOUT,
      probeTimeout: 50,
      acceptable: acceptable('modern'),
      ...more,
    },
    perRequest: false,
    era: undefined,
    healthInterval: 0,
    ...rest,
  };
}

/** What another client left behind. */
function inheritance(session: Pick<Session, 'era' | 'protocolVersion'>): ConnectionInput['inherited'] {
  const desired = { logLevel: undefined, resources: ['file:///a'], lists: [] };
  return { session: { ...session, capabilities: { resources: { subscribe: true } } }, desired };
}

const result = (value: object) => ({ kind: 'result', result: value }) as const;
const error = (code: number, data?: unknown) => ({ kind: 'error', error: { code, message: 'No', data } }) as const;

const EVENTS = {
  disconnect: { type: 'disconnect' },
  suspend: { type: 'suspend' },
  reconnect: { type: 'reconnect' },
  opened: { type: 'link.opened' },
  closed: { type: 'link.closed', failure: LOST },
  refused: { type: 'link.closed', failure: REFUSED },
  busy: { type: 'link.closed', failure: BUSY },
  forgotten: { type: 'session.lost' },
  asked: { type: 'signIn.began' },
  signedIn: { type: 'signIn.ended' },
  modern: { type: 'discovered', answer: result(discoverResult()) },
  correction: { type: 'discovered', answer: error(-32022, { supported: ['2026-07-28'] }) },
  unknown: { type: 'discovered', answer: error(-32601) },
  demanding: { type: 'discovered', answer: error(-32021, { requiredCapabilities: { roots: {} } }) },
  legacy: { type: 'shook', answer: result(initializeResult()) },
  older: { type: 'shook', answer: error(-32602, { supported: ['2024-11-05'] }) },
  unwilling: { type: 'shook', answer: error(-32603) },
  restored: { type: 'restored' },
  taken: { type: 'resume.taken', streamResumes: true },
  notTaken: { type: 'resume.refused' },
  failed: { type: 'negotiation.failed', failure: LOST },
  wantResource: { type: 'desire', desired: { resources: ['file:///a'] } },
  wantNothing: { type: 'desire', desired: { resources: [] } },
  monitor: { type: 'monitor', interval: 1_000 },
  stopMonitoring: { type: 'monitor', interval: 0 },
  checked: { type: 'health.checked', check: { ok: true } },
  degraded: { type: 'health.degraded' },
  recovered: { type: 'health.recovered' },
  dead: { type: 'health.failed', failure: LOST },
} as const satisfies Record<string, ConnectionEvent>;

const RELEASED = 'xstate.done.actor.release';

const { disconnect, reconnect, opened, closed, modern, failed } = EVENTS;
/** Somebody who has his answer may still be about to leave. */
const leavesLate: ConnectionEvent = { type: 'leave', waiter: 9 };
const common = [disconnect, opened, closed, leavesLate];
const once = { maxReconnectAttempts: 1 };
const negotiation = [
  ...common,
  modern,
  EVENTS.correction,
  EVENTS.unknown,
  EVENTS.demanding,
  EVENTS.legacy,
  EVENTS.older,
  EVENTS.unwilling,
];

/** Somebody waits, or an attempt is under way that ends at some time. */
const TIMED = /^(linked\.(connecting|initializing)|reconnecting|closed\.draining)/;

function scene(
  name: string,
  from: ConnectionInput,
  waiters: readonly Waiter[],
  events: readonly ConnectionEvent[],
): Scene<ConnectionFacts> {
  return {
    name,
    input: from,
    events: ({ context }: Seen<ConnectionFacts>, path) => [
      ...events,
      ...(TIMED.test(path) && context.armedFor !== Infinity ? [{ type: 'deadline' }] : []),
      ...(path === 'closed.draining' ? [{ type: RELEASED, output: undefined }] : []),
      ...waiters.flatMap<AnyEventObject>((waiter) =>
        context.waiters.some(({ id }) => id === waiter.id)
          ? [{ type: 'leave', waiter: waiter.id }]
          : [
              { type: 'connect', waiter },
              { type: 'join', waiter },
            ],
      ),
    ],
    deciding: (facts, path) => [
      facts.waiters.map(({ id }) => id),
      TIMED.test(path) && [facts.armedFor, facts.connectDeadline, facts.purpose],
      path.startsWith('linked.initializing.negotiating') && facts.negotiation,
      path.startsWith('linked') && facts.firstEnding !== undefined,
      [facts.reconnectAttempts, facts.era, facts.session?.era, facts.connectionCount > 0, facts.failure !== undefined],
      [facts.desired, facts.healthInterval, facts.losses.length],
      [facts.inherited !== undefined, facts.resumed, facts.suspended],
    ],
  };
}

const SCENES = [
  scene('two callers', input(), WAITERS, [...common, reconnect, modern, failed]),
  scene('two callers and stubborn first attempts', input({ retryInitialConnect: true }), WAITERS, [
    ...common,
    EVENTS.refused,
    modern,
  ]),
  scene('two callers and a server that asks to be left alone', input({ retryInitialConnect: true }), WAITERS, [
    ...common,
    EVENTS.busy,
    modern,
  ]),
  scene('two callers and nothing tried again', input({ autoReconnect: false }), WAITERS, [
    ...common,
    reconnect,
    modern,
  ]),
  scene('negotiation in both eras', input({ ...once, acceptable: acceptable('auto') }), PATIENT, negotiation),
  scene(
    'negotiation with a server known as legacy',
    input({ ...once, acceptable: acceptable('auto') }, { era: 'legacy' }),
    PATIENT,
    negotiation,
  ),
  scene('negotiation in the legacy era', input({ ...once, acceptable: acceptable('legacy') }), PATIENT, negotiation),
  scene('negotiation in the modern era', input(once), PATIENT, negotiation),
  scene('a connection that is lost again and again', input({ restarts: { maxRestarts: 1, window: 1_000 } }), PATIENT, [
    ...common,
    modern,
    reconnect,
    EVENTS.dead,
  ]),
  scene(
    'a session that is forgotten again and again',
    input({ acceptable: acceptable('legacy'), restarts: { maxRestarts: 1, window: 1_000 } }, { perRequest: true }),
    PATIENT,
    [...common, EVENTS.legacy, EVENTS.forgotten, reconnect],
  ),
  scene('a legacy session', input({ ...once, acceptable: acceptable('legacy') }), PATIENT, [
    ...common,
    EVENTS.legacy,
    EVENTS.restored,
    EVENTS.wantResource,
    EVENTS.wantNothing,
    reconnect,
  ]),
  scene('a watched session', input(once), PATIENT, [
    ...common,
    modern,
    EVENTS.monitor,
    EVENTS.stopMonitoring,
    EVENTS.checked,
    EVENTS.degraded,
    EVENTS.recovered,
    EVENTS.dead,
    EVENTS.wantResource,
    EVENTS.wantNothing,
  ]),
  scene(
    'a legacy session over exchanges of their own',
    input({ ...once, acceptable: acceptable('legacy') }, { perRequest: true }),
    WAITERS,
    [...common, EVENTS.legacy, EVENTS.forgotten, EVENTS.dead, EVENTS.unwilling],
  ),
  scene('a modern session over exchanges of their own', input(once, { perRequest: true }), PATIENT, [
    ...common,
    modern,
    EVENTS.dead,
    EVENTS.degraded,
  ]),
  scene(
    'a person who is asked to sign in',
    input({ ...once, acceptable: acceptable('legacy') }, { perRequest: true }),
    WAITERS,
    [
      ...common,
      EVENTS.asked,
      EVENTS.signedIn,
      EVENTS.legacy,
      EVENTS.forgotten,
      EVENTS.degraded,
      EVENTS.recovered,
      EVENTS.refused,
    ],
  ),
  scene('a session that is left to another client', input(once), PATIENT, [
    ...common,
    modern,
    EVENTS.suspend,
    EVENTS.degraded,
    reconnect,
  ]),
  scene(
    'a legacy session of another client',
    input(
      { ...once, acceptable: acceptable('auto') },
      { perRequest: true, era: 'legacy', inherited: inheritance({ era: 'legacy', protocolVersion: '2025-11-25' }) },
    ),
    WAITERS,
    [
      ...common,
      EVENTS.taken,
      EVENTS.notTaken,
      EVENTS.forgotten,
      EVENTS.legacy,
      EVENTS.restored,
      EVENTS.suspend,
      EVENTS.refused,
    ],
  ),
  scene(
    'a modern session of another client',
    input(once, { perRequest: true, inherited: inheritance({ era: 'modern', protocolVersion: '2026-07-28' }) }),
    PATIENT,
    [...common, EVENTS.taken, EVENTS.notTaken, modern, EVENTS.suspend, reconnect],
  ),
  scene(
    'a session of another client, of a revision that is not allowed',
    input(once, { inherited: inheritance({ era: 'legacy', protocolVersion: '2025-11-25' }) }),
    PATIENT,
    [...common, EVENTS.taken, EVENTS.notTaken, modern],
  ),
];

const ATTEMPT = /^linked\.(connecting|initializing)/;
const ESTABLISHED = /^linked\.established/;
/** The time that a person has to sign in is limited, but not by this chart. */
const AUTHORIZING = /^linked\.connecting\.authorizing/;

const isTime = ({ type }: AnyEventObject): boolean =>
  type === 'deadline' || type === RELEASED || type === 'signIn.ended' || type.startsWith('xstate.after.');

/** The chart of the connection. */
export const connectionChart: ChartModel<ConnectionFacts> = {
  name: 'connection',
  machine: connectionMachine,
  ports: { of: connectionPorts, idle: idlePorts.connection },
  scenes: SCENES,
  passing: ['linked.initializing.choosing', 'linked.established.suspending', 'ended', 'lost'],
  laws: {
    'has exactly seven public states, and every state belongs to exactly one': ({ found, none, same }) => {
      const tags = found.vertices.map(({ snapshot }) => [...snapshot.tags]);
      none(tags.filter((some) => some.length !== 1).map((some) => some.join()));
      same(
        [...new Set(tags.flat())].sort(),
        ['idle', 'connecting', 'initializing', 'ready', 'degraded', 'reconnecting', 'closed'].sort(),
      );
    },

    'can be closed in every state by one event, and comes back from everywhere': ({ found, none }) => {
      const disconnected = (vertex: Vertex<ConnectionFacts>): boolean =>
        vertex.next.some(({ event, to }) => {
          const { path, snapshot } = to;
          if (event.type !== 'disconnect') return false;
          return path === 'idle' || (path.startsWith('closed.') && snapshot.context.failure === undefined);
        });
      none(found.violations(disconnected));
      const returning = found.reaching(({ path }) => ESTABLISHED.test(path));
      none(found.violations((vertex) => returning.has(vertex)));
    },

    'gets out of everything that is not meant to last by time alone': ({ found, none }) => {
      const leaving = found.reaching(
        ({ path }) => path === 'idle' || path === 'closed.done' || ESTABLISHED.test(path),
        isTime,
      );
      none(found.violations((vertex) => leaving.has(vertex)));
    },

    'keeps nobody waiting without a time at which the wait ends': ({ found, none }) => {
      none(
        found.violations(({ path, snapshot: { context } }) => {
          const { waiters, armedFor } = context;
          if (waiters.length === 0 || AUTHORIZING.test(path)) return true;
          const first = Math.min(...waiters.map(({ deadline }) => deadline));
          return armedFor <= first && (ATTEMPT.test(path) || path === 'reconnecting' || path === 'closed.draining');
        }),
      );
    },

    'keeps nobody beyond that time': ({ found, none }) => {
      const released = ({ next, snapshot: { context } }: Vertex<ConnectionFacts>): boolean =>
        next.every(
          ({ event, to }) =>
            event.type !== 'deadline' ||
            to.snapshot.context.waiters.every(({ deadline }) => deadline > context.armedFor),
        );
      none(found.violations(released));
    },

    'makes no attempt without an end': ({ found, none }) => {
      none(
        found.violations(
          ({ path, snapshot }) =>
            !ATTEMPT.test(path) || snapshot.context.armedFor < Infinity !== AUTHORIZING.test(path),
        ),
      );
      none(
        found.violations(
          ({ path, snapshot: { context } }) =>
            path !== 'reconnecting' || context.delay <= Math.max(context.policy.backoff.maxDelay, LONGEST_RETRY_AFTER),
        ),
      );
      none(
        found.violations(
          ({ snapshot: { context } }) => context.reconnectAttempts <= context.policy.maxReconnectAttempts,
        ),
      );
    },

    'has all deadlines back when the person was asked': ({ found, none }) => {
      const resumes = ({ path, next }: Vertex<ConnectionFacts>): boolean =>
        !AUTHORIZING.test(path) ||
        next.every(
          ({ to }) => AUTHORIZING.test(to.path) === (to.snapshot.context.pausedAt !== undefined) && to.path !== 'idle',
        );
      none(found.violations(resumes));
    },

    'has the same health after a sign-in as before, or as was reported meanwhile': ({ found, none }) => {
      const WAITING = 'linked.established.awaitingAuthorization.';
      const keeps = ({ path, next }: Vertex<ConnectionFacts>): boolean =>
        next.every(({ event, to }) => {
          const isDegraded = path.endsWith('degraded');
          if (event.type === 'signIn.began' && /established\.(ready|degraded)$/.test(path))
            return to.path === `${WAITING}${isDegraded ? 'degraded' : 'healthy'}`;
          if (event.type === 'signIn.ended' && path.startsWith(WAITING))
            return to.path === `linked.established.${isDegraded ? 'degraded' : 'ready'}`;
          return true;
        });
      none(found.violations(keeps));
    },

    'comes back no more often than its budget allows, and says that this is why when it does not': ({
      found,
      none,
      same,
    }) => {
      const within = ({ path, snapshot: { context } }: Vertex<ConnectionFacts>): boolean =>
        context.losses.length <= context.policy.restarts.maxRestarts || path.startsWith('closed.');
      none(found.violations(within));
      const loops = found.vertices.filter(({ snapshot }) => snapshot.context.failure?.code === 'MCP_CRASH_LOOP');
      same([...new Set(loops.map(({ path }) => path))].sort(), ['closed.done', 'closed.draining']);
      const causes = loops.map(({ snapshot }) => snapshot.context.failure?.cause);
      same(
        [...new Set(causes)].map((cause) => isFailure(cause) && cause.code).sort(),
        [LOST.code, 'MCP_SESSION_LOST'].sort(),
      );
      // Whoever connects again, or says so by hand, begins with the whole budget.
      const anew = (vertex: Vertex<ConnectionFacts>): boolean =>
        vertex.next.every(
          ({ event, to }) =>
            to.path !== 'linked.connecting.opening' ||
            !(event.type === 'reconnect' || vertex.path === 'closed.done') ||
            to.snapshot.context.losses.length + to.snapshot.context.reconnectAttempts === 0,
        );
      none(found.violations(anew));
    },

    'takes up everybody who connects, and tells who only joins when there is nothing to join': ({ found, none }) => {
      const served = (vertex: Vertex<ConnectionFacts>): boolean =>
        vertex.next.every(({ event, to }) => {
          if (event.type !== 'connect' && event.type !== 'join') return true;
          const { path, snapshot } = to;
          const { id } = (event as unknown as { waiter: Waiter }).waiter;
          const waits = snapshot.context.waiters.some((waiter) => waiter.id === id);
          if (ESTABLISHED.test(path)) return !waits;
          return event.type === 'connect' ? waits : waits || to === vertex;
        });
      none(found.violations(served));
    },

    'has a session when it stands and while it puts things back, and never else': ({ found, none }) => {
      none(
        found.violations(({ path, snapshot: { context } }) => {
          const expected = path === 'linked.initializing.restoring' || ESTABLISHED.test(path);
          return (context.session !== undefined) === expected;
        }),
      );
      none(
        found.violations(
          ({ path, snapshot: { context } }) => (context.establishedAt !== undefined) === ESTABLISHED.test(path),
        ),
      );
    },

    'runs the actors that its state needs, and no others': ({ found, none }) => {
      const needed = (path: string): string[] => [
        'requests',
        ...(path.startsWith('linked.') ? ['link'] : []),
        ...(ESTABLISHED.test(path) ? ['health', 'serverStream', 'subscription'] : []),
        ...(path === 'closed.draining' ? ['release'] : []),
      ];
      none(
        found.violations(
          ({ path, snapshot }) => Object.keys(snapshot.children).sort().join() === needed(path).sort().join(),
        ),
      );
    },

    'says why it is closed, unless it was told to close': ({ found, none }) => {
      const explained = (vertex: Vertex<ConnectionFacts>): boolean =>
        vertex.next.every(({ event, to }) => {
          if (!to.path.startsWith('closed.') || vertex.path.startsWith('closed.')) return true;
          const told = event.type === 'disconnect' || event.type === 'suspend';
          return (to.snapshot.context.failure === undefined) === told;
        });
      none(found.violations(explained));
    },

    'ends the requests of both sides on every way out of a link': ({ machine, none }) => {
      const link = allNodes(machine.root).filter(({ path: [outer] }) => outer === 'linked');
      const [linked] = link;
      for (const node of link) {
        for (const { target = [], actions, eventType } of [
          ...[...node.transitions.values()].flat(),
          ...(node.always ?? []),
        ]) {
          if (target.every((to) => to !== linked && link.includes(to))) continue;
          const names = [...node.entry, ...actions].map(nameOf);
          const ends = names.some((name) => /^(lose|reject)/.test(name)) && names.includes('abortServerRequests');
          if (!ends) none([`${node.path.join('.')}: ${eventType}`]);
        }
      }
    },

    'is not moved by what a link, a question or a check says that is gone': ({ found, none }) => {
      const late = /^(link\.|session\.|signIn\.|discovered|shook|restored|resume|negotiation\.|health\.)/;
      const unmoved = (vertex: Vertex<ConnectionFacts>): boolean =>
        vertex.path.startsWith('linked.') ||
        vertex.next.every(({ event, to }) => !late.test(event.type) || to === vertex);
      none(found.violations(unmoved));
      const unchecked = (vertex: Vertex<ConnectionFacts>): boolean =>
        ESTABLISHED.test(vertex.path) ||
        vertex.next.every(({ event, to }) => !event.type.startsWith('health.') || to === vertex);
      none(found.violations(unchecked));
    },

    'opens no other link when it was told not to reconnect': ({ found, none }) => {
      const obeys = (vertex: Vertex<ConnectionFacts>): boolean => {
        const { policy, connectionCount } = vertex.snapshot.context;
        if (policy.autoReconnect || connectionCount === 0) return true;
        return vertex.next.every(({ event, to }) => event.type === 'reconnect' || to.path !== 'reconnecting');
      };
      none(found.violations(obeys));
    },

    'does not repeat what would only fail again': ({ found, none }) => {
      const final = (vertex: Vertex<ConnectionFacts>): boolean =>
        !ATTEMPT.test(vertex.path) ||
        vertex.next.every(({ event, to }) => event !== EVENTS.refused || to.path === 'closed.draining');
      none(found.violations(final));
    },

    'is suspended only where a session stands, and else goes on as if nothing had been asked': ({ found, none }) => {
      const left = (vertex: Vertex<ConnectionFacts>): boolean =>
        vertex.next.every(({ event, to }) => {
          if (event.type !== 'suspend') return true;
          if (!ESTABLISHED.test(vertex.path)) return to === vertex;
          return to.path === 'closed.draining' && to.snapshot.context.suspended;
        });
      none(found.violations(left));
    },

    'goes on with an inherited session once, if at all, and without any question': ({ found, none, same }) => {
      const inherits = ({ snapshot }: Vertex<ConnectionFacts>): boolean => snapshot.context.inherited !== undefined;
      const resuming = ({ path }: Vertex<ConnectionFacts>): boolean => path === 'linked.initializing.resuming';
      none(found.violations((vertex) => !resuming(vertex) || inherits(vertex)));
      // Over whichever way it is lost before it was taken up, the next link has it.
      const kept = (vertex: Vertex<ConnectionFacts>): boolean =>
        !inherits(vertex) ||
        vertex.next.every(({ event, to }) => inherits(to) || event.type.startsWith('resume.') || event === modern);
      none(found.violations(kept));
      const taken = found.vertices
        .filter(resuming)
        .flatMap(({ next }) => next.filter(({ event }) => event === EVENTS.taken).map(({ to }) => to));
      same(taken.length > 0, true);
      const begun = (vertex: Vertex<ConnectionFacts>): boolean =>
        ESTABLISHED.test(vertex.path) && !inherits(vertex) && vertex.snapshot.context.resumed;
      none(found.violations((vertex) => !taken.includes(vertex) || begun(vertex)));
    },

    'starts a server once more, and not twice, when it ended on server/discover': ({ found, none, same }) => {
      const ended = ({ snapshot }: Vertex<ConnectionFacts>): boolean => snapshot.context.firstEnding !== undefined;
      const restarts = found.vertices.flatMap((vertex) =>
        vertex.next
          .filter(({ event, to }) => event === closed && to.path === 'linked.connecting.restarting')
          .map(() => vertex),
      );
      same(restarts.length > 0, true);
      none(restarts.filter(ended));
      none(found.violations((vertex) => !ended(vertex) || !ESTABLISHED.test(vertex.path)));
    },
  },
};
