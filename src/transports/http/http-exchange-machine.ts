import { createMachine } from 'xstate';

import { forXState } from '../../compiled-chart.js';
import type { EventData } from '../../compiled-chart.js';
import type { Failure } from '../../util/failure.js';
import type { Link } from '../link.js';
import type { ResponseHead } from './http-head.js';
import { hasValidSessionId } from './http-session.js';

/** Facts about an exchange that its guards read. */
export interface ExchangeFacts {
  /** Whether the request belongs to the modern era, which has neither sessions nor resumption. */
  readonly modern: boolean;
  /** Whether the request is `initialize`. */
  readonly handshake: boolean;
  readonly session: { readonly lost: boolean };
  /** The id of the last event of the stream, if it has one. */
  lastEventId: string | undefined;
  /** Attempts in a row to resume the stream that failed. */
  failures: number;
}

/** The end of an exchange whose request was refused: the response, or the failure of the exchange. */
export interface Refusal {
  readonly value?: unknown;
  readonly failure?: Failure;
}

/** Events of the owner of an exchange, of its HTTP call, and of the reader of its response. */
export type ExchangeEvent =
  /** The admission starts the exchange. */
  | { readonly type: 'start' }
  | { readonly type: 'abort'; readonly failure: Failure }
  /** The head of a response whose body is JSON. */
  | { readonly type: 'json'; readonly head: ResponseHead }
  /** The head of a response whose body is an event stream. */
  | { readonly type: 'stream'; readonly head: ResponseHead }
  /** The head of a response with another content type, or with a compressed body. */
  | { readonly type: 'otherContent'; readonly head: ResponseHead }
  /** The head of a response with a status of 400 or higher. */
  | { readonly type: 'refusal'; readonly head: ResponseHead }
  /** The body of the refusal contains the reason. */
  | { readonly type: 'reason' }
  /** An event of the stream. */
  | { readonly type: 'message'; readonly data: string }
  /** The HTTP response is complete. */
  | { readonly type: 'end' }
  /** There is no HTTP response, or it broke off. `delay`: time until the next attempt to resume, in ms, if the server sent one. */
  | { readonly type: 'broken'; readonly failure: Failure; readonly delay: number | undefined }
  /** The server refused the request, and the refusal is not about the session. */
  | { readonly type: 'refused'; readonly status: number; readonly refusal: Refusal }
  /** The server refused the request, perhaps because it does not know the session. `failure` is for the case that it does not. */
  | { readonly type: 'doubt'; readonly status: number; readonly refusal: Refusal; readonly failure: Failure }
  /** The server does not know the session. */
  | { readonly type: 'sessionLost'; readonly failure: Failure }
  /** The server speaks HTTP+SSE: the request goes over that link. */
  | { readonly type: 'older'; readonly link: Link }
  /** The server does not speak HTTP+SSE: the refusal counts. */
  | { readonly type: 'notOlder'; readonly refusal: Refusal }
  /** The time until the stream is resumed is over. */
  | { readonly type: 'elapse' }
  /** The response was passed to the owner, or the request was sent over the link of HTTP+SSE. */
  | { readonly type: 'succeed' }
  | { readonly type: 'fail'; readonly failure: Failure };

/** Attempts in a row to resume a stream that may fail. */
const MOST_FAILURES = 6;

/** Statuses of a refused `initialize` after which the server may speak HTTP+SSE. 2025-11-25 basic/transports, "Backwards Compatibility". */
const MAYBE_OLDER: ReadonlySet<number | undefined> = new Set([400, 404, 405]);

/** The guards of the chart. */
export const GUARDS = {
  mayResume: ({ modern, session, lastEventId, failures }: ExchangeFacts): boolean =>
    !modern && lastEventId !== undefined && !session.lost && failures < MOST_FAILURES,
  mayBeOlder: ({ handshake }: ExchangeFacts, { status }: EventData<ExchangeEvent>): boolean =>
    handshake && MAYBE_OLDER.has(status),
  namesInvalidSession: ({ handshake }: ExchangeFacts, { head }: EventData<ExchangeEvent>): boolean =>
    handshake && head !== undefined && !hasValidSessionId(head),
};

