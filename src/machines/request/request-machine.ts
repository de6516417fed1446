import { assign, setup } from 'xstate';

import type { Failure } from '../../util/failure.js';
import type { Input, NeededInput } from '../../protocol/server-requests/input-required.js';

/** The context of a request: the facts on which its chart decides. */
export interface RequestFacts {
  /** Whether it may be sent again although it may have run. */
  readonly repeatable: boolean;
  /** How many attempts of this round may have run. */
  attempts: number;
  /** How often the server refused it in this round because it does not know the session. */
  sessionLosses: number;
  /** How often the server has responded that it needs input. */
  rounds: number;
  /** The attempts of the rounds before this one. */
  earlierAttempts: number;
}

/** The events of a request. */
export type RequestEvent =
  /** A caller submits it. */
  | { readonly type: 'submit' }
  /** There is a link, and the request is the next in the queue. */
  | { readonly type: 'dispatch' }
  /** The client rejects it: the connection is closed, the queue is full, or the server lacks the capability. */
  | { readonly type: 'reject'; readonly failure: Failure }
  | { readonly type: 'answer'; readonly result: Readonly<Record<string, unknown>> }
  | { readonly type: 'error'; readonly failure: Failure }
  | { readonly type: 'progress'; readonly params: unknown }
  /** The server waits for the client, perhaps before it can respond. */
  | { readonly type: 'hold' }
  /** The server does not wait for the client any more. */
  | { readonly type: 'release' }
  /** The caller aborted it. */
  | { readonly type: 'abort'; readonly reason: unknown }
  /** A deadline passed. */
  | { readonly type: 'expire'; readonly failure: Failure }
  /** The link or the exchange is gone, and the response with it. */
  | { readonly type: 'lose'; readonly failure: Failure }
  /** It was not sent, because the link was closing. */
  | { readonly type: 'unsent' }
  /** It was not sent, because the server cannot be reached at the moment. */
  | { readonly type: 'unreachable'; readonly delay: number }
  /** The server refused it without running it, because it does not know the session. */
  | { readonly type: 'sessionLost'; readonly failure: Failure; readonly delay: number }
  /** The stream of the response broke off, and the link resumes it. */
  | { readonly type: 'interrupt' }
  | { readonly type: 'resume' }
  /** The link waits for a person to sign in before it sends the request. */
  | { readonly type: 'park' }
  | { readonly type: 'unpark' }
  /** It is sent again after a delay. */
  | { readonly type: 'postpone'; readonly delay: number }
  /** The delay is over. */
  | { readonly type: 'elapse' }
  /** The server needs input from handlers. */
  | { readonly type: 'ask'; readonly needs: NeededInput }
  /** The server wants the same request again, with the state that it sent. */
  | { readonly type: 'defer'; readonly input: Input; readonly delay: number }
  /** The user agreed to visit the pages that the server requires, and has not completed them yet. */
  | { readonly type: 'agree' }
  /** All input is there. */
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

/** A request whose response was lost this often is not sent again: it may be what crashes the server. */
const MOST_ATTEMPTS = 5;

/** A request that was refused for so many unknown sessions fails: it may be the cause. */
const MOST_SESSION_LOSSES = 3;

/** The guards of the chart, which decide on facts only. */
export const GUARDS = {
  /** Whether a request whose response was lost may be sent again. */
  mayRepeat: ({ repeatable, attempts }: Pick<RequestFacts, 'repeatable' | 'attempts'>): boolean =>
    repeatable && attempts < MOST_ATTEMPTS,
  firstSessionLoss: ({ sessionLosses }: RequestFacts): boolean => sessionLosses === 0,
  /** Whether a request that was refused for an unknown session is sent in the next session. */
  mayTryNextSession: ({ sessionLosses }: RequestFacts): boolean => sessionLosses < MOST_SESSION_LOSSES - 1,
};

