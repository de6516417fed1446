import { createMachine } from 'xstate';

import { forXState } from '../../compiled-chart.js';
import type { EventData } from '../../compiled-chart.js';
import { isRedirect } from '../../protocol/redirects.js';
import type { Failure } from '../../util/failure.js';
import { isAboutAuthentication } from './http-failures.js';
import type { ResponseHead } from './http-head.js';

/** Facts about a call that its guards read. */
export interface CallFacts {
  /** Whether the endpoint has a source of tokens. */
  readonly needsToken: boolean;
  /** How many more refusals may be answered with other credentials. The next one is the response. */
  renewals: number;
}

/** Events of the owner of a call, of its token source and of its attempts. */
export type CallEvent =
  | { readonly type: 'start' }
  /** The source has returned a token; after a refusal, another one. */
  | { readonly type: 'token' }
  /** The source has returned the token that was refused: the refusal is the response. */
  | { readonly type: 'sameToken'; readonly head: ResponseHead }
  /** A person is asked to sign in, and the call waits for that. */
  | { readonly type: 'park' }
  /** No person is asked any more. */
  | { readonly type: 'unpark' }
  /** The head of a response arrives. */
  | { readonly type: 'response'; readonly head: ResponseHead }
  /** The response redirects to a URL that may be used. */
  | { readonly type: 'redirect'; readonly url: URL }
  /** The response redirects to a URL that must not be used. */
  | { readonly type: 'refuseRedirect'; readonly failure: Failure }
  /** The response is complete. */
  | { readonly type: 'end' }
  /** There is no response, or it broke off. */
  | { readonly type: 'fail'; readonly failure: Failure }
  /** The owner needs no more of the response. It may end, so that its connection can be used again. */
  | { readonly type: 'drain' }
  /** The time to end by itself is over; the second of these events is the last. */
  | { readonly type: 'overdue' }
  | { readonly type: 'abort' };

/** The guards of the chart. */
export const GUARDS = {
  needsToken: ({ needsToken }: CallFacts): boolean => needsToken,
  refusesToken: ({ needsToken, renewals }: CallFacts, { head }: EventData<CallEvent>): boolean =>
    needsToken && renewals > 0 && head !== undefined && isAboutAuthentication(head),
  redirects: (_facts: CallFacts, { head }: EventData<CallEvent>): boolean =>
    head !== undefined && isRedirect(head.status),
};

/** The actions of the chart that change facts and do nothing else. */
export const CHANGES = {
  noteRefusal: (facts: CallFacts): void => {
    facts.renewals -= 1;
  },
};

/** The source of tokens works by itself, or asks a person. */
const waiting = {
  initial: 'unattended',
  states: {
    unattended: { on: { park: 'parked' } },
    parked: { entry: 'reportParked', exit: 'reportUnparked', on: { unpark: 'unattended' } },
  },
} as const;

/**
 * One HTTP request: its token, its redirects and its response. A call that is no longer needed may drain, which means that its response ends
 * by itself, so that its connection can be used again. `http-call.ts` runs this chart compiled, and has its effects.
 */
export const callMachine = createMachine(
  {
    types: {} as { context: CallFacts; input: CallFacts; events: CallEvent },
    id: 'httpCall',
    context: ({ input }) => input,
    initial: 'active',
    states: {
      active: {
        initial: 'idle',
        on: { fail: 'failed', abort: { target: 'aborted', actions: 'abortAttempt' } },
        states: {
          idle: { on: { start: [{ guard: 'needsToken', target: 'authorizing' }, { target: 'dispatched' }] } },
          authorizing: { entry: 'requestToken', ...waiting, on: { token: 'dispatched' } },
          // The head of the response has not arrived.
          dispatched: {
            entry: 'dispatch',
            on: {
              response: [
                {
                  guard: 'refusesToken',
                  target: 'renewing',
                  actions: ['dropLeftAttempt', 'leaveAttempt', 'noteRefusal'],
                },
                { guard: 'redirects', actions: 'judgeRedirect' },
                { target: 'receiving', actions: 'dropLeftAttempt' },
              ],
              redirect: {
                target: 'dispatched',
                reenter: true,
                actions: ['dropLeftAttempt', 'leaveAttempt', 'follow'],
              },
              refuseRedirect: { target: '#httpCall.failed', actions: 'abortAttempt' },
              // Some dispatchers, such as mocks, may end a response that has not begun.
              end: { target: '#httpCall.completed', actions: 'dropLeftAttempt' },
            },
          },
          // The server has refused the token, so the source is asked for another one.
          renewing: { entry: 'renewToken', ...waiting, on: { token: 'dispatched', sameToken: 'receiving' } },
          receiving: {
            initial: 'passing',
            states: {
              passing: { entry: 'passHead', exit: 'stopPassing', on: { drain: 'draining' } },
              draining: {
                entry: 'joinDraining',
                exit: 'quitDraining',
                initial: 'inTime',
                states: {
                  inTime: { on: { overdue: 'late' } },
                  late: { on: { overdue: { target: '#httpCall.aborted', actions: 'abortAttempt' } } },
                },
              },
            },
            on: { end: '#httpCall.completed' },
          },
        },
      },
      completed: { entry: 'reportEnd', type: 'final' },
      failed: { entry: ['dropLeftAttempt', 'reportFailure'], type: 'final' },
      aborted: { entry: 'dropLeftAttempt', type: 'final' },
    },
  },
  forXState(GUARDS, CHANGES),
);
