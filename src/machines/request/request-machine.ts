import { assign, setup } from 'xstate';

import type { Failure } from '../../util/failure.js';
import type { Input, NeededInput } from '../../protocol/server-requests/input-required.js';

/** Facts about a request on which its chart decides. */
export interface RequestFacts {
  /** Whether sending it twice does no more than sending it once. */
  readonly repeatable: boolean;
  /** How often it was sent in this round, as far as it may have run. */
  attempts: number;
  /** How often the server refused it in this round before running it. */
  refusals: number;
  /** How often the server has responded that it needs input first. */
  rounds: number;
  /** How often it was sent in the rounds before this one. */
  earlierAttempts: number;
}

/** Everything that can happen to a request. */
export type RequestEvent =
  /** Somebody wants it. */
  | { readonly type: 'submit' }
  /** There is a link, and it is this request's turn. */
  | { readonly type: 'dispatch' }
  /** It will not be sent, or not be waited for, because the connection is over or does not take it. */
  | { readonly type: 'refuse'; readonly failure: Failure }
  | { readonly type: 'answer'; readonly result: Readonly<Record<string, unknown>> }
  | { readonly type: 'error'; readonly failure: Failure }
  | { readonly type: 'progress'; readonly params: unknown }
  /** The server waits for this side, perhaps in order to answer. */
  | { readonly type: 'hold' }
  /** It has what it waited for, or does not wait any more. */
  | { readonly type: 'release' }
  /** The caller gave up. */
  | { readonly type: 'abort'; readonly reason: unknown }
  /** A deadline passed. */
  | { readonly type: 'expire'; readonly failure: Failure }
  /** The link is gone, and the answer with it. */
  | { readonly type: 'lose'; readonly failure: Failure }
  /** No byte of it reached the server, because the link was going down. */
  | { readonly type: 'unsent' }
  /** No byte of it reached the server, because the server cannot be reached at the moment. */
  | { readonly type: 'unreachable'; readonly delay: number }
  /** The server refused it before running it, because it has forgotten the session. */
  | { readonly type: 'forgotten'; readonly failure: Failure; readonly delay: number }
  /** The stream of the answer broke at a place from which it can be read on. */
  | { readonly type: 'interrupt' }
  | { readonly type: 'resume' }
  /** The server wants to be asked again later. */
  | { readonly type: 'postpone'; readonly delay: number }
  /** The time that the server asked for is over. */
  | { readonly type: 'elapse' }
  /** The server has to know something before it goes on. */
  | { readonly type: 'ask'; readonly needs: NeededInput }
  /** The server wants to be asked the same again, with the state that it gave. */
  | { readonly type: 'defer'; readonly input: Input; readonly delay: number }
  /** What the server asked for was agreed to, and has yet to come about elsewhere. */
  | { readonly type: 'agree' }
  /** Everything that the server asked for is there. */
  | { readonly type: 'supply'; readonly input: Input | undefined };

/** An event of a request with all the fields that any event has, as the actions of the chart read it. */
export interface RequestEventData {
  readonly type: RequestEvent['type'];
  readonly failure?: Failure;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly params?: unknown;
  readonly reason?: unknown;
  readonly delay?: number;
  readonly needs?: NeededInput;
  readonly input?: Input | undefined;
}

/** A request that was lost this often is not sent again: it may be what breaks the server. */
const MOST_ATTEMPTS = 5;

/** Sessions in which a request may be refused. It may be what makes a server say that it has forgotten them. */
const MOST_REFUSALS = 3;

/** The guards of the chart, which decide on facts only. */
export const GUARDS = {
  /** Whether a request whose response was lost may be sent again. */
  mayRepeat: ({ repeatable, attempts }: Pick<RequestFacts, 'repeatable' | 'attempts'>): boolean =>
    repeatable && attempts < MOST_ATTEMPTS,
  firstRefusal: ({ refusals }: RequestFacts): boolean => refusals === 0,
  /** Whether a request that was refused because the session is forgotten is sent in the next session. */
  mayBeRefused: ({ refusals }: RequestFacts): boolean => refusals < MOST_REFUSALS - 1,
};

/** The actions of the chart that change facts and do nothing else. */
export const CHANGES = {
  countAttempt: (facts: RequestFacts): void => {
    facts.attempts += 1;
  },
  uncountAttempt: (facts: RequestFacts): void => {
    facts.attempts -= 1;
  },
  countRefusal: (facts: RequestFacts): void => {
    facts.refusals += 1;
  },
  /** The server has responded, but not with a result. As far as losing it goes, the next attempt is that of another request. */
  beginRound: (facts: RequestFacts): void => {
    facts.earlierAttempts += facts.attempts;
    facts.attempts = 0;
    facts.refusals = 0;
    facts.rounds += 1;
  },
};

const guard =
  (decide: (facts: RequestFacts) => boolean) =>
  ({ context }: { readonly context: RequestFacts }): boolean =>
    decide(context);

const change = (apply: (facts: RequestFacts) => void) =>
  assign<RequestFacts, RequestEvent, undefined, RequestEvent, never>(({ context }) => {
    const facts = { ...context };
    apply(facts);
    return facts;
  });

