import { createMachine } from 'xstate';
import type { AnyStateMachine } from 'xstate';

import type { ConnectionFacts } from '../../../src/machines/connection/connection-context.js';
import type { ChartModel } from './chart-model.js';
import { connectionChart } from './connection.js';
import { healthChart } from './health.js';
import { memberChart } from './member.js';
import { requestChart } from './request.js';
import { serverRequestChart } from './server-request.js';
import { serverStreamChart } from './server-stream.js';
import { subscriptionChart } from './subscription.js';

/** One of several ways to take an event. */
interface Way {
  guard?: string;
  target?: string;
  actions?: string | string[];
}

interface State {
  entry?: string | string[];
  exit?: string | string[];
  on?: Record<string, unknown>;
  after?: Record<string, unknown>;
  states?: Record<string, State>;
}

/** A mistake in a chart, and the law that it breaks. */
export interface Fault {
  readonly chart: ChartModel<unknown>;
  readonly what: string;
  readonly law: string;
  /** The chart with the mistake. */
  readonly machine: AnyStateMachine;
}

/** A copy that keeps functions as they are. */
function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, copy(inner)]));
}

/** The state of this path. A fault in one that there is not is no fault. */
function stateAt(root: State, path: string): State {
  let state = root;
  for (const name of path.split('.')) {
    const inner = state.states?.[name];
    if (inner === undefined) throw new Error(`There is no state ${path} to put a fault into`);
    state = inner;
  }
  return state;
}

/** The ways to take an event, as a list that may be changed. */
function waysOf(state: State, event: string): Way[] {
  const given = state.on?.[event];
  if (given === undefined) throw new Error(`There is no ${event} to put a fault into`);
  const ways = (Array.isArray(given) ? given : [given]).map((way: unknown) =>
    typeof way === 'string' ? { target: way } : (way as Way),
  );
  (state.on as Record<string, unknown>)[event] = ways;
  return ways;
}

/** The way with this guard. */
function guarded(state: State, event: string, guard: string): Way {
  const way = waysOf(state, event).find((one) => one.guard === guard);
  if (way === undefined) throw new Error(`${event} has no guard ${guard} to put a fault into`);
  return way;
}

function drop(record: Record<string, unknown> | undefined, name: string): void {
  if (record?.[name] === undefined) throw new Error(`There is no ${name} to leave out`);
  delete record[name];
}

function without(actions: string | string[] | undefined, action: string): string[] {
  const all = [actions ?? []].flat();
  if (!all.includes(action)) throw new Error(`There is no ${action} to leave out`);
  return all.filter((name) => name !== action);
}

/** A mistake in what the chart says. */
function misdrawn<Facts>(chart: ChartModel<Facts>, what: string, law: string, spoil: (root: State) => void): Fault {
  const { config, implementations } = chart.machine;
  const spoilt = copy(config) as State;
  spoil(spoilt);
  const machine = createMachine(spoilt as never, implementations as never) as unknown as AnyStateMachine;
  return { chart: chart as unknown as ChartModel<unknown>, what, law, machine };
}

/** A mistake in what the names of guards stand for. */
function misjudged<Facts>(chart: ChartModel<Facts>, what: string, law: string, guards: object): Fault {
  const machine = chart.machine.provide({ guards: guards as never });
  return { chart: chart as unknown as ChartModel<unknown>, what, law, machine };
}