/** The actions of the chart that change facts and do nothing else. */
export const CHANGES = {
  countAttempt: (facts: RequestFacts): void => {
    facts.attempts += 1;
  },
  uncountAttempt: (facts: RequestFacts): void => {
    facts.attempts -= 1;
  },
  countSessionLoss: (facts: RequestFacts): void => {
    facts.sessionLosses += 1;
  },
  /** The server has responded that it needs input. Earlier attempts do not count for the next round, because their outcome is known. */
  beginRound: (facts: RequestFacts): void => {
    facts.earlierAttempts += facts.attempts;
    facts.attempts = 0;
    facts.sessionLosses = 0;
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
 * specification, and what diagrams and inspectors show. `request-logic.ts` runs the same transitions without the cost of a machine for each
 * request; `request-actions.ts` has the effects.
 */
export const requestMachine = setup({
  types: {
    context: {} as RequestFacts,
    input: {} as Pick<RequestFacts, 'repeatable'>,
    events: {} as RequestEvent,
  },
  guards: {
    mayRepeat: guard(GUARDS.mayRepeat),
    firstSessionLoss: guard(GUARDS.firstSessionLoss),
    mayTryNextSession: guard(GUARDS.mayTryNextSession),
  },
  actions: {
    countAttempt: change(CHANGES.countAttempt),
    uncountAttempt: change(CHANGES.uncountAttempt),
    countSessionLoss: change(CHANGES.countSessionLoss),
    beginRound: change(CHANGES.beginRound),
    enqueue: effect,
    dequeue: effect,
    write: effect,
    freeId: effect,
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
    failRejected: effect,
    cancel: effect,
    timeOut: effect,
    loseResponse: effect,
  },
}).createMachine({
  id: 'request',
  context: ({ input }) => ({
    repeatable: input.repeatable,
    attempts: 0,
    sessionLosses: 0,
    rounds: 0,
    earlierAttempts: 0,
  }),
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
        reject: { target: 'failed', actions: 'failRejected' },
        abort: { target: 'cancelled', actions: 'cancel' },
        expire: { target: 'timedOut', actions: 'timeOut' },
      },
    },
    inFlight: {
      entry: ['countAttempt', 'write'],
      exit: 'freeId',
      initial: 'waiting',
      states: {
        waiting: { on: { interrupt: 'resuming', park: 'parked' } },
        resuming: { on: { resume: 'waiting', park: 'parked' } },
        // A person may need minutes to sign in.
        parked: { entry: 'holdDeadline', exit: 'releaseDeadline', on: { unpark: 'waiting' } },
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
        reject: { target: 'responseLost', actions: ['loseResponse', 'cancelAtPeer'] },
        lose: [
          { guard: 'mayRepeat', target: 'queued' },
          { target: 'responseLost', actions: 'loseResponse' },
        ],
        sessionLost: [
          { guard: 'firstSessionLoss', target: 'queued', actions: ['uncountAttempt', 'countSessionLoss'] },
          // Of several servers behind one address another one may know the session, or this one a little later.
          { guard: 'mayTryNextSession', target: 'backingOff', actions: ['uncountAttempt', 'countSessionLoss'] },
          { target: 'failed', actions: 'fail' },
        ],
        postpone: { target: 'backingOff' },
        ask: { target: 'asking', actions: 'beginRound' },
        defer: { target: 'backingOff', actions: ['beginRound', 'takeInput', 'extendDeadline'] },
      },
    },
    // Handlers supply the input that the server needs. The request is not in flight, so losing the link does not affect it.
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
        reject: { target: 'failed', actions: 'failRejected' },
        abort: { target: 'cancelled', actions: 'cancel' },
        expire: { target: 'timedOut', actions: 'timeOut' },
      },
    },
    backingOff: {
      entry: 'setWake',
      exit: 'clearWake',
      on: {
        elapse: 'queued',
        reject: { target: 'failed', actions: 'failRejected' },
        abort: { target: 'cancelled', actions: 'cancel' },
        expire: { target: 'timedOut', actions: 'timeOut' },
      },
    },
    succeeded: { type: 'final' },
    failed: { type: 'final' },
    cancelled: { type: 'final' },
    timedOut: { type: 'final' },
    responseLost: { type: 'final' },
  },
});

type ActionName = keyof NonNullable<Parameters<typeof requestMachine.provide>[0]['actions']>;

/** The actions of the chart that are effects, by name. */
export type RequestEffectName = Exclude<ActionName, keyof typeof CHANGES>;