const effect = (): void => undefined;

/**
 * The life of a request: one outcome, one or more attempts, and one more round each time that the server needs input first. This chart is the
 * specification, and what diagrams and inspectors show. `request-actions.ts` runs the same transitions without the cost of a machine for each
 * request, and carries out the effects.
 */
export const requestMachine = setup({
  types: {
    context: {} as RequestFacts,
    input: {} as Pick<RequestFacts, 'repeatable'>,
    events: {} as RequestEvent,
  },
  guards: {
    mayRepeat: guard(GUARDS.mayRepeat),
    firstRefusal: guard(GUARDS.firstRefusal),
    mayBeRefused: guard(GUARDS.mayBeRefused),
  },
  actions: {
    countAttempt: change(CHANGES.countAttempt),
    uncountAttempt: change(CHANGES.uncountAttempt),
    countRefusal: change(CHANGES.countRefusal),
    beginRound: change(CHANGES.beginRound),
    enqueue: effect,
    dequeue: effect,
    write: effect,
    withdraw: effect,
    extendDeadline: effect,
    holdDeadline: effect,
    releaseDeadline: effect,
    reportProgress: effect,
    setWake: effect,
    clearWake: effect,
    ask: effect,
    dismiss: effect,
    takeInput: effect,
    cancelAtPeer: effect,
    succeed: effect,
    fail: effect,
    cancel: effect,
    timeOut: effect,
    loseResponse: effect,
  },
}).createMachine({
  id: 'request',
  context: ({ input }) => ({ repeatable: input.repeatable, attempts: 0, refusals: 0, rounds: 0, earlierAttempts: 0 }),
  initial: 'idle',
  states: {
    idle: {
      on: { submit: 'queued' },
    },
    queued: {
      entry: 'enqueue',
      exit: 'dequeue',
      on: {
        dispatch: 'inFlight',
        refuse: { target: 'failed', actions: 'fail' },
        abort: { target: 'cancelled', actions: 'cancel' },
        expire: { target: 'timedOut', actions: 'timeOut' },
      },
    },
    inFlight: {
      entry: ['countAttempt', 'write'],
      exit: 'withdraw',
      initial: 'waiting',
      states: {
        waiting: { on: { interrupt: 'resuming' } },
        resuming: { on: { resume: 'waiting' } },
      },
      on: {
        progress: { actions: ['extendDeadline', 'reportProgress'] },
        hold: { actions: 'holdDeadline' },
        release: { actions: 'releaseDeadline' },
        answer: { target: 'succeeded', actions: 'succeed' },
        error: { target: 'failed', actions: 'fail' },
        unsent: { target: 'queued', actions: 'uncountAttempt' },
        unreachable: { target: 'backingOff', actions: 'uncountAttempt' },
        abort: { target: 'cancelled', actions: ['cancel', 'cancelAtPeer'] },
        expire: { target: 'timedOut', actions: ['timeOut', 'cancelAtPeer'] },
        refuse: { target: 'lost', actions: ['loseResponse', 'cancelAtPeer'] },
        lose: [
          { guard: 'mayRepeat', target: 'queued' },
          { target: 'lost', actions: 'loseResponse' },
        ],
        forgotten: [
          { guard: 'firstRefusal', target: 'queued', actions: ['uncountAttempt', 'countRefusal'] },
          // Of several servers behind one address another one may know the session, or this one a little later.
          { guard: 'mayBeRefused', target: 'backingOff', actions: ['uncountAttempt', 'countRefusal'] },
          { target: 'failed', actions: 'fail' },
        ],
        postpone: { target: 'backingOff' },
        ask: { target: 'asking', actions: 'beginRound' },
        defer: { target: 'backingOff', actions: ['beginRound', 'takeInput', 'extendDeadline'] },
      },
    },
    // Somebody is being asked what the server has to know. Nothing is in flight, and losing the link loses nothing.
    asking: {
      entry: 'ask',
      exit: 'dismiss',
      initial: 'answering',
      states: {
        answering: { on: { agree: { target: 'completing', actions: 'extendDeadline' } } },
        completing: {},
      },
      on: {
        supply: { target: 'queued', actions: ['takeInput', 'extendDeadline'] },
        error: { target: 'failed', actions: 'fail' },
        refuse: { target: 'failed', actions: 'fail' },
        abort: { target: 'cancelled', actions: 'cancel' },
        expire: { target: 'timedOut', actions: 'timeOut' },
      },
    },
    backingOff: {
      entry: 'setWake',
      exit: 'clearWake',
      on: {
        elapse: 'queued',
        refuse: { target: 'failed', actions: 'fail' },
        abort: { target: 'cancelled', actions: 'cancel' },
        expire: { target: 'timedOut', actions: 'timeOut' },
      },
    },
    succeeded: { type: 'final' },
    failed: { type: 'final' },
    cancelled: { type: 'final' },
    timedOut: { type: 'final' },
    lost: { type: 'final' },
  },
});

type ActionName = keyof NonNullable<Parameters<typeof requestMachine.provide>[0]['actions']>;

/** The actions of the chart that are effects, by name. */
export type RequestEffectName = Exclude<ActionName, keyof typeof CHANGES>;
