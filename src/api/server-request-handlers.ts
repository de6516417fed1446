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

/** Who answers what servers ask; undefined when nobody does. `connection`: what whoever supervises it calls the connection. */
export function handlerService(
  { serverRequestHandlers: handlers, limits }: Pick<ResolvedOptions, 'serverRequestHandlers' | 'limits'>,
  connection: string | undefined,
  budget: Budget,
): HandlerService | undefined {
  if (Object.keys(handlers).length === 0) return undefined;
  return {
    limit: limits.maxServerRequests,
    answer: (question, { serverInfo, protocolVersion }, signal, tell, settled) => {
      const size = heldSize(question.params);
      if (!budget.take(size)) {
        const refused = tooLargeToHandle(question, budget);
        void Promise.resolve().then(() => {
          tell(refused);
          settled?.();
        });
        return;
      }
      // It is over when the handler has settled and the answer has been told, whichever comes last.
      let left = 2;
      const done = (): void => {
        left -= 1;
        if (left > 0) return;
        budget.give(size);
        settled?.();
      };
      const asker = { serverInfo, protocolVersion, connection };
      void handleServerRequest(question, handlers, asker, signal, done).then((answer) => {
        tell(answer);
        done();
      });
    },
  };
}

/** What is being answered just now, in words. */
export function describeServerRequests(open: readonly PendingServerRequest[], now: number): string[] {
  const [oldest] = open;
  if (oldest === undefined) return [];
  const more = open.length === 1 ? '' : `, and to ${open.length - 1} more`;
  const age = describeAge(Math.max(now - oldest.since, 0));
  return [`The server has waited ${age} for an answer to ${safeText(oldest.method, 80)}${more}.`];
}

function tooLargeToHandle({ method }: ServerRequest, budget: Budget): HandlerResponse {
  return {
    error: { code: ErrorCode.InternalError, message: 'The client has no memory left for this request' },
    failure: budget.exhausted(`What ${method.slice(0, 80)} carries`, undefined),
  };
}
