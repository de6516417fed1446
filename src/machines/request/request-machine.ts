import { assign, setup } from 'xstate';

import type { Failure } from '../../util/failure.js';
import type { Input, NeededInput } from '../../protocol/server-requests/input-required.js';

/** Facts about a request on which its chart decides. */
export interface RequestFacts {
  /** Sending it twice does no more than sending it once. */
  readonly repeatable: boolean;
  /** How often it was sent in this round, as far as it may have run. */
  readonly attempts: number;
  /** How often the server refused it in this round before running it. */
  readonly refusals: number;
  /** How often the server has answered that it needs something first. */
  readonly rounds: number;
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

/** An event of a request with whatever it brings along: what the actions of the chart look at. */
export interface RequestNews {
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

/** Whether a request whose answer was lost may be sent again. */
export function mayRepeat({ repeatable, attempts }: Pick<RequestFacts, 'repeatable' | 'attempts'>): boolean {
  return repeatable && attempts < MOST_ATTEMPTS;
}

/** Sessions in which a request may be refused. It may be what makes a server say that it has forgotten them. */
const MOST_REFUSALS = 3;

/** Whether a request that is refused because the session is forgotten is sent in the next one. */
export function mayBeRefused({ refusals }: RequestFacts): boolean {
  return refusals < MOST_REFUSALS - 1;
}

/**
 * The life of a request: one question, one outcome, one or more attempts, and a round more each time that the server needs to know
 * something first. This chart is the specification and what diagrams and
 * inspectors show; `request-logic` runs the same transitions without the cost of a machine for each request. Effects are named here
 * and carried out there.
 */
export const requestMachine = setup({
  types: {
    context: {} as RequestFacts,
    input: {} as Pick<RequestFacts, 'repeatable'>,
    events: {} as RequestEvent,
  },
  guards: {
    mayRepeat: ({ context }) => mayRepeat(context),
    firstRefusal: ({ context }) => context.refusals === 0,
    mayBeRefused: ({ context }) => mayBeRefused(context),
  },
  actions: {
    enqueue: () => undefined,
    dequeue: () => undefined,
    write: assign({ attempts: ({ context }) => context.attempts + 1 }),
    uncount: assign({ attempts: ({ context }) => context.attempts - 1 }),
    countRefusal: assign({ refusals: ({ context }) => context.refusals + 1 }),
    withdraw: () => undefined,
    extendDeadline: () => undefined,
    holdDeadline: () => undefined,
    releaseDeadline: () => undefined,
    reportProgress: () => undefined,
    setWake: () => undefined,
    clearWake: () => undefined,
    beginRound: assign({ attempts: 0, refusals: 0, rounds: ({ context }) => context.rounds + 1 }),
    ask: () => undefined,
    dismiss: () => undefined,
    takeInput: () => undefined,
    tellPeer: () => undefined,
    succeed: () => undefined,
    fail: () => undefined,
    cancel: () => undefined,
    timeOut: () => undefined,
    loseAnswer: () => undefined,
  },
}).createMachine({
  id: 'request',
  context: ({ input }) => ({ repeatable: input.repeatable, attempts: 0, refusals: 0, rounds: 0 }),
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
      entry: 'write',
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
        unsent: { target: 'queued', actions: 'uncount' },
        unreachable: { target: 'backingOff', actions: 'uncount' },
        abort: { target: 'cancelled', actions: ['cancel', 'tellPeer'] },
        expire: { target: 'timedOut', actions: ['timeOut', 'tellPeer'] },
        refuse: { target: 'lost', actions: ['loseAnswer', 'tellPeer'] },
        lose: [
          { guard: 'mayRepeat', target: 'queued' },
          { target: 'lost', actions: 'loseAnswer' },
        ],
        forgotten: [
          { guard: 'firstRefusal', target: 'queued', actions: ['uncount', 'countRefusal'] },
          // Of several servers behind one address another one may know the session, or this one a little later.
          { guard: 'mayBeRefused', target: 'backingOff', actions: ['uncount', 'countRefusal'] },
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
