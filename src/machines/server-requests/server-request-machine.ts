import { assign, fromCallback, setup } from 'xstate';
import type { EventObject } from 'xstate';

import type { Failure } from '../../util/failure.js';
import type { Params, RequestId } from '../../protocol/messages/json-rpc.js';
import type { ServerRequest, HandlerResponse } from '../../protocol/server-requests/server-requests.js';
import type { MessageOrigin } from '../../transports/link.js';
import { SystemPorts } from '../system-ports.js';

/** A question of a legacy server, as it came. */
export interface ReceivedServerRequest extends ServerRequest {
  readonly id: RequestId;
  readonly params: Params | undefined;
  /** Where it came from, on transports where that is known. */
  readonly about: MessageOrigin | undefined;
}

/** What is known about a question. */
export interface ServerRequestFacts {
  readonly question: ReceivedServerRequest;
  /** What the server is told; undefined until somebody has said it. */
  readonly answer: HandlerResponse | undefined;
}

/** Everything that can happen to a question. */
export type ServerRequestEvent =
  /** Somebody has said what the server is to be told. */
  | { readonly type: 'answer'; readonly answer: HandlerResponse }
  /** The server does not want to know any more. */
  | { readonly type: 'cancel' }
  /** The link that it came over, or the session that it belongs to, is gone. */
  | { readonly type: 'lose' };

/** What a question does to the world. */
export interface ServerRequestPorts {
  /** Asks whoever answers. Returns what tells them that nobody wants to know any more; then nothing is told. */
  ask(question: ReceivedServerRequest, tell: (event: ServerRequestEvent) => void): () => void;
  reply(question: ReceivedServerRequest, answer: HandlerResponse): void;
  report(problem: Failure): void;
}

export const serverRequestPorts = new SystemPorts<ServerRequestPorts>('server request');

const portsOf = serverRequestPorts.of;

/**
 * A question of a legacy server (sampling, elicitation, roots) while a handler, or the person behind it, is being asked. It is answered
 * once or not at all: never after the server took it back, and never over another link. 2025-11-25 client/elicitation, client/sampling,
 * client/roots, basic/utilities/cancellation.
 */
export const serverRequestMachine = setup({
  types: {
    context: {} as ServerRequestFacts,
    events: {} as ServerRequestEvent,
    input: {} as ReceivedServerRequest,
  },
  actors: {
    handler: fromCallback<EventObject, ReceivedServerRequest>(({ input, sendBack, system }) =>
      portsOf(system).ask(input, sendBack),
    ),
  },
  guards: {
    isResult: ({ event }) => event.type === 'answer' && 'result' in event.answer,
  },
  actions: {
    keepAnswer: assign(({ event }) => (event.type === 'answer' ? { answer: event.answer } : {})),
    reply: ({ context: { question, answer }, system }) => {
      if (answer !== undefined) portsOf(system).reply(question, answer);
    },
    report: ({ context: { answer }, system }) => {
      if (answer !== undefined && 'error' in answer) portsOf(system).report(answer.failure);
    },
  },
}).createMachine({
  id: 'serverRequest',
  context: ({ input }) => ({ question: input, answer: undefined }),
  initial: 'asking',
  states: {
    asking: {
      invoke: { src: 'handler', id: 'handler', input: ({ context }) => context.question },
      on: {
        answer: [
          { guard: 'isResult', target: 'answered', actions: 'keepAnswer' },
          { target: 'failed', actions: 'keepAnswer' },
        ],
        cancel: 'withdrawn',
        lose: 'lost',
      },
    },
    answered: { type: 'final', entry: 'reply' },
    failed: { type: 'final', entry: ['reply', 'report'] },
    withdrawn: { type: 'final' },
    lost: { type: 'final' },
  },
});