/** The actions of the chart that change facts and do nothing else. */
export const CHANGES = {
  countFailure: (facts: ExchangeFacts): void => {
    facts.failures += 1;
  },
  forgetFailures: (facts: ExchangeFacts): void => {
    facts.failures = 0;
  },
};

/**
 * One request over Streamable HTTP and its response. The response is JSON or an event stream. A stream of a legacy server that breaks off is
 * resumed, if its events have ids. `http-exchange.ts` runs this chart compiled, and has its effects.
 */
export const exchangeMachine = createMachine(
  {
    types: {} as { context: ExchangeFacts; input: ExchangeFacts; events: ExchangeEvent },
    id: 'httpExchange',
    context: ({ input }) => input,
    initial: 'active',
    states: {
      active: {
        initial: 'queued',
        on: {
          succeed: 'succeeded',
          fail: 'failed',
          sessionLost: { target: 'failed', actions: 'loseSession' },
          abort: { target: 'failed', actions: 'abortCall' },
        },
        states: {
          queued: { on: { start: 'posted' } },
          posted: {
            initial: 'waiting',
            states: {
              // The head of the response has not arrived.
              waiting: {
                entry: 'post',
                on: {
                  json: [
                    { guard: 'namesInvalidSession', actions: 'refuseSessionId' },
                    { target: 'reading.body', actions: ['readSessionId', 'openBody'] },
                  ],
                  stream: [
                    { guard: 'namesInvalidSession', actions: 'refuseSessionId' },
                    { target: 'reading.stream', actions: ['readSessionId', 'openStream'] },
                  ],
                  otherContent: { actions: 'refuseContent' },
                  refusal: { actions: 'readRefusedHead' },
                  reason: { target: 'reading.refusal', actions: 'openBody' },
                  end: { actions: 'breakOff' },
                  broken: '#httpExchange.failed',
                },
              },
              reading: {
                exit: 'closeReader',
                initial: 'body',
                states: {
                  body: { on: { end: { actions: 'readBody' }, broken: '#httpExchange.failed' } },
                  refusal: { on: { end: { actions: 'readRefusal' }, broken: { actions: 'judgeStatus' } } },
                  stream: {
                    on: {
                      message: { actions: 'readMessage' },
                      end: { actions: 'breakOff' },
                      broken: [
                        { guard: 'mayResume', target: '#httpExchange.active.resuming', actions: 'countFailure' },
                        { target: '#httpExchange.failed' },
                      ],
                    },
                  },
                },
              },
              // Another request shows whether the server knows the session.
              verifying: { entry: ['releaseCall', 'verifySession'] },
              // A GET shows whether the server speaks HTTP+SSE.
              findingOlder: {
                entry: 'findOlder',
                on: { older: { actions: 'sendOlder' }, notOlder: { actions: 'conclude' } },
              },
            },
            on: {
              refused: [{ guard: 'mayBeOlder', target: '.findingOlder' }, { actions: 'conclude' }],
              doubt: '.verifying',
            },
          },
          resuming: {
            initial: 'backingOff',
            states: {
              backingOff: { entry: ['setTimer', 'reportInterrupted'], exit: 'clearTimer', on: { elapse: 'reopening' } },
              reopening: {
                entry: 'reopen',
                on: {
                  stream: {
                    target: '#httpExchange.active.posted.reading.stream',
                    actions: ['forgetFailures', 'openStream', 'reportResumed'],
                  },
                  json: { actions: 'judgeReopening' },
                  otherContent: { actions: 'judgeReopening' },
                  refusal: { actions: 'judgeReopening' },
                  end: { actions: 'breakOff' },
                  broken: [
                    { guard: 'mayResume', target: 'backingOff', actions: 'countFailure' },
                    { target: '#httpExchange.failed' },
                  ],
                },
              },
            },
          },
        },
      },
      succeeded: { entry: ['releaseCall', 'resolve'], type: 'final' },
      failed: { entry: ['releaseCall', 'reject'], type: 'final' },
    },
  },
  forXState(GUARDS, CHANGES),
);
