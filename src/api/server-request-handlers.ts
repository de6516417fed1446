import type { HandlerService } from '../machines/server-requests/handler-slots.js';
import type { PendingServerRequest } from '../machines/server-requests/server-requests.js';
import { describeAge } from '../util/age.js';
import { handleServerRequest } from '../protocol/server-requests/handle-server-request.js';
import type { Budget } from '../util/budget.js';
import { heldSize } from '../util/held-size.js';
import { ErrorCode } from '../protocol/messages/json-rpc.js';
import type { ServerRequest, HandlerResponse } from '../protocol/server-requests/server-requests.js';
import type { ResolvedOptions } from './options/options.js';
import { safeText } from '../util/printable.js';

/**
 * Runs the handlers of server requests, within the memory budget. Undefined without handlers.
 * @param connection the name of the `MCPConnection`, if there is one
 */
export function handlerService(
  { serverRequestHandlers: handlers, limits }: Pick<ResolvedOptions, 'serverRequestHandlers' | 'limits'>,
  connection: string | undefined,
  budget: Budget,
): HandlerService | undefined {
  if (Object.keys(handlers).length === 0) return undefined;
  return {
    limit: limits.maxServerRequests,
    answer: (request, { serverInfo, protocolVersion }, signal, respond, settled) => {
      const size = heldSize(request.params);
      if (!budget.take(size)) {
        const refused = tooLargeToHandle(request, budget);
        void Promise.resolve().then(() => {
          respond(refused);
          settled?.();
        });
        return;
      }
      // The memory is released when the handler has settled and the response was passed on.
      let left = 2;
      const done = (): void => {
        left -= 1;
        if (left > 0) return;
        budget.give(size);
        settled?.();
      };
      const asker = { serverInfo, protocolVersion, connection };
      void handleServerRequest(request, handlers, asker, signal, done).then((response) => {
        respond(response);
        done();
      });
    },
  };
}

/** Describes the pending server requests, for people. */
export function describeServerRequests(open: readonly PendingServerRequest[], now: number): string[] {
  const [oldest] = open;
  if (oldest === undefined) return [];
  const more = open.length === 1 ? '' : `, and to ${open.length - 1} more`;
  const age = describeAge(Math.max(now - oldest.since, 0));
  return [`The server has waited ${age} for a response to ${safeText(oldest.method, 80)}${more}.`];
}

function tooLargeToHandle({ method }: ServerRequest, budget: Budget): HandlerResponse {
  return {
    error: { code: ErrorCode.InternalError, message: 'The client has no memory left for this request' },
    failure: budget.exhausted(`The params of ${method.slice(0, 80)}`, undefined),
  };
}
