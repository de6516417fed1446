import { assertEvent, assign, fromCallback, setup } from 'xstate';
import type { EventObject } from 'xstate';

import type { Failure } from '../../util/failure.js';
import type { Params, RequestId } from '../../protocol/messages/json-rpc.js';
import type { ServerRequest, HandlerResponse } from '../../protocol/server-requests/server-requests.js';
import type { MessageOrigin } from '../../transports/link.js';
import { SystemPorts } from '../system-ports.js';

/** A request of a legacy server, as it was received. */
export interface ReceivedServerRequest extends ServerRequest {
  readonly id: RequestId;
  readonly params: Params | undefined;
  /** The exchange or stream on which it was received, on transports that know it. */
  readonly about: MessageOrigin | undefined;
}

/** The context of a server request. */
export interface ServerRequestFacts {
  readonly request: ReceivedServerRequest;
  /** The response of the handler; undefined until there is one. */
  readonly response: HandlerResponse | undefined;
}

/** The events of a server request. */
export type ServerRequestEvent =
  /** The handler has responded. */
  | { readonly type: 'respond'; readonly response: HandlerResponse }
  /** The server has cancelled the request. */
  | { readonly type: 'cancel' }
  /** The link on which the request was received, or its session, is gone. */
  | { readonly type: 'drop' };

/** The effects of a server request. */
export interface ServerRequestPorts {
  /** Calls the handler and sends its response. Returns the function that aborts the handler; after that no event is sent. */
  handle(request: ReceivedServerRequest, send: (event: ServerRequestEvent) => void): () => void;
  reply(request: ReceivedServerRequest, response: HandlerResponse): void;
  report(problem: Failure): void;
}

export const serverRequestPorts = new SystemPorts<ServerRequestPorts>('server request');

const portsOf = serverRequestPorts.of;

/**
 * A request of a legacy server (sampling, elicitation, roots) while a handler of the user is called for it. The client replies once or not
 * at all: never after the server has cancelled the request, and never over another link. 2025-11-25 client/elicitation, client/sampling,
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
      portsOf(system).handle(input, sendBack),
    ),
  },
  guards: {
    isResult: ({ event }) => {
      assertEvent(event, 'respond');
      return 'result' in event.response;
    },
  },
  actions: {
    keepResponse: assign(({ event }) => {
      assertEvent(event, 'respond');
      return { response: event.response };
    }),
    reply: ({ context: { request, response }, system }) => {
      if (response !== undefined) portsOf(system).reply(request, response);
    },
    report: ({ context: { response }, system }) => {
      if (response !== undefined && 'error' in response) portsOf(system).report(response.failure);
    },
  },
}).createMachine({
  id: 'serverRequest',
  context: ({ input }) => ({ request: input, response: undefined }),
  initial: 'handling',
  states: {
    handling: {
      invoke: { src: 'handler', id: 'handler', input: ({ context }) => context.request },
      on: {
        respond: [
          { guard: 'isResult', target: 'responded', actions: 'keepResponse' },
          { target: 'failed', actions: 'keepResponse' },
        ],
        cancel: 'cancelled',
        drop: 'dropped',
      },
    },
    responded: { type: 'final', entry: 'reply' },
    failed: { type: 'final', entry: ['reply', 'report'] },
    cancelled: { type: 'final' },
    dropped: { type: 'final' },
  },
});