/** Seeded faults of every kind, in every chart. */
export function seededFaults(): Fault[] {
  return [
    misdrawn(
      connectionChart,
      'disconnect is dropped where there is a link',
      'can be closed in every state by one event, and comes back from everywhere',
      (root) => {
        drop(stateAt(root, 'linked').on, 'disconnect');
      },
    ),
    misdrawn(
      connectionChart,
      'no after takes a lost connection back',
      'gets out of everything that is not meant to last by time alone',
      (root) => {
        drop(stateAt(root, 'reconnecting').after, 'backoff');
      },
    ),
    misdrawn(
      connectionChart,
      'a link is left without forgetting the session',
      'has a session when it stands and while it puts things back, and never else',
      (root) => {
        const linked = stateAt(root, 'linked');
        linked.exit = without(linked.exit, 'dropSession');
      },
    ),
    misdrawn(
      connectionChart,
      'a link is lost without an end of what is in flight',
      'ends the requests of both sides on every way out of a link',
      (root) => {
        for (const way of waysOf(stateAt(root, 'linked.established'), 'link.closed'))
          way.actions = without(way.actions, 'loseInFlight');
      },
    ),
    misdrawn(
      connectionChart,
      'whoever leaves closes the connection for all, without a reason',
      'says why it is closed, unless it was told to close',
      (root) => {
        stateAt(root, 'linked').on = { ...stateAt(root, 'linked').on, leave: { target: 'closed' } };
      },
    ),
    misjudged(connectionChart, 'also what is final is tried again', 'does not repeat what would only fail again', {
      mayTryAgain: ({ context: { purpose, policy, reconnectAttempts } }: { context: ConnectionFacts }) =>
        (purpose === 'recover' ? policy.autoReconnect : policy.retryInitialConnect) &&
        reconnectAttempts < policy.maxReconnectAttempts,
    }),
    misdrawn(
      connectionChart,
      'a server that ended on server/discover receives it again',
      'starts a server once more, and not twice, when it ended on server/discover',
      (root) => {
        stateAt(root, 'linked.connecting.restarting').on = { 'link.opened': '#connection.linked.initializing' };
      },
    ),
    misjudged(
      connectionChart,
      'a connection that is lost all the time comes back once more than it may',
      'comes back no more often than its budget allows, and says that this is why when it does not',
      {
        crashesTooOften: ({ context: { losses, policy } }: { context: ConnectionFacts }) =>
          losses.length > policy.restarts.maxRestarts + 1,
      },
    ),
    misdrawn(
      connectionChart,
      'a session that is forgotten all the time is begun anew for ever',
      'comes back no more often than its budget allows, and says that this is why when it does not',
      (root) => {
        for (const way of waysOf(stateAt(root, 'linked.established'), 'session.lost'))
          way.actions = without(way.actions, 'countLoss');
      },
    ),
    misdrawn(
      connectionChart,
      'nobody is told that time is up while it waits to reconnect',
      'keeps nobody beyond that time',
      (root) => {
        for (const way of waysOf(stateAt(root, 'reconnecting'), 'deadline')) way.actions = [];
      },
    ),
    misdrawn(
      healthChart,
      'the third miss only degrades the connection',
      'takes an idle server for dead after as many misses as are allowed, and never a busy one',
      (root) => {
        guarded(stateAt(root, 'verdict.degraded'), 'checked', 'tooManyMisses').target = 'degraded';
      },
    ),
    misdrawn(
      healthChart,
      'the guards for an answer and for one miss too many are swapped',
      'believes a check that is under way: an answer is health, and a miss is not',
      (root) => {
        const degraded = stateAt(root, 'verdict.degraded');
        const answer = guarded(degraded, 'checked', 'responded');
        const miss = guarded(degraded, 'checked', 'tooManyMisses');
        [answer.guard, miss.guard] = ['tooManyMisses', 'responded'];
      },
    ),
    misdrawn(
      healthChart,
      'an answer does not make the misses forgotten',
      'believes a check that is under way: an answer is health, and a miss is not',
      (root) => {
        const way = guarded(stateAt(root, 'verdict.degraded'), 'checked', 'responded');
        way.actions = without(way.actions, 'forgetMisses');
      },
    ),
    misdrawn(
      healthChart,
      'no after begins a check',
      'always checks again by time alone while it is told to watch',
      (root) => {
        drop(stateAt(root, 'cadence.waiting').after, 'interval');
      },
    ),
    misdrawn(
      subscriptionChart,
      'nobody minds that a subscription is not acknowledged',
      'waits for nothing without an end',
      (root) => {
        drop(stateAt(root, 'opening').after, 'acknowledgeTimeout');
      },
    ),
    misjudged(
      subscriptionChart,
      'the guard that tells a server without subscriptions is turned round',
      'asks a server that does not know subscriptions no more',
      {
        notServed: ({ event }: { event: { failure?: { errorCode?: number } } }) => event.failure?.errorCode !== -32601,
      },
    ),
    misdrawn(
      serverStreamChart,
      'the end of the stream does not count',
      'waits when the stream has ended, for as long as the server wishes',
      (root) => {
        const [way] = waysOf(stateAt(root, 'listening'), 'ended');
        (way as Way).actions = without(way?.actions, 'countEnding');
      },
    ),
    misjudged(
      serverStreamChart,
      'the guard that tells an unused stream is turned round',
      'listens from the start when there is a stream, and never when there is none',
      { unused: ({ context }: { context: { unused: boolean } }) => !context.unused },
    ),
    misdrawn(
      serverRequestChart,
      'a question that was taken back is still being asked',
      'is over with the first thing that happens',
      (root) => {
        const [way] = waysOf(stateAt(root, 'handling'), 'cancel');
        delete (way as Way).target;
      },
    ),
    misdrawn(
      serverRequestChart,
      'what the handler said is forgotten',
      'is answered with what the handler said, and with nothing that it says later',
      (root) => {
        const [way] = waysOf(stateAt(root, 'handling'), 'respond');
        (way as Way).actions = without(way?.actions, 'keepResponse');
      },
    ),
    misjudged(
      serverRequestChart,
      'an error is taken for a result',
      'fails when it is no result that the server is told',
      { isResult: () => true },
    ),
    misdrawn(
      memberChart,
      'a call that arrives while the server is put to sleep is forgotten',
      'is started only for something that needs it, and then from every state without a connection',
      (root) => {
        (stateAt(root, 'draining').on as Record<string, unknown>).slept = 'asleep';
      },
    ),
    misdrawn(
      memberChart,
      'a server that was started for a call is idle at first',
      'is busy exactly while something needs the server that is awake',
      (root) => {
        drop(stateAt(root, 'awake.idle') as Record<string, unknown>, 'always');
      },
    ),
    misdrawn(
      memberChart,
      'a call does not start a server that is down',
      'is started only for something that needs it, and then from every state without a connection',
      (root) => {
        delete waysOf(stateAt(root, 'down'), 'begin')[0]?.target;
      },
    ),
    misdrawn(
      memberChart,
      'a server that is being put to sleep cannot be removed',
      'is removed for good by one event in every state',
      (root) => {
        drop(stateAt(root, 'draining').on, 'remove');
      },
    ),
    misjudged(
      memberChart,
      'a server that is kept sleeps',
      'sleeps only by time, when nothing needs it, and never when it is kept',
      { maySleep: () => true },
    ),
    misdrawn(
      memberChart,
      'a reason stays after the next start',
      'is down with a reason when a start fails or the connection ends, and has a reason in no other state',
      (root) => {
        const down = stateAt(root, 'down');
        down.exit = without(down.exit, 'forgetFailure');
      },
    ),
    misjudged(
      requestChart,
      'every request may be repeated',
      'is not sent again when that may do more than sending it once',
      { mayRepeat: () => true },
    ),
    misdrawn(
      requestChart,
      'a request that waits to be sent again cannot be aborted',
      'can be given up, run out of time and be refused whenever somebody waits for it',
      (root) => {
        drop(stateAt(root, 'backingOff').on, 'abort');
      },
    ),
    misdrawn(
      requestChart,
      'a request for which a person is asked is lost with the link',
      'is made again only when everything is there that was asked for, and minds no lost link until then',
      (root) => {
        (stateAt(root, 'asking').on as Record<string, unknown>).lose = {
          target: 'responseLost',
          actions: 'loseResponse',
        };
      },
    ),
    misdrawn(
      requestChart,
      'a server that only wants to be asked again may want it for ever',
      'counts a round whenever the server has to know something first',
      (root) => {
        const [way] = waysOf(stateAt(root, 'inFlight'), 'defer');
        (way as Way).actions = without(way?.actions, 'beginRound');
      },
    ),
    misdrawn(
      requestChart,
      'a request that was not sent counts as an attempt',
      'counts the attempts that may have run',
      (root) => {
        const [way] = waysOf(stateAt(root, 'inFlight'), 'unsent');
        (way as Way).actions = without(way?.actions, 'uncountAttempt');
      },
    ),
  ];
}
